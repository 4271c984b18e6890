/*
 * number_file.c: numbers that the kernel tells in lines. Persists nothing.
 */
#include "config.h"

#include "core/base/number_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_FILE_LINE_BYTES 1024

int64_t
number_file_read(const char *path, const char *word)
{
	char line[NUMBER_FILE_LINE_BYTES];
	int64_t number = -1;
	FILE *file = fopen(path, "re");

	while (file != NULL && number == -1 && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, word, strlen(word)) == 0)
			number = strtoll(line + strlen(word), NULL, 10);
	if (file != NULL)
		(void)fclose(file);
	return number;
}
