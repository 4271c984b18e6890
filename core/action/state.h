/*
 * state.h: an action's state struct to JSON and back, by its table of fields.
 */
#ifndef CORE_ACTION_STATE_H
#define CORE_ACTION_STATE_H

#include <stdbool.h>

#include "core/actionkit.h"
#include "core/base/err.h"
#include "core/base/json.h"

/* A zeroed state struct, owned, to be freed with free(); NULL if the action has none. */
void *state_new(const struct ak_action *action);

/*
 * The state as a JSON object, owned. Members of base (may be NULL) that are not fields of the
 * table are kept, those of nested structs too, so that an older binary does not drop what a
 * newer one wrote. Returns NULL and sets err (ERR_INTERNAL) if the struct holds what JSON
 * cannot say: a double that is not finite, text that is not UTF-8, not JSON or not terminated,
 * a list with a wrong count, JSON that is nested too deep to be sent back.
 */
struct json_object *state_to_json(const struct ak_action *action, const void *state,
    struct json_object *base, struct err *err);

/*
 * Fills the (zeroed) struct from an object. Absent and null members leave their field
 * zero; unknown ones are ignored; one that does not fit its field is an error (ERR_REQUEST)
 * that names it. json may be NULL: empty.
 */
int state_from_json(const struct ak_action *action, struct json_object *json, void *state,
    struct err *err);

/* Whether a table of fields (or NULL) has one that stays on this machine, within structs too. */
bool state_has_local(const struct ak_field *fields);
/* A state without these; owned. */
struct json_object *state_without_local(const struct ak_field *fields,
    struct json_object *state);

#endif
