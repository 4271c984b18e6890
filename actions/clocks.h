/*
 * clocks.h: the clocks of the kernel, in nanoseconds.
 */
#ifndef ACTIONS_CLOCKS_H
#define ACTIONS_CLOCKS_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

/* What CLOCK_BOOTTIME, CLOCK_REALTIME ... says. */
int64_t clocks_ns(clockid_t clock);

#endif
