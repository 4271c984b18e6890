/*
 * body.h: the process that runs work().
 */
#ifndef CORE_KEEPER_BODY_H
#define CORE_KEEPER_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/actionkit.h"
#include "core/base/err.h"
#include "core/calls/session.h"
#include "core/config/options.h"
#include "core/store/lock.h"
#include "core/store/worker.h"

/* What work() is run with; all of it is borrowed. */
struct body_job {
	struct session *session;
	const struct ak_action *action;	/* NULL: as the row names it */
	const char *execution;
	const struct worker_id *keeper;	/* whose row of `workers` it is */
	int kept_fd;			/* has its byte; programs inherit it */
	int end_fd;			/* can be read when it must end */
	/* Waits so long for that; whether it has come. */
	bool (*wait)(struct ak_call *call, int64_t ms);
};

/*
 * Runs work() in this process, and commits what it tells and how it ended. 0, also where work() has
 * failed; or -1 with err where that could not be written.
 */
int body_work(const struct body_job *job, struct err *err);

/*
 * The same in a process of its own, which SIGTERM tells to end. lock has the byte; standard error
 * goes to errors from now on, but for the log. Returns the exit status: EXIT_SUCCESS if the end is
 * written.
 */
int body_main(const struct options *options, const char *execution,
    const struct worker_id *keeper, const struct lock *lock, int errors);

#endif
