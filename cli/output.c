/*
 * output.c: terminals, colours, and texts that come from elsewhere.
 */
#include "config.h"

#include "cli/output.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/base/utf8.h"

#define COLUMNS_DEFAULT 80
/* The longest escape: \x1b, or U+0085 as \u0085. */
#define ESCAPE_BYTES 8
#define DELETE_CHARACTER 0x7f

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
	setlocale(LC_CTYPE, "");
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* C1 controls are U+0080 to U+009F: some terminals obey them. */
static bool
is_control(const unsigned char *character, size_t length)
{
	if (length == 1)
		return *character < ' ' || *character == DELETE_CHARACTER;
	return length == 2 && character[0] == 0xc2 && character[1] < 0xa0;
}

char *
output_clean(const char *text)
{
	char *repaired = text_repair(text, strlen(text));
	size_t size = strlen(repaired) * ESCAPE_BYTES + 1, length;
	char *clean = malloc(size), *end = clean;
	const char *c;

	if (clean == NULL)
		log_out_of_memory();
	for (c = repaired; *c != '\0'; c += length) {
		const unsigned char *byte = (const unsigned char *)c;

		length = utf8_character(c, strlen(c));
		if (length == 0)
			length = 1;
		if (*c == '\n' || *c == '\t')
			*end++ = ' ';
		else if (is_control(byte, length))
			end += sprintf(end, length == 1 ? "\\x%02x" : "\\u%04x",
			    (unsigned int)byte[length - 1]);
		else
			end = mempcpy(end, c, length);
	}
	*end = '\0';
	free(repaired);
	return clean;
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
output_json(struct json_object *value)
{
	puts(value == NULL ? "null" : json_text(value, NULL));
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
