/*
 * takeover.h: exactly one reaper is at work, and the others stand by.
 *
 * A server has two reapers. Both wait for the same flock, which the kernel frees at the death
 * of its holder: so whoever of them dies, the other one is at work at once. They also outlive
 * their supervisor. What the model demands of them (tests/model):
 *	- each is listed on the scoreboard before it tries the lock, and beats from then on; who
 *	  stands by watches all that are listed, older and newer ones, and kills who hangs;
 *	- the pair of an older generation, standby included, is asked to leave only when both of
 *	  a newer one are there, and killed where it does not;
 *	- who finds a newer pair complete leaves, even with the lock in hand.
 */
#ifndef CORE_REAPER_TAKEOVER_H
#define CORE_REAPER_TAKEOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/config/scoreboard.h"
#include "core/store/gate.h"

#define TAKEOVER_LOCK_FILE "reaper.lock"
/* A reaper whose beat (scoreboard.h) is older hangs, and is killed. */
#define TAKEOVER_HANG_MS 15000
/* How many reapers of a generation there are. */
#define TAKEOVER_REAPERS 2

enum takeover_result {
	TAKEOVER_TAKEN,		/* the lock is held, until takeover_end() or death */
	TAKEOVER_LEFT,		/* somebody else is at work, and the caller is not needed */
	TAKEOVER_FAILED		/* err says why */
};

struct takeover {
	struct gate lock;
	struct scoreboard_reaper *entry; /* NULL: of nobody who waited */
};

/*
 * Stands by until it is this reaper's turn. Others get patience_ms to leave when they are
 * asked to. stand_by() is called several times a second, and says whether to stop waiting.
 */
enum takeover_result takeover_wait(struct takeover *takeover, const char *state_dir,
    struct scoreboard *scoreboard, int32_t generation, int64_t patience_ms,
    bool (*stand_by)(void *context), void *context, struct err *err);

/* Takes the lock only if nobody holds it. */
enum takeover_result takeover_try(struct takeover *takeover, const char *state_dir,
    struct err *err);

/* A sign of life of the one at work. */
void takeover_beat(const struct takeover *takeover, struct scoreboard *scoreboard);

/* Lets the lock go. Where it was not taken there is nothing to end. */
void takeover_end(struct takeover *takeover);

/* Whether somebody is at work: 1, 0, or -1 with err. Read permission is enough. */
int takeover_held(const char *state_dir, struct err *err);

#endif
