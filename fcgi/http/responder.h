/*
 * responder.h: a process that answers requests, one at a time.
 */
#ifndef FCGI_HTTP_RESPONDER_H
#define FCGI_HTTP_RESPONDER_H

#include "core/config/scoreboard.h"
#include "fcgi/http/site.h"

/* Exit status of one that must not be started again; it has logged why. */
#define RESPONDER_EXIT_FOR_GOOD 100

/*
 * Body of a responder's process; returns its exit status. SIGTERM asks it to leave
 * after the request that it is at. The caller has blocked all signals and closed what
 * the supervisor had open, apart from the listener.
 */
int responder_run(const struct site *site, struct scoreboard_slot *slot, int listener);

#endif
