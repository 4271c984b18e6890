/*
 * lifecycle.c: opens what a call needs, takes the request apart, and hands it to its file.
 */
#include "config.h"

#include "core/calls/lifecycle.h"

#include <stdlib.h>
#include <string.h>

#include "core/action/state.h"
#include "core/base/log.h"
#include "core/calls/visit.h"


int
lifecycle_open(struct lifecycle *life, const struct options *options,
    struct scoreboard *scoreboard, struct err *err)
{
	*life = (struct lifecycle){
		.options = options, .scoreboard = scoreboard, .lock = { .fd = -1 },
		.store = { .gate = { .fd = -1 } }
	};
	if (lock_open(&life->lock, options->state_dir, err) == -1)
		return -1;
	if (store_open(&life->store, options->state_dir, err) == 0)
		return 0;
	if (err->code != ERR_STORE) {
		lifecycle_close(life);
		return -1;
	}
	log_error("%s", err->msg);
	return 0;
}

void
lifecycle_close(struct lifecycle *life)
{
	store_close(&life->store);
	lock_close(&life->lock);
}

int
lifecycle_need_store(struct lifecycle *life, struct err *err)
{
	if (life->store.db != NULL)
		return 0;
	return store_open(&life->store, life->options->state_dir, err);
}

/* Checks the members that every call has. */
static int
read_request(struct visit *visit, struct err *err)
{
	struct json_object *member;
	static const char *const objects[] = {
		"config", "state", "target", "executionContext", "properties"
	};

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		member = json_member(visit->request, objects[i]);
		if (member != NULL && !json_object_is_type(member, json_type_object))
			return err_set(err, ERR_REQUEST, "%s: must be an object",
			    objects[i]);
	}
	return 0;
}

int
lifecycle_call(struct lifecycle *life, enum verb verb, const struct ak_action *action,
    const char *execution, struct json_object *request, struct incoming *incoming,
    int64_t deadline_ms, char **ret_reply, struct err *err)
{
	static int (*const calls[VERB_COUNT])(struct visit *, char **, struct err *) = {
		[VERB_PREPARE] = prepare_visit,
		[VERB_START] = start_visit,
		[VERB_STATUS] = status_visit,
		[VERB_STOP] = stop_visit,
		[VERB_QUERY] = query_visit
	};
	struct visit visit = {
		.life = life, .action = action, .id = execution, .request = request,
		.incoming = incoming, .deadline_ms = deadline_ms,
		.call = {
			.action = action, .verb = verb, .execution = execution,
			.deadline_ms = deadline_ms
		}
	};
	int result;

	*ret_reply = NULL;
	result = read_request(&visit, err);
	if (result == 0)
		result = calls[verb](&visit, ret_reply, err);
	if (result == -1 && err->code == ERR_HANDLER && visit.call.error != NULL)
		execution_set(ret_reply, json_text(visit.call.error, NULL));
	visit_end(&visit);
	/* Tried again by the next call: what is at its path then may be good. */
	if (life->store.suspect || (result == -1 && err->code == ERR_STORE))
		store_close(&life->store);
	return result;
}
