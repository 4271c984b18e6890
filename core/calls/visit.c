/*
 * visit.c: one call to one execution, from lock to reply.
 */
#include "config.h"

#include "core/calls/visit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/action/state.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/calls/directory.h"
#include "core/calls/stop_request.h"
#include "core/store/ballast.h"
#include "core/store/claim.h"
#include "core/store/files.h"
#include "core/store/outbox.h"

/* What cannot be removed is swept, and so is what a call without the lock has ended. */
static void
settle_files(struct visit *visit)
{
	struct session *session = visit->session;
	bool over = visit->row.phase == PHASE_STOPPED || visit->moved_files;
	struct err err;

	if (!over || session->lock.offset == -1 || session->store.db == NULL)
		return;
	if (files_settle(&session->store, session->options->state_dir, visit->id, INT64_MAX,
	    &err) == -1)
		log_warn("files of execution %s: %s", visit->id, err.msg);
}

void
visit_end(struct visit *visit)
{
	settle_files(visit);
	lock_drop(&visit->session->lock);
	call_done(&visit->call);
	execution_done(&visit->row);
	worker_done(&visit->worker);
	json_object_put(visit->state_json);
	json_object_put(visit->claims);
	json_object_put(visit->error);
	free(visit->directory);
	free(visit->state);
}

int
visit_load(struct visit *visit, struct err *err)
{
	struct session *session = visit->session;

	visit->known = false;
	if (session_need_store(session, err) == -1)
		return -1;
	if (execution_load(&session->store, visit->id, &visit->row,
	    visit->action->work == NULL ? NULL : &visit->worker, err) == -1)
		return -1;
	if (visit->row.phase != PHASE_NONE &&
	    strcmp(visit->row.action, visit->action->id) != 0)
		return err_set(err, ERR_PHASE, "execution %s is one of action %s",
		    visit->id, visit->row.action);
	visit->known = session->lock.offset != -1;
	return 0;
}

static int64_t
transaction_until(const struct visit *visit)
{
	int64_t until_ms = clock_boot_ms() + visit->patience_ms;

	return visit->patience_ms == 0 || until_ms > visit->deadline_ms ? visit->deadline_ms :
	    until_ms;
}

int
visit_begin(struct visit *visit, enum store_durability durability, struct err *err)
{
	struct store *store = &visit->session->store;

	visit->narrow = false;
	if (session_begin(visit->session, durability, transaction_until(visit), err) == -1)
		return -1;
	if (visit_load(visit, err) == -1) {
		store_rollback(store);
		return -1;
	}
	return 0;
}

/* Whom a stop counts for: the one that wanted it first. */
static enum counters_event
stop_event(const struct execution *row)
{
	switch (row->stop_by) {
	case STOP_BY_AGENT:
		return COUNTERS_STOPS_AGENT;
	case STOP_BY_ACTION:
		return COUNTERS_STOPS_ACTION;
	case STOP_BY_EXTENSION:
	case STOP_BY_NOBODY:
		break;
	}
	return row->stop_reason != NULL && strncmp(row->stop_reason, EXECUTION_BY_OPERATOR,
	    strlen(EXECUTION_BY_OPERATOR)) == 0 ? COUNTERS_STOPS_OPERATOR :
	    COUNTERS_STOPS_EXTENSION;
}

int
visit_commit(struct visit *visit, int result, struct err *err)
{
	if (store_end(&visit->session->store, result, err) == -1)
		return -1;
	if (visit->row.phase == PHASE_STOPPED)
		scoreboard_count(visit->session->scoreboard, stop_event(&visit->row));
	return 0;
}

int
visit_begin_move(struct visit *visit, enum move move, enum store_durability durability,
    struct err *err)
{
	if (!visit->known || !execution_advances(&visit->row, move))
		return visit_begin(visit, durability, err);
	visit->narrow = true;
	/* The row in memory is changed before it is known whether that is committed. */
	visit->known = false;
	return session_begin(visit->session, durability, transaction_until(visit), err);
}

int
visit_write(struct visit *visit, enum move move, const char *who, const char *why,
    struct err *err)
{
	struct store *store = &visit->session->store;

	if (execution_move(&visit->row, move, err) == -1)
		return -1;
	return visit->narrow ?
	    execution_advance(store, &visit->row, move, who, why, err) :
	    execution_write(store, &visit->row, who, why, err);
}

int
visit_end_move(struct visit *visit, int result, struct err *err)
{
	visit->known = false;
	if (result == 1) {
		store_rollback(&visit->session->store);
		return 1;
	}
	if (visit_commit(visit, result, err) == -1)
		return -1;
	visit->known = visit->session->lock.offset != -1;
	return 0;
}

int
visit_may_begin(const struct visit *visit, struct err *err)
{
	if (atomic_load(&visit->session->scoreboard->draining))
		return err_set(err, ERR_DRAINING, "the server is shutting down");
	if (visit->row.stop_by != STOP_BY_NOBODY)
		return err_set(err, ERR_PHASE, "execution %s is to be stopped (%s)",
		    visit->id, visit->row.stop_reason);
	return 0;
}

int
visit_worked_on(const struct visit *visit, struct err *err)
{
	char holder[HOLDER_TEXT_BYTES];

	lock_holder(&visit->session->lock, visit->id, NULL, NULL, holder);
	return err_set(err, ERR_PHASE, "execution %s is being worked on by %s", visit->id,
	    holder);
}

bool
visit_made_room(const struct visit *visit, const struct err *err)
{
	if (err->code != ERR_FULL || !ballast_release(visit->session->options->state_dir))
		return false;
	log_warn("the disk is full: gave up the ballast to stop execution %s", visit->id);
	return true;
}

static int
load_state_json(struct visit *visit, struct err *err)
{
	bool adopted = visit->row.phase == PHASE_NONE;
	struct json_object *json = NULL;

	if (adopted)
		json = json_object_get(json_member(visit->request, "state"));
	else if (json_parse(visit->row.state, strlen(visit->row.state), &json, err) == -1)
		return err_wrap(err, "stored state");
	visit->state_version = adopted ? 0 : visit->row.state_version;
	json_object_put(visit->state_json);
	visit->state_json = json != NULL ? json : json_new_object();
	visit->state_text = adopted ? json_text(visit->state_json, NULL) : NULL;
	return 0;
}

/*
 * The version of a state that this action has written. Its members are those of this program
 * and, where a newer one has saved it before, what that has added.
 */
static int64_t
written_version(const struct visit *visit)
{
	int64_t own = visit->action->state_version;

	return visit->state_version > own ? visit->state_version : own;
}

void
visit_keep_state(struct visit *visit)
{
	text_set(&visit->row.state, visit->state_text);
	visit->row.state_version = visit->state_version;
}

/* ak_save(): the state as it is now, durable before an effect follows. */
static int
save_state(struct ak_call *call, struct err *err)
{
	struct visit *visit = call->keeper;
	struct store *store = &visit->session->store;
	struct json_object *json;
	int result = -1;

	json = state_to_json(visit->action, visit->state, visit->state_json, err);
	if (json == NULL)
		return -1;
	if (store_begin(store, STORE_FULL, visit->deadline_ms, err) == -1)
		goto out;
	result = execution_keep_state(store, visit->id, visit->row.phase,
	    json_text(json, NULL), written_version(visit), err);
	if (result == 1)
		result = err_set(err, ERR_PHASE, "execution %s is no longer %s", visit->id,
		    phase_name(visit->row.phase));
	if (result == -1)
		store_rollback(store);
	else
		result = store_commit(store, err);
out:
	json_object_put(json);
	return result;
}

/* ak_claim() in prepare(): to be committed with its success, checked at once. */
static int
claim_later(struct ak_call *call, const char *resource, struct err *err)
{
	struct visit *visit = call->keeper;

	if (claim_check(&visit->session->store, visit->id, resource, err) == -1)
		return -1;
	if (visit->claims == NULL)
		visit->claims = json_new_array();
	json_append(visit->claims, json_new_string(resource));
	return 0;
}

/* ak_claim() in start(): an effect follows. */
static int
claim_now(struct ak_call *call, const char *resource, struct err *err)
{
	struct visit *visit = call->keeper;
	struct store *store = &visit->session->store;

	if (store_begin(store, STORE_FULL, visit->deadline_ms, err) == -1)
		return -1;
	return store_end(store, claim_take(store, visit->id, resource, err), err);
}

/* ak_directory(). */
static int
get_directory(struct ak_call *call, const char **ret_path, struct err *err)
{
	return directory_get(call->keeper, ret_path, err);
}

/* ak_stop(), ak_stop_all(). */
static int
ask_stop(struct ak_call *call, const char *execution, const char *reason, struct err *err)
{
	struct visit *visit = call->keeper;

	return stop_request_of_action(visit->session, visit->action->id, execution, reason,
	    visit->deadline_ms, err);
}

static void
set_keeper(struct visit *visit)
{
	struct ak_call *call = &visit->call;

	call->keeper = visit;
	call->ask_stop = ask_stop;
	call->get_directory = get_directory;
	call->state_dir = visit->session->options->state_dir;
	call->reserved_bytes = visit->session->options->keep_free_bytes;
	call->reserved_memory_bytes = visit->session->options->memory_reserve_bytes;
	if (visit->session->lock.offset != -1)
		call->kept_fd = visit->session->lock.fd;
	switch (call->verb) {
	case VERB_PREPARE:
		call->claim = claim_later;
		break;
	case VERB_START:
		call->claim = claim_now;
		call->save = save_state;
		break;
	case VERB_STATUS:
	case VERB_STOP:
		/* There is nothing to save into without a row, and a worker saves its own. */
		if (!visit->unrecorded && !(visit->worker.there &&
		    call->verb == VERB_STATUS) && visit->row.phase != PHASE_NONE &&
		    visit->row.phase != PHASE_PREPARED)
			call->save = save_state;
		break;
	default:
		break;
	}
}

int
visit_fill(struct visit *visit, struct err *err)
{
	enum verb verb = visit->call.verb;

	free(visit->state);
	visit->state = state_new(visit->action);
	visit->call.state = visit->state;
	visit->call.state_version = visit->action->state_version;
	if (verb == VERB_PREPARE || verb == VERB_QUERY)
		return 0;
	if (load_state_json(visit, err) == -1)
		return -1;
	visit->call.state_version = (unsigned int)visit->state_version;
	if (state_from_json(visit->action, visit->state_json, visit->state, err) == 0)
		return 0;
	if (visit->row.phase == PHASE_NONE)
		return -1;
	err->code = ERR_INTERNAL;
	return err_wrap(err, "stored state of version %lld, and version %u is known",
	    (long long)visit->state_version, visit->action->state_version);
}

int
visit_run(struct visit *visit)
{
	struct json_object *json;
	struct err err;
	int result;

	visit->ran = true;
	set_keeper(visit);
	result = call_run(&visit->call);
	visit->lock_lost = lock_lost(&visit->session->lock);
	if (visit->lock_lost)
		visit->known = false;
	if (visit->call.verb == VERB_QUERY)
		return result;
	json = state_to_json(visit->action, visit->state, visit->state_json, &err);
	if (json != NULL && visit->worker.there && visit->call.verb == VERB_STATUS) {
		/* The worker alone changes it. */
		json_object_put(json);
	} else if (json == NULL) {
		/* What was last saved stays. What stop() has undone, nobody needs it for. */
		call_unreported(&visit->call, "The state cannot be saved", err.msg);
		if (visit->state_json == NULL)
			visit->state_json = json_new_object();
		result = visit->call.error == NULL ? 0 : -1;
	} else {
		json_object_put(visit->state_json);
		visit->state_json = json;
		visit->state_version = written_version(visit);
	}
	visit->state_text = json_text(visit->state_json, NULL);
	return result;
}

struct json_object *
visit_told_state(const struct visit *visit, struct json_object *state)
{
	struct json_object *told;

	if (visit->action->work == NULL && !state_has_local(visit->action->state.fields))
		return json_object_get(state);
	told = state_without_local(visit->action->state.fields, state);
	if (visit->action->work != NULL)
		json_add_int(told, OUTBOX_MEMBER, visit->told);
	return told;
}

struct json_object *
visit_reply(struct visit *visit, bool with_state)
{
	struct json_object *reply = json_new_object();

	if (with_state)
		json_add(reply, "state", visit_told_state(visit, visit->state_json));
	json_object_put(visit->error);
	visit->error = json_object_get(visit->call.error);
	call_reply(&visit->call, reply);
	return reply;
}

struct json_object *
visit_error(struct visit *visit, struct err *err)
{
	struct json_object *error = visit->call.error;
	const char *detail;
	char *text;

	if (err->code == ERR_HANDLER)
		return error;
	if (error == NULL)
		error = visit->error;
	if (!visit->ran || error == NULL)
		return NULL;
	detail = json_member_string(error, "detail");
	if (asprintf(&text, "%s%sThis could not be recorded: %s", detail == NULL ? "" : detail,
	    detail == NULL ? "" : ". ", err->msg) == -1)
		log_out_of_memory();
	json_add_string(error, "detail", text);
	free(text);
	call_error_text(error, err->msg, sizeof(err->msg));
	return error;
}

bool
visit_death(const struct visit *visit, enum verb verb, char ret_text[VISIT_DEATH_BYTES])
{
	char *handler = call_handler(verb, visit->action, visit->id);
	char how[PROCESS_END_BYTES];
	bool known = scoreboard_how(visit->session->scoreboard, handler, how);

	if (known)
		snprintf(ret_text, VISIT_DEATH_BYTES, "%.*s %s", (int)strcspn(handler, " "),
		    handler, how);
	free(handler);
	return known;
}

char *
visit_text(struct json_object *reply)
{
	char *text = NULL;

	text_set(&text, json_text(reply, NULL));
	json_object_put(reply);
	return text;
}

struct json_object *
visit_stopped_reply(const struct execution *row)
{
	struct json_object *reply = json_new_object();
	char *title = execution_stopped_title(row);

	json_add(reply, "error", call_error_json(title, NULL, "errored"));
	free(title);
	return reply;
}
