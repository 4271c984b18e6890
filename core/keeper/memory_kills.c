/*
 * memory_kills.c: how often the kernel has killed for want of memory. Persists nothing.
 */
#include "config.h"

#include "core/keeper/memory_kills.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cgroup.h"

#define LINE_BYTES (CGROUP_PATH_BYTES + 64)

/* The number behind a word at the beginning of a line of the file; -1 if there is none. */
static int64_t
number_after(const char *path, const char *word)
{
	char line[LINE_BYTES];
	int64_t number = -1;
	FILE *file = fopen(path, "re");

	while (file != NULL && number == -1 && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, word, strlen(word)) == 0)
			number = strtoll(line + strlen(word), NULL, 10);
	if (file != NULL)
		fclose(file);
	return number;
}

/* Of the cgroup, and of those below it. */
static int64_t
of_cgroup(void)
{
	char own[CGROUP_PATH_BYTES], path[LINE_BYTES];

	if (!cgroup_own(own))
		return -1;
	snprintf(path, sizeof(path), "%s/memory.events", own);
	return number_after(path, "oom_kill ");
}

int64_t
memory_kills(void)
{
	int64_t number = of_cgroup();

	if (number == -1)
		number = number_after("/proc/vmstat", "oom_kill ");
	return number == -1 ? 0 : number;
}
