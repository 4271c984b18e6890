/*
 * clock.c: reads the two clocks and the id of the boot.
 */
#include "config.h"

#include "core/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"
#define MS_PER_S 1000
#define NS_PER_MS 1000000

static int64_t
read_ms(clockid_t id)
{
	struct timespec now;

	/* Both clocks are always there, and so is the memory for the answer. */
	if (clock_gettime(id, &now) == -1)
		return 0;
	return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

int64_t
clock_boot_ms(void)
{
	return read_ms(CLOCK_BOOTTIME);
}

int64_t
clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

int
clock_boot_id(char ret_id[CLOCK_BOOT_ID_BYTES])
{
	char text[CLOCK_BOOT_ID_BYTES];
	ssize_t got;
	int fd, saved;

	if ((fd = open(BOOT_ID_PATH, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	got = read(fd, text, sizeof(text) - 1);
	saved = errno;
	close(fd);
	if (got != (ssize_t)sizeof(text) - 1) {
		errno = got == -1 ? saved : EIO;
		return -1;
	}
	text[sizeof(text) - 1] = '\0';
	memcpy(ret_id, text, sizeof(text));
	return 0;
}

void
clock_rfc3339(int64_t wall_ms, char ret_text[CLOCK_RFC3339_BYTES])
{
	char seconds[sizeof("9999-12-31T23:59:59")];
	struct tm utc = { .tm_mday = 1 };
	time_t time;

	/* Years that need more than four digits are no RFC 3339. */
	if (wall_ms < 0)
		wall_ms = 0;
	if (wall_ms > CLOCK_RFC3339_MAX_MS)
		wall_ms = CLOCK_RFC3339_MAX_MS;
	time = (time_t)(wall_ms / MS_PER_S);
	gmtime_r(&time, &utc);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(ret_text, CLOCK_RFC3339_BYTES, "%s.%03dZ", seconds,
	    (int)(wall_ms % MS_PER_S));
}
