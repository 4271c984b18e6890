/*
 * housekeeping.c: moves the write-ahead log into the database, removes history whose
 * retention is over, keeps the ballast, and notes a wall clock that was set.
 */
#include "config.h"

#include "core/reaper/housekeeping.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/state_path.h"
#include "core/store/ballast.h"
#include "core/store/fitness.h"

#define CHECKPOINT_EVERY_MS 2000
/* While the log grows this fast it is moved more often: each time holds up all writers. */
#define CHECKPOINT_BUSY_PAGES 1000
#define CHECKPOINT_BUSY_MS 100
#define RETENTION_EVERY_MS 60000
#define BALLAST_EVERY_MS 60000
#define CLOCK_EVERY_MS 2000
/* A wall clock that is further off than this has been set. */
#define CLOCK_STEP_MS 1000
#define HOUSEKEEPING_WAIT_MS 2000	/* for the write gate */
/* Rows removed in one transaction, so that it stays short. */
#define RETENTION_BATCH "500"
/*
 * Events whose retention (?1) is over, but for those of what is active. Ids grow with time, and no
 * index is kept for the rest: read on from the oldest to the first that is to stay. One of a clock
 * that was ahead of now (?2) and put back is not that, or it would keep all behind it.
 */
#define EVENTS_TO_PURGE "FROM events e WHERE at < ?1 AND id < coalesce(" \
	"(SELECT id FROM events WHERE at BETWEEN ?1 AND ?2 ORDER BY id LIMIT 1), " \
	"9223372036854775807) AND NOT EXISTS " \
	"(SELECT 1 FROM executions a WHERE a.id = e.execution AND a.phase <> 'stopped')"

/* Whether something was committed since the last checkpoint. */
static bool
log_has_changed(struct housekeeping *housekeeping, const char *state_dir)
{
	char path[STATE_PATH_BYTES];
	struct stat status;

	state_path(state_dir, STORE_LOG_FILE, path);
	if (stat(path, &status) == -1)
		return false;
	if (status.st_mtim.tv_sec == housekeeping->log_changed.tv_sec &&
	    status.st_mtim.tv_nsec == housekeeping->log_changed.tv_nsec)
		return false;
	housekeeping->log_changed = status.st_mtim;
	return true;
}

static int
purge(struct store *store, int64_t before_ms, int64_t now_ms, struct err *err)
{
	sqlite3_stmt *purges[] = {
		store_prepare(store, "DELETE FROM executions WHERE id IN "
		    "(SELECT id FROM executions WHERE phase = 'stopped' AND changed_at < ? "
		    "LIMIT " RETENTION_BATCH ")", err),
		store_prepare(store, "DELETE FROM events WHERE id IN "
		    "(SELECT id " EVENTS_TO_PURGE " ORDER BY id LIMIT " RETENTION_BATCH ")", err),
		store_prepare(store, "DELETE FROM stop_requests WHERE handled_at < ?", err)
	};
	int removed = 0;

	if (store_begin(store, STORE_NORMAL, clock_boot_ms() + HOUSEKEEPING_WAIT_MS,
	    err) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(purges) / sizeof(purges[0]); i++) {
		if (purges[i] == NULL)
			goto fail;
		sqlite3_bind_int64(purges[i], 1, before_ms);
		/* Only one of them asks for it. */
		(void)sqlite3_bind_int64(purges[i], 2, now_ms);
		if (store_run(store, purges[i], err) == -1)
			goto fail;
		removed += sqlite3_changes(store->db);
	}
	return store_commit(store, err) == -1 ? -1 : removed;
fail:
	store_rollback(store);
	return -1;
}

/* Looks without the gate: most of the time there is nothing. 1, 0 or -1. */
static int
anything_to_purge(struct store *store, int64_t before_ms, int64_t now_ms, struct err *err)
{
	sqlite3_stmt *look = store_prepare(store, "SELECT EXISTS (SELECT 1 FROM executions "
	    "WHERE phase = 'stopped' AND changed_at < ?1) OR EXISTS (SELECT 1 " EVENTS_TO_PURGE
	    ") OR EXISTS (SELECT 1 FROM stop_requests WHERE handled_at < ?1)", err);
	int found;

	if (look == NULL)
		return -1;
	sqlite3_bind_int64(look, 1, before_ms);
	sqlite3_bind_int64(look, 2, now_ms);
	if (store_step(store, look, err) != 1)
		return -1;
	found = sqlite3_column_int(look, 0);
	sqlite3_reset(look);
	return found;
}

/* Returns how much is gone, or -1. */
static int
retain(struct store *store, const struct options *options, struct err *err)
{
	int64_t now_ms = clock_wall_ms(), before_ms = now_ms - options->retention_ms;
	int found = anything_to_purge(store, before_ms, now_ms, err);

	return found == 1 ? purge(store, before_ms, now_ms, err) : found;
}

/* Deadlines do not move with the wall clock, but what people are told of them does. */
static int
note_clock(struct store *store, struct err *err)
{
	int64_t boot_wall_ms = clock_wall_ms() - clock_boot_ms();
	sqlite3_stmt *look = store_prepare(store,
	    "SELECT 1 FROM runtime WHERE abs(boot_wall_at - ?) > ?", err);
	sqlite3_stmt *note = store_prepare(store, "UPDATE runtime SET boot_wall_at = ?", err);
	int found;

	if (look == NULL || note == NULL)
		return -1;
	sqlite3_bind_int64(look, 1, boot_wall_ms);
	sqlite3_bind_int(look, 2, CLOCK_STEP_MS);
	found = store_step(store, look, err);
	sqlite3_reset(look);
	if (found != 1)
		return found;
	if (store_begin(store, STORE_NORMAL, clock_boot_ms() + HOUSEKEEPING_WAIT_MS,
	    err) == -1)
		return -1;
	sqlite3_bind_int64(note, 1, boot_wall_ms);
	return store_end(store, store_run(store, note, err), err);
}

static bool
is_ours(void *context, pid_t pid)
{
	const struct scoreboard *scoreboard = context;

	return scoreboard_lists(scoreboard, pid);
}

/* Who reads for long keeps the log from beginning anew. Told, and again when it has doubled. */
static void
watch_log(struct housekeeping *housekeeping, struct session *session)
{
	int64_t bytes = fitness_log_bytes(session->options->state_dir);
	char reader[HOLDER_TEXT_BYTES];

	if (bytes < FITNESS_LOG_WARN_BYTES)
		housekeeping->log_told_bytes = 0;
	if (bytes < FITNESS_LOG_WARN_BYTES || bytes < 2 * housekeeping->log_told_bytes)
		return;
	housekeeping->log_told_bytes = bytes;
	if (!store_reader(&session->store, is_ours, session->scoreboard, reader))
		snprintf(reader, sizeof(reader), "a process of the server");
	log_warn("%s has grown to %" PRId64 " MiB, since the database is being read by %s",
	    STORE_LOG_FILE, bytes / FITNESS_MIB, reader);
}

void
housekeeping_run(struct housekeeping *housekeeping, struct session *session)
{
	struct store *store = &session->store;
	const struct options *options = session->options;
	int64_t now_ms = clock_boot_ms();
	struct err err;
	int removed, pages = 0;

	if (now_ms >= housekeeping->checkpoint_at_ms) {
		if (log_has_changed(housekeeping, options->state_dir) &&
		    store_checkpoint(store, now_ms + HOUSEKEEPING_WAIT_MS, &pages,
		    &err) == -1)
			log_warn("checkpoint: %s", err.msg);
		watch_log(housekeeping, session);
		housekeeping->checkpoint_at_ms = now_ms + (pages > CHECKPOINT_BUSY_PAGES ?
		    CHECKPOINT_BUSY_MS : CHECKPOINT_EVERY_MS);
	}
	if (now_ms >= housekeeping->ballast_at_ms) {
		housekeeping->ballast_at_ms = now_ms + BALLAST_EVERY_MS;
		if (ballast_keep(options->state_dir, &err) == -1)
			log_warn("%s", err.msg);
	}
	if (now_ms >= housekeeping->clock_at_ms) {
		housekeeping->clock_at_ms = now_ms + CLOCK_EVERY_MS;
		if (note_clock(store, &err) == -1)
			log_warn("clock: %s", err.msg);
	}
	if (now_ms >= housekeeping->retention_at_ms) {
		removed = retain(store, options, &err);
		if (removed == -1)
			log_warn("retention: %s", err.msg);
		/* There may be more than one batch. */
		housekeeping->retention_at_ms = now_ms +
		    (removed > 0 ? 0 : RETENTION_EVERY_MS);
	}
}
