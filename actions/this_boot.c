/*
 * this_boot.c: reads the id of this boot. Persists nothing.
 */
#include "actions/this_boot.h"

#include <stdio.h>
#include <string.h>

#include "actions/machine.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static bool
read_boot(char boot[THIS_BOOT_BYTES])
{
	char line[MACHINE_LINE_BYTES];

	if (!machine_line(BOOT_ID, "", line))
		return false;
	(void)snprintf(boot, THIS_BOOT_BYTES, "%.*s", THIS_BOOT_BYTES - 1, line);
	return true;
}

int
this_boot(struct ak_call *call, char boot[THIS_BOOT_BYTES])
{
	return read_boot(boot) ? 0 : ak_errno(call, "Failed to read %s", BOOT_ID);
}

bool
this_boot_is(const char *boot)
{
	char now[THIS_BOOT_BYTES];

	return !read_boot(now) || strcmp(now, boot) == 0;
}
