/*
 * ready.c: makes a state directory's database ready for a server: creates it or brings it to
 * this binary's schema, and sets its deadlines right for this boot. All under the write gate.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/state_file.h"
#include "core/base/state_path.h"
#include "core/store/loss.h"
#include "core/store/store.h"
#include "core/store/store_internal.h"

/*
 * Of a new database; one that is there keeps its own. A commit writes each page that it has touched
 * as a whole: the rows of an execution are small, and larger pages have more of others in them.
 */
#define PAGE_BYTES "1024"

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

/* Inside a transaction. */
static int
migrate(struct store *store, int64_t serving_since_ms, int64_t active, struct err *err)
{
	int version = store_schema_version(store, err);

	if (version == -1 || store_migrate(store, err) == -1 ||
	    store_rebase(store, serving_since_ms, err) == -1)
		return -1;
	return version == 0 && active > 0 ? loss_note(store, active, err) : 0;
}

int
store_make_ready(const char *state_dir, int64_t serving_since_ms, int64_t active,
    struct err *err)
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
	result = store_exec(&store, "PRAGMA page_size = " PAGE_BYTES
	    "; PRAGMA journal_mode = WAL", err);
	gate_leave(&store.gate);
	if (result == -1)
		goto out;
	result = store_begin(&store, STORE_FULL, deadline_ms, err);
	if (result == 0)
		result = store_end(&store, migrate(&store, serving_since_ms, active, err), err);
	if (result == 0 && loss_check(&store, err) == -1)
		log_error("%s", err->msg);
out:
	if (result == -1)
		err_wrap(err, "%s/%s", state_dir, STORE_FILE);
	store_close(&store);
	return result;
}
