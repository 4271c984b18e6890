/*
 * option_values.h: what the values of the options of `actionkit serve` may look like.
 */
#ifndef CORE_CONFIG_OPTION_VALUES_H
#define CORE_CONFIG_OPTION_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/config/options.h"

#define OPTION_KIB INT64_C(1024)

struct option {
	const char *name;
	const char *argument;	/* in the help; NULL: a flag, not in the environment */
	const char *preset;	/* the default, as text; NULL: zero */
	const char *also;	/* a variable that is read where ours is not set */
	const char *help;
	int (*parse)(const struct option *option, const char *text,
	    struct options *options, struct err *err);
	size_t offset;		/* of the member, for parsers of several options */
	size_t size;
	int64_t min, max;	/* of numbers: what is allowed */
	const char *separator;	/* of a variable that is a list; NULL: the option is none */
};

/*
 * Each reads text into the member of options that the row names. Returns 0, or -1 with
 * ERR_USAGE and a message that says what the value must be. Values are copied, apart from
 * the items of lists, which are borrowed.
 */
int option_count(const struct option *option, const char *text,
    struct options *options, struct err *err);
int option_duration(const struct option *option, const char *text,
    struct options *options, struct err *err);
int option_size(const struct option *option, const char *text,
    struct options *options, struct err *err);
int option_path(const struct option *option, const char *text,
    struct options *options, struct err *err);
int option_group(const struct option *option, const char *text,
    struct options *options, struct err *err);
int option_base_path(const struct option *option, const char *text,
    struct options *options, struct err *err);
int option_file_url(const struct option *option, const char *text,
    struct options *options, struct err *err);
int option_action(const struct option *option, const char *text,
    struct options *options, struct err *err);
int option_log_level(const struct option *option, const char *text,
    struct options *options, struct err *err);
int option_log_format(const struct option *option, const char *text,
    struct options *options, struct err *err);
int option_flag(const struct option *option, const char *text,
    struct options *options, struct err *err);
int option_help(const struct option *option, const char *text,
    struct options *options, struct err *err);

/* The list that an option with a separator adds its values to. */
struct option_list *option_list_of(const struct option *option, struct options *options);

#endif
