/*
 * reaper.h: the process that ends executions on its own.
 *
 * Missed heartbeats, stop requests of operators, shutdown, retries of failed stops,
 * executions whose responder died, prepared ones that were never started, old history,
 * checkpoints of the log. It runs each stop() in a child of its own (stopper.h). Exactly one
 * reaper is active (flock); it outlives a killed supervisor and, when no other takes over
 * within the grace period, stops everything and exits.
 */
#ifndef CORE_REAPER_H
#define CORE_REAPER_H

#include <sys/types.h>

#include "core/options.h"
#include "core/scoreboard.h"

#define REAPER_LOCK_FILE "reaper.lock"
/* A reaper whose beat (scoreboard.h) is older hangs, and is killed. */
#define REAPER_HANG_MS 15000

/*
 * Body of the reaper's process; returns its exit status. supervisor is the parent's pid,
 * taken before fork. SIGTERM asks it to leave after the stops it is at; SIGUSR1 to look at
 * the scoreboard now. The caller has closed what the supervisor had open, and has blocked
 * all signals.
 */
int reaper_run(const struct options *options, struct scoreboard *scoreboard,
    pid_t supervisor);

#endif
