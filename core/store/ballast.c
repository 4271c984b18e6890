/*
 * ballast.c: space kept for the day when the disk is full. It persists a file of zeros.
 */
#include "config.h"

#include "core/store/ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/state_file.h"
#include "core/base/state_path.h"

static int
open_ballast(const char *state_dir, bool make)
{
	char path[STATE_PATH_BYTES];

	state_path(state_dir, BALLAST_FILE, path);
	return make ? state_file_open(path, O_WRONLY, STATE_PRIVATE) :
	    open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* Not where it would be the ballast itself that fills the disk. */
static bool
has_room(int fd)
{
	struct statvfs space;

	return fstatvfs(fd, &space) == 0 &&
	    space.f_bavail >= 2 * BALLAST_BYTES / space.f_frsize;
}

int
ballast_keep(const char *state_dir, struct err *err)
{
	struct stat status;
	int fd = open_ballast(state_dir, true), result;

	if (fd == -1)
		return err_sys(err, errno == ENOSPC ? ERR_FULL : ERR_INTERNAL, "%s",
		    BALLAST_FILE);
	if (fstat(fd, &status) == 0 && status.st_size >= BALLAST_BYTES) {
		close(fd);
		return 0;
	}
	result = has_room(fd) ? posix_fallocate(fd, 0, BALLAST_BYTES) : ENOSPC;
	/* A part of it would be taken for all of it, or be in the way. */
	if (result != 0 && ftruncate(fd, 0) == -1)
		result = errno;
	close(fd);
	if (result == 0)
		return 0;
	errno = result;
	return err_sys(err, result == ENOSPC ? ERR_FULL : ERR_INTERNAL, "%s", BALLAST_FILE);
}

bool
ballast_release(const char *state_dir)
{
	struct stat status;
	int fd = open_ballast(state_dir, false);
	bool released;

	if (fd == -1)
		return false;
	released = fstat(fd, &status) == 0 && status.st_size > 0 && ftruncate(fd, 0) == 0;
	close(fd);
	return released;
}
