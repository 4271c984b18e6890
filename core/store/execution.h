/*
 * execution.h: the row of one execution, and the arrows between its phases.
 *
 * Every change is one transaction that loads the row again, decides, moves it and writes it:
 *	store_begin, execution_load, execution_move, execution_write, store_commit
 */
#ifndef CORE_STORE_EXECUTION_H
#define CORE_STORE_EXECUTION_H

#include <stdint.h>

#include "core/actionkit.h"
#include "core/base/err.h"
#include "core/base/uuid_text.h"
#include "core/store/store.h"

/* So many intervals without a status call, and the execution is stopped. */
#define EXECUTION_HEARTBEATS 4
#define EXECUTION_HEARTBEAT_MIN_MS 5000
/* A heartbeat is noted when the last one noted is older than this part of the interval. */
#define EXECUTION_HEARTBEAT_PART 4
/* due_boot_ms: an attempt is under way or the reaper shall look at once. */
#define EXECUTION_DUE_NOW 0
/* due_boot_ms: the same, and the last attempt is over. */
#define EXECUTION_DUE_AGAIN 1

enum phase {
	PHASE_NONE,		/* no row */
	PHASE_PREPARED,
	PHASE_STARTING,
	PHASE_RUNNING,
	PHASE_STOPPING,
	PHASE_STOPPED
};

/* The only ways from phase to phase; execution.c has the table of what leads where. */
enum move {
	MOVE_PREPARE,		/* prepare() succeeded */
	MOVE_START,		/* start() is about to run */
	MOVE_STARTED,		/* start() returned */
	MOVE_STOP,		/* stop() is about to run for the first time */
	MOVE_RETRY,		/* the reaper is about to run stop() once more */
	MOVE_STOPPED,		/* stop() succeeded */
	MOVE_END,		/* over, and the action has no stop() to run */
	MOVE_ABANDON,		/* an operator gives its stop up */
	MOVE_COUNT
};

/* Who asked first that it be stopped; an operator who gives its stop up takes it over. */
enum stop_by {
	STOP_BY_NOBODY,
	STOP_BY_AGENT,
	STOP_BY_EXTENSION,
	STOP_BY_ACTION		/* it came to its end */
};

/* A row in memory. Texts are owned, NULL where the column is. */
struct execution {
	char id[UUID_TEXT_BYTES];
	enum phase phase;
	char *action;
	char *action_version;
	char *state;
	int64_t state_version;
	char *target;
	char *experiment_key;
	char *execution_uri;
	int64_t created_wall_ms;
	int64_t due_boot_ms;
	int64_t heartbeat_interval_ms;
	enum stop_by stop_by;
	char *stop_reason;
	int64_t stop_attempts;
	char *last_error;
	char *start_result;
	char *status_result;
	char *stop_result;
};

const char *phase_name(enum phase phase);
/* Where a move leads from a phase: PHASE_NONE if it is not allowed there. */
enum phase phase_after(enum phase phase, enum move move);

/* Loads the row of id; *ret_row has PHASE_NONE if there is none. 0, or -1. */
int execution_load(struct store *store, const char *id, struct execution *ret_row,
    struct err *err);
void execution_done(struct execution *row);

/* Replaces an owned text of a row by a copy (NULL allowed). Out of memory is fatal. */
void execution_set(char **text, const char *value);

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
 * The narrow writes, inside a transaction. _keep_state stores the state and its version, and
 * _keep_alive both (unless the state is NULL) and the next heartbeat's due time (unless a stop
 * is wanted), if the phase is still the given one. They return 0, 1 if it is not, or -1.
 */
int execution_keep_state(struct store *store, const char *id, enum phase phase,
    const char *state, int64_t state_version, struct err *err);
int execution_keep_alive(struct store *store, const char *id, const char *state,
    int64_t state_version, int64_t due_boot_ms, struct err *err);

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
 * When an execution whose heartbeat is noted at now_ms (boot time) is due: so many
 * intervals later, and the part of one for which later heartbeats go unnoted.
 */
int64_t execution_heartbeat_due(int64_t now_ms, int64_t interval_ms);

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
