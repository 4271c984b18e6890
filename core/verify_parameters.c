/*
 * verify_parameters.c: checks a table of parameters.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "core/parameters.h"
#include "core/verify_internal.h"

/* Limits of the schema; text is counted in characters. */
#define PARAMETERS_MAX 64
#define NAME_CHARACTERS_MAX 255
#define LABEL_CHARACTERS_MAX 255
#define DESCRIPTION_CHARACTERS_MAX 2000
#define DEFAULT_CHARACTERS_MAX 255
#define OPTION_CHARACTERS_MAX 255

static bool
has_limits(enum ak_type type)
{
	return type == AK_INTEGER || type == AK_PERCENTAGE || type == AK_DURATION;
}

static bool
has_options(enum ak_type type)
{
	return type == AK_STRING || type == AK_STRING_ARRAY;
}

static void
check_limits(struct verify *verify, const struct ak_parameter *parameter)
{
	struct ak_limit min = parameter->min, max = parameter->max;

	if (!min.set && !max.set)
		return;
	if (!has_limits(parameter->type)) {
		verify_mistake(verify, "type %s has no min and max",
		    parameters_type_name(parameter->type));
		return;
	}
	if (parameter->type == AK_DURATION && min.set && min.value < 0)
		verify_mistake(verify, "min is negative");
	if (parameter->type == AK_DURATION && max.set && max.value < 0)
		verify_mistake(verify, "max is negative");
	if (min.set && max.set && min.value > max.value)
		verify_mistake(verify, "min %" PRId64 " is greater than max %" PRId64,
		    min.value, max.value);
}

/* An option without a label but with a value is not the end of the table. */
static bool
is_options_end(const struct ak_option *option)
{
	return option->label == NULL && option->value == NULL;
}

/* Returns whether the options can be compared with a default. */
static bool
check_options(struct verify *verify, const struct ak_parameter *parameter)
{
	const struct ak_option *first = parameter->options, *option, *other;
	bool fine = true;
	size_t outer;

	if (first == NULL) {
		if (parameter->options_open)
			verify_mistake(verify, "options_open needs options");
		return true;
	}
	if (!has_options(parameter->type))
		verify_mistake(verify, "type %s has no options",
		    parameters_type_name(parameter->type));
	if (is_options_end(first))
		verify_mistake(verify, "options are empty");
	for (option = first; !is_options_end(option); option++) {
		outer = verify_enter(verify, "option %zu", (size_t)(option - first) + 1);
		if (!verify_text(verify, "label", option->label, true,
		    OPTION_CHARACTERS_MAX))
			fine = false;
		/* An empty value is one that can be sent. */
		if (option->value == NULL)
			verify_mistake(verify, "value is missing");
		else if (!verify_text(verify, "value", option->value, false,
		    OPTION_CHARACTERS_MAX))
			fine = false;
		for (other = first; option->value != NULL && other != option; other++)
			if (other->value != NULL &&
			    strcmp(other->value, option->value) == 0)
				verify_mistake(verify, "value \"%s\" is there twice",
				    option->value);
		if (option->value == NULL)
			fine = false;
		verify_leave(verify, outer);
	}
	return fine;
}

static void
check_default(struct verify *verify, const struct ak_parameter *parameter)
{
	struct json_object *value;
	struct err err;

	if (parameters_default(parameter, &value, &err) == 0)
		json_object_put(value);
	else
		verify_mistake(verify, "default_value \"%s\" %s",
		    parameter->default_value, err.msg);
}

static void
check_type(struct verify *verify, const struct ak_parameter *parameter)
{
	const char *type = parameters_type_name(parameter->type);
	bool options_fine;

	if (parameter->type == 0) {
		verify_mistake(verify, "type is missing");
		return;
	}
	if (type == NULL) {
		verify_mistake(verify, "type %d is unknown", (int)parameter->type);
		return;
	}
	check_limits(verify, parameter);
	options_fine = check_options(verify, parameter);
	if (!parameters_sent(parameter->type)) {
		if (parameter->required)
			verify_mistake(verify, "type %s cannot be required", type);
		if (parameter->default_value != NULL)
			verify_mistake(verify, "type %s has no default_value", type);
	} else if (parameter->default_value != NULL && options_fine &&
	    verify_text(verify, "default_value", parameter->default_value, false,
	    DEFAULT_CHARACTERS_MAX))
		check_default(verify, parameter);
}

static void
check_parameter(struct verify *verify, const struct ak_parameter *table,
    const struct ak_parameter *parameter)
{
	const struct ak_parameter *other;

	verify_text(verify, "name", parameter->name, true, NAME_CHARACTERS_MAX);
	verify_text(verify, "label", parameter->label, true, LABEL_CHARACTERS_MAX);
	verify_text(verify, "description", parameter->description, false,
	    DESCRIPTION_CHARACTERS_MAX);
	for (other = table; parameter->name != NULL && other != parameter; other++)
		if (other->name != NULL && strcmp(other->name, parameter->name) == 0) {
			verify_mistake(verify, "name is there twice");
			break;
		}
	check_type(verify, parameter);
}

/* A row whose name was forgotten is not the end of the table. */
static bool
is_end(const struct ak_parameter *parameter)
{
	return parameter->name == NULL && parameter->label == NULL &&
	    parameter->type == 0;
}

void
verify_parameters(struct verify *verify, const struct ak_parameter *table)
{
	const struct ak_parameter *parameter;
	size_t count = 0, outer;

	for (parameter = table; parameter != NULL && !is_end(parameter); parameter++) {
		count++;
		if (parameter->name != NULL && parameter->name[0] != '\0')
			outer = verify_enter(verify, "parameter \"%s\"",
			    parameter->name);
		else
			outer = verify_enter(verify, "parameter %zu", count);
		check_parameter(verify, table, parameter);
		verify_leave(verify, outer);
	}
	if (count > PARAMETERS_MAX)
		verify_mistake(verify, "there are %zu parameters, more than %d", count,
		    PARAMETERS_MAX);
}
