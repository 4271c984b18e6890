/*
 * recover.c: `actionkit recover`: stops everything that is left, without a server. It
 * persists what the reaper does.
 */
#include "config.h"

#include "cli/arguments.h"
#include "cli/rows.h"
#include "cli/stop_outcome.h"
#include "core/base/log.h"
#include "core/config/options.h"
#include "core/reaper/reaper.h"
#include "fcgi/server/socket.h"

struct request {
	const char *state_dir;		/* as given, or NULL */
	const char *stop_timeout;
	int64_t timeout_ms;
	bool json;
};

static const char select_active[] =
    "SELECT id FROM executions WHERE phase <> 'stopped' ORDER BY created_at";

static int
refuse_server(const struct options *options, struct err *err)
{
	pid_t server = socket_state_holder(options->state_dir, err);

	if (server > 0)
		return err_set(err, ERR_USAGE, "a server with pid %ld uses %s: "
		    "let it stop them (stop --all)", (long)server, options->state_dir);
	return server == 0 ? 0 : -1;
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

	if (refuse_server(options, err) == -1)
		return NULL;
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

static int
recover_run(struct arguments *arguments)
{
	static struct server_options served;
	const struct options *options = &served.core;
	struct request request = { .timeout_ms = 0 };
	struct json_object *found;
	struct err err;
	int key;

	while ((key = arguments_next(arguments)) != 0)
		switch (key) {
		case 'S':
			request.state_dir = arguments->value;
			break;
		case 's':
			request.stop_timeout = arguments->value;
			break;
		case 't':
			if (arguments_duration(arguments, "--timeout",
			    &request.timeout_ms) == -1)
				return arguments->status;
			break;
		case 'j':
			request.json = true;
			break;
		default:
			return arguments->status;
		}
	if (arguments_serve_options(&served, &err, "--state-dir", request.state_dir,
	    "--stop-timeout", request.stop_timeout, NULL) == -1)
		return arguments_refuse(arguments, "%s", err.msg);
	log_init(options->log_level, options->log_format);
	found = recover(options, &request, &err);
	return found == NULL ? arguments_fail(arguments, &err) :
	    stop_outcome_report(found, request.json);
}

static const struct cli_option options_of_recover[] = {
	CLI_STATE_DIR,
	{ 's', "stop-timeout", "DURATION", "As with serve; or ACTIONKIT_STOP_TIMEOUT." },
	{ 't', "timeout", "DURATION", "Repeat what fails for so long. Default: 0, once." },
	CLI_JSON,
	CLI_OPTIONS_END
};

const struct subcommand subcommand_recover = {
	.name = "recover",
	.help = "stop all that is left, without a server",
	.about = "Stops every execution that a server has left behind, as its reaper would\n"
	    "have done, and tells what came of each. It refuses while a server, or the\n"
	    "reaper of one, is alive. The next server goes on with what is left.\n\n"
	    "Exit status: 0 if nothing is left; 1 if something is, or it was refused; 64\n"
	    "for a wrong command line.",
	.options = options_of_recover,
	.run = recover_run,
};
