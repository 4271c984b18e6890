/*
 * upload.h: a request of multipart/form-data: its JSON and its files.
 */
#ifndef FCGI_HTTP_UPLOAD_H
#define FCGI_HTTP_UPLOAD_H

#include <stddef.h>

#include "core/base/err.h"
#include "core/calls/incoming.h"
#include "fcgi/http/body.h"

/* The part that holds the JSON, wherever it is. */
#define UPLOAD_REQUEST "request"

/*
 * Reads such a body in constant memory: every part with a file name goes to incoming as it
 * arrives, other parts are ignored. *ret_text is the JSON of the part `request`: owned, and ends
 * in a NUL that *ret_length does not count. Returns 0, or -1 with HTTP_ERR_LENGTH, ERR_TOO_LARGE,
 * HTTP_ERR_MEDIA_TYPE (no boundary), ERR_REQUEST (malformed, truncated, without a `request`), or an
 * error of incoming.h; body_drain() reads what is left, incoming_done() removes what came.
 */
int upload_read(const struct body *body, struct incoming *incoming, char **ret_text,
    size_t *ret_length, struct err *err);

#endif
