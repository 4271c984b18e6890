/*
 * health.h: liveness and readiness.
 */
#ifndef FCGI_HTTP_HEALTH_H
#define FCGI_HTTP_HEALTH_H

#include "fcgi/http/reply.h"
#include "fcgi/http/site.h"

/* 200: that it is answered is the answer. */
void health_liveness(struct reply *ret_reply);

/*
 * 200, or 503 while shutting down, while the reaper gives no sign of life, or while the
 * database cannot be read. Names the stops that keep failing in both cases.
 */
void health_readiness(struct responder *responder, struct reply *ret_reply);

#endif
