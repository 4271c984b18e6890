/*
 * death.h: a worker that is gone and has not said how it ended.
 */
#ifndef CORE_WORKER_DEATH_H
#define CORE_WORKER_DEATH_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/store/lock.h"
#include "core/store/worker.h"

/*
 * Looks whether a worker, as its row was loaded, is gone without an end: another boot's, or nobody
 * holds the byte. Row, byte, row: it may have written its end and left in between, or a stop may
 * have begun, which says itself how the worker ended. 1 if so, and
 * *worker then says that it died, which death_note() writes; 0; or -1 with err.
 */
int death_look(struct store *store, const struct lock *workers, const char *execution,
    struct worker *worker, struct err *err);

/* The ActionKitError of a worker that ended so, as JSON, owned; detail may be NULL. */
char *death_error(const struct ak_work_end *end, const char *detail);

/* Fills *worker with an end that nobody has written yet. */
void death_set(struct worker *worker, const struct ak_work_end *end, const char *detail);

/* Writes the end of *worker, unless that is written, in a transaction of its own. 0, or -1. */
int death_note(struct store *store, const char *execution, const struct worker *worker,
    int64_t deadline_ms, struct err *err);

#endif
