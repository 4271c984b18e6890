/*
 * stopper.h: the children of the reaper, each one attempt to stop one execution.
 *
 * Action code may crash, hang or leak: it costs this one process. The reaper closes its
 * database before it forks them, because an inherited handle loses commits.
 */
#ifndef CORE_REAPER_STOPPER_H
#define CORE_REAPER_STOPPER_H

#include <stdint.h>
#include <sys/types.h>

#include "core/base/uuid_text.h"
#include "core/calls/session.h"
#include "core/store/execution.h"

#define STOPPERS_MAX 16

struct stopper {
	pid_t pid;			/* 0: free */
	char execution[UUID_TEXT_BYTES];
	const struct ak_action *action;
	int64_t deadline_ms;		/* boot time; then it is killed */
	bool overdue;
};

/*
 * Forks a child that stops the execution if it is still due, or, with a reason that is not empty,
 * in any case. The store of session must be closed. 0, or -1 with err.
 */
int stopper_fork(struct stopper *stopper, struct session *session,
    const struct ak_action *action, const char *execution, const char *reason,
    struct err *err);

/* Kills it if its deadline has passed. */
void stopper_watch(struct stopper *stopper);

/*
 * Takes note of its end, as waitpid() told it, and records the failure of an attempt that could not
 * record it itself; needs the store of session. Frees the slot.
 */
void stopper_ended(struct stopper *stopper, struct session *session, int wait_status);

#endif
