/*
 * text.h: owned texts.
 */
#ifndef CORE_BASE_TEXT_H
#define CORE_BASE_TEXT_H

/* Replaces an owned text (or NULL) by a copy of value (or NULL). Out of memory is fatal. */
void text_set(char **text, const char *value);

#endif
