/*
 * calls.c: the calls of a test, as an agent makes them. They persist what core/calls persists.
 */
#include "config.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/base/descriptors.h"
#include "core/base/text.h"
#include "core/calls/attempt.h"
#include "core/calls/calls.h"
#include "core/calls/incoming.h"
#include "core/calls/visit.h"
#include "fcgi/http/reply.h"
#include "kit/kit.h"

#define BY_TEST "stopped by the test"

/* JSON of an author, an object, owned; NULL is an empty one. */
static struct json_object *
read_object(const char *function, const char *name, const char *text)
{
	struct json_object *object = NULL;
	struct err err;

	if (text == NULL)
		return json_new_object();
	if (json_parse(text, strlen(text), &object, &err) == -1)
		kit_misuse(function, "%s: %s", name, err.msg);
	if (!json_object_is_type(object, json_type_object))
		kit_misuse(function, "%s: must be a JSON object", name);
	return object;
}

struct kit_answer
kit_fail(const struct err *err)
{
	struct reply reply;

	reply_error(&reply, err);
	return (struct kit_answer){ .result = -1, .text = reply.owned };
}

static int64_t
deadline_of(const struct ak_test *test, enum verb verb)
{
	return clock_boot_ms() + (verb == VERB_STOP ? test->options.stop_timeout_ms :
	    test->options.handler_timeout_ms);
}

/* Nobody waits for a reaper here: another attempt is made as the reaper makes it. */
static int
stop_again(struct ak_test *test, const struct ak_action *action, char **ret_text,
    struct err *err)
{
	struct session *session = &test->session;
	int64_t deadline_ms = deadline_of(test, VERB_STOP);
	struct visit visit = {
		.session = session, .action = action, .id = test->execution,
		.deadline_ms = deadline_ms, .patience_ms = ATTEMPT_PATIENCE_MS,
		.call = {
			.action = action, .verb = VERB_STOP, .execution = test->execution,
			.deadline_ms = deadline_ms
		}
	};
	int result = lock_take(&session->lock, test->execution, deadline_ms, err);

	if (result == 1)
		result = visit_worked_on(&visit, err);
	if (result == 0)
		result = attempt_run(&visit, STOP_BY_AGENT, BY_TEST, false, err);
	if (result == 0)
		text_set(ret_text, visit.row.stop_result == NULL ? "{}" : visit.row.stop_result);
	else if (err->code == ERR_HANDLER && visit.call.error != NULL)
		text_set(ret_text, json_text(visit.call.error, NULL));
	visit_end(&visit);
	session_settle(session, result, err);
	return result;
}

struct kit_answer
kit_ask(struct ak_test *test, const struct ak_action *action, enum verb verb,
    struct json_object *request)
{
	struct kit_answer answer = { .result = -1 };
	char *reply = NULL, *error = NULL;
	struct incoming incoming;
	struct err err;

	incoming_init(&incoming, &test->options, action->parameters);
	if (verb == VERB_STOP && test->phase == PHASE_STOPPING)
		answer.result = stop_again(test, action, &reply, &err);
	else
		answer.result = calls_answer(&test->session, verb, action, test->execution,
		    request, &incoming, deadline_of(test, verb), &reply, &error, &err);
	incoming_done(&incoming);
	answer.text = reply != NULL ? reply : error;
	if (answer.text == NULL)
		answer = kit_fail(&err);
	/* A process of the server would end now. */
	if (descriptors_lost()) {
		kit_close(test);
		kit_open(test);
	}
	return answer;
}

static int
call(struct ak_test *test, enum verb verb, struct json_object *request)
{
	struct kit_answer answer;

	json_add_string(request, "executionId", test->execution);
	if (test->dies_at != KIT_LIVES)
		answer = kit_die(test, verb, request, 0);
	else
		answer = kit_ask(test, test->action, verb, request);
	json_object_put(request);
	return kit_take(test, answer);
}

/* What an agent sends with start, status and stop. */
static int
call_with_state(struct ak_test *test, const char *function, enum verb verb)
{
	struct json_object *request, *state = test->agent_state;

	if (!test->prepared)
		kit_misuse(function, "before an ak_test_prepare() that has succeeded");
	if (verb == VERB_STATUS && !description_has(test->action, VERB_STATUS))
		kit_misuse(function, "the action has no status: an agent does not ask for it");
	if (verb == VERB_STOP && !description_has(test->action, VERB_STOP))
		kit_misuse(function, "the action has no stop: an agent does not ask for it");
	request = json_new_object();
	/* The call changes it. */
	if (state != NULL)
		json_add(request, "state", read_object(function, "state", json_text(state, NULL)));
	return call(test, verb, request);
}

static struct json_object *
asked(const char *function, const char *config, const char *target)
{
	struct json_object *request = json_new_object();

	json_add(request, "config", read_object(function, "config", config));
	if (target != NULL)
		json_add(request, "target", read_object(function, "target", target));
	return request;
}

int
ak_test_prepare(struct ak_test *test, const char *config, const char *target)
{
	int result = call(test, VERB_PREPARE, asked(__func__, config, target));

	test->prepared = test->prepared || result == 0;
	return result;
}

int
ak_test_start(struct ak_test *test)
{
	int result = call_with_state(test, __func__, VERB_START);

	kit_look_for_worker(test);
	return result;
}

int
ak_test_status(struct ak_test *test)
{
	return call_with_state(test, __func__, VERB_STATUS);
}

int
ak_test_stop(struct ak_test *test)
{
	int result;

	kit_end_worker(test);
	result = call_with_state(test, __func__, VERB_STOP);
	/* Its error is the verdict then. */
	return result == -1 && test->phase == PHASE_STOPPED ? 0 : result;
}

int
ak_test_query(struct ak_test *test, const char *config, const char *target)
{
	if (test->action->query_metrics == NULL)
		kit_misuse(__func__, "the action has no query_metrics()");
	return call(test, VERB_QUERY, asked(__func__, config, target));
}
