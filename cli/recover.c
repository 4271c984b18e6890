/*
 * recover.c: `actionkit recover`: stops everything that is left, without a server. It
 * persists what the reaper does.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/output.h"
#include "cli/stop_outcome.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/state_path.h"
#include "core/config/options.h"
#include "core/reaper/reaper.h"
#include "core/reaper/takeover.h"
#include "core/store/loss.h"
#include "core/store/store.h"
#include "core/view/rows.h"
#include "fcgi/server/socket.h"

#define FORGET_WAIT_MS 10000

struct request {
	const char *options_file;	/* as given, or NULL, like the next two */
	const char *state_dir;
	const char *stop_timeout;
	int64_t timeout_ms;
	bool if_failed;			/* it is systemd that asks, after a server's end */
	bool forget_lost;		/* what is lost is dealt with, that is all */
	bool json;
};

static const char select_active[] =
    "SELECT id FROM executions WHERE phase <> 'stopped' ORDER BY created_at";

/*
 * Whether the server of a service left with an error, so that none is started again that would
 * go on. One that was killed from outside is.
 */
static bool
service_failed(const char *result)
{
	const char *status = getenv("EXIT_STATUS");

	if (strcmp(result, "success") == 0)
		return false;
	return strcmp(result, "signal") != 0 || status == NULL || strcmp(status, "KILL") != 0;
}

/* Whether somebody else undoes: 1, and err says who; 0; or -1. */
static int
find_other(const struct options *options, struct err *err)
{
	pid_t server = socket_state_holder(options->state_dir, err);
	int held = server == -1 ? -1 : takeover_held(options->state_dir, err);

	if (held == -1)
		return -1;
	if (server > 0)
		err_set(err, ERR_USAGE, "a server with pid %ld uses %s: "
		    "let it stop them (stop --all)", (long)server, options->state_dir);
	else if (held == 1)
		err_set(err, ERR_USAGE, "the reaper of a server is alive in %s: "
		    "let it stop them (stop --all)", options->state_dir);
	return server > 0 || held == 1;
}

/* How many executions there were when a reaper looked last; 0 if nobody knows. */
static int64_t
last_active(const struct options *options)
{
	const struct scoreboard *scoreboard;
	struct err unknown;

	scoreboard = scoreboard_map_readonly(options->state_dir, &unknown);
	return scoreboard == NULL ? 0 : scoreboard->active;
}

/*
 * Only the program that a newer database belongs to can undo; an older one is brought here. 1,
 * and err says it, if nothing is to be undone; 0; or -1.
 */
static int
match_schema(const struct options *options, struct err *err)
{
	int64_t active;
	int age;

	if (store_survey(options->state_dir, &age, &active, err) == -1)
		return -1;
	if (age > 0 && active == 0) {
		err_set(err, ERR_USAGE, "%s/%s is of a newer actionkit, and nothing is active",
		    options->state_dir, STORE_FILE);
		return 1;
	}
	if (age > 0)
		return err_set(err, ERR_USAGE, "%s/%s is of a newer actionkit, by %d schema "
		    "versions: this program cannot undo what is active (%" PRId64 "); put the "
		    "newer one back and start it, or run its `recover`", options->state_dir,
		    STORE_FILE, age, active);
	return age == 0 ? 0 : store_make_ready(options->state_dir, clock_boot_ms(),
	    last_active(options), err);
}

/* The ids of all that are not stopped; fails where there is no database, and makes none. */
static struct json_object *
read_active(const struct options *options, struct err *err)
{
	struct json_object *rows;
	struct store store;

	if (store_open_readonly(&store, options->state_dir, err) == -1)
		return NULL;
	rows = rows_read(&store, select_active, NULL, err);
	store_close(&store);
	return rows;
}

/* What has become of them, owned; NULL and err. */
static struct json_object *
read_outcome(const struct options *options, struct json_object *executions,
    struct err *err)
{
	struct json_object *found;
	struct store store;
	bool over;

	if (store_open_readonly(&store, options->state_dir, err) == -1)
		return NULL;
	found = stop_outcome_read(&store, executions, true, &over, err);
	store_close(&store);
	return found;
}

static struct json_object *
recover(const struct options *options, const struct request *request, struct err *err)
{
	struct json_object *executions, *found = NULL;
	struct scoreboard *scoreboard = NULL;
	int result = -1;

	executions = read_active(options, err);
	if (executions != NULL)
		scoreboard = scoreboard_map(options->state_dir, err);
	if (scoreboard != NULL)
		result = reaper_recover(options, scoreboard, request->timeout_ms, err);
	if (result == 1)
		err_set(err, ERR_USAGE, "the reaper of a server is alive in %s: "
		    "let it stop them (stop --all)", options->state_dir);
	if (result == 0)
		found = read_outcome(options, executions, err);
	json_object_put(executions);
	return found;
}

static void
report_overlooked(void *context, const char *mistake)
{
	(void)context;
	log_error("%s: overlooked", mistake);
}

/* Why there is nothing to do, in err: 1; 0 if there is; or -1. */
static int
is_idle(const struct options *options, const struct request *request, struct err *err)
{
	char path[STATE_PATH_BYTES];
	int other;

	state_path(options->state_dir, STORE_FILE, path);
	if (request->if_failed && access(path, F_OK) == -1 && errno == ENOENT) {
		err_set(err, ERR_STORE, "%s: there is none yet", path);
		return 1;
	}
	other = find_other(options, err);
	return other != 0 ? other : match_schema(options, err);
}

static int
fail(struct arguments *arguments, const struct request *request, const struct err *err)
{
	if (!request->if_failed)
		return arguments_fail(arguments, err);
	log_error("%s", err->msg);
	return EXIT_FAILURE;
}

static int
run(struct arguments *arguments, const struct options *options, const struct request *request)
{
	struct json_object *found;
	struct err err;
	int idle = is_idle(options, request, &err);

	if (idle == 1 && request->if_failed) {
		log_info("%s", err.msg);
		return EXIT_SUCCESS;
	}
	found = idle == 0 ? recover(options, request, &err) : NULL;
	return found == NULL ? fail(arguments, request, &err) :
	    stop_outcome_report(found, request->json);
}

/* While a server runs, too. */
static int
forget_lost(struct arguments *arguments, const struct options *options, bool json)
{
	struct json_object *report;
	struct store store;
	struct err err;
	int64_t lost = -1;

	if (store_open(&store, options->state_dir, &err) == 0) {
		lost = loss_read(&store, &err);
		if (lost > 0 && loss_forget(&store, clock_boot_ms() + FORGET_WAIT_MS, &err) == -1)
			lost = -1;
		store_close(&store);
	}
	if (lost == -1)
		return arguments_fail(arguments, &err);
	if (!json) {
		printf("%" PRId64 " lost executions are dealt with\n", lost);
		return EXIT_SUCCESS;
	}
	report = json_new_object();
	json_add_int(report, "forgotten", lost);
	output_json(report);
	return EXIT_SUCCESS;
}

static int
recover_run(struct arguments *arguments)
{
	static struct server_options served;
	const struct options *options = &served.core;
	struct request request = { .timeout_ms = 0 };
	const char *result = getenv("SERVICE_RESULT");
	struct option_mistakes mistakes = {
		.report = arguments_tell_mistake, .context = arguments
	};
	int key;

	while ((key = arguments_next(arguments)) != 0)
		switch (key) {
		case 'o':
			request.options_file = arguments->value;
			break;
		case 'S':
			request.state_dir = arguments->value;
			break;
		case 's':
			request.stop_timeout = arguments->value;
			break;
		case 't':
			arguments_duration(arguments, "--timeout", &request.timeout_ms);
			break;
		case 'f':
			request.if_failed = true;
			break;
		case 'l':
			request.forget_lost = true;
			break;
		case 'j':
			request.json = true;
			break;
		default:
			return arguments->status;
		}
	if (request.if_failed) {
		if (result == NULL)
			return arguments_refuse(arguments, "--if-failed: SERVICE_RESULT is not "
			    "set: it is for ExecStopPost= of systemd");
		log_process("recover");
		if (!service_failed(result)) {
			log_info("the service has not failed: nothing to recover");
			return EXIT_SUCCESS;
		}
		/* What was edited wrongly may be why the server does not start. */
		mistakes = (struct option_mistakes){
			.report = report_overlooked, .overlook = true
		};
	}
	if (arguments_serve_options(&served, &mistakes, "--options", request.options_file,
	    "--state-dir", request.state_dir, "--stop-timeout", request.stop_timeout,
	    NULL) == -1)
		return EX_USAGE;
	log_init(options->log_level, options->log_format);
	return request.forget_lost ? forget_lost(arguments, options, request.json) :
	    run(arguments, options, &request);
}

static const struct cli_option options_of_recover[] = {
	{ 'o', "options", "FILE", "As with serve; or ACTIONKIT_OPTIONS." },
	CLI_STATE_DIR,
	{ 's', "stop-timeout", "DURATION", "As with serve; or ACTIONKIT_STOP_TIMEOUT." },
	{ 't', "timeout", "DURATION", "Repeat what fails for so long. Default: 0, once." },
	{ 'f', "if-failed", NULL, "For ExecStopPost= of systemd: if the server has failed." },
	{ 'l', "forget-lost", NULL, "Only say that lost executions are dealt with, by hand." },
	CLI_JSON,
	CLI_OPTIONS_END
};

const struct subcommand subcommand_recover = {
	.name = "recover",
	.help = "stop all that is left, without a server",
	.about = "Stops every execution that a server has left behind, as its reaper would\n"
	    "have done, and tells what came of each. It refuses while a server, or the\n"
	    "reaper of one, is alive. The next server goes on with what is left.\n"
	    "An older database is brought to the schema of this program; a newer one needs\n"
	    "a newer program.\n\n"
	    "With --if-failed it does nothing, and that is no error, if the service left\n"
	    "as it should, if it was killed from outside and so is started again, and if\n"
	    "a server or a reaper is alive; lines of the options file and variables with\n"
	    "mistakes are overlooked.\n\n"
	    "Where a database was lost with active executions, the server is not ready until\n"
	    "they are undone by hand, and --forget-lost says so. It stops nothing, and a\n"
	    "server may run.\n\n"
	    "Exit status: 0 if nothing is left; 1 if something is, or it was refused; 64\n"
	    "for a wrong command line.",
	.options = options_of_recover,
	.run = recover_run,
};
