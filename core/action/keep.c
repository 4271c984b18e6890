/*
 * keep.c: what a handler puts into its state: values of the config, text that must fit.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>

#include "core/action/call.h"
#include "core/action/parameter_types.h"
#include "core/action/parameters.h"
#include "core/action/state.h"
#include "core/base/bitrate.h"

/* A parameter "failIn" is kept in a member failIn or fail_in, and "fail-in" in that, too. */
static bool
is_called(const char *member, const char *parameter)
{
	for (; *parameter != '\0'; member++, parameter++) {
		if (*member == *parameter || (*member == '_' && *parameter == '-'))
			continue;
		if (*member++ != '_' || toupper((unsigned char)*member) != *parameter)
			return false;
	}
	return *member == '\0';
}

/* What a field holds of a value; owned. */
static struct json_object *
value_for(const struct ak_field *field, const struct parameter_type *type,
    struct json_object *value)
{
	int64_t bits;

	if (field->kind == AK_FIELD_INT && (type->getters & READ_BITRATE) != 0 &&
	    bitrate_parse(json_string(value), &bits) == 0)
		return json_object_new_int64(bits);
	if (field->kind == AK_FIELD_STRING && (type->getters & READ_FILE) != 0)
		value = json_member(value, "path");
	return json_object_get(value);
}

static const struct ak_field *
find_field(const struct ak_field *field, const char *parameter)
{
	const struct ak_field *inner;

	for (; field != NULL && field->name != NULL; field++) {
		if (is_called(field->name, parameter))
			return field;
		inner = find_field(field->fields, parameter);
		if (inner != NULL)
			return inner;
	}
	return NULL;
}

/* {"outer": {"member": value}} of the field that was found, owned; NULL: it is not in here. */
static struct json_object *
place_value(const struct ak_field *field, const struct ak_field *wanted,
    struct json_object *value)
{
	struct json_object *inner, *object;

	for (; field != NULL && field->name != NULL; field++) {
		inner = field == wanted ? json_object_get(value) :
		    place_value(field->fields, wanted, value);
		if (inner == NULL)
			continue;
		object = json_new_object();
		json_add(object, field->name, inner);
		return object;
	}
	return NULL;
}

static int
keep(struct ak_call *call, const char *name)
{
	const struct ak_field *fields = call->action->state.fields;
	const struct ak_field *field = find_field(fields, name);
	const struct ak_parameter *parameter = parameters_find(call->parameters, name);
	struct json_object *sent = json_member(call->config, name), *value, *placed;
	struct err err;
	int result;

	if (parameter == NULL || field == NULL) {
		call_misuse(call, "Parameter \"%s\" is to be kept but is not in %s", name,
		    parameter == NULL ? "the table" : "the fields of the state");
		return -1;
	}
	if (sent == NULL)
		return 0;
	value = value_for(field, parameter_type(parameter->type), sent);
	placed = place_value(fields, field, value);
	result = state_from_json(call->action, placed, call->state, &err);
	json_object_put(placed);
	json_object_put(value);
	return result == 0 ? 0 : ak_error(call, "Parameter \"%s\" cannot be kept: %s", name,
	    err.msg);
}

int
ak_config_keep(struct ak_call *call, const char *name, ...)
{
	va_list names;
	int result = 0;

	if (!call_is_in(call, CALL_IN(VERB_PREPARE), __func__))
		return -1;
	va_start(names, name);
	for (; result == 0 && name != NULL; name = va_arg(names, const char *))
		result = keep(call, name);
	va_end(names);
	return result;
}

/* The name of the field that text is in, or NULL. */
static const char *
field_at(const struct ak_field *field, const char *state, const char *text)
{
	const char *name;

	for (; state != NULL && field != NULL && field->name != NULL; field++) {
		if (text < state + field->offset || text >= state + field->offset + field->size)
			continue;
		name = field_at(field->fields, state + field->offset, text);
		return name == NULL ? field->name : name;
	}
	return NULL;
}

int
ak_format(struct ak_call *call, char *ret_text, size_t size, const char *format, ...)
{
	const char *name = call->action == NULL ? NULL :
	    field_at(call->action->state.fields, call->state, ret_text);
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(ret_text, size, format, arguments);
	va_end(arguments);
	if (length >= 0 && (size_t)length < size)
		return 0;
	if (size > 0)
		ret_text[0] = '\0';
	if (length < 0)
		return ak_errno(call, "Failed to write %s", name == NULL ? "a text" : name);
	return ak_error(call, "%s%s has %d bytes, and there is room for %zu", name == NULL ?
	    "A text" : "The text of ", name == NULL ? "" : name, length, size - (size > 0));
}
