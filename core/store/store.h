/*
 * store.h: the SQLite database of a state directory.
 *
 * Every write transaction and every checkpoint runs under the write gate: one flock with a
 * deadline, shared by all processes (gate.h says why). A store belongs to the process that
 * opened it and must be closed before fork(): an inherited handle loses commits.
 */
#ifndef CORE_STORE_STORE_H
#define CORE_STORE_STORE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/base/holder.h"
#include "core/store/gate.h"

#define STORE_FILE "actionkit.db"
#define STORE_LOG_FILE STORE_FILE "-wal"	/* the write-ahead log */
#define STORE_INDEX_FILE STORE_FILE "-shm"	/* its index, and SQLite's locks */
#define STORE_STATEMENTS_MAX 96

/* What a commit must outlive. */
enum store_durability {
	STORE_NORMAL,		/* the death of every process */
	STORE_FULL		/* a power cut too: an effect follows */
};

struct store {
	sqlite3 *db;		/* NULL while closed */
	struct gate gate;
	enum store_durability durability; /* of the transaction */
	bool writing;		/* between store_begin and store_commit or _rollback */
	int64_t busy_until_ms;	/* how long others are waited for; 0: as for a read */
	bool suspect;		/* to be closed: SQLite has lost its locks, or cannot write */
	struct {
		const char *sql;
		sqlite3_stmt *statement;
	} cache[STORE_STATEMENTS_MAX];
	int cached;
};

/*
 * Opens the database of state_dir and the gate. The database must be there and of this
 * binary's schema (store_make_ready). Returns 0, or -1 with ERR_STORE, ERR_BUSY or ERR_USAGE (a
 * schema of another version).
 */
int store_open(struct store *store, const char *state_dir, struct err *err);

/*
 * Opens the database for looking only: nothing is written, the gate is not opened, and
 * read permission is enough while a server runs or has left its log behind. Everything that
 * is read is as of this moment; a snapshot holds up checkpoints, so close it soon. The same
 * results as store_open, and ERR_STORE if there is no database.
 */
int store_open_readonly(struct store *store, const char *state_dir, struct err *err);

/*
 * Whether the file that is open is not at its path any more: commits to it would succeed and be
 * lost, so that store_begin() refuses them with ERR_STORE.
 */
bool store_is_moved(struct store *store);

/* Legal on a closed store, and on one whose store_open failed. Never checkpoints. */
void store_close(struct store *store);

/*
 * Creates the database where there is none, applies the migrations that are missing, and sets
 * due_at right for this boot: after another boot everything active is due; within the same
 * one, heartbeats count from serving_since_ms (boot time) at the earliest. Where it is new, and
 * there were active executions when somebody looked last, these are lost (loss.h). All in one
 * transaction. Runs in the supervisor before it forks. 0, or -1 as store_open.
 */
int store_make_ready(const char *state_dir, int64_t serving_since_ms, int64_t active,
    struct err *err);

/*
 * Whether store_make_ready() would succeed, without changing anything: the migrations that are
 * missing run on a copy, and no writer is held up for longer than a transaction. A database that is
 * not there is no fault. *ret_bytes: the space that they may need. 0, or -1 as store_open().
 */
int store_rehearse(const char *state_dir, int64_t *ret_bytes, struct err *err);

/* The version of this program's schema: 1, 2, ... */
int store_schema(void);

/*
 * Looks at a database of whatever schema. *ret_age: how many versions it is ahead of this
 * program's, below 0 if behind; *ret_active: how many executions are not stopped, -1 if that
 * cannot be told. 0, or -1 as store_open_readonly().
 */
int store_survey(const char *state_dir, int *ret_age, int64_t *ret_active, struct err *err);

/*
 * The prepared statement for sql, a string literal (its address is the key), reset and
 * ready to bind; owned by the store. NULL and err on failure.
 */
sqlite3_stmt *store_prepare(struct store *store, const char *sql, struct err *err);

/*
 * Takes the gate, until deadline_ms (boot time) at the latest, and begins a transaction. Returns 0,
 * or -1 with ERR_BUSY, ERR_FULL or ERR_STORE, and nothing begun.
 */
int store_begin(struct store *store, enum store_durability durability,
    int64_t deadline_ms, struct err *err);
/*
 * Commits, opens the gate and, where it must outlive a power cut, waits for the disk. On
 * failure the gate is open, and nothing was written but where that wait alone has failed.
 */
int store_commit(struct store *store, struct err *err);
/* Ends the transaction without a trace. Legal when there is none. */
void store_rollback(struct store *store);
/* Ends the transaction by what came of its work: rolls back after -1, else commits. 0, or -1. */
int store_end(struct store *store, int result, struct err *err);

/* Runs a statement that returns no row, to its end, and resets it. 0, or -1. */
int store_run(struct store *store, sqlite3_stmt *statement, struct err *err);

/*
 * Steps a statement that returns rows: 1 with a row, 0 at the end (and resets it), -1 on
 * failure (and resets it).
 */
int store_step(struct store *store, sqlite3_stmt *statement, struct err *err);

/*
 * Moves the write-ahead log into the database, under the gate, so that the log can begin
 * anew. *ret_pages is how long it was.
 */
int store_checkpoint(struct store *store, int64_t deadline_ms, int *ret_pages,
    struct err *err);

/*
 * Who else reads the database, in words, as holder_find(); whether there is somebody who is not
 * known.
 */
bool store_reader(struct store *store, bool (*is_known)(void *context, pid_t pid), void *context,
    char ret_text[HOLDER_TEXT_BYTES]);

/* Sets err from the last failure of the database handle; returns -1. */
int store_error(struct store *store, const char *what, struct err *err);

#endif
