/*
 * option_table.h: how the options of a program are read from tables: one table for each part
 * that has options, and one struct that all of them fill.
 *
 * A row says all that there is to say of an option: help, ACTIONKIT_<NAME>, its line in the
 * options file and the parser's limits come from it. The command line wins over the environment,
 * which wins over the file, which wins over the preset.
 */
#ifndef CORE_CONFIG_OPTION_TABLE_H
#define CORE_CONFIG_OPTION_TABLE_H

#include <stdbool.h>
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
	/* Reads that one where others have made its rules; NULL: parse() does. */
	int (*parse_also)(const struct option *option, const char *text, void *member,
	    struct err *err);
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
	bool names_file;	/* its value is the path of the options file */
	bool fixed;		/* a text that holds until the server ends, HUP or not */
};

struct option_mistakes {
	/* Told of each, with the option, and the variable or the file and its line. NULL: nobody
	   is. */
	void (*report)(void *context, const char *mistake);
	void *context;
	/* Those of file and environment count as not said: for who must do what it can. */
	bool overlook;
};

#define OPTION_MEMBER(type_, name_) \
	.offset = offsetof(type_, name_), .size = sizeof(((type_ *)0)->name_)
#define OPTIONS_END { .name = NULL }

/* The functions below take tables up to NULL: all whose rows address the same struct. */

/*
 * Fills options, which are zero, from presets, the options file, the environment
 * (ACTIONKIT_<NAME>) and argv (command_line.h). The file of the preset may be missing, one that was
 * named must not. Returns 0; 1 if --help was asked for (nothing is printed); or -1 after all
 * mistakes were reported, or all that may not be overlooked. Lists point into the text of the
 * file, which the next call frees.
 */
int option_table_parse(const struct option *const *tables, int argc, char **argv,
    void *options, const struct option_mistakes *mistakes);

/* Fills options, which are zero, from presets alone: for a test, whose system does not count. */
void option_table_presets(const struct option *const *tables, void *options);

/*
 * The values of options that are fixed: put into the environment for the program that is executed
 * next, and taken from there, once. differs is told of each that is said otherwise by now (name,
 * the value that is kept, what was said; borrowed for the call), unless NULL.
 */
void option_table_hand_over(const struct option *const *tables, const void *options);
void option_table_take_over(const struct option *const *tables, void *options,
    void (*differs)(const char *name, const char *kept, const char *said));

/* The row at an index, in the order of the help; NULL behind the last. */
const struct option *option_table_at(const struct option *const *tables, size_t index);

/* Prints one paragraph per option. */
void option_table_help(const struct option *const *tables, FILE *out);

#endif
