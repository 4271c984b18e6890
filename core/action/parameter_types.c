/*
 * parameter_types.c: what is known of each type of parameter, and what agents send for it.
 */
#include "config.h"

#include "core/action/parameter_types.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/action/parameter_rules.h"
#include "core/base/base64.h"
#include "core/base/bitrate.h"
#include "core/base/duration.h"
#include "core/base/url.h"

#define ITEM_PREFIX_BYTES 32
#define FILE_NAME_BYTES 256

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

	if (parameter_type(parameter->type)->form == FORM_DURATION && limit >= 0)
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
check_whole(const struct ak_parameter *parameter, struct json_object *value,
    struct err *err)
{
	int64_t whole;

	if (!read_whole(value, &whole))
		return refuse(err, "must be a whole number");
	return within_limits(parameter, whole, err);
}

static struct json_object *
check_duration(const struct ak_parameter *parameter, struct json_object *value,
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
check_boolean(const struct ak_parameter *parameter, struct json_object *value,
    struct err *err)
{
	const char *text = json_string(value);

	(void)parameter;
	if (text != NULL && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
		return json_new_bool(text[0] == 't');
	if (!json_object_is_type(value, json_type_boolean))
		return refuse(err, "must be true or false");
	return json_object_get(value);
}

/* prefix says which item of a list it is about. */
static int
check_one_text(const struct ak_parameter *parameter, struct json_object *value,
    const char *prefix, struct err *err)
{
	const char *text = json_string(value);

	if (text == NULL)
		return err_set(err, ERR_CONFIG, "%s%s", prefix,
		    json_object_is_type(value, json_type_string) ?
		    "must not contain a NUL character" : "must be text");
	if (rules_length(parameter, prefix, text, err) == -1)
		return -1;
	return rules_option(parameter, prefix, text, err);
}

static struct json_object *
check_text(const struct ak_parameter *parameter, struct json_object *value, struct err *err)
{
	if (check_one_text(parameter, value, "", err) == -1)
		return NULL;
	return json_object_get(value);
}

static struct json_object *
check_bitrate(const struct ak_parameter *parameter, struct json_object *value,
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
check_list(const struct ak_parameter *parameter, struct json_object *value, struct err *err)
{
	char prefix[ITEM_PREFIX_BYTES];
	size_t i;

	if (rules_list(parameter, value, err) == -1)
		return NULL;
	for (i = 0; i < json_object_array_length(value); i++) {
		snprintf(prefix, sizeof(prefix), "item %zu ", i + 1);
		if (check_one_text(parameter, json_object_array_get_idx(value, i), prefix,
		    err) == -1)
			return NULL;
	}
	return json_object_get(value);
}

/* Appends the pair, with nothing else that its object may have. */
static int
append_pair(const struct ak_parameter *parameter, struct json_object *list,
    struct json_object *item, size_t number, struct err *err)
{
	const char *key = json_member_string(item, "key");
	const char *text = json_member_string(item, "value");
	char prefix[ITEM_PREFIX_BYTES];
	struct json_object *pair;

	if (key == NULL || text == NULL)
		return err_set(err, ERR_CONFIG, "item %zu must be an object with the "
		    "texts \"key\" and \"value\"", number);
	snprintf(prefix, sizeof(prefix), "item %zu ", number);
	if (rules_length(parameter, prefix, key, err) == -1 ||
	    rules_length(parameter, prefix, text, err) == -1)
		return -1;
	pair = json_new_object();
	json_add_string(pair, "key", key);
	json_add_string(pair, "value", text);
	json_append(list, pair);
	return 0;
}

static struct json_object *
check_pairs(const struct ak_parameter *parameter, struct json_object *value,
    struct err *err)
{
	struct json_object *list;
	size_t i;

	if (rules_list(parameter, value, err) == -1)
		return NULL;
	list = json_new_array();
	for (i = 0; i < json_object_array_length(value); i++)
		if (append_pair(parameter, list, json_object_array_get_idx(value, i), i + 1,
		    err) == -1) {
			json_object_put(list);
			return NULL;
		}
	return list;
}

/* An upload and a URL have a name that can be accepted or not; base64 has none. */
static struct json_object *
check_file(const struct ak_parameter *parameter, struct json_object *value,
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
	if (rules_file_name(parameter, name, err) == -1)
		return NULL;
	return json_object_get(value);
}

static struct json_object *
default_percent(const char *text)
{
	struct json_object *value = json_new_string(text);
	size_t length = strlen(text);

	if (length > 0 && text[length - 1] == '%')
		json_object_set_string_len(value, text, (int)length - 1);
	return value;
}

static struct json_object *
default_boolean(const char *text)
{
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return NULL;
	return json_new_bool(text[0] == 't');
}

/* The array that text is, an empty one where it is empty; NULL if it is something else. */
static struct json_object *
default_array(const char *text)
{
	struct json_object *value;
	struct err err;

	if (*text == '\0')
		return json_new_array();
	if (json_parse(text, strlen(text), &value, &err) == -1)
		return NULL;
	if (json_object_is_type(value, json_type_array))
		return value;
	json_object_put(value);
	return NULL;
}

static const struct parameter_type types[] = {
	[AK_STRING] = {
		.name = "string", .form = FORM_TEXT, .members = HAS_OPTIONS | HAS_LENGTH,
		.getters = READ_STRING, .read_default = json_new_string, .check = check_text
	},
	[AK_TEXTAREA] = {
		.name = "textarea", .form = FORM_TEXT, .members = HAS_LENGTH,
		.getters = READ_STRING, .read_default = json_new_string, .check = check_text
	},
	[AK_URL] = {
		.name = "url", .form = FORM_TEXT, .members = HAS_LENGTH,
		.getters = READ_STRING, .read_default = json_new_string, .check = check_text
	},
	[AK_REGEX] = {
		.name = "regex", .form = FORM_TEXT, .members = HAS_LENGTH,
		.getters = READ_STRING | READ_MATCH, .read_default = json_new_string,
		.check = check_text
	},
	[AK_BITRATE] = {
		.name = "bitrate", .form = FORM_TEXT, .getters = READ_STRING | READ_BITRATE,
		.read_default = json_new_string, .check = check_bitrate
	},
	[AK_STRING_ARRAY] = {
		.name = "string_array", .alias = "string[]", .form = FORM_LIST,
		.members = HAS_OPTIONS | HAS_LENGTH | HAS_ITEMS, .getters = READ_ITEM,
		.read_default = default_array, .check = check_list
	},
	[AK_INTEGER] = {
		.name = "integer", .form = FORM_WHOLE, .members = HAS_LIMITS,
		.getters = READ_INTEGER, .read_default = json_new_string, .check = check_whole
	},
	[AK_PERCENTAGE] = {
		.name = "percentage", .form = FORM_PERCENT, .members = HAS_LIMITS,
		.getters = READ_INTEGER, .read_default = default_percent, .check = check_whole
	},
	[AK_STRESSNG_WORKERS] = {
		.name = "stressng-workers", .form = FORM_WHOLE, .getters = READ_INTEGER,
		.read_default = json_new_string, .check = check_whole
	},
	[AK_BOOLEAN] = {
		.name = "boolean", .form = FORM_BOOLEAN, .getters = READ_BOOLEAN,
		.read_default = default_boolean, .check = check_boolean
	},
	[AK_DURATION] = {
		.name = "duration", .form = FORM_DURATION, .members = HAS_LIMITS | HAS_UNITS,
		.getters = READ_DURATION, .read_default = json_new_string,
		.check = check_duration
	},
	[AK_KEY_VALUE] = {
		.name = "key_value", .form = FORM_PAIRS, .members = HAS_LENGTH | HAS_ITEMS,
		.getters = READ_ITEM | READ_KEY, .read_default = default_array,
		.check = check_pairs
	},
	[AK_SEPARATOR] = { .name = "separator" },
	[AK_HEADER] = { .name = "header" },
	[AK_TARGET_SELECTION] = { .name = "target-selection" },
	[AK_FILE] = {
		.name = "file", .form = FORM_FILE, .members = HAS_FILE_TYPES,
		.getters = READ_FILE, .check = check_file
	},
};

#define TYPES (sizeof(types) / sizeof(types[0]))

const struct parameter_type *
parameter_type(enum ak_type type)
{
	return (size_t)type < TYPES && types[type].name != NULL ? &types[type] : NULL;
}

const struct parameter_type *
parameter_type_named(const char *name)
{
	const struct parameter_type *type;

	for (type = types; type < types + TYPES; type++)
		if (type->name != NULL && (strcmp(type->name, name) == 0 ||
		    (type->alias != NULL && strcmp(type->alias, name) == 0)))
			return type;
	return NULL;
}
