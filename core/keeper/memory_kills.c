/*
 * memory_kills.c: how often the kernel has killed for want of memory. Persists nothing.
 */
#include "config.h"

#include "core/keeper/memory_kills.h"

#include <stdio.h>

#include "core/base/cgroup.h"
#include "core/base/number_file.h"

#define FILE_BYTES (CGROUP_PATH_BYTES + 64)

/* Of the cgroup, and of those below it. */
static int64_t
of_cgroup(void)
{
	char own[CGROUP_PATH_BYTES], path[FILE_BYTES];

	if (!cgroup_own(own))
		return -1;
	snprintf(path, sizeof(path), "%s/memory.events", own);
	return number_file_read(path, "oom_kill ");
}

int64_t
memory_kills(void)
{
	int64_t number = of_cgroup();

	if (number == -1)
		number = number_file_read("/proc/vmstat", "oom_kill ");
	return number == -1 ? 0 : number;
}
