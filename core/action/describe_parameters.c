/*
 * describe_parameters.c: tells what the parameters of an action are, as ActionParameter, and
 * what hints there are.
 */
#include "config.h"

#include "core/action/description_internal.h"
#include "core/action/parameter_types.h"

static const char *const hint_names[] = {
	[AK_HINT_INFO] = "hint_info",
	[AK_HINT_WARNING] = "hint_warning",
};

static const struct {
	enum ak_duration_unit unit;
	const char *name;
} units[] = {
	{ AK_MILLISECONDS, "milliseconds" },
	{ AK_SECONDS, "seconds" },
	{ AK_MINUTES, "minutes" },
	{ AK_HOURS, "hours" },
	{ AK_DAYS, "days" },
};

#define UNITS (sizeof(units) / sizeof(units[0]))

void
description_hint(struct json_object *object, const struct ak_hint *hint)
{
	struct json_object *json;

	if (hint->content == NULL)
		return;
	json = json_new_object();
	json_add_string(json, "type", hint_names[hint->type]);
	json_add_string(json, "content", hint->content);
	json_add(object, "hint", json);
}

static void
add_true(struct json_object *object, const char *name, bool value)
{
	if (value)
		json_add_bool(object, name, true);
}

static void
add_limit(struct json_object *object, const char *name, struct ak_limit limit)
{
	if (limit.set)
		json_add_int(object, name, limit.value);
}

static void
add_options(struct json_object *object, const struct ak_parameter *parameter)
{
	const struct ak_option *option = parameter->options;
	const char *const *attribute = parameter->option_attributes;
	struct json_object *array, *json;

	if (option == NULL && attribute == NULL)
		return;
	array = json_new_array();
	for (; option != NULL && option->label != NULL; option++) {
		json = json_new_object();
		json_add_string(json, "label", option->label);
		json_add_string(json, "value", option->value);
		json_append(array, json);
	}
	for (; attribute != NULL && *attribute != NULL; attribute++) {
		json = json_new_object();
		json_add_string(json, "attribute", *attribute);
		json_append(array, json);
	}
	json_add(object, "options", array);
	if (parameter->options_open)
		json_add_bool(object, "optionsOnly", false);
}

static void
add_units(struct json_object *object, unsigned int chosen)
{
	struct json_object *array;
	size_t i;

	if (chosen == 0)
		return;
	array = json_new_array();
	for (i = 0; i < UNITS; i++)
		if ((chosen & units[i].unit) != 0)
			json_append(array, json_new_string(units[i].name));
	json_add(object, "durationUnits", array);
}

static void
add_file_types(struct json_object *object, const char *const *type)
{
	struct json_object *array;

	if (type == NULL)
		return;
	array = json_new_array();
	for (; *type != NULL; type++)
		json_append(array, json_new_string(*type));
	json_add(object, "acceptedFileTypes", array);
}

static struct json_object *
parameter_json(const struct ak_parameter *parameter)
{
	struct json_object *object = json_new_object();

	json_add_string(object, "name", parameter->name);
	json_add_string(object, "label", parameter->label);
	json_add_string(object, "description", parameter->description);
	json_add_string(object, "type", parameter_type(parameter->type)->name);
	add_true(object, "required", parameter->required);
	add_true(object, "advanced", parameter->advanced);
	add_limit(object, "order", parameter->order);
	json_add_string(object, "defaultValue", parameter->default_value);
	add_limit(object, "minValue", parameter->min);
	add_limit(object, "maxValue", parameter->max);
	add_options(object, parameter);
	add_units(object, parameter->duration_units);
	add_file_types(object, parameter->accepted_file_types);
	description_hint(object, &parameter->hint);
	add_true(object, "deprecated", parameter->deprecated);
	json_add_string(object, "deprecationMessage", parameter->deprecation_message);
	return object;
}

struct json_object *
description_parameters(const struct ak_parameter *parameter)
{
	struct json_object *array = json_new_array();

	for (; parameter != NULL && parameter->name != NULL; parameter++)
		json_append(array, parameter_json(parameter));
	return array;
}
