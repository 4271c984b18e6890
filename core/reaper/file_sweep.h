/*
 * file_sweep.h: removes files that nobody owns: of requests whose process died, and of
 * executions that have no rows in `files`.
 */
#ifndef CORE_REAPER_FILE_SWEEP_H
#define CORE_REAPER_FILE_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/calls/session.h"

/*
 * Looks at what is below <state-dir>/files, and removes until deadline_ms (boot time). The
 * store must be open; an execution whose lock somebody holds is left alone. Returns 0; 1 if
 * there was no time for all; or -1 with the last err, and the rest done.
 */
int file_sweep(struct session *session, int64_t deadline_ms, struct err *err);

/*
 * A part of the reaper's round: sweeps for a short time if *at_ms (boot time, 0 at first) has
 * come, and sets it to the next time. A failure is logged, and tried again later.
 */
void file_sweep_round(struct session *session, int64_t *at_ms);

/* For a reaper that leaves: sweeps what died since. alone: there is no other to go on. */
void file_sweep_last(struct session *session, bool alone);

#endif
