/*
 * reply.h: an HTTP reply, made in memory and sent at once.
 */
#ifndef FCGI_HTTP_REPLY_H
#define FCGI_HTTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include <fcgiapp.h>

#include "core/base/err.h"
#include "core/base/json.h"

/* Status line and headers: the longest ETag, Request-Id and Allow fit. */
#define REPLY_HEAD_BYTES 1024

struct reply {
	int status;
	const char *body;	/* borrowed, or the same as owned; NULL: none */
	size_t length;
	char *owned;
	const char *media_type;	/* of the body; borrowed; NULL: JSON */
	const char *etag;	/* without quotes; borrowed, or NULL */
	const char *allow;	/* borrowed, or NULL */
	bool retry;		/* refused for now only: Retry-After */
};

/* Replies with a text that outlives the reply. */
void reply_text(struct reply *ret_reply, int status, const char *text, size_t length);
/* Takes text, which was allocated. */
void reply_take(struct reply *ret_reply, int status, char *text);
/* The same with bytes, which may be anything. */
void reply_take_bytes(struct reply *ret_reply, int status, char *bytes, size_t length);
/* Takes an object. */
void reply_json(struct reply *ret_reply, int status, struct json_object *json);
/* 304: what the client has is still right. */
void reply_not_modified(struct reply *ret_reply, const char *etag);
/* The status of the error's code, and an object that tells it, which is taken. */
void reply_fault(struct reply *ret_reply, const struct err *err, struct json_object *json);
/* The status of the error's code, and an ActionKitError with its message. */
void reply_error(struct reply *ret_reply, const struct err *err);
/* The same with an ActionKitError (allocated; is taken) that says more than the message. */
void reply_error_text(struct reply *ret_reply, const struct err *err, char *text);
void reply_done(struct reply *reply);

/* Writes status line and headers, with the empty line that ends them; returns the length. */
size_t reply_head(const struct reply *reply, const char *request_id,
    char ret_head[REPLY_HEAD_BYTES]);

/*
 * Writes it, without its body if head_only, into the stream, which sends it when it is
 * full or closed. Returns 0, or -1 if the client is gone.
 */
int reply_send(const struct reply *reply, FCGX_Stream *out, const char *request_id,
    bool head_only);

#endif
