/*
 * lifecycle.h: the calls of the protocol, whoever makes them.
 *
 * prepare.c, start.c, status.c, stop.c and query.c each hold one call: what it does in each
 * phase (protocol: "State machine over HTTP"). They commit every arrow of
 *	prepared -> starting -> running -> stopping -> stopped
 * before the effect that it announces, and hold the execution's lock around it.
 */
#ifndef CORE_CALLS_LIFECYCLE_H
#define CORE_CALLS_LIFECYCLE_H

#include <stdint.h>

#include "core/action/description.h"
#include "core/actionkit.h"
#include "core/base/err.h"
#include "core/base/json.h"
#include "core/calls/incoming.h"
#include "core/config/options.h"
#include "core/config/scoreboard.h"
#include "core/store/lock.h"
#include "core/store/store.h"

/* What a process needs to run calls; one per process, opened after fork. */
struct lifecycle {
	const struct options *options;
	struct scoreboard *scoreboard;
	struct store store;
	struct lock lock;
};

/*
 * Opens store and lock. Without the store (ERR_STORE) the lifecycle is still good for a stop
 * from the request's own state; calls try to open it again. 0, or -1.
 */
int lifecycle_open(struct lifecycle *life, const struct options *options,
    struct scoreboard *scoreboard, struct err *err);
void lifecycle_close(struct lifecycle *life);

/* Opens the store if it is closed: because it was lost, or for a fork. 0, or -1. */
int lifecycle_need_store(struct lifecycle *life, struct err *err);

/*
 * Answers one call to an execution (a UUID, lower case). request is the body, a JSON object
 * (borrowed); deadline_ms the boot time at which it must be over. incoming has the files that
 * came with it, and takes those that its config stands for; prepare moves them. Returns 0 and
 * *ret_reply, the JSON text of a result of the protocol (owned, free()), which may carry an
 * error of the action; or -1 with err, where the request is refused or the call failed. *ret_reply is then NULL, or, if the action's own
 * handler failed (ERR_HANDLER), its ActionKitError with everything that it says.
 */
int lifecycle_call(struct lifecycle *life, enum verb verb, const struct ak_action *action,
    const char *execution, struct json_object *request, struct incoming *incoming,
    int64_t deadline_ms, char **ret_reply, struct err *err);

#endif
