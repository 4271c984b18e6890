/*
 * rehearse.c: what is in a database of whatever schema, and whether store_make_ready() would
 * succeed. It persists nothing.
 *
 * Migrations that are missing run on a copy: to run them where they will run, and to roll them
 * back, would hold up all writers for as long as that takes, and twice.
 */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/state_path.h"
#include "core/store/migrations.h"
#include "core/store/store.h"
#include "core/store/store_internal.h"

/* A page that cannot be read because somebody holds the database is tried again. */
#define COPY_PAUSE_MS 20
#define COPY_WAIT_MS 5000
#define GATE_WAIT_MS 5000

int
store_copy(struct store *copy, struct store *store, struct err *err)
{
	int64_t deadline_ms = clock_boot_ms() + COPY_WAIT_MS;
	sqlite3_backup *backup = sqlite3_backup_init(copy->db, "main", store->db, "main");
	int result;

	if (backup == NULL)
		return store_error(copy, "copy", err);
	/* In one read transaction: of one moment, and nobody is held up. */
	while ((result = sqlite3_backup_step(backup, -1)) == SQLITE_BUSY &&
	    clock_boot_ms() < deadline_ms)
		clock_sleep_ms(COPY_PAUSE_MS);
	sqlite3_backup_finish(backup);
	return result == SQLITE_DONE ? 0 : store_error(copy, "copy", err);
}

static int
number_of(struct store *store, const char *sql, int64_t *ret_number, struct err *err)
{
	sqlite3_stmt *get = store_prepare(store, sql, err);

	if (get == NULL || store_step(store, get, err) != 1)
		return -1;
	*ret_number = sqlite3_column_int64(get, 0);
	sqlite3_reset(get);
	return 0;
}

static int
migrate_copy(struct store *copy, int64_t *ret_bytes, struct err *err)
{
	int64_t pages = 0, page_bytes = 0;

	if (store_exec(copy, STORE_RULES "; BEGIN", err) == -1 ||
	    store_migrate(copy, err) == -1 ||
	    store_rebase(copy, 0, err) == -1 ||
	    store_exec(copy, "COMMIT", err) == -1 ||
	    number_of(copy, "PRAGMA page_count", &pages, err) == -1 ||
	    number_of(copy, "PRAGMA page_size", &page_bytes, err) == -1)
		return -1;
	/* All pages may go through the log. */
	*ret_bytes = pages * page_bytes;
	return 0;
}

/* The copy is a temporary file without a name, or in memory while it is small. */
static int
rehearse_migrations(struct store *store, int64_t *ret_bytes, struct err *err)
{
	struct store copy = { .gate = { .fd = -1 } };
	int result = -1;

	if (sqlite3_open_v2("", &copy.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
	    SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		store_error(&copy, "copy", err);
	else if (store_copy(&copy, store, err) == 0)
		result = migrate_copy(&copy, ret_bytes, err);
	store_close(&copy);
	return result;
}

/* The gate and SQLite's lock for a moment, without writing. */
static int
rehearse_write(const char *state_dir, struct err *err)
{
	struct store store;
	int result;

	if (store_connect(&store, state_dir, err) == -1)
		return -1;
	result = store_begin(&store, STORE_NORMAL, clock_boot_ms() + GATE_WAIT_MS, err);
	store_close(&store);
	return result;
}

int
store_survey(const char *state_dir, int *ret_age, int64_t *ret_active, struct err *err)
{
	struct err unknown;
	struct store store;
	int version;

	if (store_look(&store, state_dir, err) == -1)
		return -1;
	version = store_schema_version(&store, err);
	if (version != -1) {
		*ret_age = version - (int)migrations_count;
		*ret_active = -1;
		number_of(&store, "SELECT count(*) FROM executions WHERE phase <> 'stopped'",
		    ret_active, &unknown);
	}
	store_close(&store);
	return version == -1 ? -1 : 0;
}

int
store_rehearse(const char *state_dir, int64_t *ret_bytes, struct err *err)
{
	char path[STATE_PATH_BYTES];
	struct store store;
	int version, result = -1;

	*ret_bytes = 0;
	state_path(state_dir, STORE_FILE, path);
	if (access(path, F_OK) == -1 && errno == ENOENT)
		return 0;
	if (store_look(&store, state_dir, err) == -1)
		return err_wrap(err, "%s", path);
	version = store_schema_version(&store, err);
	if ((size_t)version > migrations_count && version != -1)
		store_wrong_version(version, err);
	else if (version != -1)
		result = (size_t)version == migrations_count ? 0 :
		    rehearse_migrations(&store, ret_bytes, err);
	store_close(&store);
	/* A gate that is not there yet must not come to be. */
	state_path(state_dir, GATE_FILE, path);
	if (result == 0 && access(path, F_OK) == 0)
		result = rehearse_write(state_dir, err);
	return result == -1 ? err_wrap(err, "%s/%s", state_dir, STORE_FILE) : 0;
}
