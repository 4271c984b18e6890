/*
 * connection.c: accepts a web server's connection, reads requests from it and writes replies,
 * with a limit to each wait. Persists nothing.
 */
#include "config.h"

#include "fcgi/http/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <fastcgi.h>

#include "core/base/clock.h"
#include "core/base/descriptors.h"
#include "core/base/log.h"

/* How often somebody who is waited for is compared with those who wait. */
#define TICK_MS 10
/*
 * What others have to bear with, of one who sends or takes nothing. A web server sends the head of
 * a request at once; a body, it may have to read from a disk; and what it was sent, it may have to
 * write there. The time for the bodies grows with what comes.
 */
#define HEAD_PATIENCE_MS 20
#define BODY_PATIENCE_MS 100
#define REPLY_PATIENCE_MS 2000
#define PATIENCE_BYTES_PER_MS 1024

/* Where the content of a reply's record is; and what the last one of them is followed by. */
#define CONTENT_AT FCGI_HEADER_LEN
#define TRAILER_BYTES (FCGI_HEADER_LEN + sizeof(FCGI_EndRequestRecord))
#define CONTENT_MAX_BYTES (CONNECTION_REPLY_BYTES - CONTENT_AT - TRAILER_BYTES)

_Static_assert(CONTENT_MAX_BYTES <= FCGI_MAX_LENGTH, "the length of a record has 16 bits");

bool
connection_others_wait(const struct connection *connection)
{
	struct pollfd waiting = { .fd = connection->listener, .events = POLLIN };

	return poll(&waiting, 1, 0) == 1;
}

/* What others have to bear with. */
static int64_t
patience_ms(const struct connection *connection, short events)
{
	int64_t begun_ms = connection->moved_bytes / PATIENCE_BYTES_PER_MS;

	if (events == POLLOUT)
		return REPLY_PATIENCE_MS + begun_ms;
	return begun_ms + (connection->records.place < RECORDS_BODY ?
	    HEAD_PATIENCE_MS : BODY_PATIENCE_MS);
}

/* Whether to wait on, in a pause that has lasted for pause_ms. If not, err says why. */
static bool
is_worth_it(const struct connection *connection, short events, int64_t pause_ms,
    struct err *err)
{
	int64_t waited_ms = connection->waited_ms + pause_ms;

	if (pause_ms >= connection->options->body_timeout_ms)
		err_set(err, ERR_BUSY, "nothing for %lld ms (--body-timeout)",
		    (long long)pause_ms);
	else if (waited_ms >= connection->options->request_timeout_ms)
		err_set(err, ERR_BUSY, "it takes more than %lld ms (--request-timeout)",
		    (long long)waited_ms);
	else if (waited_ms >= patience_ms(connection, events) &&
	    connection_others_wait(connection))
		err_set(err, ERR_BUSY, "others wait, and it takes %lld ms",
		    (long long)waited_ms);
	else
		return true;
	return false;
}

/*
 * Waits until the other end has sent or taken something; -1 and err if it takes too long. A wait
 * counts as a millisecond at least: else one byte after the other would take no time.
 */
static int
await(struct connection *connection, short events, struct err *err)
{
	struct pollfd polled = { .fd = connection->fcgi.ipcFd, .events = events };
	int64_t began_ms = clock_boot_ms(), pause_ms = 0;
	int ready = 0;

	while (ready <= 0) {
		if (!is_worth_it(connection, events, pause_ms, err))
			return -1;
		scoreboard_extend(connection->slot,
		    began_ms + connection->options->body_timeout_ms);
		ready = poll(&polled, 1, TICK_MS);
		pause_ms = clock_boot_ms() - began_ms;
	}
	connection->waited_ms += pause_ms + 1;
	return 0;
}

/* Of a call that moves bytes: whether it is to be repeated after a wait; if not, -1 and err. */
static int
wait_again(struct connection *connection, short events, struct err *err)
{
	if (errno == EAGAIN || errno == EINTR)
		return await(connection, events, err);
	return err_sys(err, ERR_BUSY, "connection");
}

/* For records.c. */
static ssize_t
read_more(void *context, unsigned char *ret_bytes, size_t size, struct err *err)
{
	struct connection *connection = context;
	ssize_t length;

	while ((length = recv(connection->fcgi.ipcFd, ret_bytes, size, MSG_DONTWAIT)) == -1)
		if (wait_again(connection, POLLIN, err) == -1)
			return -1;
	connection->moved_bytes += length;
	return length;
}

static int
send_all(struct connection *connection, const unsigned char *bytes, size_t size,
    struct err *err)
{
	ssize_t length;

	while (size > 0) {
		length = send(connection->fcgi.ipcFd, bytes, size,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (length == -1) {
			if (wait_again(connection, POLLOUT, err) == -1)
				return -1;
			continue;
		}
		connection->moved_bytes += length;
		bytes += length;
		size -= (size_t)length;
	}
	return 0;
}

/* Of a stream that is at its end, or broken. */
static void
end_stream(FCGX_Stream *stream, int fault)
{
	stream->isClosed = 1;
	if (stream->FCGI_errno == 0)
		stream->FCGI_errno = fault;
}

/* The body: libfcgi reads it where records.c has it. */
static void
fill_in(FCGX_Stream *in)
{
	struct connection *connection = in->data;
	unsigned char *part = in->rdNext;
	ssize_t length = -1;

	if (connection->err.code == 0)
		length = records_read_body(&connection->records, &part, &connection->err);
	if (length <= 0) {
		end_stream(in, length == 0 ? 0 : FCGX_PROTOCOL_ERROR);
		return;
	}
	in->rdNext = in->stopUnget = part;
	in->stop = part + length;
}

static FCGI_Header
header(const struct connection *connection, unsigned char type, size_t length)
{
	uint16_t id = connection->records.id;

	return (FCGI_Header){
		.version = FCGI_VERSION_1, .type = type,
		.requestIdB1 = (unsigned char)(id >> 8),
		.requestIdB0 = (unsigned char)(id & 0xff),
		.contentLengthB1 = (unsigned char)(length >> 8),
		.contentLengthB0 = (unsigned char)(length & 0xff)
	};
}

/*
 * The reply: sends what libfcgi has put into the buffer, behind the room for a header. Who has not
 * sent his request as it should be is not answered.
 */
static void
empty_out(FCGX_Stream *out, int close)
{
	struct connection *connection = out->data;
	unsigned char *content = connection->reply + CONTENT_AT, *end = out->wrNext;
	const unsigned char *begin = content;
	size_t length = (size_t)(end - content);
	FCGI_Header mark;
	FCGI_EndRequestRecord last = { .body = { .protocolStatus = FCGI_REQUEST_COMPLETE } };

	if (length > 0) {
		mark = header(connection, FCGI_STDOUT, length);
		begin = memcpy(connection->reply, &mark, sizeof(mark));
	}
	if (close != 0) {
		mark = header(connection, FCGI_STDOUT, 0);
		last.header = header(connection, FCGI_END_REQUEST, sizeof(last.body));
		end = (unsigned char *)memcpy(end, &mark, sizeof(mark)) + sizeof(mark);
		end = (unsigned char *)memcpy(end, &last, sizeof(last)) + sizeof(last);
	}
	out->wrNext = content;
	if (connection->err.code != 0 ||
	    send_all(connection, begin, (size_t)(end - begin), &connection->err) == -1)
		end_stream(out, FCGX_CALL_SEQ_ERROR);
}

void
connection_init(struct connection *connection, int listener, struct scoreboard_slot *slot,
    const struct server_options *options)
{
	*connection = (struct connection){
		.fcgi = { .ipcFd = -1 }, .listener = listener, .slot = slot,
		.options = options, .reply = malloc(CONNECTION_REPLY_BYTES)
	};
	if (connection->reply == NULL)
		log_out_of_memory();
	records_init(&connection->records, read_more, connection);
}

void
connection_done(struct connection *connection)
{
	records_done(&connection->records);
	free(connection->reply);
}

int
connection_accept(struct connection *connection)
{
	int fd = accept4(connection->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd == -1)
		return errno;
	connection->fcgi.ipcFd = descriptor_own(fd, "the client's connection");
	records_reset(&connection->records);
	return 0;
}

/* What is no request is somebody's mistake; who does not go on has his reasons. */
static void
tell(const struct err *err)
{
	if (err->code == ERR_REQUEST)
		log_warn("not a web server's request: %s", err->msg);
	else
		log_debug("a request is given up: %s", err->msg);
}

int
connection_read(struct connection *connection)
{
	unsigned char *content = connection->reply + CONTENT_AT;
	int result;

	connection->err = (struct err){ .code = 0 };
	connection->waited_ms = connection->moved_bytes = 0;
	result = records_read_head(&connection->records, &connection->err);
	if (result != 0) {
		if (result == -1)
			tell(&connection->err);
		connection_close(connection);
		return -1;
	}
	connection->in = (FCGX_Stream){
		.isReader = 1, .rdNext = content, .stop = content, .stopUnget = content,
		.fillBuffProc = fill_in, .data = connection
	};
	connection->out = (FCGX_Stream){
		.wrNext = content, .stop = content + CONTENT_MAX_BYTES,
		.emptyBuffProc = empty_out, .data = connection
	};
	connection->fcgi.in = &connection->in;
	connection->fcgi.out = &connection->out;
	connection->fcgi.envp = connection->records.parameters;
	return 0;
}

bool
connection_finish(struct connection *connection, bool drained)
{
	if (connection->err.code != 0)
		tell(&connection->err);
	else if (drained && connection->records.keep &&
	    records_are_over(&connection->records))
		return true;
	connection_close(connection);
	return false;
}

/*
 * For all who have it: where a process that a handler has started does, the web server would send
 * the next request there.
 */
void
connection_close(struct connection *connection)
{
	shutdown(connection->fcgi.ipcFd, SHUT_RDWR);
	descriptor_close(connection->fcgi.ipcFd);
	connection->fcgi.ipcFd = -1;
}
