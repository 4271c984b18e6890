/*
 * file_tree.c: makes and removes directories by descriptors. It persists no more than them.
 */
#include "config.h"

#include "core/base/file_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"

/* An action may have put a directory into its own, but not for ever. */
#define FILE_TREE_DEPTH_MAX 64

#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

enum err_code
file_tree_code(int sys)
{
	return sys == ENOSPC || sys == EDQUOT || sys == EFBIG ? ERR_FULL : ERR_INTERNAL;
}

/* Whatever the umask is, and as durable as what is put into it. */
static int
make_directory(int parent_fd, const char *name)
{
	if (mkdirat(parent_fd, name, FILE_TREE_DIR_MODE) == -1)
		return errno == EEXIST ? 0 : -1;
	if (fchmodat(parent_fd, name, FILE_TREE_DIR_MODE, 0) == -1)
		return -1;
	return fsync(parent_fd);
}

int
file_tree_open(int parent_fd, const char *name, bool make, struct err *err)
{
	int fd;

	if (make && make_directory(parent_fd, name) == -1)
		return err_sys(err, file_tree_code(errno), "%s", name);
	fd = openat(parent_fd, name, OPEN_DIRECTORY);
	return fd != -1 ? fd : err_sys(err, ERR_INTERNAL, "%s", name);
}

static int remove_at(int parent_fd, const char *name, int64_t deadline_ms, int depth,
    struct err *err);

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Takes fd. */
static int
remove_entries(int fd, int64_t deadline_ms, int depth, struct err *err)
{
	DIR *directory = fdopendir(fd);
	struct dirent *entry;
	int result = 0;

	if (directory == NULL)
		log_out_of_memory();
	while (result == 0 && (errno = 0, entry = readdir(directory)) != NULL)
		if (!is_dots(entry->d_name))
			result = remove_at(fd, entry->d_name, deadline_ms, depth, err);
	if (result == 0 && errno != 0)
		result = err_sys(err, ERR_INTERNAL, "readdir");
	closedir(directory);
	return result;
}

/* What is mounted on it is not ours. */
static int
check_device(int parent_fd, int fd, const char *name, struct err *err)
{
	struct stat parent, status;

	if (fstat(parent_fd, &parent) == -1 || fstat(fd, &status) == -1)
		return err_sys(err, ERR_INTERNAL, "%s", name);
	if (parent.st_dev != status.st_dev)
		return err_set(err, ERR_INTERNAL, "%s: something is mounted there", name);
	return 0;
}

static int
remove_directory(int parent_fd, const char *name, int64_t deadline_ms, int depth,
    struct err *err)
{
	int fd, result;

	if (depth == FILE_TREE_DEPTH_MAX)
		return err_set(err, ERR_INTERNAL, "%s: too deep", name);
	fd = openat(parent_fd, name, OPEN_DIRECTORY);
	if (fd == -1)
		return errno == ENOENT ? 0 : err_sys(err, ERR_INTERNAL, "%s", name);
	if (check_device(parent_fd, fd, name, err) == -1) {
		close(fd);
		return -1;
	}
	result = remove_entries(fd, deadline_ms, depth + 1, err);
	if (result == -1)
		return err_wrap(err, "%s", name);
	if (result == 0 && unlinkat(parent_fd, name, AT_REMOVEDIR) == -1 && errno != ENOENT)
		return err_sys(err, ERR_INTERNAL, "%s", name);
	return result;
}

static int
remove_at(int parent_fd, const char *name, int64_t deadline_ms, int depth, struct err *err)
{
	if (clock_boot_ms() >= deadline_ms)
		return 1;
	if (unlinkat(parent_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(err, ERR_INTERNAL, "%s", name);
	return remove_directory(parent_fd, name, deadline_ms, depth, err);
}

int
file_tree_remove(int parent_fd, const char *name, int64_t deadline_ms, struct err *err)
{
	return remove_at(parent_fd, name, deadline_ms, 0, err);
}
