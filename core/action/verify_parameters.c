/*
 * verify_parameters.c: checks a table of parameters.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/action/parameter_types.h"
#include "core/action/parameters.h"
#include "core/action/verify_mistakes.h"
#include "core/action/verify_parts.h"

/* Limits of the schema; text is counted in characters. */
#define PARAMETERS_MAX 64
#define NAME_CHARACTERS_MAX 255
#define LABEL_CHARACTERS_MAX 255
#define DESCRIPTION_CHARACTERS_MAX 2000
#define DEFAULT_CHARACTERS_MAX 255
#define OPTION_CHARACTERS_MAX 255
#define FILE_TYPES_MAX 32
#define FILE_TYPE_CHARACTERS_MAX 128

static const char file_name_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

static const char scheme_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+.-";
static const char blanks[] = " \t\r\n\v\f";

#define PERCENT_MAX 100
#define UNITS_ALL \
	(AK_MILLISECONDS | AK_SECONDS | AK_MINUTES | AK_HOURS | AK_DAYS)

/* A list of texts that ends with NULL; what is one of them. Returns their number. */
static size_t
check_list(struct verify *verify, const char *what, const char *const *list, size_t max)
{
	char member[VERIFY_WHERE_BYTES];
	size_t count, other;

	for (count = 0; list[count] != NULL; count++) {
		snprintf(member, sizeof(member), "one of the %ss", what);
		if (!VERIFY_IS_ROW(verify, count, member, "NULL", list[count]))
			break;
		snprintf(member, sizeof(member), "%s %zu", what, count + 1);
		verify_text(verify, member, list[count], true, max);
		for (other = 0; other < count; other++)
			if (strcmp(list[other], list[count]) == 0) {
				verify_mistake(verify, "%s \"%s\" is there twice", what,
				    list[count]);
				break;
			}
	}
	return count;
}

/* Whether the type may have a member that is set; what names it. */
static bool
may_have(struct verify *verify, const struct parameter_type *type,
    enum parameter_member member, const char *what)
{
	if ((type->members & member) != 0)
		return true;
	verify_mistake(verify, "type %s has no %s", type->name, what);
	return false;
}

static void
check_members(struct verify *verify, const struct ak_parameter *parameter,
    const struct parameter_type *type)
{
	size_t count;

	if (parameter->max_length != 0)
		may_have(verify, type, HAS_LENGTH, "max_length");
	if (parameter->max_items != 0)
		may_have(verify, type, HAS_ITEMS, "max_items");
	if (parameter->duration_units != 0 &&
	    may_have(verify, type, HAS_UNITS, "duration_units") &&
	    (parameter->duration_units & ~(unsigned int)UNITS_ALL) != 0)
		verify_mistake(verify, "duration_units 0x%x are unknown",
		    parameter->duration_units & ~(unsigned int)UNITS_ALL);
	if (parameter->accepted_file_types == NULL)
		return;
	may_have(verify, type, HAS_FILE_TYPES, "accepted_file_types");
	count = check_list(verify, "accepted_file_type", parameter->accepted_file_types,
	    FILE_TYPE_CHARACTERS_MAX);
	if (count > FILE_TYPES_MAX)
		verify_mistake(verify, "there are %zu accepted_file_types, more than %d",
		    count, FILE_TYPES_MAX);
}

static void
check_deprecated(struct verify *verify, const struct ak_parameter *parameter)
{
	if (parameter->deprecation_message != NULL && !parameter->deprecated)
		verify_mistake(verify, "deprecation_message needs deprecated");
	verify_text(verify, "deprecation_message", parameter->deprecation_message, false,
	    SIZE_MAX);
	if (parameter->deprecated && parameter->required)
		verify_mistake(verify, "what is deprecated cannot be required");
	if (parameter->deprecated && parameter->default_value != NULL)
		verify_mistake(verify, "what is deprecated has no default_value");
}

static void
check_limits(struct verify *verify, const struct ak_parameter *parameter,
    const struct parameter_type *type)
{
	struct ak_limit min = parameter->min, max = parameter->max;

	if ((!min.set && !max.set) || !may_have(verify, type, HAS_LIMITS, "min and max"))
		return;
	if (type->form == FORM_DURATION && min.set && min.value < 0)
		verify_mistake(verify, "min is negative");
	if (type->form == FORM_DURATION && max.set && max.value < 0)
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
check_options(struct verify *verify, const struct ak_parameter *parameter,
    const struct parameter_type *type)
{
	const struct ak_option *first = parameter->options, *option, *other;
	bool fine = true;
	size_t outer;

	if (first == NULL && parameter->option_attributes == NULL) {
		if (parameter->options_open)
			verify_mistake(verify, "options_open needs options");
		return true;
	}
	may_have(verify, type, HAS_OPTIONS, "options");
	if (parameter->option_attributes != NULL &&
	    check_list(verify, "option_attribute", parameter->option_attributes,
	    OPTION_CHARACTERS_MAX) == 0)
		verify_mistake(verify, "option_attributes are empty");
	if (first == NULL)
		return true;
	if (is_options_end(first))
		verify_mistake(verify, "options are empty");
	for (option = first; !is_options_end(option); option++) {
		if (!VERIFY_IS_ROW(verify, option - first, "an option", "AK_OPTIONS_END",
		    option->label, option->value))
			return false;
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

/* A scheme and what it leads to, without blanks: which schemes there are is the action's matter. */
static bool
looks_like_url(const char *text)
{
	size_t scheme = strspn(text, scheme_characters);

	if (scheme == 0 || strncmp(text + scheme, "://", strlen("://")) != 0)
		return false;
	text += scheme + strlen("://");
	return *text != '\0' && text[strcspn(text, blanks)] == '\0';
}

/* What is wrong with a default that may be sent, but is not what a table means; NULL: nothing. */
static const char *
default_fault(const struct ak_parameter *parameter, struct json_object *value)
{
	const char *text = parameter->default_value;
	int64_t number = json_object_get_int64(value);

	switch (parameter->type) {
	case AK_DURATION:
		/* 0 is 0 in all units. */
		return number != 0 && text[strspn(text, "0123456789")] == '\0' ?
		    "has no unit, such as \"30s\"" : NULL;
	case AK_PERCENTAGE:
		if (number > PERCENT_MAX && !parameter->max.set)
			return "is more than 100 percent, without a max that allows it";
		return number < 0 && !parameter->min.set ?
		    "is less than 0 percent, without a min that allows it" : NULL;
	case AK_URL:
		return text[0] == '\0' || looks_like_url(text) ? NULL :
		    "is not a URL, such as \"https://example.com\"";
	default:
		return NULL;
	}
}

static void
check_default(struct verify *verify, const struct ak_parameter *parameter)
{
	struct json_object *value = NULL;
	const char *fault;
	struct err err;

	if (parameters_default(parameter, &value, &err) == 0) {
		fault = default_fault(parameter, value);
		if (fault != NULL)
			verify_mistake(verify, "default_value \"%s\" %s", parameter->default_value,
			    fault);
		json_object_put(value);
	} else {
		verify_mistake(verify, "default_value \"%s\" %s", parameter->default_value,
		    err.msg);
	}
}

static void
check_type(struct verify *verify, const struct ak_parameter *parameter)
{
	const struct parameter_type *type = parameter_type(parameter->type);
	bool options_fine;

	if (parameter->type == 0) {
		verify_mistake(verify, "type is missing");
		return;
	}
	if (type == NULL) {
		verify_mistake(verify, "type %d is unknown", (int)parameter->type);
		return;
	}
	check_limits(verify, parameter, type);
	check_members(verify, parameter, type);
	options_fine = check_options(verify, parameter, type);
	if (type->form == FORM_NONE && parameter->required)
		verify_mistake(verify, "type %s cannot be required", type->name);
	if (parameter->default_value == NULL)
		return;
	if (type->read_default == NULL)
		verify_mistake(verify, "type %s has no default_value", type->name);
	else if (options_fine && verify_text(verify, "default_value",
	    parameter->default_value, false, DEFAULT_CHARACTERS_MAX))
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
	verify_hint(verify, &parameter->hint);
	check_deprecated(verify, parameter);
	for (other = table; parameter->name != NULL && other != parameter; other++)
		if (other->name != NULL && strcmp(other->name, parameter->name) == 0) {
			verify_mistake(verify, "name is there twice");
			break;
		}
	check_type(verify, parameter);
}

/* Its name is that of a directory, and of a part of the request beside `request`. */
static void
check_file(struct verify *verify, const struct ak_parameter *parameter,
    const char *no_files)
{
	const char *name = parameter->name == NULL ? "" : parameter->name;
	const char *const *type = parameter->accepted_file_types;

	if (no_files != NULL)
		verify_mistake(verify, "%s", no_files);
	if (name[strspn(name, file_name_characters)] != '\0')
		verify_mistake(verify, "the name of a file has only letters, digits, "
		    "\"_\" and \"-\"");
	if (strcmp(name, "request") == 0)
		verify_mistake(verify, "a file cannot be named \"request\"");
	for (; !verify->endless && type != NULL && *type != NULL; type++)
		if ((*type)[0] != '.' || (*type)[1] == '\0')
			verify_mistake(verify, "accepted_file_type \"%s\" must be a dot "
			    "and what follows it in a file name", *type);
}

/* A row whose name was forgotten is not the end of the table. */
static bool
is_end(const struct ak_parameter *parameter)
{
	return parameter->name == NULL && parameter->label == NULL &&
	    parameter->type == 0;
}

static bool
is_row(struct verify *verify, const struct ak_parameter *table,
    const struct ak_parameter *parameter)
{
	return VERIFY_IS_ROW(verify, parameter - table, "a parameter", "AK_PARAMETERS_END",
	    parameter->name, parameter->label, parameter->description,
	    parameter->default_value, parameter->options, parameter->option_attributes,
	    parameter->accepted_file_types, parameter->hint.content,
	    parameter->deprecation_message);
}

void
verify_parameters(struct verify *verify, const struct ak_parameter *table,
    const char *no_files)
{
	const struct ak_parameter *parameter;
	size_t count = 0, outer;

	for (parameter = table; parameter != NULL && !is_end(parameter); parameter++) {
		if (!is_row(verify, table, parameter))
			return;
		count++;
		if (parameter->name != NULL && parameter->name[0] != '\0')
			outer = verify_enter(verify, "parameter \"%s\"",
			    parameter->name);
		else
			outer = verify_enter(verify, "parameter %zu", count);
		check_parameter(verify, table, parameter);
		if (parameter->type == AK_FILE)
			check_file(verify, parameter, no_files);
		verify_leave(verify, outer);
	}
	if (count > PARAMETERS_MAX)
		verify_mistake(verify, "there are %zu parameters, more than %d", count,
		    PARAMETERS_MAX);
}
