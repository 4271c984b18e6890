/*
 * parameter_rules.c: checks values against the members of a parameter.
 */
#include "config.h"

#include "core/action/parameter_rules.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LIST_TEXT_BYTES 1024

int
rules_length(const struct ak_parameter *parameter, const char *prefix, const char *text,
    struct err *err)
{
	if (parameter->max_length == 0 || strlen(text) <= parameter->max_length)
		return 0;
	return err_set(err, ERR_CONFIG, "%smust have at most %zu bytes", prefix,
	    parameter->max_length);
}

static int
refuse_option(const struct ak_option *option, const char *prefix, struct err *err)
{
	static const char more[] = ", ...";
	char list[LIST_TEXT_BYTES] = "";
	size_t used = 0;

	for (; option->label != NULL; option++) {
		if (used + strlen(option->value) + sizeof(", \"\"") + sizeof(more) >
		    sizeof(list)) {
			strcpy(list + used, more);
			break;
		}
		used += (size_t)snprintf(list + used, sizeof(list) - used,
		    "%s\"%s\"", used == 0 ? "" : ", ", option->value);
	}
	return err_set(err, ERR_CONFIG, "%smust be one of %s", prefix, list);
}

int
rules_option(const struct ak_parameter *parameter, const char *prefix, const char *text,
    struct err *err)
{
	const struct ak_option *option = parameter->options;

	/* The values of target attributes are known to the agent only. */
	if (option == NULL || parameter->options_open ||
	    parameter->option_attributes != NULL)
		return 0;
	for (; option->label != NULL; option++)
		if (strcmp(option->value, text) == 0)
			return 0;
	return refuse_option(parameter->options, prefix, err);
}

int
rules_list(const struct ak_parameter *parameter, struct json_object *value, struct err *err)
{
	if (!json_object_is_type(value, json_type_array))
		return err_set(err, ERR_CONFIG, "must be an array");
	if (parameter->max_items != 0 &&
	    json_object_array_length(value) > parameter->max_items)
		return err_set(err, ERR_CONFIG, "must have at most %zu items",
		    parameter->max_items);
	return 0;
}

static int
refuse_file_name(const char *const *types, struct err *err)
{
	const char *const *type = types;
	char list[LIST_TEXT_BYTES] = "";
	size_t used = 0;

	for (; *type != NULL && used + strlen(*type) + sizeof(", ") < sizeof(list); type++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
		    used == 0 ? "" : ", ", *type);
	return err_set(err, ERR_CONFIG, "the name of the file must end with %s%s%s",
	    type - types > 1 ? "one of " : "", list, *type == NULL ? "" : ", ...");
}

static bool
ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), end_length = strlen(end);

	return length > end_length && strcasecmp(name + length - end_length, end) == 0;
}

int
rules_file_name(const struct ak_parameter *parameter, const char *name, struct err *err)
{
	const char *const *type = parameter->accepted_file_types;

	if (type == NULL)
		return 0;
	for (; *type != NULL; type++)
		if (ends_with(name, *type))
			return 0;
	return refuse_file_name(parameter->accepted_file_types, err);
}
