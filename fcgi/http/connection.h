/*
 * connection.h: the connection of a web server to a responder, which has one at a time.
 *
 * How long a responder waits for who is at the other end is decided here: nobody can hold it
 * for longer than the options say, and not while others wait unless he sends or takes what he
 * has to. No process has to be ended for that.
 */
#ifndef FCGI_HTTP_CONNECTION_H
#define FCGI_HTTP_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include <fcgiapp.h>

#include "core/config/scoreboard.h"
#include "fcgi/http/records.h"
#include "fcgi/http/server_options.h"

#define CONNECTION_REPLY_BYTES (32 * 1024)

struct connection {
	/*
	 * What is handed on: ipcFd (-1: there is no connection), envp, in and out. The other
	 * members of libfcgi's request are not used.
	 */
	FCGX_Request fcgi;

	/* The rest is of connection.c alone. */
	int listener;
	struct scoreboard_slot *slot;
	const struct server_options *options;
	struct records records;
	FCGX_Stream in, out;
	struct err err;		/* why nothing more is read or written; code 0: it is */
	int64_t waited_ms;	/* in this request, for the other end */
	int64_t moved_bytes;	/* in this request, in both directions */
	unsigned char *reply;	/* owned: room for the records of a reply */
};

/* Borrows all that it is given. */
void connection_init(struct connection *connection, int listener,
    struct scoreboard_slot *slot, const struct server_options *options);
/* It must be closed. */
void connection_done(struct connection *connection);

/*
 * Accepts a connection. Returns 0, or errno: EAGAIN if another responder took it. Nothing is
 * waited for.
 */
int connection_accept(struct connection *connection);

/*
 * Reads a request up to its body. Returns 0, or -1 where there is none: the connection is closed,
 * and what was wrong with it is logged.
 */
int connection_read(struct connection *connection);

/*
 * After the reply. drained: the body was read to its end. Returns whether the connection is
 * there for another request; otherwise it is closed.
 */
bool connection_finish(struct connection *connection, bool drained);

/* Whether somebody else waits for a responder. */
bool connection_others_wait(const struct connection *connection);

/* Closes it, for all processes that have it. */
void connection_close(struct connection *connection);

#endif
