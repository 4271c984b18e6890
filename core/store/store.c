/*
 * store.c: opening the database, transactions under the gate, statements, checkpoints.
 */
#include "config.h"

#include "core/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/state_file.h"
#include "core/base/state_path.h"
#include "core/store/database_files.h"
#include "core/store/migrations.h"
#include "core/store/store_internal.h"

/* How long one who opens it waits for its turn to recover the log. */
#define OPEN_TURN_MS 1000
/* The busy handler's pauses: a neighbour such as the sqlite3 shell holds the database. */
#define BUSY_PAUSE_MIN_MS 1
#define BUSY_PAUSE_SPREAD_MS 8
#define BUSY_READ_TRIES 200
/* What is left of a log that has grown longer, when it begins anew. */
#define LOG_KEPT_BYTES "33554432"
/* Where the locks of who reads are in the log's index: SQLite's WAL_READ_LOCK, all five. */
#define READER_FIRST 123
#define READER_LAST 127
/* And of who writes: WAL_WRITE_LOCK. */
#define WRITER 120
/* How long a checkpoint waits, under the gate, for those who still read the log. */
#define CHECKPOINT_READERS_MS 20

static enum err_code
code_of(int result)
{
	switch (result & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return ERR_BUSY;
	case SQLITE_FULL:
		return ERR_FULL;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_CANTOPEN:
		return ERR_STORE;
	default:
		return ERR_INTERNAL;
	}
}

/* Why a write to the log failed: SQLite forgets that where it has cleaned up since. 0: unknown. */
static int
log_errno(struct store *store)
{
	sqlite3_file *file = NULL;
	int sys = 0;

	if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) ==
	    SQLITE_OK && file != NULL && file->pMethods != NULL)
		file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &sys);
	return sys;
}

int
store_error(struct store *store, const char *what, struct err *err)
{
	enum err_code code;
	int result, sys;

	if (store->db == NULL)
		return err_set(err, ERR_STORE, "%s: the database is not open", what);
	result = sqlite3_extended_errcode(store->db);
	code = code_of(result);
	switch (result & 0xff) {
	case SQLITE_PROTOCOL:
	case SQLITE_IOERR:
		/* A lock that could not be let go holds up all until its file is closed. */
		store->suspect = true;
		break;
	case SQLITE_READONLY:
		/* What SQLite fails to open for writing it opens for reading, for good. */
		store->suspect = true;
		break;
	default:
		break;
	}
	/* Not every write says FULL: the log's index grows by a call of its own. */
	sys = (result & 0xff) == SQLITE_IOERR || (result & 0xff) == SQLITE_CANTOPEN ?
	    sqlite3_system_errno(store->db) : 0;
	if (result == SQLITE_IOERR_WRITE && sys == 0)
		sys = log_errno(store);
	code = err_code_of(sys, code);
	/* SQLite says no more than that it could not. */
	return sys == 0 ? err_set(err, code, "%s: %s", what, sqlite3_errmsg(store->db)) :
	    err_set(err, code, "%s: %s: %s", what, sqlite3_errmsg(store->db), strerror(sys));
}

static int
on_busy(void *context, int count)
{
	const struct store *store = context;
	unsigned char jitter;

	if (store->busy_until_ms != 0 ? clock_boot_ms() >= store->busy_until_ms :
	    count >= BUSY_READ_TRIES)
		return 0;
	sqlite3_randomness(sizeof(jitter), &jitter);
	clock_sleep_ms(BUSY_PAUSE_MIN_MS + jitter % BUSY_PAUSE_SPREAD_MS);
	return 1;
}

int
store_exec(struct store *store, const char *sql, struct err *err)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_error(store, "database", err);
	return 0;
}

/* Why it cannot be a database, whatever SQLite would make of it. */
static int
check_file(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return errno == ENOENT ? state_file_missing(path, err) :
		    err_sys(err, ERR_STORE, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_STORE, "%s: is not a file", path);
	return 0;
}

/* What holds for everybody who opens it, to write or to look; closes the store on failure. */
static int
open_file(struct store *store, const char *path, int flags, struct err *err)
{
	int on = 1;

	database_files_own();
	if (sqlite3_open_v2(path, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK) {
		store_error(store, path, err);
		store_close(store);
		return -1;
	}
	sqlite3_busy_handler(store->db, on_busy, store);
	/*
	 * The reaper alone checkpoints; the log stays for readers who may not create it, and
	 * whoever closes last decides that.
	 */
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_file_control(store->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	return 0;
}

int
store_connect(struct store *store, const char *state_dir, struct err *err)
{
	char path[STATE_PATH_BYTES];

	*store = (struct store){ .gate = { .fd = -1 } };
	state_path(state_dir, STORE_FILE, path);
	if (check_file(path, err) == -1 ||
	    gate_open(&store->gate, state_dir, GATE_FILE, err) == -1)
		return -1;
	if (open_file(store, path, SQLITE_OPEN_READWRITE, err) == -1)
		return -1;
	/*
	 * The constraints are for hands at the sqlite3 prompt, and integrity_check looks at
	 * them: evaluating them is a third of the cost of a commit.
	 */
	if (store_exec(store, "PRAGMA wal_autocheckpoint = 0;"
	    "PRAGMA journal_size_limit = " LOG_KEPT_BYTES ";"
	    "PRAGMA synchronous = NORMAL;" STORE_RULES, err) == -1) {
		store_close(store);
		return -1;
	}
	return 0;
}

int
store_schema_version(struct store *store, struct err *err)
{
	sqlite3_stmt *statement;
	int version = -1;

	statement = store_prepare(store, "PRAGMA user_version", err);
	if (statement == NULL)
		return -1;
	if (store_step(store, statement, err) == 1)
		version = sqlite3_column_int(statement, 0);
	sqlite3_reset(statement);
	return version;
}

int
store_wrong_version(int version, struct err *err)
{
	return err_set(err, ERR_USAGE, "%s has schema version %d, this program knows "
	    "%zu: %s", STORE_FILE, version, migrations_count,
	    (size_t)version > migrations_count ?
	    "a newer actionkit has used it, and that one or a newer one is needed" :
	    version == 0 ? "it is empty; `actionkit serve` makes a database of it" :
	    "an older actionkit has used it; if its server runs, use its program, or upgrade the "
	    "server; else `actionkit serve` brings the database up to date");
}

int
store_open(struct store *store, const char *state_dir, struct err *err)
{
	int version, entered;

	if (store_connect(store, state_dir, err) == -1)
		return -1;
	/*
	 * The first read may have to recover the log, which is a write, and writers take turns. But
	 * SQLite has locks of its own for that: who holds the gate for long must not keep those
	 * from reading who have to stop what runs.
	 */
	entered = gate_enter(&store->gate, clock_boot_ms() + OPEN_TURN_MS, err);
	if (entered == -1 && err->code != ERR_BUSY)
		goto fail;
	version = store_schema_version(store, err);
	if (entered == 0)
		gate_leave(&store->gate);
	if (version == -1)
		goto fail;
	if ((size_t)version != migrations_count) {
		store_wrong_version(version, err);
		goto fail;
	}
	return 0;
fail:
	store_close(store);
	return -1;
}

/* The snapshot is taken by the first read. */
static int
read_snapshot(struct store *store, struct err *err)
{
	int version;

	if (store_exec(store, "PRAGMA query_only = ON; BEGIN", err) == -1)
		return -1;
	version = store_schema_version(store, err);
	if (version == -1)
		return -1;
	if ((size_t)version != migrations_count)
		return store_wrong_version(version, err);
	return 0;
}

/* SQLite says of a file that it may not read no more than that it cannot open it. */
static bool
is_denied(const char *state_dir)
{
	static const char *const names[] = { STORE_FILE, STORE_LOG_FILE, STORE_INDEX_FILE };
	char path[STATE_PATH_BYTES];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		state_path(state_dir, names[i], path);
		if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == -1 && errno == EACCES)
			return true;
	}
	return false;
}

int
store_look(struct store *store, const char *state_dir, struct err *err)
{
	char path[STATE_PATH_BYTES];

	*store = (struct store){ .gate = { .fd = -1 } };
	state_path(state_dir, STORE_FILE, path);
	if (is_denied(state_dir))
		return state_file_denied(path, err);
	if (check_file(path, err) == -1)
		return -1;
	return open_file(store, path, SQLITE_OPEN_READONLY, err);
}

int
store_open_readonly(struct store *store, const char *state_dir, struct err *err)
{
	if (store_look(store, state_dir, err) == -1)
		return -1;
	if (read_snapshot(store, err) == -1) {
		err_wrap(err, "%s/%s", state_dir, STORE_FILE);
		store_close(store);
		return -1;
	}
	return 0;
}

void
store_close(struct store *store)
{
	store_rollback(store);
	for (int i = 0; i < store->cached; i++)
		sqlite3_finalize(store->cache[i].statement);
	store->cached = 0;
	if (store->db != NULL)
		sqlite3_close(store->db);
	store->db = NULL;
	store->suspect = false;
	gate_close(&store->gate);
}

sqlite3_stmt *
store_prepare(struct store *store, const char *sql, struct err *err)
{
	sqlite3_stmt *statement;

	for (int i = 0; i < store->cached; i++) {
		if (store->cache[i].sql == sql) {
			statement = store->cache[i].statement;
			sqlite3_reset(statement);
			sqlite3_clear_bindings(statement);
			return statement;
		}
	}
	if (store->db == NULL) {
		err_set(err, ERR_STORE, "the database is not open");
		return NULL;
	}
	if (store->cached == STORE_STATEMENTS_MAX) {
		err_set(err, ERR_INTERNAL, "too many statements");
		return NULL;
	}
	if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement,
	    NULL) != SQLITE_OK) {
		store_error(store, "database", err);
		return NULL;
	}
	store->cache[store->cached].sql = sql;
	store->cache[store->cached].statement = statement;
	store->cached++;
	return statement;
}

int
store_step(struct store *store, sqlite3_stmt *statement, struct err *err)
{
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		sqlite3_reset(statement);
		return 0;
	default:
		store_error(store, "database", err);
		sqlite3_reset(statement);
		return -1;
	}
}

int
store_run(struct store *store, sqlite3_stmt *statement, struct err *err)
{
	int result;

	while ((result = store_step(store, statement, err)) == 1)
		continue;
	return result;
}

/* By a file that is opened for nothing: to close another one would drop SQLite's locks on it. */
static bool
find_holder(struct store *store, int64_t first, int64_t last,
    bool (*is_known)(void *context, pid_t pid), void *context,
    char ret_text[HOLDER_TEXT_BYTES])
{
	char path[STATE_PATH_BYTES];
	bool found;
	int fd;

	snprintf(path, sizeof(path), "%s-shm", sqlite3_db_filename(store->db, "main"));
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd == -1)
		return false;
	found = holder_find(fd, first, last, is_known, context, ret_text) != HOLDER_KNOWN;
	close(fd);
	return found;
}

bool
store_reader(struct store *store, bool (*is_known)(void *context, pid_t pid), void *context,
    char ret_text[HOLDER_TEXT_BYTES])
{
	return find_holder(store, READER_FIRST, READER_LAST, is_known, context, ret_text);
}

bool
store_is_moved(struct store *store)
{
	int moved = 0;

	if (store->db != NULL)
		sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	return moved != 0;
}

int
store_begin(struct store *store, enum store_durability durability, int64_t deadline_ms,
    struct err *err)
{
	sqlite3_stmt *begin = store_prepare(store, "BEGIN IMMEDIATE", err);
	char holder[HOLDER_TEXT_BYTES];

	if (begin == NULL)
		return -1;
	if (gate_enter(&store->gate, deadline_ms, err) == -1)
		return -1;
	if (store_is_moved(store)) {
		gate_leave(&store->gate);
		return err_set(err, ERR_STORE, "%s was removed or replaced", STORE_FILE);
	}
	store->writing = true;
	store->durability = durability;
	store->busy_until_ms = deadline_ms;
	if (store_run(store, begin, err) == 0)
		return 0;
	store_rollback(store);
	if (err->code == ERR_BUSY && find_holder(store, WRITER, WRITER, NULL, NULL, holder))
		err_set(err, ERR_BUSY, "the database is locked by %s", holder);
	return -1;
}

static void
leave(struct store *store)
{
	store->writing = false;
	store->busy_until_ms = 0;
	gate_leave(&store->gate);
}

/*
 * Waits until the log is on the disk. Not under the gate: others may commit meanwhile. What
 * they have brought into the database already was synced on the way there.
 */
static int
sync_log(struct store *store, struct err *err)
{
	sqlite3_file *log = NULL;

	sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	/* Before the first commit there is none. */
	if (log->pMethods == NULL || log->pMethods->xSync(log,
	    SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY) == SQLITE_OK)
		return 0;
	store->suspect = true;
	return err_set(err, ERR_INTERNAL, "%s cannot be synced to the disk", STORE_FILE);
}

int
store_commit(struct store *store, struct err *err)
{
	sqlite3_stmt *commit = store_prepare(store, "COMMIT", err);

	if (commit == NULL || store_run(store, commit, err) == -1) {
		store_rollback(store);
		return -1;
	}
	leave(store);
	return store->durability == STORE_FULL ? sync_log(store, err) : 0;
}

void
store_rollback(struct store *store)
{
	if (!store->writing)
		return;
	/* After FULL, IOERR or NOMEM SQLite may have rolled back already. */
	if (sqlite3_get_autocommit(store->db) == 0)
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	leave(store);
}

int
store_end(struct store *store, int result, struct err *err)
{
	if (result != -1)
		return store_commit(store, err);
	store_rollback(store);
	return -1;
}

int
store_checkpoint(struct store *store, int64_t deadline_ms, int *ret_pages, struct err *err)
{
	int result;

	/* Most of the wait for the disk, before others have to wait for this. */
	if (sync_log(store, err) == -1 || gate_enter(&store->gate, deadline_ms, err) == -1)
		return -1;
	store->busy_until_ms = clock_boot_ms() + CHECKPOINT_READERS_MS;
	result = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_RESTART,
	    ret_pages, NULL);
	/* Somebody reads for long: the log is copied, but cannot begin anew yet. */
	if ((result & 0xff) == SQLITE_BUSY)
		result = SQLITE_OK;
	if (result != SQLITE_OK)
		store_error(store, "checkpoint", err);
	leave(store);
	return result == SQLITE_OK ? 0 : -1;
}
