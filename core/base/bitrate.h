/*
 * bitrate.h: bitrates as text, as ActionKit (and tc) write them.
 */
#ifndef CORE_BASE_BITRATE_H
#define CORE_BASE_BITRATE_H

#include <stdint.h>

/*
 * Reads "1024kbit" or "10mbps" into bits per second: digits and a unit, bit or bps (bytes
 * per second), with k, m, g or t for powers of 1000. Returns 0, or -1 if it is none or does
 * not fit.
 */
int bitrate_parse(const char *text, int64_t *ret_bits);

#endif
