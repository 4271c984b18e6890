/*
 * body.h: the body of a request.
 *
 * A body is always read to its end: what is left over would be taken for the next
 * request of a kept connection, and a connection that is closed before all is read
 * loses the reply. Every part moves the deadline of the responder's slot.
 */
#ifndef FCGI_HTTP_BODY_H
#define FCGI_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fcgiapp.h>

#include "core/base/err.h"
#include "core/config/scoreboard.h"
#include "fcgi/http/request.h"
#include "fcgi/http/server_options.h"

/* A body that is being read, and what that takes; all borrowed. */
struct body {
	const struct request *request;
	const struct server_options *options;
	FCGX_Stream *in;
	struct scoreboard_slot *slot;
};

/*
 * Reads a JSON body. *ret_text is owned, and ends in a NUL that *ret_length does not
 * count. Returns 0, or -1 with HTTP_ERR_LENGTH, ERR_TOO_LARGE, HTTP_ERR_MEDIA_TYPE or
 * ERR_REQUEST (truncated); body_drain() reads what is left.
 */
int body_read(const struct body *body, char **ret_text, size_t *ret_length,
    struct err *err);

/*
 * Reads what there is, up to size bytes; waits only for the first of them. Returns 0 at
 * the end of the body, and where the connection broke.
 */
size_t body_read_part(const struct body *body, char *ret_part, size_t size);

/* After length bytes: 0 if that was the whole body, -1 with ERR_REQUEST if it was not. */
int body_check_end(const struct body *body, int64_t length, struct err *err);

/*
 * Reads what is left and throws it away. Returns whether the end was reached; if not, the
 * connection is of no more use.
 */
bool body_drain(const struct body *body);

#endif
