/*
 * bitrate.c: reads bitrates.
 */
#include "config.h"

#include "core/base/bitrate.h"

#include <stddef.h>
#include <string.h>

#define BITS_PER_BYTE 8

static const struct {
	const char *name;
	int64_t bits;
} units[] = {
	{ "bit", 1 },
	{ "kbit", INT64_C(1000) },
	{ "mbit", INT64_C(1000000) },
	{ "gbit", INT64_C(1000000000) },
	{ "tbit", INT64_C(1000000000000) },
	{ "bps", BITS_PER_BYTE },
	{ "kbps", BITS_PER_BYTE * INT64_C(1000) },
	{ "mbps", BITS_PER_BYTE * INT64_C(1000000) },
	{ "gbps", BITS_PER_BYTE * INT64_C(1000000000) },
	{ "tbps", BITS_PER_BYTE * INT64_C(1000000000000) },
};

#define UNITS (sizeof(units) / sizeof(units[0]))

int
bitrate_parse(const char *text, int64_t *ret_bits)
{
	const char *digit = text;
	int64_t count = 0;
	size_t i;

	for (; *digit >= '0' && *digit <= '9'; digit++)
		if (__builtin_mul_overflow(count, 10, &count) ||
		    __builtin_add_overflow(count, *digit - '0', &count))
			return -1;
	if (digit == text)
		return -1;
	for (i = 0; i < UNITS; i++)
		if (strcmp(digit, units[i].name) == 0)
			break;
	if (i == UNITS || __builtin_mul_overflow(count, units[i].bits, &count))
		return -1;
	*ret_bits = count;
	return 0;
}
