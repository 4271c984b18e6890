/*
 * multipart.h: takes a body of multipart/form-data apart (RFC 7578, RFC 2046).
 *
 * A push parser: it is fed the body in pieces of any size, as they arrive, and calls back
 * for what it finds. How the body is cut makes no difference to what is found. It knows of
 * no connection and no file, and needs the same memory for every body: the data of a part
 * is handed out as slices of what was fed, never collected.
 *
 * Text before the first boundary and after the last is ignored. Every part must have a
 * Content-Disposition of form-data with a name. Lines end with CR LF, and headers are not
 * folded.
 */
#ifndef FCGI_HTTP_MULTIPART_H
#define FCGI_HTTP_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "fcgi/http/multipart_header.h"

#define MULTIPART_PARTS_MAX 128		/* an action has 64 parameters */
#define MULTIPART_HEADERS_MAX_BYTES 8192 /* of a part, all together */
#define MULTIPART_BOUNDARY_MAX_BYTES 70	/* RFC 2046 */

/*
 * Each returns 0, or -1 with err, which ends the parsing. What a part points to lives until
 * part_end() has returned. part_data() is called any number of times between the two others,
 * never with 0 bytes; the data is borrowed.
 */
struct multipart_events {
	int (*part_begin)(void *context, const struct multipart_part *part,
	    struct err *err);
	int (*part_data)(void *context, const char *data, size_t length, struct err *err);
	int (*part_end)(void *context, struct err *err);
};

enum multipart_state {
	MULTIPART_CONTENT,	/* of a part, or before the first boundary */
	MULTIPART_DELIMITER,	/* behind what may be a delimiter */
	MULTIPART_DASH,		/* behind its first dash: it may be the last */
	MULTIPART_PADDING,	/* blanks between a delimiter and the end of its line */
	MULTIPART_NEWLINE,	/* behind the CR of that line */
	MULTIPART_HEADERS,
	MULTIPART_LAST,		/* behind the last delimiter */
	MULTIPART_EPILOGUE
};

/* Private. Needs no clean-up. Must not be moved: it points into itself. */
struct multipart {
	const struct multipart_events *events;
	void *context;
	enum multipart_state state;
	/* CR, LF, dash, dash, the boundary, and the dash that may follow. */
	char delimiter[4 + MULTIPART_BOUNDARY_MAX_BYTES + 1];
	size_t delimiter_length; /* without the last dash */
	size_t matched;		/* bytes of delimiter that were seen, and not handed out */
	size_t implied;		/* of these, how many are not content in any case */
	bool in_part;
	int parts;
	size_t headers_length;
	size_t line;		/* where in headers the current one begins */
	char headers[MULTIPART_HEADERS_MAX_BYTES]; /* their text */
	struct multipart_head head; /* of the part */
};

/* Whether a Content-Type is multipart/form-data. */
bool multipart_is_type(const char *content_type);

/*
 * Begins a body whose Content-Type this is (borrowed for the call; events and context are
 * borrowed until the end). Returns 0, or -1 with HTTP_ERR_MEDIA_TYPE: another type, or no valid
 * boundary.
 */
int multipart_begin(struct multipart *ret_multipart, const char *content_type,
    const struct multipart_events *events, void *context, struct err *err);

/*
 * Takes the next piece. Returns 0, or -1 with ERR_REQUEST and what is wrong in which part,
 * or with what a callback said. After -1 nothing more may be fed; a part that had begun does
 * not end then.
 */
int multipart_feed(struct multipart *multipart, const char *data, size_t length,
    struct err *err);

/* The body is over. Returns 0, or -1 with ERR_REQUEST if it is truncated. */
int multipart_end(struct multipart *multipart, struct err *err);

#endif
