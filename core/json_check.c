/*
 * json_check.c: checks in one pass that a text is JSON, by the letter of RFC 8259.
 */
#include "config.h"

#include "core/json_check.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/utf8.h"

#define INT64_DIGITS 19

/* A pass over the text: what is behind `at` is well-formed. */
struct scan {
	const char *text;
	const char *at;
	const char *end;
	struct err *err;
};

static int scan_value(struct scan *scan, int depth);

/* Says what is wrong at `at`. Returns -1. */
static AK_PRINTF(2, 3) int
fail(const struct scan *scan, const char *format, ...)
{
	char what[64];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(what, sizeof(what), format, arguments) < 0)
		what[0] = '\0';
	va_end(arguments);
	return err_set(scan->err, ERR_REQUEST, "byte %zu: %s",
	    (size_t)(scan->at - scan->text) + 1, what);
}

static bool
is_at(const struct scan *scan, char c)
{
	return scan->at < scan->end && *scan->at == c;
}

static bool
is_digit_at(const struct scan *scan)
{
	return scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9';
}

static void
skip_space(struct scan *scan)
{
	while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\n' ||
	    *scan->at == '\t' || *scan->at == '\r'))
		scan->at++;
}

static size_t
skip_digits(struct scan *scan)
{
	const char *first = scan->at;

	while (is_digit_at(scan))
		scan->at++;
	return (size_t)(scan->at - first);
}

/* Fails because something else is missing, or the text ends. */
static int
fail_expected(const struct scan *scan, const char *what)
{
	if (scan->at == scan->end)
		return fail(scan, "the text ends where %s is expected", what);
	return fail(scan, "%s is expected", what);
}

static int
scan_word(struct scan *scan, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(scan->end - scan->at) < length ||
	    memcmp(scan->at, word, length) != 0)
		return fail_expected(scan, "a value");
	scan->at += length;
	return 0;
}

static bool
fits_int64(const char *digits, size_t count, bool negative)
{
	const char *limit = negative ? "9223372036854775808" : "9223372036854775807";

	return count < INT64_DIGITS ||
	    (count == INT64_DIGITS && memcmp(digits, limit, count) <= 0);
}

static int
scan_number(struct scan *scan)
{
	bool negative = is_at(scan, '-'), integer = true;
	const char *first = scan->at, *digits;
	size_t count;

	if (negative)
		scan->at++;
	digits = scan->at;
	count = skip_digits(scan);
	if (count == 0)
		return fail_expected(scan, "a digit");
	if (*digits == '0' && count > 1) {
		scan->at = digits;
		return fail(scan, "a number must not begin with 0");
	}
	if (is_at(scan, '.')) {
		integer = false;
		scan->at++;
		if (skip_digits(scan) == 0)
			return fail_expected(scan, "a digit");
	}
	if (is_at(scan, 'e') || is_at(scan, 'E')) {
		integer = false;
		scan->at++;
		if (is_at(scan, '+') || is_at(scan, '-'))
			scan->at++;
		if (skip_digits(scan) == 0)
			return fail_expected(scan, "a digit");
	}
	if (integer && !fits_int64(digits, count, negative)) {
		scan->at = first;
		return fail(scan, "the integer is out of range");
	}
	return 0;
}

/* The four digits behind \u, or -1. */
static int
scan_hex(struct scan *scan)
{
	int value = 0, i;

	for (i = 0; i < 4; i++) {
		if (scan->at == scan->end)
			return -1;
		value *= 16;
		if (*scan->at >= '0' && *scan->at <= '9')
			value += *scan->at - '0';
		else if (*scan->at >= 'a' && *scan->at <= 'f')
			value += *scan->at - 'a' + 10;
		else if (*scan->at >= 'A' && *scan->at <= 'F')
			value += *scan->at - 'A' + 10;
		else
			return -1;
		scan->at++;
	}
	return value;
}

/* An escape, from its backslash on. */
static int
scan_escape(struct scan *scan, bool is_name)
{
	const char *first = scan->at++;
	int code, low = 0;

	if (scan->at == scan->end)
		return fail_expected(scan, "an escaped character");
	if (*scan->at != 'u') {
		if (strchr("\"\\/bfnrt", *scan->at) == NULL || *scan->at == '\0') {
			scan->at = first;
			return fail(scan, "the escape is unknown");
		}
		scan->at++;
		return 0;
	}
	scan->at++;
	if ((code = scan_hex(scan)) == -1)
		return fail_expected(scan, "a hexadecimal digit");
	if (code == 0 && is_name) {
		scan->at = first;
		return fail(scan, "\\u0000 must not be in a name");
	}
	if (code >= 0xd800 && code <= 0xdbff && is_at(scan, '\\')) {
		scan->at++;
		if (is_at(scan, 'u')) {
			scan->at++;
			low = scan_hex(scan);
		}
	}
	if (code >= 0xd800 && code <= 0xdfff &&
	    (code > 0xdbff || low < 0xdc00 || low > 0xdfff)) {
		scan->at = first;
		return fail(scan, "a surrogate is alone");
	}
	return 0;
}

static bool
is_plain(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' &&
	    c != '\\';
}

static int
scan_string(struct scan *scan, bool is_name)
{
	size_t bytes;

	scan->at++;
	for (;;) {
		while (scan->at < scan->end && is_plain(*scan->at))
			scan->at++;
		if (scan->at == scan->end)
			return fail(scan, "the text ends within a string");
		if (*scan->at == '"') {
			scan->at++;
			return 0;
		}
		if (*scan->at == '\\') {
			if (scan_escape(scan, is_name) == -1)
				return -1;
			continue;
		}
		if ((unsigned char)*scan->at < 0x20)
			return fail(scan, "a control character must be escaped");
		bytes = utf8_character(scan->at, (size_t)(scan->end - scan->at));
		if (bytes == 0)
			return fail(scan, "the text is not UTF-8");
		scan->at += bytes;
	}
}

static int
scan_array(struct scan *scan, int depth)
{
	scan->at++;
	skip_space(scan);
	if (is_at(scan, ']')) {
		scan->at++;
		return 0;
	}
	for (;;) {
		if (scan_value(scan, depth) == -1)
			return -1;
		if (is_at(scan, ']'))
			break;
		if (!is_at(scan, ','))
			return fail_expected(scan, "',' or ']'");
		scan->at++;
	}
	scan->at++;
	return 0;
}

static int
scan_object(struct scan *scan, int depth)
{
	scan->at++;
	skip_space(scan);
	if (is_at(scan, '}')) {
		scan->at++;
		return 0;
	}
	for (;;) {
		skip_space(scan);
		if (!is_at(scan, '"'))
			return fail_expected(scan, "a name");
		if (scan_string(scan, true) == -1)
			return -1;
		skip_space(scan);
		if (!is_at(scan, ':'))
			return fail_expected(scan, "':'");
		scan->at++;
		if (scan_value(scan, depth) == -1)
			return -1;
		if (is_at(scan, '}'))
			break;
		if (!is_at(scan, ','))
			return fail_expected(scan, "',' or '}'");
		scan->at++;
	}
	scan->at++;
	return 0;
}

/* A value with the space around it, within depth arrays and objects. */
static int
scan_value(struct scan *scan, int depth)
{
	int rc;

	skip_space(scan);
	if (scan->at == scan->end)
		return fail_expected(scan, "a value");
	if (depth == JSON_DEPTH_MAX && (*scan->at == '{' || *scan->at == '['))
		return fail(scan, "nested more than %d deep", JSON_DEPTH_MAX);
	switch (*scan->at) {
	case '{':
		rc = scan_object(scan, depth + 1);
		break;
	case '[':
		rc = scan_array(scan, depth + 1);
		break;
	case '"':
		rc = scan_string(scan, false);
		break;
	case 't':
		rc = scan_word(scan, "true");
		break;
	case 'f':
		rc = scan_word(scan, "false");
		break;
	case 'n':
		rc = scan_word(scan, "null");
		break;
	case '-':
	case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		rc = scan_number(scan);
		break;
	default:
		return fail_expected(scan, "a value");
	}
	skip_space(scan);
	return rc;
}

int
json_check(const char *text, size_t length, struct err *err)
{
	struct scan scan = {
		.text = text, .at = text, .end = text + length, .err = err
	};

	if (scan_value(&scan, 0) == -1)
		return -1;
	if (scan.at != scan.end)
		return fail(&scan, "the text goes on after its value");
	return 0;
}
