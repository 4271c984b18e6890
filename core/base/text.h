/*
 * text.h: owned texts.
 */
#ifndef CORE_BASE_TEXT_H
#define CORE_BASE_TEXT_H

#include <stddef.h>

/*
 * A copy of text (length bytes) that ends in NUL, with every byte that belongs to no character of
 * UTF-8 replaced; owned. Out of memory is fatal.
 */
char *text_repair(const char *text, size_t length);
/* How many texts this process has had to change so. */
size_t text_repairs(void);

/* Replaces an owned text (or NULL) by a copy of value (or NULL). Out of memory is fatal. */
void text_set(char **text, const char *value);

#endif
