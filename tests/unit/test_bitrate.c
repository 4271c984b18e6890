/*
 * test_bitrate.c: bitrates as text.
 */
#include "config.h"

#include "core/base/bitrate.h"

#include <inttypes.h>

#include "tests/unit/unit.h"

START_TEST(test_parse)
{
	static const struct {
		const char *text;
		int64_t bits;
	} rows[] = {
		{ "0bit", 0 },
		{ "0tbps", 0 },
		{ "1bit", 1 },
		{ "007bit", 7 },
		{ "1kbit", 1000 },
		{ "1024kbit", 1024000 },
		{ "1mbit", 1000000 },
		{ "1gbit", 1000000000 },
		{ "1tbit", 1000000000000 },
		{ "1bps", 8 },
		{ "1kbps", 8000 },
		{ "1mbps", 8000000 },
		{ "1gbps", 8000000000 },
		{ "1tbps", 8000000000000 },
		{ "9223372036854775807bit", INT64_MAX },
		{ "9223372tbit", 9223372000000000000 },
		{ "1152921504606846975bps", INT64_MAX - 7 },
	};
	size_t i;
	int64_t bits;

	for (i = 0; i < UNIT_COUNT(rows); i++) {
		bits = -1;
		ck_assert_msg(bitrate_parse(rows[i].text, &bits) == 0, "%s is refused",
		    rows[i].text);
		ck_assert_msg(bits == rows[i].bits, "%s is %" PRId64, rows[i].text, bits);
	}
}
END_TEST

START_TEST(test_refused)
{
	static const char *const rows[] = {
		"", " ", "bit", "kbit", "10", "10m", "10mb", "10b", "10Mbit", "10MBPS",
		"10kibit", "10kibps", "10 mbit", " 10mbit", "10mbit ", "10mbit\n",
		"-1bit", "+1bit", "1.5mbit", "1,5mbit", "1e3bit", "0x1bit", "10mbit10mbit",
		"10mbitx", "10bits", "fast",
		"9223372036854775808bit", "9223372036854775807kbit", "9223373tbit",
		"1152921504606846976bps", "99999999999999999999bit",
	};
	size_t i;
	int64_t bits = 42;

	for (i = 0; i < UNIT_COUNT(rows); i++) {
		ck_assert_msg(bitrate_parse(rows[i], &bits) == -1, "\"%s\" is accepted",
		    rows[i]);
		ck_assert_msg(bits == 42, "\"%s\" changes the result", rows[i]);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = { test_parse, test_refused, NULL };

	return unit_main("bitrate", NULL, tests);
}
