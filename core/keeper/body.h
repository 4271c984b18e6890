/*
 * body.h: the process that runs work().
 */
#ifndef CORE_KEEPER_BODY_H
#define CORE_KEEPER_BODY_H

#include "core/config/options.h"
#include "core/store/lock.h"
#include "core/store/worker.h"

/*
 * Runs work() of an execution, and commits what it tells and how it ended. keeper is whose row
 * that is, and lock has its byte; its standard error goes to errors from now on, but for the log.
 * Returns the exit status: EXIT_SUCCESS if the end is written.
 */
int body_main(const struct options *options, const char *execution,
    const struct worker_id *keeper, const struct lock *lock, int errors);

#endif
