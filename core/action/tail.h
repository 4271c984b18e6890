/*
 * tail.h: the last bytes of what a program writes, however much that is.
 */
#ifndef CORE_ACTION_TAIL_H
#define CORE_ACTION_TAIL_H

#include <stddef.h>

struct tail {
	size_t room;			/* bytes that are kept at most; 0: none */
	char *ring;			/* owned; NULL while nothing was written */
	size_t used;
	size_t at;			/* where the next byte goes */
};

void tail_add(struct tail *tail, const char *data, size_t size);

/* All of it in order, ended by NUL, for free(); NULL if there is nothing. Empties the tail. */
char *tail_take(struct tail *tail, size_t *ret_size);

#endif
