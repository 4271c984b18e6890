/*
 * duration.c: reads and writes durations as text.
 */
#include "config.h"

#include "core/base/duration.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"

#define FRACTION_DIGITS_MAX 18

struct unit {
	const char *name;
	int64_t ns;
};

/* Longer names before those they begin with. */
static const struct unit units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "\xc2\xb5s", 1000 },		/* micro sign, which Go writes */
	{ "\xce\xbcs", 1000 },		/* Greek mu, which Go reads */
	{ "ms", CLOCK_NS_PER_MS },
	{ "s", INT64_C(1000) * CLOCK_NS_PER_MS },
	{ "m", INT64_C(60000) * CLOCK_NS_PER_MS },
	{ "h", INT64_C(3600000) * CLOCK_NS_PER_MS },
	{ "d", INT64_C(86400000) * CLOCK_NS_PER_MS },
};

#define UNITS (sizeof(units) / sizeof(units[0]))
#define UNIT_MS 4			/* the first that can be written exactly */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const struct unit *
find_unit(const char *text)
{
	size_t i;

	for (i = 0; i < UNITS; i++)
		if (strncmp(text, units[i].name, strlen(units[i].name)) == 0)
			return &units[i];
	return NULL;
}

/* The part of a unit that the digits behind a point are, in ns, rounded down. */
static int64_t
fraction_ns(const char *digits, size_t count, int64_t unit_ns)
{
	int64_t ns = 0;

	while (count-- > 0)
		ns = ((digits[count] - '0') * unit_ns + ns) / 10;
	return ns;
}

/* Adds count units to the sum of *ms and *ns (below one ms). */
static int
add(int64_t count, int64_t unit_ns, int64_t fraction, int64_t *ms, int64_t *ns)
{
	int64_t term_ms;

	if (unit_ns >= CLOCK_NS_PER_MS) {
		if (__builtin_mul_overflow(count, unit_ns / CLOCK_NS_PER_MS, &term_ms))
			return -1;
	} else {
		term_ms = count / (CLOCK_NS_PER_MS / unit_ns);
		*ns += count % (CLOCK_NS_PER_MS / unit_ns) * unit_ns;
	}
	*ns += fraction;
	if (__builtin_add_overflow(*ms, term_ms, ms) ||
	    __builtin_add_overflow(*ms, *ns / CLOCK_NS_PER_MS, ms))
		return -1;
	*ns %= CLOCK_NS_PER_MS;
	return 0;
}

int
duration_parse(const char *text, int64_t *ret_ms)
{
	int64_t ms = 0, ns = 0, count;
	const struct unit *unit;
	const char *fraction;
	size_t fraction_digits;
	bool digits;

	if (strcmp(text, "0") == 0) {
		*ret_ms = 0;
		return 0;
	}
	do {
		count = 0;
		digits = is_digit(*text);
		for (; is_digit(*text); text++)
			if (__builtin_mul_overflow(count, 10, &count) ||
			    __builtin_add_overflow(count, *text - '0', &count))
				return -1;
		fraction = text;
		fraction_digits = 0;
		if (*text == '.') {
			fraction = ++text;
			fraction_digits = strspn(text, "0123456789");
			text += fraction_digits;
			if (fraction_digits > FRACTION_DIGITS_MAX)
				fraction_digits = FRACTION_DIGITS_MAX;
		}
		if (!digits && fraction_digits == 0)
			return -1;
		if ((unit = find_unit(text)) == NULL)
			return -1;
		text += strlen(unit->name);
		if (add(count, unit->ns,
		    fraction_ns(fraction, fraction_digits, unit->ns), &ms, &ns) == -1)
			return -1;
	} while (*text != '\0');
	*ret_ms = ms;
	return 0;
}

void
duration_format(int64_t ms, char ret_text[DURATION_BYTES])
{
	size_t i = UNITS - 1;

	if (ms == 0) {
		snprintf(ret_text, DURATION_BYTES, "0s");
		return;
	}
	while (i > UNIT_MS && ms % (units[i].ns / CLOCK_NS_PER_MS) != 0)
		i--;
	snprintf(ret_text, DURATION_BYTES, "%" PRId64 "%s",
	    ms / (units[i].ns / CLOCK_NS_PER_MS), units[i].name);
}
