/*
 * stop_mark.c: persists in the rows of executions that they are to be stopped, and why.
 */
#include "config.h"

#include "core/store/stop_mark.h"

#include <unistd.h>

#include "core/base/clock.h"

int
stop_mark_knows(struct store *store, const char *execution, struct err *err)
{
	sqlite3_stmt *get = store_prepare(store, "SELECT 1 FROM executions WHERE id = ?", err);
	int found;

	if (get == NULL)
		return -1;
	sqlite3_bind_text(get, 1, execution, -1, SQLITE_STATIC);
	found = store_step(store, get, err);
	sqlite3_reset(get);
	return found;
}

int
stop_mark(struct store *store, const char *execution, const char *who, const char *reason,
    struct err *err)
{
	sqlite3_stmt *note = store_prepare(store, "INSERT INTO events "
	    "(at, execution, action, phase, who, pid, why) "
	    "SELECT ?2, id, action, phase, ?3, ?4, 'stop wanted: ' || ?5 FROM executions "
	    "WHERE phase <> 'stopped' AND stop_by IS NULL AND (?1 IS NULL OR id = ?1)", err);
	sqlite3_stmt *want = store_prepare(store, "UPDATE executions SET "
	    "due_at = min(due_at, CASE phase WHEN 'stopping' THEN 1 ELSE 0 END), "
	    "stop_by = coalesce(stop_by, 'extension'), "
	    "stop_reason = coalesce(stop_reason, ?2) "
	    "WHERE phase <> 'stopped' AND (?1 IS NULL OR id = ?1)", err);

	if (note == NULL || want == NULL)
		return -1;
	sqlite3_bind_text(note, 1, execution, -1, SQLITE_STATIC);
	sqlite3_bind_int64(note, 2, clock_wall_ms());
	sqlite3_bind_text(note, 3, who, -1, SQLITE_STATIC);
	sqlite3_bind_int64(note, 4, getpid());
	sqlite3_bind_text(note, 5, reason, -1, SQLITE_STATIC);
	sqlite3_bind_text(want, 1, execution, -1, SQLITE_STATIC);
	sqlite3_bind_text(want, 2, reason, -1, SQLITE_STATIC);
	if (store_run(store, note, err) == -1)
		return -1;
	return store_run(store, want, err);
}
