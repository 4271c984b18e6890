/*
 * mime.h: header values of the form "word; name=value; name="value"" (RFC 2045), as
 * Content-Type and Content-Disposition have them.
 */
#ifndef FCGI_HTTP_MIME_H
#define FCGI_HTTP_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

/* How many of the bytes that text begins with are of a token; 0 if it begins with none. */
size_t mime_token(const char *text);

/* Whether the word before the parameters is this one, in any case. */
bool mime_is(const char *value, const char *word);

/* Where the parameters of the value begin, for mime_next(). */
char *mime_parameters(char *value);

/*
 * Takes the next parameter from *at, and moves *at behind it. The text is changed: names and
 * values are decoded and ended where they are, so that they live as long as it. Returns 1, 0
 * if there is no more, or -1 with ERR_REQUEST if it is malformed.
 *
 * In quotes \" and \\ stand for " and \, as Go and older curls send them; before anything
 * else a backslash is itself, as browsers mean it. %22 stands for ", too: browsers and newer
 * curls send that. Other percent signs stand for themselves: decoded, they could become line
 * ends, which no name may have.
 */
int mime_next(char **at, const char **ret_name, const char **ret_value, struct err *err);

#endif
