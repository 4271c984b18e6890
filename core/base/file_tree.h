/*
 * file_tree.h: directories of our own, by descriptors, so that no symbolic link leads out of
 * them.
 */
#ifndef CORE_BASE_FILE_TREE_H
#define CORE_BASE_FILE_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

#define FILE_TREE_DIR_MODE 0700
#define FILE_TREE_FILE_MODE 0600

/*
 * Opens the directory name in parent_fd, made if it is missing and make is set: then it is
 * there after a power cut, too. Returns a descriptor, closed on exec; or -1 with err: ERR_FULL,
 * or ERR_INTERNAL and err->sys (ENOENT: there is none).
 */
int file_tree_open(int parent_fd, const char *name, bool make, struct err *err);

/*
 * Removes what name is in parent_fd, with all that is in it; nothing there is no error. Stays
 * in its file system. Gives up at deadline_ms (boot time). Returns 0; 1 if it gave up, to be
 * called again; or -1 with err.
 */
int file_tree_remove(int parent_fd, const char *name, int64_t deadline_ms,
    struct err *err);

/* ERR_FULL where sys (errno) means that there is no space, else ERR_INTERNAL. */
enum err_code file_tree_code(int sys);

#endif
