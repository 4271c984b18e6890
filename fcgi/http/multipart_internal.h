/*
 * multipart_internal.h: what multipart.c and multipart_header.c have in common.
 */
#ifndef FCGI_HTTP_MULTIPART_INTERNAL_H
#define FCGI_HTTP_MULTIPART_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "fcgi/http/multipart.h"

static inline bool
multipart_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Sets err to "part 3: ...". Always returns -1. */
int multipart_fault(const struct multipart *multipart, struct err *err, const char *text);

/*
 * Takes a header of the part: a line of length bytes, whose CR LF a NUL has replaced. It is
 * changed, and multipart->part points into it. Returns 0, or -1 with ERR_REQUEST.
 */
int multipart_take_header(struct multipart *multipart, char *line, size_t length,
    struct err *err);

#endif
