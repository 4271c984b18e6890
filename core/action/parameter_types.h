/*
 * parameter_types.h: one value of a config, by the type of its parameter.
 */
#ifndef CORE_ACTION_PARAMETER_TYPES_H
#define CORE_ACTION_PARAMETER_TYPES_H

#include "core/actionkit.h"
#include "core/base/err.h"
#include "core/base/json.h"

/*
 * The one form (parameters.h) of a value as agents send it; owned. The type must be one that
 * is sent. Returns NULL and err (ERR_CONFIG) with the rule that it breaks: "must be at least
 * 2".
 */
struct json_object *parameter_convert(const struct ak_parameter *parameter,
    struct json_object *value, struct err *err);

#endif
