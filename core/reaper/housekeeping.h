/*
 * housekeeping.h: what the reaper does between two stops: checkpoints, retention, ballast,
 * and the wall clock that people read deadlines by.
 */
#ifndef CORE_REAPER_HOUSEKEEPING_H
#define CORE_REAPER_HOUSEKEEPING_H

#include <stdint.h>
#include <time.h>

#include "core/calls/session.h"

struct housekeeping {
	int64_t checkpoint_at_ms;	/* boot time of the next look */
	int64_t retention_at_ms;
	int64_t ballast_at_ms;
	int64_t clock_at_ms;
	struct timespec log_changed;	/* of the write-ahead log, at the last checkpoint */
	int64_t log_told_bytes;		/* how long it was when the log of the server told so */
};

/* Does what is due. A failure is logged and tried again at the next time. */
void housekeeping_run(struct housekeeping *housekeeping, struct session *session);

#endif
