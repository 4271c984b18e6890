/*
 * worker_sweep.h: what the reaper does about workers: it notes those that are gone without a word.
 */
#ifndef CORE_REAPER_WORKER_SWEEP_H
#define CORE_REAPER_WORKER_SWEEP_H

#include "core/calls/session.h"

/* Looks at each that has not ended. 0, or -1. */
int worker_sweep(struct session *session, struct err *err);

/* Who is in the write gate, and since when. Begins as all zero. */
struct gate_watch {
	int64_t since_ms;	/* boot time; 0: nobody whom it concerns */
	pid_t pid;
};

/*
 * A worker runs code of actions, which may stand still anywhere: kills one that has been in the
 * write gate for 5 s, so that other executions need not end for it.
 */
void worker_sweep_gate(struct session *session, struct gate_watch *watch);

#endif
