/*
 * clock.c: reads the clocks and the id of the boot.
 */
#include "config.h"

#include "core/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

static int64_t
read_ms(clockid_t id)
{
	struct timespec now;

	/* These clocks are always there, and so is the memory for the answer. */
	if (clock_gettime(id, &now) == -1)
		return 0;
	return (int64_t)now.tv_sec * CLOCK_MS_PER_S + now.tv_nsec / CLOCK_NS_PER_MS;
}

static int64_t
read_us(clockid_t id)
{
	struct timespec now;

	if (clock_gettime(id, &now) == -1)
		return 0;
	return (int64_t)now.tv_sec * CLOCK_US_PER_S + now.tv_nsec / CLOCK_NS_PER_US;
}

int64_t
clock_boot_ms(void)
{
	return read_ms(CLOCK_BOOTTIME);
}

int64_t
clock_boot_us(void)
{
	return read_us(CLOCK_BOOTTIME);
}

int64_t
clock_monotonic_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int64_t
clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

struct timespec
clock_timespec(int64_t ms)
{
	return (struct timespec){
		.tv_sec = (time_t)(ms / CLOCK_MS_PER_S),
		.tv_nsec = (long)(ms % CLOCK_MS_PER_S) * CLOCK_NS_PER_MS
	};
}

void
clock_sleep_ms(int64_t ms)
{
	const struct timespec pause = clock_timespec(ms);

	nanosleep(&pause, NULL);
}

int
clock_boot_id(char ret_id[CLOCK_BOOT_ID_BYTES])
{
	static char text[CLOCK_BOOT_ID_BYTES];	/* no process outlives its boot */
	ssize_t got;
	int fd, saved;

	if (text[0] != '\0') {
		memcpy(ret_id, text, sizeof(text));
		return 0;
	}
	if ((fd = open(BOOT_ID_PATH, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	got = read(fd, text, sizeof(text) - 1);
	saved = errno;
	close(fd);
	if (got != (ssize_t)sizeof(text) - 1) {
		text[0] = '\0';
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
	time = (time_t)(wall_ms / CLOCK_MS_PER_S);
	gmtime_r(&time, &utc);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(ret_text, CLOCK_RFC3339_BYTES, "%s.%03dZ", seconds,
	    (int)(wall_ms % CLOCK_MS_PER_S));
}

/* Reads exactly so many digits and moves on. Returns -1 if they are not there. */
static int
read_digits(const char **text, int count)
{
	int number = 0;

	for (; count > 0; count--, (*text)++) {
		if (**text < '0' || **text > '9')
			return -1;
		number = number * 10 + (**text - '0');
	}
	return number;
}

/* The milliseconds of the digits behind a point, if there is one. -1 if there are none. */
static int
read_fraction(const char **text)
{
	int ms = 0, unit = CLOCK_MS_PER_S / 10;

	if (**text != '.')
		return 0;
	if ((*text)[1] < '0' || (*text)[1] > '9')
		return -1;
	for ((*text)++; **text >= '0' && **text <= '9'; (*text)++, unit /= 10)
		ms += (**text - '0') * unit;
	return ms;
}

/* The offset from UTC in minutes: Z, +hh:mm or -hh:mm, and the end. -1 if it is none. */
static int
read_offset(const char *text, int *ret_minutes)
{
	int sign = *text == '-' ? -1 : 1, hours, minutes;

	*ret_minutes = 0;
	if (*text == 'Z' || *text == 'z')
		return text[1] == '\0' ? 0 : -1;
	if (*text != '+' && *text != '-')
		return -1;
	text++;
	hours = read_digits(&text, 2);
	if (hours == -1 || hours > 23 || *text++ != ':')
		return -1;
	minutes = read_digits(&text, 2);
	if (minutes == -1 || minutes > 59 || *text != '\0')
		return -1;
	*ret_minutes = sign * (hours * 60 + minutes);
	return 0;
}

int
clock_parse_rfc3339(const char *text, int64_t *ret_wall_ms)
{
	static const struct {
		int digits;
		int least;
		int most;
		const char *after;
	} parts[] = {
		{ 4, 0, 9999, "-" }, { 2, 1, 12, "-" }, { 2, 1, 31, "Tt " },
		{ 2, 0, 23, ":" }, { 2, 0, 59, ":" }, { 2, 0, 60, NULL }
	};
	int values[sizeof(parts) / sizeof(parts[0])], ms, offset;
	struct tm utc = { .tm_mday = 1 };
	int64_t wall_ms;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		values[i] = read_digits(&text, parts[i].digits);
		if (values[i] < parts[i].least || values[i] > parts[i].most)
			return -1;
		if (parts[i].after != NULL &&
		    (*text == '\0' || strchr(parts[i].after, *text++) == NULL))
			return -1;
	}
	if ((ms = read_fraction(&text)) == -1 || read_offset(text, &offset) == -1)
		return -1;
	utc = (struct tm){
		.tm_year = values[0] - 1900, .tm_mon = values[1] - 1, .tm_mday = values[2],
		.tm_hour = values[3], .tm_min = values[4], .tm_sec = values[5]
	};
	wall_ms = ((int64_t)timegm(&utc) - (int64_t)offset * 60) * CLOCK_MS_PER_S + ms;
	/* timegm() takes a day that its month does not have for one of the next month. */
	if (wall_ms < 0 || (values[5] != 60 && utc.tm_mday != values[2]))
		return -1;
	*ret_wall_ms = wall_ms;
	return 0;
}
