/*
 * space.h: the space that is left for others where the state directory is (--keep-free).
 */
#ifndef CORE_STORE_SPACE_H
#define CORE_STORE_SPACE_H

#include <stdint.h>

#include "core/base/err.h"

/*
 * Whether the file system of an open file has room for so many bytes more, and keep_free on top
 * of them. 0, or -1 with ERR_FULL or ERR_INTERNAL.
 */
int space_check(int fd, int64_t bytes, int64_t keep_free, struct err *err);

/* The same for the file system that a directory is in. */
int space_check_in(const char *directory, int64_t bytes, int64_t keep_free, struct err *err);

#endif
