/*
 * fake_clock.c: a library to be preloaded, for a clock that can be set without harm: what is set is
 * kept as a difference in the file that AK_FAKE_CLOCK names, for all processes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

/* All else in this tree is hidden. */
#define FAKE_CLOCK_API __attribute__((visibility("default")))

static volatile int64_t *shift_ns;

__attribute__((constructor)) static void
fake_clock_open(void)
{
	const char *path = getenv("AK_FAKE_CLOCK");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *memory;

	if (fd == -1)
		return;
	memory = mmap(NULL, sizeof(*shift_ns), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory != MAP_FAILED)
		shift_ns = memory;
	(void)close(fd);
}

static int64_t
real_ns(void)
{
	struct timespec now;

	(void)syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

FAKE_CLOCK_API int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int64_t ns;

	if (clock != CLOCK_REALTIME || shift_ns == NULL)
		return (int)syscall(SYS_clock_gettime, clock, now);
	ns = real_ns() + *shift_ns;
	now->tv_sec = (time_t)(ns / NS_PER_S);
	now->tv_nsec = (long)(ns % NS_PER_S);
	return 0;
}

/* With a system call before and behind, so that a process can be killed there. */
FAKE_CLOCK_API int
clock_settime(clockid_t clock, const struct timespec *then)
{
	(void)clock;
	(void)syscall(SYS_getppid);
	*shift_ns = (int64_t)then->tv_sec * NS_PER_S + then->tv_nsec - real_ns();
	(void)syscall(SYS_getppid);
	return 0;
}
