/*
 * file_name.c: makes names of files that come from others harmless.
 */
#include "config.h"

#include "core/base/file_name.h"

#include <ctype.h>
#include <string.h>

/* Nobody would miss a longer suffix. */
#define FILE_NAME_SUFFIX_MAX 16

/* Clients on Windows send the whole path. */
static const char *
last_part(const char *text)
{
	const char *c, *last = text;

	for (c = text; *c != '\0'; c++)
		if (*c == '/' || *c == '\\')
			last = c + 1;
	return last;
}

static size_t
copy(const char *text, char *ret_name, size_t length, size_t size)
{
	for (; *text != '\0' && length + 1 < size; text++)
		ret_name[length++] = isascii((unsigned char)*text) &&
		    (isalnum((unsigned char)*text) || strchr("._-", *text) != NULL) ?
		    *text : '_';
	ret_name[length] = '\0';
	return length;
}

void
file_name_clean(const char *text, char *ret_name, size_t size)
{
	const char *first = last_part(text), *suffix;
	size_t length;

	first += strspn(first, ".-");
	length = copy(first, ret_name, 0, size);
	suffix = strrchr(first, '.');
	if (length == strlen(first) || suffix == NULL || suffix == first)
		return;
	length = strlen(suffix);
	if (length <= FILE_NAME_SUFFIX_MAX && length + 1 < size)
		copy(suffix, ret_name, size - 1 - length, size);
}

bool
file_name_is_dots(const char *text)
{
	const char *last = last_part(text);

	return last[strspn(last, ".")] == '\0';
}
