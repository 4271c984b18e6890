/*
 * clock.c: the clocks of a test, which can be advanced. It takes the place of libc's functions for
 * all that is in the process: the library, and the action, which may ask them as well.
 */
#include "config.h"

#include <stddef.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "kit/kit.h"

static _Atomic int64_t ahead_ms;

int64_t
kit_clock(void)
{
	return atomic_load(&ahead_ms);
}

void
kit_clock_advance(int64_t ms)
{
	atomic_fetch_add(&ahead_ms, ms);
}

void
kit_clock_reset(void)
{
	atomic_store(&ahead_ms, 0);
}

void
ak_test_advance(struct ak_test *test, int64_t ms)
{
	(void)test;
	if (ms < 0)
		kit_misuse(__func__, "clocks do not go back");
	kit_clock_advance(ms);
}

/* Processor time is what was used of it, and other numbers are clocks of processes and devices. */
static bool
is_advanced(clockid_t id)
{
	switch (id) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		return true;
	default:
		return false;
	}
}

AK_API int
clock_gettime(clockid_t id, struct timespec *ret_now)
{
	const struct timespec ahead = clock_timespec(kit_clock());

	if (syscall(SYS_clock_gettime, id, ret_now) == -1)
		return -1;
	if (!is_advanced(id))
		return 0;
	ret_now->tv_sec += ahead.tv_sec;
	ret_now->tv_nsec += ahead.tv_nsec;
	if (ret_now->tv_nsec >= (long)CLOCK_NS_PER_MS * CLOCK_MS_PER_S) {
		ret_now->tv_nsec -= (long)CLOCK_NS_PER_MS * CLOCK_MS_PER_S;
		ret_now->tv_sec++;
	}
	return 0;
}

AK_API int
gettimeofday(struct timeval *restrict ret_now, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &now) == -1)
		return -1;
	ret_now->tv_sec = now.tv_sec;
	ret_now->tv_usec = now.tv_nsec / CLOCK_NS_PER_US;
	return 0;
}

AK_API time_t
time(time_t *ret_now)
{
	struct timespec now = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (ret_now != NULL)
		*ret_now = now.tv_sec;
	return now.tv_sec;
}
