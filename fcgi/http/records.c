/*
 * records.c: reads a request from the records of FastCGI 1.0, whatever is sent. Persists
 * nothing.
 */
#include "config.h"

#include "fcgi/http/records.h"

#include <stdlib.h>
#include <string.h>

#include <fastcgi.h>

#include "core/base/log.h"

/* A length of a name or value that has this bit is of four bytes. */
#define LENGTH_IS_LONG 0x80u
#define LENGTH_LONG_BYTES 4

/* The only type of records that may come in a place. */
static const uint8_t due[] = {
	[RECORDS_BEGIN] = FCGI_BEGIN_REQUEST,
	[RECORDS_PARAMETERS] = FCGI_PARAMS,
	[RECORDS_BODY] = FCGI_STDIN
};

void
records_init(struct records *records,
    ssize_t (*more)(void *context, unsigned char *ret_bytes, size_t size, struct err *err),
    void *context)
{
	*records = (struct records){
		.more = more, .context = context,
		.buffer = malloc(RECORDS_BUFFER_BYTES),
		.texts = malloc(RECORDS_PARAMETERS_MAX_BYTES),
		/* Each takes two bytes of length. */
		.parameters = calloc(RECORDS_PARAMETERS_MAX_BYTES / 2 + 1, sizeof(char *))
	};
	if (records->buffer == NULL || records->texts == NULL || records->parameters == NULL)
		log_out_of_memory();
}

void
records_done(struct records *records)
{
	free(records->buffer);
	free(records->texts);
	free(records->parameters);
}

void
records_reset(struct records *records)
{
	records->place = RECORDS_BEGIN;
	records->content = records->padding = 0;
	records->at = records->end = 0;
}

/* Has at least a byte in the buffer. 0; 1 if there are none any more; or -1. */
static int
fill(struct records *records, struct err *err)
{
	ssize_t length;

	if (records->at < records->end)
		return 0;
	records->at = records->end = 0;
	length = records->more(records->context, records->buffer, RECORDS_BUFFER_BYTES, err);
	if (length == -1)
		return -1;
	records->end = (size_t)length;
	return length == 0;
}

static int
cut_off(struct err *err)
{
	return err_set(err, ERR_REQUEST, "the connection ended within a request");
}

/* The next bytes that are there, at most size; NULL and err at the end of the connection. */
static unsigned char *
take_some(struct records *records, size_t size, size_t *ret_length, struct err *err)
{
	unsigned char *bytes;
	int filled = fill(records, err);

	if (filled == 1)
		cut_off(err);
	if (filled != 0)
		return NULL;
	*ret_length = records->end - records->at;
	if (*ret_length > size)
		*ret_length = size;
	bytes = records->buffer + records->at;
	records->at += *ret_length;
	return bytes;
}

/* So many bytes; NULL for ret_bytes: they are of no interest. */
static int
take(struct records *records, void *ret_bytes, size_t size, struct err *err)
{
	const unsigned char *bytes;
	unsigned char *to = ret_bytes;
	size_t length;

	for (; size > 0; size -= length) {
		bytes = take_some(records, size, &length, err);
		if (bytes == NULL)
			return -1;
		if (to != NULL)
			to = (unsigned char *)memcpy(to, bytes, length) + length;
	}
	return 0;
}

/* What is behind a record's content. */
static int
take_padding(struct records *records, struct err *err)
{
	size_t padding = records->padding;

	records->padding = 0;
	return take(records, NULL, padding, err);
}

/* Reads the next record up to its content: it must be of the type that is due. */
static int
read_header(struct records *records, struct err *err)
{
	FCGI_Header header;
	unsigned int id;

	if (take_padding(records, err) == -1 ||
	    take(records, &header, sizeof(header), err) == -1)
		return -1;
	if (header.version != FCGI_VERSION_1)
		return err_set(err, ERR_REQUEST, "version %d of FastCGI", header.version);
	if (header.type == FCGI_ABORT_REQUEST && records->place != RECORDS_BEGIN)
		return err_set(err, ERR_REQUEST, "the web server gave the request up");
	if (header.type != due[records->place])
		return err_set(err, ERR_REQUEST, "a record of type %d where %d is due",
		    header.type, due[records->place]);
	id = (unsigned int)header.requestIdB1 << 8 | header.requestIdB0;
	if (records->place == RECORDS_BEGIN)
		records->id = (uint16_t)id;
	if (id == FCGI_NULL_REQUEST_ID || id != records->id)
		return err_set(err, ERR_REQUEST, "a record of request %u", id);
	records->content = (size_t)header.contentLengthB1 << 8 | header.contentLengthB0;
	records->padding = header.paddingLength;
	return 0;
}

/*
 * The next part of a stream of records, at most size. Returns its length, 0 at the end of the
 * stream, or -1.
 */
static ssize_t
read_stream(struct records *records, unsigned char **ret_part, struct err *err)
{
	size_t length;

	if (records->content == 0) {
		if (read_header(records, err) == -1)
			return -1;
		if (records->content == 0)
			return take_padding(records, err);
	}
	*ret_part = take_some(records, records->content, &length, err);
	if (*ret_part == NULL)
		return -1;
	records->content -= length;
	return (ssize_t)length;
}

static int
read_begin(struct records *records, struct err *err)
{
	FCGI_BeginRequestBody body;
	unsigned int role;

	if (read_header(records, err) == -1)
		return -1;
	if (records->content != sizeof(body))
		return err_set(err, ERR_REQUEST, "BEGIN_REQUEST of %zu bytes",
		    records->content);
	records->content = 0;
	if (take(records, &body, sizeof(body), err) == -1)
		return -1;
	role = (unsigned int)body.roleB1 << 8 | body.roleB0;
	if (role != FCGI_RESPONDER)
		return err_set(err, ERR_REQUEST, "role %u", role);
	records->keep = (body.flags & FCGI_KEEP_CONN) != 0;
	return 0;
}

/* A length at *at, which moves behind it; -1 if it is not all there. */
static int
read_length(const unsigned char **at, const unsigned char *end, size_t *ret_length)
{
	const unsigned char *from = *at;

	if (from == end)
		return -1;
	if ((*from & LENGTH_IS_LONG) == 0) {
		*ret_length = *from;
		*at = from + 1;
		return 0;
	}
	if (end - from < LENGTH_LONG_BYTES)
		return -1;
	*ret_length = (size_t)(from[0] & ~LENGTH_IS_LONG) << 24 | (size_t)from[1] << 16 |
	    (size_t)from[2] << 8 | from[3];
	*at = from + LENGTH_LONG_BYTES;
	return 0;
}

/*
 * Makes "NAME=value" of each parameter, in their place: '=' and the NUL take no more than the two
 * lengths did.
 */
static int
split_parameters(struct records *records, size_t size, struct err *err)
{
	const unsigned char *from = (const unsigned char *)records->texts;
	const unsigned char *end = from + size;
	char *to = records->texts;
	size_t count = 0, name, value;

	while (from < end) {
		if (read_length(&from, end, &name) == -1 ||
		    read_length(&from, end, &value) == -1 ||
		    name > (size_t)(end - from) || value > (size_t)(end - from) - name)
			return err_set(err, ERR_REQUEST,
			    "a parameter is longer than what was sent");
		if (memchr(from, '\0', name + value) != NULL)
			return err_set(err, ERR_REQUEST, "a parameter has a NUL in it");
		records->parameters[count++] = to;
		to = (char *)memmove(to, from, name) + name;
		*to++ = '=';
		to = (char *)memmove(to, from + name, value) + value;
		*to++ = '\0';
		from += name + value;
	}
	records->parameters[count] = NULL;
	return 0;
}

static int
read_parameters(struct records *records, struct err *err)
{
	unsigned char *part = NULL;
	size_t size = 0;
	ssize_t length;

	while ((length = read_stream(records, &part, err)) > 0) {
		if ((size_t)length > RECORDS_PARAMETERS_MAX_BYTES - size)
			return err_set(err, ERR_REQUEST,
			    "the parameters have more than %d bytes",
			    RECORDS_PARAMETERS_MAX_BYTES);
		memcpy(records->texts + size, part, (size_t)length);
		size += (size_t)length;
	}
	return length == -1 ? -1 : split_parameters(records, size, err);
}

int
records_read_head(struct records *records, struct err *err)
{
	int filled;

	records->place = RECORDS_BEGIN;
	filled = fill(records, err);
	if (filled != 0)
		return filled;
	if (read_begin(records, err) == -1)
		return -1;
	records->place = RECORDS_PARAMETERS;
	if (read_parameters(records, err) == -1)
		return -1;
	records->place = RECORDS_BODY;
	return 0;
}

ssize_t
records_read_body(struct records *records, unsigned char **ret_part, struct err *err)
{
	ssize_t length;

	if (records->place == RECORDS_OVER)
		return 0;
	length = read_stream(records, ret_part, err);
	if (length == 0)
		records->place = RECORDS_OVER;
	return length;
}

bool
records_are_over(const struct records *records)
{
	return records->place == RECORDS_OVER && records->at == records->end;
}
