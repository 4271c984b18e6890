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

int
parameters_default(const struct ak_parameter *parameter,
    struct json_object **ret_value, struct err *err)
{
	const struct parameter_type *type = parameter_type(parameter->type);
	struct json_object *sent = type->read_default(parameter->default_value), *value;

	/* What read_default() refuses, the null value is refused for, with its rule. */
	value = type->check(parameter, sent, err);
	json_object_put(sent);
	if (value == NULL)
		return -1;
	*ret_value = value;
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
		value = parameter_type(parameter->type)->check(parameter, sent, &err);
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
	const struct parameter_type *type;
	struct faults faults = { .length = 0 };

	for (; table != NULL && table->name != NULL; table++) {
		type = parameter_type(table->type);
		if (type == NULL || type->form == FORM_NONE)
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
