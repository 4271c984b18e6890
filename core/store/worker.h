/*
 * worker.h: the row of an execution's worker.
 *
 * A worker runs work() of an action: a process of its own (core/worker), whose row is committed
 * with `running`. An execution has one at most, and a row as soon as it has begun.
 */
#ifndef CORE_STORE_WORKER_H
#define CORE_STORE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/actionkit.h"
#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/store/store.h"

/* Which process it is. */
struct worker_id {
	char boot_id[CLOCK_BOOT_ID_BYTES];
	int64_t pid;
	int64_t start_time;		/* ak_process_start_time() */
};

struct worker {
	bool there;			/* the row */
	bool this_boot;
	struct worker_id id;
	bool ended;
	struct ak_work_end end;		/* once it has ended; its error is owned */
	char *error;			/* ActionKitError as JSON, or NULL; owned */
	char *cgroup;			/* its directory, or NULL; owned */
	int64_t sent;
	bool has_told;			/* something is in its outbox, told or not */
	bool stopping;			/* its execution is in that phase: a stop ends it */
};

/* Names this process, or another one of this boot. 0, or -1. */
int worker_identify(int64_t pid, struct worker_id *ret_id, struct err *err);

/* The row in a query, as w, with executions as e; and what it is, from its column at on. */
#define WORKER_COLUMNS \
	"w.boot_id, w.pid, w.start_time, w.ended, w.signal, w.exit_status, w.oom, w.error, " \
	"w.cgroup, w.sent, EXISTS (SELECT 1 FROM outbox o WHERE o.execution = w.execution), " \
	"e.phase = 'stopping'"
void worker_take(sqlite3_stmt *row, int at, struct worker *ret_worker);

/* Loads the row of an execution; there is not set if there is none. 0, or -1. */
int worker_load(struct store *store, const char *execution, struct worker *ret_worker,
    struct err *err);
void worker_done(struct worker *worker);

/*
 * Makes the row, with the directory of its cgroup, or ""; inside the transaction that writes
 * `running`. 0, or -1.
 */
int worker_begin(struct store *store, const char *execution, const struct worker_id *id,
    const char *cgroup, struct err *err);

/*
 * Writes how it ended, unless that is written or it is another process's row. error is an
 * ActionKitError as JSON, or NULL. What was lost of what it told is told last of all. Inside a
 * transaction. 0, or -1.
 */
int worker_end(struct store *store, const char *execution, const struct worker_id *id,
    const struct ak_work_end *end, const char *error, struct err *err);

/* Notes what it told last, and counts what was dropped; inside a transaction. 0, or -1. */
int worker_note(struct store *store, const char *execution, const char *told, int64_t lost,
    struct err *err);

/*
 * How many there are that have not ended, and of executions that are just being started by one
 * of the actions (a JSON array of ids); -1 with err.
 */
int64_t worker_count(struct store *store, const char *actions, struct err *err);

/* "completed", "failed", "errored", "died". */
const char *worker_how(enum ak_work_how how);

#endif
