/*
 * modification.c: what a handler changes of the properties of an experiment's execution.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "core/action/call.h"
#include "core/base/utf8.h"

#define KEY_CHARACTERS_MAX 64	/* limit of the schema */

static const char *const names[] = {
	[AK_SET_PROPERTY] = "set_property_value",
	[AK_ADD_TO_PROPERTY] = "add_value_to_list_property",
};

/* Adds the modification and takes value; on failure it is freed. */
static int
modify(struct ak_call *call, enum ak_modification how, const char *key,
    struct json_object *value, const char *function)
{
	struct json_object *modification;

	if (how != AK_SET_PROPERTY && how != AK_ADD_TO_PROPERTY)
		call_misreported(call, "%s: %d is not a modification", function,
		    (int)how);
	else if (call->verb == VERB_QUERY)
		call_misreported(call, "%s: the result of a query has no "
		    "modifications", function);
	else if (key == NULL || key[0] == '\0')
		call_misreported(call, "%s: the key is missing", function);
	else if (!utf8_valid(key, strlen(key)))
		call_misreported(call, "%s: the key is not UTF-8", function);
	else if (utf8_count(key) > KEY_CHARACTERS_MAX)
		call_misreported(call, "%s: the key has %zu characters, more than %d",
		    function, utf8_count(key), KEY_CHARACTERS_MAX);
	else if (call->modifications != NULL &&
	    json_object_array_length(call->modifications) == CALL_MODIFICATIONS_MAX)
		call_misreported(call, "%s: there are more than %d modifications",
		    function, CALL_MODIFICATIONS_MAX);
	else {
		modification = json_new_object();
		json_add_string(modification, "type", names[how]);
		json_add_string(modification, "propertyKey", key);
		json_add(modification, "value", value);
		if (call->modifications == NULL)
			call->modifications = json_new_array();
		json_append(call->modifications, modification);
		call_has_told(call);
		return 0;
	}
	json_object_put(value);
	return call_told(call, -1);
}

int
ak_modify_string(struct ak_call *call, enum ak_modification how, const char *key,
    const char *value)
{
	return modify(call, how, key, value == NULL ? NULL : json_new_string(value),
	    __func__);
}

int
ak_modify_integer(struct ak_call *call, enum ak_modification how, const char *key,
    int64_t value)
{
	return modify(call, how, key, json_new_int(value), __func__);
}

int
ak_modify_double(struct ak_call *call, enum ak_modification how, const char *key,
    double value)
{
	if (!isfinite(value))
		return call_told(call, call_misreported(call, "%s: the value of %s is not a "
		    "finite number", __func__, key == NULL ? "" : key));
	return modify(call, how, key, json_double(value), __func__);
}

int
ak_modify_boolean(struct ak_call *call, enum ak_modification how, const char *key,
    bool value)
{
	return modify(call, how, key, json_new_bool(value), __func__);
}

int
ak_modify_json(struct ak_call *call, enum ak_modification how, const char *key,
    const char *json)
{
	struct json_object *value;
	struct err err;

	if (json == NULL || json_parse(json, strlen(json), &value, &err) == -1)
		return call_told(call, call_misreported(call, "%s: the value of %s is not JSON: "
		    "%s", __func__, key == NULL ? "" : key,
		    json == NULL ? "there is none" : err.msg));
	return modify(call, how, key, value, __func__);
}
