/*
 * state_file.h: the files of a state directory: who may open them.
 *
 * The directory itself says so: serve lets its group in (mode 0750) or does not (0700), and
 * whoever makes a file in it goes by that. What belongs to nobody but the service stays so: who
 * may only read must not be able to take its locks.
 */
#ifndef CORE_BASE_STATE_FILE_H
#define CORE_BASE_STATE_FILE_H

#include <sys/stat.h>

#include "core/base/err.h"

#define STATE_FILE_MODE 0600
#define STATE_DIR_MODE 0700
#define STATE_DIR_GROUP_MODE 0750

enum state_access {
	STATE_PRIVATE,		/* for the service's user */
	STATE_SHARED		/* for the directory's group, too, to read, where that is let in */
};

/* The mode that a file in a directory has; a directory in it is entered, not only read. */
mode_t state_file_mode(const struct stat *directory, enum state_access access, mode_t type);

/*
 * Makes the file of a path: with its mode whatever the umask is, its directory's group where that
 * may read it, and by root for the directory's owner. Returns a descriptor, closed on exec; or -1
 * and errno (EEXIST: it is there).
 */
int state_file_make(const char *path, int flags, enum state_access access);

/* Opens it, made so if it is missing. Symbolic links are not followed. */
int state_file_open(const char *path, int flags, enum state_access access);

/* Sets err (ERR_STORE): path is not there, and what that means. -1. */
int state_file_missing(const char *path, struct err *err);

/* Sets err: the caller may not look into the state directory of path, and who may. -1. */
int state_file_denied(const char *path, struct err *err);

#endif
