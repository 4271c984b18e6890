/*
 * attempt.c: one attempt to stop an execution. It persists `stopping` before the handler runs,
 * then `stopped` with its reply, or the failure and when to try again.
 */
#include "config.h"

#include "core/calls/attempt.h"

#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/worker/death.h"
#include "core/worker/halt.h"

/* Between two tries of a transaction that failed at once. */
#define AGAIN_PAUSE_MS 100

static const char *
name_of(enum stop_by by)
{
	return by == STOP_BY_AGENT ? "agent" : "extension";
}

/* By which move stop() begins, from where the row is. */
static enum move
stop_move(const struct visit *visit)
{
	if (!description_has(visit->action, VERB_STOP))
		return MOVE_END;
	return visit->row.phase == PHASE_STOPPING ? MOVE_RETRY : MOVE_STOP;
}

/* A failure is written with a time to try again; an attempt that died has written nothing. */
static bool
has_died(const struct execution *row)
{
	return row->phase == PHASE_STOPPING && row->due_boot_ms == EXECUTION_DUE_NOW;
}

/* Before the transaction: the supervisor may need a moment to notice. */
static void
find_death(struct visit *visit)
{
	if (has_died(&visit->row) && !visit_death(visit, VERB_STOP, visit->death))
		snprintf(visit->death, sizeof(visit->death), "the process that ran stop() died");
}

/* How the attempt before this one ended, as the failure of one that could say so itself. */
static int
write_death(struct visit *visit, struct err *err)
{
	struct execution *row = &visit->row;

	if (visit->death[0] == '\0' || !has_died(row))
		return 0;
	text_set(&row->last_error, visit->death);
	return execution_event(&visit->session->store, row, "extension", visit->death, err);
}

static int
write_stopping(struct visit *visit, enum stop_by by, const char *reason, struct err *err)
{
	struct execution *row = &visit->row;
	enum move move = stop_move(visit);

	if (row->phase == PHASE_NONE) {
		execution_init(row, visit->id, visit->action);
		/* It was read in a database that has been replaced since. */
		if (visit->state_text == NULL && visit_fill(visit, err) == -1)
			return -1;
		visit_keep_state(visit);
	}
	if (write_death(visit, err) == -1)
		return -1;
	execution_want_stop(row, by, reason);
	if (move != MOVE_END) {
		row->due_boot_ms = EXECUTION_DUE_NOW;
		row->stop_attempts++;
	}
	return visit_write(visit, move, name_of(by), row->stop_reason, err);
}

static int
commit_stopping(struct visit *visit, enum stop_by by, const char *reason, bool only_if_due,
    struct err *err)
{
	int result;

	/* An agent that is heard of again moves the deadline alone. */
	if (only_if_due)
		visit->known = false;
	do {
		if (visit_begin_move(visit, stop_move(visit), STORE_NORMAL, err) == -1)
			return -1;
		if (only_if_due &&
		    (reason = execution_due_reason(&visit->row, clock_boot_ms())) == NULL) {
			store_rollback(&visit->session->store);
			return 1;
		}
		result = visit_end_move(visit, write_stopping(visit, by, reason, err), err);
	} while (result == 1);
	if (result == -1)
		return -1;
	if (visit->row.stop_attempts <= 1 &&
	    strcmp(visit->row.stop_reason, EXECUTION_HEARTBEAT_MISSED) == 0)
		scoreboard_count(visit->session->scoreboard, COUNTERS_HEARTBEATS_MISSED);
	return 0;
}

/*
 * A start() that came back without its lock has had another stop() asked for after this one
 * began: this one is not the last.
 */
static int
refuse_overtaken(struct visit *visit, int64_t number, struct err *err)
{
	if (visit->row.stop_attempts == number)
		return 0;
	store_rollback(&visit->session->store);
	return err_set(err, ERR_STOPPING, "execution %s has to be stopped once more", visit->id);
}

static int
commit_stopped(struct visit *visit, const char *who, const char *reply, struct err *err)
{
	int64_t number = visit->row.stop_attempts;
	int result;

	do {
		if (visit_begin_move(visit, MOVE_STOPPED, STORE_NORMAL, err) == -1 ||
		    refuse_overtaken(visit, number, err) == -1)
			return -1;
		visit_keep_state(visit);
		text_set(&visit->row.stop_result, reply);
		result = visit_end_move(visit, visit_write(visit, MOVE_STOPPED, who, NULL, err),
		    err);
	} while (result == 1);
	return result;
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
	if (store_end(store, execution_write(store, row, who, why, err), err) == -1)
		return -1;
	scoreboard_count(visit->session->scoreboard, COUNTERS_STOP_FAILURES);
	return 0;
}

/* Whether it may be over with a later call: what is wrong is not the execution. */
static bool
is_fault_of_store(const struct err *err)
{
	return err->code == ERR_BUSY || err->code == ERR_FULL || err->code == ERR_STORE ||
	    err->code == ERR_INTERNAL;
}

/* What fails at once may be over in a moment. */
static void
pause_before_again(struct visit *visit, const struct err *err)
{
	struct store *store = &visit->session->store;

	/* It may have been opened to read only, for want of something. */
	if (err->code != ERR_BUSY && !store_is_moved(store))
		store_close(store);
	clock_sleep_ms(AGAIN_PAUSE_MS);
}

/* `stopping` and `stopped` in one: what has been done already. */
static int
record(struct visit *visit, int64_t number, enum stop_by by, const char *reason,
    const char *reply, struct err *err)
{
	struct store *store = &visit->session->store;
	struct execution *row = &visit->row;
	int result;

	if (visit_begin(visit, STORE_NORMAL, err) == -1)
		return -1;
	if (row->phase == PHASE_STOPPED) {
		store_rollback(store);
		return 0;
	}
	if (refuse_overtaken(visit, number, err) == -1)
		return -1;
	result = write_stopping(visit, by, reason, err);
	visit_keep_state(visit);
	text_set(&row->stop_result, reply);
	if (result == 0 && row->phase == PHASE_STOPPING)
		result = execution_move(row, MOVE_STOPPED, err);
	if (result == 0)
		result = execution_write(store, row, name_of(by), "was stopped without a record",
		    err);
	return visit_commit(visit, result, err);
}

/* A stopper waits for that with the lock; an agent is not kept waiting for it. */
static int
record_later(struct visit *visit, int64_t number, enum stop_by by, const char *reason,
    const char *reply, struct err *err)
{
	int result = record(visit, number, by, reason, reply, err);

	while (result == -1 && is_fault_of_store(err) && by == STOP_BY_EXTENSION &&
	    clock_boot_ms() + visit->patience_ms < visit->deadline_ms) {
		pause_before_again(visit, err);
		result = record(visit, number, by, reason, reply, err);
	}
	return result;
}

/* A database that is lost is not there in a moment. */
static int
insist_on_stopping(struct visit *visit, enum stop_by by, const char *reason, bool only_if_due,
    struct err *err)
{
	int64_t until_ms = clock_boot_ms() + visit->patience_ms;
	int result = commit_stopping(visit, by, reason, only_if_due, err);

	if (result == -1 && visit_made_room(visit, err))
		result = commit_stopping(visit, by, reason, only_if_due, err);
	while (result == -1 && is_fault_of_store(err) && err->code != ERR_STORE &&
	    clock_boot_ms() < until_ms) {
		pause_before_again(visit, err);
		result = commit_stopping(visit, by, reason, only_if_due, err);
	}
	return result;
}

/* Of one that was killed before it could write that: ended by this stop, or dead before. */
static void
note_end(struct visit *visit, bool by_stop)
{
	const struct ak_work_end end = { .how = by_stop ? AK_WORK_COMPLETED : AK_WORK_DIED };
	struct worker *worker = &visit->worker;
	struct err err;

	death_set(worker, &end, worker->this_boot ? NULL : "the machine was restarted");
	if (!visit->unrecorded && death_note(&visit->session->store, visit->id, worker,
	    clock_boot_ms() + visit->patience_ms, &err) == -1)
		log_warn("how the worker of execution %s ended: %s", visit->id, err.msg);
}

/*
 * Before stop() runs, nothing of a worker is left; what it saved last is what stop() gets. Where
 * there is no row, and so nothing of it is known, its byte still tells that it lives.
 */
static int
end_work(struct visit *visit, struct err *err)
{
	struct session *session = visit->session;
	struct worker *worker = &visit->worker;
	int halted;

	if (visit->action->work == NULL)
		return 0;
	halted = halt_worker(&session->workers, visit->id, worker, session->options,
	    visit->deadline_ms, err);
	if (halted == -1 || visit_load(visit, err) == -1)
		return -1;
	if (worker->there && !worker->ended)
		note_end(visit, halted == 1);
	if (worker->there)
		visit->call.work_end = &worker->end;
	return 0;
}

/* What has failed in work() is the result, unless stop() has judged itself. */
static void
judge(struct visit *visit)
{
	struct worker *worker = &visit->worker;
	struct err err;

	if (visit->call.verdict != NULL || !worker->there || worker->error == NULL)
		return;
	if (json_parse(worker->error, strlen(worker->error), &visit->call.verdict, &err) == -1)
		log_warn("what the worker of execution %s has come to: %s", visit->id, err.msg);
}

int
attempt_unrecorded(struct visit *visit, enum stop_by by, const char *reason, bool only_if_due,
    struct err *err)
{
	struct execution *row = &visit->row;
	struct err fault = *err;
	char why[ERR_MESSAGE_BYTES], *wanted = NULL, *reply;
	int64_t number;
	int result;

	if (visit_load(visit, err) == -1)
		return -1;
	if (row->phase == PHASE_STOPPED)
		return 0;
	if (row->phase == PHASE_NONE && fault.code == ERR_STORE) {
		*err = fault;
		return -1;
	}
	/* A start() could begin after this stop(). */
	if (row->phase == PHASE_NONE || row->phase == PHASE_PREPARED)
		return err_set(err, ERR_BUSY, "execution %s was not started, and that it is "
		    "stopped cannot be recorded: %s", visit->id, fault.msg);
	if (only_if_due && (reason = execution_due_reason(row, clock_boot_ms())) == NULL)
		return 1;
	text_set(&wanted, reason);
	number = row->stop_attempts;
	log_warn("stopping execution %s although that cannot be recorded: %s", visit->id,
	    fault.msg);
	visit->unrecorded = true;
	result = end_work(visit, err);
	if (result == 0)
		result = visit_fill(visit, err);
	if (result == 0 && visit_run(visit) == -1) {
		call_error_text(visit->call.error, why, sizeof(why));
		result = err_set(err, ERR_HANDLER, "%s", why);
	}
	if (result == 0)
		judge(visit);
	if (result == 0) {
		reply = visit_text(visit_reply(visit, false));
		if (record_later(visit, number, by, wanted, reply, err) == 0)
			log_info("recorded that execution %s is stopped", visit->id);
		else if (by == STOP_BY_EXTENSION || err->code == ERR_STOPPING)
			result = -1;
		execution_want_stop(row, by, wanted);
		text_set(&row->stop_result, reply);
		text_set(&reply, NULL);
	}
	text_set(&wanted, NULL);
	return result;
}

int
attempt_run(struct visit *visit, enum stop_by by, const char *reason, bool only_if_due,
    struct err *err)
{
	const char *who = name_of(by);
	char why[ERR_MESSAGE_BYTES];
	struct err unready;
	char *reply;
	int result;

	if (!visit->known && visit_load(visit, err) == -1)
		return -1;
	/* A request that cannot be read changes nothing. */
	if (visit->row.phase == PHASE_NONE && visit_fill(visit, err) == -1)
		return -1;
	find_death(visit);
	result = insist_on_stopping(visit, by, reason, only_if_due, err);
	if (result == -1 && is_fault_of_store(err))
		return attempt_unrecorded(visit, by, reason, only_if_due, err);
	if (result != 0 || visit->row.phase == PHASE_STOPPED)
		return result;

	/* From now on no status call can change the state any more, and then no worker. */
	if (end_work(visit, &unready) == -1)
		call_error(&visit->call, "The work cannot be ended", unready.msg);
	else if (visit_fill(visit, &unready) == -1)
		call_error(&visit->call, "The state cannot be read", unready.msg);
	if (visit->call.error == NULL && visit_run(visit) == 0) {
		judge(visit);
		reply = visit_text(visit_reply(visit, false));
		result = commit_stopped(visit, who, reply, err);
		if (result == -1 && visit_made_room(visit, err))
			result = commit_stopped(visit, who, reply, err);
		text_set(&reply, NULL);
		return result;
	}
	call_error_text(visit->call.error, why, sizeof(why));
	result = commit_failed(visit, who, why, err);
	if (result == -1 && visit_made_room(visit, err))
		result = commit_failed(visit, who, why, err);
	if (result == -1)
		return -1;
	return err_set(err, ERR_HANDLER, "%s", why);
}

int
attempt_restop(struct visit *visit, const char *why, struct err *err)
{
	struct store *store = &visit->session->store;
	struct execution *row = &visit->row;
	int result;

	if (visit_begin(visit, STORE_FULL, err) == -1)
		return -1;
	if (visit->state_text != NULL)
		visit_keep_state(visit);
	execution_want_stop(row, STOP_BY_EXTENSION, why);
	row->due_boot_ms = EXECUTION_DUE_AGAIN;
	row->stop_attempts++;
	text_set(&row->last_error, why);
	result = execution_move(row, MOVE_RESTOP, err);
	if (result == 0)
		result = execution_write(store, row, "extension", why, err);
	return store_end(store, result, err);
}

int
attempt_note_failure(struct visit *visit, const char *why, struct err *err)
{
	return commit_failed(visit, "extension", why, err);
}
