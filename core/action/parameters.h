/*
 * parameters.h: an action's config, checked against its table of parameters.
 *
 * What agents send for each type (protocol: "Config values as agents send them") is in
 * parameter_types.h.
 */
#ifndef CORE_ACTION_PARAMETERS_H
#define CORE_ACTION_PARAMETERS_H

#include "core/actionkit.h"
#include "core/base/err.h"
#include "core/base/json.h"

/*
 * Checks config (an object, or NULL for an empty one) against the table (or NULL for none; one
 * that verify.h finds no mistake in) and builds *ret_values, an owned object with one member per
 * parameter that has a value, defaults filled in, in the form of its type (enum parameter_form).
 * Members of config that are not parameters are ignored. Returns 0, or -1 with ERR_CONFIG and
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

/* The row of the table with this name, or NULL. */
const struct ak_parameter *parameters_find(const struct ak_parameter *table,
    const char *name);

#endif
