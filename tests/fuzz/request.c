/*
 * request.c: fuzzes whole requests, from FastCGI's parameters and the body to the reply,
 * with a real database in a state directory of its own.
 *
 * An input is a conversation: requests (exchange.h) with a line "%%" between them. Every
 * reply must be one of the protocol's, every effect of start() must have a row by which it
 * will be undone, and every file a row. At the end everything is stopped, and no effect and
 * no file may be left.
 */
#include "config.h"

#include <errno.h>
#include <ftw.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "core/action/verify.h"
#include "core/actionkit.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/uuid_text.h"
#include "core/calls/attempt.h"
#include "core/calls/visit.h"
#include "core/config/scoreboard.h"
#include "core/store/store.h"
#include "fcgi/http/site.h"
#include "tests/fuzz/exchange.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/stub.h"

#define REQUESTS_MAX 32
#define STATE_DIR_BYTES 256
#define STOP_MS 10000
/* So small that inputs come up to them. */
#define MAX_FILE_BYTES 2000
#define MAX_FILES 2
#define MAX_UPLOAD_BYTES 3000
#define CHECKPOINT_EVERY 256
#define SEPARATOR "\n%%\n"
#define TREE_DEPTH 8

static char state_dir[STATE_DIR_BYTES];
static struct server_options options;
static struct site site;
static struct responder responder;
static sqlite3 *db;

/* The only column of the only row. */
static int64_t
number(const char *sql, const char *id)
{
	sqlite3_stmt *statement;
	int64_t value;

	fuzz_must(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, sql);
	if (id != NULL)
		sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
	fuzz_must(sqlite3_step(statement) == SQLITE_ROW, sql);
	value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

static void
execute(const char *sql)
{
	fuzz_must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

static int64_t files_found;

static int
count_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_D)
		return 0;
	files_found++;
	fuzz_must(type == FTW_F && number("SELECT size FROM files WHERE path = ?", path) ==
	    (int64_t)st->st_size, "a file is not as its row");
	return 0;
}

/* Every file has a row, every row a file, and only what is not stopped has them. */
static void
check_files(void)
{
	char path[2 * STATE_DIR_BYTES];

	snprintf(path, sizeof(path), "%s/files", state_dir);
	files_found = 0;
	nftw(path, count_one, TREE_DEPTH, FTW_PHYS);
	fuzz_must(number("SELECT count(*) FROM files", NULL) == files_found,
	    "a row without a file");
	fuzz_must(number("SELECT count(*) FROM files f JOIN executions e ON "
	    "e.id = f.execution WHERE e.phase = 'stopped'", NULL) == 0,
	    "a file of what is stopped");
	snprintf(path, sizeof(path), "%s/files/incoming", state_dir);
	fuzz_must(rmdir(path) == 0 || errno == ENOENT, "something is left in incoming");
}

static void
check_promise(void)
{
	size_t i;

	fuzz_must(responder.session.store.db == db, "the database was closed");
	fuzz_must(sqlite3_get_autocommit(db) != 0, "a transaction is left open");
	fuzz_must(sqlite3_txn_state(db, NULL) == SQLITE_TXN_NONE, "a read is left open");
	fuzz_must(responder.session.lock.offset == -1, "a lock is left");
	for (i = 0; i < stub_effects_count; i++)
		fuzz_must(number("SELECT count(*) FROM executions WHERE id = ? AND "
		    "phase IN ('starting', 'running', 'stopping')", stub_effects[i]) == 1,
		    "an effect that nobody will undo");
	fuzz_must(number("SELECT count(*) FROM claims c JOIN executions e ON "
	    "e.id = c.execution WHERE e.phase = 'stopped'", NULL) == 0,
	    "a claim of what is stopped");
	check_files();
}

/* What the reaper does for one execution. */
static void
stop_one(const char *id)
{
	struct visit visit = {
		.session = &responder.session, .action = &stub_action, .id = id,
		.deadline_ms = clock_boot_ms() + STOP_MS,
		.call = {
			.action = &stub_action, .verb = VERB_STOP, .execution = id,
			.deadline_ms = clock_boot_ms() + STOP_MS
		}
	};
	struct err err;

	if (number("SELECT action = 'fuzz.check' FROM executions WHERE id = ?", id) == 1) {
		visit.action = &stub_check;
		visit.call.action = &stub_check;
	}
	fuzz_must(lock_take(&responder.session.lock, id, 0, &err) == 0, "a lock is taken");
	fuzz_must(attempt_run(&visit, STOP_BY_EXTENSION, "fuzz", false, &err) == 0,
	    "a stop fails for ever");
	visit_end(&visit);
}

/* Stops all executions in this phase. */
static void
stop_all(const char *phase)
{
	sqlite3_stmt *statement;
	char id[UUID_TEXT_BYTES];
	bool found = true;

	stub_healed = true;
	while (found) {
		fuzz_must(sqlite3_prepare_v2(db, "SELECT id FROM executions WHERE phase "
		    "LIKE ? AND phase <> 'stopped'", -1, &statement, NULL) == SQLITE_OK,
		    "no list of executions");
		sqlite3_bind_text(statement, 1, phase, -1, SQLITE_STATIC);
		found = sqlite3_step(statement) == SQLITE_ROW;
		if (found)
			snprintf(id, sizeof(id), "%s",
			    (const char *)sqlite3_column_text(statement, 0));
		sqlite3_finalize(statement);
		if (found)
			stop_one(id);
	}
	stub_healed = false;
}

static void
converse(const char *text, size_t size)
{
	exchange(&responder, text, size);
	check_promise();
	/* Until it has succeeded, the next stop would wait for the reaper. */
	stop_all("stopping");
}

static void
clear(void)
{
	static int64_t changes;
	static int cleared;

	if (sqlite3_total_changes64(db) == changes)
		return;
	stop_all("%");
	fuzz_must(stub_effects_count == 0, "an effect that was not undone");
	check_promise();
	execute("DELETE FROM executions; DELETE FROM events");
	if (++cleared % CHECKPOINT_EVERY == 0)
		sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	changes = sqlite3_total_changes64(db);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
remove_state_dir(void)
{
	nftw(state_dir, remove_one, TREE_DEPTH, FTW_DEPTH | FTW_PHYS);
}

static void
report(void *context, const char *mistake)
{
	(void)context;
	fuzz_must(false, mistake);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char program[] = "fuzz", name[] = "--state-dir";
	char *arguments[] = { program, name, state_dir, NULL };
	const char *parent = getenv("TMPDIR");
	static const struct option_mistakes quiet = { .report = NULL };
	struct err err = { .msg = "" };

	(void)argc;
	(void)argv;
	snprintf(state_dir, sizeof(state_dir), "%s/ak-fuzz-XXXXXX",
	    parent == NULL ? "/tmp" : parent);
	fuzz_must(mkdtemp(state_dir) != NULL, state_dir);
	atexit(remove_state_dir);
	fuzz_must(server_options_parse(3, arguments, &options, &quiet) == 0, "options");
	options.core.max_file_bytes = MAX_FILE_BYTES;
	options.core.max_files = MAX_FILES;
	options.core.max_upload_bytes = MAX_UPLOAD_BYTES;
	options.core.keep_free_bytes = 0;
	log_init(LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
	ak_register(&stub_action);
	ak_register(&stub_check);
	verify_registry(report, NULL);

	site.options = &options;
	index_binary(site.binary);
	index_build(&site.index, options.base_path, site.binary);
	fuzz_must(routes_build(&site.routes, &site.index, &err) == 0, err.msg);
	site.scoreboard = scoreboard_map(state_dir, &err);
	fuzz_must(site.scoreboard != NULL, err.msg);
	site.scoreboard->reaper_beat_ms = clock_boot_ms();
	fuzz_must(store_make_ready(state_dir, 0, 0, &err) == 0, err.msg);
	responder.site = &site;
	responder.slot = &site.scoreboard->slots[0];
	fuzz_must(session_open(&responder.session, &options.core, site.scoreboard, &err) == 0,
	    err.msg);
	db = responder.session.store.db;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end = text + size, *next;
	int requests;

	for (requests = 0; text != NULL && requests < REQUESTS_MAX; requests++) {
		next = memmem(text, (size_t)(end - text), SEPARATOR, strlen(SEPARATOR));
		converse(text, (size_t)((next == NULL ? end : next) - text));
		text = next == NULL ? NULL : next + strlen(SEPARATOR);
	}
	clear();
	return 0;
}
