/*
 * stop.c: `actionkit stop`: asks the reaper to stop executions, and waits for what comes of
 * it; or gives a stop up. It persists the request.
 */
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/stop_outcome.h"
#include "core/base/clock.h"
#include "core/base/duration.h"
#include "core/calls/abandon.h"
#include "core/calls/stop_request.h"
#include "core/reaper/takeover.h"
#include "core/store/execution_id.h"
#include "core/store/lifecycle.h"
#include "core/view/rows.h"
#include "fcgi/server/socket.h"

#define STOP_PAUSE_MS 50
#define STOP_TIMEOUT_MS 90000
#define STOP_GATE_WAIT_MS 5000

struct request {
	const char *state_dir;
	const char *reason;
	char execution[UUID_TEXT_BYTES]; /* or its beginning, until it is found; empty: all */
	char default_reason[STOP_REASON_BYTES];
	int64_t timeout_ms;
	bool all, abandon, json;
};

static const char select_active[] =
    "SELECT id FROM executions WHERE phase <> 'stopped' ORDER BY created_at";
static const char select_unhandled[] =
    "SELECT id FROM stop_requests WHERE handled_at IS NULL AND id = CAST(?1 AS INTEGER)";

/* 1 as soon as the reaper has passed the request on, else 0; or -1. */
static int
is_handled(struct store *store, int64_t id, struct err *err)
{
	char text[DURATION_BYTES];
	struct json_object *rows;
	int handled;

	snprintf(text, sizeof(text), "%lld", (long long)id);
	rows = rows_read(store, select_unhandled, text, err);
	if (rows == NULL)
		return -1;
	handled = json_object_array_length(rows) == 0;
	json_object_put(rows);
	return handled;
}

/* Until all are stopped or failing, or time is over, or nobody is there to stop them. */
static struct json_object *
watch(struct store *store, const struct request *request, int64_t id,
    struct json_object *executions, struct err *err)
{
	int64_t deadline_ms = clock_boot_ms() + request->timeout_ms;
	struct json_object *found;
	int handled, held;
	bool over;

	for (;;) {
		held = takeover_held(request->state_dir, err);
		handled = held == -1 ? -1 : is_handled(store, id, err);
		if (handled == -1)
			return NULL;
		found = stop_outcome_read(store, executions, handled == 1, &over, err);
		if (found == NULL || (over && handled == 1) ||
		    clock_boot_ms() >= deadline_ms)
			return found;
		if (held == 0 && handled == 0) {
			fprintf(stderr, "No reaper is alive. The next server takes this "
			    "request; `%s recover` stops all without one.\n",
			    program_invocation_short_name);
			return found;
		}
		json_object_put(found);
		clock_sleep_ms(STOP_PAUSE_MS);
	}
}

/* What the request is about; an array with ids, owned. */
static struct json_object *
read_executions(struct store *store, struct request *request, struct err *err)
{
	struct json_object *rows;

	if (!request->all &&
	    execution_id_find(store, request->execution, request->execution, err) == -1)
		return NULL;
	rows = rows_read(store, request->all ? select_active : stop_outcome_select,
	    request->execution, err);
	if (rows != NULL && !request->all && json_object_array_length(rows) == 0) {
		err_set(err, ERR_NOT_FOUND, "%s: there is no such execution",
		    request->execution);
		json_object_put(rows);
		return NULL;
	}
	return rows;
}

/* A request for nothing, which nobody takes now, would stop what a later server starts. */
static bool
needs_no_request(const struct request *request, struct json_object *executions)
{
	struct json_object *first = json_object_array_get_idx(executions, 0);
	struct err unused;

	if (request->all)
		return first == NULL && takeover_held(request->state_dir, &unused) != 1;
	return strcmp(json_member_string(first, "phase"), phase_name(PHASE_STOPPED)) == 0;
}

/* What to do while nothing can be written. */
static void
hint(const struct request *request)
{
	struct err unknown;
	pid_t server = socket_state_holder(request->state_dir, &unknown);

	if (server > 0)
		fprintf(stderr, "Nothing is asked for yet. `kill -USR1 %ld` has all executions "
		    "stopped all the same.\n", (long)server);
}

static int
stop(const struct arguments *arguments, struct request *request)
{
	struct json_object *executions, *found = NULL;
	struct store store;
	int64_t id;
	bool over;
	struct err err;

	if (store_open(&store, request->state_dir, &err) == -1)
		return arguments_fail(arguments, &err);
	executions = read_executions(&store, request, &err);
	if (executions != NULL && needs_no_request(request, executions))
		found = stop_outcome_read(&store, executions, true, &over, &err);
	else if (executions != NULL && stop_request_add(&store,
	    request->all ? NULL : request->execution, NULL, request->reason,
	    clock_boot_ms() + STOP_GATE_WAIT_MS, &id, &err) == 0)
		found = watch(&store, request, id, executions, &err);
	if (executions != NULL && found == NULL && err.code == ERR_BUSY)
		hint(request);
	json_object_put(executions);
	store_close(&store);
	return found == NULL ? arguments_fail(arguments, &err) :
	    stop_outcome_report(found, request->json);
}

static int
give_up(const struct arguments *arguments, struct request *request)
{
	static struct options options;
	struct json_object *executions, *found = NULL;
	struct session session;
	struct err err;
	bool over;

	snprintf(options.state_dir, sizeof(options.state_dir), "%s", request->state_dir);
	if (session_open(&session, &options, NULL, &err) == -1)
		return arguments_fail(arguments, &err);
	if (session_need_store(&session, &err) == 0 && execution_id_find(&session.store,
	    request->execution, request->execution, &err) == 0 && abandon(&session,
	    request->execution, NULL, request->reason,
	    clock_boot_ms() + request->timeout_ms, &err) == 0) {
		executions = read_executions(&session.store, request, &err);
		if (executions != NULL)
			found = stop_outcome_read(&session.store, executions, true, &over, &err);
		json_object_put(executions);
	}
	session_close(&session);
	return found == NULL ? arguments_fail(arguments, &err) :
	    stop_outcome_report(found, request->json);
}

static void
default_reason(struct request *request)
{
	const struct passwd *user = getpwuid(geteuid());

	snprintf(request->default_reason, sizeof(request->default_reason), "stopped by %s",
	    user == NULL ? "an unknown user" : user->pw_name);
	request->reason = request->default_reason;
}

/* What the options say together. Returns 0, or -1 as arguments_next(). */
static int
check_request(struct arguments *arguments, struct request *request)
{
	struct err err;

	if (request->abandon && request->all)
		arguments_mistake(arguments, "--abandon is for one execution only");
	if (request->abandon && request->reason == NULL)
		arguments_mistake(arguments, "--abandon needs a --reason");
	if (strlen(request->state_dir) >= OPTIONS_PATH_BYTES)
		arguments_mistake(arguments, "--state-dir: is too long");
	if (request->reason == NULL)
		default_reason(request);
	if (strlen(request->reason) >= STOP_REASON_BYTES)
		arguments_mistake(arguments, "--reason: at most %d bytes", STOP_REASON_BYTES - 1);
	if (arguments->operand_count != (request->all ? 0 : 1))
		arguments_mistake(arguments, "the id of one execution is needed, or --all");
	else if (!request->all &&
	    execution_id_parse(arguments->operands[0], request->execution, &err) == -1)
		arguments_mistake(arguments, "%s", err.msg);
	return arguments_check(arguments);
}

static int
stop_run(struct arguments *arguments)
{
	struct request request = { .timeout_ms = STOP_TIMEOUT_MS };
	int key;

	while ((key = arguments_next(arguments)) != 0)
		switch (key) {
		case 'a':
			request.all = true;
			break;
		case 'g':
			request.abandon = true;
			break;
		case 'r':
			request.reason = arguments->value;
			break;
		case 't':
			arguments_duration(arguments, "--timeout", &request.timeout_ms);
			break;
		case 'S':
			request.state_dir = arguments->value;
			break;
		case 'j':
			request.json = true;
			break;
		default:
			return arguments->status;
		}
	request.state_dir = arguments_state_dir(request.state_dir);
	if (check_request(arguments, &request) == -1)
		return arguments->status;
	return request.abandon ? give_up(arguments, &request) : stop(arguments, &request);
}

static const struct cli_option options_of_stop[] = {
	{ 'a', "all", NULL, "Stop all that are not stopped." },
	{ 'g', "abandon", NULL, "Give up: record it as stopped, what it did stays." },
	{ 'r', "reason", "TEXT", "Why; agents are told." },
	{ 't', "timeout", "DURATION", "Longest wait for the outcome. Default: 90s." },
	CLI_STATE_DIR,
	CLI_JSON,
	CLI_OPTIONS_END
};

const struct subcommand subcommand_stop = {
	.name = "stop",
	.help = "stop an execution, or all, and tell what came of it",
	.operands = "[ID]",
	.about = "Asks the server to stop one execution or all, and waits until each is stopped\n"
	    "or its stop() has failed; the server tries again what has failed. A request\n"
	    "stays when this program ends earlier. Of the id the first digits are enough,\n"
	    "if no other begins so.\n\n"
	    "With --abandon an execution that is being stopped, and never will be, is\n"
	    "recorded as stopped. What it changed stays changed; its history says who\n"
	    "gave it up and why.\n\n"
	    "Exit status: 0 if all are stopped; 1 if not, or there is no such execution;\n"
	    "64 for a wrong command line.",
	.options = options_of_stop,
	.run = stop_run,
};
