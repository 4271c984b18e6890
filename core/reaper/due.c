/*
 * due.c: which executions the reaper must stop. It persists who wants them stopped and why.
 */
#include "config.h"

#include "core/reaper/due.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/action/registry.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/uuid_text.h"
#include "core/store/execution.h"
#include "core/store/stop_mark.h"

/* How long one of these transactions may wait for the write gate. */
#define DUE_WAIT_MS 2000
/* When to look again at executions whose action this program does not have. */
#define DUE_UNKNOWN_MS 300000
#define DUE_ACTION_BYTES 256

int
due_mark_all(struct store *store, const char *reason, struct err *err)
{
	if (store_begin(store, STORE_NORMAL, clock_boot_ms() + DUE_WAIT_MS, err) == -1)
		return -1;
	return store_end(store, stop_mark(store, NULL, "extension", reason, err), err);
}

static int
pass_on(struct store *store, struct err *err)
{
	sqlite3_stmt *get, *done;
	int found;

	get = store_prepare(store, "SELECT lower(execution), who || ': ' || reason, who FROM "
	    "(SELECT id, execution, reason, '" EXECUTION_BY_OPERATOR "' || "
	    "coalesce(' ' || operator, '') AS who FROM stop_requests "
	    "WHERE handled_at IS NULL) ORDER BY id", err);
	done = store_prepare(store,
	    "UPDATE stop_requests SET handled_at = ? WHERE handled_at IS NULL", err);
	if (get == NULL || done == NULL)
		return -1;
	while ((found = store_step(store, get, err)) == 1) {
		const char *execution = (const char *)sqlite3_column_text(get, 0);
		const char *reason = (const char *)sqlite3_column_text(get, 1);
		const char *who = (const char *)sqlite3_column_text(get, 2);

		log_info("stop of %s requested by %s",
		    execution == NULL ? "all executions" : execution, reason);
		if (stop_mark(store, execution, who, reason, err) == -1) {
			sqlite3_reset(get);
			return -1;
		}
	}
	if (found == -1)
		return -1;
	sqlite3_bind_int64(done, 1, clock_wall_ms());
	return store_run(store, done, err);
}

int
due_take_requests(struct store *store, struct err *err)
{
	sqlite3_stmt *look = store_prepare(store,
	    "SELECT 1 FROM stop_requests WHERE handled_at IS NULL LIMIT 1", err);
	int found;

	if (look == NULL)
		return -1;
	found = store_step(store, look, err);
	sqlite3_reset(look);
	if (found != 1)
		return found;
	if (store_begin(store, STORE_NORMAL, clock_boot_ms() + DUE_WAIT_MS, err) == -1)
		return -1;
	return store_end(store, pass_on(store, err), err);
}

/* Rows whose action this program no longer has are kept, and shown as failing. */
static int
put_off(struct store *store, const char *execution, const char *action, struct err *err)
{
	sqlite3_stmt *put = store_prepare(store, "UPDATE executions SET due_at = ?2, "
	    "last_error = 'this program has no action ' || action "
	    "WHERE id = ?1 AND phase <> 'stopped'", err);

	log_error("execution %s must be stopped, but this program has no action %s",
	    execution, action);
	if (put == NULL || store_begin(store, STORE_NORMAL,
	    clock_boot_ms() + DUE_WAIT_MS, err) == -1)
		return -1;
	sqlite3_bind_text(put, 1, execution, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 2, clock_boot_ms() + DUE_UNKNOWN_MS);
	return store_end(store, store_run(store, put, err), err);
}

static bool
is_being_stopped(const struct stopper *stoppers, const char *execution)
{
	for (int i = 0; i < STOPPERS_MAX; i++)
		if (stoppers[i].pid != 0 &&
		    strcmp(stoppers[i].execution, execution) == 0)
			return true;
	return false;
}

static bool
is_stopper(void *context, pid_t pid)
{
	const struct stopper *stoppers = context;

	for (int i = 0; i < STOPPERS_MAX; i++)
		if (stoppers[i].pid == pid)
			return true;
	return false;
}

int
due_find(struct session *session, const struct stopper *stoppers,
    struct blocked *blocked, int64_t until_ms, struct due *ret_due, int room,
    struct err *err)
{
	struct store *store = &session->store;
	char unknown[UUID_TEXT_BYTES] = "", unknown_action[DUE_ACTION_BYTES] = "";
	sqlite3_stmt *get;
	int found = 0, result;

	get = store_prepare(store, "SELECT id, action FROM executions "
	    "WHERE phase <> 'stopped' AND due_at <= ? ORDER BY due_at", err);
	if (get == NULL)
		return -1;
	sqlite3_bind_int64(get, 1, until_ms);
	blocked_begin(blocked);
	while (found < room && (result = store_step(store, get, err)) != 0) {
		const char *execution, *action;

		if (result == -1)
			return -1;
		execution = (const char *)sqlite3_column_text(get, 0);
		action = (const char *)sqlite3_column_text(get, 1);
		if (is_being_stopped(stoppers, execution))
			continue;
		if (registry_find(action) == NULL) {
			snprintf(unknown, sizeof(unknown), "%s", execution);
			snprintf(unknown_action, sizeof(unknown_action), "%s", action);
			continue;
		}
		if (lock_held(&session->lock, execution, err) != 0) {
			blocked_see(blocked, execution);
			continue;
		}
		snprintf(ret_due[found].execution, sizeof(ret_due[found].execution), "%s",
		    execution);
		ret_due[found].action = registry_find(action);
		found++;
	}
	sqlite3_reset(get);
	/* One a round is enough. */
	if (unknown[0] != '\0' && put_off(store, unknown, unknown_action, err) == -1)
		return -1;
	blocked_tell(blocked, session, is_stopper, (void *)(uintptr_t)stoppers);
	return found;
}
