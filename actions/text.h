/*
 * text.h: text that is put together in an array.
 */
#ifndef ACTIONS_TEXT_H
#define ACTIONS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <actionkit.h>

struct text {
	char *at;			/* where the next goes */
	size_t left;			/* bytes from there on */
	bool is_full;			/* something was left out */
};
#define TEXT_IN(array_) ((struct text){ .at = (array_), .left = sizeof(array_) })

/* Appends; what has no room is left out as a whole. */
void text_put(struct text *text, const char *format, ...) AK_PRINTF(2, 3);

/* Appends an item to a list for people ("a, b") in an array of this size, if it has room. */
void text_enlist(char *list, size_t size, const char *item);

#endif
