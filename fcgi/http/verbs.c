/*
 * verbs.c: a call of the protocol: body, JSON, calls_answer(), which persists.
 */
#include "config.h"

#include "fcgi/http/verbs.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/action/call.h"
#include "core/base/json.h"
#include "core/base/uuid_text.h"
#include "core/calls/calls.h"
#include "core/calls/incoming.h"
#include "fcgi/http/body.h"
#include "fcgi/http/front.h"
#include "fcgi/http/http_err.h"
#include "fcgi/http/multipart.h"
#include "fcgi/http/upload.h"

/* How often a request may end the process that handles it. */
#define TRIES_MAX 2
#define ENCODING_SHOWN_BYTES 100
#define NAME_BYTES 32

/* The JSON of a request, owned; files go to incoming. 0, or -1. */
static int
read_body(const struct body *body, enum verb verb, struct incoming *incoming,
    char **ret_text, size_t *ret_length, struct err *err)
{
	const char *encoding = body->request->content_encoding;

	if (encoding != NULL && strcasecmp(encoding, "identity") != 0)
		return err_set(err, HTTP_ERR_MEDIA_TYPE, "Content-Encoding: %.*s is not "
		    "understood: send the body as it is", ENCODING_SHOWN_BYTES, encoding);
	if (verb == VERB_PREPARE && multipart_is_type(body->request->content_type))
		return upload_read(body, incoming, ret_text, ret_length, err);
	return body_read(body, ret_text, ret_length, err);
}

/* The body as an object, owned; NULL and err. */
static struct json_object *
read_object(const struct body *body, enum verb verb, struct incoming *incoming,
    struct err *err)
{
	struct json_object *object = NULL;
	size_t length;
	char *text;
	int parsed;

	if (read_body(body, verb, incoming, &text, &length, err) == -1)
		return NULL;
	parsed = json_parse_within(text, length, body->options->max_values, &object, err);
	free(text);
	if (parsed == -1) {
		err_wrap(err, err->code == ERR_TOO_LARGE ? "body (--max-values)" : "body");
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

/* Which execution is called; ret_execution stays empty where that is not said. */
static int
read_execution(struct json_object *object, char ret_execution[UUID_TEXT_BYTES],
    struct err *err)
{
	const char *id = json_member_string(object, "executionId");

	if (json_member(object, "executionId") == NULL)
		return err_set(err, ERR_REQUEST, "executionId: missing");
	if (id == NULL)
		return err_set(err, ERR_REQUEST, "executionId: must be a string");
	switch (uuid_text_parse(id, ret_execution)) {
	case 0:
		return 0;
	case 1:
		return err_set(err, ERR_REQUEST, "executionId: must not be the nil UUID");
	default:
		return err_set(err, ERR_REQUEST, "executionId: not a UUID");
	}
}

/*
 * nginx sends a request again whose process died: right where that was chance, and a way to
 * lose all responders where the handler is to blame.
 */
int
verb_check_deaths(const struct responder *responder, const char *handler, struct err *err)
{
	if (scoreboard_deaths(responder->site->scoreboard, responder->slot) < TRIES_MAX)
		return 0;
	return err_set(err, ERR_HANDLER, "%s() ended the process that ran it, or was killed "
	    "because it took too long", handler);
}

/* The same, with words for how it ended them. */
static int
check_deaths(struct responder *responder, const char *handler, struct err *err)
{
	int length = (int)strcspn(handler, " ") - (int)strlen("()");
	char how[PROCESS_END_BYTES], name[NAME_BYTES];

	snprintf(name, sizeof(name), "%.*s", length, handler);
	if (verb_check_deaths(responder, name, err) == 0)
		return 0;
	if (!scoreboard_how(responder->site->scoreboard, handler, how))
		return -1;
	return err_set(err, ERR_HANDLER, "%s() %s", name, how);
}

/*
 * After start() and stop() the execution's phase says what has happened; the others have left
 * no trace.
 */
static bool
leaves_no_trace(enum verb verb)
{
	return verb != VERB_START && verb != VERB_STOP;
}

static int
run_call(struct responder *responder, const struct request *request,
    struct json_object *object, struct incoming *incoming, struct verb_call *call,
    struct reply *ret_reply, struct err *err)
{
	const struct options *options = &responder->site->options->core;
	const struct route *route = call->route;
	int64_t deadline_ms;
	char *text, *handler;
	int result = -1;

	if (read_execution(object, call->execution, err) == -1)
		return -1;
	call->about = (struct log_subject){
		.execution = call->execution, .action = route->action->id,
		.verb = verb_name(route->verb)
	};
	log_subject(&call->about);
	deadline_ms = request_deadline(request, route->verb == VERB_STOP ?
	    options->stop_timeout_ms : options->handler_timeout_ms);
	scoreboard_busy(responder->slot, deadline_ms, "%s %s", verb_name(route->verb),
	    call->execution);
	handler = call_handler(route->verb, route->action, call->execution);
	if (!leaves_no_trace(route->verb) || check_deaths(responder, handler, err) == 0) {
		scoreboard_handler(responder->slot, handler);
		result = calls_answer(&responder->session, route->verb, route->action,
		    call->execution, object, incoming, deadline_ms, &text, &call->error, err);
		scoreboard_handler(responder->slot, NULL);
	}
	free(handler);
	if (result == -1)
		return -1;
	reply_take(ret_reply, 200, text);
	return 0;
}

int
verb_answer(struct responder *responder, const struct body *body,
    struct verb_call *call, struct reply *ret_reply, struct err *err)
{
	const struct route *route = call->route;
	struct json_object *object = NULL;
	struct incoming incoming;
	int result = -1;

	incoming_init(&incoming, &responder->site->options->core, route->action->parameters);
	object = read_object(body, route->verb, &incoming, err);
	if (object != NULL && route->verb == VERB_PREPARE)
		front_restrict(body->request, object);
	if (object != NULL)
		result = run_call(responder, body->request, object, &incoming, call,
		    ret_reply, err);
	json_object_put(object);
	incoming_done(&incoming);
	return result;
}
