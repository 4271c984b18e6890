/*
 * session.h: what a process needs to run calls: the options, the scoreboard, the database and
 * the locks of the executions. One per process, opened after fork().
 */
#ifndef CORE_CALLS_SESSION_H
#define CORE_CALLS_SESSION_H

#include "core/base/err.h"
#include "core/config/options.h"
#include "core/config/scoreboard.h"
#include "core/store/lock.h"
#include "core/store/store.h"

struct session {
	const struct options *options;		/* borrowed */
	struct scoreboard *scoreboard;		/* borrowed; NULL in a subcommand */
	struct store store;
	struct lock lock;
};

/*
 * Opens store and lock. Without the store (ERR_STORE) the session is still good for a stop
 * from the request's own state; calls try to open it again. 0, or -1.
 */
int session_open(struct session *session, const struct options *options,
    struct scoreboard *scoreboard, struct err *err);
void session_close(struct session *session);

/* Opens the store if it is closed: because it was lost, or for a fork. 0, or -1. */
int session_need_store(struct session *session, struct err *err);

#endif
