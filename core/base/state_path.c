/*
 * state_path.c: where a file of the state directory is.
 */
#include "config.h"

#include "core/base/state_path.h"

#include <stdio.h>
#include <string.h>

void
state_path(const char *state_dir, const char *name, char ret_path[STATE_PATH_BYTES])
{
	snprintf(ret_path, STATE_PATH_BYTES, "%s/%s", state_dir, name);
}

void
state_path_parent(const char *path, char ret_parent[STATE_PATH_BYTES])
{
	const char *end = strrchr(path, '/');

	if (end == NULL)
		snprintf(ret_parent, STATE_PATH_BYTES, ".");
	else
		snprintf(ret_parent, STATE_PATH_BYTES, "%.*s", end == path ? 1 : (int)(end - path),
		    path);
}
