/*
 * calls.c: checks what every call's request has, and hands it to the file of its verb.
 */
#include "config.h"

#include "core/calls/calls.h"

#include "core/base/text.h"
#include "core/calls/calls_internal.h"
#include "core/calls/visit.h"
#include "core/store/outbox.h"

/* Up to where the agent was told what a worker has told: it is no part of the action's state. */
static void
take_told(struct visit *visit)
{
	struct json_object *state = json_member(visit->request, "state");
	struct json_object *told = json_member(state, OUTBOX_MEMBER);

	visit->told_known = json_whole(told, &visit->told) == 0;
	if (told != NULL)
		json_object_object_del(state, OUTBOX_MEMBER);
}

/* Checks the members that every call has. */
static int
read_request(struct visit *visit, struct err *err)
{
	struct json_object *member;
	static const char *const objects[] = {
		"config", "state", "target", "executionContext", "properties"
	};

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		member = json_member(visit->request, objects[i]);
		if (member != NULL && !json_object_is_type(member, json_type_object))
			return err_set(err, ERR_REQUEST, "%s: must be an object",
			    objects[i]);
	}
	if (visit->action->work != NULL)
		take_told(visit);
	return 0;
}

int
calls_answer(struct session *session, enum verb verb, const struct ak_action *action,
    const char *execution, struct json_object *request, struct incoming *incoming,
    int64_t deadline_ms, char **ret_reply, char **ret_error, struct err *err)
{
	static int (*const calls[VERB_COUNT])(struct visit *, char **, struct err *) = {
		[VERB_PREPARE] = prepare_visit,
		[VERB_START] = start_visit,
		[VERB_STATUS] = status_visit,
		[VERB_STOP] = stop_visit,
		[VERB_QUERY] = query_visit
	};
	struct visit visit = {
		.session = session, .action = action, .id = execution, .request = request,
		.incoming = incoming, .deadline_ms = deadline_ms,
		.call = {
			.action = action, .verb = verb, .execution = execution,
			.deadline_ms = deadline_ms
		}
	};
	struct json_object *error;
	int result;

	*ret_error = NULL;
	result = read_request(&visit, err);
	if (result == 0)
		result = calls[verb](&visit, ret_reply, err);
	if (result == -1 && (error = visit_error(&visit, err)) != NULL)
		text_set(ret_error, json_text(error, NULL));
	if (result == 0)
		call_error_text(visit.error, err->msg, sizeof(err->msg));
	visit_end(&visit);
	session_settle(session, result, err);
	return result;
}
