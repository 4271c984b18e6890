/*
 * verbs.h: prepare, start, status, stop and query over HTTP.
 */
#ifndef FCGI_HTTP_VERBS_H
#define FCGI_HTTP_VERBS_H

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/uuid_text.h"
#include "fcgi/http/body.h"
#include "fcgi/http/reply.h"
#include "fcgi/http/route.h"
#include "fcgi/http/site.h"

/* What is called, for the log; route is NULL where the request is not a call. */
struct verb_call {
	const struct route *route;
	char execution[UUID_TEXT_BYTES]; /* UUID, empty if there is none */
	struct log_subject about;	/* what is called, in lines of the log meanwhile */
	char *error;			/* the ActionKitError of its handler, or NULL; owned */
};

/*
 * Reads the body and runs the call of call->route; fills call->execution. Returns 0 and the
 * reply, or -1 with err, and call->error where the handler has failed.
 */
int verb_answer(struct responder *responder, const struct body *body,
    struct verb_call *call, struct reply *ret_reply, struct err *err);

/* Refuses (-1, err) a request whose handler has ended the processes that ran it before. */
int verb_check_deaths(const struct responder *responder, const char *handler, struct err *err);

#endif
