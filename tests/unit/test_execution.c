/*
 * test_execution.c: phases and moves, the store's transactions, locks, the gate and claims.
 */
#include "config.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/store/claim.h"
#include "core/store/execution.h"
#include "core/store/lock.h"
#include "core/store/migrations.h"
#include "core/store/store.h"

#define WAIT_MS 5000
#define SHORT_MS 100
#define ID "11111111-2222-4333-8444-555555555555"
#define OTHER_ID "21111111-2222-4333-8444-555555555555"

static const struct ak_action action = {
	.id = "org.actionkit.test", .version = "1"
};

static char directory[64];
static struct store store;
static struct err err;

static void
make_directory(void)
{
	snprintf(directory, sizeof(directory), "/tmp/ak-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_msg(store_make_ready(directory, 0, 0, &err) == 0, "%s", err.msg);
}

static void
remove_directory(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", directory);
	ck_assert_int_eq(system(command), 0);
}

static void
open_store(void)
{
	make_directory();
	ck_assert_msg(store_open(&store, directory, &err) == 0, "%s", err.msg);
}

static void
close_store(void)
{
	store_close(&store);
	remove_directory();
}

static void
begin(void)
{
	ck_assert_msg(store_begin(&store, STORE_NORMAL, clock_boot_ms() + WAIT_MS,
	    &err) == 0, "%s", err.msg);
}

static void
commit(void)
{
	ck_assert_msg(store_commit(&store, &err) == 0, "%s", err.msg);
}

static void
write_row(const char *id, enum move move)
{
	struct execution row = { .phase = PHASE_NONE };

	begin();
	ck_assert_int_eq(execution_load(&store, id, &row, NULL, &err), 0);
	if (row.phase == PHASE_NONE) {
		execution_init(&row, id, &action);
		text_set(&row.state, "{\"a\":1}");
	}
	if (move == MOVE_STOP)
		execution_want_stop(&row, STOP_BY_AGENT, "test");
	ck_assert_msg(execution_move(&row, move, &err) == 0, "%s", err.msg);
	ck_assert_msg(execution_write(&store, &row, "agent", NULL, &err) == 0, "%s",
	    err.msg);
	commit();
	execution_done(&row);
}

static int64_t
number(const char *sql)
{
	sqlite3_stmt *get = NULL;
	int64_t value;

	ck_assert_int_eq(sqlite3_prepare_v2(store.db, sql, -1, &get, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(get), SQLITE_ROW);
	value = sqlite3_column_int64(get, 0);
	sqlite3_finalize(get);
	return value;
}

START_TEST(test_only_these_moves_are_allowed)
{
	static const enum phase expected[MOVE_COUNT][PHASE_STOPPED + 1] = {
		[MOVE_PREPARE] = { [PHASE_NONE] = PHASE_PREPARED,
		    [PHASE_PREPARED] = PHASE_PREPARED },
		[MOVE_START] = { [PHASE_NONE] = PHASE_STARTING,
		    [PHASE_PREPARED] = PHASE_STARTING },
		[MOVE_STARTED] = { [PHASE_STARTING] = PHASE_RUNNING },
		[MOVE_STOP] = { [PHASE_NONE] = PHASE_STOPPING,
		    [PHASE_PREPARED] = PHASE_STOPPING, [PHASE_STARTING] = PHASE_STOPPING,
		    [PHASE_RUNNING] = PHASE_STOPPING },
		[MOVE_RETRY] = { [PHASE_STOPPING] = PHASE_STOPPING },
		[MOVE_STOPPED] = { [PHASE_STOPPING] = PHASE_STOPPED },
		[MOVE_END] = { [PHASE_PREPARED] = PHASE_STOPPED,
		    [PHASE_STARTING] = PHASE_STOPPED, [PHASE_RUNNING] = PHASE_STOPPED },
		[MOVE_ABANDON] = { [PHASE_STOPPING] = PHASE_STOPPED },
		[MOVE_RESTOP] = { [PHASE_STARTING] = PHASE_STOPPING,
		    [PHASE_RUNNING] = PHASE_STOPPING, [PHASE_STOPPING] = PHASE_STOPPING,
		    [PHASE_STOPPED] = PHASE_STOPPING },
	};

	for (int move = 0; move < MOVE_COUNT; move++)
		for (int phase = PHASE_NONE; phase <= PHASE_STOPPED; phase++)
			ck_assert_msg(phase_after((enum phase)phase, (enum move)move) ==
			    expected[move][phase], "move %d from %s", move,
			    phase_name((enum phase)phase));
}
END_TEST

START_TEST(test_the_first_who_wants_a_stop_is_kept)
{
	struct execution row = { .phase = PHASE_RUNNING };

	execution_want_stop(&row, STOP_BY_EXTENSION, "heartbeat timeout");
	execution_want_stop(&row, STOP_BY_AGENT, "stopped by the agent");
	ck_assert_int_eq(row.stop_by, STOP_BY_EXTENSION);
	ck_assert_str_eq(row.stop_reason, "heartbeat timeout");
	execution_done(&row);
}
END_TEST

START_TEST(test_reasons_to_stop)
{
	struct execution row = { .phase = PHASE_RUNNING, .due_boot_ms = 100 };

	ck_assert_ptr_null(execution_due_reason(&row, 99));
	ck_assert_str_eq(execution_due_reason(&row, 100), "heartbeat timeout");
	row.phase = PHASE_PREPARED;
	ck_assert_str_eq(execution_due_reason(&row, 100), "never started");
	row.phase = PHASE_STARTING;
	ck_assert_str_eq(execution_due_reason(&row, 100), "responder died while starting");
	row.phase = PHASE_STOPPED;
	ck_assert_ptr_null(execution_due_reason(&row, 100));
}
END_TEST

START_TEST(test_pauses_between_attempts)
{
	static const int64_t expected[] = {
		1000, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000, 300000
	};

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		ck_assert_int_eq(execution_retry_pause((int64_t)i, 1000), expected[i]);
}
END_TEST

START_TEST(test_a_row_comes_back_as_it_was_written)
{
	struct execution row = { .phase = PHASE_NONE }, back = { .phase = PHASE_NONE };

	execution_init(&row, ID, &action);
	text_set(&row.state, "{\"x\":[1,2]}");
	row.state_version = 7;
	text_set(&row.target, "host");
	text_set(&row.last_error, "no");
	text_set(&row.start_result, "{}");
	row.due_boot_ms = 77;
	row.heartbeat_interval_ms = 5000;
	row.stop_attempts = 3;
	execution_want_stop(&row, STOP_BY_EXTENSION, "because");
	row.phase = PHASE_STOPPING;
	begin();
	ck_assert_msg(execution_write(&store, &row, "agent", "why", &err) == 0, "%s",
	    err.msg);
	commit();
	ck_assert_int_eq(execution_load(&store, ID, &back, NULL, &err), 0);
	ck_assert_int_eq(back.phase, PHASE_STOPPING);
	ck_assert_str_eq(back.action, action.id);
	ck_assert_str_eq(back.state, row.state);
	ck_assert_int_eq(back.state_version, 7);
	ck_assert_str_eq(back.target, "host");
	ck_assert_ptr_null(back.experiment_key);
	ck_assert_str_eq(back.last_error, "no");
	ck_assert_str_eq(back.start_result, "{}");
	ck_assert_int_eq(back.due_boot_ms, 77);
	ck_assert_int_eq(back.heartbeat_interval_ms, 5000);
	ck_assert_int_eq(back.stop_attempts, 3);
	ck_assert_int_eq(back.stop_by, STOP_BY_EXTENSION);
	ck_assert_str_eq(back.stop_reason, "because");
	ck_assert_int_eq(number("SELECT count(*) FROM events WHERE why = 'why'"), 1);
	execution_done(&row);
	execution_done(&back);
}
END_TEST

static void
set(const char *sql)
{
	ck_assert_msg(sqlite3_exec(store.db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
	    sqlite3_errmsg(store.db));
}

/* What execution_advance() says of a move from a row that was loaded before meanwhile happened. */
static int
advance(enum move move, const char *meanwhile)
{
	struct execution row = { .phase = PHASE_NONE };
	int result;

	ck_assert_int_eq(execution_load(&store, ID, &row, NULL, &err), 0);
	set(meanwhile);
	ck_assert(execution_advances(&row, move));
	if (row.phase == PHASE_NONE) {
		execution_init(&row, ID, &action);
		text_set(&row.state, "{\"a\":1}");
	}
	row.due_boot_ms = 1000;
	if (move == MOVE_STOP) {
		execution_want_stop(&row, STOP_BY_AGENT, "test");
		row.stop_attempts++;
	}
	ck_assert_int_eq(execution_move(&row, move, &err), 0);
	begin();
	result = execution_advance(&store, &row, move, "agent", NULL, &err);
	commit();
	execution_done(&row);
	return result;
}

#define IS(condition) number("SELECT count(*) FROM executions WHERE " condition)

START_TEST(test_a_row_advances_only_where_it_is_as_it_was)
{
	static const char nothing[] = "SELECT 1";
	static const char wanted[] = "UPDATE executions SET stop_by = 'agent', "
	    "stop_reason = 'x', due_at = 0";
	static const char unwanted[] = "UPDATE executions SET stop_by = NULL, stop_reason = NULL";

	ck_assert_int_eq(advance(MOVE_PREPARE, nothing), 0);
	ck_assert_int_eq(IS("phase = 'prepared' AND state = '{\"a\":1}' AND due_at = 1000"), 1);
	/* A stop that is wanted keeps it from being started; it is not overlooked. */
	ck_assert_int_eq(advance(MOVE_START, wanted), 1);
	ck_assert_int_eq(IS("phase = 'prepared' AND stop_by = 'agent'"), 1);
	set(unwanted);
	ck_assert_int_eq(advance(MOVE_START, nothing), 0);
	ck_assert_int_eq(advance(MOVE_STARTED, "UPDATE executions SET phase = 'stopping'"), 1);
	/* What has been started runs, and the stop stays wanted, and due. */
	set("UPDATE executions SET phase = 'starting'");
	ck_assert_int_eq(advance(MOVE_STARTED, wanted), 0);
	ck_assert_int_eq(IS("phase = 'running' AND stop_by = 'agent' AND due_at = 0"), 1);
	set(unwanted);
	ck_assert_int_eq(advance(MOVE_STOP, wanted), 1);
	set(unwanted);
	/* stop() has to have the state that a status call has left. */
	ck_assert_int_eq(advance(MOVE_STOP, "UPDATE executions SET state = '{\"a\":2}'"), 1);
	ck_assert_int_eq(IS("phase = 'running' AND stop_by IS NULL"), 1);
	ck_assert_int_eq(advance(MOVE_STOP, nothing), 0);
	/* An attempt that was overtaken is not the last. */
	ck_assert_int_eq(advance(MOVE_STOPPED, "UPDATE executions SET stop_attempts = 2"), 1);
	ck_assert_int_eq(IS("phase = 'stopping' AND stop_attempts = 2"), 1);
	set("INSERT INTO claims VALUES ('netdev:eth0', '" ID "', 0)");
	ck_assert_int_eq(advance(MOVE_STOPPED, nothing), 0);
	ck_assert_int_eq(IS("phase = 'stopped' AND state = '{\"a\":2}'"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM claims"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM events"), 5);
}
END_TEST

START_TEST(test_a_row_is_made_where_there_is_none)
{
	struct execution row = { .phase = PHASE_NONE };

	write_row(ID, MOVE_START);
	execution_init(&row, ID, &action);
	text_set(&row.state, "{}");
	ck_assert_int_eq(execution_move(&row, MOVE_PREPARE, &err), 0);
	begin();
	ck_assert_int_eq(execution_advance(&store, &row, MOVE_PREPARE, "agent", NULL, &err), 1);
	commit();
	ck_assert_int_eq(IS("phase = 'starting'"), 1);
	execution_done(&row);
}
END_TEST

/* changed_at and runner_pid are set by each write, and not read. */
START_TEST(test_the_columns_are_those_of_the_table)
{
#define LISTED(kind, member, column, written) "'" #column "', "
	ck_assert_int_eq(number("SELECT count(*) FROM pragma_table_info('executions') "
	    "WHERE name NOT IN (" EXECUTION_COLUMNS(LISTED)
	    "'id', 'changed_at', 'runner_pid')"), 0);
}
END_TEST

START_TEST(test_a_row_is_written_again_but_for_what_is_written_once)
{
#define CHANGE(kind, member, column, written) CHANGE_##kind(row.member)
#define CHANGE_text(text) text_set(&text, "2");
#define CHANGE_integer(value) value = 2;
#define CHANGE_phase(value) value = PHASE_STOPPING;
#define CHANGE_stop_by(value) value = STOP_BY_ACTION;
#define CHECK(kind, member, column, written) ck_assert_msg( \
	    SAME_##kind(back.member, row.member) == IS_##written, "%s", #column);
#define SAME_text(a, b) ((a) != NULL && strcmp(a, b) == 0)
#define SAME_integer(a, b) ((a) == (b))
#define SAME_phase(a, b) ((a) == (b))
#define SAME_stop_by(a, b) ((a) == (b))
#define IS_always true
#define IS_once false
	struct execution row = { .phase = PHASE_NONE }, back = { .phase = PHASE_NONE };

	write_row(ID, MOVE_PREPARE);
	ck_assert_int_eq(execution_load(&store, ID, &row, NULL, &err), 0);
	EXECUTION_COLUMNS(CHANGE)
	begin();
	ck_assert_msg(execution_write(&store, &row, "agent", NULL, &err) == 0, "%s",
	    err.msg);
	commit();
	ck_assert_int_eq(execution_load(&store, ID, &back, NULL, &err), 0);
	EXECUTION_COLUMNS(CHECK)
	execution_done(&row);
	execution_done(&back);
}
END_TEST

START_TEST(test_events_of_attempts_become_few)
{
	struct execution row = { .phase = PHASE_NONE };
	int64_t attempt, all;

	write_row(ID, MOVE_PREPARE);
	write_row(ID, MOVE_START);
	write_row(ID, MOVE_STOP);
	ck_assert_int_eq(execution_load(&store, ID, &row, NULL, &err), 0);
	all = number("SELECT count(*) FROM events");
	for (attempt = 1; attempt <= 120; attempt++) {
		begin();
		row.stop_attempts = attempt;
		row.due_boot_ms = EXECUTION_DUE_NOW;
		ck_assert_int_eq(execution_write(&store, &row, "extension", "again", &err), 0);
		row.due_boot_ms = clock_boot_ms() + WAIT_MS;
		ck_assert_int_eq(execution_write(&store, &row, "extension", "it fails", &err),
		    0);
		commit();
	}
	/* Two of each of the first ten; then one an hour, of five minutes each. */
	ck_assert_int_eq(number("SELECT count(*) FROM events") - all, 2 * 10 + 10);
	ck_assert_int_eq(number("SELECT count(*) FROM events WHERE why = "
	    "'attempt 120: it fails'"), 1);
	execution_done(&row);
	write_row(ID, MOVE_STOPPED);
	ck_assert_int_eq(number("SELECT count(*) FROM events") - all, 2 * 10 + 11);
}
END_TEST

START_TEST(test_an_unknown_id_has_no_phase)
{
	struct execution row = { .phase = PHASE_RUNNING };

	ck_assert_int_eq(execution_load(&store, ID, &row, NULL, &err), 0);
	ck_assert_int_eq(row.phase, PHASE_NONE);
}
END_TEST

START_TEST(test_rollback_leaves_nothing)
{
	struct execution row = { .phase = PHASE_NONE };

	begin();
	execution_init(&row, ID, &action);
	text_set(&row.state, "{}");
	row.phase = PHASE_PREPARED;
	ck_assert_int_eq(execution_write(&store, &row, "agent", NULL, &err), 0);
	store_rollback(&store);
	execution_done(&row);
	ck_assert_int_eq(number("SELECT count(*) FROM executions"), 0);
	write_row(ID, MOVE_PREPARE);
	ck_assert_int_eq(number("SELECT count(*) FROM executions"), 1);
}
END_TEST

START_TEST(test_keep_alive_only_while_running)
{
	write_row(ID, MOVE_PREPARE);
	begin();
	ck_assert_int_eq(execution_keep_alive(&store, ID, "{}", 2, NULL, 5, &err), 1);
	commit();
	write_row(ID, MOVE_START);
	write_row(ID, MOVE_STARTED);
	begin();
	ck_assert_int_eq(execution_keep_alive(&store, ID, "{\"b\":2}", 2, "why", 5,
	    &err), 0);
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM executions WHERE due_at = 5 "
	    "AND state = '{\"b\":2}' AND state_version = 2"), 1);
	begin();
	/* Without a state its version stays, too. */
	ck_assert_int_eq(execution_keep_alive(&store, ID, NULL, 3, NULL, 6, &err), 0);
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM executions WHERE due_at = 6 "
	    "AND state_version = 2 AND error = 'why'"), 1);
	begin();
	ck_assert_int_eq(execution_keep_state(&store, ID, PHASE_RUNNING, "{\"c\":3}", 4,
	    &err), 0);
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM executions WHERE state_version = 4 "
	    "AND state = '{\"c\":3}'"), 1);
	begin();
	ck_assert_int_eq(execution_keep_state(&store, ID, PHASE_STARTING, "{}", 3, &err), 1);
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM executions WHERE state = '{}'"), 0);
}
END_TEST

START_TEST(test_claims_exclude_others_until_stopped)
{
	write_row(ID, MOVE_PREPARE);
	write_row(OTHER_ID, MOVE_PREPARE);
	begin();
	ck_assert_int_eq(claim_take(&store, ID, "netdev:eth0", &err), 0);
	ck_assert_int_eq(claim_take(&store, ID, "netdev:eth0", &err), 0);
	commit();
	begin();
	ck_assert_int_eq(claim_take(&store, OTHER_ID, "netdev:eth0", &err), -1);
	ck_assert_int_eq(err.code, ERR_PHASE);
	ck_assert_ptr_nonnull(strstr(err.msg, " holds netdev:eth0 since 20"));
	ck_assert_ptr_nonnull(strstr(err.msg, "yet: execution " ID ", see"));
	store_rollback(&store);
	write_row(ID, MOVE_STOP);
	write_row(ID, MOVE_STOPPED);
	ck_assert_int_eq(claim_check(&store, OTHER_ID, "netdev:eth0", &err), 0);
}
END_TEST

START_TEST(test_the_database_is_private_and_wal)
{
	char path[128];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", directory, STORE_FILE);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0600);
	snprintf(path, sizeof(path), "%s/%s-wal", directory, STORE_FILE);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM pragma_journal_mode "
	    "WHERE journal_mode = 'wal'"), 1);
	ck_assert_int_eq(number("PRAGMA wal_autocheckpoint"), 0);
	ck_assert_int_eq(number("PRAGMA page_size"), 1024);
	ck_assert_int_eq(number("PRAGMA user_version"), (int64_t)migrations_count);
}
END_TEST

START_TEST(test_a_newer_schema_is_refused)
{
	struct store other;

	ck_assert_int_eq(sqlite3_exec(store.db, "PRAGMA user_version = 999", NULL, NULL,
	    NULL), SQLITE_OK);
	ck_assert_int_eq(store_make_ready(directory, 0, 0, &err), -1);
	ck_assert_int_eq(err.code, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.msg, "a newer actionkit has used it"));
	ck_assert_int_eq(store_open(&other, directory, &err), -1);
	ck_assert_int_eq(err.code, ERR_USAGE);
}
END_TEST

START_TEST(test_migrating_again_keeps_rows)
{
	write_row(ID, MOVE_PREPARE);
	ck_assert_msg(store_make_ready(directory, 0, 0, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(number("SELECT count(*) FROM executions"), 1);
}
END_TEST

START_TEST(test_after_an_outage_heartbeats_count_from_serving)
{
	write_row(ID, MOVE_START);
	write_row(ID, MOVE_STARTED);
	ck_assert_int_eq(sqlite3_exec(store.db, "UPDATE executions SET due_at = 5, "
	    "heartbeat_interval = 1000", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_msg(store_make_ready(directory, 100000, 0, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(number("SELECT due_at FROM executions"),
	    100000 + EXECUTION_HEARTBEATS * 1000);
}
END_TEST

/* What has come to its end meanwhile: the agent gets an interval to stop it. */
START_TEST(test_after_an_outage_ends_count_from_serving)
{
	static const struct {
		int64_t ends, new_ends, due;
	} rows[] = {
		{ 0, 0, 100000 + EXECUTION_HEARTBEATS * 1000 },
		{ 500, 101000, 101000 },
		{ 102000, 102000, 102000 },
		{ 900000, 900000, 100000 + EXECUTION_HEARTBEATS * 1000 },
	};
	char sql[256];
	size_t i;

	write_row(ID, MOVE_START);
	write_row(ID, MOVE_STARTED);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(sql, sizeof(sql), "UPDATE executions SET due_at = 5, "
		    "heartbeat_interval = 1000, ends_at = %lld", (long long)rows[i].ends);
		ck_assert_int_eq(sqlite3_exec(store.db, sql, NULL, NULL, NULL), SQLITE_OK);
		ck_assert_msg(store_make_ready(directory, 100000, 0, &err) == 0, "%s", err.msg);
		ck_assert_int_eq(number("SELECT due_at FROM executions"), rows[i].due);
		ck_assert_int_eq(number("SELECT ends_at FROM executions"), rows[i].new_ends);
	}
}
END_TEST

START_TEST(test_next_due)
{
	struct execution row = { .phase = PHASE_RUNNING, .heartbeat_interval_ms = 1000 };
	int64_t heartbeat_ms = execution_heartbeat_due(500, 1000);

	ck_assert_int_eq(execution_next_due(&row, 500), heartbeat_ms);
	row.ends_boot_ms = heartbeat_ms + 1;
	ck_assert_int_eq(execution_next_due(&row, 500), heartbeat_ms);
	row.ends_boot_ms = 700;
	ck_assert_int_eq(execution_next_due(&row, 500), 700);
	row.due_boot_ms = 700;
	ck_assert_ptr_null(execution_due_reason(&row, 699));
	ck_assert_str_eq(execution_due_reason(&row, 700),
	    "duration is over, the agent did not stop it");
	row.ends_boot_ms = 701;
	ck_assert_str_eq(execution_due_reason(&row, 700), "heartbeat timeout");
}
END_TEST

START_TEST(test_after_another_boot_everything_is_due)
{
	write_row(ID, MOVE_START);
	write_row(ID, MOVE_STARTED);
	ck_assert_int_eq(sqlite3_exec(store.db, "UPDATE executions SET due_at = 99999999; "
	    "UPDATE executions SET ends_at = 99999998; "
	    "UPDATE runtime SET boot_id = 'another'", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_msg(store_make_ready(directory, 100000, 0, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(number("SELECT due_at FROM executions"), EXECUTION_DUE_AGAIN);
	ck_assert_int_eq(number("SELECT ends_at FROM executions"), 0);
}
END_TEST

START_TEST(test_a_database_that_was_removed_takes_no_writes)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, STORE_FILE);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(store_begin(&store, STORE_NORMAL, clock_boot_ms() + WAIT_MS, &err),
	    -1);
	ck_assert_int_eq(err.code, ERR_STORE);
}
END_TEST

/* Runs body in a child that tells by a pipe that it has begun, and ends when told so. */
struct neighbour {
	pid_t pid;
	int to_child[2];
	int from_child[2];
};

static void
neighbour_start(struct neighbour *neighbour, void (*body)(void))
{
	char byte;

	ck_assert_int_eq(pipe(neighbour->to_child), 0);
	ck_assert_int_eq(pipe(neighbour->from_child), 0);
	neighbour->pid = fork();
	ck_assert_int_ne(neighbour->pid, -1);
	if (neighbour->pid == 0) {
		body();
		if (write(neighbour->from_child[1], "x", 1) != 1 ||
		    read(neighbour->to_child[0], &byte, 1) != 1)
			_exit(1);
		_exit(0);
	}
	ck_assert_int_eq(read(neighbour->from_child[0], &byte, 1), 1);
}

static void
neighbour_kill(struct neighbour *neighbour)
{
	int status;

	ck_assert_int_eq(kill(neighbour->pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(neighbour->pid, &status, 0), neighbour->pid);
}

static void
hold_gate(void)
{
	struct gate gate;

	if (gate_open(&gate, directory, GATE_FILE, &err) == -1 ||
	    gate_enter(&gate, clock_boot_ms() + WAIT_MS, &err) == -1)
		_exit(2);
}

START_TEST(test_the_gate_has_a_deadline_and_dies_with_its_holder)
{
	struct neighbour neighbour;
	int64_t before_ms;

	neighbour_start(&neighbour, hold_gate);
	before_ms = clock_boot_ms();
	ck_assert_int_eq(store_begin(&store, STORE_NORMAL, before_ms + SHORT_MS, &err), -1);
	ck_assert_int_eq(err.code, ERR_BUSY);
	ck_assert_int_ge(clock_boot_ms() - before_ms, SHORT_MS);
	neighbour_kill(&neighbour);
	begin();
	commit();
}
END_TEST

static void
hold_lock(void)
{
	struct lock lock;

	if (lock_open(&lock, directory, LOCK_FILE, &err) == -1 ||
	    lock_take(&lock, ID, 0, &err) != 0)
		_exit(2);
}

START_TEST(test_a_lock_excludes_and_dies_with_its_holder)
{
	struct neighbour neighbour;
	struct lock lock;
	int64_t before_ms;

	ck_assert_int_eq(lock_open(&lock, directory, LOCK_FILE, &err), 0);
	neighbour_start(&neighbour, hold_lock);
	ck_assert_int_eq(lock_held(&lock, ID, &err), 1);
	ck_assert_int_eq(lock_held(&lock, OTHER_ID, &err), 0);
	ck_assert_int_eq(lock_take(&lock, OTHER_ID, 0, &err), 0);
	lock_drop(&lock);
	before_ms = clock_boot_ms();
	ck_assert_int_eq(lock_take(&lock, ID, before_ms + SHORT_MS, &err), 1);
	ck_assert_int_ge(clock_boot_ms() - before_ms, SHORT_MS);
	neighbour_kill(&neighbour);
	ck_assert_int_eq(lock_take(&lock, ID, 0, &err), 0);
	lock_close(&lock);
}
END_TEST

/* Of the write-ahead log. */
static int64_t
log_bytes(void)
{
	struct stat status;
	char path[128];

	snprintf(path, sizeof(path), "%s/" STORE_FILE "-wal", directory);
	ck_assert_int_eq(stat(path, &status), 0);
	return status.st_size;
}

static int
checkpoint(void)
{
	int pages = -1;

	ck_assert_msg(store_checkpoint(&store, clock_boot_ms() + WAIT_MS, &pages,
	    &err) == 0, "%s", err.msg);
	return pages;
}

static void
write_many(void)
{
	for (int i = 0; i < 50; i++)
		write_row(ID, MOVE_PREPARE);
}

START_TEST(test_a_checkpoint_lets_the_log_begin_anew)
{
	int64_t before;

	write_many();
	before = log_bytes();
	ck_assert_int_gt(checkpoint(), 0);
	write_many();
	ck_assert_int_le(log_bytes(), before + before / 4);
}
END_TEST

START_TEST(test_a_reader_does_not_hold_up_a_checkpoint)
{
	struct store reader;
	int64_t began, before;

	write_many();
	ck_assert_int_eq(store_open_readonly(&reader, directory, &err), 0);
	write_many();
	before = log_bytes();
	began = clock_boot_ms();
	ck_assert_int_gt(checkpoint(), 0);
	ck_assert_int_lt(clock_boot_ms() - began, WAIT_MS / 2);
	/* The log goes on behind what is still read, and anew when it is not. */
	write_many();
	ck_assert_int_gt(log_bytes(), before);
	store_close(&reader);
	checkpoint();
	before = log_bytes();
	write_many();
	ck_assert_int_eq(log_bytes(), before);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("execution");
	TCase *pure = tcase_create("pure"), *stored = tcase_create("stored");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(pure, test_only_these_moves_are_allowed);
	tcase_add_test(pure, test_the_first_who_wants_a_stop_is_kept);
	tcase_add_test(pure, test_reasons_to_stop);
	tcase_add_test(pure, test_pauses_between_attempts);
	suite_add_tcase(suite, pure);

	tcase_add_checked_fixture(stored, open_store, close_store);
	tcase_add_test(stored, test_a_row_comes_back_as_it_was_written);
	tcase_add_test(stored, test_a_row_advances_only_where_it_is_as_it_was);
	tcase_add_test(stored, test_a_row_is_made_where_there_is_none);
	tcase_add_test(stored, test_the_columns_are_those_of_the_table);
	tcase_add_test(stored, test_a_row_is_written_again_but_for_what_is_written_once);
	tcase_add_test(stored, test_events_of_attempts_become_few);
	tcase_add_test(stored, test_an_unknown_id_has_no_phase);
	tcase_add_test(stored, test_rollback_leaves_nothing);
	tcase_add_test(stored, test_keep_alive_only_while_running);
	tcase_add_test(stored, test_claims_exclude_others_until_stopped);
	tcase_add_test(stored, test_the_database_is_private_and_wal);
	tcase_add_test(stored, test_a_newer_schema_is_refused);
	tcase_add_test(stored, test_migrating_again_keeps_rows);
	tcase_add_test(stored, test_after_an_outage_heartbeats_count_from_serving);
	tcase_add_test(stored, test_after_an_outage_ends_count_from_serving);
	tcase_add_test(stored, test_next_due);
	tcase_add_test(stored, test_after_another_boot_everything_is_due);
	tcase_add_test(stored, test_a_database_that_was_removed_takes_no_writes);
	tcase_add_test(stored, test_the_gate_has_a_deadline_and_dies_with_its_holder);
	tcase_add_test(stored, test_a_lock_excludes_and_dies_with_its_holder);
	tcase_add_test(stored, test_a_checkpoint_lets_the_log_begin_anew);
	tcase_add_test(stored, test_a_reader_does_not_hold_up_a_checkpoint);
	suite_add_tcase(suite, stored);

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
