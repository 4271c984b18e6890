/*
 * output.c: terminals, colours, and texts that come from elsewhere.
 */
#include "config.h"

#include "cli/output.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/utf8.h"

#define COLUMNS_DEFAULT 80

#define MS_PER_M (60 * CLOCK_MS_PER_S)
#define MS_PER_H (60 * MS_PER_M)
#define MS_PER_D (24 * MS_PER_H)

bool
output_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) == 1 && term != NULL && *term != '\0' &&
	    strcmp(term, "dumb") != 0;
}

size_t
output_columns(void)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_col == 0)
		return COLUMNS_DEFAULT;
	return size.ws_col;
}

/* NO_COLOR is a convention of many programs (no-color.org). */
const char *
output_style(enum style style)
{
	static const char *const sequences[] = {
		[STYLE_PLAIN] = "\033[0m",
		[STYLE_STRONG] = "\033[1m",
		[STYLE_GOOD] = "\033[32m",
		[STYLE_WARN] = "\033[33m",
		[STYLE_BAD] = "\033[31m"
	};
	const char *none = getenv("NO_COLOR");

	if (!output_terminal() || (none != NULL && *none != '\0'))
		return "";
	return sequences[style];
}

bool
output_unicode(void)
{
	static bool known, unicode;

	if (!known) {
		setlocale(LC_CTYPE, "");
		unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
		known = true;
	}
	return unicode;
}

/* Whether a character can be printed as it is. */
static bool
is_plain(const char *character, size_t bytes)
{
	if (bytes > 1 && !output_unicode() &&
	    (isatty(STDOUT_FILENO) == 1 || isatty(STDERR_FILENO) == 1))
		return false;
	return !utf8_is_unseen(utf8_point(character, bytes));
}

/* Of the character that text begins with. */
static size_t
character_width(const char *text, size_t *ret_bytes)
{
	size_t bytes = utf8_character(text, strnlen(text, UTF8_CHARACTER_BYTES));
	int columns = bytes > 1 && output_unicode() ? wcwidth((wchar_t)utf8_point(text, bytes)) : 1;

	*ret_bytes = bytes == 0 ? 1 : bytes;
	return columns < 0 ? 1 : (size_t)columns;
}

size_t
output_fit(const char *text, size_t columns)
{
	size_t end = 0, bytes, width;

	for (; text[end] != '\0'; end += bytes) {
		width = character_width(text + end, &bytes);
		if (width > columns)
			break;
		columns -= width;
	}
	return end;
}

size_t
output_width(const char *text)
{
	size_t bytes, width = 0;

	for (; *text != '\0'; text += bytes)
		width += character_width(text, &bytes);
	return width;
}

static void
print_clean(FILE *out, const char *text, size_t length)
{
	char escape[UTF8_ESCAPE_BYTES];
	size_t at, bytes;

	for (at = 0; at < length; at += bytes == 0 ? 1 : bytes) {
		bytes = utf8_character(text + at, length - at);
		if (bytes == 0) {
			fputs(output_unicode() ? UTF8_REPLACEMENT : "?", out);
		} else if (text[at] == '\n' || text[at] == '\t') {
			fputc(' ', out);
		} else if (is_plain(text + at, bytes)) {
			fwrite(text + at, 1, bytes, out);
		} else if (bytes == 1) {
			fprintf(out, "\\x%02x", (unsigned int)text[at]);
		} else {
			utf8_escape(utf8_point(text + at, bytes), escape);
			fputs(escape, out);
		}
	}
}

char *
output_clean_most(const char *text, size_t max_bytes)
{
	size_t length = strlen(text), shown = utf8_cut(text, length, max_bytes), size;
	char *clean = NULL;
	FILE *out = open_memstream(&clean, &size);

	if (out == NULL)
		log_out_of_memory();
	print_clean(out, text, shown);
	if (shown < length)
		fprintf(out, "... (%zu bytes more)", length - shown);
	if (fclose(out) == EOF)
		log_out_of_memory();
	return clean;
}

char *
output_clean(const char *text)
{
	return output_clean_most(text, SIZE_MAX);
}

void
output_text(const char *text)
{
	char *clean;

	if (text == NULL) {
		fputs("-", stdout);
		return;
	}
	clean = output_clean(text);
	fputs(clean, stdout);
	free(clean);
}

void
output_error(const char *format, ...)
{
	char *text, *clean;
	va_list values;
	int length;

	va_start(values, format);
	length = vasprintf(&text, format, values);
	va_end(values);
	if (length == -1)
		log_out_of_memory();
	clean = output_clean(text);
	fprintf(stderr, "%s\n", clean);
	free(clean);
	free(text);
}

/* What is beyond ASCII, or DEL, can only be in a string. */
void
output_json(struct json_object *value)
{
	size_t length = strlen("null"), at, bytes;
	const char *text = value == NULL ? "null" : json_text(value, &length);
	char escape[UTF8_ESCAPE_BYTES];

	for (at = 0; at < length; at += bytes) {
		bytes = utf8_character(text + at, length - at);
		if (bytes == 0)
			bytes = 1;
		if (utf8_is_unseen(utf8_point(text + at, bytes))) {
			utf8_escape(utf8_point(text + at, bytes), escape);
			fputs(escape, stdout);
		} else {
			fwrite(text + at, 1, bytes, stdout);
		}
	}
	putchar('\n');
	json_object_put(value);
}

void
output_age(int64_t ms, char ret_text[OUTPUT_AGE_BYTES])
{
	if (ms < CLOCK_MS_PER_S)
		snprintf(ret_text, OUTPUT_AGE_BYTES, "%" PRId64 "ms", ms < 0 ? 0 : ms);
	else if (ms < MS_PER_M)
		snprintf(ret_text, OUTPUT_AGE_BYTES, "%" PRId64 "s", ms / CLOCK_MS_PER_S);
	else if (ms < MS_PER_H)
		snprintf(ret_text, OUTPUT_AGE_BYTES, "%" PRId64 "m%" PRId64 "s",
		    ms / MS_PER_M, ms % MS_PER_M / CLOCK_MS_PER_S);
	else if (ms < MS_PER_D)
		snprintf(ret_text, OUTPUT_AGE_BYTES, "%" PRId64 "h%" PRId64 "m",
		    ms / MS_PER_H, ms % MS_PER_H / MS_PER_M);
	else
		snprintf(ret_text, OUTPUT_AGE_BYTES, "%" PRId64 "d%" PRId64 "h",
		    ms / MS_PER_D, ms % MS_PER_D / MS_PER_H);
}
