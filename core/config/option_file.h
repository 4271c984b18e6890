/*
 * option_file.h: the lines of an options file: "option value", the names of the command line
 * without dashes. Empty lines, and those that begin with #, say nothing.
 */
#ifndef CORE_CONFIG_OPTION_FILE_H
#define CORE_CONFIG_OPTION_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

#define OPTION_FILE_MAX_BYTES (256 * 1024)

struct option_line {
	size_t number;		/* from 1 */
	const char *name;	/* borrowed from the text, as the value is */
	const char *value;	/* what follows, without the space around it; empty: nothing */
};

/*
 * The text of a file, owned by the caller; NULL with ERR_USAGE and errno in err->sys if it cannot
 * be read, is longer than OPTION_FILE_MAX_BYTES, or has a byte of zero in it.
 */
char *option_file_read(const char *path, struct err *err);

/*
 * Takes the next line that says something out of text, which it changes. *rest is the text and
 * ret_line zero for the first call. Returns whether there was one.
 */
bool option_file_next(char **rest, struct option_line *ret_line);

#endif
