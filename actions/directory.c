/*
 * directory.c: finds a directory, and removes from it what an action has made there. Persists
 * nothing: which directory that is, is in the action's state.
 */
#define _GNU_SOURCE		/* O_PATH, AT_EACCESS */
#include "actions/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DIRECTORY_OPEN (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define DIRECTORY_DEPTH_MAX 16	/* of a tree that is removed */

int64_t
directory_filesystem(const struct statfs *fs)
{
	int64_t id;

	memcpy(&id, &fs->f_fsid, sizeof(id));
	return id;
}

int
directory_open(struct ak_call *call, const char *path, struct statfs *ret_fs)
{
	int fd = open(path, DIRECTORY_OPEN);

	if (fd == -1 || fstatfs(fd, ret_fs) == -1) {
		(void)ak_errno(call, "Failed to open the directory %s", path);
		if (fd != -1)
			(void)close(fd);
		return -1;
	}
	return fd;
}

int
directory_check(struct ak_call *call, const char *path, const struct statfs *fs)
{
	if (fs->f_blocks == 0)
		return ak_error(call, "%s has no space that could be used", path);
	if ((fs->f_flags & ST_RDONLY) != 0)
		return ak_error(call, "The file system of %s can only be read", path);
	if (faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == -1)
		return ak_errno(call, "Files cannot be made in %s", path);
	return 0;
}

int
directory_find(struct ak_call *call, const char *wanted, char path[DIRECTORY_PATH_BYTES],
    struct statfs *ret_fs)
{
	char *real;
	int fd;

	if (wanted[0] != '/')
		return ak_error(call, "%s is not an absolute path", wanted);
	real = realpath(wanted, NULL);
	if (real == NULL)
		return ak_errno(call, "Failed to find %s", wanted);
	if (strlen(real) >= DIRECTORY_PATH_BYTES) {
		free(real);
		return ak_error(call, "The path of %s is too long", wanted);
	}
	(void)snprintf(path, DIRECTORY_PATH_BYTES, "%s", real);
	free(real);
	fd = directory_open(call, path, ret_fs);
	if (fd == -1)
		return -1;
	(void)close(fd);
	return directory_check(call, path, ret_fs);
}

static int remove_below(int parent, const char *name, int depth);

/* Removes all that is in an open directory, and closes it. Returns 0, or -1 and errno. */
static int
empty(int fd, int depth)
{
	DIR *entries = fdopendir(fd);
	const struct dirent *entry;
	int result = 0, saved;

	if (entries == NULL) {
		(void)close(fd);
		return -1;
	}
	while (result == 0 && (errno = 0, entry = readdir(entries)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			result = remove_below(dirfd(entries), entry->d_name, depth);
	if (entry == NULL && errno != 0)
		result = -1;
	saved = errno;
	(void)closedir(entries);
	errno = saved;
	return result;
}

static int
remove_below(int parent, const char *name, int depth)
{
	int fd;

	if (unlinkat(parent, name, 0) == 0)
		return 0;
	if (errno != EISDIR)
		return -1;
	fd = openat(parent, name, DIRECTORY_OPEN);
	if (fd == -1)
		return -1;
	if (depth == DIRECTORY_DEPTH_MAX) {
		(void)close(fd);
		errno = ELOOP;
		return -1;
	}
	return empty(fd, depth + 1) == -1 ? -1 : unlinkat(parent, name, AT_REMOVEDIR);
}

/* A directory that somebody else has put there is not ours. */
static int
remove_ours(int parent, const char *name)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	if (S_ISDIR(st.st_mode) && st.st_uid != geteuid()) {
		errno = EPERM;
		return -1;
	}
	return remove_below(parent, name, 0);
}

/* Whether it is the file system that was: another may be mounted there by now. */
static bool
is_same(const struct directory *directory, const struct statfs *fs)
{
	return directory_filesystem(fs) == directory->filesystem ||
	    (fs->f_type == directory->type && (int64_t)fs->f_blocks == directory->blocks);
}

/* Whether the directory was removed, and what was in it, too: not where nothing is mounted now. */
static bool
is_gone(const struct directory *directory)
{
	char parent[DIRECTORY_PATH_BYTES];
	struct statfs fs;
	struct stat st;
	char *slash;

	if (lstat(directory->path, &st) == 0 || errno != ENOENT)
		return false;
	(void)snprintf(parent, sizeof(parent), "%s", directory->path);
	while ((slash = strrchr(parent, '/')) != NULL) {
		slash[slash == parent ? 1 : 0] = '\0';
		if (statfs(parent, &fs) == 0)
			return is_same(directory, &fs);
		if (slash == parent)
			return false;
	}
	return false;
}

int
directory_remove(struct ak_call *call, const struct directory *directory, const char *name)
{
	struct statfs fs;
	int fd, result = 0;

	if (is_gone(directory)) {
		ak_message(call, AK_INFO, "Nothing to remove: %s is gone", directory->path);
		return 0;
	}
	fd = directory_open(call, directory->path, &fs);
	if (fd == -1)
		return -1;
	if (remove_ours(fd, name) == 0) {
		/* So that it does not come back after a power cut. */
		(void)fsync(fd);
		ak_message(call, AK_INFO, "Removed %s/%s", directory->path, name);
	} else if (errno != ENOENT) {
		result = ak_errno(call, "Failed to remove %s/%s", directory->path, name);
	} else if (!is_same(directory, &fs)) {
		result = ak_error(call, "The file system that was used is not mounted at %s: %s "
		    "remains there", directory->path, name);
	} else {
		ak_message(call, AK_INFO, "Nothing to remove: %s/%s is gone", directory->path,
		    name);
	}
	(void)close(fd);
	return result;
}
