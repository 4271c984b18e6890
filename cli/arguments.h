/*
 * arguments.h: the command line of one subcommand.
 */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/subcommand.h"
#include "core/actionkit.h"
#include "core/base/err.h"
#include "fcgi/http/server_options.h"

struct arguments {
	const struct subcommand *subcommand;
	int argc;
	char **argv;
	const char *value;		/* of the option that was found last; borrowed */
	int status;			/* to exit with, after -1 */
	char **operands;		/* what is not an option, once all options are read */
	int operand_count;
	bool begun;			/* some were read */
	int mistakes;			/* that were found, and told */
};

/*
 * The key of the next option; 0 when all are read; -1 when the subcommand is to return
 * arguments->status: --help was asked for and printed, or all were read and there were mistakes
 * among them. Each mistake is told, not only the first.
 */
int arguments_next(struct arguments *arguments);

/*
 * Reads all options of a subcommand that has no more than one that takes a value (borrowed,
 * untouched if it is not given; NULL: there is none), and CLI_JSON. Returns 0, or -1 as
 * arguments_next().
 */
int arguments_read(struct arguments *arguments, const char **ret_value, bool *ret_json);

/*
 * Reads the value of the option that was found last ("--timeout", as it is to be told), as a
 * duration. Returns 0, or -1 where it is none: a mistake.
 */
int arguments_duration(struct arguments *arguments, const char *option, int64_t *ret_ms);

/* Prints something that is wrong with the command line, and goes on, to find more. */
void arguments_mistake(struct arguments *arguments, const char *format, ...)
    AK_PRINTF(2, 3);
/* 0 if there were no mistakes; else -1, as arguments_next(). */
int arguments_check(struct arguments *arguments);

/* Prints the only thing that is wrong with the command line; returns the exit status of that. */
int arguments_refuse(const struct arguments *arguments, const char *format, ...)
    AK_PRINTF(2, 3);

/* Prints why the subcommand failed; returns EXIT_FAILURE. */
int arguments_fail(const struct arguments *arguments, const struct err *err);

/*
 * The state directory: of the option unless NULL, the environment, the options file, or the
 * default.
 */
const char *arguments_state_dir(const char *option);

/*
 * What serve would use: pairs of an option ("--state-dir") and a value that was given here
 * (NULL: was not) up to NULL, else the environment, the options file, or the default. 0, or -1
 * after mistakes were reported.
 */
int arguments_serve_options(struct server_options *ret_options,
    const struct option_mistakes *mistakes, ...) __attribute__((sentinel));

/* For option_mistakes: prints it. The context is a struct arguments. */
void arguments_tell_mistake(void *context, const char *mistake);

/*
 * Lets descriptions be as serve would tell them, by environment and options file. 0, or -1 as
 * arguments_next().
 */
int arguments_describe(struct arguments *arguments);

#endif
