/*
 * leftovers.h: programs of handlers that died, which keep an execution's lock.
 */
#ifndef CORE_REAPER_LEFTOVERS_H
#define CORE_REAPER_LEFTOVERS_H

#include "core/store/lock.h"

/*
 * A program that a handler runs holds the execution's lock as well, so that nobody else works on
 * it while the program does. Where nobody but such programs, and what they have begun, has it any
 * more, their handler is dead: they are killed. Returns how many.
 */
int leftovers_kill(const struct lock *lock, const char *execution);

#endif
