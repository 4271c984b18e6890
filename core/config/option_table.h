/*
 * option_table.h: how the options of a program are read from tables: one table for each part
 * that has options, and one struct that all of them fill.
 *
 * A row says all that there is to say of an option: help, ACTIONKIT_<NAME> and the parser's
 * limits come from it. The command line wins over the environment, which wins over the
 * preset.
 */
#ifndef CORE_CONFIG_OPTION_TABLE_H
#define CORE_CONFIG_OPTION_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/err.h"

#define OPTION_LIST_MAX 128

/* Borrowed from argv or the environment, in their order. */
struct option_list {
	const char *items[OPTION_LIST_MAX];
	size_t count;
};

struct option {
	const char *name;	/* NULL ends a table */
	const char *argument;	/* what the value is, its unit too: "DURATION"; NULL: a flag, not
				   in the environment */
	const char *preset;	/* the default, as text; NULL: zero */
	const char *also;	/* a variable that is read where ours is not set */
	const char *help;
	/*
	 * Reads text into the member. Returns 0, or -1 with ERR_USAGE and a message that says
	 * what the value must be (option_values.h). NULL: --help, for the sake of the text.
	 */
	int (*parse)(const struct option *option, const char *text, void *member,
	    struct err *err);
	size_t offset;		/* of the member in the struct of all options */
	size_t size;
	int64_t min, max;	/* of numbers: what is allowed */
	const char *separator;	/* of a variable that is a list; NULL: the option is none */
};

#define OPTION_MEMBER(type_, name_) \
	.offset = offsetof(type_, name_), .size = sizeof(((type_ *)0)->name_)
#define OPTIONS_END { .name = NULL }

/* The functions below take tables up to NULL: all whose rows address the same struct. */

/*
 * Fills options, which are zero, from presets, environment (ACTIONKIT_<NAME>) and argv
 * (command_line.h). Returns 0; 1 if --help was asked for (nothing is printed); or -1 with
 * ERR_USAGE and a message that names each option and variable that is wrong.
 */
int option_table_parse(const struct option *const *tables, int argc, char **argv,
    void *options, struct err *err);

/*
 * Has variables that are mistakes count as not set from now on, and tells each: for who must do
 * what it can. scratch is a struct of options, zero.
 */
void option_table_overlook(const struct option *const *tables, void *scratch,
    void (*report)(const char *mistake));

/* The row at an index, in the order of the help; NULL behind the last. */
const struct option *option_table_at(const struct option *const *tables, size_t index);

/* Prints one paragraph per option. */
void option_table_help(const struct option *const *tables, FILE *out);

#endif
