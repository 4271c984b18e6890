/*
 * text.c: owned texts.
 */
#include "config.h"

#include "core/base/text.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/utf8.h"

#define REPLACEMENT_BYTES (sizeof(UTF8_REPLACEMENT) - 1)

void
text_set(char **text, const char *value)
{
	char *copy = NULL;

	if (value != NULL && (copy = strdup(value)) == NULL)
		log_out_of_memory();
	free(*text);
	*text = copy;
}

static size_t repairs;

size_t
text_repairs(void)
{
	return repairs;
}

char *
text_repair(const char *text, size_t length)
{
	size_t at = 0, bytes, used = 0;
	char *copy;

	repairs += !utf8_valid(text, length);

	if ((copy = malloc(length * REPLACEMENT_BYTES + 1)) == NULL)
		log_out_of_memory();
	while (at < length) {
		bytes = utf8_character(text + at, length - at);
		if (bytes == 0) {
			memcpy(copy + used, UTF8_REPLACEMENT,
			    REPLACEMENT_BYTES);
			used += REPLACEMENT_BYTES;
			at++;
		} else {
			memcpy(copy + used, text + at, bytes);
			used += bytes;
			at += bytes;
		}
	}
	copy[used] = '\0';
	return copy;
}
