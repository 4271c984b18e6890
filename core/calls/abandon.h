/*
 * abandon.h: giving a stop up that can never succeed.
 */
#ifndef CORE_CALLS_ABANDON_H
#define CORE_CALLS_ABANDON_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/calls/session.h"

/*
 * Records an execution (UUID, lower case) as stopped although its stop() has not succeeded:
 * what it changed stays. Waits until deadline_ms (boot time) for an attempt that is under way.
 * The row keeps its last error, and gets the reason "operator NAME: abandoned: <reason>" (without a
 * name where operator is NULL), which
 * agents are told; an event says the same and why it was to be stopped. Allowed while the
 * execution is `stopping`, and in every phase if this program lacks its action. 0, or -1
 * with ERR_NOT_FOUND, ERR_PHASE, ERR_BUSY, or an error of the store.
 */
int abandon(struct session *session, const char *execution, const char *operator,
    const char *reason, int64_t deadline_ms, struct err *err);

#endif
