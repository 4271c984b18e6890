/*
 * tail.c: keeps the last bytes of an output, in a ring. Persists nothing.
 */
#include "config.h"

#include "core/action/tail.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"

void
tail_add(struct tail *tail, const char *data, size_t size)
{
	size_t part;

	if (tail->room == 0 || size == 0)
		return;
	if (tail->ring == NULL && (tail->ring = malloc(tail->room)) == NULL)
		log_out_of_memory();
	if (size > tail->room) {
		data += size - tail->room;
		size = tail->room;
	}
	while (size > 0) {
		part = tail->room - tail->at < size ? tail->room - tail->at : size;
		memcpy(tail->ring + tail->at, data, part);
		tail->at = (tail->at + part) % tail->room;
		tail->used = tail->used + part < tail->room ? tail->used + part : tail->room;
		data += part;
		size -= part;
	}
}

char *
tail_take(struct tail *tail, size_t *ret_size)
{
	size_t begin = tail->used < tail->room ? 0 : tail->at;
	size_t first = tail->used - begin;
	char *text;

	*ret_size = tail->used;
	if (tail->used == 0)
		return NULL;
	text = malloc(tail->used + 1);
	if (text == NULL)
		log_out_of_memory();
	memcpy(text, tail->ring + begin, first);
	memcpy(text + first, tail->ring, begin);
	text[tail->used] = '\0';
	free(tail->ring);
	*tail = (struct tail){ .room = tail->room };
	return text;
}
