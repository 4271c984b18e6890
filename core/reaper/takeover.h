/*
 * takeover.h: exactly one reaper is active.
 */
#ifndef CORE_REAPER_TAKEOVER_H
#define CORE_REAPER_TAKEOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/config/scoreboard.h"

/*
 * Takes the reaper's lock of the state directory. The reaper that holds it is asked to leave
 * after the stops it is at, and killed if it hangs or is not gone after patience_ms. If that one
 * is newer, it is this process that gives up: of several the newest takes over.
 * give_up() is asked again and again whether to stop waiting. Returns the descriptor that
 * holds the lock as long as it is open, -2 if it gave up, or -1 with err.
 */
int takeover_lock(const char *state_dir, const struct scoreboard *scoreboard,
    int64_t patience_ms, bool (*give_up)(void *context), void *context, struct err *err);

/*
 * Takes the lock only if nobody holds it: the descriptor, -2 if somebody does, or -1 with err.
 */
int takeover_try(const char *state_dir, struct err *err);

/* Whether somebody holds it: 1, 0, or -1 with err. Read permission is enough. */
int takeover_held(const char *state_dir, struct err *err);

#endif
