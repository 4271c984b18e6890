/*
 * halt.h: ends the worker of an execution, and all that it has begun, before stop() runs.
 */
#ifndef CORE_WORKER_HALT_H
#define CORE_WORKER_HALT_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/config/options.h"
#include "core/store/lock.h"
#include "core/store/worker.h"

/*
 * Returns when nothing of it lives: 0 at once where the execution's byte of workers.lock is free, 1
 * when it was ended.
 * Asks the keeper to end it, where worker names one that lives; what then, or without one, still
 * holds the byte is killed, and so is its session. Or -1 with ERR_HANDLER and who is left when
 * deadline_ms (boot time) comes.
 */
int halt_worker(const struct lock *workers, const char *execution, const struct worker *worker,
    const struct options *options, int64_t deadline_ms, struct err *err);

#endif
