/*
 * dispatch.c: finds what a request asks for, has it answered, sends the reply.
 */
#include "config.h"

#include "fcgi/http/dispatch.h"

#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/descriptors.h"
#include "core/base/log.h"
#include "fcgi/http/body.h"
#include "fcgi/http/coverage.h"
#include "fcgi/http/discovery.h"
#include "fcgi/http/health.h"
#include "fcgi/http/metrics.h"
#include "fcgi/http/origin.h"
#include "fcgi/http/page.h"
#include "fcgi/http/reply.h"
#include "fcgi/http/request.h"
#include "fcgi/http/verbs.h"

#define SUBJECT_BYTES 512

/* The texts below the base path of this request. */
static const struct index *
index_for(struct responder *responder, const char *base_path)
{
	const struct site *site = responder->site;
	struct index *other = &responder->other_index;

	if (strcmp(base_path, site->index.base_path) == 0)
		return &site->index;
	if (other->count == 0 || strcmp(base_path, other->base_path) != 0) {
		index_done(other);
		index_build(other, base_path, site->binary);
	}
	return other;
}

static void
answer_index(struct responder *responder, const struct request *request,
    const struct route *route, struct reply *ret_reply)
{
	const struct index *index = index_for(responder, request->base_path);
	const struct index_text *text = index_find(index, route->path);

	if (etag_matches(index->revision, request->if_none_match)) {
		reply_not_modified(ret_reply, index->revision);
		return;
	}
	reply_text(ret_reply, 200, text->text, text->length);
	ret_reply->etag = index->revision;
}

/*
 * Described paths carry the base path. A client may put them behind the URL that was registered,
 * which carries it as well.
 */
static const struct route *
find_route(struct responder *responder, const struct request *request, const char **ret_allow,
    struct err *err)
{
	const struct routes *routes = &responder->site->routes;
	const char *path = request->path;
	size_t length = strlen(request->base_path);
	const struct route *route;
	struct err again;

	route = routes_find(routes, request->method, path, ret_allow, err);
	if (route != NULL || err->code != ERR_NOT_FOUND || length == 0 ||
	    strncmp(path, request->base_path, length) != 0 ||
	    (path[length] != '/' && path[length] != '\0'))
		return route;
	path = path[length] == '\0' ? "/" : path + length;
	route = routes_find(routes, request->method, path, ret_allow, &again);
	if (route == NULL && again.code != ERR_NOT_FOUND)
		*err = again;
	return route;
}

/*
 * Returns 0 and the reply, or -1 with err; *ret_allow is for the reply in both cases, and *ret_kind
 * is what the request counts for.
 */
static int
follow_route(struct responder *responder, const struct body *body, struct verb_call *call,
    struct reply *ret_reply, const char **ret_allow, int *ret_kind, struct err *err)
{
	const struct request *request = body->request;
	const struct route *route;

	if (request->part == PART_METRICS)
		return metrics_answer(responder, request, ret_reply, ret_allow, err);
	if (request_is_page(request))
		return page_answer(responder, body, ret_reply, ret_allow, err);
	route = find_route(responder, request, ret_allow, err);
	if (route == NULL)
		return -1;
	switch (route->kind) {
	case ROUTE_TEXT:
		answer_index(responder, request, route, ret_reply);
		return 0;
	case ROUTE_LIVENESS:
		health_liveness(ret_reply);
		return 0;
	case ROUTE_READINESS:
		health_readiness(responder, ret_reply);
		return 0;
#ifdef ENABLE_COVERAGE
	case ROUTE_COVERAGE_META:
		coverage_meta(ret_reply);
		return 0;
	case ROUTE_COVERAGE_COUNTERS:
		return coverage_counters(responder, ret_reply, err);
#endif
	case ROUTE_DISCOVER:
		*ret_kind = COUNTERS_DISCOVER;
		discovery_answer(responder, request, route->discovery, ret_reply);
		return 0;
	case ROUTE_VERB:
		call->route = route;
		*ret_kind = (int)route->verb;
		return verb_answer(responder, body, call, ret_reply, err);
	}
	return err_set(err, ERR_INTERNAL, "a route of unknown kind");
}

/*
 * What is done is news, and so is what was refused, by us or by an action (why; empty if nothing
 * was); who only looks is not.
 */
static void
log_answer(const struct request *request, const struct verb_call *call,
    const struct reply *reply, const char *why, int64_t took_us)
{
	int64_t took_ms = took_us / CLOCK_US_PER_MS;
	const struct route *route = call->route;
	const struct log_subject about = {
		.execution = call->execution,
		.action = route == NULL ? NULL : route->action->id,
		.verb = route == NULL ? NULL : verb_name(route->verb),
		.status = reply->status, .duration_ms = took_ms
	};
	char subject[SUBJECT_BYTES];

	log_subject(&about);
	if (route != NULL)
		snprintf(subject, sizeof(subject), "%s %s %s", verb_name(route->verb),
		    route->action->id,
		    call->execution[0] == '\0' ? "-" : call->execution);
	else
		snprintf(subject, sizeof(subject), "%s %s", request->method,
		    request->path == NULL ? "" : request->path);

	if (*why != '\0')
		log_warn("%s: %d in %lld ms: %s", subject, reply->status,
		    (long long)took_ms, why);
	else if (route != NULL && (route->verb == VERB_PREPARE ||
	    route->verb == VERB_START || route->verb == VERB_STOP))
		log_info("%s: %d in %lld ms", subject, reply->status, (long long)took_ms);
	else
		log_debug("%s: %d in %lld ms", subject, reply->status, (long long)took_ms);
	log_subject(NULL);
}

bool
dispatch(struct responder *responder, FCGX_Request *fcgi)
{
	const struct server_options *options = responder->site->options;
	struct scoreboard *scoreboard = responder->site->scoreboard;
	int64_t began_us = clock_boot_us(), took_us;
	struct verb_call call = { .route = NULL };
	struct request request;
	const struct body body = {
		.request = &request, .options = options, .in = fcgi->in,
		.slot = responder->slot
	};
	struct reply reply;
	struct err err;
	const char *allow = NULL;
	int kind = COUNTERS_OTHER;
	bool refused, drained, sent;

	refused = request_read(&request, options, fcgi->envp, &err) == -1 ||
	    (request_is_page(&request) ? page_check(&request, &err) :
	    origin_check(&request, options, &err)) == -1;
	log_request(request.id);
	scoreboard_request(responder->slot, request.sent_as);
	if (!refused)
		refused = follow_route(responder, &body, &call, &reply, &allow, &kind,
		    &err) == -1;
	if (refused && call.error != NULL)
		reply_error_text(&reply, &err, call.error);
	else if (refused)
		reply_error(&reply, &err);
	reply.allow = allow;
	took_us = clock_boot_us() - began_us;
	counters_reply(&scoreboard->counters, (int)(responder->slot - scoreboard->slots), kind,
	    reply.status, took_us);
	/* What no action was called for has nothing to say of it. */
	log_answer(&request, &call, &reply, refused || call.route != NULL ? err.msg : "", took_us);

	/* Code of an action has closed it, or something else is there now. */
	if (descriptors_lost() && !descriptor_is_own(fcgi->ipcFd)) {
		reply_done(&reply);
		log_request(NULL);
		return false;
	}
	drained = body_drain(&body);
	/* What was done is committed: nothing is lost by a client that does not listen. */
	scoreboard_extend(responder->slot, clock_boot_ms() + options->body_timeout_ms);
	sent = reply_send(&reply, fcgi->out, request.id,
	    strcmp(request.method, "HEAD") == 0) == 0;
	if (FCGX_FClose(fcgi->out) == EOF || !sent)
		log_debug("the client did not wait for the reply");
	reply_done(&reply);
	log_request(NULL);
	return drained;
}
