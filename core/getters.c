/*
 * getters.c: what a handler reads of the request: config and target.
 */
#include "config.h"

#include <string.h>

#include "core/call.h"
#include "core/parameters.h"

/* The getters, as bits: which of them read a type. */
enum reader {
	READ_STRING = 1 << 0,
	READ_INTEGER = 1 << 1,
	READ_BOOLEAN = 1 << 2,
	READ_DURATION = 1 << 3,
	READ_COUNT = 1 << 4,
	READ_ITEM = 1 << 5,
	READ_KEY = 1 << 6
};

static const unsigned int readers[] = {
	[AK_STRING] = READ_STRING,
	[AK_TEXTAREA] = READ_STRING,
	[AK_URL] = READ_STRING,
	[AK_REGEX] = READ_STRING,
	[AK_BITRATE] = READ_STRING,
	[AK_STRING_ARRAY] = READ_COUNT | READ_ITEM,
	[AK_INTEGER] = READ_INTEGER,
	[AK_PERCENTAGE] = READ_INTEGER,
	[AK_STRESSNG_WORKERS] = READ_INTEGER,
	[AK_BOOLEAN] = READ_BOOLEAN,
	[AK_DURATION] = READ_DURATION,
	[AK_KEY_VALUE] = READ_COUNT | READ_ITEM | READ_KEY,
	[AK_SEPARATOR] = 0,
	[AK_HEADER] = 0,
	[AK_TARGET_SELECTION] = 0,
};

/* The row of a parameter that the handler may read, or NULL and the call has failed. */
static const struct ak_parameter *
find(struct ak_call *call, const char *name)
{
	const struct ak_parameter *parameter;

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
get(struct ak_call *call, const char *name, enum reader reader, const char *getter)
{
	const struct ak_parameter *parameter = find(call, name);

	if (parameter == NULL)
		return NULL;
	if ((readers[parameter->type] & reader) == 0) {
		call_misuse(call, "Parameter \"%s\" is of type %s, which %s() does not "
		    "read", name, parameters_type_name(parameter->type), getter);
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

size_t
ak_config_count(struct ak_call *call, const char *name)
{
	struct json_object *list = get(call, name, READ_COUNT, __func__);

	return list == NULL ? 0 : json_object_array_length(list);
}

/* The element at index, borrowed; NULL beyond the end or where there is no list. */
static struct json_object *
element(struct json_object *list, size_t index)
{
	if (!json_object_is_type(list, json_type_array) ||
	    index >= json_object_array_length(list))
		return NULL;
	return json_object_array_get_idx(list, index);
}

const char *
ak_config_item(struct ak_call *call, const char *name, size_t index)
{
	struct json_object *item;

	item = element(get(call, name, READ_ITEM, __func__), index);
	if (json_object_is_type(item, json_type_object))
		return json_member_string(item, "value");
	return json_string(item);
}

const char *
ak_config_key(struct ak_call *call, const char *name, size_t index)
{
	struct json_object *pair;

	pair = element(get(call, name, READ_KEY, __func__), index);
	return json_member_string(pair, "key");
}

const char *
ak_target_name(const struct ak_call *call)
{
	return json_member_string(call->target, "name");
}

const char *
ak_target_attribute(const struct ak_call *call, const char *key, size_t index)
{
	struct json_object *attributes = json_member(call->target, "attributes");

	return json_string(element(json_member(attributes, key), index));
}
