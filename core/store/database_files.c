/*
 * database_files.c: has SQLite open and close its files by way of descriptors.h.
 */
#include "config.h"

#include "core/store/database_files.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <sys/types.h>

#include "core/base/descriptors.h"

/* In place of SQLite's open(), which has these arguments. */
static int
open_own(const char *path, int flags, int mode)
{
	int fd = open(path, flags | O_CLOEXEC, (mode_t)mode);

	return fd == -1 ? -1 : descriptor_own_file(fd, path);
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
	vfs->xSetSystemCall(vfs, "close", (sqlite3_syscall_ptr)close_own);
}
