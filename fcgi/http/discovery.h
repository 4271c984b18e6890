/*
 * discovery.h: answers what a discovery finds. It needs no database: it answers while that is
 * lost or full, and while the server shuts down.
 */
#ifndef FCGI_HTTP_DISCOVERY_H
#define FCGI_HTTP_DISCOVERY_H

#include "core/actionkit.h"
#include "fcgi/http/reply.h"
#include "fcgi/http/request.h"
#include "fcgi/http/site.h"

/*
 * Runs the discovery. The reply is a DiscoveryData with its ETag, 304 where the client has it,
 * or a DiscoveryKitError, which is logged as a warning when it is another one than last time.
 */
void discovery_answer(struct responder *responder, const struct request *request,
    const struct ak_discovery *discovery, struct reply *ret_reply);

#endif
