/*
 * status.c: the call status, the hot path: one read, and a write only where the state
 * changed or the heartbeat is due to be noted. It takes no lock: it only looks, and what it
 * stores is kept only while the phase is still `running`.
 */
#include "config.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/calls/calls_internal.h"
#include "core/calls/deliver.h"
#include "core/calls/visit.h"

/* How long an error that is to be kept waits for a transaction. */
#define NEWS_WAIT_MS 500

static struct json_object *
completed_reply(bool completed)
{
	struct json_object *reply = json_new_object();

	json_add(reply, "completed", json_new_bool(completed));
	return reply;
}

/* starting, stopping: the state as it is, and what is wrong with the stop. */
static int
reply_unchanged(struct visit *visit, char **ret_reply, struct err *err)
{
	const struct execution *row = &visit->row;
	struct json_object *reply, *state;

	if (json_parse(row->state, strlen(row->state), &state, err) == -1)
		return err_wrap(err, "stored state");
	if (row->phase == PHASE_STOPPING && row->last_error != NULL)
		call_message(&visit->call, AK_WARN, row->last_error);
	reply = completed_reply(false);
	json_add(reply, "state", visit_told_state(visit, state));
	json_object_put(state);
	call_reply(&visit->call, reply);
	*ret_reply = visit_text(reply);
	return 0;
}

static void
reply_stopped(const struct execution *row, char **ret_reply)
{
	struct json_object *reply;

	if (row->stop_by == STOP_BY_ACTION && row->status_result != NULL) {
		text_set(ret_reply, row->status_result);
		return;
	}
	reply = row->stop_by == STOP_BY_EXTENSION ? visit_stopped_reply(row) :
	    json_new_object();
	json_add(reply, "completed", json_new_bool(true));
	*ret_reply = visit_text(reply);
}

/* An action without stop() is over when its status says so: nothing is left to undo. */
static int
commit_end(struct visit *visit, const char *reply, bool failed, const char *why,
    struct err *err)
{
	struct store *store = &visit->session->store;
	struct execution *row = &visit->row;
	int result;

	if (visit_begin(visit, STORE_NORMAL, err) == -1)
		return -1;
	if (row->phase != PHASE_RUNNING) {
		store_rollback(store);
		return 0;
	}
	visit_keep_state(visit);
	text_set(&row->status_result, reply);
	if (why != NULL)
		text_set(&row->error, why);
	execution_want_stop(row, STOP_BY_ACTION, failed ? "failed" : "completed");
	result = execution_move(row, MOVE_END, err);
	if (result == 0)
		result = execution_write(store, row, "agent", why, err);
	return visit_commit(visit, result, err);
}

/* why: what is wrong, or NULL. */
static int
keep_alive(struct visit *visit, const char *why, struct err *err)
{
	struct store *store = &visit->session->store;
	const struct execution *row = &visit->row;
	int64_t interval_ms = row->heartbeat_interval_ms;
	int64_t due_boot_ms = execution_next_due(row, clock_boot_ms());
	bool changed = strcmp(row->state, visit->state_text) != 0;
	bool due = due_boot_ms - row->due_boot_ms >= interval_ms / EXECUTION_HEARTBEAT_PART;
	bool news = why != NULL && (row->error == NULL || strcmp(row->error, why) != 0);
	int result;

	if (!changed && !due && !news)
		return 0;
	/* What is only for people is not worth that the agent is not answered. */
	if (session_begin(visit->session, STORE_NORMAL, changed || due ? visit->deadline_ms :
	    clock_boot_ms() + NEWS_WAIT_MS, err) == -1)
		return changed || due ? -1 : 0;
	/* It may have left `running` meanwhile: then nothing is kept, and that is not a fault. */
	result = store_end(store, execution_keep_alive(store, visit->id,
	    changed ? visit->state_text : NULL, visit->state_version, news ? why : NULL,
	    due_boot_ms, err), err);
	return changed || due ? result : 0;
}

static int
run_status(struct visit *visit, char **ret_reply, struct err *err)
{
	char why[ERR_MESSAGE_BYTES];
	struct json_object *reply;
	bool works = visit->action->work != NULL, failed, over;
	int result;

	if ((works && deliver_begin(visit, err) == -1) || visit_fill(visit, err) == -1)
		return -1;
	(void)visit_run(visit);
	if (works && deliver_status(visit, err) == -1)
		return -1;
	failed = visit->call.error != NULL;
	over = !description_has(visit->action, VERB_STOP) && (failed || visit->call.completed);
	call_error_text(visit->call.error, why, sizeof(why));
	reply = visit_reply(visit, true);
	json_add(reply, "completed", json_new_bool(visit->call.completed));
	if (visit->row.phase != PHASE_RUNNING)
		result = 0;
	else if (over)
		result = commit_end(visit, json_text(reply, NULL), failed,
		    failed ? why : NULL, err);
	else
		result = keep_alive(visit, failed ? why : NULL, err);
	if (result == -1) {
		json_object_put(reply);
		return -1;
	}
	*ret_reply = visit_text(reply);
	return 0;
}

int
status_visit(struct visit *visit, char **ret_reply, struct err *err)
{
	*ret_reply = NULL;
	if (visit_load(visit, err) == -1)
		return -1;
	switch (visit->row.phase) {
	case PHASE_STARTING:
	case PHASE_STOPPING:
		return reply_unchanged(visit, ret_reply, err);
	case PHASE_STOPPED:
		reply_stopped(&visit->row, ret_reply);
		return 0;
	default:
		return run_status(visit, ret_reply, err);
	}
}
