/*
 * holder.h: who holds a lock on a file, as far as that can be seen.
 *
 * A lock that is freed by the kernel when its holder dies needs no such question, but where a
 * stranger keeps it: a process that code of an action has forked without telling anybody, or
 * somebody who locks the file by hand. /proc tells it of processes of the same user, root of all.
 */
#ifndef CORE_BASE_HOLDER_H
#define CORE_BASE_HOLDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Where a lock is that belongs to the whole file, flock(2). */
#define HOLDER_FLOCK (-1)
/* For a text that names a few. */
#define HOLDER_TEXT_BYTES 256

enum holder {
	HOLDER_KNOWN,	/* one that may, and nobody else */
	HOLDER_SEEN,
	HOLDER_UNSEEN	/* nobody at this moment, or one that cannot be looked at */
};

/*
 * Who holds a lock of the open file fd (O_PATH is enough): on any byte from first to last, or
 * HOLDER_FLOCK for both. is_known(), or NULL, says of each whether it is one that may. In words
 * too, but for HOLDER_KNOWN: "process 4711 (sleep)", or that it cannot be seen, and why.
 */
enum holder holder_find(int fd, int64_t first, int64_t last,
    bool (*is_known)(void *context, pid_t pid), void *context,
    char ret_text[HOLDER_TEXT_BYTES]);

#endif
