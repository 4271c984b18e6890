/*
 * subcommand.h: what `actionkit NAME` runs.
 *
 * A subcommand is a file with one entry in the table of main.c.
 */
#ifndef CLI_SUBCOMMAND_H
#define CLI_SUBCOMMAND_H

struct subcommand {
	const char *name;
	const char *help;		/* one line */
	int (*entry)(int argc, char **argv); /* argv[0] is the name; the exit status */
};

#endif
