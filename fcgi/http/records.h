/*
 * records.h: reads a request from the records of FastCGI 1.0.
 *
 * Whoever may connect may send anything, and libfcgi believes what it reads: it ends, writes
 * beyond its buffers, or waits for ever. So it reads nothing here; what is left of it are its
 * streams. A web server sends for each request, all with the same id:
 *
 *	BEGIN_REQUEST	role responder, and whether the connection is kept
 *	PARAMS		as many as it takes, then an empty one
 *	STDIN		as many as it takes, then an empty one
 *
 * Whatever else comes, or comes in another order, is a fault: nothing more is read then. That
 * are records of management (GET_VALUES), of unknown type, of another id or version, other roles, a
 * second request before the first one ends, and parameters that are longer than what holds them.
 */
#ifndef FCGI_HTTP_RECORDS_H
#define FCGI_HTTP_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

#define RECORDS_BUFFER_BYTES (32 * 1024)
/* Of all parameters of a request: nginx itself takes 32 KiB of headers, unless it is told to. */
#define RECORDS_PARAMETERS_MAX_BYTES (128 * 1024)

/* What comes next. */
enum records_place {
	RECORDS_BEGIN,
	RECORDS_PARAMETERS,
	RECORDS_BODY,
	RECORDS_OVER		/* the request is complete */
};

struct records {
	/*
	 * Gives the next bytes, at most size. Returns how many; 0 if there are none any more; or
	 * -1 and err.
	 */
	ssize_t (*more)(void *context, unsigned char *ret_bytes, size_t size,
	    struct err *err);
	void *context;

	enum records_place place;
	uint16_t id;
	bool keep;		/* the web server wants to keep the connection */
	size_t content, padding; /* of the record that is read: bytes that are left */
	unsigned char *buffer;	/* owned */
	size_t at, end;		/* what is in it */
	char *texts;		/* owned: the parameters */
	char **parameters;	/* owned: "NAME=value", up to NULL; valid until the next head */
};

/* For good, or until records_done(). Memory is bounded by the constants above. */
void records_init(struct records *records,
    ssize_t (*more)(void *context, unsigned char *ret_bytes, size_t size, struct err *err),
    void *context);
void records_done(struct records *records);

/* What is left of a connection before is forgotten. */
void records_reset(struct records *records);

/*
 * Reads a request up to its body. Returns 0; 1 if the connection ended before a request began; or
 * -1 with ERR_REQUEST, or what more() said.
 */
int records_read_head(struct records *records, struct err *err);

/*
 * Reads the next part of the body, which stays in the buffer until the next call. Returns its
 * length; 0 at the end of the body; or -1 as above.
 */
ssize_t records_read_body(struct records *records, unsigned char **ret_part,
    struct err *err);

/* Whether the request was read to its end, and nothing was sent behind it. */
bool records_are_over(const struct records *records);

#endif
