/*
 * text.c: puts text together. Persists nothing.
 */
#include "actions/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
text_put(struct text *text, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text->at, text->left, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= text->left) {
		if (text->left > 0)
			*text->at = '\0';
		text->is_full = true;
		return;
	}
	text->at += length;
	text->left -= (size_t)length;
}

void
text_enlist(char *list, size_t size, const char *item)
{
	size_t used = strlen(list);
	struct text text = { .at = list + used, .left = size - used };

	text_put(&text, "%s%s", used == 0 ? "" : ", ", item);
}
