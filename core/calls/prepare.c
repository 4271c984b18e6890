/*
 * prepare.c: the call prepare. It persists the execution as `prepared`, with its state,
 * claims and files, when the handler has succeeded, and nothing but an event when it has
 * failed.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "core/action/context.h"
#include "core/action/needs.h"
#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/calls/calls_internal.h"
#include "core/calls/prepare_files.h"
#include "core/calls/visit.h"
#include "core/store/claim.h"
#include "core/store/space.h"

#define UNAME_BYTES 512

static int
check_phase(const struct visit *visit, struct err *err)
{
	if (phase_after(visit->row.phase, MOVE_PREPARE) == PHASE_NONE)
		return err_set(err, ERR_PHASE, "execution %s is %s already", visit->id,
		    phase_name(visit->row.phase));
	return visit_may_begin(visit, err);
}

static void
describe_machine(struct visit *visit)
{
	struct utsname name;
	char text[UNAME_BYTES];

	if (uname(&name) == -1)
		return;
	snprintf(text, sizeof(text), "%s %s %s %s", name.sysname, name.release,
	    name.version, name.machine);
	call_message(&visit->call, AK_INFO, text);
}

static int
take_claims(struct visit *visit, bool again, struct err *err)
{
	struct store *store = &visit->session->store;
	size_t count = visit->claims == NULL ? 0 : json_object_array_length(visit->claims);

	if (again && claim_release(store, visit->id, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct json_object *resource = json_object_array_get_idx(visit->claims, i);

		if (claim_take(store, visit->id, json_object_get_string(resource),
		    err) == -1)
			return -1;
	}
	return 0;
}

/* How long the agent lets it run; 0 where the action itself says when it is over. */
static int64_t
duration_of(const struct ak_call *call)
{
	int64_t ms = 0;

	if (call->action->time_control != AK_EXTERNAL ||
	    json_whole(json_member(call->config, "duration"), &ms) == -1 || ms < 0)
		return 0;
	return ms;
}

/* What has begun may need all that is left. */
static int
check_space(const struct session *session, struct err *err)
{
	return space_check(session->lock.fd, 0, session->options->keep_free_bytes, err);
}

/* The row for a prepare that succeeded; replaces what an earlier one left. */
static int
write_prepared(struct visit *visit, struct err *err)
{
	const struct options *options = visit->session->options;
	const struct ak_call *call = &visit->call;
	struct execution *row = &visit->row;
	bool again = row->phase != PHASE_NONE;
	int result;

	if (check_phase(visit, err) == -1)
		return -1;
	if (!again)
		execution_init(row, visit->id, visit->action);
	text_set(&row->action_version, visit->action->version);
	visit_keep_state(visit);
	text_set(&row->target, ak_target_name(call));
	text_set(&row->experiment_key, ak_experiment_key(call));
	text_set(&row->execution_uri, ak_execution_uri(call));
	row->duration_ms = duration_of(call);
	row->due_boot_ms = clock_boot_ms() + options->never_started_ms;
	result = visit_write(visit, MOVE_PREPARE, "agent", NULL, err);
	if (result == 0)
		result = prepare_files_write(visit, err);
	return result == 0 ? take_claims(visit, again, err) : result;
}

/* Leaves nothing behind but an event. */
static int
write_failed(struct visit *visit, const char *why, struct err *err)
{
	struct store *store = &visit->session->store;

	if (execution_forget(store, visit->id, err) == -1)
		return -1;
	if (visit->row.phase == PHASE_NONE)
		execution_init(&visit->row, visit->id, visit->action);
	visit->row.phase = PHASE_NONE;
	return execution_event(store, &visit->row, "agent", why, err);
}

static int
commit_failed(struct visit *visit, struct err *err)
{
	char why[ERR_MESSAGE_BYTES];

	call_error_text(visit->call.error, why, sizeof(why));
	if (visit_begin(visit, STORE_NORMAL, err) == -1)
		return -1;
	return store_end(&visit->session->store, write_failed(visit, why, err), err);
}

static int
commit_prepared(struct visit *visit, struct err *err)
{
	int result;

	do {
		if (visit_begin_move(visit, MOVE_PREPARE, STORE_NORMAL, err) == -1)
			return -1;
		result = visit_end_move(visit, write_prepared(visit, err), err);
	} while (result == 1);
	return result;
}

/* What has begun is refused at once, not when its handler is over. */
static int
look_first(struct visit *visit, struct err *err)
{
	return visit_load(visit, err) == -1 ? -1 : check_phase(visit, err);
}

/* As lock_take(). */
static int
take_lock(struct visit *visit, struct err *err)
{
	struct lock *lock = &visit->session->lock;
	int held = lock_take(lock, visit->id, 0, err);

	if (held != 1)
		return held;
	if (look_first(visit, err) == -1)
		return -1;
	held = lock_take(lock, visit->id, visit->deadline_ms, err);
	return held == 1 ? visit_worked_on(visit, err) : held;
}

int
prepare_visit(struct visit *visit, char **ret_reply, struct err *err)
{
	struct json_object *values = NULL;
	char *missing = NULL;
	int result = -1;

	if (context_take(&visit->call, visit->request, err) == -1 ||
	    prepare_files_check(visit, &values, err) == -1)
		return -1;
	missing = needs_missing(visit->action);
	if (missing != NULL) {
		err_set(err, ERR_USAGE, "%s", missing);
		goto out;
	}
	/* Files may take long, and the lock is not held meanwhile. */
	if (prepare_files_sent(visit) && (look_first(visit, err) == -1 ||
	    check_space(visit->session, err) == -1 || prepare_files_take(visit, err) == -1))
		goto out;
	if (take_lock(visit, err) == -1 || look_first(visit, err) == -1 ||
	    check_space(visit->session, err) == -1 ||
	    prepare_files_move(visit, values, err) == -1 || visit_fill(visit, err) == -1)
		goto out;

	visit->call.parameters = visit->action->parameters;
	visit->call.config = values;
	result = visit_run(visit);
	if (result == 0) {
		result = commit_prepared(visit, err);
		/* Somebody else was faster with a claim: an error of the action, as in it. */
		if (result == -1 && err->code == ERR_PHASE && visit->claims != NULL)
			call_error(&visit->call, CALL_IN_USE, err->msg);
		else if (result == -1)
			goto out;
	}
	if (result == -1 && (result = commit_failed(visit, err)) == -1)
		goto out;
	describe_machine(visit);
	*ret_reply = visit_text(visit_reply(visit, true));
out:
	free(missing);
	json_object_put(values);
	return result;
}
