/*
 * reply.c: makes replies; the one table of what an error is in HTTP.
 */
#include "config.h"

#include "fcgi/http/reply.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/action/call.h"
#include "core/base/log.h"
#include "fcgi/http/http_err.h"

/* When a client may try again what is only refused for now. */
#define RETRY_AFTER_S 1

static const struct {
	int status;
	const char *reason;
	const char *title;	/* NULL: the message, which is the action's own */
	bool retry;		/* worth a Retry-After */
} faults[] = {
	[ERR_INTERNAL] = { 500, "Internal Server Error", "Internal error" },
	[ERR_USAGE] = { 500, "Internal Server Error", "The extension is not set up" },
	[ERR_REQUEST] = { 400, "Bad Request", "Invalid request" },
	[HTTP_ERR_ORIGIN] = { 403, "Forbidden", "Origin not allowed" },
	[ERR_NOT_FOUND] = { 404, "Not Found", "Not found" },
	[HTTP_ERR_METHOD] = { 405, "Method Not Allowed", "Method not allowed" },
	[ERR_PHASE] = { 409, "Conflict", "Not possible in this phase of the execution" },
	[HTTP_ERR_LENGTH] = { 411, "Length Required", "Length required" },
	[ERR_TOO_LARGE] = { 413, "Content Too Large", "Request too large" },
	[HTTP_ERR_MEDIA_TYPE] = { 415, "Unsupported Media Type", "Content type not supported" },
	[ERR_CONFIG] = { 422, "Unprocessable Content", "Invalid configuration" },
	[ERR_HANDLER] = { 500, "Internal Server Error", NULL },
	[ERR_DRAINING] = { 503, "Service Unavailable", "Shutting down", true },
	[ERR_BUSY] = { 503, "Service Unavailable", "Busy", true },
	[ERR_STOPPING] = { 503, "Service Unavailable", "Still stopping", true },
	[ERR_FULL] = { 507, "Insufficient Storage", "No space left" },
	[ERR_STORE] = { 500, "Internal Server Error", "The database cannot be used" },
};

#define FAULTS (sizeof(faults) / sizeof(faults[0]))

static const char *
reason(int status)
{
	size_t i;

	if (status == 200)
		return "OK";
	if (status == 304)
		return "Not Modified";
	for (i = ERR_INTERNAL; i < FAULTS; i++)
		if (faults[i].status == status)
			return faults[i].reason;
	return "Unknown";
}

void
reply_text(struct reply *ret_reply, int status, const char *text, size_t length)
{
	*ret_reply = (struct reply){ .status = status, .body = text, .length = length };
}

void
reply_take(struct reply *ret_reply, int status, char *text)
{
	reply_take_bytes(ret_reply, status, text, strlen(text));
}

void
reply_take_bytes(struct reply *ret_reply, int status, char *bytes, size_t length)
{
	reply_text(ret_reply, status, bytes, length);
	ret_reply->owned = bytes;
}

void
reply_json(struct reply *ret_reply, int status, struct json_object *json)
{
	char *text = strdup(json_text(json, NULL));

	if (text == NULL)
		log_out_of_memory();
	json_object_put(json);
	reply_take(ret_reply, status, text);
}

void
reply_not_modified(struct reply *ret_reply, const char *etag)
{
	*ret_reply = (struct reply){ .status = 304, .etag = etag };
}

static size_t
fault_of(const struct err *err)
{
	size_t code = (size_t)err->code;

	return code >= FAULTS || faults[code].status == 0 ? ERR_INTERNAL : code;
}

void
reply_fault(struct reply *ret_reply, const struct err *err, struct json_object *json)
{
	size_t code = fault_of(err);

	reply_json(ret_reply, faults[code].status, json);
	ret_reply->retry = faults[code].retry;
}

void
reply_error(struct reply *ret_reply, const struct err *err)
{
	const char *title = faults[fault_of(err)].title;

	reply_fault(ret_reply, err, title == NULL ?
	    call_error_json(err->msg, NULL, "errored") :
	    call_error_json(title, err->msg, "errored"));
}

void
reply_error_text(struct reply *ret_reply, const struct err *err, char *text)
{
	reply_error(ret_reply, err);
	free(ret_reply->owned);
	ret_reply->body = ret_reply->owned = text;
	ret_reply->length = strlen(text);
}

void
reply_done(struct reply *reply)
{
	free(reply->owned);
	*reply = (struct reply){ .status = 0 };
}

static AK_PRINTF(3, 4) void
append(char head[REPLY_HEAD_BYTES], size_t *length, const char *format, ...)
{
	va_list arguments;
	int added;

	va_start(arguments, format);
	added = vsnprintf(head + *length, REPLY_HEAD_BYTES - *length, format, arguments);
	va_end(arguments);
	if (added > 0 && (size_t)added < REPLY_HEAD_BYTES - *length)
		*length += (size_t)added;
}

size_t
reply_head(const struct reply *reply, const char *request_id,
    char ret_head[REPLY_HEAD_BYTES])
{
	size_t length = 0;

	append(ret_head, &length, "Status: %d %s\r\n", reply->status,
	    reason(reply->status));
	if (reply->body != NULL)
		append(ret_head, &length, "Content-Type: %s\r\nContent-Length: %zu\r\n",
		    reply->media_type == NULL ? "application/json" : reply->media_type,
		    reply->length);
	append(ret_head, &length, "Request-Id: %s\r\n", request_id);
	if (reply->etag != NULL)
		append(ret_head, &length, "ETag: \"%s\"\r\n", reply->etag);
	if (reply->allow != NULL)
		append(ret_head, &length, "Allow: %s\r\n", reply->allow);
	if (reply->retry)
		append(ret_head, &length, "Retry-After: %d\r\n", RETRY_AFTER_S);
	append(ret_head, &length, "\r\n");
	return length;
}

static int
put(FCGX_Stream *out, const char *text, size_t length)
{
	size_t part;

	for (; length > 0; text += part, length -= part) {
		part = length > INT_MAX ? INT_MAX : length;
		if (FCGX_PutStr(text, (int)part, out) != (int)part)
			return -1;
	}
	return 0;
}

int
reply_send(const struct reply *reply, FCGX_Stream *out, const char *request_id,
    bool head_only)
{
	char head[REPLY_HEAD_BYTES];
	size_t length = reply_head(reply, request_id, head);

	if (put(out, head, length) == -1)
		return -1;
	return head_only ? 0 : put(out, reply->body, reply->length);
}
