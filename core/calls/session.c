/*
 * session.c: opens and closes what a process needs to run calls.
 */
#include "config.h"

#include "core/calls/session.h"

#include "core/base/log.h"

int
session_open(struct session *session, const struct options *options,
    struct scoreboard *scoreboard, struct err *err)
{
	*session = (struct session){
		.options = options, .scoreboard = scoreboard, .lock = { .fd = -1 },
		.store = { .gate = { .fd = -1 } }
	};
	if (lock_open(&session->lock, options->state_dir, err) == -1)
		return -1;
	if (store_open(&session->store, options->state_dir, err) == 0)
		return 0;
	if (err->code != ERR_STORE) {
		session_close(session);
		return -1;
	}
	log_error("%s", err->msg);
	return 0;
}

void
session_close(struct session *session)
{
	store_close(&session->store);
	lock_close(&session->lock);
}

int
session_need_store(struct session *session, struct err *err)
{
	if (session->store.db != NULL)
		return 0;
	return store_open(&session->store, session->options->state_dir, err);
}
