/*
 * responder.h: a process that answers requests, one at a time.
 */
#ifndef FCGI_HTTP_RESPONDER_H
#define FCGI_HTTP_RESPONDER_H

#include "core/calls/session.h"
#include "core/config/options.h"
#include "core/config/scoreboard.h"
#include "fcgi/http/index.h"
#include "fcgi/http/route.h"

/* Exit status of one that must not be started again; it has logged why. */
#define RESPONDER_EXIT_FOR_GOOD 100

/* What all responders of a generation share: made by the supervisor before it forks. */
struct site {
	const struct options *options;
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
};

/*
 * Body of a responder's process; returns its exit status. SIGTERM asks it to leave
 * after the request that it is at. The caller has blocked all signals and closed what
 * the supervisor had open, apart from the listener.
 */
int responder_run(const struct site *site, struct scoreboard_slot *slot, int listener);

#endif
