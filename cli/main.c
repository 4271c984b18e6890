/*
 * main.c: ak_main(): the table of subcommands.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/arguments.h"
#include "cli/output.h"
#include "cli/subcommand.h"
#include "core/action/registry.h"
#include "core/actionkit.h"
#include "fcgi/server/serve.h"

const struct subcommand subcommand_serve = {
	.name = "serve",
	.help = "answer agents behind nginx",
	.entry = serve_main,
};

#define SUBCOMMAND_ENTRY(name_) &subcommand_##name_,

static const struct subcommand *const table[] = {
	SUBCOMMANDS(SUBCOMMAND_ENTRY)
};

#define SUBCOMMANDS_COUNT (sizeof(table) / sizeof(table[0]))

const struct subcommand *
subcommand_at(unsigned int index)
{
	return index < SUBCOMMANDS_COUNT ? table[index] : NULL;
}

static void
help(FILE *out)
{
	const char *program = program_invocation_short_name;
	size_t i;

	fprintf(out, "usage: %s SUBCOMMAND [--OPTION VALUE ...]\n"
	    "       %s --help | --version\n\nSubcommands:\n", program, program);
	for (i = 0; i < SUBCOMMANDS_COUNT; i++)
		fprintf(out, "  %-10s %s\n", table[i]->name, table[i]->help);
	fprintf(out, "\nEach has a --help of its own.\n");
}

static int
run(const struct subcommand *subcommand, int argc, char **argv)
{
	struct arguments arguments = {
		.subcommand = subcommand, .argc = argc, .argv = argv
	};
	int status;

	if (subcommand->entry != NULL)
		return subcommand->entry(argc, argv);
	status = subcommand->run(&arguments);
	/* What could not be written was not told. */
	if ((fflush(stdout) == EOF || ferror(stdout)) && status == EXIT_SUCCESS) {
		fprintf(stderr, "%s %s: standard output: %s\n",
		    program_invocation_short_name, subcommand->name, strerror(errno));
		return EXIT_FAILURE;
	}
	return status;
}

int
ak_main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	size_t i;

	if (name == NULL) {
		help(stderr);
		return EX_USAGE;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
		help(stdout);
		return EXIT_SUCCESS;
	}
	if (strcmp(name, "--version") == 0) {
		printf("%s %s\n", PACKAGE_NAME, PACKAGE_VERSION);
		return EXIT_SUCCESS;
	}
	if (registry_refusal() != NULL) {
		fprintf(stderr, "%s: the program %s\n", program_invocation_short_name,
		    registry_refusal());
		return EX_CONFIG;
	}
	for (i = 0; i < SUBCOMMANDS_COUNT; i++)
		if (strcmp(name, table[i]->name) == 0)
			return run(table[i], argc - 1, argv + 1);
	if (strcmp(name, subcommand_work.name) == 0)
		return run(&subcommand_work, argc - 1, argv + 1);
	output_error("%s: %s: there is no such subcommand", program_invocation_short_name, name);
	fputc('\n', stderr);
	help(stderr);
	return EX_USAGE;
}
