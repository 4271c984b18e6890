/*
 * calls.h: the calls of the protocol, whoever makes them.
 *
 * prepare.c, start.c, status.c, stop.c and query.c each hold one call: what it does in each
 * phase (protocol: "State machine over HTTP"). They commit every arrow of
 *	prepared -> starting -> running -> stopping -> stopped
 * before the effect that it announces, and hold the execution's lock around it.
 */
#ifndef CORE_CALLS_CALLS_H
#define CORE_CALLS_CALLS_H

#include <stdint.h>

#include "core/action/description.h"
#include "core/actionkit.h"
#include "core/base/err.h"
#include "core/base/json.h"
#include "core/calls/incoming.h"
#include "core/calls/session.h"

/*
 * Answers one call to an execution (a UUID, lower case). request is the body, a JSON object
 * (borrowed); deadline_ms the boot time at which it must be over. incoming has the files that
 * came with it, and takes those that its config stands for; prepare moves them. Returns 0 and
 * *ret_reply, the JSON text of a result of the protocol (owned, free()), which may carry an
 * error of the action; or -1 with err, where the request is refused or the call failed.
 * *ret_error is then the handler's own ActionKitError with everything that it says (owned), if
 * that is what failed (ERR_HANDLER); in all other cases NULL. With 0 err->msg says what the error
 * in the reply does, or is empty.
 */
int calls_answer(struct session *session, enum verb verb, const struct ak_action *action,
    const char *execution, struct json_object *request, struct incoming *incoming,
    int64_t deadline_ms, char **ret_reply, char **ret_error, struct err *err);

#endif
