/*
 * number_file.h: numbers that the kernel tells in lines, "WORD NUMBER".
 */
#ifndef CORE_BASE_NUMBER_FILE_H
#define CORE_BASE_NUMBER_FILE_H

#include <stdint.h>

/* The number behind a word at the beginning of a line of the file; -1 if there is none. */
int64_t number_file_read(const char *path, const char *word);

#endif
