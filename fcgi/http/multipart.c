/*
 * multipart.c: takes a body of multipart/form-data apart, piece by piece. It persists
 * nothing.
 *
 * A delimiter is CR LF -- boundary. Its only CR is its first byte, so that data that began
 * like one and went on differently can hide no other delimiter: it is handed out, and the
 * search goes on with the byte that differs.
 */
#include "config.h"

#include "fcgi/http/multipart.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fcgi/http/http_err.h"
#include "fcgi/http/mime.h"

#define TYPE "multipart/form-data"
#define NEWLINE "\r\n"

static int
hand_out(struct multipart *multipart, const char *data, size_t length, struct err *err)
{
	if (!multipart->in_part || length == 0)
		return 0;
	return multipart->events->part_data(multipart->context, data, length, err);
}

/* What began like a delimiter is content. */
static int
hand_out_matched(struct multipart *multipart, struct err *err)
{
	size_t implied = multipart->implied, matched = multipart->matched;

	multipart->matched = 0;
	multipart->implied = 0;
	return hand_out(multipart, multipart->delimiter + implied, matched - implied, err);
}

/* The empty line before it may be the line end of the next delimiter: no content then. */
static void
begin_content(struct multipart *multipart)
{
	multipart->state = MULTIPART_CONTENT;
	multipart->matched = strlen(NEWLINE);
	multipart->implied = strlen(NEWLINE);
}

static int
end_part(struct multipart *multipart, struct err *err)
{
	if (!multipart->in_part)
		return 0;
	multipart->in_part = false;
	return multipart->events->part_end(multipart->context, err);
}

static int
begin_part(struct multipart *multipart, struct err *err)
{
	if (!multipart->head.disposed)
		return multipart_fault(multipart->parts, err,
		    "header Content-Disposition is missing");
	begin_content(multipart);
	multipart->in_part = true;
	return multipart->events->part_begin(multipart->context, &multipart->head.part, err);
}

static int
begin_headers(struct multipart *multipart, struct err *err)
{
	if (multipart->parts == MULTIPART_PARTS_MAX)
		return err_set(err, ERR_REQUEST, "more than %d parts",
		    MULTIPART_PARTS_MAX);
	multipart->state = MULTIPART_HEADERS;
	multipart->parts++;
	multipart->headers_length = 0;
	multipart->line = 0;
	multipart->head = (struct multipart_head){
		.part = { .number = multipart->parts, .content_type = "" }
	};
	return 0;
}

/* The functions below take from at what they understand, and return what is left, or NULL. */

static const char *
feed_headers(struct multipart *multipart, const char *at, const char *end,
    struct err *err)
{
	const char *newline = memchr(at, '\n', (size_t)(end - at));
	const char *next = newline == NULL ? end : newline + 1;
	size_t length = (size_t)(next - at);
	char *line;
	int taken;

	if (length > sizeof(multipart->headers) - multipart->headers_length) {
		err_set(err, ERR_REQUEST, "part %d: more than %d bytes of headers",
		    multipart->parts, MULTIPART_HEADERS_MAX_BYTES);
		return NULL;
	}
	memcpy(multipart->headers + multipart->headers_length, at, length);
	multipart->headers_length += length;
	if (newline == NULL)
		return next;

	line = multipart->headers + multipart->line;
	length = multipart->headers_length - multipart->line;
	multipart->line = multipart->headers_length;
	if (length < strlen(NEWLINE) || line[length - strlen(NEWLINE)] != '\r') {
		multipart_fault(multipart->parts, err, "a header does not end with CR LF");
		return NULL;
	}
	length -= strlen(NEWLINE);
	line[length] = '\0';
	if (length == 0)
		taken = begin_part(multipart, err);
	else
		taken = multipart_take_header(&multipart->head, line, length, err);
	return taken == -1 ? NULL : next;
}

/* Where the text ends like the delimiter begins; its end if it does not. */
static const char *
find_begun(const struct multipart *multipart, const char *at, const char *end)
{
	size_t last = multipart->delimiter_length - 1;
	const char *found;

	if ((size_t)(end - at) > last)
		at = end - last;
	found = memrchr(at, '\r', (size_t)(end - at));
	if (found == NULL ||
	    memcmp(found, multipart->delimiter, (size_t)(end - found)) != 0)
		return end;
	return found;
}

static const char *
feed_content(struct multipart *multipart, const char *at, const char *end,
    struct err *err)
{
	const char *delimiter = multipart->delimiter, *found;
	size_t length = multipart->delimiter_length, there;

	if (multipart->matched > 0) {
		while (at < end && multipart->matched < length &&
		    *at == delimiter[multipart->matched]) {
			multipart->matched++;
			at++;
		}
		if (multipart->matched == length)
			multipart->state = MULTIPART_DELIMITER;
		else if (at < end && hand_out_matched(multipart, err) == -1)
			return NULL;
		if (multipart->matched > 0)
			return at;
	}
	found = memmem(at, (size_t)(end - at), delimiter, length);
	if (found == NULL)
		found = find_begun(multipart, at, end);
	if (hand_out(multipart, at, (size_t)(found - at), err) == -1)
		return NULL;
	there = (size_t)(end - found);
	if (there >= length) {
		there = length;
		multipart->state = MULTIPART_DELIMITER;
	}
	multipart->matched = there;
	return found + there;
}

/* A boundary that goes on is none: "--boundary2" is content beside "--boundary". */
static const char *
feed_delimiter(struct multipart *multipart, const char *at, struct err *err)
{
	if (*at == '-') {
		multipart->state = MULTIPART_DASH;
		multipart->matched++;
		return at + 1;
	}
	if (*at == '\r' || multipart_is_blank(*at)) {
		multipart->state = MULTIPART_PADDING;
		return end_part(multipart, err) == -1 ? NULL : at;
	}
	multipart->state = MULTIPART_CONTENT;
	return hand_out_matched(multipart, err) == -1 ? NULL : at;
}

static const char *
feed_dash(struct multipart *multipart, const char *at, struct err *err)
{
	if (*at == '-') {
		multipart->state = MULTIPART_LAST;
		return end_part(multipart, err) == -1 ? NULL : at + 1;
	}
	multipart->state = MULTIPART_CONTENT;
	return hand_out_matched(multipart, err) == -1 ? NULL : at;
}

static const char *
feed_padding(struct multipart *multipart, const char *at, struct err *err)
{
	bool newline = multipart->state == MULTIPART_NEWLINE;

	if (newline && *at == '\n')
		return begin_headers(multipart, err) == -1 ? NULL : at + 1;
	if (!newline && *at == '\r') {
		multipart->state = MULTIPART_NEWLINE;
		return at + 1;
	}
	if (!newline && multipart_is_blank(*at))
		return at + 1;
	err_set(err, ERR_REQUEST, "the boundary before part %d is not alone on its line",
	    multipart->parts + 1);
	return NULL;
}

/* Text at once behind the last delimiter may be data of a part, and would be lost. */
static const char *
feed_last(struct multipart *multipart, const char *at, struct err *err)
{
	if (*at == '\r' || *at == '\n' || multipart_is_blank(*at)) {
		multipart->state = MULTIPART_EPILOGUE;
		return at + 1;
	}
	err_set(err, ERR_REQUEST, "the last boundary, after part %d, goes on with other text",
	    multipart->parts);
	return NULL;
}

int
multipart_feed(struct multipart *multipart, const char *data, size_t length,
    struct err *err)
{
	const char *at = data, *end = data + length;

	while (at != NULL && at < end)
		switch (multipart->state) {
		case MULTIPART_CONTENT:
			at = feed_content(multipart, at, end, err);
			break;
		case MULTIPART_DELIMITER:
			at = feed_delimiter(multipart, at, err);
			break;
		case MULTIPART_DASH:
			at = feed_dash(multipart, at, err);
			break;
		case MULTIPART_PADDING:
		case MULTIPART_NEWLINE:
			at = feed_padding(multipart, at, err);
			break;
		case MULTIPART_HEADERS:
			at = feed_headers(multipart, at, end, err);
			break;
		case MULTIPART_LAST:
			at = feed_last(multipart, at, err);
			break;
		case MULTIPART_EPILOGUE:
			return 0;
		}
	return at == NULL ? -1 : 0;
}

int
multipart_end(struct multipart *multipart, struct err *err)
{
	switch (multipart->state) {
	case MULTIPART_LAST:
	case MULTIPART_EPILOGUE:
		return 0;
	case MULTIPART_HEADERS:
		return err_set(err, ERR_REQUEST, "the body ends inside the headers of part %d",
		    multipart->parts);
	case MULTIPART_CONTENT:
	case MULTIPART_DELIMITER:
	case MULTIPART_DASH:
	case MULTIPART_PADDING:
	case MULTIPART_NEWLINE:
		break;
	}
	if (multipart->in_part)
		return err_set(err, ERR_REQUEST, "the body ends inside part %d",
		    multipart->parts);
	if (multipart->parts == 0 && multipart->state == MULTIPART_CONTENT)
		return err_set(err, ERR_REQUEST,
		    "the boundary that Content-Type names is not in the body");
	return err_set(err, ERR_REQUEST, "the body ends before part %d",
	    multipart->parts + 1);
}

bool
multipart_is_type(const char *content_type)
{
	return mime_is(content_type, TYPE);
}

static int
set_boundary(struct multipart *multipart, const char *boundary, struct err *err)
{
	size_t length = strlen(boundary), i;

	if (length < 1 || length > MULTIPART_BOUNDARY_MAX_BYTES)
		return err_set(err, HTTP_ERR_MEDIA_TYPE,
		    "Content-Type: boundary must have 1 to %d characters",
		    MULTIPART_BOUNDARY_MAX_BYTES);
	for (i = 0; i < length; i++)
		if (!isascii(boundary[i]) || (!isalnum((unsigned char)boundary[i]) &&
		    strchr("'()+_,-./:=? ", boundary[i]) == NULL))
			return err_set(err, HTTP_ERR_MEDIA_TYPE,
			    "Content-Type: boundary has a character that is not allowed");
	if (boundary[length - 1] == ' ')
		return err_set(err, HTTP_ERR_MEDIA_TYPE,
		    "Content-Type: boundary must not end with a space");
	multipart->delimiter_length = (size_t)snprintf(multipart->delimiter,
	    sizeof(multipart->delimiter), NEWLINE "--%s", boundary);
	multipart->delimiter[multipart->delimiter_length] = '-';
	return 0;
}

int
multipart_begin(struct multipart *ret_multipart, const char *content_type,
    const struct multipart_events *events, void *context, struct err *err)
{
	char text[MULTIPART_HEADERS_MAX_BYTES], *at;
	const char *boundary = NULL, *name, *value;
	int more;

	if (!multipart_is_type(content_type))
		return err_set(err, HTTP_ERR_MEDIA_TYPE, "Content-Type must be " TYPE
		    ", not \"%s\"", content_type);
	if (strlen(content_type) >= sizeof(text))
		return err_set(err, HTTP_ERR_MEDIA_TYPE, "Content-Type has more than %zu bytes",
		    sizeof(text) - 1);
	strcpy(text, content_type);
	at = mime_parameters(text);
	while ((more = mime_next(&at, &name, &value, err)) == 1) {
		if (strcasecmp(name, "boundary") != 0)
			continue;
		if (boundary != NULL)
			return err_set(err, HTTP_ERR_MEDIA_TYPE,
			    "Content-Type: boundary is there twice");
		boundary = value;
	}
	if (more == -1) {
		err->code = HTTP_ERR_MEDIA_TYPE;
		return err_wrap(err, "Content-Type");
	}
	if (boundary == NULL)
		return err_set(err, HTTP_ERR_MEDIA_TYPE, "Content-Type: boundary is missing");
	*ret_multipart = (struct multipart){ .events = events, .context = context };
	begin_content(ret_multipart);
	return set_boundary(ret_multipart, boundary, err);
}
