/*
 * verify_mistakes.c: reports mistakes, and checks what all tables have.
 */
#include "config.h"

#include "core/action/verify_mistakes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/utf8.h"

#define MISTAKE_BYTES 4096
/* No table of people is longer. */
#define ROWS_MAX 1000

void
verify_mistake(struct verify *verify, const char *format, ...)
{
	char what[MISTAKE_BYTES], sentence[VERIFY_WHERE_BYTES + MISTAKE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(what, sizeof(what), format, arguments) < 0)
		what[0] = '\0';
	va_end(arguments);
	snprintf(sentence, sizeof(sentence), "%s%s", verify->where, what);
	verify->mistakes++;
	verify->report(verify->context, sentence);
}

size_t
verify_enter(struct verify *verify, const char *format, ...)
{
	size_t outer = strlen(verify->where), length;
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(verify->where + outer, sizeof(verify->where) - outer, format,
	    arguments) < 0)
		verify->where[outer] = '\0';
	va_end(arguments);
	length = strlen(verify->where);
	snprintf(verify->where + length, sizeof(verify->where) - length, ": ");
	return outer;
}

void
verify_leave(struct verify *verify, size_t outer)
{
	verify->where[outer] = '\0';
}

bool
verify_text(struct verify *verify, const char *member, const char *text,
    bool required, size_t max)
{
	if (text == NULL || text[0] == '\0') {
		if (required)
			verify_mistake(verify, "%s is missing", member);
		return !required;
	}
	if (!utf8_valid(text, strlen(text))) {
		verify_mistake(verify, "%s is not UTF-8", member);
		return false;
	}
	if (utf8_count(text) > max) {
		verify_mistake(verify, "%s has %zu characters, more than %zu", member,
		    utf8_count(text), max);
		return false;
	}
	return true;
}

bool
verify_enum(struct verify *verify, const char *member, int value, int last)
{
	if (value >= 0 && value <= last)
		return true;
	verify_mistake(verify, "%s %d is unknown", member, value);
	return false;
}

void
verify_no_row(struct verify *verify, size_t row, const char *what, const char *end)
{
	verify->endless = true;
	verify_mistake(verify, "row %zu is not %s: %s is missing", row + 1, what, end);
}

/* Where the kernel does not say, it can. */
static bool
can_read(const void *pointer)
{
	uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t page = (uintptr_t)pointer / page_bytes * page_bytes;
	unsigned char seen;

	return pointer == NULL || mincore((void *)page, 1, &seen) == 0 || errno != ENOMEM;
}

bool
verify_is_row(struct verify *verify, size_t row, const char *what, const char *end,
    const void *const *pointers, size_t count)
{
	bool fine = row < ROWS_MAX;

	for (size_t i = 0; i < count; i++)
		fine = fine && can_read(pointers[i]);
	if (!fine)
		verify_no_row(verify, row, what, end);
	return fine;
}

void
verify_hint(struct verify *verify, const struct ak_hint *hint)
{
	size_t outer;

	if (hint->type == 0 && hint->content == NULL)
		return;
	outer = verify_enter(verify, "hint");
	if (hint->type == 0)
		verify_mistake(verify, "type is missing");
	verify_enum(verify, "type", (int)hint->type, AK_HINT_WARNING);
	verify_text(verify, "content", hint->content, true, SIZE_MAX);
	verify_leave(verify, outer);
}
