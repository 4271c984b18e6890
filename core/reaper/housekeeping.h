/*
 * housekeeping.h: what the reaper does between two stops: checkpoints, retention, ballast,
 * and the wall clock that people read deadlines by.
 */
#ifndef CORE_REAPER_HOUSEKEEPING_H
#define CORE_REAPER_HOUSEKEEPING_H

#include <stdint.h>
#include <time.h>

#include "core/config/options.h"
#include "core/store/store.h"

struct housekeeping {
	int64_t checkpoint_at_ms;	/* boot time of the next look */
	int64_t retention_at_ms;
	int64_t ballast_at_ms;
	int64_t clock_at_ms;
	struct timespec log_changed;	/* of the write-ahead log, at the last checkpoint */
};

/* Does what is due. A failure is logged and tried again at the next time. */
void housekeeping_run(struct housekeeping *housekeeping, struct store *store,
    const struct options *options);

#endif
