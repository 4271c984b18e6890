/*
 * value_source.h: where the value of a parameter comes from: the command line, which everybody on
 * the machine can see, or a file, or standard input.
 */
#ifndef CLI_VALUE_SOURCE_H
#define CLI_VALUE_SOURCE_H

#include "core/base/err.h"

/*
 * The value that a text of the command line stands for, owned: of "@FILE" what is in the file, of
 * "-" what standard input has, both without one line feed at the end; of "@@..." the text without
 * its first character; else the text itself. NULL and ERR_USAGE where it cannot be read, is too
 * long, or is no text. No message has the value in it.
 */
char *value_source_read(const char *text, struct err *err);

#endif
