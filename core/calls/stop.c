/*
 * stop.c: the call stop. It makes the first attempt itself (attempt.c), or awaits the result of
 * somebody else's, and persists that a stop is wanted.
 */
#include "config.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/calls/attempt.h"
#include "core/calls/calls_internal.h"
#include "core/calls/deliver.h"
#include "core/calls/visit.h"
#include "core/worker/halt.h"

/* How often a call looks whether the reaper has stopped what it waits for. */
#define RESULT_PAUSE_MS 20
/* Of the time that a call has, one wait for a transaction takes this part at most. */
#define PATIENCE_PART 4
#define BY_AGENT "stopped by the agent"

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
	execution_want_stop(row, STOP_BY_AGENT, BY_AGENT);
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

	if (hurry == NULL || visit_begin(visit, STORE_NORMAL, err) == -1)
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

/* The last attempt is over, and the reaper will make another one. */
static bool
last_failed(const struct execution *row)
{
	return row->phase == PHASE_STOPPING && row->due_boot_ms > EXECUTION_DUE_AGAIN;
}

/*
 * A stop that failed or died is repeated by the reaper alone: this call awaits its result. Where
 * the reaper cannot be told, and could not record it either, this call makes an attempt.
 */
static int
await_reaper(struct visit *visit, char **ret_reply, struct err *err)
{
	const struct execution *row = &visit->row;
	int64_t attempts = row->stop_attempts;

	if (hurry_reaper(visit, err) == -1) {
		if (attempt_unrecorded(visit, STOP_BY_AGENT, BY_AGENT, false, err) == -1)
			return -1;
		return reply_stopped(row, ret_reply);
	}
	lock_drop(&visit->session->lock);
	/* By itself it looks once a second. */
	scoreboard_wake_reaper(visit->session->scoreboard);
	for (;;) {
		if (visit_load(visit, err) == -1)
			return -1;
		if (row->phase == PHASE_STOPPED)
			return reply_stopped(row, ret_reply);
		/* One that began after this call is over, and has failed. */
		if (row->stop_attempts > attempts && last_failed(row))
			return not_stopped_yet(visit, err);
		if (clock_boot_ms() >= visit->deadline_ms)
			return not_stopped_yet(visit, err);
		clock_sleep_ms(RESULT_PAUSE_MS);
	}
}

/*
 * The database is lost, and the execution's lock is held: whatever runs is stopped from what the
 * agent knows of it. Nothing can be recorded.
 */
static int
stop_without_store(struct visit *visit, char **ret_reply, struct err *err)
{
	char why[ERR_MESSAGE_BYTES];

	log_error("stopping execution %s without its record: %s", visit->id, err->msg);
	execution_done(&visit->row);
	if (visit_fill(visit, err) == -1)
		return -1;
	if (visit->action->work != NULL && halt_worker(&visit->session->workers, visit->id,
	    &visit->worker, visit->session->options, visit->deadline_ms, err) == -1)
		return -1;
	if (visit_run(visit) == -1) {
		call_error_text(visit->call.error, why, sizeof(why));
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
	if (waited && last_failed(&visit->row))
		return not_stopped_yet(visit, err);
	if (visit->row.phase == PHASE_STOPPING)
		return await_reaper(visit, ret_reply, err);
	if (attempt_run(visit, STOP_BY_AGENT, BY_AGENT, false, err) == -1)
		return -1;
	return reply_stopped(&visit->row, ret_reply);
}

int
stop_visit(struct visit *visit, char **ret_reply, struct err *err)
{
	struct lock *lock = &visit->session->lock;
	bool waited = false;
	struct err untold;
	int held, result;

	*ret_reply = NULL;
	/* Time must be left to run stop(), and to try to record it. */
	visit->patience_ms = (visit->deadline_ms - clock_boot_ms()) / PATIENCE_PART;
	if (visit->patience_ms > ATTEMPT_PATIENCE_MS)
		visit->patience_ms = ATTEMPT_PATIENCE_MS;
	held = lock_take(lock, visit->id, 0, err);
	if (held == 1) {
		waited = true;
		/* Where it cannot be noted the lock is waited for all the same. */
		if (note_wanted(visit, err) == -1 && (!visit_made_room(visit, err) ||
		    note_wanted(visit, err) == -1))
			log_warn("a stop of execution %s is wanted, which cannot be noted: %s",
			    visit->id, err->msg);
		held = lock_take(lock, visit->id, visit->deadline_ms, err);
	}
	if (held == -1)
		return -1;
	if (held == 1)
		return visit_load(visit, err) == -1 ? -1 : not_stopped_yet(visit, err);
	result = stop_with_lock(visit, waited, ret_reply, err);
	if (result == -1 && err->code == ERR_STORE && !visit->ran)
		return stop_without_store(visit, ret_reply, err);
	/* What cannot be told does not make it less stopped. */
	if (result == 0 && visit->action->work != NULL &&
	    deliver_rest(visit, ret_reply, &untold) == -1)
		log_warn("what the worker of execution %s told last: %s", visit->id, untold.msg);
	return result;
}
