/*
 * agent_call.c: the calls of an agent, and the signals that end them.
 */
#include "config.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/agent.h"
#include "cli/agent_internal.h"
#include "core/base/clock.h"
#include "core/base/uuid_text.h"

#define AGENT_PAUSE_S 1
#define AGENT_PAUSE_MAX_S 10
#define AGENT_TEXT_BYTES 256
#define INTERRUPTS_LEAVE 2
/* How many descriptions are asked for in search of an action. */
#define AGENT_ASKED_MAX 1000

/*
 * All that would end the process and may come from outside. By the first three people say that
 * they do not want to wait either; the others may come twice for one reason.
 */
static const int signals[] = {
	SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGALRM, SIGVTALRM, SIGPROF, SIGUSR1, SIGUSR2, SIGIO,
	SIGPWR, SIGSTKFLT, SIGXCPU
};
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))
#define SIGNALS_THAT_LEAVE 3

#define HTTP_OK 200L
#define HTTP_BAD_GATEWAY 502L
#define HTTP_UNAVAILABLE 503L

static volatile sig_atomic_t interrupts;
static volatile sig_atomic_t interrupted_by;	/* the first signal */

static void
on_signal(int number)
{
	bool leaves = false;
	size_t i;

	for (i = 0; i < SIGNALS_THAT_LEAVE; i++)
		leaves = leaves || signals[i] == number;
	if (interrupts == 0)
		interrupted_by = number;
	if (interrupts == 0 || (leaves && interrupts < INTERRUPTS_LEAVE))
		interrupts++;
}

void
agent_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal }, before;
	sigset_t all;
	size_t i;

	/* One at a time: the handler counts. */
	sigfillset(&action.sa_mask);
	sigemptyset(&all);
	for (i = 0; i < SIGNALS; i++) {
		sigaddset(&all, signals[i]);
		/* nohup, and a shell that runs us in the background. */
		if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
	/* What nobody reads, or has no room, is noticed otherwise. */
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigaction(SIGXFSZ, &action, NULL);
	sigaddset(&all, SIGPIPE);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
}

/* Whether standard output is a pipe that nobody reads any more. */
static bool
nobody_reads(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

bool
agent_interrupted(void)
{
	if (interrupts == 0 && nobody_reads())
		on_signal(SIGPIPE);
	return interrupts > 0;
}

int
agent_interrupted_by(void)
{
	return interrupted_by;
}

bool
agent_must_leave(void)
{
	return interrupts >= INTERRUPTS_LEAVE;
}

bool
agent_timed_out(const struct agent *agent)
{
	return clock_boot_ms() >= agent->end_by_ms;
}

/*
 * One signal ends every call but stop: the server knows what to do with a stop that comes while
 * start() runs.
 */
bool
agent_gives_up(const struct agent *agent)
{
	return agent->stopping ?
	    agent_must_leave() || clock_boot_ms() >= agent->stop_by_ms :
	    agent_interrupted() || agent_timed_out(agent);
}

static bool
go_on(void *context, int64_t sent_bytes, int64_t total_bytes)
{
	struct agent *agent = context;

	agent->report.sent_bytes = sent_bytes;
	agent->report.total_bytes = agent->uploading && agent->file_count > 0 ?
	    total_bytes : 0;
	report_progress(&agent->report);
	return !agent_gives_up(agent);
}

struct json_object *
agent_error(const char *title, const char *detail, const char *status)
{
	struct json_object *error = json_new_object();

	json_add_string(error, "title", title);
	json_add_string(error, "detail", detail);
	json_add_string(error, "status", status);
	return error;
}

void
agent_pause(int64_t ms)
{
	clock_sleep_ms(ms);
}

/* What a reply other than a success says of itself; the error, owned. */
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
	error = agent_error(title, json_member_string(body, "detail"),
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
	size_t files = agent->uploading ? agent->file_count : 0;
	struct json_object *result = NULL;
	struct http_reply reply;
	struct err err;

	agent->status = 0;
	agent->retry_after_s = 0;
	if (path == NULL) {
		*ret_error = agent_error(what, "the action has no endpoint for it", "errored");
		return NULL;
	}
	if (http_call(&agent->http, named == NULL ? preset_method : named, path, body,
	    agent->files, files, &reply, &err) == -1) {
		*ret_error = agent_error(what, err.msg, "errored");
		return NULL;
	}
	agent->status = reply.status;
	agent->retry_after_s = reply.retry_after_s;
	if (reply.status != HTTP_OK) {
		*ret_error = reply_error(what, &reply);
	} else if (json_parse(reply.body == NULL ? "" : reply.body, reply.length, &result,
	    &err) == -1) {
		*ret_error = agent_error(what, err.msg, "errored");
	} else if (!json_object_is_type(result, json_type_object)) {
		json_object_put(result);
		result = NULL;
		*ret_error = agent_error(what, "the reply is not a JSON object", "errored");
	}
	http_reply_done(&reply);
	return result;
}

/* No longer than there is time. */
static void
pause_between(const struct agent *agent, int64_t ms)
{
	int64_t left_ms = (agent->stopping ? agent->stop_by_ms : agent->end_by_ms) -
	    clock_boot_ms();

	if (left_ms > 0)
		agent_pause(left_ms < ms ? left_ms : ms);
}

static bool
may_be_repeated(const struct agent *agent)
{
	return agent->status == 0 || agent->status == HTTP_BAD_GATEWAY ||
	    agent->status == HTTP_UNAVAILABLE;
}

struct json_object *
agent_call(struct agent *agent, const char *what, struct json_object *endpoint,
    struct json_object *body, int tries, struct json_object **ret_error)
{
	struct json_object *result;
	int64_t wait_s;

	for (;;) {
		result = call_once(agent, what, endpoint, "POST", body, ret_error);
		if (result != NULL || --tries <= 0 || !may_be_repeated(agent) ||
		    agent_gives_up(agent))
			break;
		json_object_put(*ret_error);
		wait_s = agent->retry_after_s < AGENT_PAUSE_S ? AGENT_PAUSE_S :
		    agent->retry_after_s;
		pause_between(agent, (wait_s < AGENT_PAUSE_MAX_S ? wait_s :
		    AGENT_PAUSE_MAX_S) * CLOCK_MS_PER_S);
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
    int *asked, struct err *err)
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
		if (++*asked > AGENT_ASKED_MAX)
			return err_set(err, ERR_INTERNAL, "list: none of the first %d actions "
			    "is %s", AGENT_ASKED_MAX, id);
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
	int result = 1, asked = 0;

	uuid_text_random(agent->id);
	agent->end_by_ms = agent->timeout_ms == 0 ? INT64_MAX :
	    clock_boot_ms() + agent->timeout_ms;
	agent->http.go_on = go_on;
	agent->http.context = agent;
	json_add_string(root, "path", "/");
	index = describe(agent, root, err);
	json_object_put(root);
	if (index == NULL)
		return -1;
	list = json_member(index, "actions");
	if (!json_object_is_type(list, json_type_array))
		result = err_set(err, ERR_INTERNAL, "list: this is not a list of actions");
	if (result == 1)
		result = find_in(agent, list, id, true, &asked, err);
	if (result == 1)
		result = find_in(agent, list, id, false, &asked, err);
	json_object_put(index);
	return result;
}
