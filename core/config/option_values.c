/*
 * option_values.c: reads the values of options.
 */
#include "config.h"

#include "core/config/option_values.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/base/duration.h"
#include "core/base/log.h"
#include "core/base/url.h"

const char *
option_digits(const char *text, int64_t max, int64_t *ret_value)
{
	int64_t value = 0;

	if (!isdigit((unsigned char)*text))
		return NULL;
	for (; isdigit((unsigned char)*text); text++) {
		value = value * 10 + (*text - '0');
		if (value > max)
			return NULL;
	}
	*ret_value = value;
	return text;
}

int
option_count(const struct option *option, const char *text, void *member, struct err *err)
{
	int64_t value;
	const char *rest = option_digits(text, option->max, &value);

	if (rest == NULL || *rest != '\0' || value < option->min)
		return err_set(err, ERR_USAGE,
		    "must be a number from %" PRId64 " to %" PRId64,
		    option->min, option->max);
	*(int64_t *)member = value;
	return 0;
}

int
option_duration(const struct option *option, const char *text, void *member, struct err *err)
{
	char least[DURATION_BYTES], most[DURATION_BYTES];
	int64_t value;

	if (duration_parse(text, &value) == -1)
		return err_set(err, ERR_USAGE,
		    "must be a duration like \"500ms\", \"30s\" or \"1h30m\"");
	if (value < option->min || value > option->max) {
		duration_format(option->min, least);
		duration_format(option->max, most);
		return err_set(err, ERR_USAGE, "must be a duration from %s to %s",
		    least, most);
	}
	*(int64_t *)member = value;
	return 0;
}

int
option_size(const struct option *option, const char *text, void *member, struct err *err)
{
	static const struct {
		const char *suffix;
		int64_t bytes;
	} units[] = {
		{ "", 1 }, { "KiB", OPTION_KIB }, { "MiB", OPTION_KIB * OPTION_KIB },
		{ "GiB", OPTION_GIB },
	};
	int64_t count;
	const char *rest = option_digits(text, option->max, &count);
	size_t i;

	for (i = 0; rest != NULL && i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(rest, units[i].suffix) != 0)
			continue;
		if (count > option->max / units[i].bytes ||
		    count * units[i].bytes < option->min)
			break;
		*(int64_t *)member = count * units[i].bytes;
		return 0;
	}
	return err_set(err, ERR_USAGE, "must be a size like \"512KiB\" or \"4MiB\", "
	    "from %" PRId64 " to %" PRId64 " bytes", option->min, option->max);
}

/* Copies a path, made absolute, without trailing slashes. */
int
option_path(const struct option *option, const char *text, void *member, struct err *err)
{
	char directory[PATH_MAX];
	size_t length = strlen(text);
	int wanted;

	if (length == 0)
		return err_set(err, ERR_USAGE, "must not be empty");
	while (length > 1 && text[length - 1] == '/')
		length--;
	if (text[0] == '/')
		directory[0] = '\0';
	else if (getcwd(directory, sizeof(directory)) == NULL)
		return err_sys(err, ERR_USAGE, "current directory");
	else if (strcmp(directory, "/") == 0)
		directory[0] = '\0';
	wanted = snprintf(member, option->size, "%s%s%.*s", directory,
	    text[0] == '/' ? "" : "/", (int)length, text);
	if (wanted < 0 || wanted > option->max)
		return err_set(err, ERR_USAGE,
		    "the absolute path must have at most %" PRId64 " bytes", option->max);
	return 0;
}

int
option_list_add(const char *text, struct option_list *list, struct err *err)
{
	if (list->count == OPTION_LIST_MAX)
		return err_set(err, ERR_USAGE, "is given more than %d times",
		    OPTION_LIST_MAX);
	list->items[list->count++] = text;
	return 0;
}

int
option_file_url(const struct option *option, const char *text, void *member, struct err *err)
{
	const char *fault = url_prefix_fault(text);

	(void)option;
	if (fault != NULL)
		return err_set(err, ERR_USAGE, "%s", fault);
	return option_list_add(text, member, err);
}

int
option_log_level(const struct option *option, const char *text, void *member, struct err *err)
{
	(void)option;
	if (log_level_parse(text, member) == -1)
		return err_set(err, ERR_USAGE,
		    "must be one of trace, debug, info, warn, error");
	return 0;
}

int
option_log_format(const struct option *option, const char *text, void *member, struct err *err)
{
	(void)option;
	if (log_format_parse(text, member) == -1)
		return err_set(err, ERR_USAGE, "must be one of text, json");
	return 0;
}

int
option_kit_log_level(const struct option *option, const char *text, void *member,
    struct err *err)
{
	static const char *const above[] = { "fatal", "panic", "disabled" };
	size_t i;

	for (i = 0; i < sizeof(above) / sizeof(above[0]); i++)
		if (strcasecmp(text, above[i]) == 0) {
			*(enum log_level *)member = LOG_LEVEL_ERROR;
			return 0;
		}
	return option_log_level(option, text, member, err);
}

int
option_kit_log_format(const struct option *option, const char *text, void *member,
    struct err *err)
{
	(void)option;
	(void)err;
	if (log_format_parse(text, member) == -1)
		*(enum log_format *)member = LOG_FORMAT_TEXT;
	return 0;
}

int
option_flag(const struct option *option, const char *text, void *member, struct err *err)
{
	(void)option;
	(void)text;
	(void)err;
	*(bool *)member = true;
	return 0;
}

int
option_yes_no(const struct option *option, const char *text, void *member, struct err *err)
{
	bool yes = strcmp(text, "yes") == 0;

	(void)option;
	if (!yes && strcmp(text, "no") != 0)
		return err_set(err, ERR_USAGE, "must be yes or no");
	*(bool *)member = yes;
	return 0;
}
