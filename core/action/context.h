/*
 * context.h: what a request says beside its config and state: target, execution context,
 * properties, timestamp.
 */
#ifndef CORE_ACTION_CONTEXT_H
#define CORE_ACTION_CONTEXT_H

#include "core/action/call.h"
#include "core/base/err.h"
#include "core/base/json.h"

/*
 * Checks these members of a request (an object whose members have the types that every
 * request must have) and gives them to the call, borrowed. What is absent or null is so to the
 * handler. Returns 0, or -1 with ERR_REQUEST and a message that names the member:
 * "executionContext.agentPid: must be a whole number".
 */
int context_take(struct ak_call *call, struct json_object *request, struct err *err);

#endif
