/*
 * health.c: answers whether this server can do its work.
 */
#include "config.h"

#include "fcgi/http/health.h"

#include <stdbool.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/reaper/takeover.h"
#include "core/store/fitness.h"
#include "core/store/store.h"

#define FAILING_MAX 20
/* So often it is tried whether a prepare would succeed, however often somebody asks. */
#define TRIAL_EVERY_MS 1000
/* How long such a try waits for other writers; who asks does not wait for long. */
#define TRIAL_WAIT_MS 800

static const char count_active[] =
    "SELECT count(*) FROM executions WHERE phase <> 'stopped'";
static const char list_failing[] =
    "SELECT id, action, stop_attempts, last_error FROM failing LIMIT ?1";

void
health_liveness(struct reply *ret_reply)
{
	struct json_object *json = json_object_new_object();

	json_add_string(json, "status", "alive");
	reply_json(ret_reply, 200, json);
}

static int
read_active(struct store *store, struct json_object *json, struct err *err)
{
	sqlite3_stmt *statement = store_prepare(store, count_active, err);
	int found;

	if (statement == NULL || (found = store_step(store, statement, err)) == -1)
		return -1;
	if (found == 1)
		json_add(json, "active",
		    json_object_new_int64(sqlite3_column_int64(statement, 0)));
	sqlite3_reset(statement);
	return 0;
}

static const char *
column_text(sqlite3_stmt *statement, int column)
{
	return (const char *)sqlite3_column_text(statement, column);
}

static int
read_failing(struct store *store, struct json_object *json, struct err *err)
{
	struct json_object *list, *row;
	sqlite3_stmt *statement;
	int found;

	statement = store_prepare(store, list_failing, err);
	if (statement == NULL)
		return -1;
	sqlite3_bind_int(statement, 1, FAILING_MAX);
	list = json_object_new_array();
	while ((found = store_step(store, statement, err)) == 1) {
		row = json_object_new_object();
		json_add_string(row, "id", column_text(statement, 0));
		json_add_string(row, "action", column_text(statement, 1));
		json_add(row, "attempts",
		    json_object_new_int64(sqlite3_column_int64(statement, 2)));
		json_add_string(row, "error", column_text(statement, 3));
		json_append(list, row);
	}
	json_add(json, "failing", list);
	return found;
}

static int
read_store(struct responder *responder, struct json_object *json, struct err *err)
{
	struct store *store = &responder->session.store;

	if (session_need_store(&responder->session, err) == -1)
		return -1;
	return read_active(store, json, err) == -1 || read_failing(store, json, err) == -1 ? -1 : 0;
}

/* What a prepare needs. */
static int
try_out(struct session *session, struct err *err)
{
	const struct options *options = session->options;
	struct store *store = &session->store;

	if (session_need_store(session, err) == -1 || fitness_look(store, options->state_dir,
	    options->keep_free_bytes, err) == -1 || session_begin(session, STORE_NORMAL,
	    clock_boot_ms() + TRIAL_WAIT_MS, err) == -1)
		return -1;
	return store_end(store, fitness_note(store, err), err);
}

/* All responders share what came of it: who asks them often writes no more often. */
static int
share_trial(struct responder *responder, struct err *err)
{
	struct scoreboard *scoreboard = responder->site->scoreboard;
	const struct scoreboard_trial *trial = &scoreboard->trial;
	bool differs;
	int result;

	if (scoreboard_trial_begin(scoreboard, TRIAL_EVERY_MS)) {
		result = try_out(&responder->session, err);
		session_settle(&responder->session, result, err);
		differs = scoreboard_trial_end(scoreboard, result == 0 ? NULL : err->msg);
		if (differs && result == -1)
			log_error("not ready: %s", err->msg);
		else if (differs)
			log_info("ready again");
		return result;
	}
	switch ((enum trial_result)trial->result) {
	case TRIAL_PASSED:
		return 0;
	case TRIAL_FAILED:
		return err_set(err, ERR_BUSY, "%.*s", (int)sizeof(trial->fault) - 1,
		    trial->fault);
	case TRIAL_NONE:
		break;
	}
	return err_set(err, ERR_BUSY, "the database has not been tried yet");
}

/* Returns 0, or -1 with what keeps this server from its work. */
static int
look(struct responder *responder, struct json_object *json, struct err *err)
{
	const struct scoreboard *scoreboard = responder->site->scoreboard;
	int64_t silent_ms = clock_boot_ms() - scoreboard->reaper_beat_ms;
	struct err unfit;
	bool fit = share_trial(responder, &unfit) == 0;

	if (read_store(responder, json, err) == -1)
		return -1;
	if (scoreboard->draining != 0)
		return err_set(err, ERR_DRAINING, "shutting down");
	if (!fit) {
		*err = unfit;
		return -1;
	}
	if (scoreboard->reaper_beat_ms == 0)
		return err_set(err, ERR_BUSY, "the reaper has not begun yet");
	if (silent_ms > TAKEOVER_HANG_MS)
		return err_set(err, ERR_BUSY,
		    "the reaper has given no sign of life for %lld s",
		    (long long)(silent_ms / CLOCK_MS_PER_S));
	return 0;
}

void
health_readiness(struct responder *responder, struct reply *ret_reply)
{
	struct json_object *json = json_new_object();
	struct err err;
	bool ready = look(responder, json, &err) == 0;

	/* Not ready is an ActionKitError, as every refusal is. */
	if (ready) {
		json_add_string(json, "status", "ready");
	} else {
		json_add_string(json, "status", "errored");
		json_add_string(json, "title", "Not ready");
		json_add_string(json, "detail", err.msg);
	}
	reply_json(ret_reply, ready ? 200 : 503, json);
}
