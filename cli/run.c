/*
 * run.c: `actionkit run`: runs an action of an extension as an agent would.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/agent.h"
#include "cli/arguments.h"
#include "cli/value_source.h"
#include "cli/values.h"
#include "core/base/log.h"

#define RUN_URL_DEFAULT "http://127.0.0.1:8085"
#define RUN_GIVEN_MAX 256
/* As with `actionkit stop`. */
#define RUN_STOP_TIMEOUT_MS 90000

/* name=value of the command line, in its order. */
struct given {
	int key;			/* of the option */
	char *name;			/* owned */
	char *value;			/* owned */
	const char *text;		/* as it was given: may be shown, unlike the value */
};

struct request {
	struct arguments *arguments;	/* borrowed */
	struct http_target where;
	const char *artifacts_dir, *target;
	int64_t timeout_ms, stop_timeout_ms;
	bool json;
	bool input_taken;		/* standard input is the value of one */
	struct given given[RUN_GIVEN_MAX];
	size_t count;
	struct http_file files[RUN_GIVEN_MAX];
	size_t file_count;
};

static const struct {
	enum outcome outcome;
	const char *name;
	enum style style;
} outcomes[] = {
	{ OUTCOME_PASSED, "passed", STYLE_GOOD },
	{ OUTCOME_FAILED, "failed", STYLE_BAD },
	{ OUTCOME_ERRORED, "errored", STYLE_BAD },
	{ OUTCOME_USAGE, "refused", STYLE_BAD },
	{ OUTCOME_INTERRUPTED, "interrupted", STYLE_WARN },
};

static void
give(struct arguments *arguments, struct request *request, int key)
{
	const char *equals = strchr(arguments->value, '=');
	struct given *given = &request->given[request->count];
	bool input = key == 's' && equals != NULL && strcmp(equals + 1, "-") == 0;
	struct err err;

	if (equals == NULL || equals == arguments->value)
		arguments_mistake(arguments, "%s: must be NAME=VALUE", arguments->value);
	else if (request->count == RUN_GIVEN_MAX)
		arguments_mistake(arguments, "more than %d values", RUN_GIVEN_MAX);
	else if (input && request->input_taken)
		arguments_mistake(arguments, "--set %s: standard input has one value only",
		    arguments->value);
	else if ((given->value = key == 's' ? value_source_read(equals + 1, &err) :
	    strdup(equals + 1)) == NULL)
		arguments_mistake(arguments, "--set %s: %s", arguments->value,
		    key == 's' ? err.msg : "out of memory");
	else
		request->count++;
	request->input_taken = request->input_taken || input;
	if (given == &request->given[request->count])
		return;
	given->key = key;
	given->text = arguments->value;
	given->name = strndup(arguments->value, (size_t)(equals - arguments->value));
	if (given->name == NULL)
		log_out_of_memory();
}

/* Options into the request. Returns 0, or -1 as arguments_next(). */
static int
read_arguments(struct arguments *arguments, struct request *request)
{
	int key;

	while ((key = arguments_next(arguments)) > 0)
		switch (key) {
		case 'T':
			arguments_duration(arguments, "--timeout", &request->timeout_ms);
			break;
		case 'S':
			arguments_duration(arguments, "--stop-timeout",
			    &request->stop_timeout_ms);
			break;
		case 't':
			request->target = arguments->value;
			break;
		case 'A':
			request->artifacts_dir = arguments->value;
			break;
		case 'j':
			request->json = true;
			break;
		case 's':
		case 'f':
		case 'a':
			give(arguments, request, key);
			break;
		default:
			http_take_option(&request->where, key, arguments->value);
		}
	if (key == -1)
		return -1;
	if (arguments->operand_count != 1)
		arguments_mistake(arguments, "the id of one action is needed");
	return arguments_check(arguments);
}

/* A value is for prepare, for the metric query, or for both. */
static int
set_value(struct agent *agent, const struct given *given, struct json_object *parameters,
    struct json_object *query, struct err *err)
{
	struct json_object *one = values_parameter(parameters, given->name);
	struct json_object *other = values_parameter(query, given->name);

	if (one == NULL && other == NULL)
		return err_set(err, ERR_USAGE, "--set %s: the action has no such parameter",
		    given->name);
	if (one != NULL && values_set(one, given->value, agent->config, err) == -1)
		return err_wrap(err, "--set %s", given->text);
	if (other != NULL && values_set(other, given->value, agent->query_config, err) == -1)
		return err_wrap(err, "--set %s", given->text);
	return 0;
}

static int
set_file(struct request *request, const struct given *given,
    struct json_object *parameters, struct err *err)
{
	struct json_object *parameter = values_parameter(parameters, given->name);
	struct stat st;
	size_t i;

	if (parameter == NULL || !values_is_file(parameter))
		return err_set(err, ERR_USAGE, "--file %s: the action has no such file",
		    given->name);
	for (i = 0; i < request->file_count; i++)
		if (strcmp(request->files[i].parameter, given->name) == 0)
			return err_set(err, ERR_USAGE, "--file %s: given twice", given->name);
	if (stat(given->value, &st) == -1 || access(given->value, R_OK) == -1)
		return err_sys(err, ERR_USAGE, "--file %s: %s", given->name, given->value);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_USAGE, "--file %s: %s: is no file", given->name,
		    given->value);
	request->files[request->file_count++] = (struct http_file){
		.parameter = given->name, .path = given->value
	};
	return 0;
}

/* Whether there is an option for it, be it with a value that is wrong. */
static bool
is_given(void *context, const char *name)
{
	const struct request *request = context;
	size_t i;

	for (i = 0; i < request->count; i++)
		if (request->given[i].key != 'a' && strcmp(request->given[i].name, name) == 0)
			return true;
	return false;
}

static void
on_missing(void *context, const char *mistake)
{
	struct request *request = context;

	arguments_mistake(request->arguments, "%s", mistake);
}

static void
set_target(struct agent *agent, const struct request *request)
{
	size_t i;

	for (i = 0; i < request->count; i++)
		if (request->given[i].key == 'a' || request->target != NULL)
			break;
	if (i == request->count && request->target == NULL)
		return;
	agent->target = values_new_target(request->target == NULL ? "" : request->target);
	for (i = 0; i < request->count; i++)
		if (request->given[i].key == 'a')
			values_attribute(agent->target, request->given[i].name,
			    request->given[i].value);
}

/* All that can be wrong before anything is prepared. Returns 0, or -1 as arguments_next(). */
static int
configure(struct arguments *arguments, struct agent *agent, struct request *request)
{
	struct json_object *parameters = json_member(agent->description, "parameters");
	struct json_object *query = json_member(json_member(json_member(agent->description,
	    "metrics"), "query"), "parameters");
	const char *control = json_member_string(agent->description, "timeControl");
	const struct given *given;
	struct err err;

	agent->config = json_new_object();
	agent->query_config = json_new_object();
	for (given = request->given; given < request->given + request->count; given++)
		if ((given->key == 's' &&
		    set_value(agent, given, parameters, query, &err) == -1) ||
		    (given->key == 'f' &&
		    set_file(request, given, parameters, &err) == -1))
			arguments_mistake(arguments, "%s", err.msg);
	values_complete(parameters, agent->config, is_given, on_missing, request);
	values_complete(query, agent->query_config, is_given, on_missing, request);
	set_target(agent, request);
	agent->files = request->files;
	agent->file_count = request->file_count;
	if (control != NULL && strcmp(control, "external") == 0)
		json_whole(json_member(agent->config, "duration"),
		    &agent->report.duration_ms);
	return arguments_check(arguments);
}

static int
report_outcome(struct agent *agent, const char *action)
{
	size_t i;

	for (i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
		if (outcomes[i].outcome == agent->outcome)
			report_end(&agent->report, action, agent->id, outcomes[i].name,
			    outcomes[i].style, agent->error);
	/* A result that nobody was told is none. */
	if (fflush(stdout) == EOF && agent->outcome == OUTCOME_PASSED)
		return OUTCOME_ERRORED;
	if (agent->outcome == OUTCOME_INTERRUPTED)
		return (int)OUTCOME_INTERRUPTED + agent_interrupted_by();
	return (int)agent->outcome;
}

static int
run(struct arguments *arguments, struct request *request, struct agent *agent)
{
	const char *action = arguments->operands[0];
	struct err err;
	int status = OUTCOME_ERRORED;

	report_init(&agent->report, request->json, request->artifacts_dir);
	agent->timeout_ms = request->timeout_ms;
	agent->stop_timeout_ms = request->stop_timeout_ms;
	if (http_open(&agent->http, &request->where, &err) == -1)
		return arguments_refuse(arguments, "%s", err.msg);
	agent_catch_signals();
	switch (agent_find(agent, action, &err)) {
	case 0:
		break;
	case 1:
		return arguments_refuse(arguments, "%s: %s has no such action", action,
		    request->where.url);
	default:
		if (agent_interrupted())
			return (int)OUTCOME_INTERRUPTED + agent_interrupted_by();
		if (agent_timed_out(agent))
			err_wrap(&err, "not found within the time of --timeout");
		arguments_fail(arguments, &err);
		return status;
	}
	if (configure(arguments, agent, request) == -1)
		return arguments->status;
	agent_run(agent);
	return report_outcome(agent, action);
}

static int
run_run(struct arguments *arguments)
{
	static struct request request;
	static struct agent agent;
	const char *variable = getenv("ACTIONKIT_URL");
	int status;
	size_t i;

	request = (struct request){
		.arguments = arguments,
		.where.url = variable != NULL && *variable != '\0' ? variable : RUN_URL_DEFAULT,
		.stop_timeout_ms = RUN_STOP_TIMEOUT_MS
	};
	agent = (struct agent){ .outcome = OUTCOME_PASSED };
	if (read_arguments(arguments, &request) == 0) {
		status = run(arguments, &request, &agent);
		agent_done(&agent);
	} else {
		status = arguments->status;
	}
	for (i = 0; i < request.count; i++) {
		free(request.given[i].name);
		free(request.given[i].value);
	}
	return status;
}

static const struct cli_option options_of_run[] = {
	HTTP_OPTIONS("Of the extension; or ACTIONKIT_URL."),
	{ 's', "set", "NAME=VALUE", "A parameter, =@FILE or =- for stdin; may be repeated." },
	{ 'f', "file", "NAME=PATH", "A parameter that is a file; may be repeated." },
	{ 't', "target", "NAME", "Name of the target." },
	{ 'a', "attr", "NAME=VALUE", "Attribute of the target; may be repeated." },
	{ 'A', "artifacts", "DIR", "Keep artifacts there." },
	{ 'T', "timeout", "DURATION", "Stop it after so long, and fail." },
	{ 'S', "stop-timeout", "DURATION", "Longest wait for its stop. Default: 90s." },
	{ 'j', "json", NULL, "Print one JSON object at the end, for programs." },
	CLI_OPTIONS_END
};

const struct subcommand subcommand_run = {
	.name = "run",
	.help = "run an action over HTTP, as an agent does",
	.operands = "ACTION",
	.about = "Prepares and starts an action of an extension, follows it, and stops it at\n"
	    "its end. Values are read as the action describes them: 10s, 50%, true, a,b\n"
	    "for a list, k=v,k=v for pairs. Secrets are not for the command line: with\n"
	    "--set NAME=@FILE the value is what is in the file, with NAME=- what standard\n"
	    "input has, without the line feed at the end; NAME=@@x is the value @x.\n"
	    "Proxies of the environment are not used.\n"
	    "Ctrl-C stops the action; for the second time it leaves that to the server. So\n"
	    "does every other signal that ends a program, and the end of who reads the\n"
	    "output.\n\n"
	    "Exit status: 0 passed; 1 failed: a check said no; 2 errored, or there is no\n"
	    "server; 3 for a wrong command line, action, parameter or value; 128 and the\n"
	    "number of the signal that stopped it: 130 for Ctrl-C.",
	.options = options_of_run,
	.usage_status = OUTCOME_USAGE,
	.run = run_run,
};
