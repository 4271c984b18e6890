/*
 * command_line.h: takes a command line apart, for every subcommand in the same way and with
 * the same words.
 *
 * "--name value" and "--name=value"; the beginning of a name stands for it if no other name
 * begins so. Options and operands may be mixed, and "--" ends the options. --help is always
 * there, and wins over every mistake. getopt_long() does the work and has its state in
 * globals: one command line at a time.
 */
#ifndef CORE_BASE_COMMAND_LINE_H
#define CORE_BASE_COMMAND_LINE_H

#include <stdbool.h>

#include "core/base/err.h"

#define COMMAND_LINE_OPTIONS_MAX 64

struct command_line_option {
	int key;			/* what command_line_next() returns for it; above 0 */
	const char *name;		/* without dashes; NULL ends the list */
	bool takes_value;
};

struct command_line {
	int argc;
	char **argv;			/* argv[0] is skipped; operands are moved to the end */
	const struct command_line_option *options; /* without --help */
	bool takes_operands;
	const char *value;		/* of the option found last, borrowed; NULL: a flag */
	char **operands;		/* once all options are read */
	int operand_count;
};

/* Has to be called first. Returns whether --help is asked for: then there is no more to do. */
bool command_line_begin(const struct command_line *line);

/*
 * The key of the next option; 0 when all are read; -1 with ERR_USAGE and a message that names
 * what is wrong: "--x: unknown option", "--x: needs a value", "--x: takes no value",
 * "x: unexpected argument".
 */
int command_line_next(struct command_line *line, struct err *err);

#endif
