/*
 * stop.c: the call stop, and one attempt to stop for the agent and the reaper alike. It
 * persists `stopping` before the handler runs, then `stopped` with its reply, or the failure
 * and when to try again.
 */
#include "config.h"

#include <stdio.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/calls/calls_internal.h"
#include "core/calls/visit.h"
#include "core/store/ballast.h"

/* How often a call looks whether the reaper has stopped what it waits for. */
#define RESULT_PAUSE_MS 20

static const char attempt_died[] = "the process that ran stop() died";

/*
 * Whether a commit that failed may be tried again: the disk was full, and what was kept for
 * that is given up now.
 */
static bool
made_room(const struct visit *visit, const struct err *err)
{
	if (err->code != ERR_FULL || !ballast_release(visit->session->options->state_dir))
		return false;
	log_warn("the disk is full: gave up the ballast to stop execution %s", visit->id);
	return true;
}

static int
write_stopping(struct visit *visit, enum stop_by by, const char *reason, struct err *err)
{
	struct execution *row = &visit->row;
	const char *why;

	if (row->phase == PHASE_NONE) {
		execution_init(row, visit->id, visit->action);
		visit_keep_state(visit);
	}
	/* A failure is written with a time to try again; this attempt wrote nothing. */
	if (row->phase == PHASE_STOPPING && row->due_boot_ms == EXECUTION_DUE_NOW)
		text_set(&row->last_error, attempt_died);
	execution_want_stop(row, by, reason);
	why = row->stop_reason;
	if (visit->action->stop == NULL) {
		if (execution_move(row, MOVE_END, err) == -1)
			return -1;
	} else {
		if (execution_move(row, row->phase == PHASE_STOPPING ? MOVE_RETRY :
		    MOVE_STOP, err) == -1)
			return -1;
		row->due_boot_ms = EXECUTION_DUE_NOW;
		row->stop_attempts++;
	}
	return execution_write(&visit->session->store, row,
	    by == STOP_BY_AGENT ? "agent" : "extension", why, err);
}

static int
commit_stopping(struct visit *visit, enum stop_by by, const char *reason, bool only_if_due,
    struct err *err)
{
	struct store *store = &visit->session->store;

	if (visit_begin(visit, STORE_NORMAL, err) == -1)
		return -1;
	if (only_if_due &&
	    (reason = execution_due_reason(&visit->row, clock_boot_ms())) == NULL) {
		store_rollback(store);
		return 1;
	}
	return store_end(store, write_stopping(visit, by, reason, err), err);
}

static int
commit_stopped(struct visit *visit, const char *who, const char *reply, struct err *err)
{
	struct store *store = &visit->session->store;
	struct execution *row = &visit->row;
	int result;

	if (visit_begin(visit, STORE_NORMAL, err) == -1)
		return -1;
	visit_keep_state(visit);
	text_set(&row->stop_result, reply);
	result = execution_move(row, MOVE_STOPPED, err);
	if (result == 0)
		result = execution_write(store, row, who, NULL, err);
	return store_end(store, result, err);
}

/*
 * An attempt that died before it committed `stopping` has still shown that the execution
 * must be stopped, unless the agent came back meanwhile.
 */
static bool
note_unbegun(struct execution *row)
{
	const char *reason = execution_due_reason(row, clock_boot_ms());

	if (reason == NULL)
		return false;
	execution_want_stop(row, STOP_BY_EXTENSION, reason);
	return true;
}

/* Counts an attempt that did not get that far: the retries slow down, whatever fails. */
static void
count_unbegun(struct execution *row)
{
	if (row->phase != PHASE_STOPPING || row->due_boot_ms != EXECUTION_DUE_NOW)
		row->stop_attempts++;
}

static int
commit_failed(struct visit *visit, const char *who, const char *why, struct err *err)
{
	struct store *store = &visit->session->store;
	struct execution *row = &visit->row;

	if (visit_begin(visit, STORE_NORMAL, err) == -1)
		return -1;
	if (row->phase != PHASE_STOPPING && !note_unbegun(row)) {
		store_rollback(store);
		return 0;
	}
	count_unbegun(row);
	if (visit->state_text != NULL)
		visit_keep_state(visit);
	text_set(&row->last_error, why);
	row->due_boot_ms = clock_boot_ms() + execution_retry_pause(row->stop_attempts,
	    visit->session->options->stop_retry_ms);
	return store_end(store, execution_write(store, row, who, why, err), err);
}

int
stop_attempt(struct visit *visit, enum stop_by by, const char *reason, bool only_if_due,
    struct err *err)
{
	const char *who = by == STOP_BY_AGENT ? "agent" : "extension";
	char why[ERR_MESSAGE_BYTES];
	struct err unreadable;
	bool readable;
	char *reply;
	int result;

	if (visit_load(visit, err) == -1)
		return -1;
	/* A request that cannot be read changes nothing. */
	if (visit->row.phase == PHASE_NONE && visit_fill(visit, err) == -1)
		return -1;
	result = commit_stopping(visit, by, reason, only_if_due, err);
	if (result == -1 && made_room(visit, err))
		result = commit_stopping(visit, by, reason, only_if_due, err);
	if (result != 0 || visit->row.phase == PHASE_STOPPED)
		return result;

	/* From now on no status call can change the state any more. */
	readable = visit_fill(visit, &unreadable) == 0;
	if (!readable)
		call_error(&visit->call, "The state cannot be read", unreadable.msg);
	if (readable && visit_run(visit) == 0) {
		reply = visit_text(visit_reply(visit, false));
		result = commit_stopped(visit, who, reply, err);
		if (result == -1 && made_room(visit, err))
			result = commit_stopped(visit, who, reply, err);
		text_set(&reply, NULL);
		return result;
	}
	call_error_text(&visit->call, why, sizeof(why));
	result = commit_failed(visit, who, why, err);
	if (result == -1 && made_room(visit, err))
		result = commit_failed(visit, who, why, err);
	if (result == -1)
		return -1;
	return err_set(err, ERR_HANDLER, "%s", why);
}

int
stop_note_failure(struct visit *visit, const char *why, struct err *err)
{
	return commit_failed(visit, "extension", why, err);
}

static int
reply_stopped(const struct execution *row, char **ret_reply)
{
	if (row->stop_by == STOP_BY_EXTENSION)
		*ret_reply = visit_text(visit_stopped_reply(row));
	else if (row->stop_result != NULL)
		text_set(ret_reply, row->stop_result);
	else
		*ret_reply = visit_text(json_new_object());
	return 0;
}

/* So that start() is refused, and the reaper stops it where this call cannot wait for it. */
static int
note_wanted(struct visit *visit, struct err *err)
{
	struct store *store = &visit->session->store;
	struct execution *row = &visit->row;

	if (visit_begin(visit, STORE_NORMAL, err) == -1)
		return -1;
	if (row->phase == PHASE_NONE || row->stop_by != STOP_BY_NOBODY) {
		store_rollback(store);
		return 0;
	}
	execution_want_stop(row, STOP_BY_AGENT, "stopped by the agent");
	row->due_boot_ms = EXECUTION_DUE_NOW;
	return store_end(store,
	    execution_write(store, row, "agent", "stop wanted", err), err);
}

/* Makes the reaper's next attempt due now. */
static int
hurry_reaper(struct visit *visit, struct err *err)
{
	struct store *store = &visit->session->store;
	sqlite3_stmt *hurry = store_prepare(store, "UPDATE executions SET due_at = ?2 "
	    "WHERE id = ?1 AND phase = 'stopping' AND due_at > ?2", err);

	if (hurry == NULL ||
	    store_begin(store, STORE_NORMAL, visit->deadline_ms, err) == -1)
		return -1;
	sqlite3_bind_text(hurry, 1, visit->id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(hurry, 2, EXECUTION_DUE_AGAIN);
	return store_end(store, store_run(store, hurry, err), err);
}

static int
not_stopped_yet(const struct visit *visit, struct err *err)
{
	const struct execution *row = &visit->row;

	if (row->last_error != NULL)
		return err_set(err, ERR_HANDLER, "%s", row->last_error);
	return err_set(err, ERR_STOPPING, "execution %s is still being stopped",
	    visit->id);
}

static bool
attempt_failed(const struct execution *row)
{
	return row->phase == PHASE_STOPPING && row->due_boot_ms > EXECUTION_DUE_AGAIN;
}

/* A stop that failed or died is repeated by the reaper alone: this call awaits its result. */
static int
await_reaper(struct visit *visit, char **ret_reply, struct err *err)
{
	const struct execution *row = &visit->row;
	int64_t attempts = row->stop_attempts;

	lock_drop(&visit->session->lock);
	if (hurry_reaper(visit, err) == -1)
		return -1;
	for (;;) {
		if (visit_load(visit, err) == -1)
			return -1;
		if (row->phase == PHASE_STOPPED)
			return reply_stopped(row, ret_reply);
		/* One that began after this call is over, and has failed. */
		if (row->stop_attempts > attempts && attempt_failed(row))
			return not_stopped_yet(visit, err);
		if (clock_boot_ms() >= visit->deadline_ms)
			return not_stopped_yet(visit, err);
		clock_sleep_ms(RESULT_PAUSE_MS);
	}
}

/*
 * The database is lost: whatever runs is stopped from what the agent knows of it. Nothing
 * can be recorded.
 */
static int
stop_without_store(struct visit *visit, char **ret_reply, struct err *err)
{
	char why[ERR_MESSAGE_BYTES];

	log_error("stopping execution %s without its record: %s", visit->id, err->msg);
	execution_done(&visit->row);
	if (visit_fill(visit, err) == -1)
		return -1;
	if (visit_run(visit) == -1) {
		call_error_text(&visit->call, why, sizeof(why));
		return err_set(err, ERR_HANDLER, "%s", why);
	}
	*ret_reply = visit_text(visit_reply(visit, false));
	return 0;
}

/* waited: for somebody else's start() or stop(). */
static int
stop_with_lock(struct visit *visit, bool waited, char **ret_reply, struct err *err)
{
	if (visit_load(visit, err) == -1)
		return -1;
	if (visit->row.phase == PHASE_STOPPED)
		return reply_stopped(&visit->row, ret_reply);
	if (waited && attempt_failed(&visit->row))
		return not_stopped_yet(visit, err);
	if (visit->row.phase == PHASE_STOPPING)
		return await_reaper(visit, ret_reply, err);
	if (stop_attempt(visit, STOP_BY_AGENT, "stopped by the agent", false, err) == -1)
		return -1;
	return reply_stopped(&visit->row, ret_reply);
}

int
stop_visit(struct visit *visit, char **ret_reply, struct err *err)
{
	struct lock *lock = &visit->session->lock;
	bool waited = false;
	int held, result = 0;

	*ret_reply = NULL;
	held = lock_take(lock, visit->id, 0, err);
	if (held == 1) {
		waited = true;
		result = note_wanted(visit, err);
		if (result == -1 && made_room(visit, err))
			result = note_wanted(visit, err);
		if (result == 0)
			held = lock_take(lock, visit->id, visit->deadline_ms, err);
	}
	if (held == -1)
		return -1;
	if (result == 0 && held == 1)
		return visit_load(visit, err) == -1 ? -1 : not_stopped_yet(visit, err);
	if (result == 0)
		result = stop_with_lock(visit, waited, ret_reply, err);
	if (result == -1 && err->code == ERR_STORE && !visit->ran)
		result = stop_without_store(visit, ret_reply, err);
	return result;
}
