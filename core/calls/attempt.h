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

/* How long an attempt to stop waits for a transaction before it does without. */
#define ATTEMPT_PATIENCE_MS 3000

/*
 * The same where nothing can be committed, for which err says why: from the row as it can be read,
 * under the execution's lock. Not where it was only prepared: nothing is to be undone, and a
 * start() could begin after it (ERR_BUSY). It is recorded as soon as that is possible: a stopper
 * waits for it until the visit's deadline; of an agent's call it is left to the reaper, who then
 * runs stop() once more. -1 with what err says where there is no row to be read.
 */
int attempt_unrecorded(struct visit *visit, enum stop_by by, const char *reason, bool only_if_due,
    struct err *err);

/*
 * Asks for another stop() of an execution, whatever its phase: its start() has lost the lock, so
 * that others may have run stop() before it was over. An attempt under way is not the last then.
 */
int attempt_restop(struct visit *visit, const char *why, struct err *err);

/*
 * Records that an attempt has failed whose process is gone, and when to try again.
 * visit->row then says how often it was tried.
 */
int attempt_note_failure(struct visit *visit, const char *why, struct err *err);

#endif
