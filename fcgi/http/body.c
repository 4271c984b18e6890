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

#define CONTENT_TYPE_JSON "application/json"
#define DRAIN_PART_BYTES 8192
/* Beyond this, and what may be uploaded, the connection is closed on the client instead. */
#define DRAIN_MORE_BYTES (INT64_C(64) * 1024 * 1024)

size_t
body_read_part(const struct options *options, FCGX_Stream *in, struct scoreboard_slot *slot,
    char *ret_part, size_t size)
{
	int first, rest;
	size_t there;

	scoreboard_extend(slot, clock_boot_ms() + options->body_timeout_ms);
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
check_headers(const struct request *request, const struct options *options,
    struct err *err)
{
	if (request->length == REQUEST_LENGTH_UNKNOWN)
		return err_set(err, ERR_LENGTH, "header Content-Length is missing");
	if (request->length > options->max_body_bytes)
		return err_set(err, ERR_TOO_LARGE,
		    "the body has %lld bytes, allowed are %lld",
		    (long long)request->length, (long long)options->max_body_bytes);
	if (type_is_json(request->content_type))
		return 0;
	return err_set(err, ERR_MEDIA_TYPE, "Content-Type must be " CONTENT_TYPE_JSON
	    " (or multipart/form-data with files, of prepare), not \"%s\"",
	    request->content_type);
}

int
body_check_end(const struct request *request, const struct options *options,
    FCGX_Stream *in, struct scoreboard_slot *slot, int64_t length, struct err *err)
{
	char beyond;

	if (length < request->length || FCGX_GetError(in) != 0)
		return err_set(err, ERR_REQUEST,
		    "the body is truncated: %lld of %lld bytes", (long long)length,
		    (long long)request->length);
	if (body_read_part(options, in, slot, &beyond, sizeof(beyond)) != 0)
		return err_set(err, ERR_REQUEST,
		    "the body is longer than its Content-Length");
	if (FCGX_GetError(in) != 0)
		return err_set(err, ERR_REQUEST, "the request was aborted");
	return 0;
}

int
body_read(const struct request *request, const struct options *options,
    FCGX_Stream *in, struct scoreboard_slot *slot, char **ret_body, size_t *ret_length,
    struct err *err)
{
	size_t length, wanted, part;
	char *body;

	if (check_headers(request, options, err) == -1)
		return -1;
	wanted = (size_t)request->length;
	body = malloc(wanted + 1);
	if (body == NULL)
		log_out_of_memory();
	for (length = 0; length < wanted; length += part) {
		part = body_read_part(options, in, slot, body + length, wanted - length);
		if (part == 0)
			break;
	}
	if (body_check_end(request, options, in, slot, (int64_t)length, err) == -1) {
		free(body);
		return -1;
	}
	body[length] = '\0';
	*ret_body = body;
	*ret_length = length;
	return 0;
}

bool
body_drain(const struct options *options, FCGX_Stream *in, struct scoreboard_slot *slot)
{
	char part[DRAIN_PART_BYTES];
	int64_t drained = 0, most = options->max_upload_bytes + options->max_body_bytes +
	    DRAIN_MORE_BYTES;
	size_t length;

	do {
		length = body_read_part(options, in, slot, part, sizeof(part));
		drained += (int64_t)length;
	} while (length > 0 && drained < most);
	return length == 0 && FCGX_GetError(in) == 0;
}
