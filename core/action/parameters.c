/*
 * parameters.c: checks a config against the table of parameters and fills in defaults.
 */
#include "config.h"

#include "core/action/parameters.h"

#include <stdio.h>
#include <string.h>

#include "core/action/parameter_types.h"

#define MORE_FAULTS_BYTES 32

const struct ak_parameter *
parameters_find(const struct ak_parameter *table, const char *name)
{
	for (; table != NULL && table->name != NULL; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

/* The array that text is; NULL if it is none. */
static struct json_object *
parse_array(const char *text)
{
	struct json_object *value;
	struct err err;

	if (json_parse(text, strlen(text), &value, &err) == -1)
		return NULL;
	if (json_object_is_type(value, json_type_array))
		return value;
	json_object_put(value);
	return NULL;
}

/* The default as an agent would send it; NULL if it is nothing that the type can hold. */
static struct json_object *
default_json(const struct ak_parameter *parameter)
{
	const char *text = parameter->default_value;
	struct json_object *value, *array;
	size_t length = strlen(text);

	switch (parameter->type) {
	case AK_BOOLEAN:
		if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
			return NULL;
		return json_new_bool(text[0] == 't');
	case AK_PERCENTAGE:
		value = json_new_string(text);
		if (length > 0 && text[length - 1] == '%')
			json_object_set_string_len(value, text, (int)length - 1);
		return value;
	case AK_STRING_ARRAY:
		if ((array = parse_array(text)) != NULL)
			return array;
		array = json_new_array();
		if (length > 0)
			json_append(array, json_new_string(text));
		return array;
	case AK_KEY_VALUE:
		return parse_array(text);
	default:
		return json_new_string(text);
	}
}

int
parameters_default(const struct ak_parameter *parameter,
    struct json_object **ret_value, struct err *err)
{
	struct json_object *value = default_json(parameter), *converted;

	/* What default_json() refuses, the null value is refused for, with its rule. */
	converted = parameter_convert(parameter, value, err);
	json_object_put(value);
	if (converted == NULL)
		return -1;
	*ret_value = converted;
	return 0;
}

/* All faults so far, as one text; those that do not fit are counted. */
struct faults {
	char text[ERR_MESSAGE_BYTES - MORE_FAULTS_BYTES];
	size_t length;
	size_t more;
};

static void
add_fault(struct faults *faults, const char *name, const char *rule)
{
	if (faults->length + strlen(name) + strlen(rule) + sizeof("; : ") >
	    sizeof(faults->text)) {
		faults->more++;
		return;
	}
	faults->length += (size_t)snprintf(faults->text + faults->length,
	    sizeof(faults->text) - faults->length, "%s%s: %s",
	    faults->length == 0 ? "" : "; ", name, rule);
}

/* The value of one parameter, owned; NULL if it has none, or breaks a rule. */
static struct json_object *
check_one(const struct ak_parameter *parameter, struct json_object *config,
    struct faults *faults)
{
	struct json_object *sent = json_member(config, parameter->name), *value = NULL;
	struct err err;

	if (sent == NULL && parameter->required) {
		add_fault(faults, parameter->name, "required");
		return NULL;
	}
	if (sent != NULL)
		value = parameter_convert(parameter, sent, &err);
	else if (parameter->default_value == NULL ||
	    parameters_default(parameter, &value, &err) == 0)
		return value;
	if (value == NULL)
		add_fault(faults, parameter->name, err.msg);
	return value;
}

int
parameters_check(const struct ak_parameter *table, struct json_object *config,
    struct json_object **ret_values, struct err *err)
{
	struct json_object *values = json_new_object(), *value;
	struct faults faults = { .length = 0 };

	for (; table != NULL && table->name != NULL; table++) {
		if (!parameters_sent(table->type))
			continue;
		if ((value = check_one(table, config, &faults)) != NULL)
			json_add(values, table->name, value);
	}
	if (faults.length > 0 || faults.more > 0)
		json_object_put(values);
	if (faults.more > 0)
		return err_set(err, ERR_CONFIG, "%s; and %zu more", faults.text,
		    faults.more);
	if (faults.length > 0)
		return err_set(err, ERR_CONFIG, "%s", faults.text);
	*ret_values = values;
	return 0;
}
