/*
 * space_used.c: asks the file system for sizes.
 */
#include "config.h"

#include "core/view/space_used.h"

#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "core/base/state_path.h"
#include "core/store/ballast.h"
#include "core/store/store.h"

static int64_t
file_bytes(const char *state_dir, const char *name)
{
	char path[STATE_PATH_BYTES];
	struct stat status;

	state_path(state_dir, name, path);
	return stat(path, &status) == -1 ? 0 : status.st_size;
}

struct json_object *
space_used(const char *state_dir)
{
	struct json_object *space = json_new_object();
	struct statvfs status;

	json_add_int(space, "database_bytes", file_bytes(state_dir, STORE_FILE));
	json_add_int(space, "database_log_bytes", file_bytes(state_dir, STORE_LOG_FILE));
	json_add_int(space, "ballast_bytes", file_bytes(state_dir, BALLAST_FILE));
	if (statvfs(state_dir, &status) == 0)
		json_add_int(space, "free_bytes", (int64_t)(status.f_bavail * status.f_frsize));
	return space;
}
