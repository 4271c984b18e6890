/*
 * option_values.h: what the values of options may look like: parsers for the rows of a table.
 */
#ifndef CORE_CONFIG_OPTION_VALUES_H
#define CORE_CONFIG_OPTION_VALUES_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/config/option_table.h"

#define OPTION_KIB INT64_C(1024)
#define OPTION_GIB (OPTION_KIB * OPTION_KIB * OPTION_KIB)
#define OPTION_TIB (OPTION_KIB * OPTION_GIB)
#define OPTION_DAY_MS (INT64_C(24) * 3600 * 1000)

/* Limits that several rows have. */
#define OPTION_TIMEOUT_MIN_MS 1
#define OPTION_TIMEOUT_MAX_MS OPTION_DAY_MS
#define OPTION_KEEP_MAX_MS (3650 * OPTION_DAY_MS)

/*
 * Each reads text into a member of the type that is named. Values are copied, apart from the
 * items of lists, which are borrowed.
 */

/* int64_t, within the row's limits; a size in bytes, a duration in milliseconds. */
int option_count(const struct option *option, const char *text, void *member,
    struct err *err);
int option_duration(const struct option *option, const char *text, void *member,
    struct err *err);
int option_size(const struct option *option, const char *text, void *member,
    struct err *err);
/* An array of char: a path, made absolute, of at most max bytes. */
int option_path(const struct option *option, const char *text, void *member,
    struct err *err);
/* struct option_list. */
int option_file_url(const struct option *option, const char *text, void *member,
    struct err *err);
/* enum log_level and enum log_format. */
int option_log_level(const struct option *option, const char *text, void *member,
    struct err *err);
int option_log_format(const struct option *option, const char *text, void *member,
    struct err *err);
/*
 * The same as extension-kit takes them: levels that we have not (fatal, panic, disabled) are error,
 * whose lines an operator must see; any format but json is text.
 */
int option_kit_log_level(const struct option *option, const char *text, void *member,
    struct err *err);
int option_kit_log_format(const struct option *option, const char *text, void *member,
    struct err *err);
/* bool: of an option without a value; of "yes" or "no". */
int option_flag(const struct option *option, const char *text, void *member,
    struct err *err);
int option_yes_no(const struct option *option, const char *text, void *member,
    struct err *err);

/* For parsers of lists. 0, or -1 with ERR_USAGE if it is full. */
int option_list_add(const char *text, struct option_list *list, struct err *err);

/*
 * Digits only, at most max. Returns what follows them, or NULL; *ret_value is untouched then.
 */
const char *option_digits(const char *text, int64_t max, int64_t *ret_value);

#endif
