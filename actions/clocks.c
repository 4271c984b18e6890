/*
 * clocks.c: reads the clocks of the kernel. Persists nothing.
 */
#include "actions/clocks.h"

int64_t
clocks_ns(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}
