/*
 * ready.c: makes a state directory's database ready for a server: creates it or brings it to
 * this binary's schema, and sets its deadlines right for this boot. All under the write gate.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/state_file.h"
#include "core/base/state_path.h"
#include "core/store/store.h"
#include "core/store/store_internal.h"

/* SQLite would create the file with a mode of its own; the log and its index inherit this one. */
static int
create_file(const char *state_dir, struct err *err)
{
	char path[STATE_PATH_BYTES];
	int fd;

	state_path(state_dir, STORE_FILE, path);
	fd = state_file_make(path, O_RDWR, STATE_SHARED);
	if (fd == -1)
		return errno == EEXIST ? 0 : err_sys(err, ERR_STORE, "%s", path);
	close(fd);
	return 0;
}

int
store_make_ready(const char *state_dir, int64_t serving_since_ms, struct err *err)
{
	int64_t deadline_ms = clock_boot_ms() + STORE_OPEN_WAIT_MS;
	struct store store;
	int result = -1;

	if (create_file(state_dir, err) == -1)
		return -1;
	if (store_connect(&store, state_dir, err) == -1)
		return -1;
	/* Not inside a transaction; harmless where it is so already. */
	if (gate_enter(&store.gate, deadline_ms, err) == -1)
		goto out;
	result = store_exec(&store, "PRAGMA journal_mode = WAL", err);
	gate_leave(&store.gate);
	if (result == -1)
		goto out;
	if (store_begin(&store, STORE_FULL, deadline_ms, err) == -1 ||
	    store_migrate(&store, err) == -1 ||
	    store_rebase(&store, serving_since_ms, err) == -1 ||
	    store_commit(&store, err) == -1)
		result = -1;
out:
	if (result == -1)
		err_wrap(err, "%s/%s", state_dir, STORE_FILE);
	store_close(&store);
	return result;
}
