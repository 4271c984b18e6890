/*
 * directory.c: makes an execution's own directory. It persists that, and the row in `files` that
 * has it removed with the execution.
 */
#include "config.h"

#include "core/calls/directory.h"

#include <stdlib.h>

#include "core/store/files.h"

static int
record(struct visit *visit, const char *path, struct err *err)
{
	struct store *store = &visit->session->store;

	if (session_begin(visit->session, STORE_FULL, visit->deadline_ms, err) == -1)
		return -1;
	return store_end(store, files_add_own(store, visit->id, path, err), err);
}

/*
 * Under the execution's lock, with which the sweep removes what has no row. Killed before the row
 * is committed: there is nothing, or, in prepare(), what is swept. After it: whoever stops the
 * execution removes it.
 */
static int
make(struct visit *visit, const char *path, struct err *err)
{
	const char *state_dir = visit->session->options->state_dir;

	if (session_need_store(visit->session, err) == -1)
		return -1;
	/* A prepare() that died may have left one; that of this prepare() is not to be touched. */
	if (!visit->moved_files && files_settle(&visit->session->store, state_dir, visit->id,
	    INT64_MAX, err) == -1)
		return -1;
	visit->moved_files = true;
	visit->own_directory = true;
	if (visit->call.verb != VERB_PREPARE && record(visit, path, err) == -1)
		return -1;
	return files_make_own(state_dir, visit->id, err);
}

/* work() does not hold the lock: only while it makes the directory. */
static int
make_in_work(struct visit *visit, const char *path, struct err *err)
{
	struct lock *lock = &visit->session->lock;
	int held = lock_take(lock, visit->id, visit->deadline_ms, err), result;

	if (held == 1)
		return visit_worked_on(visit, err);
	if (held == -1)
		return -1;
	result = make(visit, path, err);
	lock_drop(lock);
	return result;
}

int
directory_get(struct visit *visit, const char **ret_path, struct err *err)
{
	char *path;
	int result = 0;

	if (visit->directory == NULL) {
		path = files_own_path(visit->session->options->state_dir, visit->id);
		if (visit->call.verb == VERB_WORK)
			result = make_in_work(visit, path, err);
		else if (visit->call.verb == VERB_PREPARE || visit->call.verb == VERB_START)
			result = make(visit, path, err);
		if (result == -1) {
			free(path);
			return -1;
		}
		visit->directory = path;
	}
	*ret_path = visit->directory;
	return 0;
}
