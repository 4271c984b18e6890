/*
 * execution.c: the row of one execution, and the arrows between its phases.
 */
#include "config.h"

#include "core/store/execution.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/store/claim.h"
#include "core/store/files.h"

#define RETRY_PAUSE_MOST_MS 60000
#define RETRY_PAUSE_SLOW_MS 300000

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FROM(phase) (1U << (phase))

static const char *const phase_names[] = {
	[PHASE_NONE] = "none",
	[PHASE_PREPARED] = "prepared",
	[PHASE_STARTING] = "starting",
	[PHASE_RUNNING] = "running",
	[PHASE_STOPPING] = "stopping",
	[PHASE_STOPPED] = "stopped"
};

static const char *const stop_by_names[] = {
	[STOP_BY_NOBODY] = NULL,
	[STOP_BY_AGENT] = "agent",
	[STOP_BY_EXTENSION] = "extension",
	[STOP_BY_ACTION] = "action"
};

/* The lifecycle. A call for an unknown id is adopted: it moves from PHASE_NONE. */
static const struct {
	unsigned from;
	enum phase to;
} moves[MOVE_COUNT] = {
	[MOVE_PREPARE] = { FROM(PHASE_NONE) | FROM(PHASE_PREPARED), PHASE_PREPARED },
	[MOVE_START] = { FROM(PHASE_NONE) | FROM(PHASE_PREPARED), PHASE_STARTING },
	[MOVE_STARTED] = { FROM(PHASE_STARTING), PHASE_RUNNING },
	[MOVE_STOP] = { FROM(PHASE_NONE) | FROM(PHASE_PREPARED) | FROM(PHASE_STARTING) |
	    FROM(PHASE_RUNNING), PHASE_STOPPING },
	[MOVE_RETRY] = { FROM(PHASE_STOPPING), PHASE_STOPPING },
	[MOVE_STOPPED] = { FROM(PHASE_STOPPING), PHASE_STOPPED },
	[MOVE_END] = { FROM(PHASE_PREPARED) | FROM(PHASE_STARTING) | FROM(PHASE_RUNNING),
	    PHASE_STOPPED },
	[MOVE_ABANDON] = { FROM(PHASE_STOPPING), PHASE_STOPPED }
};

static const char *const move_names[] = {
	[MOVE_PREPARE] = "prepare",
	[MOVE_START] = "start",
	[MOVE_STARTED] = "finish its start",
	[MOVE_STOP] = "stop",
	[MOVE_RETRY] = "retry the stop of",
	[MOVE_STOPPED] = "finish the stop of",
	[MOVE_END] = "end",
	[MOVE_ABANDON] = "abandon"
};

const char *
phase_name(enum phase phase)
{
	return phase_names[phase];
}

enum phase
phase_after(enum phase phase, enum move move)
{
	return (moves[move].from & FROM(phase)) != 0 ? moves[move].to : PHASE_NONE;
}

static enum phase
phase_of(const char *name)
{
	for (size_t i = 0; i < COUNT(phase_names); i++)
		if (strcmp(phase_names[i], name) == 0)
			return (enum phase)i;
	return PHASE_NONE;
}

static enum stop_by
stop_by_of(const char *name)
{
	for (size_t i = STOP_BY_AGENT; name != NULL && i < COUNT(stop_by_names); i++)
		if (strcmp(stop_by_names[i], name) == 0)
			return (enum stop_by)i;
	return STOP_BY_NOBODY;
}

void
execution_init(struct execution *row, const char *id, const struct ak_action *action)
{
	snprintf(row->id, sizeof(row->id), "%s", id);
	text_set(&row->action, action->id);
	text_set(&row->action_version, action->version);
	row->created_wall_ms = clock_wall_ms();
}

void
execution_done(struct execution *row)
{
	free(row->action);
	free(row->action_version);
	free(row->state);
	free(row->target);
	free(row->experiment_key);
	free(row->execution_uri);
	free(row->stop_reason);
	free(row->last_error);
	free(row->start_result);
	free(row->status_result);
	free(row->stop_result);
	*row = (struct execution){ .phase = PHASE_NONE };
}

static char *
copy_column(sqlite3_stmt *statement, int column)
{
	char *text = NULL;

	text_set(&text, (const char *)sqlite3_column_text(statement, column));
	return text;
}

int
execution_load(struct store *store, const char *id, struct execution *ret_row,
    struct err *err)
{
	sqlite3_stmt *get = store_prepare(store, "SELECT phase, action, action_version, "
	    "state, target, experiment_key, execution_uri, created_at, due_at, "
	    "heartbeat_interval, stop_by, stop_reason, stop_attempts, last_error, "
	    "start_result, status_result, stop_result, state_version "
	    "FROM executions WHERE id = ?", err);
	int found;

	if (get == NULL)
		return -1;
	sqlite3_bind_text(get, 1, id, -1, SQLITE_STATIC);
	found = store_step(store, get, err);
	if (found == -1)
		return -1;
	execution_done(ret_row);
	if (found == 0)
		return 0;
	snprintf(ret_row->id, sizeof(ret_row->id), "%s", id);
	ret_row->phase = phase_of((const char *)sqlite3_column_text(get, 0));
	ret_row->action = copy_column(get, 1);
	ret_row->action_version = copy_column(get, 2);
	ret_row->state = copy_column(get, 3);
	ret_row->target = copy_column(get, 4);
	ret_row->experiment_key = copy_column(get, 5);
	ret_row->execution_uri = copy_column(get, 6);
	ret_row->created_wall_ms = sqlite3_column_int64(get, 7);
	ret_row->due_boot_ms = sqlite3_column_int64(get, 8);
	ret_row->heartbeat_interval_ms = sqlite3_column_int64(get, 9);
	ret_row->stop_by = stop_by_of((const char *)sqlite3_column_text(get, 10));
	ret_row->stop_reason = copy_column(get, 11);
	ret_row->stop_attempts = sqlite3_column_int64(get, 12);
	ret_row->last_error = copy_column(get, 13);
	ret_row->start_result = copy_column(get, 14);
	ret_row->status_result = copy_column(get, 15);
	ret_row->stop_result = copy_column(get, 16);
	ret_row->state_version = sqlite3_column_int64(get, 17);
	sqlite3_reset(get);
	return 0;
}

void
execution_want_stop(struct execution *row, enum stop_by by, const char *reason)
{
	if (row->stop_by != STOP_BY_NOBODY)
		return;
	row->stop_by = by;
	text_set(&row->stop_reason, reason);
}

int
execution_move(struct execution *row, enum move move, struct err *err)
{
	enum phase to = phase_after(row->phase, move);

	if (to == PHASE_NONE)
		return err_set(err, ERR_PHASE, "cannot %s an execution that is %s",
		    move_names[move], phase_name(row->phase));
	row->phase = to;
	return 0;
}

int
execution_event(struct store *store, const struct execution *row, const char *who,
    const char *why, struct err *err)
{
	sqlite3_stmt *add = store_prepare(store, "INSERT INTO events "
	    "(at, execution, action, phase, who, pid, why) VALUES (?, ?, ?, ?, ?, ?, ?)",
	    err);

	if (add == NULL)
		return -1;
	sqlite3_bind_int64(add, 1, clock_wall_ms());
	sqlite3_bind_text(add, 2, row->id, -1, SQLITE_STATIC);
	sqlite3_bind_text(add, 3, row->action, -1, SQLITE_STATIC);
	sqlite3_bind_text(add, 4, phase_name(row->phase), -1, SQLITE_STATIC);
	sqlite3_bind_text(add, 5, who, -1, SQLITE_STATIC);
	sqlite3_bind_int64(add, 6, getpid());
	sqlite3_bind_text(add, 7, why, -1, SQLITE_STATIC);
	return store_run(store, add, err);
}

int
execution_write(struct store *store, const struct execution *row, const char *who,
    const char *why, struct err *err)
{
	sqlite3_stmt *put = store_prepare(store, "INSERT INTO executions (id, phase, "
	    "action, action_version, state, target, experiment_key, execution_uri, "
	    "created_at, changed_at, due_at, heartbeat_interval, stop_by, stop_reason, "
	    "stop_attempts, last_error, start_result, status_result, stop_result, "
	    "runner_pid, state_version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
	    "?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21) "
	    "ON CONFLICT (id) DO UPDATE SET "
	    "phase = ?2, action_version = ?4, state = ?5, target = ?6, "
	    "experiment_key = ?7, execution_uri = ?8, changed_at = ?10, due_at = ?11, "
	    "heartbeat_interval = ?12, stop_by = ?13, stop_reason = ?14, "
	    "stop_attempts = ?15, last_error = ?16, start_result = ?17, "
	    "status_result = ?18, stop_result = ?19, runner_pid = ?20, "
	    "state_version = ?21", err);

	if (put == NULL)
		return -1;
	sqlite3_bind_text(put, 1, row->id, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 2, phase_name(row->phase), -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 3, row->action, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 4, row->action_version, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 5, row->state, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 6, row->target, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 7, row->experiment_key, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 8, row->execution_uri, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 9, row->created_wall_ms);
	sqlite3_bind_int64(put, 10, clock_wall_ms());
	sqlite3_bind_int64(put, 11, row->due_boot_ms);
	sqlite3_bind_int64(put, 12, row->heartbeat_interval_ms);
	sqlite3_bind_text(put, 13, stop_by_names[row->stop_by], -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 14, row->stop_reason, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 15, row->stop_attempts);
	sqlite3_bind_text(put, 16, row->last_error, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 17, row->start_result, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 18, row->status_result, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 19, row->stop_result, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 20, getpid());
	sqlite3_bind_int64(put, 21, row->state_version);
	if (store_run(store, put, err) == -1)
		return -1;
	if (row->phase == PHASE_STOPPED && (claim_release(store, row->id, err) == -1 ||
	    files_forget(store, row->id, err) == -1))
		return -1;
	return execution_event(store, row, who, why, err);
}

static int
run_narrow(struct store *store, sqlite3_stmt *update, struct err *err)
{
	if (store_run(store, update, err) == -1)
		return -1;
	return sqlite3_changes(store->db) == 1 ? 0 : 1;
}

int
execution_keep_state(struct store *store, const char *id, enum phase phase,
    const char *state, int64_t state_version, struct err *err)
{
	sqlite3_stmt *update = store_prepare(store, "UPDATE executions "
	    "SET state = ?3, state_version = ?4 WHERE id = ?1 AND phase = ?2", err);

	if (update == NULL)
		return -1;
	sqlite3_bind_text(update, 1, id, -1, SQLITE_STATIC);
	sqlite3_bind_text(update, 2, phase_name(phase), -1, SQLITE_STATIC);
	sqlite3_bind_text(update, 3, state, -1, SQLITE_STATIC);
	sqlite3_bind_int64(update, 4, state_version);
	return run_narrow(store, update, err);
}

int
execution_keep_alive(struct store *store, const char *id, const char *state,
    int64_t state_version, int64_t due_boot_ms, struct err *err)
{
	sqlite3_stmt *update = store_prepare(store, "UPDATE executions SET "
	    "state = coalesce(?2, state), "
	    "state_version = CASE WHEN ?2 IS NULL THEN state_version ELSE ?4 END, "
	    "due_at = CASE WHEN stop_by IS NULL THEN ?3 ELSE due_at END "
	    "WHERE id = ?1 AND phase = 'running'", err);

	if (update == NULL)
		return -1;
	sqlite3_bind_text(update, 1, id, -1, SQLITE_STATIC);
	sqlite3_bind_text(update, 2, state, -1, SQLITE_STATIC);
	sqlite3_bind_int64(update, 3, due_boot_ms);
	sqlite3_bind_int64(update, 4, state_version);
	return run_narrow(store, update, err);
}

int
execution_forget(struct store *store, const char *id, struct err *err)
{
	sqlite3_stmt *forget = store_prepare(store,
	    "DELETE FROM executions WHERE id = ? AND phase = 'prepared'", err);

	if (forget == NULL)
		return -1;
	sqlite3_bind_text(forget, 1, id, -1, SQLITE_STATIC);
	return store_run(store, forget, err);
}

const char *
execution_due_reason(const struct execution *row, int64_t now_ms)
{
	if (row->phase == PHASE_NONE || row->phase == PHASE_STOPPED)
		return NULL;
	if (row->due_boot_ms > now_ms)
		return NULL;
	if (row->stop_reason != NULL)
		return row->stop_reason;
	switch (row->phase) {
	case PHASE_PREPARED:
		return "never started";
	case PHASE_STARTING:
		return "responder died while starting";
	default:
		return "heartbeat timeout";
	}
}

int64_t
execution_heartbeat_due(int64_t now_ms, int64_t interval_ms)
{
	return now_ms + EXECUTION_HEARTBEATS * interval_ms +
	    interval_ms / EXECUTION_HEARTBEAT_PART;
}

int64_t
execution_retry_pause(int64_t attempts, int64_t first_ms)
{
	int64_t pause_ms = first_ms;

	if (attempts >= EXECUTION_ATTEMPTS_QUIET)
		return RETRY_PAUSE_SLOW_MS;
	for (; attempts > 1 && pause_ms < RETRY_PAUSE_MOST_MS; attempts--)
		pause_ms *= 2;
	return pause_ms < RETRY_PAUSE_MOST_MS ? pause_ms : RETRY_PAUSE_MOST_MS;
}

char *
execution_stopped_title(const struct execution *row)
{
	char *title;

	if (asprintf(&title, "Action was stopped by extension: %s", row->stop_reason) == -1)
		log_out_of_memory();
	return title;
}
