/*
 * file_name.h: names of files that come from others.
 */
#ifndef CORE_BASE_FILE_NAME_H
#define CORE_BASE_FILE_NAME_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes a harmless name for a file that others call text: its last part without leading
 * dots and dashes, of letters, digits and "._-" only, shorter than size; a long one keeps a
 * short suffix. Empty if nothing is left.
 */
void file_name_clean(const char *text, char *ret_name, size_t size);

/* Whether the last part of a name is empty or has nothing but dots. */
bool file_name_is_dots(const char *text);

#endif
