/*
 * due.h: which executions the reaper must stop.
 */
#ifndef CORE_REAPER_DUE_H
#define CORE_REAPER_DUE_H

#include "core/base/err.h"
#include "core/base/uuid_text.h"
#include "core/calls/session.h"
#include "core/reaper/blocked.h"
#include "core/reaper/stopper.h"
#include "core/store/execution.h"

struct due {
	char execution[UUID_TEXT_BYTES];
	const struct ak_action *action;
};

/*
 * Notes for every active execution that it is to be stopped, and why, unless that is noted
 * already. Those that wait for their next attempt get it now. 0, or -1.
 */
int due_mark_all(struct store *store, const char *reason, struct err *err);

/*
 * Passes the rows of stop_requests on to their executions; one for all to those that there are
 * now, not when it was written: who asks for all wants none to be left. 0, or -1.
 */
int due_take_requests(struct store *store, struct err *err);

/*
 * Finds executions that are due at until_ms (boot time) and that nobody is at, neither a stopper
 * (of STOPPERS_MAX) nor the holder of their lock, who is told where it is a stranger: at most room
 * of them. Returns their number, or -1.
 */
int due_find(struct session *session, const struct stopper *stoppers,
    struct blocked *blocked, int64_t until_ms, struct due *ret_due, int room,
    struct err *err);

#endif
