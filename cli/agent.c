/*
 * agent.c: drives an execution over HTTP, as an agent does.
 */
#include "config.h"

#include "cli/agent.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <uuid/uuid.h>

#include "core/clock.h"
#include "core/duration.h"

#define AGENT_TICK_MS 100
#define AGENT_INTERVAL_MS 5000		/* where the description names none */
#define AGENT_INTERVAL_MIN_MS 100
/* Looking and stopping may be repeated: a server may be just starting anew. */
#define AGENT_STATUS_TRIES 3
#define AGENT_STOP_TRIES 5
#define AGENT_PAUSE_S 1
#define AGENT_PAUSE_MAX_S 10
#define AGENT_METHOD_BYTES 16
#define AGENT_TEXT_BYTES 256
#define NS_PER_MS 1000000L
#define MS_PER_S 1000
#define INTERRUPTS_LEAVE 2

#define HTTP_OK 200L
#define HTTP_BAD_REQUEST 400L
#define HTTP_UNPROCESSABLE 422L
#define HTTP_BAD_GATEWAY 502L
#define HTTP_UNAVAILABLE 503L

static volatile sig_atomic_t interrupts;

static void
on_signal(int number)
{
	(void)number;
	if (interrupts < INTERRUPTS_LEAVE)
		interrupts++;
}

void
agent_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* One signal ends what changes nothing yet; what may have changed something is stopped first. */
static bool
go_on(void *context, int64_t sent_bytes, int64_t total_bytes)
{
	struct agent *agent = context;

	agent->report.sent_bytes = sent_bytes;
	agent->report.total_bytes = agent->uploading && agent->file_count > 0 ?
	    total_bytes : 0;
	report_progress(&agent->report);
	return interrupts < (agent->prepared ? INTERRUPTS_LEAVE : 1);
}

static struct json_object *
make_error(const char *title, const char *detail, const char *status)
{
	struct json_object *error = json_new_object();

	json_add_string(error, "title", title);
	json_add_string(error, "detail", detail);
	json_add_string(error, "status", status);
	return error;
}

/* Takes the error. The worst of all decides. */
static void
fail(struct agent *agent, struct json_object *error)
{
	const char *status = json_member_string(error, "status");
	enum outcome outcome = status != NULL && strcmp(status, "failed") == 0 ?
	    OUTCOME_FAILED : OUTCOME_ERRORED;
	const char *detail = json_member_string(error, "detail");
	const char *title = json_member_string(error, "title");

	if (outcome > agent->outcome)
		agent->outcome = outcome;
	/* After a stop by the extension, status and stop say the same. */
	if (agent->error == NULL || !json_object_equal(agent->error, error))
		report_say(&agent->report, "error", "%s%s%s",
		    title == NULL ? "error" : title, detail == NULL ? "" : ": ",
		    detail == NULL ? "" : detail);
	if (agent->error == NULL)
		agent->error = error;
	else
		json_object_put(error);
}

static void
pause_ms(int64_t ms)
{
	struct timespec pause = {
		.tv_sec = (time_t)(ms / MS_PER_S), .tv_nsec = (long)(ms % MS_PER_S) * NS_PER_MS
	};

	nanosleep(&pause, NULL);
}

/* What a reply that is no success says of itself; the error, owned. */
static struct json_object *
reply_error(const char *what, const struct http_reply *reply)
{
	struct json_object *body = NULL, *error;
	char title[AGENT_TEXT_BYTES];
	struct err unused;
	const char *said;

	if (reply->body != NULL)
		json_parse(reply->body, reply->length, &body, &unused);
	said = json_member_string(body, "title");
	snprintf(title, sizeof(title), "%s: HTTP %ld%s%s", what, reply->status,
	    said == NULL ? "" : ": ", said == NULL ? "" : said);
	error = make_error(title, json_member_string(body, "detail"),
	    json_member_string(body, "status"));
	json_object_put(body);
	return error;
}

/* One call of an endpoint; its result, owned, or NULL and the error, owned. */
static struct json_object *
call_once(struct agent *agent, const char *what, struct json_object *endpoint,
    const char *preset_method, struct json_object *body, struct json_object **ret_error)
{
	const char *path = json_member_string(endpoint, "path");
	const char *named = json_member_string(endpoint, "method");
	size_t files = agent->uploading ? agent->file_count : 0, i;
	char method[AGENT_METHOD_BYTES];
	struct json_object *result = NULL;
	struct http_reply reply;
	struct err err;

	snprintf(method, sizeof(method), "%s", named == NULL ? preset_method : named);
	for (i = 0; method[i] != '\0'; i++)
		method[i] = (char)toupper((unsigned char)method[i]);
	agent->status = 0;
	agent->retry_after_s = 0;
	if (http_call(&agent->http, method, path == NULL ? "/" : path, body, agent->files,
	    files, &reply, &err) == -1) {
		*ret_error = make_error(what, err.msg, "errored");
		return NULL;
	}
	agent->status = reply.status;
	agent->retry_after_s = reply.retry_after_s;
	if (reply.status != HTTP_OK) {
		*ret_error = reply_error(what, &reply);
	} else if (json_parse(reply.body == NULL ? "" : reply.body, reply.length, &result,
	    &err) == -1) {
		*ret_error = make_error(what, err.msg, "errored");
	} else if (!json_object_is_type(result, json_type_object)) {
		json_object_put(result);
		result = NULL;
		*ret_error = make_error(what, "the reply is no JSON object", "errored");
	}
	http_reply_done(&reply);
	return result;
}

static bool
may_be_repeated(const struct agent *agent)
{
	return agent->status == 0 || agent->status == HTTP_BAD_GATEWAY ||
	    agent->status == HTTP_UNAVAILABLE;
}

/* The same with repetitions; takes the body. */
static struct json_object *
call(struct agent *agent, const char *what, struct json_object *endpoint,
    struct json_object *body, int tries, struct json_object **ret_error)
{
	struct json_object *result;
	int64_t wait_s;

	for (;;) {
		result = call_once(agent, what, endpoint, "POST", body, ret_error);
		if (result != NULL || --tries <= 0 || !may_be_repeated(agent) ||
		    interrupts >= INTERRUPTS_LEAVE)
			break;
		json_object_put(*ret_error);
		wait_s = agent->retry_after_s == 0 ? AGENT_PAUSE_S : agent->retry_after_s;
		pause_ms(MS_PER_S * (wait_s > AGENT_PAUSE_MAX_S ? AGENT_PAUSE_MAX_S : wait_s));
	}
	json_object_put(body);
	return result;
}

static struct json_object *
describe(struct agent *agent, struct json_object *reference, struct err *err)
{
	struct json_object *error = NULL, *description;

	description = call_once(agent, "describe", reference, "GET", NULL, &error);
	if (description == NULL) {
		err_set(err, ERR_INTERNAL, "%s: %s", json_member_string(error, "title"),
		    json_member_string(error, "detail") == NULL ? "failed" :
		    json_member_string(error, "detail"));
		json_object_put(error);
	}
	return description;
}

/* Looks into those whose path ends with the id, or into all others. 0, 1 or -1. */
static int
find_in(struct agent *agent, struct json_object *list, const char *id, bool by_path,
    struct err *err)
{
	size_t i, length, id_length = strlen(id);
	struct json_object *reference, *description;
	const char *path, *found;
	bool matches;

	for (i = 0; i < json_object_array_length(list); i++) {
		reference = json_object_array_get_idx(list, i);
		path = json_member_string(reference, "path");
		length = path == NULL ? 0 : strlen(path);
		matches = length > id_length && path[length - id_length - 1] == '/' &&
		    strcmp(path + length - id_length, id) == 0;
		if (path == NULL || matches != by_path)
			continue;
		description = describe(agent, reference, err);
		if (description == NULL)
			return -1;
		found = json_member_string(description, "id");
		if (found != NULL && strcmp(found, id) == 0) {
			agent->description = description;
			return 0;
		}
		json_object_put(description);
	}
	return 1;
}

int
agent_find(struct agent *agent, const char *id, struct err *err)
{
	struct json_object *root = json_new_object(), *index, *list;
	int result = 1;
	uuid_t uuid;

	uuid_generate(uuid);
	uuid_unparse_lower(uuid, agent->id);
	agent->http.go_on = go_on;
	agent->http.context = agent;
	json_add_string(root, "path", "/");
	index = describe(agent, root, err);
	json_object_put(root);
	if (index == NULL)
		return -1;
	list = json_member(index, "actions");
	if (!json_object_is_type(list, json_type_array))
		result = err_set(err, ERR_INTERNAL, "list: this is no list of actions");
	if (result == 1)
		result = find_in(agent, list, id, true, err);
	if (result == 1)
		result = find_in(agent, list, id, false, err);
	json_object_put(index);
	return result;
}

static struct json_object *
new_body(const struct agent *agent)
{
	struct json_object *body = json_new_object();

	json_add_string(body, "executionId", agent->id);
	return body;
}

static struct json_object *
body_with_state(const struct agent *agent)
{
	struct json_object *body = new_body(agent);

	json_add(body, "state", agent->state == NULL ? json_new_object() :
	    json_object_get(agent->state));
	return body;
}

/* Takes a result, or else its error. Returns 0, or -1 if it has an error in it. */
static int
take(struct agent *agent, struct json_object *result, struct json_object *error)
{
	struct json_object *state = json_member(result, "state");

	if (result != NULL) {
		report_result(&agent->report, result);
		error = json_object_get(json_member(result, "error"));
		if (state != NULL) {
			json_object_put(agent->state);
			agent->state = json_object_get(state);
		}
		json_object_put(result);
	}
	if (error == NULL)
		return 0;
	fail(agent, error);
	return -1;
}

/* What a failed prepare() leaves behind is nothing; without a reply that is not known. */
static int
prepare(struct agent *agent)
{
	struct json_object *body = new_body(agent), *result, *error = NULL;

	agent->report.phase = "preparing";
	agent->prepared = true;
	agent->uploading = true;
	json_add(body, "config", json_object_get(agent->config));
	json_add(body, "properties", json_new_object());
	if (agent->target != NULL)
		json_add(body, "target", json_object_get(agent->target));
	result = call(agent, "prepare", json_member(agent->description, "prepare"), body, 1,
	    &error);
	agent->uploading = false;
	if (take(agent, result, error) == 0)
		return 0;
	agent->prepared = agent->status == 0;
	if (agent->status == HTTP_BAD_REQUEST || agent->status == HTTP_UNPROCESSABLE)
		agent->outcome = OUTCOME_USAGE;
	return -1;
}

static int
start(struct agent *agent)
{
	struct json_object *result, *error = NULL;

	agent->report.phase = "starting";
	result = call(agent, "start", json_member(agent->description, "start"),
	    body_with_state(agent), 1, &error);
	agent->report.start_ms = clock_boot_ms();
	return take(agent, result, error);
}

/* Returns whether the action goes on. */
static bool
poll_status(struct agent *agent)
{
	struct json_object *result, *error = NULL;
	bool completed;

	result = call(agent, "status", json_member(agent->description, "status"),
	    body_with_state(agent), AGENT_STATUS_TRIES, &error);
	completed = json_object_get_boolean(json_member(result, "completed")) != 0;
	return take(agent, result, error) == 0 && !completed;
}

/* Metrics that cannot be had are no failure of the action. Said once. */
static void
query_metrics(struct agent *agent, struct json_object *endpoint)
{
	struct json_object *body = new_body(agent), *result, *error = NULL;
	char now[CLOCK_RFC3339_BYTES];

	clock_rfc3339(clock_wall_ms(), now);
	json_add_string(body, "timestamp", now);
	json_add(body, "config", json_object_get(agent->query_config));
	if (agent->target != NULL)
		json_add(body, "target", json_object_get(agent->target));
	result = call(agent, "query", endpoint, body, 1, &error);
	if (result != NULL)
		report_result(&agent->report, result);
	if (error == NULL)
		error = json_object_get(json_member(result, "error"));
	if (error != NULL && !agent->metrics_failed)
		report_say(&agent->report, "warn", "metrics: %s",
		    json_member_string(error, "title"));
	agent->metrics_failed = agent->metrics_failed || error != NULL;
	json_object_put(error);
	json_object_put(result);
}

static int64_t
interval_of(struct json_object *endpoint)
{
	const char *text = json_member_string(endpoint, "callInterval");
	int64_t ms = AGENT_INTERVAL_MS;

	if (text != NULL && duration_parse(text, &ms) == -1)
		ms = AGENT_INTERVAL_MS;
	return ms < AGENT_INTERVAL_MIN_MS ? AGENT_INTERVAL_MIN_MS : ms;
}

/* What is external is over after its duration, what is internal when its status says so. */
static void
follow(struct agent *agent)
{
	struct json_object *status = json_member(agent->description, "status");
	struct json_object *query = json_member(json_member(json_member(agent->description,
	    "metrics"), "query"), "endpoint");
	int64_t now_ms = clock_boot_ms();
	int64_t end_ms = agent->report.duration_ms > 0 ?
	    agent->report.start_ms + agent->report.duration_ms : INT64_MAX;
	int64_t status_ms = status == NULL ? INT64_MAX : now_ms + interval_of(status);
	int64_t query_ms = query == NULL ? INT64_MAX : now_ms, next_ms;

	agent->report.phase = "running";
	if (status == NULL && end_ms == INT64_MAX)
		return;
	for (; interrupts == 0 && now_ms < end_ms; now_ms = clock_boot_ms()) {
		if (now_ms >= query_ms) {
			query_metrics(agent, query);
			query_ms = clock_boot_ms() + interval_of(query);
		}
		if (now_ms >= status_ms) {
			if (!poll_status(agent))
				return;
			status_ms = clock_boot_ms() + interval_of(status);
		}
		report_progress(&agent->report);
		next_ms = status_ms < query_ms ? status_ms : query_ms;
		next_ms = (end_ms < next_ms ? end_ms : next_ms) - clock_boot_ms();
		if (next_ms > 0)
			pause_ms(next_ms < AGENT_TICK_MS ? next_ms : AGENT_TICK_MS);
	}
}

static void
stop(struct agent *agent)
{
	struct json_object *endpoint = json_member(agent->description, "stop");
	struct json_object *result, *error = NULL;

	if (!agent->prepared || endpoint == NULL)
		return;
	agent->report.phase = "stopping";
	if (interrupts == 1)
		report_say(&agent->report, "warn",
		    "interrupted: stopping; once more leaves it to the server");
	if (interrupts < INTERRUPTS_LEAVE) {
		result = call(agent, "stop", endpoint, body_with_state(agent),
		    AGENT_STOP_TRIES, &error);
		if (interrupts < INTERRUPTS_LEAVE || result != NULL) {
			take(agent, result, error);
			return;
		}
		json_object_put(error);
	}
	report_say(&agent->report, "warn",
	    "interrupted again: the server stops it when it misses its heartbeat");
}

void
agent_run(struct agent *agent)
{
	if (prepare(agent) == 0 && interrupts == 0 && start(agent) == 0)
		follow(agent);
	stop(agent);
	if (interrupts > 0 && agent->outcome == OUTCOME_PASSED)
		agent->outcome = OUTCOME_INTERRUPTED;
}

void
agent_done(struct agent *agent)
{
	json_object_put(agent->description);
	json_object_put(agent->config);
	json_object_put(agent->query_config);
	json_object_put(agent->target);
	json_object_put(agent->state);
	json_object_put(agent->error);
	report_done(&agent->report);
	http_close(&agent->http);
}
