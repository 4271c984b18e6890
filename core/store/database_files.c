/*
 * database_files.c: has SQLite open and close its files by way of descriptors.h, and does what it
 * does not where the kernel is short of memory.
 */
#include "config.h"

#include "core/store/database_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "core/base/clock.h"
#include "core/base/descriptors.h"
#include "core/base/err.h"
#include "core/base/state_path.h"

/* Between two tries to let a lock go. */
#define UNLOCK_PAUSE_MS 5

/* The file that could not be opened for writing just now, for want of something, and why. */
static char wanting[STATE_PATH_BYTES];
static int wanted;

/*
 * In place of SQLite's open(), which has these arguments. What it fails to open for writing it
 * opens for reading, for good: that is for files that may only be read, not for a want that may
 * be over in a moment.
 */
static int
open_own(const char *path, int flags, int mode)
{
	bool reads = (flags & O_ACCMODE) == O_RDONLY;
	int fd;

	if (reads && wanted != 0 && strcmp(path, wanting) == 0) {
		errno = wanted;
		wanted = 0;
		return -1;
	}
	wanted = 0;
	fd = open(path, flags | O_CLOEXEC, (mode_t)mode);
	if (fd != -1)
		return descriptor_own_file(fd, path);
	if (!reads && err_code_of(errno, ERR_STORE) != ERR_STORE) {
		wanted = errno;
		snprintf(wanting, sizeof(wanting), "%s", path);
		errno = wanted;
	}
	return -1;
}

/*
 * In place of its fcntl(), whose argument is a lock or a number. To let a lock go needs memory in
 * the kernel, too, and SQLite does not look whether that has failed: the lock would hold up all
 * others.
 */
static int
fcntl_own(int fd, int command, ...)
{
	struct flock *lock;
	va_list arguments;
	int number, result;

	va_start(arguments, command);
	if (command == F_SETLK || command == F_GETLK) {
		lock = va_arg(arguments, struct flock *);
		va_end(arguments);
		result = fcntl(fd, command, lock);
		while (result == -1 && lock->l_type == F_UNLCK && errno != EBADF) {
			clock_sleep_ms(UNLOCK_PAUSE_MS);
			result = fcntl(fd, command, lock);
		}
		return result;
	}
	number = va_arg(arguments, int);
	va_end(arguments);
	return fcntl(fd, command, number);
}

static int
close_own(int fd)
{
	return descriptor_close(fd);
}

void
database_files_own(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	static bool done;

	if (done || vfs == NULL || vfs->iVersion < 3)
		return;
	done = true;
	vfs->xSetSystemCall(vfs, "open", (sqlite3_syscall_ptr)open_own);
	vfs->xSetSystemCall(vfs, "fcntl", (sqlite3_syscall_ptr)fcntl_own);
	vfs->xSetSystemCall(vfs, "close", (sqlite3_syscall_ptr)close_own);
}
