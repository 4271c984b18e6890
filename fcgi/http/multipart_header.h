/*
 * multipart_header.h: the headers of a part of multipart/form-data.
 */
#ifndef FCGI_HTTP_MULTIPART_HEADER_H
#define FCGI_HTTP_MULTIPART_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

#define MULTIPART_HEADERS_MAX 16	/* of a part */
#define MULTIPART_NAME_MAX_BYTES 256
#define MULTIPART_FILENAME_MAX_BYTES 1024

/* None of the texts has a control character in it. */
struct multipart_part {
	int number;		/* from 1 */
	const char *name;	/* not empty */
	const char *filename;	/* as the client sends it; NULL if it is not a file; "" possible */
	const char *content_type; /* "" if absent */
};

/* What the headers of a part have said so far. */
struct multipart_head {
	struct multipart_part part;
	bool disposed;		/* there was a Content-Disposition */
	int count;		/* of headers */
	char filename[MULTIPART_FILENAME_MAX_BYTES + 1]; /* of filename*, decoded */
};

static inline bool
multipart_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Sets err to "part 3: ...". Always returns -1. */
int multipart_fault(int part, struct err *err, const char *text);

/*
 * Takes a header: a line of length bytes, whose CR LF a NUL has replaced. It is changed, and
 * head->part points into it. Returns 0, or -1 with ERR_REQUEST.
 */
int multipart_take_header(struct multipart_head *head, char *line, size_t length,
    struct err *err);

#endif
