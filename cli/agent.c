/*
 * agent.c: the life of an execution, as an agent leads it.
 */
#include "config.h"

#include "cli/agent.h"

#include <string.h>

#include "cli/agent_internal.h"
#include "core/base/clock.h"
#include "core/base/duration.h"

#define AGENT_TICK_MS 100
#define AGENT_INTERVAL_MS 5000		/* where the description names none */
#define AGENT_INTERVAL_MIN_MS 100
#define AGENT_INTERVAL_MAX_MS (60 * 60 * CLOCK_MS_PER_S)
#define AGENT_TITLE_BYTES 128
/* Looking and stopping may be repeated: a server may be just starting anew. */
#define AGENT_STATUS_TRIES 3
#define AGENT_STOP_TRIES 5

#define HTTP_BAD_REQUEST 400L
#define HTTP_UNPROCESSABLE 422L

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
		report_say(&agent->report, "error", "%s%s%s", title, detail == NULL ? "" : ": ",
		    detail == NULL ? "" : detail);
	if (agent->error == NULL)
		agent->error = error;
	else
		json_object_put(error);
}

/* Takes an error of an extension, and gives it a title where it has none. */
static struct json_object *
with_title(struct json_object *error)
{
	struct json_object *titled;

	if (json_member_string(error, "title") != NULL)
		return error;
	titled = agent_error("the reply has an error without a title", json_string(error) != NULL ?
	    json_string(error) : json_member_string(error, "detail"),
	    json_member_string(error, "status"));
	json_object_put(error);
	return titled;
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
	error = with_title(error);
	/* What was cut short has not failed. */
	if (agent->status == 0 && !agent->stopping && agent_gives_up(agent))
		json_object_put(error);
	else
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
	result = agent_call(agent, "prepare", json_member(agent->description, "prepare"), body, 1,
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
	result = agent_call(agent, "start", json_member(agent->description, "start"),
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

	result = agent_call(agent, "status", json_member(agent->description, "status"),
	    body_with_state(agent), AGENT_STATUS_TRIES, &error);
	completed = json_object_get_boolean(json_member(result, "completed")) != 0;
	return take(agent, result, error) == 0 && !completed;
}

/* Metrics that cannot be had are not a failure of the action. Said once. */
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
	result = agent_call(agent, "query", endpoint, body, 1, &error);
	if (result != NULL)
		report_result(&agent->report, result);
	if (error == NULL)
		error = json_object_get(json_member(result, "error"));
	if (error != NULL)
		error = with_title(error);
	if (error != NULL && !agent->metrics_failed && !agent_gives_up(agent))
		report_say(&agent->report, "warn", "metrics: %s",
		    json_member_string(error, "title"));
	agent->metrics_failed = agent->metrics_failed || error != NULL;
	json_object_put(error);
	json_object_put(result);
}

/* Between two calls; INT64_MAX where there is nothing to call. */
static int64_t
interval_of(struct agent *agent, const char *what, struct json_object *endpoint)
{
	const char *text = json_member_string(endpoint, "callInterval");
	int64_t ms = AGENT_INTERVAL_MS;

	if (endpoint == NULL)
		return INT64_MAX;
	if (text != NULL && duration_parse(text, &ms) == -1) {
		report_say(&agent->report, "warn", "%s: callInterval %.40s is no duration: every "
		    "%d s", what, text, AGENT_INTERVAL_MS / CLOCK_MS_PER_S);
		ms = AGENT_INTERVAL_MS;
	}
	if (ms <= AGENT_INTERVAL_MAX_MS)
		return ms < AGENT_INTERVAL_MIN_MS ? AGENT_INTERVAL_MIN_MS : ms;
	report_say(&agent->report, "warn", "%s: callInterval %.40s is too long: once an hour",
	    what, text);
	return AGENT_INTERVAL_MAX_MS;
}

/* INT64_MAX, which is never, stays. */
static int64_t
later(int64_t ms, int64_t by_ms)
{
	return ms > INT64_MAX - by_ms ? INT64_MAX : ms + by_ms;
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
	    later(agent->report.start_ms, agent->report.duration_ms) : INT64_MAX;
	int64_t status_every_ms = interval_of(agent, "status", status);
	int64_t query_every_ms = interval_of(agent, "query", query);
	int64_t status_ms = later(now_ms, status_every_ms);
	int64_t query_ms = query == NULL ? INT64_MAX : now_ms, next_ms;

	agent->report.phase = "running";
	if (status == NULL && agent->report.duration_ms <= 0)
		return;
	for (; !agent_gives_up(agent) && now_ms < end_ms; now_ms = clock_boot_ms()) {
		if (now_ms >= query_ms) {
			query_metrics(agent, query);
			query_ms = later(clock_boot_ms(), query_every_ms);
		}
		if (now_ms >= status_ms) {
			if (!poll_status(agent))
				return;
			status_ms = later(clock_boot_ms(), status_every_ms);
		}
		report_progress(&agent->report);
		next_ms = status_ms < query_ms ? status_ms : query_ms;
		next_ms = (end_ms < next_ms ? end_ms : next_ms) - clock_boot_ms();
		if (next_ms > 0)
			agent_pause(next_ms < AGENT_TICK_MS ? next_ms : AGENT_TICK_MS);
	}
}

/* The server does not say that it is stopped: what is left to do. */
static void
leave(struct agent *agent, struct json_object *error)
{
	char text[AGENT_TITLE_BYTES], limit[DURATION_BYTES];

	if (!agent_must_leave()) {
		duration_format(agent->stop_timeout_ms, limit);
		snprintf(text, sizeof(text), "stop: not over within %s (--stop-timeout)", limit);
		fail(agent, agent_error(text, json_member_string(error, "detail"), "errored"));
	}
	json_object_put(error);
	report_say(&agent->report, "warn", "%s: the server stops it when it misses its heartbeat, "
	    "or now: actionkit stop %s", agent_must_leave() ? "interrupted again" : "left",
	    agent->id);
}

static void
stop(struct agent *agent)
{
	struct json_object *endpoint = json_member(agent->description, "stop");
	struct json_object *result = NULL, *error = NULL;

	if (!agent->prepared || endpoint == NULL)
		return;
	agent->report.phase = "stopping";
	agent->stopping = true;
	agent->stop_by_ms = later(clock_boot_ms(), agent->stop_timeout_ms);
	if (agent_interrupted() && !agent_must_leave())
		report_say(&agent->report, "warn",
		    "interrupted: stopping; once more leaves it to the server");
	if (!agent_must_leave())
		result = agent_call(agent, "stop", endpoint, body_with_state(agent),
		    AGENT_STOP_TRIES, &error);
	if (result == NULL && agent_gives_up(agent))
		leave(agent, error);
	else
		take(agent, result, error);
}

/* Its time is over, and it is not. */
static void
fail_in_time(struct agent *agent)
{
	char text[AGENT_TITLE_BYTES], limit[DURATION_BYTES];

	duration_format(agent->timeout_ms, limit);
	snprintf(text, sizeof(text), "not over within %s (--timeout)", limit);
	fail(agent, agent_error(text, NULL, "errored"));
}

void
agent_run(struct agent *agent)
{
	if (prepare(agent) == 0 && !agent_gives_up(agent) && start(agent) == 0)
		follow(agent);
	if (agent->outcome == OUTCOME_PASSED && !agent_interrupted() && agent_timed_out(agent))
		fail_in_time(agent);
	stop(agent);
	if (agent_interrupted() && agent->outcome == OUTCOME_PASSED)
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
