/*
 * json_scan.c: the words, numbers and strings of JSON, read from a text.
 */
#include "config.h"

#include "core/base/json_scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/utf8.h"

#define INT64_DIGITS 19
#define WHAT_BYTES 160

static struct json_object *
made(struct json_object *value)
{
	if (value == NULL)
		log_out_of_memory();
	return value;
}

int
scan_fail(const struct scan *scan, const char *format, ...)
{
	char what[WHAT_BYTES];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(what, sizeof(what), format, arguments) < 0)
		what[0] = '\0';
	va_end(arguments);
	return err_set(scan->err, ERR_REQUEST, "byte %zu: %s",
	    (size_t)(scan->at - scan->text) + 1, what);
}

bool
scan_is_at(const struct scan *scan, char c)
{
	return scan->at < scan->end && *scan->at == c;
}

static bool
is_digit_at(const struct scan *scan)
{
	return scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9';
}

void
scan_space(struct scan *scan)
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

int
scan_fail_expected(const struct scan *scan, const char *what)
{
	if (scan->at == scan->end)
		return scan_fail(scan, "the text ends where %s is expected", what);
	return scan_fail(scan, "%s is expected", what);
}

int
scan_word(struct scan *scan, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(scan->end - scan->at) < length ||
	    memcmp(scan->at, word, length) != 0)
		return scan_fail_expected(scan, "a value");
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

/* Of digits that fit. */
static int64_t
to_int64(const char *digits, size_t count, bool negative)
{
	int64_t value = 0;

	/* Downwards: the least has no positive counterpart. */
	for (size_t i = 0; i < count; i++)
		value = value * 10 - (digits[i] - '0');
	return negative ? value : -value;
}

static struct json_object *
new_double(const char *text, size_t length)
{
	struct json_object *value;
	char *copy = strndup(text, length);

	if (copy == NULL)
		log_out_of_memory();
	value = json_new_double(copy);
	free(copy);
	return value;
}

int
scan_number(struct scan *scan, struct json_object **ret_value)
{
	bool negative = scan_is_at(scan, '-'), integer = true;
	const char *first = scan->at, *digits;
	size_t count;

	if (negative)
		scan->at++;
	digits = scan->at;
	count = skip_digits(scan);
	if (count == 0)
		return scan_fail_expected(scan, "a digit");
	if (*digits == '0' && count > 1) {
		scan->at = digits;
		return scan_fail(scan, "a number must not begin with 0");
	}
	if (scan_is_at(scan, '.')) {
		integer = false;
		scan->at++;
		if (skip_digits(scan) == 0)
			return scan_fail_expected(scan, "a digit");
	}
	if (scan_is_at(scan, 'e') || scan_is_at(scan, 'E')) {
		integer = false;
		scan->at++;
		if (scan_is_at(scan, '+') || scan_is_at(scan, '-'))
			scan->at++;
		if (skip_digits(scan) == 0)
			return scan_fail_expected(scan, "a digit");
	}
	if (integer && !fits_int64(digits, count, negative)) {
		scan->at = first;
		return scan_fail(scan, "the integer is out of range");
	}
	*ret_value = integer ? json_new_int(to_int64(digits, count, negative)) :
	    new_double(first, (size_t)(scan->at - first));
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

static void
put_utf8(char **at, int code)
{
	int shift = code < 0x80 ? 0 : code < 0x800 ? 6 : code < 0x10000 ? 12 : 18;
	int lead = shift == 0 ? 0 : shift == 6 ? 0xc0 : shift == 12 ? 0xe0 : 0xf0;

	*(*at)++ = (char)(lead | code >> shift);
	for (shift -= 6; shift >= 0; shift -= 6)
		*(*at)++ = (char)(0x80 | (code >> shift & 0x3f));
}

/* An escape, from its backslash on; put at *at. It is never longer than it was written. */
static int
scan_escape(struct scan *scan, bool is_name, char **at)
{
	static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *first = scan->at++, *found;
	int code, low = 0;

	if (scan->at == scan->end)
		return scan_fail_expected(scan, "an escaped character");
	if (*scan->at != 'u') {
		found = *scan->at == '\0' ? NULL : strchr(escapes, *scan->at);
		if (found == NULL) {
			scan->at = first;
			return scan_fail(scan, "the escape is unknown");
		}
		scan->at++;
		*(*at)++ = meant[found - escapes];
		return 0;
	}
	scan->at++;
	if ((code = scan_hex(scan)) == -1)
		return scan_fail_expected(scan, "a hexadecimal digit");
	if (code == 0 && is_name) {
		scan->at = first;
		return scan_fail(scan, "\\u0000 must not be in a name");
	}
	if (code >= 0xd800 && code <= 0xdbff && scan_is_at(scan, '\\')) {
		scan->at++;
		if (scan_is_at(scan, 'u')) {
			scan->at++;
			low = scan_hex(scan);
		}
	}
	if (code >= 0xd800 && code <= 0xdfff &&
	    (code > 0xdbff || low < 0xdc00 || low > 0xdfff)) {
		scan->at = first;
		return scan_fail(scan, "a surrogate is alone");
	}
	put_utf8(at, low == 0 ? code : 0x10000 + ((code - 0xd800) << 10) + low - 0xdc00);
	return 0;
}

static bool
is_plain(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' &&
	    c != '\\';
}

/* The length of a string, from its first character to its closing quote, or -1. */
static ssize_t
plain_length(const struct scan *scan)
{
	const char *at = scan->at;

	while (at < scan->end && is_plain(*at))
		at++;
	return at < scan->end && *at == '"' ? at - scan->at : -1;
}

/* A string whose quote is behind `at`; puts what it means at *at. */
static int
scan_characters(struct scan *scan, bool is_name, char **at)
{
	const char *first;
	size_t bytes;

	for (;;) {
		first = scan->at;
		while (scan->at < scan->end && is_plain(*scan->at))
			scan->at++;
		*at = mempcpy(*at, first, (size_t)(scan->at - first));
		if (scan->at == scan->end)
			return scan_fail(scan, "the text ends within a string");
		if (*scan->at == '"') {
			scan->at++;
			return 0;
		}
		if (*scan->at == '\\') {
			if (scan_escape(scan, is_name, at) == -1)
				return -1;
			continue;
		}
		if ((unsigned char)*scan->at < 0x20)
			return scan_fail(scan, "a control character must be escaped");
		bytes = utf8_character(scan->at, (size_t)(scan->end - scan->at));
		if (bytes == 0)
			return scan_fail(scan, "the text is not UTF-8");
		*at = mempcpy(*at, scan->at, bytes);
		scan->at += bytes;
	}
}

/* Where a string may end at the latest: a quote behind a backslash is one, too, but of it. */
static size_t
room_for_string(const struct scan *scan)
{
	const char *at = scan->at;

	while (at < scan->end && *at != '"')
		at += *at == '\\' && at + 1 < scan->end ? 2 : 1;
	return (size_t)(at - scan->at) + 1;
}

char *
scan_text(struct scan *scan, bool is_name, size_t *ret_length)
{
	char *text, *at;

	scan->at++;
	text = at = malloc(room_for_string(scan));
	if (text == NULL)
		log_out_of_memory();
	if (scan_characters(scan, is_name, &at) == -1) {
		free(text);
		return NULL;
	}
	*at = '\0';
	*ret_length = (size_t)(at - text);
	return text;
}

int
scan_string(struct scan *scan, struct json_object **ret_value)
{
	size_t length;
	char *text;

	scan->at++;
	if (plain_length(scan) != -1) {
		length = (size_t)plain_length(scan);
		*ret_value = made(json_object_new_string_len(scan->at, (int)length));
		scan->at += length + 1;
		return 0;
	}
	scan->at--;
	text = scan_text(scan, false, &length);
	if (text == NULL)
		return -1;
	*ret_value = made(json_object_new_string_len(text, (int)length));
	free(text);
	return 0;
}
