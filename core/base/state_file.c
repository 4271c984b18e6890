/*
 * state_file.c: makes files in a state directory, for those who may open them.
 */
#include "config.h"

#include "core/base/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/state_path.h"

#define GROUP_READS 0040

mode_t
state_file_mode(const struct stat *directory, enum state_access access, mode_t type)
{
	bool grouped = access == STATE_SHARED && (directory->st_mode & S_IRGRP) != 0;

	if (S_ISDIR(type))
		return grouped ? STATE_DIR_GROUP_MODE : STATE_DIR_MODE;
	return STATE_FILE_MODE | (grouped ? GROUP_READS : 0);
}

/* What is right whatever the umask is. */
static int
settle(int fd, const char *path, enum state_access access)
{
	char parent[STATE_PATH_BYTES];
	struct stat directory, st;
	uid_t owner = (uid_t)-1;
	gid_t group = (gid_t)-1;
	mode_t mode;

	state_path_parent(path, parent);
	if (stat(parent, &directory) == -1 || fstat(fd, &st) == -1)
		return -1;
	mode = state_file_mode(&directory, access, st.st_mode);
	if (geteuid() == 0)
		owner = directory.st_uid;
	if ((mode & S_IRGRP) != 0)
		group = directory.st_gid;
	if ((owner != (uid_t)-1 || group != (gid_t)-1) && fchown(fd, owner, group) == -1)
		return -1;
	return fchmod(fd, mode);
}

int
state_file_make(const char *path, int flags, enum state_access access)
{
	int fd = open(path, flags | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    STATE_FILE_MODE), saved;

	if (fd == -1 || settle(fd, path, access) == 0)
		return fd;
	saved = errno;
	unlink(path);
	close(fd);
	errno = saved;
	return -1;
}

int
state_file_open(const char *path, int flags, enum state_access access)
{
	int fd;

	do {
		fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW);
		if (fd != -1 || errno != ENOENT)
			return fd;
		fd = state_file_make(path, flags, access);
	} while (fd == -1 && errno == EEXIST);
	return fd;
}

int
state_file_missing(const char *path, struct err *err)
{
	return err_set(err, ERR_STORE, "%s is not there: no server has used this state directory, "
	    "or it was removed; --state-dir names another", path);
}

int
state_file_denied(const char *path, struct err *err)
{
	return err_set(err, ERR_USAGE, "%s: permission denied: only the service's user may look, "
	    "and the group that `serve --state-group` names", path);
}
