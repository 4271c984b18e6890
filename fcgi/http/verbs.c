/*
 * verbs.c: a call of the protocol: body, JSON, calls_answer(), which persists.
 */
#include "config.h"

#include "fcgi/http/verbs.h"

#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/uuid_text.h"
#include "core/calls/calls.h"
#include "core/calls/incoming.h"
#include "fcgi/http/body.h"
#include "fcgi/http/multipart.h"
#include "fcgi/http/upload.h"

/* How often a request may end the process that handles it. */
#define TRIES_MAX 2

/* The JSON of a request, owned; files go to incoming. 0, or -1. */
static int
read_body(struct responder *responder, const struct request *request, enum verb verb,
    FCGX_Stream *in, struct incoming *incoming, char **ret_body, size_t *ret_length,
    struct err *err)
{
	const struct options *options = responder->site->options;

	if (verb == VERB_PREPARE && multipart_is_type(request->content_type))
		return upload_read(request, options, in, responder->slot, incoming,
		    ret_body, ret_length, err);
	return body_read(request, options, in, responder->slot, ret_body, ret_length, err);
}

/* The body as an object, owned; NULL and err. */
static struct json_object *
read_object(struct responder *responder, const struct request *request, enum verb verb,
    FCGX_Stream *in, struct incoming *incoming, struct err *err)
{
	struct json_object *object = NULL;
	size_t length;
	char *body;
	int parsed;

	if (read_body(responder, request, verb, in, incoming, &body, &length, err) == -1)
		return NULL;
	parsed = json_parse(body, length, &object, err);
	free(body);
	if (parsed == -1) {
		err_wrap(err, "body");
		return NULL;
	}
	if (!json_object_is_type(object, json_type_object)) {
		err_set(err, ERR_REQUEST, "body: must be an object, not %s",
		    json_type_to_name(json_object_get_type(object)));
		json_object_put(object);
		return NULL;
	}
	return object;
}

/* For the log and the scoreboard; what is no id is refused later, with a message. */
static void
note_execution(struct verb_call *call, struct json_object *object)
{
	const char *id = json_member_string(object, "executionId");

	if (id != NULL)
		(void)uuid_text_parse(id, call->execution);
}

/* The smaller one of what the operator and the client allow, from now. */
static int64_t
deadline(const struct options *options, const struct request *request, enum verb verb)
{
	int64_t timeout_ms = verb == VERB_STOP ? options->stop_timeout_ms :
	    options->handler_timeout_ms;

	if (request->timeout_ms != 0 && request->timeout_ms < timeout_ms)
		timeout_ms = request->timeout_ms;
	return clock_boot_ms() + timeout_ms;
}

/*
 * nginx sends a request again whose process died: right where that was chance, and a way to
 * lose all responders where the handler is to blame. After start() and stop() the execution's
 * phase says what has happened; the others have left no trace.
 */
static int
check_deaths(const struct responder *responder, enum verb verb, struct err *err)
{
	if (verb == VERB_START || verb == VERB_STOP ||
	    scoreboard_deaths(responder->site->scoreboard, responder->slot) < TRIES_MAX)
		return 0;
	return err_set(err, ERR_HANDLER, "%s() ended the process that ran it, or was killed "
	    "because it took too long", verb_name(verb));
}

static int
answer(struct responder *responder, const struct request *request, FCGX_Stream *in,
    struct incoming *incoming, struct verb_call *call, struct reply *ret_reply,
    struct err *err)
{
	const struct route *route = call->route;
	struct json_object *object;
	int64_t deadline_ms;
	char *text;
	int result;

	if (check_deaths(responder, route->verb, err) == -1)
		return -1;
	object = read_object(responder, request, route->verb, in, incoming, err);
	if (object == NULL)
		return -1;
	note_execution(call, object);
	deadline_ms = deadline(responder->site->options, request, route->verb);
	scoreboard_busy(responder->slot, deadline_ms, "%s %s", verb_name(route->verb),
	    call->execution);
	result = calls_answer(&responder->session, route->verb, route->action, object,
	    incoming, deadline_ms, &text, &call->error, err);
	json_object_put(object);
	if (result == -1)
		return -1;
	reply_take(ret_reply, 200, text);
	return 0;
}

int
verb_answer(struct responder *responder, const struct request *request, FCGX_Stream *in,
    struct verb_call *call, struct reply *ret_reply, struct err *err)
{
	struct incoming incoming;
	int result;

	incoming_init(&incoming, responder->site->options, call->route->action->parameters);
	result = answer(responder, request, in, &incoming, call, ret_reply, err);
	incoming_done(&incoming);
	return result;
}
