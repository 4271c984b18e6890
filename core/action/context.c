/*
 * context.c: what a request says beside its config and state, checked, and what handlers
 * read of it.
 */
#include "config.h"

#include "core/action/context.h"

#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"

#define PORT_MAX 65535
#define WHERE_BYTES 128

static int
check_text(struct json_object *object, const char *where, const char *name, bool required,
    struct err *err)
{
	struct json_object *value = json_member(object, name);

	if (value == NULL && required)
		return err_set(err, ERR_REQUEST, "%s.%s: missing", where, name);
	if (value != NULL && json_string(value) == NULL)
		return err_set(err, ERR_REQUEST, "%s.%s: must be text without NUL", where,
		    name);
	return 0;
}

static int
check_whole(struct json_object *object, const char *where, const char *name,
    struct err *err)
{
	struct json_object *value = json_member(object, name);
	int64_t whole;

	if (value != NULL && json_whole(value, &whole) == -1)
		return err_set(err, ERR_REQUEST, "%s.%s: must be a whole number", where,
		    name);
	return 0;
}

static int
check_port(struct json_object *object, const char *where, const char *name,
    struct err *err)
{
	struct json_object *value = json_member(object, name);
	int64_t port;

	if (value == NULL)
		return err_set(err, ERR_REQUEST, "%s.%s: missing", where, name);
	if (json_whole(value, &port) == -1 || port < 0 || port > PORT_MAX)
		return err_set(err, ERR_REQUEST, "%s.%s: must be a port", where, name);
	return 0;
}

/* One that cannot be read could be cut off by an action that does not know of it. */
static int
check_endpoints(struct json_object *context, struct err *err)
{
	struct json_object *list = json_member(context, "restrictedEndpoints"), *endpoint;
	char where[WHERE_BYTES];
	size_t i;

	if (list == NULL)
		return 0;
	if (!json_object_is_type(list, json_type_array))
		return err_set(err, ERR_REQUEST,
		    "executionContext.restrictedEndpoints: must be an array");
	for (i = 0; i < json_count(list); i++) {
		endpoint = json_element(list, i);
		snprintf(where, sizeof(where), "executionContext.restrictedEndpoints[%zu]",
		    i);
		if (!json_object_is_type(endpoint, json_type_object))
			return err_set(err, ERR_REQUEST, "%s: must be an object", where);
		if (check_text(endpoint, where, "name", false, err) == -1 ||
		    check_text(endpoint, where, "url", false, err) == -1 ||
		    check_text(endpoint, where, "cidr", true, err) == -1 ||
		    check_port(endpoint, where, "portMin", err) == -1 ||
		    check_port(endpoint, where, "portMax", err) == -1)
			return -1;
	}
	return 0;
}

static int
check_context(struct json_object *context, struct err *err)
{
	static const char *const texts[] = {
		"agentAwsAccountId", "experimentKey", "experimentUri", "executionUri"
	};
	static const char *const numbers[] = { "agentPid", "executionId" };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (check_text(context, "executionContext", texts[i], false, err) == -1)
			return -1;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (check_whole(context, "executionContext", numbers[i], err) == -1)
			return -1;
	return check_endpoints(context, err);
}

static int
check_attributes(struct json_object *attributes, struct err *err)
{
	size_t i;

	if (attributes == NULL)
		return 0;
	if (!json_object_is_type(attributes, json_type_object))
		return err_set(err, ERR_REQUEST, "target.attributes: must be an object");
	json_object_object_foreach(attributes, key, values) {
		if (values != NULL && !json_object_is_type(values, json_type_array))
			return err_set(err, ERR_REQUEST,
			    "target.attributes.%s: must be an array", key);
		for (i = 0; i < json_count(values); i++)
			if (json_string(json_element(values, i)) == NULL)
				return err_set(err, ERR_REQUEST,
				    "target.attributes.%s[%zu]: must be text without NUL",
				    key, i);
	}
	return 0;
}

/* For what time metrics are asked; now if it is not said. */
static int
take_timestamp(struct ak_call *call, struct json_object *request, struct err *err)
{
	struct json_object *value = json_member(request, "timestamp");
	const char *text = json_string(value);

	call->timestamp_ms = clock_wall_ms();
	if (value != NULL &&
	    (text == NULL || clock_parse_rfc3339(text, &call->timestamp_ms) == -1))
		return err_set(err, ERR_REQUEST,
		    "timestamp: must be an RFC 3339 date and time");
	return 0;
}

int
context_take(struct ak_call *call, struct json_object *request, struct err *err)
{
	call->target = json_member(request, "target");
	call->context = json_member(request, "executionContext");
	call->properties = json_member(request, "properties");
	if (check_text(call->target, "target", "name", false, err) == -1 ||
	    check_attributes(json_member(call->target, "attributes"), err) == -1 ||
	    check_context(call->context, err) == -1)
		return -1;
	return take_timestamp(call, request, err);
}

/* A part of the request, for a handler that gets it. */
static struct json_object *
asked(const struct ak_call *call, struct json_object *part, const char *function)
{
	return call_is_in(call, CALL_IN_ASKED, function) ? part : NULL;
}

const char *
ak_target_name(const struct ak_call *call)
{
	return json_member_string(asked(call, call->target, __func__), "name");
}

static struct json_object *
attribute(const struct ak_call *call, const char *key, const char *function)
{
	return json_member(json_member(asked(call, call->target, function), "attributes"), key);
}

const char *
ak_target_attribute(const struct ak_call *call, const char *key, size_t index)
{
	return json_string(json_element(attribute(call, key, __func__), index));
}

size_t
ak_target_attribute_count(const struct ak_call *call, const char *key)
{
	return json_count(attribute(call, key, __func__));
}

const char *
ak_target_attribute_key(const struct ak_call *call, size_t index)
{
	struct json_object *attributes = json_member(asked(call, call->target, __func__),
	    "attributes");

	if (!json_object_is_type(attributes, json_type_object))
		return NULL;
	json_object_object_foreach(attributes, key, values) {
		(void)values;
		if (index-- == 0)
			return key;
	}
	return NULL;
}

static int64_t
whole(struct json_object *value)
{
	int64_t number;

	return json_whole(value, &number) == 0 ? number : 0;
}

const char *
ak_experiment_key(const struct ak_call *call)
{
	return json_member_string(asked(call, call->context, __func__), "experimentKey");
}

const char *
ak_experiment_uri(const struct ak_call *call)
{
	return json_member_string(asked(call, call->context, __func__), "experimentUri");
}

int64_t
ak_experiment_execution(const struct ak_call *call)
{
	return whole(json_member(asked(call, call->context, __func__), "executionId"));
}

const char *
ak_execution_uri(const struct ak_call *call)
{
	return json_member_string(asked(call, call->context, __func__), "executionUri");
}

int64_t
ak_agent_pid(const struct ak_call *call)
{
	return whole(json_member(asked(call, call->context, __func__), "agentPid"));
}

const char *
ak_agent_aws_account_id(const struct ak_call *call)
{
	return json_member_string(asked(call, call->context, __func__), "agentAwsAccountId");
}

static const char *
text_or_empty(struct json_object *object, const char *name)
{
	const char *text = json_member_string(object, name);

	return text == NULL ? "" : text;
}

bool
ak_restricted_endpoint_as(const struct ak_call *call, size_t index,
    struct ak_restricted_endpoint *ret_endpoint, size_t size)
{
	struct ak_restricted_endpoint known;
	struct json_object *endpoint;

	endpoint = json_element(json_member(asked(call, call->context, __func__),
	    "restrictedEndpoints"), index);
	if (endpoint == NULL)
		return false;
	known = (struct ak_restricted_endpoint){
		.name = text_or_empty(endpoint, "name"),
		.url = text_or_empty(endpoint, "url"),
		.cidr = json_member_string(endpoint, "cidr"),
		.port_min = (uint16_t)whole(json_member(endpoint, "portMin")),
		.port_max = (uint16_t)whole(json_member(endpoint, "portMax"))
	};
	/* A struct of another version: what one of the two does not know is left out. */
	memset(ret_endpoint, 0, size);
	memcpy(ret_endpoint, &known, size < sizeof(known) ? size : sizeof(known));
	return true;
}

bool
ak_property_has(const struct ak_call *call, const char *key)
{
	return json_member(asked(call, call->properties, __func__), key) != NULL;
}

const char *
ak_property_string(const struct ak_call *call, const char *key)
{
	return json_member_string(asked(call, call->properties, __func__), key);
}

int64_t
ak_property_integer(const struct ak_call *call, const char *key)
{
	return whole(json_member(asked(call, call->properties, __func__), key));
}

double
ak_property_double(const struct ak_call *call, const char *key)
{
	struct json_object *value = json_member(asked(call, call->properties, __func__), key);

	if (!json_object_is_type(value, json_type_double) &&
	    !json_object_is_type(value, json_type_int))
		return 0;
	return json_object_get_double(value);
}

bool
ak_property_boolean(const struct ak_call *call, const char *key)
{
	struct json_object *value = json_member(asked(call, call->properties, __func__), key);

	return json_object_is_type(value, json_type_boolean) &&
	    json_object_get_boolean(value);
}

size_t
ak_property_count(const struct ak_call *call, const char *key)
{
	return json_count(json_member(asked(call, call->properties, __func__), key));
}

const char *
ak_property_item(const struct ak_call *call, const char *key, size_t index)
{
	return json_string(json_element(json_member(asked(call, call->properties, __func__), key),
	    index));
}

const char *
ak_property_json(const struct ak_call *call, const char *key)
{
	struct json_object *value = json_member(asked(call, call->properties, __func__), key);

	return value == NULL ? NULL : json_text(value, NULL);
}

int64_t
ak_query_timestamp(const struct ak_call *call)
{
	return call->timestamp_ms != 0 ? call->timestamp_ms : clock_wall_ms();
}
