/*
 * ballast.h: space kept for the day when the disk is full.
 *
 * A file in the state directory that holds nothing. It is given up when a stop cannot be
 * recorded for want of space, so that an action that fills the disk can still be stopped;
 * the reaper makes it again when there is room. What only begins executions never touches it.
 */
#ifndef CORE_STORE_BALLAST_H
#define CORE_STORE_BALLAST_H

#include <stdbool.h>

#include "core/base/err.h"

#define BALLAST_FILE "ballast"
/* Enough for the write-ahead log of some hundred stops. */
#define BALLAST_BYTES (4L * 1024 * 1024)

/*
 * Makes the file of state_dir where it is missing or was given up, unless that would leave
 * less than as much again for others. 0, or -1 with ERR_FULL or ERR_INTERNAL.
 */
int ballast_keep(const char *state_dir, struct err *err);

/* Gives it up. Whether there was something to give up. */
bool ballast_release(const char *state_dir);

#endif
