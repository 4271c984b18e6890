/*
 * claim.c: resources that one execution holds until it is stopped, in the table claims.
 */
#include "config.h"

#include "core/store/claim.h"

#include "core/action/registry.h"
#include "core/base/clock.h"
#include "core/store/lifecycle.h"

/* What is the matter with who holds it, by its phase. */
static const char *
state_of(enum phase phase)
{
	switch (phase) {
	case PHASE_PREPARED:
		return "which was prepared and is not started yet";
	case PHASE_STARTING:
		return "which is being started";
	case PHASE_RUNNING:
		return "which runs";
	default:
		return "which is being stopped";
	}
}

/* Says who holds a resource, in words, of the row that was found. */
static void
refuse(const char *resource, sqlite3_stmt *row, struct err *err)
{
	const char *execution = (const char *)sqlite3_column_text(row, 0);
	const char *id = (const char *)sqlite3_column_text(row, 2);
	const char *experiment = (const char *)sqlite3_column_text(row, 4);
	const char *fault = (const char *)sqlite3_column_text(row, 5);
	const struct ak_action *action = registry_find(id);
	char since[CLOCK_RFC3339_BYTES];

	clock_rfc3339(sqlite3_column_int64(row, 1), since);
	err_set(err, ERR_PHASE, "%s%s%s%s%s%s holds %s since %s, %s%s%s: execution %s, see "
	    "`actionkit show %s`", action == NULL ? id : action->label,
	    action == NULL ? "" : " (", action == NULL ? "" : id, action == NULL ? "" : ")",
	    experiment == NULL ? "" : " of experiment ", experiment == NULL ? "" : experiment,
	    resource, since, state_of(phase_named((const char *)sqlite3_column_text(row, 3))),
	    fault == NULL ? "" : " and cannot be: ", fault == NULL ? "" : fault, execution,
	    execution);
}

int
claim_check(struct store *store, const char *execution, const char *resource,
    struct err *err)
{
	sqlite3_stmt *get = store_prepare(store,
	    "SELECT c.execution, c.claimed_at, e.action, e.phase, e.experiment_key, e.last_error "
	    "FROM claims c JOIN executions e ON e.id = c.execution "
	    "WHERE c.resource = ? AND c.execution <> ?", err);
	int held;

	if (get == NULL)
		return -1;
	sqlite3_bind_text(get, 1, resource, -1, SQLITE_STATIC);
	sqlite3_bind_text(get, 2, execution, -1, SQLITE_STATIC);
	held = store_step(store, get, err);
	if (held == 1) {
		refuse(resource, get, err);
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
