/*
 * site.h: what is answered from: the part that all responders share, and a responder's own.
 */
#ifndef FCGI_HTTP_SITE_H
#define FCGI_HTTP_SITE_H

#include "core/calls/session.h"
#include "core/config/scoreboard.h"
#include "fcgi/http/index.h"
#include "fcgi/http/route.h"
#include "fcgi/http/server_options.h"

/* What all responders of a generation share: made by the supervisor before it forks. */
struct site {
	const struct server_options *options;
	struct scoreboard *scoreboard;
	struct routes routes;
	struct index index;	/* below the option's base path */
	char binary[INDEX_BINARY_BYTES];
};

struct responder {
	const struct site *site;
	struct scoreboard_slot *slot;	/* its own */
	struct session session;
	/* Below the base path that nginx last sent, if it is not the option's. */
	struct index other_index;
	char etag[ETAG_BYTES];	/* of what it has last discovered */
};

#endif
