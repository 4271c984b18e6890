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
#include "core/worker/spawn.h"

struct session {
	const struct options *options;		/* borrowed */
	struct scoreboard *scoreboard;		/* borrowed; NULL in a subcommand */
	struct store store;
	struct lock lock;			/* of the execution that is worked on */
	struct lock workers;			/* for looking at */
	/* How a worker begins: spawn_worker(). The kit of tests runs work() itself. */
	int (*spawn)(struct spawn *spawn, const struct options *options, const char *execution,
	    struct err *err);
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

/*
 * Begins a transaction as store_begin(). Where the database was removed it is put back first
 * (rescue.h), and where it was replaced the other one is opened.
 */
int session_begin(struct session *session, enum store_durability durability,
    int64_t deadline_ms, struct err *err);

/*
 * After something that came to result (0, or -1 with err): closes a store that is no good, so that
 * what is at its path then is opened by who needs it next.
 */
void session_settle(struct session *session, int result, const struct err *err);

#endif
