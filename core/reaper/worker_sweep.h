/*
 * worker_sweep.h: what the reaper does about workers: it notes those that are gone without a word.
 */
#ifndef CORE_REAPER_WORKER_SWEEP_H
#define CORE_REAPER_WORKER_SWEEP_H

#include "core/calls/session.h"

/* Looks at each that has not ended. 0, or -1. */
int worker_sweep(struct session *session, struct err *err);

/*
 * Where nothing could be committed for long: kills a worker's process that stands still with the
 * write gate in its hands, so that other executions need not end for it.
 */
void worker_sweep_gate(struct session *session);

#endif
