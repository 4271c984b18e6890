/*
 * stop_request.h: somebody wants something stopped: an operator, by the row that the reaper looks
 * for, or an action.
 */
#ifndef CORE_CALLS_STOP_REQUEST_H
#define CORE_CALLS_STOP_REQUEST_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/calls/session.h"
#include "core/store/store.h"

/* The longest reason, with its NUL. */
#define STOP_REASON_BYTES 512

/*
 * Asks that an execution (UUID; NULL: all) be stopped, for a reason, by an operator (or NULL where
 * the name is not known). *ret_id is the id of the request, whose handled_at the reaper sets.
 * Waits until deadline_ms (boot time) for the gate. 0, or -1 as store_begin().
 */
int stop_request_add(struct store *store, const char *execution, const char *operator,
    const char *reason, int64_t deadline_ms, int64_t *ret_id, struct err *err);

/*
 * An action wants an execution (a UUID; NULL: all) to be stopped: notes that in the rows at once.
 * 0, or -1 and in err->sys what errno says it: EINVAL (no UUID, no reason, or one too long), ESRCH
 * (there is no such execution), EBUSY, ENOSPC, EIO.
 */
int stop_request_of_action(struct session *session, const char *action, const char *execution,
    const char *reason, int64_t deadline_ms, struct err *err);

#endif
