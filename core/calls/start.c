/*
 * start.c: the call start. It persists `starting` before the handler runs, durable against a
 * power cut, and `running` with the handler's state and reply after it.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "core/action/registry.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/calls/attempt.h"
#include "core/calls/calls_internal.h"
#include "core/calls/visit.h"
#include "core/worker/spawn.h"

/* Without status() or stop() there is no later call: it is over with its start. */
static bool
ends_with_start(const struct ak_action *action)
{
	return !description_has(action, VERB_STATUS) && !description_has(action, VERB_STOP);
}

static int64_t
heartbeat_interval(const struct ak_action *action)
{
	int64_t interval_ms = description_call_interval(action);

	return interval_ms > EXECUTION_HEARTBEAT_MIN_MS ? interval_ms :
	    EXECUTION_HEARTBEAT_MIN_MS;
}

/* The actions that have work(), as a JSON array; owned. */
static struct json_object *
workers_actions(void)
{
	struct json_object *actions = json_new_array();

	for (size_t i = 0; i < registry_count(); i++)
		if (registry_at(i)->work != NULL)
			json_append(actions, json_new_string(registry_at(i)->id));
	return actions;
}

/* Each is two processes at least. */
static int
check_room(struct visit *visit, struct err *err)
{
	int64_t most = visit->session->options->workers, count;
	struct json_object *actions;

	if (visit->action->work == NULL)
		return 0;
	actions = workers_actions();
	count = worker_count(&visit->session->store, json_text(actions, NULL), err);
	json_object_put(actions);
	if (count >= most)
		return err_set(err, ERR_BUSY, "%" PRId64 " workers are at work, as many as "
		    "--workers allows", count);
	return count == -1 ? -1 : 0;
}

static int
write_starting(struct visit *visit, struct err *err)
{
	struct execution *row = &visit->row;

	if (visit_may_begin(visit, err) == -1 || check_room(visit, err) == -1)
		return -1;
	if (row->phase == PHASE_NONE) {
		execution_init(row, visit->id, visit->action);
		visit_keep_state(visit);
	}
	row->due_boot_ms = EXECUTION_DUE_NOW;
	row->heartbeat_interval_ms = heartbeat_interval(visit->action);
	return visit_write(visit, MOVE_START, "agent", NULL, err);
}

static int
commit_starting(struct visit *visit, struct err *err)
{
	int result;

	do {
		if (visit_begin_move(visit, MOVE_START, STORE_FULL, err) == -1)
			return -1;
		result = visit_end_move(visit, write_starting(visit, err), err);
	} while (result == 1);
	return result;
}

/*
 * An agent that lives stops an external action when its duration is over; one that does not is
 * given so much time. 0: nobody knows how long it shall run.
 */
static int64_t
end_of(const struct execution *row, int64_t now_ms)
{
	int64_t ends_ms;

	if (row->duration_ms == 0 ||
	    __builtin_add_overflow(now_ms + row->heartbeat_interval_ms, row->duration_ms,
	    &ends_ms))
		return 0;
	return ends_ms;
}

/* worker: spawned, and waiting for its row; or NULL. */
static int
write_started(struct visit *visit, enum move move, const char *reply, bool failed,
    const char *why, const struct spawn *worker, struct err *err)
{
	struct execution *row = &visit->row;
	int64_t now_ms = clock_boot_ms();
	int result;

	visit_keep_state(visit);
	text_set(&row->start_result, reply);
	if (move == MOVE_END)
		execution_want_stop(row, STOP_BY_ACTION, failed ? "failed" : "completed");
	text_set(&row->error, why);
	row->ends_boot_ms = end_of(row, now_ms);
	if (row->stop_by == STOP_BY_NOBODY)
		row->due_boot_ms = execution_next_due(row, now_ms);
	result = visit_write(visit, move, "agent", why, err);
	return result != 0 || worker == NULL ? result :
	    worker_begin(&visit->session->store, visit->id, &worker->id, worker->cgroup, err);
}

static int
commit_started(struct visit *visit, const char *reply, bool failed, const char *why,
    const struct spawn *worker, struct err *err)
{
	bool over = ends_with_start(visit->action) ||
	    (failed && !description_has(visit->action, VERB_STOP));
	enum move move = over ? MOVE_END : MOVE_STARTED;
	int result;

	do {
		if (visit_begin_move(visit, move, STORE_NORMAL, err) == -1)
			return -1;
		result = visit_end_move(visit,
		    write_started(visit, move, reply, failed, why, worker, err), err);
	} while (result == 1);
	if (result == -1)
		return -1;
	scoreboard_count(visit->session->scoreboard,
	    failed ? COUNTERS_START_FAILURES : COUNTERS_STARTS);
	return 0;
}

/*
 * What start() has made after a stop() of others would stay. Where another stop() cannot be asked
 * for, this process runs it itself, with the lock that it takes anew.
 */
static int
restop(struct visit *visit, struct err *err)
{
	static const char why[] = "start() came back without the lock of its execution";
	struct lock *lock = &visit->session->lock;

	log_error("%s %s: stop() runs once more", why, visit->id);
	if (attempt_restop(visit, why, err) == 0)
		return 0;
	log_error("that execution %s is to be stopped once more cannot be noted: %s", visit->id,
	    err->msg);
	if (lock->offset == -1 && lock_take(lock, visit->id, visit->deadline_ms, err) != 0)
		return err_set(err, ERR_STOPPING, "%s %s, and somebody else has it", why,
		    visit->id);
	visit->call.verb = VERB_STOP;
	visit->patience_ms = ATTEMPT_PATIENCE_MS;
	call_done(&visit->call);
	return attempt_unrecorded(visit, STOP_BY_EXTENSION, why, false, err);
}

/* It waits until its row is committed. 0, also where there is nothing to spawn, or -1. */
static int
begin_work(struct visit *visit, struct spawn *worker)
{
	struct err err;

	if (visit->action->work == NULL || visit->lock_lost ||
	    visit->session->spawn(worker, visit->session->options, visit->id, &err) == 0)
		return 0;
	call_error(&visit->call, "Failed to begin the work", err.msg);
	return -1;
}

static int
run_start(struct visit *visit, char **ret_reply, struct err *err)
{
	char why[ERR_MESSAGE_BYTES];
	struct spawn worker = { .gate = -1 };
	char *reply;
	bool failed;
	int result;

	if (visit_fill(visit, err) == -1 || commit_starting(visit, err) == -1)
		return -1;

	failed = visit_run(visit) == -1 || begin_work(visit, &worker) == -1;
	call_error_text(visit->call.error, why, sizeof(why));
	reply = visit_text(visit_reply(visit, true));
	/* If this fails the row stays `starting`, and the reaper stops what has begun. */
	if (visit->lock_lost)
		result = restop(visit, err);
	else
		result = commit_started(visit, reply, failed, failed ? why : NULL,
		    worker.gate == -1 ? NULL : &worker, err);
	/* Where there is no row it leaves. */
	spawn_open_gate(&worker);
	/* Others have run stop(), or begun to: its lock was not the one it had. */
	if (result == -1 && err->code == ERR_PHASE && !visit->lock_lost) {
		result = restop(visit, err);
		text_set(&reply, NULL);
		if (result == 0)
			reply = visit_text(visit_stopped_reply(&visit->row));
	}
	if (result == -1)
		text_set(&reply, NULL);
	*ret_reply = reply;
	return result;
}

/* How the process of start() ended, where that was what has stopped it; of an error. */
static void
add_death(struct visit *visit, struct json_object *error)
{
	char detail[VISIT_DEATH_BYTES];

	if (strcmp(visit->row.stop_reason, EXECUTION_STARTER_DIED) == 0 &&
	    visit_death(visit, VERB_START, detail))
		json_add_string(error, "detail", detail);
}

static int
was_stopped(struct visit *visit, char **ret_reply, struct err *err)
{
	const struct execution *row = &visit->row;
	struct json_object *reply;

	if (row->stop_by == STOP_BY_EXTENSION) {
		reply = visit_stopped_reply(row);
		add_death(visit, json_member(reply, "error"));
		*ret_reply = visit_text(reply);
		return 0;
	}
	if (row->stop_by == STOP_BY_ACTION && row->start_result != NULL) {
		text_set(ret_reply, row->start_result);
		return 0;
	}
	return err_set(err, ERR_PHASE, "execution %s is %s", visit->id,
	    phase_name(row->phase));
}

/* Its runner died: the reaper stops it. */
static int
give_up(struct visit *visit, char **ret_reply, struct err *err)
{
	struct store *store = &visit->session->store;
	struct execution *row = &visit->row;

	if (visit_begin(visit, STORE_NORMAL, err) == -1)
		return -1;
	execution_want_stop(row, STOP_BY_EXTENSION, EXECUTION_STARTER_DIED);
	if (store_end(store, execution_write(store, row, "extension", row->stop_reason, err),
	    err) == -1)
		return -1;
	return was_stopped(visit, ret_reply, err);
}

/* What can be told of it without its lock: nothing can start it any more. */
static bool
has_begun(const struct execution *row)
{
	return row->phase == PHASE_RUNNING || row->phase == PHASE_STOPPING ||
	    row->phase == PHASE_STOPPED;
}

int
start_visit(struct visit *visit, char **ret_reply, struct err *err)
{
	struct lock *lock = &visit->session->lock;
	int held = lock_take(lock, visit->id, 0, err);

	*ret_reply = NULL;
	if (held == -1 || visit_load(visit, err) == -1)
		return -1;
	if (held == 1 && !has_begun(&visit->row)) {
		held = lock_take(lock, visit->id, visit->deadline_ms, err);
		if (held == -1)
			return -1;
		if (held == 1)
			return visit_worked_on(visit, err);
		if (visit_load(visit, err) == -1)
			return -1;
	}
	switch (visit->row.phase) {
	case PHASE_NONE:
	case PHASE_PREPARED:
		return run_start(visit, ret_reply, err);
	case PHASE_STARTING:
		return give_up(visit, ret_reply, err);
	case PHASE_RUNNING:
		text_set(ret_reply, visit->row.start_result);
		return 0;
	default:
		return was_stopped(visit, ret_reply, err);
	}
}
