/*
 * exchange.c: streams of libfcgi that read from memory and write to it.
 */
#include "config.h"

#include "tests/fuzz/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcgiapp.h>

#include "core/base/json.h"
#include "fcgi/http/dispatch.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/stub.h"

#define PARAMETERS_MAX 16
#define PARAMETER_BYTES 512
#define PIECE_MAX_BYTES 2048
#define REPLY_PIECE_BYTES 1024
#define FCGI_TRUNCATED (-3)

/* The body as it arrives. */
struct source {
	const char *data;
	size_t size, at;
	uint32_t seed;
	bool aborted;
	unsigned char piece[PIECE_MAX_BYTES];
};

/* The reply as it leaves. */
struct sink {
	char *data;
	size_t length;
	unsigned char piece[REPLY_PIECE_BYTES];
};

static void
fill(FCGX_Stream *stream)
{
	struct source *source = stream->data;
	size_t length = fuzz_draw(&source->seed, sizeof(source->piece));

	if (length > source->size - source->at)
		length = source->size - source->at;
	memcpy(source->piece, source->data + source->at, length);
	source->at += length;
	stream->rdNext = source->piece;
	stream->stopUnget = source->piece;
	stream->stop = source->piece + length;
	if (length > 0)
		return;
	stream->isClosed = 1;
	if (source->aborted)
		stream->FCGI_errno = FCGI_TRUNCATED;
}

static void
empty(FCGX_Stream *stream, int close)
{
	struct sink *sink = stream->data;
	size_t length = (size_t)(stream->wrNext - sink->piece);

	sink->data = realloc(sink->data, sink->length + length + 1);
	fuzz_must(sink->data != NULL, "no memory");
	memcpy(sink->data + sink->length, sink->piece, length);
	sink->length += length;
	sink->data[sink->length] = '\0';
	stream->wrNext = sink->piece;
	if (close != 0)
		stream->isClosed = 1;
}

static FCGX_Stream
writer(struct sink *sink)
{
	return (FCGX_Stream){
		.wrNext = sink->piece, .stop = sink->piece + sizeof(sink->piece),
		.emptyBuffProc = empty, .data = sink
	};
}

/* The value of a header of the reply, or NULL. */
static const char *
header(const char *head, const char *name)
{
	const char *at = strstr(head, name);

	return at == NULL ? NULL : at + strlen(name);
}

static void
check_body(const char *head, const char *body, size_t length, int status)
{
	struct json_object *json = NULL;
	struct err err;

	fuzz_must(header(head, "\r\nContent-Type: application/json\r\n") != NULL,
	    "a reply that is not JSON");
	fuzz_must(json_parse(body, length, &json, &err) == 0, "a reply that is no JSON");
	fuzz_must(json_object_is_type(json, json_type_object), "a reply is no object");
	if (status >= 400)
		fuzz_must(json_member_string(json, "title") != NULL, "an error has no title");
	json_object_put(json);
}

static void
check_reply(const struct sink *sink, bool head_only)
{
	static const int known[] = {
		200, 304, 400, 404, 405, 409, 411, 413, 415, 422, 500, 503, 507
	};
	const char *body, *length;
	int status, i = 0;

	fuzz_must(sink->data != NULL && strlen(sink->data) == sink->length, "no reply");
	body = strstr(sink->data, "\r\n\r\n");
	fuzz_must(body != NULL, "a reply without an end of its headers");
	body += strlen("\r\n\r\n");
	fuzz_must(sscanf(sink->data, "Status: %d ", &status) == 1, "a reply has no status");
	while (known[i] != status)
		fuzz_must((size_t)++i < sizeof(known) / sizeof(known[0]), "an odd status");
	fuzz_must(header(sink->data, "\r\nRequest-Id: ") != NULL, "no Request-Id");
	/* Only where an action failed, or where nginx does not send what it must. */
	fuzz_must(status != 500 || stub_failed ||
	    strstr(body, "FastCGI parameter") != NULL || head_only, "an internal error");
	length = header(sink->data, "\r\nContent-Length: ");
	if (head_only || status == 304) {
		fuzz_must(*body == '\0', "a body where none may be");
		return;
	}
	fuzz_must(length != NULL && strtoul(length, NULL, 10) == strlen(body),
	    "a wrong Content-Length");
	check_body(sink->data, body, strlen(body), status);
}

/* Takes the lines before the body apart. Returns where the body begins. */
static const char *
read_head(const char *text, const char *end, char **ret_parameters,
    char texts[PARAMETERS_MAX][PARAMETER_BYTES])
{
	int count = 0;
	size_t length;
	const char *newline;
	char line[PARAMETER_BYTES], *space;

	for (;; text = newline + 1) {
		newline = memchr(text, '\n', (size_t)(end - text));
		length = (size_t)((newline == NULL ? end : newline) - text);
		if (length >= sizeof(line))
			length = sizeof(line) - 1;
		memcpy(line, text, length);
		line[length] = '\0';
		space = count == 0 ? strchr(line, ' ') : NULL;
		if (space != NULL) {
			*space = '\0';
			snprintf(texts[count], PARAMETER_BYTES, "REQUEST_METHOD=%.32s", line);
			snprintf(texts[count + 1], PARAMETER_BYTES, "DOCUMENT_URI=%.450s",
			    space + 1);
			count = 2;
		} else if (strchr(line, '=') != NULL && count < PARAMETERS_MAX) {
			snprintf(texts[count++], PARAMETER_BYTES, "%s", line);
		}
		if (newline == NULL || length == 0)
			break;
	}
	for (length = 0; length < (size_t)count; length++)
		ret_parameters[length] = texts[length];
	ret_parameters[count] = NULL;
	return newline == NULL ? end : newline + 1;
}

void
exchange(struct responder *responder, const char *text, size_t size)
{
	static char texts[PARAMETERS_MAX][PARAMETER_BYTES];
	char *parameters[PARAMETERS_MAX + 2], length[PARAMETER_BYTES];
	const char *body = read_head(text, text + size, parameters, texts);
	struct source source = {
		.data = body, .size = (size_t)(text + size - body),
		.seed = fuzz_seed((const uint8_t *)text, size),
		.aborted = FCGX_GetParam("ABORTED", parameters) != NULL
	};
	struct sink reply = { .data = NULL }, errors = { .data = NULL };
	FCGX_Stream in = {
		.isReader = 1, .rdNext = source.piece, .stop = source.piece,
		.stopUnget = source.piece, .fillBuffProc = fill, .data = &source
	};
	FCGX_Stream out = writer(&reply), err = writer(&errors);
	FCGX_Request fcgi = { .in = &in, .out = &out, .err = &err, .envp = parameters };
	char **last = parameters;
	const char *method;

	if (FCGX_GetParam("CONTENT_LENGTH", parameters) == NULL) {
		snprintf(length, sizeof(length), "CONTENT_LENGTH=%zu", source.size);
		while (*last != NULL)
			last++;
		*last++ = length;
		*last = NULL;
	}
	stub_failed = false;
	fuzz_must(dispatch(responder, &fcgi) == !source.aborted, "the body is not read");
	fuzz_must(source.at == source.size, "the body is not read to its end");
	method = FCGX_GetParam("REQUEST_METHOD", parameters);
	check_reply(&reply, method != NULL && strcmp(method, "HEAD") == 0);
	free(reply.data);
	free(errors.data);
}
