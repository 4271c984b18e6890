/*
 * stop_request.c: persists that an operator or an action wants something stopped.
 */
#include "config.h"

#include "core/calls/stop_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/utf8.h"
#include "core/base/uuid_text.h"
#include "core/store/stop_mark.h"

/* How long another process waits for the gate. */
#define STOP_IN_WAIT_MS 5000
#define STOP_WHO_BYTES 256

int
stop_request_add(struct store *store, const char *execution, const char *operator,
    const char *reason, int64_t deadline_ms, int64_t *ret_id, struct err *err)
{
	sqlite3_stmt *add;

	if (store_begin(store, STORE_NORMAL, deadline_ms, err) == -1)
		return -1;
	add = store_prepare(store, "INSERT INTO stop_requests (execution, operator, reason) "
	    "VALUES (?, ?, ?)", err);
	if (add == NULL)
		return store_end(store, -1, err);
	sqlite3_bind_text(add, 1, execution, -1, SQLITE_STATIC);
	sqlite3_bind_text(add, 2, operator, -1, SQLITE_STATIC);
	sqlite3_bind_text(add, 3, reason, -1, SQLITE_STATIC);
	if (store_run(store, add, err) == -1)
		return store_end(store, -1, err);
	*ret_id = sqlite3_last_insert_rowid(store->db);
	return store_commit(store, err);
}

/* What errno says of an error of the store; always -1. */
static int
say_sys(struct err *err)
{
	if (err->sys == 0)
		err->sys = err->code == ERR_BUSY ? EBUSY : err->code == ERR_FULL ? ENOSPC : EIO;
	return -1;
}

static int
refuse(int sys, struct err *err, const char *why)
{
	err_set(err, ERR_USAGE, "%s", why);
	err->sys = sys;
	return -1;
}

/* execution: NULL is all, and leaves ret_id alone. 0, or -1 with EINVAL. */
static int
check(const char *execution, const char *reason, char ret_id[UUID_TEXT_BYTES], struct err *err)
{
	if (reason == NULL || *reason == '\0' || strlen(reason) >= STOP_REASON_BYTES ||
	    !utf8_valid(reason, strlen(reason)))
		return refuse(EINVAL, err, "the reason is missing, too long or not UTF-8");
	if (execution != NULL && uuid_text_parse(execution, ret_id) != 0)
		return refuse(EINVAL, err, "the id is not that of an execution");
	return 0;
}

int
stop_request_of_action(struct session *session, const char *action, const char *execution,
    const char *reason, int64_t deadline_ms, struct err *err)
{
	char id[UUID_TEXT_BYTES], who[STOP_WHO_BYTES], text[STOP_WHO_BYTES + STOP_REASON_BYTES];
	struct store *store = &session->store;
	int known = 1;

	if (check(execution, reason, id, err) == -1)
		return -1;
	snprintf(who, sizeof(who), "action %s", action);
	snprintf(text, sizeof(text), "%s: %s", who, reason);
	if (session_begin(session, STORE_NORMAL, deadline_ms, err) == -1)
		return say_sys(err);
	if (execution != NULL)
		known = stop_mark_knows(store, id, err);
	if (known == 0) {
		store_rollback(store);
		return refuse(ESRCH, err, "there is no such execution");
	}
	if (known == 1)
		known = stop_mark(store, execution == NULL ? NULL : id, who, text, err);
	return store_end(store, known, err) == -1 ? say_sys(err) : 0;
}

static int
ask_in(const char *state_dir, const char *execution, const char *reason, struct err *err)
{
	struct store store;
	int64_t id;
	int result = 1;

	if (store_open(&store, state_dir, err) == -1)
		return say_sys(err);
	if (execution != NULL)
		result = stop_mark_knows(&store, execution, err);
	if (result == 1)
		result = stop_request_add(&store, execution, NULL, reason,
		    clock_boot_ms() + STOP_IN_WAIT_MS, &id, err);
	else if (result == 0)
		result = refuse(ESRCH, err, "there is no such execution");
	store_close(&store);
	return result == -1 ? say_sys(err) : 0;
}

int
ak_stop_in(const char *state_dir, const char *id, const char *reason)
{
	char execution[UUID_TEXT_BYTES];
	struct err err;

	if (check(id, reason, execution, &err) == 0 &&
	    ask_in(state_dir, id == NULL ? NULL : execution, reason, &err) == 0)
		return 0;
	errno = err.sys;
	return -1;
}
