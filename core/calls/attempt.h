/*
 * attempt.h: one attempt to stop an execution, whoever makes it: the agent's call (stop.c) or
 * the reaper's stopper.
 */
#ifndef CORE_CALLS_ATTEMPT_H
#define CORE_CALLS_ATTEMPT_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/calls/visit.h"
#include "core/store/execution.h"

/*
 * One attempt to stop, under the execution's lock: commits `stopping` for whoever
 * wants it (by, reason; what somebody wanted before is kept), runs stop(), and commits
 * `stopped`, or the failure and when to try again. The reaper asks for only_if_due: then it
 * looks again whether the execution must be stopped, and why, in the transaction.
 * Returns 0 when the execution is stopped (visit->row says by whom), 1 when there was nothing
 * to do, or -1 with ERR_HANDLER when stop() failed, or another error.
 */
int attempt_run(struct visit *visit, enum stop_by by, const char *reason, bool only_if_due,
    struct err *err);

/*
 * Records that an attempt has failed whose process is gone, and when to try again.
 * visit->row then says how often it was tried.
 */
int attempt_note_failure(struct visit *visit, const char *why, struct err *err);

#endif
