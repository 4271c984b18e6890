/*
 * json_check.h: whether a text is JSON that json.h accepts.
 */
#ifndef CORE_JSON_CHECK_H
#define CORE_JSON_CHECK_H

#include <stddef.h>

#include "core/err.h"

/*
 * Checks that the text (length bytes, no NUL needed) is one value as json_parse() wants it.
 * Returns 0, or -1 with ERR_REQUEST and a message that begins with the byte, from 1.
 */
int json_check(const char *text, size_t length, struct err *err);

#endif
