/*
 * clock.h: the clocks.
 *
 * Deadlines count on CLOCK_BOOTTIME, which no NTP step, clock attack or suspend disturbs,
 * and hold within one boot. What people read is wall time.
 */
#ifndef CORE_BASE_CLOCK_H
#define CORE_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_MS_PER_S 1000
#define CLOCK_NS_PER_MS 1000000
#define CLOCK_US_PER_S 1000000
#define CLOCK_US_PER_MS 1000
#define CLOCK_NS_PER_US 1000
#define CLOCK_BOOT_ID_BYTES 37
#define CLOCK_RFC3339_BYTES 32
#define CLOCK_RFC3339_MAX_MS INT64_C(253402300799999)	/* the last of the year 9999 */

/* Milliseconds since this boot. */
int64_t clock_boot_ms(void);

/* The same in microseconds, for what is too short for them. */
int64_t clock_boot_us(void);

/* Microseconds of this boot in which the machine was not suspended: systemd's clock. */
int64_t clock_monotonic_us(void);

/* Milliseconds since the Unix epoch. */
int64_t clock_wall_ms(void);

/* The same span of time as the system calls take it. */
struct timespec clock_timespec(int64_t ms);

/* Pauses; a signal that is handled ends it early. */
void clock_sleep_ms(int64_t ms);

/* The kernel's id of this boot. 0, or -1 and errno. */
int clock_boot_id(char ret_id[CLOCK_BOOT_ID_BYTES]);

/* Wall time as RFC 3339 with milliseconds, UTC: 2026-11-22T18:00:00.000Z. */
void clock_rfc3339(int64_t wall_ms, char ret_text[CLOCK_RFC3339_BYTES]);

/*
 * Reads a date and time of RFC 3339 with any offset, cut to milliseconds. Returns 0, or -1 if
 * it is none, or is before the Unix epoch.
 */
int clock_parse_rfc3339(const char *text, int64_t *ret_wall_ms);

#endif
