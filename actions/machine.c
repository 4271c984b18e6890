/*
 * machine.c: reads what the kernel says of memory, processors and control groups. Persists
 * nothing.
 */
#define _GNU_SOURCE		/* CPU_ALLOC() */
#include "actions/machine.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MACHINE_CGROUPS "/sys/fs/cgroup"
#define MACHINE_CPUS_MIN 1024		/* room in the set; doubled until it is enough */
#define MACHINE_CPUS_MAX (1 << 20)

bool
machine_line(const char *path, const char *name, char value[MACHINE_LINE_BYTES])
{
	FILE *file = fopen(path, "re");
	size_t length = strlen(name);
	bool found = false;

	if (file == NULL)
		return false;
	while (!found && fgets(value, MACHINE_LINE_BYTES, file) != NULL)
		found = strncmp(value, name, length) == 0;
	(void)fclose(file);
	if (!found)
		return false;
	memmove(value, value + length, strlen(value + length) + 1);
	value[strcspn(value, "\n")] = '\0';
	return true;
}

int
machine_memory(int64_t *ret_total, int64_t *ret_available)
{
	char total[MACHINE_LINE_BYTES], available[MACHINE_LINE_BYTES];

	if (!machine_line("/proc/meminfo", "MemTotal:", total) ||
	    !machine_line("/proc/meminfo", "MemAvailable:", available)) {
		errno = ENODATA;
		return -1;
	}
	*ret_total = strtoll(total, NULL, 10) * MACHINE_KIB;
	*ret_available = strtoll(available, NULL, 10) * MACHINE_KIB;
	return 0;
}

/*
 * The first line of a file of a control group, ours or one above, that has one; each is looked at
 * until see() returns false.
 */
static void
each_group(const char *name, bool (*see)(const char *value, void *context), void *context)
{
	char group[MACHINE_LINE_BYTES], value[MACHINE_LINE_BYTES];
	char path[sizeof(MACHINE_CGROUPS) + 2 * MACHINE_LINE_BYTES];
	char *slash;

	if (!machine_line("/proc/self/cgroup", "0::", group))
		return;
	do {
		(void)snprintf(path, sizeof(path), "%s%s/%s", MACHINE_CGROUPS, group, name);
		if (machine_line(path, "", value) && !see(value, context))
			return;
		slash = strrchr(group, '/');
		if (slash != NULL)
			*slash = '\0';
	} while (slash != NULL);
}

static bool
see_memory(const char *value, void *context)
{
	int64_t *least = context, limit = strtoll(value, NULL, 10);

	if (strcmp(value, "max") != 0 && limit < *least)
		*least = limit;
	return true;
}

int64_t
machine_memory_limit(void)
{
	int64_t least = INT64_MAX;

	each_group("memory.max", see_memory, &least);
	return least;
}

static bool
see_cpu(const char *value, void *context)
{
	bool *limited = context;

	*limited = strncmp(value, "max", strlen("max")) != 0;
	return !*limited;
}

bool
machine_has_cpu_limit(void)
{
	bool limited = false;

	each_group("cpu.max", see_cpu, &limited);
	return limited;
}

int64_t
machine_processors(void)
{
	int64_t count = 0;
	int room;

	for (room = MACHINE_CPUS_MIN; count == 0 && room <= MACHINE_CPUS_MAX; room *= 2) {
		cpu_set_t *set = CPU_ALLOC((size_t)room);
		size_t size = CPU_ALLOC_SIZE((size_t)room);

		if (set == NULL)
			break;
		if (sched_getaffinity(1, size, set) == 0)
			count = CPU_COUNT_S(size, set);
		CPU_FREE(set);
	}
	return count < 1 ? 1 : count;
}

int64_t
machine_oom_kills(void)
{
	char value[MACHINE_LINE_BYTES];

	return machine_line("/proc/vmstat", "oom_kill ", value) ? strtoll(value, NULL, 10) : -1;
}

double
machine_memory_pressure(void)
{
	char value[MACHINE_LINE_BYTES];

	return machine_line("/proc/pressure/memory", "full avg10=", value) ?
	    strtod(value, NULL) : 0;
}
