/*
 * test_duration.c: durations as text, there and back.
 */
#include "config.h"

#include "core/base/duration.h"

#include <inttypes.h>

#include "tests/unit/unit.h"

START_TEST(test_parse)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ "0", 0 },
		{ "0s", 0 },
		{ "1ms", 1 },
		{ "300ms", 300 },
		{ "15s", 15000 },
		{ "1m30s", 90000 },
		{ "1.5h", 5400000 },
		{ "7d", 604800000 },
		{ "1d2h3m4s5ms", 93784005 },
		{ "30s1m", 90000 },
		{ "1s1s", 2000 },
		{ "007s", 7000 },
		{ ".5s", 500 },
		{ "1.s", 1000 },
		{ "0.001s", 1 },
		{ "0.0009s", 0 },
		{ "1.9999ms", 1 },
		{ "999us", 0 },
		{ "1000us", 1 },
		{ "1500us", 1 },
		{ "500us500us", 1 },
		{ "999999ns1ns", 1 },
		{ "2000000ns", 2 },
		{ "1000\xc2\xb5s", 1 },
		{ "1000\xce\xbcs", 1 },
		{ "0.1s", 100 },
		{ "0.3s", 300 },
		{ "0.000000011574074d", 0 },
		{ "0.00000001157407408d", 1 },
		{ "0.9999999999999999999999999s", 999 },
		{ "9223372036854775807ms", INT64_MAX },
	};
	size_t i;
	int64_t ms;

	for (i = 0; i < UNIT_COUNT(rows); i++) {
		ms = -1;
		ck_assert_msg(duration_parse(rows[i].text, &ms) == 0, "%s is refused",
		    rows[i].text);
		ck_assert_msg(ms == rows[i].ms, "%s is %" PRId64, rows[i].text, ms);
	}
}
END_TEST

START_TEST(test_refused)
{
	static const char *const rows[] = {
		"", " ", "s", ".", ".s", "1", "00", "10", "1.5", "-1s", "+1s", "1 s",
		" 1s", "1s ", "1s\n", "1S", "1H", "1w", "1y", "1sec", "soon", "1m30",
		"1m-30s", "1,5s", "1e3s", "0x1s", "1..5s", "1.5.5s", "\xc2\xb5s",
		"9223372036854775808ms", "9223372036854775807s", "106751991168d",
		"99999999999999999999ns", "9223372036854775807ms1ms",
		"9223372036854775807ms999us1us",
	};
	size_t i;
	int64_t ms = 42;

	for (i = 0; i < UNIT_COUNT(rows); i++) {
		ck_assert_msg(duration_parse(rows[i], &ms) == -1, "\"%s\" is accepted",
		    rows[i]);
		ck_assert_msg(ms == 42, "\"%s\" changes the result", rows[i]);
	}
}
END_TEST

START_TEST(test_format)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{ 0, "0s" },
		{ 1, "1ms" },
		{ 999, "999ms" },
		{ 1000, "1s" },
		{ 1500, "1500ms" },
		{ 15000, "15s" },
		{ 60000, "1m" },
		{ 90000, "90s" },
		{ 3600000, "1h" },
		{ 5400000, "90m" },
		{ 86400000, "1d" },
		{ 90000000, "25h" },
		{ 604800000, "7d" },
		{ INT64_MAX, "9223372036854775807ms" },
	};
	char text[DURATION_BYTES];
	int64_t ms;
	size_t i;

	for (i = 0; i < UNIT_COUNT(rows); i++) {
		duration_format(rows[i].ms, text);
		ck_assert_str_eq(text, rows[i].text);
		ck_assert_int_eq(duration_parse(text, &ms), 0);
		ck_assert_int_eq(ms, rows[i].ms);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = { test_parse, test_refused, test_format, NULL };

	return unit_main("duration", NULL, tests);
}
