/*
 * body.c: reads the body of a request, always to its end.
 */
#include "config.h"

#include "fcgi/http/body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "fcgi/http/http_err.h"

#define CONTENT_TYPE_JSON "application/json"
#define DRAIN_PART_BYTES 8192
/* Beyond this, and what may be uploaded, the connection is closed on the client instead. */
#define DRAIN_MORE_BYTES (INT64_C(64) * 1024 * 1024)

size_t
body_read_part(const struct body *body, char *ret_part, size_t size)
{
	FCGX_Stream *in = body->in;
	int first, rest;
	size_t there;

	scoreboard_extend(body->slot, clock_boot_ms() + body->options->body_timeout_ms);
	first = FCGX_GetChar(in);
	if (first == EOF)
		return 0;
	ret_part[0] = (char)first;
	there = (size_t)(in->stop - in->rdNext);
	if (there > size - 1)
		there = size - 1;
	rest = FCGX_GetStr(ret_part + 1, (int)there, in);
	return 1 + (size_t)rest;
}

/* Parameters (charset=utf-8) do not matter: JSON is UTF-8, and that is checked. */
static bool
type_is_json(const char *type)
{
	size_t length = strcspn(type, "; \t");

	return length == strlen(CONTENT_TYPE_JSON) &&
	    strncasecmp(type, CONTENT_TYPE_JSON, length) == 0;
}

static int
check_headers(const struct body *body, struct err *err)
{
	const struct request *request = body->request;
	int64_t most = body->options->max_body_bytes;

	if (request->length == REQUEST_LENGTH_UNKNOWN)
		return err_set(err, HTTP_ERR_LENGTH, "header Content-Length is missing");
	if (request->length > most)
		return err_set(err, ERR_TOO_LARGE,
		    "the body has %lld bytes, allowed are %lld",
		    (long long)request->length, (long long)most);
	if (type_is_json(request->content_type))
		return 0;
	return err_set(err, HTTP_ERR_MEDIA_TYPE, "Content-Type must be " CONTENT_TYPE_JSON
	    " (or multipart/form-data with files, of prepare), not \"%s\"",
	    request->content_type);
}

int
body_check_end(const struct body *body, int64_t length, struct err *err)
{
	char beyond;

	if (length < body->request->length || FCGX_GetError(body->in) != 0)
		return err_set(err, ERR_REQUEST,
		    "the body is truncated: %lld of %lld bytes", (long long)length,
		    (long long)body->request->length);
	if (body_read_part(body, &beyond, sizeof(beyond)) != 0)
		return err_set(err, ERR_REQUEST,
		    "the body is longer than its Content-Length");
	if (FCGX_GetError(body->in) != 0)
		return err_set(err, ERR_REQUEST, "the request was aborted");
	return 0;
}

int
body_read(const struct body *body, char **ret_text, size_t *ret_length, struct err *err)
{
	size_t length, wanted, part;
	char *text;

	if (check_headers(body, err) == -1)
		return -1;
	wanted = (size_t)body->request->length;
	text = malloc(wanted + 1);
	if (text == NULL)
		log_out_of_memory();
	for (length = 0; length < wanted; length += part) {
		part = body_read_part(body, text + length, wanted - length);
		if (part == 0)
			break;
	}
	if (body_check_end(body, (int64_t)length, err) == -1) {
		free(text);
		return -1;
	}
	text[length] = '\0';
	*ret_text = text;
	*ret_length = length;
	return 0;
}

bool
body_drain(const struct body *body)
{
	char part[DRAIN_PART_BYTES];
	int64_t drained = 0, most = body->options->core.max_upload_bytes +
	    body->options->max_body_bytes + DRAIN_MORE_BYTES;
	size_t length;

	do {
		length = body_read_part(body, part, sizeof(part));
		drained += (int64_t)length;
	} while (length > 0 && drained < most);
	return length == 0 && FCGX_GetError(body->in) == 0;
}
