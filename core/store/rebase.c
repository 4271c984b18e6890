/*
 * rebase.c: sets the deadlines of all executions right for this boot, and persists which one
 * that is.
 */
#include "config.h"

#include "core/base/clock.h"
#include "core/store/execution.h"
#include "core/store/store_internal.h"

/* heartbeat_missed(heard, interval) for SQL: the rule itself is in execution.c alone. */
static void
heartbeat_missed(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	sqlite3_result_int64(context, execution_heartbeat_missed(
	    sqlite3_value_int64(values[0]), sqlite3_value_int64(values[1])));
}

/*
 * Within the same boot: while nobody served, nobody could be heard, and nobody could stop what has
 * come to its end.
 */
static int
count_from(struct store *store, int64_t serving_since_ms, struct err *err)
{
	sqlite3_stmt *update;

	if (sqlite3_create_function(store->db, "heartbeat_missed", 2,
	    SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, heartbeat_missed, NULL,
	    NULL) != SQLITE_OK)
		return store_error(store, "heartbeat_missed", err);
	update = store_prepare(store, "UPDATE executions SET "
	    "ends_at = CASE ends_at WHEN 0 THEN 0 ELSE "
	    "max(ends_at, ?1 + heartbeat_interval) END, due_at = "
	    "min(max(due_at, heartbeat_missed(?1, heartbeat_interval)), CASE ends_at "
	    "WHEN 0 THEN 9223372036854775807 ELSE max(ends_at, ?1 + heartbeat_interval) END) "
	    "WHERE phase = 'running' AND stop_by IS NULL", err);
	if (update == NULL)
		return -1;
	sqlite3_bind_int64(update, 1, serving_since_ms);
	return store_run(store, update, err);
}

/* After another boot nothing is left of whoever watched over them or worked on them. */
static int
make_all_due(struct store *store, struct err *err)
{
	sqlite3_stmt *update = store_prepare(store, "UPDATE executions "
	    "SET due_at = min(due_at, ?), ends_at = 0 WHERE phase <> 'stopped'", err);

	if (update == NULL)
		return -1;
	sqlite3_bind_int64(update, 1, EXECUTION_DUE_AGAIN);
	return store_run(store, update, err);
}

static int
is_same_boot(struct store *store, const char *boot_id, struct err *err)
{
	sqlite3_stmt *get = store_prepare(store, "SELECT 1 FROM runtime WHERE boot_id = ?",
	    err);
	int same;

	if (get == NULL)
		return -1;
	sqlite3_bind_text(get, 1, boot_id, -1, SQLITE_STATIC);
	same = store_step(store, get, err);
	sqlite3_reset(get);
	return same;
}

static int
note_boot(struct store *store, const char *boot_id, struct err *err)
{
	sqlite3_stmt *put = store_prepare(store, "INSERT INTO runtime "
	    "(one, boot_id, boot_wall_at) VALUES (1, ?1, ?2) ON CONFLICT DO UPDATE "
	    "SET boot_id = ?1, boot_wall_at = ?2", err);

	if (put == NULL)
		return -1;
	sqlite3_bind_text(put, 1, boot_id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 2, clock_wall_ms() - clock_boot_ms());
	return store_run(store, put, err);
}

int
store_rebase(struct store *store, int64_t serving_since_ms, struct err *err)
{
	char boot_id[CLOCK_BOOT_ID_BYTES];
	int same, result;

	if (clock_boot_id(boot_id) == -1)
		return err_sys(err, ERR_INTERNAL, "boot id");
	same = is_same_boot(store, boot_id, err);
	if (same == -1)
		return -1;
	result = same == 1 ? count_from(store, serving_since_ms, err) :
	    make_all_due(store, err);
	return result == -1 ? -1 : note_boot(store, boot_id, err);
}
