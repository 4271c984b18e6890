/*
 * execution.h: the row of one execution.
 *
 * Every change is one transaction that loads the row again, decides, moves it and writes it:
 *	store_begin, execution_load, execution_move, execution_write, store_commit
 */
#ifndef CORE_STORE_EXECUTION_H
#define CORE_STORE_EXECUTION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/actionkit.h"
#include "core/base/err.h"
#include "core/base/uuid_text.h"
#include "core/store/lifecycle.h"
#include "core/store/store.h"
#include "core/store/worker.h"

/* So many intervals without a status call, and the execution is stopped. */
#define EXECUTION_HEARTBEATS 4
#define EXECUTION_HEARTBEAT_MIN_MS 5000
/* A heartbeat is noted when the last one noted is older than this part of the interval. */
#define EXECUTION_HEARTBEAT_PART 4
/* Why an execution is stopped whose start() has ended its process, or was killed. */
#define EXECUTION_STARTER_DIED "responder died while starting"
/* Why one is stopped whose heartbeats were missed. */
#define EXECUTION_HEARTBEAT_MISSED "heartbeat timeout"
/* What the reason begins with where an operator wants it stopped: "operator NAME: x". */
#define EXECUTION_BY_OPERATOR "operator"
/* due_boot_ms: an attempt is under way or the reaper shall look at once. */
#define EXECUTION_DUE_NOW 0
/* due_boot_ms: the same, and the last attempt is over. */
#define EXECUTION_DUE_AGAIN 1

/* Who asked first that it be stopped; an operator who gives its stop up takes it over. */
enum stop_by {
	STOP_BY_NOBODY,
	STOP_BY_AGENT,
	STOP_BY_EXTENSION,
	STOP_BY_ACTION		/* it came to its end */
};

/*
 * The columns of a row, each once: its kind, its member of struct execution, its name in the
 * database, and whether it is written once, when the row is made, or again with every change.
 * The struct is made of this list, and in execution.c all that reads, writes and frees a row: a
 * new column is a line here and a migration. Kinds:
 *	text		char *, owned, NULL where the column is
 *	integer		int64_t
 *	phase, stop_by	the enum; its name in the database
 */
#define EXECUTION_COLUMNS(COLUMN) \
	COLUMN(phase, phase, phase, always) \
	COLUMN(text, action, action, once) \
	COLUMN(text, action_version, action_version, always) \
	COLUMN(text, state, state, always) \
	COLUMN(integer, state_version, state_version, always) \
	COLUMN(text, target, target, always) \
	COLUMN(text, experiment_key, experiment_key, always) \
	COLUMN(text, execution_uri, execution_uri, always) \
	COLUMN(integer, created_wall_ms, created_at, once) \
	COLUMN(integer, due_boot_ms, due_at, always) \
	COLUMN(integer, heartbeat_interval_ms, heartbeat_interval, always) \
	COLUMN(integer, duration_ms, duration, always) \
	COLUMN(integer, ends_boot_ms, ends_at, always) \
	COLUMN(stop_by, stop_by, stop_by, always) \
	COLUMN(text, stop_reason, stop_reason, always) \
	COLUMN(integer, stop_attempts, stop_attempts, always) \
	COLUMN(text, last_error, last_error, always) \
	COLUMN(text, error, error, always) \
	COLUMN(text, start_result, start_result, always) \
	COLUMN(text, status_result, status_result, always) \
	COLUMN(text, stop_result, stop_result, always)

#define EXECUTION_text char *
#define EXECUTION_integer int64_t
#define EXECUTION_phase enum phase
#define EXECUTION_stop_by enum stop_by
#define EXECUTION_MEMBER(kind, member, column, written) EXECUTION_##kind member;

/* A row in memory. */
struct execution {
	char id[UUID_TEXT_BYTES];
	EXECUTION_COLUMNS(EXECUTION_MEMBER)
};

/*
 * Loads the row of id; *ret_row has PHASE_NONE if there is none. The row of its worker is loaded
 * with it, unless ret_worker is NULL. 0, or -1.
 */
int execution_load(struct store *store, const char *id, struct execution *ret_row,
    struct worker *ret_worker, struct err *err);
void execution_done(struct execution *row);

/* Makes a row for an id that has none. */
void execution_init(struct execution *row, const char *id, const struct ak_action *action);

/* Notes who wants the execution stopped, unless somebody did before. */
void execution_want_stop(struct execution *row, enum stop_by by, const char *reason);

/* Changes the phase in memory. -1 with ERR_PHASE if the move is not allowed there. */
int execution_move(struct execution *row, enum move move, struct err *err);

/*
 * Writes the row, and an event with who ("agent", "extension", "operator") and why (or
 * NULL). If it is stopped, releases its claims and forgets its files: files_settle() then
 * removes them. Inside a transaction.
 */
int execution_write(struct store *store, const struct execution *row, const char *who,
    const char *why, struct err *err);

/*
 * Whether execution_advance() knows a move from where a row is: those of a life in which nothing
 * goes wrong.
 */
bool execution_advances(const struct execution *row, enum move move);

/*
 * Writes a row that has made such a move since it was loaded under the execution's lock, as
 * execution_write() does, but only what the move changes, and only where that was decided by what
 * is in the database still: the phase; for MOVE_START and MOVE_STOP that nobody wants it stopped;
 * for MOVE_STOP also the state, which a status call may have changed; for MOVE_STOPPED the number
 * of the attempt. MOVE_STARTED does not look at a stop that is wanted, and leaves it due then.
 * Returns 0; 1 if it is not so any more: then nothing is written, and the row is to be loaded; or
 * -1. Inside a transaction.
 */
int execution_advance(struct store *store, const struct execution *row, enum move move,
    const char *who, const char *why, struct err *err);

/*
 * The narrow writes, inside a transaction. _keep_state stores the state and its version, and
 * _keep_alive both (unless the state is NULL), the error (unless NULL) and when it is due next
 * (unless a stop is wanted), if the phase is still the given one. They return 0, 1 if it is not,
 * or -1.
 */
int execution_keep_state(struct store *store, const char *id, enum phase phase,
    const char *state, int64_t state_version, struct err *err);
int execution_keep_alive(struct store *store, const char *id, const char *state,
    int64_t state_version, const char *error, int64_t due_boot_ms, struct err *err);

/* Removes the row of a prepared execution (a prepare that failed after one that did not). */
int execution_forget(struct store *store, const char *id, struct err *err);

/* An event without a change of phase. Inside a transaction. */
int execution_event(struct store *store, const struct execution *row, const char *who,
    const char *why, struct err *err);

/*
 * Why the reaper must end the execution at now_ms (boot time): the reason to note, or NULL
 * if it must not. An execution in `starting` or `stopping` is due only if nobody holds its
 * lock, which the caller knows.
 */
const char *execution_due_reason(const struct execution *row, int64_t now_ms);

/*
 * When an execution that was last heard of at heard_ms (boot time) has missed its heartbeats.
 * _due: the same where that is noted at now_ms; later by the part of an interval for which
 * what is heard of it goes unnoted.
 */
int64_t execution_heartbeat_missed(int64_t heard_ms, int64_t interval_ms);
int64_t execution_heartbeat_due(int64_t now_ms, int64_t interval_ms);

/*
 * When a running execution that is heard of at now_ms is due next: when its heartbeats are missed,
 * or when it ends (ends_boot_ms), whichever is first.
 */
int64_t execution_next_due(const struct execution *row, int64_t now_ms);

/*
 * Pause before the next attempt to stop, after so many: first_ms doubled each time up to a
 * minute, five minutes after the tenth.
 */
int64_t execution_retry_pause(int64_t attempts, int64_t first_ms);
/* After so many attempts a stop that fails is an error in the log. */
#define EXECUTION_ATTEMPTS_QUIET 10

/* How an execution that the extension stopped is reported; owned. */
char *execution_stopped_title(const struct execution *row);

#endif
