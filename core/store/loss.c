/*
 * loss.c: counts executions whose record is lost. It persists their number in the database that
 * took the place of theirs.
 */
#include "config.h"

#include "core/store/loss.h"

#include <inttypes.h>

#include "core/base/clock.h"
#include "core/base/log.h"

int
loss_note(struct store *store, int64_t executions, struct err *err)
{
	sqlite3_stmt *note = store_prepare(store,
	    "UPDATE runtime SET lost = lost + ?, lost_at = ?", err);

	if (note == NULL)
		return -1;
	sqlite3_bind_int64(note, 1, executions);
	sqlite3_bind_int64(note, 2, clock_wall_ms());
	return store_run(store, note, err);
}

int64_t
loss_read(struct store *store, struct err *err)
{
	sqlite3_stmt *get = store_prepare(store, "SELECT lost FROM runtime", err);
	int64_t lost = 0;
	int found;

	if (get == NULL || (found = store_step(store, get, err)) == -1)
		return -1;
	if (found == 1)
		lost = sqlite3_column_int64(get, 0);
	sqlite3_reset(get);
	return lost;
}

int
loss_check(struct store *store, struct err *err)
{
	int64_t lost = loss_read(store, err);

	if (lost <= 0)
		return (int)lost;
	return err_set(err, ERR_STORE, "the database was lost with %" PRId64 " executions active: "
	    "only their agents can stop them; undo by hand what they have left, then run "
	    "`actionkit recover --forget-lost`", lost);
}

/* How many executions are active in one database and not known in another; or -1. */
static int64_t
count_unknown(struct store *former, struct store *store, struct err *err)
{
	sqlite3_stmt *active = store_prepare(former,
	    "SELECT id FROM executions WHERE phase <> 'stopped'", err);
	sqlite3_stmt *find = store_prepare(store, "SELECT 1 FROM executions WHERE id = ?", err);
	int64_t unknown = 0;
	int found, known;

	if (active == NULL || find == NULL)
		return -1;
	while ((found = store_step(former, active, err)) == 1) {
		sqlite3_bind_text(find, 1, (const char *)sqlite3_column_text(active, 0), -1,
		    SQLITE_STATIC);
		known = store_step(store, find, err);
		sqlite3_reset(find);
		if (known == -1) {
			sqlite3_reset(active);
			return -1;
		}
		unknown += known == 0;
	}
	return found == -1 ? -1 : unknown;
}

int
loss_note_replaced(struct store *former, const char *state_dir, int64_t deadline_ms,
    struct err *err)
{
	struct store store;
	int64_t unknown;
	int result = -1;

	if (store_open(&store, state_dir, err) == -1)
		return -1;
	unknown = count_unknown(former, &store, err);
	if (unknown <= 0)
		result = (int)unknown;
	else if (store_begin(&store, STORE_FULL, deadline_ms, err) == 0)
		result = store_end(&store, loss_note(&store, unknown, err), err);
	if (result == 0 && unknown > 0 && loss_check(&store, err) == -1)
		log_error("%s", err->msg);
	store_close(&store);
	return result;
}

int
loss_forget(struct store *store, int64_t deadline_ms, struct err *err)
{
	sqlite3_stmt *forget = store_prepare(store, "UPDATE runtime SET lost = 0", err);

	if (forget == NULL || store_begin(store, STORE_FULL, deadline_ms, err) == -1)
		return -1;
	return store_end(store, store_run(store, forget, err), err);
}
