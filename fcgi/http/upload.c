/*
 * upload.c: joins the body of a request, the parser of multipart/form-data and the files that
 * come in. incoming.c writes them.
 */
#include "config.h"

#include "fcgi/http/upload.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/action/parameters.h"
#include "core/base/log.h"
#include "fcgi/http/http_err.h"
#include "fcgi/http/multipart.h"

#define UPLOAD_PART_BYTES 16384
/* What boundaries and headers of the parts may add to their data. */
#define UPLOAD_MORE_BYTES (INT64_C(2) * MULTIPART_PARTS_MAX * MULTIPART_HEADERS_MAX_BYTES)
#define JSON_FIRST_BYTES 4096

/* Where the data of the current part goes. */
enum target {
	TARGET_NOWHERE,
	TARGET_JSON,
	TARGET_FILE
};

struct upload {
	const struct body *body;
	struct incoming *incoming;
	enum target target;
	char *json;			/* NULL until there was a `request` */
	size_t length, size;		/* of json: used, allocated */
};

static int
begin_part(void *context, const struct multipart_part *part, struct err *err)
{
	const struct ak_parameter *parameter;
	struct upload *upload = context;

	upload->target = TARGET_NOWHERE;
	if (strcmp(part->name, UPLOAD_REQUEST) == 0) {
		if (upload->json != NULL)
			return err_set(err, ERR_REQUEST,
			    "there is a second part " UPLOAD_REQUEST);
		upload->size = JSON_FIRST_BYTES;
		upload->json = malloc(upload->size);
		if (upload->json == NULL)
			log_out_of_memory();
		upload->target = TARGET_JSON;
	} else if (part->filename != NULL) {
		upload->target = TARGET_FILE;
		return incoming_begin(upload->incoming, part->name, part->filename, err);
	} else {
		parameter = parameters_find(upload->incoming->parameters, part->name);
		if (parameter != NULL && parameter->type == AK_FILE)
			return err_set(err, ERR_REQUEST, "%s: the part has no file name, so "
			    "that it is no file", part->name);
	}
	return 0;
}

static int
add_json(struct upload *upload, const char *data, size_t length, struct err *err)
{
	int64_t most = upload->body->options->max_body_bytes;

	if ((int64_t)(upload->length + length) > most)
		return err_set(err, ERR_TOO_LARGE, "part " UPLOAD_REQUEST
		    ": it has more than %" PRId64 " bytes (--max-body)", most);
	/* And a NUL. */
	while (upload->length + length + 1 > upload->size)
		upload->size *= 2;
	upload->json = realloc(upload->json, upload->size);
	if (upload->json == NULL)
		log_out_of_memory();
	memcpy(upload->json + upload->length, data, length);
	upload->length += length;
	return 0;
}

static int
take_data(void *context, const char *data, size_t length, struct err *err)
{
	struct upload *upload = context;

	switch (upload->target) {
	case TARGET_JSON:
		return add_json(upload, data, length, err);
	case TARGET_FILE:
		return incoming_write(upload->incoming, data, length, err);
	case TARGET_NOWHERE:
		break;
	}
	return 0;
}

static int
end_part(void *context, struct err *err)
{
	struct upload *upload = context;

	return upload->target == TARGET_FILE ? incoming_end(upload->incoming, err) : 0;
}

static int
check_length(const struct body *body, struct err *err)
{
	const struct options *options = &body->options->core;
	int64_t most = options->max_upload_bytes + body->options->max_body_bytes +
	    UPLOAD_MORE_BYTES, length = body->request->length;

	if (length == REQUEST_LENGTH_UNKNOWN)
		return err_set(err, HTTP_ERR_LENGTH, "header Content-Length is missing");
	if (length > most)
		return err_set(err, ERR_TOO_LARGE, "the body has %" PRId64 " bytes, allowed "
		    "are %" PRId64 " (--max-upload, --max-body)", length, most);
	return incoming_check_space(options, length, err);
}

static int
feed(struct upload *upload, struct err *err)
{
	static const struct multipart_events events = { begin_part, take_data, end_part };
	const struct body *body = upload->body;
	struct multipart multipart;
	char part[UPLOAD_PART_BYTES];
	int64_t length = 0;
	size_t got;

	if (multipart_begin(&multipart, body->request->content_type, &events, upload,
	    err) == -1)
		return -1;
	while ((got = body_read_part(body, part, sizeof(part))) > 0) {
		length += (int64_t)got;
		if (multipart_feed(&multipart, part, got, err) == -1)
			return -1;
	}
	if (body_check_end(body, length, err) == -1)
		return -1;
	return multipart_end(&multipart, err);
}

int
upload_read(const struct body *body, struct incoming *incoming, char **ret_text,
    size_t *ret_length, struct err *err)
{
	struct upload upload = { .body = body, .incoming = incoming };
	int result = check_length(body, err);

	if (result == 0)
		result = feed(&upload, err);
	if (result == 0 && upload.json == NULL)
		result = err_set(err, ERR_REQUEST, "there is no part " UPLOAD_REQUEST);
	if (result == -1) {
		free(upload.json);
		return -1;
	}
	upload.json[upload.length] = '\0';
	*ret_text = upload.json;
	*ret_length = upload.length;
	return 0;
}
