/*
 * claim.c: resources that one execution holds until it is stopped, in the table claims.
 */
#include "config.h"

#include "core/store/claim.h"

#include "core/base/clock.h"

int
claim_check(struct store *store, const char *execution, const char *resource,
    struct err *err)
{
	sqlite3_stmt *get = store_prepare(store,
	    "SELECT execution FROM claims WHERE resource = ? AND execution <> ?", err);
	int held;

	if (get == NULL)
		return -1;
	sqlite3_bind_text(get, 1, resource, -1, SQLITE_STATIC);
	sqlite3_bind_text(get, 2, execution, -1, SQLITE_STATIC);
	held = store_step(store, get, err);
	if (held == 1) {
		err_set(err, ERR_PHASE, "%s is in use by execution %s", resource,
		    (const char *)sqlite3_column_text(get, 0));
		sqlite3_reset(get);
		return -1;
	}
	return held;
}

int
claim_take(struct store *store, const char *execution, const char *resource,
    struct err *err)
{
	sqlite3_stmt *take;

	if (claim_check(store, execution, resource, err) == -1)
		return -1;
	take = store_prepare(store, "INSERT INTO claims (resource, execution, claimed_at) "
	    "VALUES (?, ?, ?) ON CONFLICT DO NOTHING", err);
	if (take == NULL)
		return -1;
	sqlite3_bind_text(take, 1, resource, -1, SQLITE_STATIC);
	sqlite3_bind_text(take, 2, execution, -1, SQLITE_STATIC);
	sqlite3_bind_int64(take, 3, clock_wall_ms());
	return store_run(store, take, err);
}

int
claim_release(struct store *store, const char *execution, struct err *err)
{
	sqlite3_stmt *release = store_prepare(store,
	    "DELETE FROM claims WHERE execution = ?", err);

	if (release == NULL)
		return -1;
	sqlite3_bind_text(release, 1, execution, -1, SQLITE_STATIC);
	return store_run(store, release, err);
}
