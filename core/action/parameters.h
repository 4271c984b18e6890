/*
 * parameters.h: an action's config, checked against its table of parameters.
 *
 * The one place that knows what agents send for each type (protocol: "Config values as
 * agents send them").
 */
#ifndef CORE_ACTION_PARAMETERS_H
#define CORE_ACTION_PARAMETERS_H

#include <stdbool.h>

#include "core/actionkit.h"
#include "core/base/err.h"
#include "core/base/json.h"

/*
 * Checks config (an object, or NULL for an empty one) against the table (or NULL for none)
 * and builds *ret_values, an owned object with one member per parameter that has a value, defaults
 * filled in, in the one form that the getters of call.c read:
 *	integer, percentage, stressng-workers	int
 *	duration				int, milliseconds
 *	boolean					boolean
 *	string, textarea, url, regex, bitrate	string
 *	string_array				array of strings
 *	key_value				array of {"key": string, "value": string}
 *	file					what stands for it: string (a URL or base64), or
 *						{"name": string} of an upload (prepare_files.h)
 * Members of config that are no parameter are ignored. Returns 0, or -1 with ERR_CONFIG and
 * one message that names every fault: "duration: required; pid: must be at least 2".
 */
int parameters_check(const struct ak_parameter *table, struct json_object *config,
    struct json_object **ret_values, struct err *err);

/*
 * The value that the parameter's default stands for, in the same form; owned. The parameter must
 * have a default. Returns 0, or -1 with ERR_CONFIG and the rule that it breaks: "must be at
 * least 2".
 */
int parameters_default(const struct ak_parameter *parameter,
    struct json_object **ret_value, struct err *err);

/* Whether agents send values of this type at all. */
bool parameters_sent(enum ak_type type);

/* The row of the table with this name, or NULL. */
const struct ak_parameter *parameters_find(const struct ak_parameter *table,
    const char *name);

/* The protocol's name of a type ("string_array"), or NULL if it is none. */
const char *parameters_type_name(enum ak_type type);

#endif
