/*
 * main.c: ak_main(): the table of subcommands.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/subcommand.h"
#include "core/actionkit.h"
#include "fcgi/serve.h"

static const struct subcommand table[] = {
	{ "serve", "answer agents behind nginx", serve_main },
};

#define SUBCOMMANDS (sizeof(table) / sizeof(table[0]))

static void
help(FILE *out)
{
	const char *program = program_invocation_short_name;
	size_t i;

	fprintf(out, "usage: %s SUBCOMMAND [--OPTION VALUE ...]\n"
	    "       %s --help | --version\n\nSubcommands:\n", program, program);
	for (i = 0; i < SUBCOMMANDS; i++)
		fprintf(out, "  %-10s %s\n", table[i].name, table[i].help);
	fprintf(out, "\nEach has a --help of its own.\n");
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
	for (i = 0; i < SUBCOMMANDS; i++)
		if (strcmp(name, table[i].name) == 0)
			return table[i].entry(argc - 1, argv + 1);
	fprintf(stderr, "%s: %s: there is no such subcommand\n\n",
	    program_invocation_short_name, name);
	help(stderr);
	return EX_USAGE;
}
