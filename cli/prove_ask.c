/*
 * prove_ask.c: the few records of FastCGI that a request takes.
 */
#include "config.h"

#include "cli/prove_ask.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fastcgi.h>

#include "core/base/log.h"
#include "core/base/uuid_text.h"

#define REQUEST 1			/* its number on the connection */
#define RECORD_MAX_BYTES 65528		/* whole words of 8: no padding is needed */
#define NUMBER_BYTES 32

struct bytes {
	char *data;			/* owned, ends in a NUL */
	size_t length;
};

static void
add(struct bytes *bytes, const void *data, size_t length)
{
	char *grown = realloc(bytes->data, bytes->length + length + 1);

	if (grown == NULL)
		log_out_of_memory();
	bytes->data = grown;
	if (length > 0)
		memcpy(grown + bytes->length, data, length);
	bytes->length += length;
	grown[bytes->length] = '\0';
}

/* A length of a name or a value. */
static void
add_length(struct bytes *bytes, size_t length)
{
	unsigned char four[] = {
		(unsigned char)(length >> 24 | 0x80), (unsigned char)(length >> 16),
		(unsigned char)(length >> 8), (unsigned char)length
	};

	if (length < 0x80)
		add(bytes, &four[3], 1);
	else
		add(bytes, four, sizeof(four));
}

static void
add_parameter(struct bytes *bytes, const char *name, const char *value)
{
	add_length(bytes, strlen(name));
	add_length(bytes, strlen(value));
	add(bytes, name, strlen(name));
	add(bytes, value, strlen(value));
}

static void
add_record(struct bytes *bytes, unsigned char type, const void *data, size_t length)
{
	FCGI_Header header = {
		.version = FCGI_VERSION_1, .type = type, .requestIdB0 = REQUEST,
		.contentLengthB1 = (unsigned char)(length >> 8),
		.contentLengthB0 = (unsigned char)length
	};

	add(bytes, &header, sizeof(header));
	add(bytes, data, length);
}

/* A stream ends with an empty record. */
static void
add_stream(struct bytes *bytes, unsigned char type, const char *data, size_t length)
{
	size_t piece;

	for (; length > 0; data += piece, length -= piece) {
		piece = length < RECORD_MAX_BYTES ? length : RECORD_MAX_BYTES;
		add_record(bytes, type, data, piece);
	}
	add_record(bytes, type, NULL, 0);
}

static struct bytes
new_request(const char *method, const char *path, struct json_object *body)
{
	FCGI_BeginRequestBody begin = { .roleB0 = FCGI_RESPONDER };
	struct bytes request = { .data = NULL }, parameters = { .data = NULL };
	char number[NUMBER_BYTES], id[UUID_TEXT_BYTES];
	size_t length = 0;
	const char *text = body == NULL ? "" : json_text(body, &length);

	uuid_text_random(id);
	snprintf(number, sizeof(number), "%zu", length);
	add_parameter(&parameters, "REQUEST_METHOD", method);
	add_parameter(&parameters, "DOCUMENT_URI", path);
	add_parameter(&parameters, "CONTENT_LENGTH", number);
	add_parameter(&parameters, "CONTENT_TYPE", "application/json");
	add_parameter(&parameters, "REQUEST_ID", id);
	add_record(&request, FCGI_BEGIN_REQUEST, &begin, sizeof(begin));
	add_stream(&request, FCGI_PARAMS, parameters.data, parameters.length);
	add_stream(&request, FCGI_STDIN, text, length);
	free(parameters.data);
	return request;
}

static int
reach(const char *path, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return err_sys(err, ERR_INTERNAL, "socket");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	err_sys(err, ERR_INTERNAL, "%s", path);
	close(fd);
	return -1;
}

static bool
send_all(int fd, const char *data, size_t length)
{
	ssize_t sent;

	for (; length > 0; data += sent, length -= (size_t)sent) {
		sent = send(fd, data, length, MSG_NOSIGNAL);
		if (sent == -1 && errno == EINTR)
			sent = 0;
		else if (sent == -1)
			return false;
	}
	return true;
}

static bool
receive(int fd, void *data, size_t length)
{
	char *at = data;
	ssize_t got;

	for (; length > 0; at += got, length -= (size_t)got) {
		got = recv(fd, at, length, 0);
		if (got == -1 && errno == EINTR)
			got = 0;
		else if (got <= 0)
			return false;
	}
	return true;
}

/* What the request printed, up to its end; false: that did not come. */
static bool
read_output(int fd, struct bytes *output)
{
	unsigned char content[UINT16_MAX + UINT8_MAX];
	FCGI_Header header;
	size_t length;

	while (receive(fd, &header, sizeof(header))) {
		length = (size_t)header.contentLengthB1 << 8 | header.contentLengthB0;
		if (!receive(fd, content, length + header.paddingLength))
			return false;
		if (header.type == FCGI_END_REQUEST)
			return true;
		if (header.type == FCGI_STDOUT)
			add(output, content, length);
	}
	return false;
}

static void
read_reply(const struct bytes *output, struct ask_reply *reply)
{
	const char *body = output->data == NULL ? NULL : strstr(output->data, "\r\n\r\n");
	struct err unused;

	if (body == NULL || sscanf(output->data, "Status: %d", &reply->status) != 1)
		return;
	body += strlen("\r\n\r\n");
	if (json_parse(body, strlen(body), &reply->body, &unused) == -1)
		reply->body = NULL;
}

int
ask(const char *socket_path, const char *method, const char *path, struct json_object *body,
    struct ask_reply *ret_reply, struct err *err)
{
	struct bytes request, output = { .data = NULL };
	int fd = reach(socket_path, err);

	if (fd == -1)
		return -1;
	*ret_reply = (struct ask_reply){ .status = 0 };
	request = new_request(method, path, body);
	/* Who refuses a body may answer before it has read it. */
	(void)send_all(fd, request.data, request.length);
	if (read_output(fd, &output))
		read_reply(&output, ret_reply);
	free(request.data);
	free(output.data);
	close(fd);
	return 0;
}

void
ask_reply_done(struct ask_reply *reply)
{
	json_object_put(reply->body);
	reply->body = NULL;
}
