/*
 * values.h: values of parameters, from the command line to what agents send.
 *
 * The description of the action decides: "10s" of a duration is 10000, "50%" of a percentage
 * 50, "a,b" of a list ["a","b"].
 */
#ifndef CLI_VALUES_H
#define CLI_VALUES_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/base/json.h"

/* The parameter of that name in a list of descriptions (NULL allowed), borrowed; or NULL. */
struct json_object *values_parameter(struct json_object *parameters, const char *name);

/* Whether it is a file. */
bool values_is_file(struct json_object *parameter);

/*
 * Reads text as the parameter's type and puts it into config; given again, a list goes on,
 * and anything else is replaced. 0, or -1 with ERR_USAGE and what it must be, which does not tell
 * the text.
 */
int values_set(struct json_object *parameter, const char *text, struct json_object *config,
    struct err *err);

/*
 * Fills in defaults, and tells of each required parameter that has neither value nor default, with
 * the option that gives it. For one that is_given() the value may be wrong, or a file: nothing is
 * told of it.
 */
void values_complete(struct json_object *parameters, struct json_object *config,
    bool (*is_given)(void *context, const char *name),
    void (*on_missing)(void *context, const char *mistake), void *context);

/* A target for a request, without attributes; and one more of them: the same again is one value. */
struct json_object *values_new_target(const char *name);
void values_attribute(struct json_object *target, const char *name, const char *value);

#endif
