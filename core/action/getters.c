/*
 * getters.c: what a handler reads of the config.
 */
#include "config.h"

#include <regex.h>
#include <string.h>

#include "core/action/call.h"
#include "core/action/parameter_types.h"
#include "core/action/parameters.h"
#include "core/base/bitrate.h"

/* The row of a parameter that the handler may read, or NULL and the call has failed. */
static const struct ak_parameter *
find(struct ak_call *call, const char *name)
{
	const struct ak_parameter *parameter;

	if (call_forbidden(call, "ak_config_*"))
		return NULL;
	if (call->verb != VERB_PREPARE && call->verb != VERB_QUERY) {
		call_misuse(call, "Parameter \"%s\" was read in %s(), which has no "
		    "config", name, verb_name(call->verb));
		return NULL;
	}
	parameter = parameters_find(call->parameters, name);
	if (parameter == NULL)
		call_misuse(call, "Parameter \"%s\" was read but is not in the table",
		    name);
	return parameter;
}

/* The parameter's value, borrowed; NULL if it has none or getter does not read its type. */
static struct json_object *
get(struct ak_call *call, const char *name, enum parameter_getter getter,
    const char *function)
{
	const struct ak_parameter *parameter = find(call, name);
	const struct parameter_type *type;

	if (parameter == NULL)
		return NULL;
	type = parameter_type(parameter->type);
	if ((type->getters & getter) == 0) {
		call_misuse(call, "Parameter \"%s\" is of type %s, which %s() does not "
		    "read", name, type->name, function);
		return NULL;
	}
	return json_member(call->config, name);
}

bool
ak_config_has(struct ak_call *call, const char *name)
{
	return find(call, name) != NULL && json_member(call->config, name) != NULL;
}

int64_t
ak_config_integer(struct ak_call *call, const char *name)
{
	return json_object_get_int64(get(call, name, READ_INTEGER, __func__));
}

bool
ak_config_boolean(struct ak_call *call, const char *name)
{
	return json_object_get_boolean(get(call, name, READ_BOOLEAN, __func__));
}

int64_t
ak_config_duration(struct ak_call *call, const char *name)
{
	return json_object_get_int64(get(call, name, READ_DURATION, __func__));
}

const char *
ak_config_string(struct ak_call *call, const char *name)
{
	return json_string(get(call, name, READ_STRING, __func__));
}

int64_t
ak_config_bitrate(struct ak_call *call, const char *name)
{
	const char *text = json_string(get(call, name, READ_BITRATE, __func__));
	int64_t bits;

	return text != NULL && bitrate_parse(text, &bits) == 0 ? bits : 0;
}

int
ak_config_match(struct ak_call *call, const char *name, const char *text)
{
	const char *pattern = json_string(get(call, name, READ_MATCH, __func__));
	regex_t regex;
	int result;

	if (pattern == NULL || regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return -1;
	result = regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	return result == 0 ? 1 : 0;
}

size_t
ak_config_count(struct ak_call *call, const char *name)
{
	struct json_object *list = get(call, name, READ_ITEM, __func__);

	return list == NULL ? 0 : json_object_array_length(list);
}

const char *
ak_config_item(struct ak_call *call, const char *name, size_t index)
{
	struct json_object *item;

	item = json_element(get(call, name, READ_ITEM, __func__), index);
	if (json_object_is_type(item, json_type_object))
		return json_member_string(item, "value");
	return json_string(item);
}

const char *
ak_config_key(struct ak_call *call, const char *name, size_t index)
{
	struct json_object *pair;

	pair = json_element(get(call, name, READ_KEY, __func__), index);
	return json_member_string(pair, "key");
}

const char *
ak_config_value(struct ak_call *call, const char *name, const char *key)
{
	struct json_object *list = get(call, name, READ_KEY, __func__), *pair;
	const char *text;
	size_t i;

	for (i = 0; (pair = json_element(list, i)) != NULL; i++) {
		text = json_member_string(pair, "key");
		if (text != NULL && strcmp(text, key) == 0)
			return json_member_string(pair, "value");
	}
	return NULL;
}

const char *
ak_config_file(struct ak_call *call, const char *name)
{
	return json_member_string(get(call, name, READ_FILE, __func__), "path");
}

const char *
ak_config_file_name(struct ak_call *call, const char *name)
{
	return json_member_string(get(call, name, READ_FILE, __func__), "name");
}

int64_t
ak_config_file_size(struct ak_call *call, const char *name)
{
	return json_object_get_int64(json_member(get(call, name, READ_FILE, __func__),
	    "size"));
}
