/*
 * rescue.c: writes a database back that was removed. It persists a copy of the whole.
 */
#include "config.h"

#include "core/store/rescue.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/state_file.h"
#include "core/base/state_path.h"
#include "core/store/store_internal.h"

static int
copy_to(struct store *store, const char *path, struct err *err)
{
	struct store copy = { .gate = { .fd = -1 } };
	int result = -1;

	if (sqlite3_open_v2(path, &copy.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		store_error(&copy, path, err);
	else
		result = store_copy(&copy, store, err);
	store_close(&copy);
	return result;
}

/* Removes what is left of a file; none is fine. */
static int
remove_old(const char *state_dir, const char *name, struct err *err)
{
	char path[STATE_PATH_BYTES];

	state_path(state_dir, name, path);
	if (unlink(path) == -1 && errno != ENOENT)
		return err_sys(err, err_code_of(errno, ERR_STORE), "%s", path);
	return 0;
}

static int
write_copy(struct store *store, const char *state_dir, const char *path, struct err *err)
{
	int fd;

	if (remove_old(state_dir, RESCUE_FILE, err) == -1 ||
	    remove_old(state_dir, RESCUE_FILE "-journal", err) == -1)
		return -1;
	fd = state_file_make(path, O_RDWR, STATE_SHARED);
	if (fd == -1)
		return err_sys(err, err_code_of(errno, ERR_STORE), "%s", path);
	close(fd);
	return copy_to(store, path, err);
}

/* So that the name outlives a power cut; the copy does already. */
static void
sync_directory(const char *state_dir)
{
	int fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return;
	if (fsync(fd) == -1)
		log_warn("%s: %s", state_dir, strerror(errno));
	close(fd);
}

/* The log and its index were of the file that is gone; whoever has them open keeps them. */
static int
put_back(struct store *store, const char *state_dir, const char *path, struct err *err)
{
	char copy[STATE_PATH_BYTES];

	state_path(state_dir, RESCUE_FILE, copy);
	if (write_copy(store, state_dir, copy, err) == -1 ||
	    remove_old(state_dir, STORE_LOG_FILE, err) == -1 ||
	    remove_old(state_dir, STORE_INDEX_FILE, err) == -1)
		return -1;
	if (link(copy, path) == -1)
		return errno == EEXIST ? 0 :
		    err_sys(err, err_code_of(errno, ERR_STORE), "%s", path);
	sync_directory(state_dir);
	(void)remove_old(state_dir, RESCUE_FILE, err);
	log_error("%s was removed: put back what was in it", path);
	return 1;
}

int
store_rescue(struct store *store, const char *state_dir, int64_t deadline_ms,
    struct err *err)
{
	char path[STATE_PATH_BYTES];
	int result = 0;

	state_path(state_dir, STORE_FILE, path);
	if (gate_enter(&store->gate, deadline_ms, err) == -1)
		return -1;
	/* Somebody else may have been faster. */
	if (access(path, F_OK) == -1 && errno == ENOENT)
		result = put_back(store, state_dir, path, err);
	gate_leave(&store->gate);
	return result == -1 ? err_wrap(err, "%s was removed and cannot be put back", path) :
	    result;
}
