/*
 * texts.c: finds a text that is built in, and fills in its words.
 */
#include "config.h"

#include "cli/texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"

const char *
texts_find(const char *name)
{
	const struct text *text;

	for (text = texts; text->name != NULL; text++)
		if (strcmp(text->name, name) == 0)
			return text->data;
	log_error("%s is not built in", name);
	abort();
}

char *
texts_fill(const char *text, const struct text_word *words)
{
	const struct text_word *word;
	char *filled = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&filled, &size);

	if (out == NULL)
		log_out_of_memory();
	while (*text != '\0') {
		for (word = words; word->word != NULL; word++)
			if (strncmp(text, word->word, strlen(word->word)) == 0)
				break;
		if (word->word == NULL) {
			putc(*text++, out);
		} else {
			fputs(word->value, out);
			text += strlen(word->word);
		}
	}
	if (fclose(out) == EOF)
		log_out_of_memory();
	return filled;
}
