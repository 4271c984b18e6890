/*
 * fitness.c: looks at what a commit needs. It persists when one was tried.
 */
#include "config.h"

#include "core/store/fitness.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "core/base/clock.h"
#include "core/base/state_path.h"
#include "core/store/loss.h"
#include "core/store/space.h"

int64_t
fitness_log_bytes(const char *state_dir)
{
	char path[STATE_PATH_BYTES];
	struct stat status;

	state_path(state_dir, STORE_LOG_FILE, path);
	return stat(path, &status) == -1 ? 0 : status.st_size;
}

int
fitness_look(struct store *store, const char *state_dir, int64_t keep_free, struct err *err)
{
	int64_t log_bytes = fitness_log_bytes(state_dir);

	if (space_check_in(state_dir, 0, keep_free, err) == -1)
		return -1;
	if (log_bytes > FITNESS_LOG_MAX_BYTES)
		return err_set(err, ERR_FULL, "%s has grown to %" PRId64 " MiB: somebody reads "
		    "the database for long (the server's log says who)", STORE_LOG_FILE,
		    log_bytes / FITNESS_MIB);
	return loss_check(store, err);
}

int
fitness_note(struct store *store, struct err *err)
{
	sqlite3_stmt *note = store_prepare(store, "UPDATE runtime SET tried_at = ?", err);

	if (note == NULL)
		return -1;
	sqlite3_bind_int64(note, 1, clock_wall_ms());
	return store_run(store, note, err);
}
