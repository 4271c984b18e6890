/*
 * parameter_types.c: the types of parameters, and what agents send for each.
 */
#include "config.h"

#include "core/action/parameter_types.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/action/parameters.h"
#include "core/base/base64.h"
#include "core/base/bitrate.h"
#include "core/base/duration.h"
#include "core/base/url.h"

#define ITEM_PREFIX_BYTES 32
#define LIST_TEXT_BYTES 1024
#define FILE_NAME_BYTES 256

/* Makes the one form of a sent value, owned; NULL and err where it breaks a rule. */
typedef struct json_object *convert(const struct ak_parameter *parameter,
    struct json_object *value, struct err *err);

static convert convert_string, convert_bitrate, convert_string_array, convert_integer,
    convert_boolean, convert_duration, convert_key_value, convert_file;

static const struct type {
	const char *name;
	convert *convert;		/* NULL: never sent */
} types[] = {
	[AK_STRING] = { "string", convert_string },
	[AK_TEXTAREA] = { "textarea", convert_string },
	[AK_URL] = { "url", convert_string },
	[AK_REGEX] = { "regex", convert_string },
	[AK_BITRATE] = { "bitrate", convert_bitrate },
	[AK_STRING_ARRAY] = { "string_array", convert_string_array },
	[AK_INTEGER] = { "integer", convert_integer },
	[AK_PERCENTAGE] = { "percentage", convert_integer },
	[AK_STRESSNG_WORKERS] = { "stressng-workers", convert_integer },
	[AK_BOOLEAN] = { "boolean", convert_boolean },
	[AK_DURATION] = { "duration", convert_duration },
	[AK_KEY_VALUE] = { "key_value", convert_key_value },
	[AK_SEPARATOR] = { "separator", NULL },
	[AK_HEADER] = { "header", NULL },
	[AK_TARGET_SELECTION] = { "target-selection", NULL },
	[AK_FILE] = { "file", convert_file },
};

#define TYPES (sizeof(types) / sizeof(types[0]))

const char *
parameters_type_name(enum ak_type type)
{
	return (size_t)type < TYPES ? types[type].name : NULL;
}

bool
parameters_sent(enum ak_type type)
{
	return (size_t)type < TYPES && types[type].convert != NULL;
}

static struct json_object *
refuse(struct err *err, const char *rule)
{
	err_set(err, ERR_CONFIG, "%s", rule);
	return NULL;
}

/* Digits as JSON writes an integer, with nothing around them. */
static bool
parse_whole(const char *text, int64_t *ret_whole)
{
	const char *digits = text + (*text == '-');
	struct json_object *value;
	struct err err;
	bool whole;

	if (*digits == '\0' || strspn(digits, "0123456789") != strlen(digits))
		return false;
	if (json_parse(text, strlen(text), &value, &err) == -1)
		return false;
	whole = json_whole(value, ret_whole) == 0;
	json_object_put(value);
	return whole;
}

/* A number, or the text of one. */
static bool
read_whole(struct json_object *value, int64_t *ret_whole)
{
	const char *text = json_string(value);

	if (text != NULL)
		return parse_whole(text, ret_whole);
	return json_whole(value, ret_whole) == 0;
}

static struct json_object *
refuse_limit(struct err *err, const struct ak_parameter *parameter, const char *which,
    int64_t limit)
{
	char text[DURATION_BYTES];

	if (parameter->type == AK_DURATION && limit >= 0)
		duration_format(limit, text);
	else
		snprintf(text, sizeof(text), "%" PRId64, limit);
	err_set(err, ERR_CONFIG, "must be at %s %s", which, text);
	return NULL;
}

static struct json_object *
within_limits(const struct ak_parameter *parameter, int64_t whole, struct err *err)
{
	if (parameter->min.set && whole < parameter->min.value)
		return refuse_limit(err, parameter, "least", parameter->min.value);
	if (parameter->max.set && whole > parameter->max.value)
		return refuse_limit(err, parameter, "most", parameter->max.value);
	return json_new_int(whole);
}

static struct json_object *
convert_integer(const struct ak_parameter *parameter, struct json_object *value,
    struct err *err)
{
	int64_t whole;

	if (!read_whole(value, &whole))
		return refuse(err, "must be a whole number");
	return within_limits(parameter, whole, err);
}

static struct json_object *
convert_duration(const struct ak_parameter *parameter, struct json_object *value,
    struct err *err)
{
	const char *text = json_string(value);
	int64_t ms;

	if (!read_whole(value, &ms)) {
		if (text != NULL && text[0] == '-' && duration_parse(text + 1, &ms) == 0)
			return refuse(err, "must not be negative");
		if (text == NULL || duration_parse(text, &ms) == -1)
			return refuse(err, "must be a duration: whole milliseconds, or "
			    "text such as \"1m30s\"");
	}
	if (ms < 0)
		return refuse(err, "must not be negative");
	return within_limits(parameter, ms, err);
}

static struct json_object *
convert_boolean(const struct ak_parameter *parameter, struct json_object *value,
    struct err *err)
{
	(void)parameter;
	if (!json_object_is_type(value, json_type_boolean))
		return refuse(err, "must be true or false");
	return json_object_get(value);
}

static bool
is_option(const struct ak_parameter *parameter, const char *text)
{
	const struct ak_option *option = parameter->options;

	/* The values of target attributes are known to the agent only. */
	if (option == NULL || parameter->options_open ||
	    parameter->option_attributes != NULL)
		return true;
	for (; option->label != NULL; option++)
		if (strcmp(option->value, text) == 0)
			return true;
	return false;
}

/* prefix says which item of a list it is about. */
static struct json_object *
refuse_option(struct err *err, const char *prefix, const struct ak_option *option)
{
	static const char more[] = ", ...";
	char list[LIST_TEXT_BYTES] = "";
	size_t used = 0;

	for (; option->label != NULL; option++) {
		if (used + strlen(option->value) + sizeof(", \"\"") + sizeof(more) >
		    sizeof(list)) {
			strcpy(list + used, more);
			break;
		}
		used += (size_t)snprintf(list + used, sizeof(list) - used,
		    "%s\"%s\"", used == 0 ? "" : ", ", option->value);
	}
	err_set(err, ERR_CONFIG, "%smust be one of %s", prefix, list);
	return NULL;
}

/* Whether a text is not too long; prefix says which item of a list it is, if any. */
static bool
fits(const struct ak_parameter *parameter, const char *prefix, const char *text,
    struct err *err)
{
	if (parameter->max_length == 0 || strlen(text) <= parameter->max_length)
		return true;
	err_set(err, ERR_CONFIG, "%smust have at most %zu bytes", prefix,
	    parameter->max_length);
	return false;
}

/* Whether value is a list, and not too long a one. */
static bool
is_list(const struct ak_parameter *parameter, struct json_object *value, struct err *err)
{
	if (!json_object_is_type(value, json_type_array)) {
		err_set(err, ERR_CONFIG, "must be an array");
		return false;
	}
	if (parameter->max_items != 0 &&
	    json_object_array_length(value) > parameter->max_items) {
		err_set(err, ERR_CONFIG, "must have at most %zu items",
		    parameter->max_items);
		return false;
	}
	return true;
}

static struct json_object *
convert_string(const struct ak_parameter *parameter, struct json_object *value,
    struct err *err)
{
	const char *text = json_string(value);

	if (text == NULL)
		return refuse(err, json_object_is_type(value, json_type_string) ?
		    "must not contain a NUL character" : "must be text");
	if (!fits(parameter, "", text, err))
		return NULL;
	if (!is_option(parameter, text))
		return refuse_option(err, "", parameter->options);
	return json_object_get(value);
}

static struct json_object *
convert_bitrate(const struct ak_parameter *parameter, struct json_object *value,
    struct err *err)
{
	const char *text = json_string(value);
	int64_t bits;

	(void)parameter;
	if (text == NULL)
		return refuse(err, "must be text");
	if (bitrate_parse(text, &bits) == -1)
		return refuse(err,
		    "must be a bitrate, such as \"1024kbit\" or \"10mbps\"");
	return json_object_get(value);
}

static struct json_object *
convert_string_array(const struct ak_parameter *parameter, struct json_object *value,
    struct err *err)
{
	struct json_object *item;
	const char *text;
	char prefix[ITEM_PREFIX_BYTES];
	size_t i;

	if (!is_list(parameter, value, err))
		return NULL;
	for (i = 0; i < json_object_array_length(value); i++) {
		item = json_object_array_get_idx(value, i);
		snprintf(prefix, sizeof(prefix), "item %zu ", i + 1);
		if ((text = json_string(item)) == NULL) {
			err_set(err, ERR_CONFIG, "%s%s", prefix,
			    json_object_is_type(item, json_type_string) ?
			    "must not contain a NUL character" : "must be text");
			return NULL;
		}
		if (!fits(parameter, prefix, text, err))
			return NULL;
		if (!is_option(parameter, text))
			return refuse_option(err, prefix, parameter->options);
	}
	return json_object_get(value);
}

static struct json_object *
convert_key_value(const struct ak_parameter *parameter, struct json_object *value,
    struct err *err)
{
	struct json_object *list, *item, *pair;
	const char *key, *text;
	char prefix[ITEM_PREFIX_BYTES];
	size_t i;

	if (!is_list(parameter, value, err))
		return NULL;
	list = json_new_array();
	for (i = 0; i < json_object_array_length(value); i++) {
		item = json_object_array_get_idx(value, i);
		key = json_member_string(item, "key");
		text = json_member_string(item, "value");
		if (key == NULL || text == NULL) {
			err_set(err, ERR_CONFIG, "item %zu must be an object with the "
			    "texts \"key\" and \"value\"", i + 1);
			json_object_put(list);
			return NULL;
		}
		snprintf(prefix, sizeof(prefix), "item %zu ", i + 1);
		if (!fits(parameter, prefix, key, err) ||
		    !fits(parameter, prefix, text, err)) {
			json_object_put(list);
			return NULL;
		}
		pair = json_new_object();
		json_add_string(pair, "key", key);
		json_add_string(pair, "value", text);
		json_append(list, pair);
	}
	return list;
}

struct json_object *
parameter_convert(const struct ak_parameter *parameter, struct json_object *value,
    struct err *err)
{
	return types[parameter->type].convert(parameter, value, err);
}

static struct json_object *
refuse_file_type(const struct ak_parameter *parameter, struct err *err)
{
	const char *const *type = parameter->accepted_file_types;
	char list[LIST_TEXT_BYTES] = "";
	size_t used = 0;

	for (; *type != NULL && used + strlen(*type) + sizeof(", ") < sizeof(list); type++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
		    used == 0 ? "" : ", ", *type);
	err_set(err, ERR_CONFIG, "the name of the file must end with %s%s%s",
	    type - parameter->accepted_file_types > 1 ? "one of " : "", list,
	    *type == NULL ? "" : ", ...");
	return NULL;
}

static bool
ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), end_length = strlen(end);

	return length > end_length && strcasecmp(name + length - end_length, end) == 0;
}

static bool
accepts_name(const struct ak_parameter *parameter, const char *name)
{
	const char *const *type = parameter->accepted_file_types;

	if (type == NULL)
		return true;
	for (; *type != NULL; type++)
		if (ends_with(name, *type))
			return true;
	return false;
}

/* An upload and a URL have a name that can be accepted or not; base64 has none. */
static struct json_object *
convert_file(const struct ak_parameter *parameter, struct json_object *value,
    struct err *err)
{
	const char *text = json_string(value), *name = json_member_string(value, "name");
	char url_name[FILE_NAME_BYTES];

	if (text != NULL && url_is(text)) {
		url_file_name(text, url_name, sizeof(url_name));
		name = url_name;
	} else if (text != NULL) {
		if (base64_decode(text, strlen(text), NULL) == -1)
			return refuse(err, "must be base64 text or an http or https URL, "
			    "or be sent as a file");
		return json_object_get(value);
	}
	if (name == NULL)
		return refuse(err, "must be text, or be sent as a file");
	if (!accepts_name(parameter, name))
		return refuse_file_type(parameter, err);
	return json_object_get(value);
}
