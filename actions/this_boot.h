/*
 * this_boot.h: which boot of the machine this is, for effects that end with it.
 */
#ifndef ACTIONS_THIS_BOOT_H
#define ACTIONS_THIS_BOOT_H

#include <stdbool.h>

#include <actionkit.h>

#define THIS_BOOT_BYTES 40

/* Its id. Returns 0, or -1 with the call's error. */
int this_boot(struct ak_call *call, char boot[THIS_BOOT_BYTES]);

/* Whether boot is the id of this one; true, too, where that cannot be told. */
bool this_boot_is(const char *boot);

#endif
