/*
 * test_log.c: lines on stderr: their parts, their length, and that no text can forge one.
 */
#include "config.h"

#include "core/base/log.h"

#include <errno.h>
#include <limits.h>
#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/base/json.h"
#include "core/base/utf8.h"
#include "tests/unit/unit.h"

#define TEXT_BYTES 65536
#define TIME "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"

static int lines_fd;
static char text[TEXT_BYTES];

static void
setup(void)
{
	int fds[2];

	/* A pipe shows single writes; nothing here fills it. */
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	close(fds[1]);
	lines_fd = fds[0];
}

/* What was written since, at least a byte. */
static const char *
written(void)
{
	ssize_t got = read(lines_fd, text, sizeof(text) - 1);

	ck_assert_int_gt(got, 0);
	text[got] = '\0';
	return text;
}

static void
matches(const char *line, const char *pattern)
{
	regex_t regex;

	ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	ck_assert_msg(regexec(&regex, line, 0, NULL, 0) == 0, "%s is not %s", line, pattern);
	regfree(&regex);
}

static struct json_object *
parse(const char *line)
{
	struct json_object *value;
	struct err err;
	size_t length = strlen(line);

	ck_assert_int_eq(line[length - 1], '\n');
	ck_assert_msg(json_parse(line, length, &value, &err) == 0, "%s: %s", line, err.msg);
	ck_assert_ptr_eq(memchr(line, '\n', length), line + length - 1);
	return value;
}

START_TEST(test_text)
{
	log_process("responder");
	log_info("hello %d", 7);
	matches(written(), "^" TIME " INFO responder\\[[0-9]+\\]: hello 7\n$");
	log_request("abc-1");
	log_warn("careful");
	matches(written(), "^" TIME " WARN responder\\[[0-9]+\\] abc-1: careful\n$");
	log_request(NULL);
	log_error("broken");
	matches(written(), "^" TIME " ERROR responder\\[[0-9]+\\]: broken\n$");
}
END_TEST

START_TEST(test_json)
{
	struct json_object *line;

	log_init(LOG_LEVEL_TRACE, LOG_FORMAT_JSON);
	log_process("reaper");
	log_request("id\"\n");
	log_debug("a \"b\" \\ \n\t\x01\x7f\xff \xc3\xa9 \xc2\x9b");
	line = parse(written());
	matches(json_member_string(line, "time"), "^" TIME "$");
	ck_assert_str_eq(json_member_string(line, "level"), "debug");
	ck_assert_str_eq(json_member_string(line, "process"), "reaper");
	ck_assert_int_eq(json_object_get_int64(json_member(line, "pid")), getpid());
	ck_assert_str_eq(json_member_string(line, "request_id"), "id\"\n");
	ck_assert_str_eq(json_member_string(line, "message"),
	    "a \"b\" \\ \n\t\x01\x7f" UTF8_REPLACEMENT " \xc3\xa9 \xc2\x9b");
	ck_assert_ptr_nonnull(strstr(text, "\\n\\u0009\\u0001\\u007f"));
	ck_assert_ptr_nonnull(strstr(text, "\\u009b"));
	json_object_put(line);

	log_request(NULL);
	log_info("%s", "");
	line = parse(written());
	ck_assert_ptr_null(json_member(line, "request_id"));
	ck_assert_str_eq(json_member_string(line, "message"), "");
	json_object_put(line);
}
END_TEST

START_TEST(test_subject)
{
	const struct log_subject answered = {
		.execution = "3d7f", .action = "a\"b", .verb = "start", .status = 200,
		.duration_ms = 7
	}, meant = { .execution = "3d7f" };
	struct json_object *line;

	log_init(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
	log_subject(&answered);
	log_info("x");
	line = parse(written());
	ck_assert_str_eq(json_member_string(line, "execution"), "3d7f");
	ck_assert_str_eq(json_member_string(line, "action"), "a\"b");
	ck_assert_str_eq(json_member_string(line, "verb"), "start");
	ck_assert_int_eq(json_object_get_int64(json_member(line, "status")), 200);
	ck_assert_int_eq(json_object_get_int64(json_member(line, "duration_ms")), 7);
	json_object_put(line);
	log_subject(&meant);
	log_info("x");
	line = parse(written());
	ck_assert_str_eq(json_member_string(line, "execution"), "3d7f");
	ck_assert_ptr_null(json_member(line, "verb"));
	ck_assert_ptr_null(json_member(line, "status"));
	json_object_put(line);
	log_subject(NULL);
	log_info("x");
	ck_assert_ptr_null(strstr(written(), "execution"));
}
END_TEST

/* The pipe stands for the journal. */
static void
set_journal(bool right)
{
	char stream[64];
	struct stat status;

	ck_assert_int_eq(fstat(STDERR_FILENO, &status), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev,
	    (uintmax_t)status.st_ino + !right);
	ck_assert_int_eq(setenv("JOURNAL_STREAM", stream, 1), 0);
}

START_TEST(test_journal)
{
	set_journal(true);
	log_init(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
	log_debug("x");
	log_info("x");
	log_warn("x");
	log_error("x");
	matches(written(), "^<7>" TIME " DEBUG [^\n]*\n<6>" TIME " INFO [^\n]*\n<4>" TIME
	    " WARN [^\n]*\n<3>" TIME " ERROR [^\n]*\n$");
	log_init(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
	log_info("x");
	matches(written(), "^<6>\\{[^\n]*\\}\n$");
}
END_TEST

/* A variable that was inherited, and standard error goes elsewhere. */
START_TEST(test_no_journal)
{
	set_journal(false);
	log_info("x");
	matches(written(), "^" TIME " INFO ");
}
END_TEST

START_TEST(test_forged)
{
	log_process("responder");
	log_request("a\n2026-11-22T18:00:00.000Z ERROR reaper[1]: b");
	log_info("one\n2026-11-22T18:00:00.000Z ERROR reaper[1]: two\r\x1b[2J\xff\xc2\x9b");
	matches(written(), "^[^\n]*\\] a\\\\n2026-[^\n]*one\\\\n2026-[^\n]*two\\\\u000d"
	    "\\\\u001b\\[2J\xef\xbf\xbd\\\\u009b\n$");
}
END_TEST

START_TEST(test_levels)
{
	log_init(LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
	log_debug("no");
	log_info("no");
	log_warn("yes");
	log_error("too");
	matches(written(), "^[^\n]*WARN[^\n]*yes\n[^\n]*ERROR[^\n]*too\n$");
	log_init(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
	log_debug("yes");
	matches(written(), " DEBUG ");
}
END_TEST

START_TEST(test_long)
{
	static char longer[3 * PIPE_BUF];
	static const char *const fillings[] = { "x", "\n", "\"", "\xc3\xa9", "\xff",
	    "\xf0\x9f\x98\x80" };
	struct json_object *line;
	size_t i, n, length;

	for (i = 0; i < UNIT_COUNT(fillings); i++) {
		length = strlen(fillings[i]);
		for (n = 0; n < sizeof(longer) - length; n += length)
			memcpy(longer + n, fillings[i], length);
		longer[n] = '\0';
		log_init(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
		log_info("%s", longer);
		matches(written(), "\\.\\.\\.\n$");
		ck_assert_uint_le(strlen(text), PIPE_BUF);
		ck_assert(utf8_valid(text, strlen(text)));

		log_init(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
		log_request(longer);
		log_info("%s", longer);
		line = parse(written());
		ck_assert_uint_le(strlen(text), PIPE_BUF);
		matches(json_member_string(line, "message"), "\\.\\.\\.$");
		ck_assert_uint_le(strlen(json_member_string(line, "request_id")), 768);
		json_object_put(line);
		log_request(NULL);
	}
}
END_TEST

START_TEST(test_errno)
{
	errno = ENOTTY;
	log_error("x");
	ck_assert_int_eq(errno, ENOTTY);
	close(STDERR_FILENO);
	log_error("nobody reads this");
	ck_assert_int_eq(errno, ENOTTY);
}
END_TEST

START_TEST(test_names)
{
	enum log_level level = LOG_LEVEL_ERROR;
	enum log_format format = LOG_FORMAT_JSON;

	ck_assert_int_eq(log_level_parse("trace", &level), 0);
	ck_assert_int_eq(level, LOG_LEVEL_TRACE);
	ck_assert_int_eq(log_level_parse("Warn", &level), 0);
	ck_assert_int_eq(level, LOG_LEVEL_WARN);
	ck_assert_int_eq(log_level_parse("INFO", &level), 0);
	ck_assert_int_eq(level, LOG_LEVEL_INFO);
	ck_assert_int_eq(log_level_parse("loud", &level), -1);
	ck_assert_int_eq(log_level_parse("", &level), -1);
	ck_assert_int_eq(level, LOG_LEVEL_INFO);
	ck_assert_int_eq(log_format_parse("Text", &format), 0);
	ck_assert_int_eq(format, LOG_FORMAT_TEXT);
	ck_assert_int_eq(log_format_parse("JSON", &format), 0);
	ck_assert_int_eq(format, LOG_FORMAT_JSON);
	ck_assert_int_eq(log_format_parse("xml", &format), -1);
}
END_TEST

/* The modules that lines and errors are made with. */
START_TEST(test_err)
{
	static char longer[2 * ERR_MESSAGE_BYTES];
	struct err err = { .code = ERR_FULL };
	size_t i;

	ck_assert_int_eq(err_set(&err, ERR_BUSY, "a %d", 1), -1);
	ck_assert_int_eq(err.code, ERR_BUSY);
	ck_assert_int_eq(err.sys, 0);
	ck_assert_str_eq(err.msg, "a 1");
	ck_assert_int_eq(err_wrap(&err, "b %d", 2), -1);
	ck_assert_str_eq(err.msg, "b 2: a 1");
	ck_assert_int_eq(err.code, ERR_BUSY);
	errno = ENOENT;
	ck_assert_int_eq(err_sys(&err, ERR_STORE, "open %s", "x"), -1);
	ck_assert_int_eq(err.sys, ENOENT);
	ck_assert_str_eq(err.msg, "open x: No such file or directory");
	err_wrap(&err, "%s", err.msg);
	ck_assert_str_eq(err.msg,
	    "open x: No such file or directory: open x: No such file or directory");
	ck_assert_int_eq(err.sys, ENOENT);

	for (i = 0; i + 2 < sizeof(longer); i += 2)
		memcpy(longer + i, "\xc3\xa9", 3);
	err_set(&err, ERR_BUSY, "%s", longer);
	ck_assert_uint_eq(strlen(err.msg), ERR_MESSAGE_BYTES - 2);
	ck_assert(utf8_valid(err.msg, strlen(err.msg)));
	err_wrap(&err, "x");
	ck_assert_uint_le(strlen(err.msg), ERR_MESSAGE_BYTES - 1);
	ck_assert(utf8_valid(err.msg, strlen(err.msg)));
}
END_TEST

START_TEST(test_clock)
{
	char stamp[CLOCK_RFC3339_BYTES], id[CLOCK_BOOT_ID_BYTES];
	int64_t before = clock_boot_ms();

	clock_rfc3339(0, stamp);
	ck_assert_str_eq(stamp, "1970-01-01T00:00:00.000Z");
	clock_rfc3339(INT64_C(1795370400007), stamp);
	ck_assert_str_eq(stamp, "2026-11-22T18:00:00.007Z");
	clock_rfc3339(INT64_MIN, stamp);
	ck_assert_str_eq(stamp, "1970-01-01T00:00:00.000Z");
	clock_rfc3339(INT64_MAX, stamp);
	ck_assert_str_eq(stamp, "9999-12-31T23:59:59.999Z");
	ck_assert_int_eq(clock_boot_id(id), 0);
	matches(id, "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$");
	ck_assert_int_gt(before, 0);
	ck_assert_int_ge(clock_boot_ms(), before);
	ck_assert_int_gt(clock_wall_ms(), INT64_C(1577836800000));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		test_text, test_json, test_subject, test_journal, test_no_journal, test_forged,
		test_levels, test_long, test_errno,
		test_names, test_err, test_clock, NULL
	};

	return unit_main("log", setup, tests);
}
