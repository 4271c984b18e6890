/*
 * values.c: reads values of parameters as their types demand: parameter_types.h has the types, here
 * is how the command line writes each form.
 */
#include "config.h"

#include "cli/values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/action/parameter_types.h"
#include "core/base/duration.h"
#include "core/base/log.h"

#define VALUES_NUMBER_BASE 10
#define VALUES_NAMED_BYTES 400		/* of the options that there are */

/* The value, owned; NULL and err. old is what was given before, borrowed, or NULL. */
typedef struct json_object *parse(struct json_object *parameter, const char *text,
    struct json_object *old, struct err *err);

static const char *
text_of(struct json_object *parameter, const char *name)
{
	const char *text = json_member_string(parameter, name);

	return text == NULL ? "" : text;
}

/* A type that is not known is one of a later protocol: text is the best guess. */
static enum parameter_form
form_of(struct json_object *parameter)
{
	const struct parameter_type *type = parameter_type_named(text_of(parameter, "type"));

	return type == NULL ? FORM_TEXT : type->form;
}

static struct json_object *
check_limits(struct json_object *parameter, int64_t number, struct err *err)
{
	struct json_object *least = json_member(parameter, "minValue");
	struct json_object *most = json_member(parameter, "maxValue");

	if (least != NULL && number < json_object_get_int64(least)) {
		err_set(err, ERR_USAGE, "must be at least %" PRId64,
		    json_object_get_int64(least));
		return NULL;
	}
	if (most != NULL && number > json_object_get_int64(most)) {
		err_set(err, ERR_USAGE, "must be at most %" PRId64,
		    json_object_get_int64(most));
		return NULL;
	}
	return json_new_int(number);
}

static struct json_object *
parse_whole(struct json_object *parameter, const char *text, struct json_object *old,
    struct err *err)
{
	bool percent = form_of(parameter) == FORM_PERCENT;
	int64_t number;
	char *end;

	(void)old;
	errno = 0;
	number = strtoll(text, &end, VALUES_NUMBER_BASE);
	if (percent && end != text && *end == '%')
		end++;
	if (end == text || *end != '\0' || errno != 0 || strchr(" \t\n+", *text) != NULL) {
		err_set(err, ERR_USAGE, percent ? "must be a percentage like 50%%" :
		    "must be a whole number");
		return NULL;
	}
	return check_limits(parameter, number, err);
}

static struct json_object *
parse_duration(struct json_object *parameter, const char *text, struct json_object *old,
    struct err *err)
{
	int64_t ms;

	(void)old;
	if (duration_parse(text, &ms) == -1) {
		err_set(err, ERR_USAGE, "must be a duration like 500ms, 10s or 1m30s");
		return NULL;
	}
	return check_limits(parameter, ms, err);
}

static struct json_object *
parse_boolean(struct json_object *parameter, const char *text, struct json_object *old,
    struct err *err)
{
	(void)parameter;
	(void)old;
	if (strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0)
		return json_new_bool(true);
	if (strcasecmp(text, "false") == 0 || strcasecmp(text, "no") == 0)
		return json_new_bool(false);
	err_set(err, ERR_USAGE, "must be true or false");
	return NULL;
}

/* "a, b, c"; the value itself, which may be a secret, is not told. */
static int
refuse_option(struct json_object *options, struct err *err)
{
	char names[VALUES_NAMED_BYTES] = "";
	size_t i, used = 0, count = json_count(options);

	for (i = 0; i < count && used < sizeof(names); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
		    i == 0 ? "" : ", ", text_of(json_element(options, i), "value"));
	return err_set(err, ERR_USAGE, "is not one of its options: %s%s", names,
	    used < sizeof(names) ? "" : " ...");
}

/* Options that come from attributes of targets are not known here: then all is allowed. */
static int
check_option(struct json_object *parameter, const char *text, struct err *err)
{
	struct json_object *options = json_member(parameter, "options");
	struct json_object *only = json_member(parameter, "optionsOnly");
	size_t i, count = json_count(options);
	const char *value;

	if (count == 0 || (only != NULL && !json_object_get_boolean(only)))
		return 0;
	for (i = 0; i < count; i++) {
		value = json_member_string(json_element(options, i), "value");
		if (value == NULL || strcmp(value, text) == 0)
			return 0;
	}
	return refuse_option(options, err);
}

static struct json_object *
parse_text(struct json_object *parameter, const char *text, struct json_object *old,
    struct err *err)
{
	(void)old;
	return check_option(parameter, text, err) == -1 ? NULL : json_new_string(text);
}

/* What was given before, to go on with; else a new list. */
static struct json_object *
list_of(struct json_object *old)
{
	return old == NULL ? json_new_array() : json_object_get(old);
}

static struct json_object *
refuse_list(struct json_object *list, struct err *err, const char *message)
{
	json_object_put(list);
	if (message != NULL)
		err_set(err, ERR_USAGE, "%s", message);
	return NULL;
}

/* [..] or {..} as JSON; 1 if text is neither. */
static int
parse_json(const char *text, struct json_object **ret_value, struct err *err)
{
	if (*text != '[' && *text != '{')
		return 1;
	if (json_parse(text, strlen(text), ret_value, err) == 0)
		return 0;
	err->code = ERR_USAGE;
	return -1;
}

static struct json_object *
parse_list(struct json_object *parameter, const char *text, struct json_object *old,
    struct err *err)
{
	struct json_object *list = list_of(old), *given = NULL;
	int kind = parse_json(text, &given, err);
	char *copy, *rest, *item;
	size_t i;

	if (kind == -1)
		return refuse_list(list, err, NULL);
	if (kind == 1) {
		given = json_new_array();
		copy = rest = strdup(text);
		if (copy == NULL)
			log_out_of_memory();
		while (*text != '\0' && (item = strsep(&rest, ",")) != NULL)
			json_append(given, json_new_string(item));
		free(copy);
	}
	for (i = 0; i < json_count(given); i++) {
		const char *value = json_string(json_object_array_get_idx(given, i));

		if (value == NULL || check_option(parameter, value, err) == -1) {
			json_object_put(given);
			return refuse_list(list, err,
			    value == NULL ? "must be a list of strings" : NULL);
		}
		json_append(list, json_new_string(value));
	}
	if (!json_object_is_type(given, json_type_array)) {
		json_object_put(given);
		return refuse_list(list, err, "must be a list: a,b or [\"a\",\"b\"]");
	}
	json_object_put(given);
	return list;
}

static void
append_pair(struct json_object *list, const char *key, const char *value)
{
	struct json_object *pair = json_new_object();

	json_add_string(pair, "key", key);
	json_add_string(pair, "value", value);
	json_append(list, pair);
}

static int
append_pairs(struct json_object *list, struct json_object *given)
{
	size_t i;

	if (json_object_is_type(given, json_type_object)) {
		json_object_object_foreach(given, key, value) {
			if (json_string(value) == NULL)
				return -1;
			append_pair(list, key, json_string(value));
		}
		return 0;
	}
	for (i = 0; i < json_count(given); i++) {
		struct json_object *pair = json_object_array_get_idx(given, i);
		const char *key = json_member_string(pair, "key");
		const char *value = json_member_string(pair, "value");

		if (key == NULL || value == NULL)
			return -1;
		append_pair(list, key, value);
	}
	return 0;
}

static struct json_object *
parse_pairs(struct json_object *parameter, const char *text, struct json_object *old,
    struct err *err)
{
	struct json_object *list = list_of(old), *given = NULL;
	int kind = parse_json(text, &given, err), result = 0;
	char *copy, *rest, *item, *value;

	(void)parameter;
	if (kind == -1)
		return refuse_list(list, err, NULL);
	if (kind == 0) {
		result = append_pairs(list, given);
		json_object_put(given);
	} else {
		copy = rest = strdup(text);
		if (copy == NULL)
			log_out_of_memory();
		while (*text != '\0' && result == 0 && (item = strsep(&rest, ",")) != NULL) {
			value = strchr(item, '=');
			if (value == NULL) {
				result = -1;
				break;
			}
			*value++ = '\0';
			append_pair(list, item, value);
		}
		free(copy);
	}
	return result == 0 ? list :
	    refuse_list(list, err, "must be pairs: key=value,key=value");
}

static struct json_object *
refuse_file(struct json_object *parameter, const char *text, struct json_object *old,
    struct err *err)
{
	(void)text;
	(void)old;
	err_set(err, ERR_USAGE, "is a file: use --file %s=PATH", text_of(parameter, "name"));
	return NULL;
}

static struct json_object *
refuse_none(struct json_object *parameter, const char *text, struct json_object *old,
    struct err *err)
{
	(void)text;
	(void)old;
	err_set(err, ERR_USAGE, "is a %s: it has no value", text_of(parameter, "type"));
	return NULL;
}

static parse *const parsers[FORM_COUNT] = {
	[FORM_NONE] = refuse_none,
	[FORM_TEXT] = parse_text,
	[FORM_WHOLE] = parse_whole,
	[FORM_PERCENT] = parse_whole,
	[FORM_DURATION] = parse_duration,
	[FORM_BOOLEAN] = parse_boolean,
	[FORM_LIST] = parse_list,
	[FORM_PAIRS] = parse_pairs,
	[FORM_FILE] = refuse_file,
};

struct json_object *
values_parameter(struct json_object *parameters, const char *name)
{
	size_t i, count = json_count(parameters);
	struct json_object *parameter;

	for (i = 0; i < count; i++) {
		parameter = json_object_array_get_idx(parameters, i);
		if (strcmp(text_of(parameter, "name"), name) == 0)
			return parameter;
	}
	return NULL;
}

bool
values_is_file(struct json_object *parameter)
{
	return form_of(parameter) == FORM_FILE;
}

int
values_set(struct json_object *parameter, const char *text, struct json_object *config,
    struct err *err)
{
	const char *name = text_of(parameter, "name");
	struct json_object *value;

	value = parsers[form_of(parameter)](parameter, text, json_member(config, name), err);
	if (value == NULL)
		return -1;
	json_add(config, name, value);
	return 0;
}

/* A default that its type does not allow is the extension's mistake; it will say so. */
static bool
is_complete(struct json_object *parameter, struct json_object *config)
{
	const char *preset = json_member_string(parameter, "defaultValue");
	struct err unused;

	return form_of(parameter) == FORM_NONE ||
	    json_member(config, text_of(parameter, "name")) != NULL ||
	    (preset != NULL && values_set(parameter, preset, config, &unused) == 0) ||
	    !json_object_get_boolean(json_member(parameter, "required"));
}

void
values_complete(struct json_object *parameters, struct json_object *config,
    bool (*is_given)(void *context, const char *name),
    void (*on_missing)(void *context, const char *mistake), void *context)
{
	size_t i, count = json_count(parameters);
	struct json_object *parameter;
	const char *name;
	struct err err;

	for (i = 0; i < count; i++) {
		parameter = json_element(parameters, i);
		name = text_of(parameter, "name");
		if (is_complete(parameter, config) || is_given(context, name))
			continue;
		err_set(&err, ERR_USAGE, values_is_file(parameter) ?
		    "%s is required: --file %s=PATH" : "%s is required: --set %s=VALUE", name,
		    name);
		on_missing(context, err.msg);
	}
}

struct json_object *
values_new_target(const char *name)
{
	struct json_object *target = json_new_object();

	json_add_string(target, "name", name);
	json_add(target, "attributes", json_new_object());
	return target;
}

void
values_attribute(struct json_object *target, const char *name, const char *value)
{
	struct json_object *attributes = json_member(target, "attributes");
	struct json_object *list = json_member(attributes, name);

	if (list == NULL) {
		list = json_new_array();
		json_add(attributes, name, list);
	}
	json_append(list, json_new_string(value));
}
