/*
 * duration.h: durations as text, as Go and ActionKit write them.
 */
#ifndef CORE_BASE_DURATION_H
#define CORE_BASE_DURATION_H

#include <stdint.h>

#define DURATION_BYTES 32

/*
 * Reads "300ms", "15s", "1m30s", "1.5h", "7d" (units ns, us, ms, s, m, h, d; a number
 * without a unit only if it is 0) into milliseconds, rounded down. No sign, no spaces.
 * Returns 0, or -1 if it is not one or does not fit.
 */
int duration_parse(const char *text, int64_t *ret_ms);

/* Writes with one unit, the largest that is exact: 90000 is "90s". ms is not negative. */
void duration_format(int64_t ms, char ret_text[DURATION_BYTES]);

#endif
