/*
 * serve.c: `actionkit serve`: checks options and actions, makes what is the same for all
 * responders, and becomes the supervisor.
 */
#include "config.h"

#include "fcgi/server/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/action/registry.h"
#include "core/action/verify.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "core/config/discovery_options.h"
#include "fcgi/http/server_options.h"
#include "fcgi/server/reexec.h"
#include "fcgi/server/state_dir.h"
#include "fcgi/server/supervisor.h"

static void
help(void)
{
	printf("usage: %s serve [--OPTION VALUE ...]\n\n"
	    "Answers the ActionKit protocol behind nginx, in the foreground; logs to\n"
	    "standard error. An option is also taken from the environment and from the\n"
	    "options file; the command line wins over both, the environment over the file.\n\n",
	    program_invocation_short_name);
	server_options_help(stdout);
	printf("\nSignals: TERM and INT stop all executions, then the server; USR1 stops\n"
	    "all executions; HUP continues with the program that is installed by then;\n"
	    "QUIT ends the server without stopping executions, for a restart within\n"
	    "--grace.\n");
}

/* What is opened later must not become standard error. */
static void
open_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd != -1)
		close(fd);
}

static void
report(void *context, const char *mistake)
{
	(void)context;
	log_error("%s", mistake);
}

static void
report_kept(const char *name, const char *kept, const char *said)
{
	log_warn("SIGHUP: %s: needs a restart: \"%s\" goes on, not \"%s\"", name, kept, said);
}

/*
 * Who goes on for a server before it has what it must keep, and overlooks mistakes: it was tested
 * a moment ago, and to leave would be worse. The test itself says what is to be said.
 */
static int
read_options(int argc, char **argv, struct server_options *ret_options)
{
	struct option_mistakes mistakes = {
		.report = report, .overlook = reexec_goes_on()
	};
	int result = server_options_parse(argc, argv, ret_options, &mistakes);

	if (result == 0 && (reexec_goes_on() || reexec_is_test()))
		server_options_take_over(ret_options, reexec_is_test() ? report_kept : NULL);
	return result;
}

/* Whether this process could serve. */
static int
test(const struct server_options *options)
{
	/* For what SQLite makes for a moment: where there must be space. */
	if (setenv("SQLITE_TMPDIR", options->core.state_dir, 1) == -1)
		log_out_of_memory();
	if (state_dir_test(options, reexec_is_test(), report, NULL) > 0)
		return EX_CONFIG;
	log_info("configuration ok");
	return EXIT_SUCCESS;
}

static bool
offers_anything(void)
{
	for (size_t i = 0; i < registry_count(); i++)
		if (registry_enabled(registry_at(i)))
			return true;
	return registry_discoveries() > 0;
}

int
serve_main(int argc, char **argv)
{
	static struct server_options options;
	static struct site site;
	struct err err;
	int status;

	open_standard_files();
	process_outlive_file_limit();
	switch (read_options(argc, argv, &options)) {
	case 0:
		break;
	case 1:
		help();
		return EXIT_SUCCESS;
	default:
		return EX_CONFIG;
	}
	log_init(options.core.log_level, options.core.log_format);
	if (discovery_options_apply(&options.core.discovery, &err) == -1) {
		log_error("%s", err.msg);
		return EX_CONFIG;
	}
	if (verify_registry(report, NULL) > 0)
		return EX_CONFIG;
	server_options_enable(&options);
	if (!offers_anything())
		log_warn("no action is offered: all that are registered are guarded or not named "
		    "(--enable-action)");
	site = (struct site){ .options = &options };
	index_binary(site.binary);
	index_build(&site.index, options.base_path, site.binary);
	if (routes_build(&site.routes, &site.index, &err) == -1) {
		log_error("%s", err.msg);
		return EX_CONFIG;
	}
	if (options.test) {
		status = test(&options);
	} else {
		reexec_remember(argc, argv, &options);
		status = supervisor_run(&options, &site);
	}
	index_done(&site.index);
	routes_done(&site.routes);
	return status;
}
