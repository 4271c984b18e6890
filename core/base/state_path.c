/*
 * state_path.c: where a file of the state directory is.
 */
#include "config.h"

#include "core/base/state_path.h"

#include <stdio.h>

void
state_path(const char *state_dir, const char *name, char ret_path[STATE_PATH_BYTES])
{
	snprintf(ret_path, STATE_PATH_BYTES, "%s/%s", state_dir, name);
}
