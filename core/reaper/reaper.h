/*
 * reaper.h: the process that ends executions on its own.
 *
 * Missed heartbeats, stop requests of operators, shutdown, retries of failed stops,
 * executions whose responder died, prepared ones that were never started, old history,
 * checkpoints of the log. It runs each stop() in a child of its own (stopper.h). A server has
 * two: exactly one is at work, the other stands by (takeover.h). Both outlive a killed
 * supervisor; when no new server takes over within the grace period, the one at work stops
 * everything, and they exit.
 */
#ifndef CORE_REAPER_REAPER_H
#define CORE_REAPER_REAPER_H

#include <sys/types.h>

#include "core/config/options.h"
#include "core/config/scoreboard.h"

/*
 * Body of a reaper's process; returns its exit status. generation is the server's, supervisor
 * the parent's pid, taken before fork. SIGTERM asks it to leave after the stops it is at;
 * SIGUSR1 to look at the scoreboard now. The caller has closed what the supervisor had open,
 * and has blocked all signals.
 */
int reaper_run(const struct options *options, struct scoreboard *scoreboard,
    int32_t generation, pid_t supervisor);

/*
 * The same without a server: stops everything that is left, with the reason "operator:
 * recover", in this process and its children. timeout_ms 0: each stop() is tried once; else
 * what fails is repeated for so long. A new server, SIGTERM, SIGINT and SIGHUP end it after
 * the stops under way. Returns 0; 1 if another reaper is alive, and nothing was done; or -1
 * with err. What came of it is in the database.
 */
int reaper_recover(const struct options *options, struct scoreboard *scoreboard,
    int64_t timeout_ms, struct err *err);

#endif
