/*
 * option_values.c: reads the values of the options of `actionkit serve`.
 */
#include "config.h"

#include "core/config/option_values.h"

#include <ctype.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/action/registry.h"
#include "core/base/duration.h"
#include "core/base/url.h"

#define BASE_PATH_MAX_BYTES 255

static char *
text_member(const struct option *option, struct options *options)
{
	return (char *)options + option->offset;
}

static int64_t *
number_member(const struct option *option, struct options *options)
{
	return (int64_t *)(void *)((char *)options + option->offset);
}

/* Digits only, at most max. Returns what follows them, or NULL. */
static const char *
read_digits(const char *text, int64_t max, int64_t *ret_value)
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
option_count(const struct option *option, const char *text, struct options *options,
    struct err *err)
{
	int64_t value;
	const char *rest = read_digits(text, option->max, &value);

	if (rest == NULL || *rest != '\0' || value < option->min)
		return err_set(err, ERR_USAGE,
		    "must be a number from %" PRId64 " to %" PRId64,
		    option->min, option->max);
	*number_member(option, options) = value;
	return 0;
}

int
option_duration(const struct option *option, const char *text, struct options *options,
    struct err *err)
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
	*number_member(option, options) = value;
	return 0;
}

int
option_size(const struct option *option, const char *text, struct options *options,
    struct err *err)
{
	static const struct {
		const char *suffix;
		int64_t bytes;
	} units[] = {
		{ "", 1 }, { "KiB", OPTION_KIB }, { "MiB", OPTION_KIB * OPTION_KIB },
		{ "GiB", OPTION_KIB * OPTION_KIB * OPTION_KIB },
	};
	int64_t count;
	const char *rest = read_digits(text, option->max, &count);
	size_t i;

	for (i = 0; rest != NULL && i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(rest, units[i].suffix) != 0)
			continue;
		if (count > option->max / units[i].bytes ||
		    count * units[i].bytes < option->min)
			break;
		*number_member(option, options) = count * units[i].bytes;
		return 0;
	}
	return err_set(err, ERR_USAGE, "must be a size like \"512KiB\" or \"4MiB\", "
	    "from %" PRId64 " to %" PRId64 " bytes", option->min, option->max);
}

/* Copies a path, made absolute, without trailing slashes. */
int
option_path(const struct option *option, const char *text, struct options *options,
    struct err *err)
{
	char *path = text_member(option, options);
	char directory[OPTIONS_PATH_BYTES];
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
	wanted = snprintf(path, option->size, "%s%s%.*s", directory,
	    text[0] == '/' ? "" : "/", (int)length, text);
	if (wanted < 0 || wanted > option->max)
		return err_set(err, ERR_USAGE,
		    "the absolute path must have at most %" PRId64 " bytes", option->max);
	return 0;
}

int
option_group(const struct option *option, const char *text, struct options *options,
    struct err *err)
{
	char *group = text_member(option, options);
	int64_t gid;
	const char *rest = read_digits(text, UINT32_MAX - 1, &gid);

	if (strlen(text) >= option->size)
		return err_set(err, ERR_USAGE, "is too long");
	if ((rest == NULL || *rest != '\0') && *text != '\0' && getgrnam(text) == NULL)
		return err_set(err, ERR_USAGE, "there is no such group");
	memcpy(group, text, strlen(text) + 1);
	return 0;
}

const char *
options_base_path_fault(const char *path)
{
	const char *segment = path, *end;
	size_t length;

	if (*path == '\0')
		return NULL;
	if (*path != '/')
		return "must start with \"/\"";
	if (path[strlen(path) - 1] == '/')
		return "must not end with \"/\"";
	if (strlen(path) > BASE_PATH_MAX_BYTES)
		return "is too long";
	while (*segment == '/') {
		segment++;
		end = segment + strcspn(segment, "/");
		length = (size_t)(end - segment);
		if (length <= 2 && strncmp(segment, "..", length) == 0)
			return "must not have empty, \".\" or \"..\" segments";
		for (; segment < end; segment++)
			if (!isalnum((unsigned char)*segment) &&
			    strchr("-._~", *segment) == NULL)
				return "must have letters, digits and \"-._~\" only "
				    "between slashes";
	}
	return NULL;
}

int
option_base_path(const struct option *option, const char *text, struct options *options,
    struct err *err)
{
	const char *fault = options_base_path_fault(text);

	if (fault != NULL)
		return err_set(err, ERR_USAGE, "%s", fault);
	memcpy(text_member(option, options), text, strlen(text) + 1);
	return 0;
}

struct option_list *
option_list_of(const struct option *option, struct options *options)
{
	return (struct option_list *)(void *)((char *)options + option->offset);
}

static int
add_item(const struct option *option, const char *text, struct options *options,
    struct err *err)
{
	struct option_list *list = option_list_of(option, options);

	if (list->count == OPTIONS_LIST_MAX)
		return err_set(err, ERR_USAGE, "is given more than %d times",
		    OPTIONS_LIST_MAX);
	list->items[list->count++] = text;
	return 0;
}

int
option_file_url(const struct option *option, const char *text, struct options *options,
    struct err *err)
{
	const char *fault = url_prefix_fault(text);

	if (fault != NULL)
		return err_set(err, ERR_USAGE, "%s", fault);
	return add_item(option, text, options, err);
}

int
option_action(const struct option *option, const char *text, struct options *options,
    struct err *err)
{
	if (registry_find(text) == NULL)
		return err_set(err, ERR_USAGE, "there is no such action");
	return add_item(option, text, options, err);
}

int
option_log_level(const struct option *option, const char *text, struct options *options,
    struct err *err)
{
	(void)option;
	if (log_level_parse(text, &options->log_level) == -1)
		return err_set(err, ERR_USAGE,
		    "must be one of trace, debug, info, warn, error");
	return 0;
}

int
option_log_format(const struct option *option, const char *text, struct options *options,
    struct err *err)
{
	(void)option;
	if (log_format_parse(text, &options->log_format) == -1)
		return err_set(err, ERR_USAGE, "must be one of text, json");
	return 0;
}

int
option_flag(const struct option *option, const char *text, struct options *options,
    struct err *err)
{
	(void)text;
	(void)err;
	*(bool *)(void *)((char *)options + option->offset) = true;
	return 0;
}

/* Looked for before all others; in the table for the sake of the help. */
int
option_help(const struct option *option, const char *text, struct options *options,
    struct err *err)
{
	(void)option;
	(void)text;
	(void)options;
	(void)err;
	return 0;
}
