/*
 * files.c: the files of executions: their rows in the table files, and their directories.
 */
#include "config.h"

#include "core/store/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/file_tree.h"
#include "core/base/log.h"

int
files_open(const char *state_dir, bool make, struct err *err)
{
	int state_fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	if (state_fd == -1)
		return err_sys(err, ERR_INTERNAL, "%s", state_dir);
	fd = file_tree_open(state_fd, FILES_DIR, make, err);
	close(state_fd);
	return fd;
}

int
files_add(struct store *store, const char *execution, const char *parameter,
    const char *path, const char *original_name, int64_t size, struct err *err)
{
	sqlite3_stmt *add = store_prepare(store, "INSERT INTO files "
	    "(execution, parameter, path, original_name, size) VALUES (?, ?, ?, ?, ?)",
	    err);

	if (add == NULL)
		return -1;
	sqlite3_bind_text(add, 1, execution, -1, SQLITE_STATIC);
	sqlite3_bind_text(add, 2, parameter, -1, SQLITE_STATIC);
	sqlite3_bind_text(add, 3, path, -1, SQLITE_STATIC);
	sqlite3_bind_text(add, 4, original_name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(add, 5, size);
	return store_run(store, add, err);
}

char *
files_own_path(const char *state_dir, const char *execution)
{
	char *path;

	if (asprintf(&path, "%s/%s/%s/%s", state_dir, FILES_DIR, execution,
	    FILES_OWN_DIR) == -1)
		log_out_of_memory();
	return path;
}

int
files_add_own(struct store *store, const char *execution, const char *path, struct err *err)
{
	sqlite3_stmt *add = store_prepare(store, "INSERT INTO files "
	    "(execution, parameter, path, original_name, size) "
	    "SELECT id, '" FILES_OWN_DIR "', ?2, '', 0 FROM executions "
	    "WHERE id = ?1 AND phase <> 'stopped' "
	    "ON CONFLICT DO UPDATE SET path = excluded.path", err);

	if (add == NULL)
		return -1;
	sqlite3_bind_text(add, 1, execution, -1, SQLITE_STATIC);
	sqlite3_bind_text(add, 2, path, -1, SQLITE_STATIC);
	if (store_run(store, add, err) == -1)
		return -1;
	if (sqlite3_changes(store->db) == 0)
		return err_set(err, ERR_PHASE, "execution %s is over", execution);
	return 0;
}

int
files_make_own(const char *state_dir, const char *execution, struct err *err)
{
	int files = files_open(state_dir, true, err), whole = -1, own = -1;

	if (files != -1)
		whole = file_tree_open(files, execution, true, err);
	if (whole != -1)
		own = file_tree_open(whole, FILES_OWN_DIR, true, err);
	if (files != -1)
		close(files);
	if (whole != -1)
		close(whole);
	if (own == -1)
		return -1;
	close(own);
	return 0;
}

int
files_forget(struct store *store, const char *execution, struct err *err)
{
	sqlite3_stmt *forget = store_prepare(store,
	    "DELETE FROM files WHERE execution = ?", err);

	if (forget == NULL)
		return -1;
	sqlite3_bind_text(forget, 1, execution, -1, SQLITE_STATIC);
	return store_run(store, forget, err);
}

int
files_kept(struct store *store, const char *execution, struct err *err)
{
	sqlite3_stmt *get = store_prepare(store,
	    "SELECT 1 FROM files WHERE execution = ? LIMIT 1", err);
	int found;

	if (get == NULL)
		return -1;
	sqlite3_bind_text(get, 1, execution, -1, SQLITE_STATIC);
	found = store_step(store, get, err);
	sqlite3_reset(get);
	return found;
}

int
files_settle(struct store *store, const char *state_dir, const char *execution,
    int64_t deadline_ms, struct err *err)
{
	int fd = files_open(state_dir, false, err), kept, result = 0;

	/* Most executions have none. */
	if (fd == -1)
		return err->sys == ENOENT ? 0 : -1;
	if (faccessat(fd, execution, F_OK, AT_SYMLINK_NOFOLLOW) == -1 && errno == ENOENT)
		goto out;
	kept = files_kept(store, execution, err);
	if (kept == 0)
		result = file_tree_remove(fd, execution, deadline_ms, err);
	else if (kept == -1)
		result = -1;
out:
	close(fd);
	return result;
}
