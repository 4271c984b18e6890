/*
 * request.h: an HTTP request, from FastCGI's parameters.
 */
#ifndef FCGI_HTTP_REQUEST_H
#define FCGI_HTTP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "fcgi/http/server_options.h"

#define REQUEST_ID_MAX_BYTES 128
#define REQUEST_LENGTH_UNKNOWN (-1)

/*
 * Who may ask for what: nginx says it with the FastCGI parameter ACTIONKIT_PART, which each of our
 * snippets sets for itself. No client can: what it sends are parameters that begin with HTTP_.
 */
enum request_part {
	PART_AGENT,		/* the protocol; where nginx says nothing */
	PART_METRICS,
	PART_PAGE,		/* what the operator's page shows */
	PART_PAGE_STOP		/* the same, and it may stop and abandon */
};

/* Borrowed texts live until the next connection_read(). */
struct request {
	char id[REQUEST_ID_MAX_BYTES + 1]; /* the client's Request-Id, nginx's, or a UUID */
	const char *sent_as;	/* nginx's id, the same when it sends it again; or "" */
	enum request_part part;
	const char *method;
	const char *base_path;	/* nginx's, or the option's */
	const char *path;	/* without the base path and the query */
	const char *content_type; /* "" if absent */
	const char *if_none_match; /* NULL if absent */
	const char *content_encoding; /* NULL if absent */
	const char *origin;	/* NULL if absent */
	const char *front_address; /* of nginx, that was called, and its port; or NULL */
	const char *front_port;
	/* Only of the page; NULL if absent. */
	const char *query;	/* behind the "?", as it was sent */
	const char *own_origin;	/* as the browser has it, where the page is nginx's own */
	const char *server_name; /* of nginx */
	const char *host;	/* that the browser asked for */
	const char *fetch_site;	/* Sec-Fetch-Site: whose page sent this */
	const char *operator;	/* who that is, as nginx says */
	int64_t length;		/* of the body, or REQUEST_LENGTH_UNKNOWN */
	int64_t timeout_ms;	/* Request-Timeout; 0 if absent or not to be read */
};

/*
 * Reads the parameters. id and method are set in any case, so that a refusal can be
 * answered. Returns 0, or -1 with ERR_REQUEST (naming the header), ERR_NOT_FOUND (not
 * below the base path) or ERR_INTERNAL (nginx does not send what it must).
 */
int request_read(struct request *ret_request, const struct server_options *options,
    char **parameters, struct err *err);

/* Whether it is one of the operator's page. */
bool request_is_page(const struct request *request);

/* When it must be over (boot time): the smaller one of what the client and we allow, from now. */
int64_t request_deadline(const struct request *request, int64_t timeout_ms);

#endif
