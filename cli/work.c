/*
 * work.c: what core/worker/spawn.c executes: the worker of an execution. It is in no help: it is
 * not for people.
 */
#include "config.h"

#include <sysexits.h>

#include "cli/arguments.h"
#include "cli/subcommand.h"
#include "core/base/log.h"
#include "core/keeper/keeper.h"
#include "core/worker/spawn.h"

static int
work_run(struct arguments *arguments)
{
	static struct server_options served;
	const char *values[5] = { NULL };
	static const char *const names[] = {
		"--state-dir", "--grace", "--stop-timeout", "--log-level", "--log-format"
	};
	/* The server has said what counts: a file may have been edited since. */
	const struct option_mistakes mistakes = {
		.report = arguments_tell_mistake, .context = arguments, .overlook = true
	};
	int key;

	while ((key = arguments_next(arguments)) != 0) {
		if (key < 1 || key > 5)
			return arguments->status;
		values[key - 1] = arguments->value;
	}
	if (arguments->operand_count != 1)
		return EX_USAGE;
	if (arguments_serve_options(&served, &mistakes, names[0], values[0], names[1], values[1],
	    names[2], values[2], names[3], values[3], names[4], values[4], NULL) == -1)
		return EX_USAGE;
	log_init(served.core.log_level, served.core.log_format);
	return keeper_main(&served.core, arguments->operands[0]);
}

static const struct cli_option options_of_work[] = {
	{ 1, "state-dir", "DIR", "As with serve." },
	{ 2, "grace", "DURATION", "As with serve." },
	{ 3, "stop-timeout", "DURATION", "As with serve." },
	{ 4, "log-level", "LEVEL", "As with serve." },
	{ 5, "log-format", "FORMAT", "As with serve." },
	CLI_OPTIONS_END
};

const struct subcommand subcommand_work = {
	.name = SPAWN_SUBCOMMAND,
	.help = "the worker of an execution",
	.operands = "ID",
	.about = "What a server runs for an action with work(). Not for people.",
	.options = options_of_work,
	.run = work_run,
};
