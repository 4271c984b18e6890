/*
 * parameter_rules.h: what the members of a parameter demand of its values, whatever the type.
 *
 * Each returns 0, or -1 with ERR_CONFIG and the rule that is broken: "must be at least 2". A
 * member that is not set demands nothing. prefix, with a space at its end, says which item of a
 * list it is about: "item 2 ", or "".
 */
#ifndef CORE_ACTION_PARAMETER_RULES_H
#define CORE_ACTION_PARAMETER_RULES_H

#include "core/actionkit.h"
#include "core/base/err.h"
#include "core/base/json.h"

/* max_length, of a text. */
int rules_length(const struct ak_parameter *parameter, const char *prefix, const char *text,
    struct err *err);

/* options; any text is fine where the agent alone knows all of them. */
int rules_option(const struct ak_parameter *parameter, const char *prefix, const char *text,
    struct err *err);

/* value is an array, and max_items. */
int rules_list(const struct ak_parameter *parameter, struct json_object *value,
    struct err *err);

/* accepted_file_types, of the name of a file; upper and lower case are the same. */
int rules_file_name(const struct ak_parameter *parameter, const char *name, struct err *err);

#endif
