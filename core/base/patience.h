/*
 * patience.h: whether a sign of life may be missed.
 *
 * Who looks at others again and again kills those that give no sign. Where the looks themselves
 * were interrupted, because the machine or this process was suspended, the others could not give
 * one either: then all get a second chance.
 */
#ifndef CORE_BASE_PATIENCE_H
#define CORE_BASE_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

/* Begins with the time at which the looks begin. */
struct patience {
	int64_t looked_ms;	/* boot time of the last look */
	int64_t until_ms;	/* boot time before which nobody is killed */
};

/* To be called at every look, less than a second apart: whether who gives no sign hangs. */
bool patience_over(struct patience *patience, int64_t now_ms);

#endif
