/*
 * space.c: asks the file system for its free space. Persists nothing.
 */
#include "config.h"

#include "core/store/space.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/statvfs.h>
#include <unistd.h>

int
space_check(int fd, int64_t bytes, int64_t keep_free, struct err *err)
{
	struct statvfs space;
	uint64_t free_bytes;

	if (fstatvfs(fd, &space) == -1)
		return err_sys(err, ERR_INTERNAL, "free space");
	free_bytes = (uint64_t)space.f_bavail * space.f_frsize;
	if (free_bytes >= (uint64_t)bytes + (uint64_t)keep_free)
		return 0;
	return err_set(err, ERR_FULL, "the state directory has no room for it: %" PRIu64
	    " bytes are free, and %" PRId64 " of these must be left (--keep-free)", free_bytes,
	    keep_free);
}

int
space_check_in(const char *directory, int64_t bytes, int64_t keep_free, struct err *err)
{
	int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC), result;

	if (fd == -1)
		return err_sys(err, ERR_INTERNAL, "%s", directory);
	result = space_check(fd, bytes, keep_free, err);
	close(fd);
	return result;
}
