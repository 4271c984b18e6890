/*
 * execution.c: the row of one execution.
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
#define HOUR_MS 3600000

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The statements, made of the columns. */
#define NAME(kind, member, column, written) ", " #column
#define FULL_NAME(kind, member, column, written) ", e." #column
#define VALUE(kind, member, column, written) ", ?"
#define SET(kind, member, column, written) SET_##written(column)
#define SET_once(column)
#define SET_always(column) ", " #column " = excluded." #column

static const char select_row[] = "SELECT id" EXECUTION_COLUMNS(NAME) " FROM executions "
    "WHERE id = ?";
static const char select_both[] = "SELECT e.id" EXECUTION_COLUMNS(FULL_NAME) ", "
    WORKER_COLUMNS " FROM executions e LEFT JOIN workers w ON w.execution = e.id "
    "WHERE e.id = ?";

/* changed_at and runner_pid are for people, and not read back. */
static const char write_row[] = "INSERT INTO executions "
    "(id" EXECUTION_COLUMNS(NAME) ", changed_at, runner_pid) "
    "VALUES (?" EXECUTION_COLUMNS(VALUE) ", ?, ?) ON CONFLICT (id) DO UPDATE "
    "SET changed_at = excluded.changed_at, runner_pid = excluded.runner_pid"
    EXECUTION_COLUMNS(SET);

static const char insert_row[] = "INSERT INTO executions "
    "(id" EXECUTION_COLUMNS(NAME) ", changed_at, runner_pid) "
    "VALUES (?" EXECUTION_COLUMNS(VALUE) ", ?, ?) ON CONFLICT (id) DO NOTHING";

/* What the moves of a common life change, and what must still be so: see bind_move(). */
#define ADVANCE(phase) "UPDATE executions SET phase = '" phase "', changed_at = ?2, " \
	"runner_pid = ?3, "
static const char *const advances[MOVE_COUNT] = {
	[MOVE_START] = ADVANCE("starting") "due_at = ?4, heartbeat_interval = ?5 "
	    "WHERE id = ?1 AND phase = 'prepared' AND stop_by IS NULL",
	[MOVE_STARTED] = ADVANCE("running") "state = ?6, state_version = ?7, start_result = ?8, "
	    "error = ?9, ends_at = ?10, due_at = CASE WHEN stop_by IS NULL THEN ?4 ELSE due_at END "
	    "WHERE id = ?1 AND phase = 'starting'",
	[MOVE_STOP] = ADVANCE("stopping") "due_at = ?4, stop_by = ?11, stop_reason = ?12, "
	    "stop_attempts = ?13 WHERE id = ?1 AND phase = 'running' AND stop_by IS NULL AND "
	    "state = ?6 AND stop_attempts = ?13 - 1",
	[MOVE_STOPPED] = ADVANCE("stopped") "state = ?6, state_version = ?7, stop_result = ?14 "
	    "WHERE id = ?1 AND phase = 'stopping' AND stop_attempts = ?13",
};

static const char *const stop_by_names[] = {
	[STOP_BY_NOBODY] = NULL,
	[STOP_BY_AGENT] = "agent",
	[STOP_BY_EXTENSION] = "extension",
	[STOP_BY_ACTION] = "action"
};

void
execution_init(struct execution *row, const char *id, const struct ak_action *action)
{
	snprintf(row->id, sizeof(row->id), "%s", id);
	text_set(&row->action, action->id);
	text_set(&row->action_version, action->version);
	row->created_wall_ms = clock_wall_ms();
}

#define FREE(kind, member, column, written) FREE_##kind(row->member)
#define FREE_text(text) free(text);
#define FREE_integer(value)
#define FREE_phase(value)
#define FREE_stop_by(value)

void
execution_done(struct execution *row)
{
	EXECUTION_COLUMNS(FREE)
	*row = (struct execution){ .phase = PHASE_NONE };
}

static char *
load_text(sqlite3_stmt *get, int column)
{
	char *text = NULL;

	text_set(&text, (const char *)sqlite3_column_text(get, column));
	return text;
}

static int64_t
load_integer(sqlite3_stmt *get, int column)
{
	return sqlite3_column_int64(get, column);
}

static enum phase
load_phase(sqlite3_stmt *get, int column)
{
	return phase_named((const char *)sqlite3_column_text(get, column));
}

static enum stop_by
load_stop_by(sqlite3_stmt *get, int column)
{
	const char *name = (const char *)sqlite3_column_text(get, column);

	for (size_t i = STOP_BY_AGENT; name != NULL && i < COUNT(stop_by_names); i++)
		if (strcmp(stop_by_names[i], name) == 0)
			return (enum stop_by)i;
	return STOP_BY_NOBODY;
}

#define LOAD(kind, member, column, written) ret_row->member = load_##kind(get, ++at);

int
execution_load(struct store *store, const char *id, struct execution *ret_row,
    struct worker *ret_worker, struct err *err)
{
	sqlite3_stmt *get = store_prepare(store, ret_worker == NULL ? select_row : select_both,
	    err);
	int found, at = 0;

	if (get == NULL)
		return -1;
	sqlite3_bind_text(get, 1, id, -1, SQLITE_STATIC);
	found = store_step(store, get, err);
	if (found == -1)
		return -1;
	execution_done(ret_row);
	if (ret_worker != NULL)
		worker_done(ret_worker);
	if (found == 0)
		return 0;
	snprintf(ret_row->id, sizeof(ret_row->id), "%s",
	    (const char *)sqlite3_column_text(get, at));
	EXECUTION_COLUMNS(LOAD)
	if (ret_worker != NULL)
		worker_take(get, at + 1, ret_worker);
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
		    move_name(move), phase_name(row->phase));
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

static void
bind_text(sqlite3_stmt *put, int at, const char *text)
{
	sqlite3_bind_text(put, at, text, -1, SQLITE_STATIC);
}

static void
bind_integer(sqlite3_stmt *put, int at, int64_t value)
{
	sqlite3_bind_int64(put, at, value);
}

static void
bind_phase(sqlite3_stmt *put, int at, enum phase phase)
{
	bind_text(put, at, phase_name(phase));
}

static void
bind_stop_by(sqlite3_stmt *put, int at, enum stop_by by)
{
	bind_text(put, at, stop_by_names[by]);
}

#define BIND(kind, member, column, written) bind_##kind(put, ++at, row->member);

static void
bind_row(sqlite3_stmt *put, const struct execution *row)
{
	int at = 1;

	bind_text(put, at, row->id);
	EXECUTION_COLUMNS(BIND)
	bind_integer(put, ++at, clock_wall_ms());
	bind_integer(put, ++at, getpid());
}

/* For all of them; one that a statement has not is not bound. */
static void
bind_move(sqlite3_stmt *put, const struct execution *row)
{
	bind_text(put, 1, row->id);
	bind_integer(put, 2, clock_wall_ms());
	bind_integer(put, 3, getpid());
	bind_integer(put, 4, row->due_boot_ms);
	bind_integer(put, 5, row->heartbeat_interval_ms);
	bind_text(put, 6, row->state);
	bind_integer(put, 7, row->state_version);
	bind_text(put, 8, row->start_result);
	bind_text(put, 9, row->error);
	bind_integer(put, 10, row->ends_boot_ms);
	bind_stop_by(put, 11, row->stop_by);
	bind_text(put, 12, row->stop_reason);
	bind_integer(put, 13, row->stop_attempts);
	bind_text(put, 14, row->stop_result);
}

/* Most have nothing, and to look is cheaper than to delete nothing. */
static int
release_all(struct store *store, const char *id, struct err *err)
{
	sqlite3_stmt *look = store_prepare(store,
	    "SELECT EXISTS (SELECT 1 FROM claims WHERE execution = ?1) OR "
	    "EXISTS (SELECT 1 FROM files WHERE execution = ?1)", err);
	int has;

	if (look == NULL)
		return -1;
	bind_text(look, 1, id);
	if (store_step(store, look, err) != 1)
		return -1;
	has = sqlite3_column_int(look, 0);
	sqlite3_reset(look);
	if (has == 0)
		return 0;
	return claim_release(store, id, err) == -1 || files_forget(store, id, err) == -1 ? -1 : 0;
}

/*
 * Of an execution whose stops fail without end: that one is over, once an hour, with the count.
 * The row has the error of the last one.
 */
static int
attempt_event(struct store *store, const struct execution *row, const char *who,
    const char *why, struct err *err)
{
	char text[ERR_MESSAGE_BYTES];

	if (row->due_boot_ms == EXECUTION_DUE_NOW ||
	    row->stop_attempts % (HOUR_MS / RETRY_PAUSE_SLOW_MS) != 0)
		return 0;
	snprintf(text, sizeof(text), "attempt %lld: %s", (long long)row->stop_attempts,
	    why == NULL ? "" : why);
	return execution_event(store, row, who, text, err);
}

/* What belongs to a row that was written. */
static int
follow_up(struct store *store, const struct execution *row, const char *who, const char *why,
    struct err *err)
{
	if (row->phase == PHASE_STOPPED && release_all(store, row->id, err) == -1)
		return -1;
	if (row->phase == PHASE_STOPPING && row->stop_attempts > EXECUTION_ATTEMPTS_QUIET)
		return attempt_event(store, row, who, why, err);
	return execution_event(store, row, who, why, err);
}

int
execution_write(struct store *store, const struct execution *row, const char *who,
    const char *why, struct err *err)
{
	sqlite3_stmt *put = store_prepare(store, write_row, err);

	if (put == NULL)
		return -1;
	bind_row(put, row);
	if (store_run(store, put, err) == -1)
		return -1;
	return follow_up(store, row, who, why, err);
}

static int
run_narrow(struct store *store, sqlite3_stmt *update, struct err *err)
{
	if (store_run(store, update, err) == -1)
		return -1;
	return sqlite3_changes(store->db) == 1 ? 0 : 1;
}

bool
execution_advances(const struct execution *row, enum move move)
{
	switch (move) {
	case MOVE_PREPARE:
		return row->phase == PHASE_NONE;
	case MOVE_START:
		return row->phase == PHASE_PREPARED;
	case MOVE_STARTED:
		return row->phase == PHASE_STARTING;
	case MOVE_STOP:
		return row->phase == PHASE_RUNNING && row->stop_by == STOP_BY_NOBODY;
	case MOVE_STOPPED:
		return row->phase == PHASE_STOPPING;
	default:
		return false;
	}
}

int
execution_advance(struct store *store, const struct execution *row, enum move move,
    const char *who, const char *why, struct err *err)
{
	sqlite3_stmt *put = store_prepare(store, move == MOVE_PREPARE ? insert_row :
	    advances[move], err);
	int result;

	if (put == NULL)
		return -1;
	if (move == MOVE_PREPARE)
		bind_row(put, row);
	else
		bind_move(put, row);
	result = run_narrow(store, put, err);
	return result == 0 ? follow_up(store, row, who, why, err) : result;
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
    int64_t state_version, const char *error, int64_t due_boot_ms, struct err *err)
{
	sqlite3_stmt *update = store_prepare(store, "UPDATE executions SET "
	    "state = coalesce(?2, state), "
	    "state_version = CASE WHEN ?2 IS NULL THEN state_version ELSE ?4 END, "
	    "due_at = CASE WHEN stop_by IS NULL THEN ?3 ELSE due_at END, "
	    "error = coalesce(?5, error) "
	    "WHERE id = ?1 AND phase = 'running'", err);

	if (update == NULL)
		return -1;
	sqlite3_bind_text(update, 1, id, -1, SQLITE_STATIC);
	sqlite3_bind_text(update, 2, state, -1, SQLITE_STATIC);
	sqlite3_bind_int64(update, 3, due_boot_ms);
	sqlite3_bind_int64(update, 4, state_version);
	sqlite3_bind_text(update, 5, error, -1, SQLITE_STATIC);
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
		return EXECUTION_STARTER_DIED;
	default:
		return row->ends_boot_ms != 0 && row->ends_boot_ms <= now_ms ?
		    "duration is over, the agent did not stop it" :
		    EXECUTION_HEARTBEAT_MISSED;
	}
}

int64_t
execution_heartbeat_missed(int64_t heard_ms, int64_t interval_ms)
{
	return heard_ms + EXECUTION_HEARTBEATS * interval_ms;
}

int64_t
execution_heartbeat_due(int64_t now_ms, int64_t interval_ms)
{
	return execution_heartbeat_missed(now_ms, interval_ms) +
	    interval_ms / EXECUTION_HEARTBEAT_PART;
}

int64_t
execution_next_due(const struct execution *row, int64_t now_ms)
{
	int64_t due_ms = execution_heartbeat_due(now_ms, row->heartbeat_interval_ms);

	return row->ends_boot_ms != 0 && row->ends_boot_ms < due_ms ? row->ends_boot_ms : due_ms;
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
