/*
 * blocked.h: executions that must be stopped, while somebody who is not a process of the server
 * holds their lock.
 *
 * Nothing may be done to them then: whoever has the lock may still change something. But it must be
 * seen: in the view failing, in events and in the log is who has it.
 */
#ifndef CORE_REAPER_BLOCKED_H
#define CORE_REAPER_BLOCKED_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/holder.h"
#include "core/base/uuid_text.h"
#include "core/calls/session.h"

/* How many are followed at once. */
#define BLOCKED_MAX 16

struct blocked_one {
	char execution[UUID_TEXT_BYTES]; /* "": free */
	int64_t round;			/* the last one that has seen it */
	int64_t look_at_ms;		/* boot time of the next look for leftovers, */
	int64_t ask_at_ms;		/* and for the holder */
	char told[HOLDER_TEXT_BYTES];	/* the log was */
	bool noted;			/* and it is recorded */
};

/* Begins as all zero. */
struct blocked {
	int64_t round;
	struct blocked_one list[BLOCKED_MAX];
};

/* Begins a round: those that it does not find again are not blocked any more. */
void blocked_begin(struct blocked *blocked);

/* Takes note of one. */
void blocked_see(struct blocked *blocked, const char *execution);

/*
 * Tells who holds the locks of those that have waited for long. is_stopper() says whether a
 * process is one of the reaper's. What cannot be recorded now is tried again.
 */
void blocked_tell(struct blocked *blocked, struct session *session,
    bool (*is_stopper)(void *context, pid_t pid), void *context);

#endif
