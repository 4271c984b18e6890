/*
 * text.c: owned texts.
 */
#include "config.h"

#include "core/base/text.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"

void
text_set(char **text, const char *value)
{
	char *copy = NULL;

	if (value != NULL && (copy = strdup(value)) == NULL)
		log_out_of_memory();
	free(*text);
	*text = copy;
}
