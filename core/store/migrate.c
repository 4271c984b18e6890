/*
 * migrate.c: creates the database or brings it to this binary's schema, and sets its
 * deadlines right for this boot. Everything happens under the write gate.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/state_path.h"
#include "core/store/execution.h"
#include "core/store/migrations.h"
#include "core/store/store.h"
#include "core/store/store_internal.h"

#define MIGRATE_SQL_BYTES 64
#define DATABASE_MODE 0640	/* the log and its index inherit it */

/* SQLite would create the file with a mode of its own. */
static int
create_file(const char *state_dir, struct err *err)
{
	char path[STATE_PATH_BYTES];
	int fd;

	state_path(state_dir, STORE_FILE, path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, DATABASE_MODE);
	if (fd == -1)
		return errno == EEXIST ? 0 : err_sys(err, ERR_STORE, "%s", path);
	close(fd);
	return 0;
}

static int
apply(struct store *store, const struct migration *migration, struct err *err)
{
	char sql[MIGRATE_SQL_BYTES];

	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", migration->version);
	if (store_exec(store, (const char *)migration->sql, err) == -1 ||
	    store_exec(store, sql, err) == -1)
		return err_wrap(err, "migration %s", migration->name);
	return 0;
}

static int
migrate(struct store *store, struct err *err)
{
	int version = store_schema_version(store, err);

	if (version == -1)
		return -1;
	if ((size_t)version > migrations_count)
		return store_wrong_version(version, err);
	for (size_t i = (size_t)version; i < migrations_count; i++)
		if (apply(store, &migrations[i], err) == -1)
			return -1;
	return 0;
}

/* due_at counts from a boot: this one, from now on. */
static int
rebase(struct store *store, int64_t serving_since_ms, struct err *err)
{
	char boot_id[CLOCK_BOOT_ID_BYTES];
	sqlite3_stmt *same_boot, *heartbeats, *everything, *boot;
	int same;

	if (clock_boot_id(boot_id) == -1)
		return err_sys(err, ERR_INTERNAL, "boot id");
	same_boot = store_prepare(store, "SELECT 1 FROM runtime WHERE boot_id = ?", err);
	heartbeats = store_prepare(store, "UPDATE executions SET due_at = "
	    "max(due_at, ?1 + heartbeat_interval * ?2) "
	    "WHERE phase = 'running' AND stop_by IS NULL", err);
	everything = store_prepare(store, "UPDATE executions SET due_at = min(due_at, 1) "
	    "WHERE phase <> 'stopped'", err);
	boot = store_prepare(store, "INSERT INTO runtime VALUES (1, ?1, ?2) "
	    "ON CONFLICT DO UPDATE SET boot_id = ?1, boot_wall_at = ?2", err);
	if (same_boot == NULL || heartbeats == NULL || everything == NULL || boot == NULL)
		return -1;

	sqlite3_bind_text(same_boot, 1, boot_id, -1, SQLITE_STATIC);
	same = store_step(store, same_boot, err);
	sqlite3_reset(same_boot);
	if (same == -1)
		return -1;
	sqlite3_bind_int64(heartbeats, 1, serving_since_ms);
	sqlite3_bind_int(heartbeats, 2, EXECUTION_HEARTBEATS);
	if (store_run(store, same == 1 ? heartbeats : everything, err) == -1)
		return -1;
	sqlite3_bind_text(boot, 1, boot_id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(boot, 2, clock_wall_ms() - clock_boot_ms());
	return store_run(store, boot, err);
}

int
store_migrate(const char *state_dir, int64_t serving_since_ms, struct err *err)
{
	int64_t deadline_ms = clock_boot_ms() + STORE_OPEN_WAIT_MS;
	struct store store;
	int result = -1;

	if (create_file(state_dir, err) == -1)
		return -1;
	if (store_connect(&store, state_dir, SQLITE_OPEN_READWRITE, err) == -1)
		return -1;
	/* Not inside a transaction; harmless where it is so already. */
	if (gate_enter(&store.gate, deadline_ms, err) == -1)
		goto out;
	result = store_exec(&store, "PRAGMA journal_mode = WAL", err);
	gate_leave(&store.gate);
	if (result == -1)
		goto out;
	if (store_begin(&store, STORE_FULL, deadline_ms, err) == -1 ||
	    migrate(&store, err) == -1 ||
	    rebase(&store, serving_since_ms, err) == -1 ||
	    store_commit(&store, err) == -1)
		result = -1;
out:
	if (result == -1)
		err_wrap(err, "%s/%s", state_dir, STORE_FILE);
	store_close(&store);
	return result;
}
