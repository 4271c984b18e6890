/*
 * session.c: opens and closes what a process needs to run calls.
 */
#include "config.h"

#include "core/calls/session.h"

#include "core/base/log.h"
#include "core/store/rescue.h"

int
session_open(struct session *session, const struct options *options,
    struct scoreboard *scoreboard, struct err *err)
{
	*session = (struct session){
		.options = options, .scoreboard = scoreboard, .lock = { .fd = -1 },
		.workers = { .fd = -1 }, .store = { .gate = { .fd = -1 } },
		.spawn = spawn_worker
	};
	if (lock_open(&session->lock, options->state_dir, LOCK_FILE, err) == -1)
		return -1;
	if (lock_open(&session->workers, options->state_dir, LOCK_WORKERS_FILE, err) == -1) {
		session_close(session);
		return -1;
	}
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
	lock_close(&session->workers);
	lock_close(&session->lock);
}

int
session_need_store(struct session *session, struct err *err)
{
	if (session->store.db != NULL)
		return 0;
	return store_open(&session->store, session->options->state_dir, err);
}

int
session_begin(struct session *session, enum store_durability durability, int64_t deadline_ms,
    struct err *err)
{
	struct store *store = &session->store;
	const char *state_dir = session->options->state_dir;

	if (session_need_store(session, err) == -1)
		return -1;
	if (store_begin(store, durability, deadline_ms, err) == 0)
		return 0;
	if (!store_is_moved(store) || store_rescue(store, state_dir, deadline_ms, err) == -1)
		return -1;
	store_close(store);
	if (store_open(store, state_dir, err) == -1)
		return -1;
	return store_begin(store, durability, deadline_ms, err);
}

void
session_settle(struct session *session, int result, const struct err *err)
{
	struct store *store = &session->store;

	if (!store->suspect && (result == 0 || err->code != ERR_STORE))
		return;
	/* What was removed, and could not be put back, can be read nowhere else. */
	if (!store_is_moved(store))
		store_close(store);
}
