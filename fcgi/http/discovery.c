/*
 * discovery.c: from a request to what a discovery finds.
 */
#include "config.h"

#include "fcgi/http/discovery.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/action/discover.h"
#include "core/base/log.h"
#include "fcgi/http/etag.h"
#include "fcgi/http/verbs.h"

/* Agents ask again and again: what they and all responders know already is not news. */
static void
log_outcome(struct responder *responder, const struct ak_discovery *discovery,
    const struct err *fault)
{
	uint64_t said = fault == NULL ? 0 : etag_add(ETAG_START, fault->msg, strlen(fault->msg));
	uint64_t id = etag_add(ETAG_START, discovery->id, strlen(discovery->id));
	bool news = scoreboard_is_news(responder->site->scoreboard, id, said);

	if (fault == NULL && news)
		log_info("discovery %s succeeds", discovery->id);
	else if (fault != NULL && news)
		log_warn("discovery %s failed: %s", discovery->id, fault->msg);
	else if (fault != NULL)
		log_debug("discovery %s failed: %s", discovery->id, fault->msg);
}

/* 0, or -1 with err, and *ret_error where the discovery itself has failed. */
static int
run(struct responder *responder, const struct request *request,
    const struct ak_discovery *discovery, char **ret_text, size_t *ret_length,
    struct json_object **ret_error, struct err *err)
{
	int64_t deadline_ms;

	if (verb_check_deaths(responder, "discover", err) == -1)
		return -1;
	deadline_ms = request_deadline(request,
	    responder->site->options->core.handler_timeout_ms);
	scoreboard_busy(responder->slot, deadline_ms, "discover %s", discovery->id);
	return discover(discovery, deadline_ms, ret_text, ret_length, ret_error, err);
}

void
discovery_answer(struct responder *responder, const struct request *request,
    const struct ak_discovery *discovery, struct reply *ret_reply)
{
	struct json_object *error = NULL;
	struct err err;
	size_t length;
	char *text;

	if (run(responder, request, discovery, &text, &length, &error, &err) == -1) {
		log_outcome(responder, discovery, &err);
		if (error == NULL)
			error = discover_error(NULL, &err);
		reply_fault(ret_reply, &err, error);
		return;
	}
	log_outcome(responder, discovery, NULL);
	etag_format(etag_add(ETAG_START, text, length), responder->etag);
	if (etag_matches(responder->etag, request->if_none_match)) {
		free(text);
		reply_not_modified(ret_reply, responder->etag);
		return;
	}
	reply_take_bytes(ret_reply, 200, text, length);
	ret_reply->etag = responder->etag;
}
