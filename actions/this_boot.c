/*
 * this_boot.c: reads the id of this boot. Persists nothing.
 */
#include "actions/this_boot.h"

#include <stdio.h>
#include <string.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static bool
read_boot(char boot[THIS_BOOT_BYTES])
{
	FILE *file = fopen(BOOT_ID, "re");
	bool is_read = file != NULL && fgets(boot, THIS_BOOT_BYTES, file) != NULL;

	if (file != NULL)
		(void)fclose(file);
	if (is_read)
		boot[strcspn(boot, "\n")] = '\0';
	return is_read;
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
