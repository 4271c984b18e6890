/*
 * worker.c: the row of an execution's worker.
 */
#include "config.h"

#include "core/store/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/store/outbox.h"

#define LOST_BYTES 128

static const char *const hows[] = {
	[AK_WORK_COMPLETED] = "completed",
	[AK_WORK_FAILED] = "failed",
	[AK_WORK_ERRORED] = "errored",
	[AK_WORK_DIED] = "died",
};

const char *
worker_how(enum ak_work_how how)
{
	return hows[how];
}

static enum ak_work_how
how_named(const char *name)
{
	for (int how = AK_WORK_COMPLETED; how < AK_WORK_DIED; how++)
		if (strcmp(hows[how], name) == 0)
			return (enum ak_work_how)how;
	return AK_WORK_DIED;
}

int
worker_identify(int64_t pid, struct worker_id *ret_id, struct err *err)
{
	ret_id->pid = pid;
	ret_id->start_time = ak_process_start_time(pid);
	if (ret_id->start_time == -1)
		return err_sys(err, ERR_INTERNAL, "process %lld", (long long)pid);
	if (clock_boot_id(ret_id->boot_id) == -1)
		return err_sys(err, ERR_INTERNAL, "the id of this boot");
	return 0;
}

void
worker_done(struct worker *worker)
{
	free(worker->error);
	free(worker->cgroup);
	*worker = (struct worker){ .there = false };
}

static void
bind_id(sqlite3_stmt *statement, int at, const struct worker_id *id)
{
	sqlite3_bind_text(statement, at, id->boot_id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, at + 1, id->pid);
	sqlite3_bind_int64(statement, at + 2, id->start_time);
}

void
worker_take(sqlite3_stmt *row, int at, struct worker *ret_worker)
{
	char boot_id[CLOCK_BOOT_ID_BYTES];
	const char *id = (const char *)sqlite3_column_text(row, at), *ended;

	worker_done(ret_worker);
	if (id == NULL)
		return;
	snprintf(ret_worker->id.boot_id, sizeof(ret_worker->id.boot_id), "%s", id);
	ret_worker->there = true;
	ret_worker->this_boot = clock_boot_id(boot_id) == 0 && strcmp(boot_id, id) == 0;
	ret_worker->id.pid = sqlite3_column_int64(row, at + 1);
	ret_worker->id.start_time = sqlite3_column_int64(row, at + 2);
	ended = (const char *)sqlite3_column_text(row, at + 3);
	ret_worker->ended = ended != NULL;
	if (ended != NULL) {
		ret_worker->end = (struct ak_work_end){
			.how = how_named(ended), .signal = sqlite3_column_int(row, at + 4),
			.exit_status = sqlite3_column_int(row, at + 5),
			.oom = sqlite3_column_int(row, at + 6) != 0
		};
		text_set(&ret_worker->error, (const char *)sqlite3_column_text(row, at + 7));
	}
	text_set(&ret_worker->cgroup, (const char *)sqlite3_column_text(row, at + 8));
	ret_worker->sent = sqlite3_column_int64(row, at + 9);
	ret_worker->has_told = sqlite3_column_int(row, at + 10) != 0;
	ret_worker->stopping = sqlite3_column_int(row, at + 11) != 0;
}

int
worker_load(struct store *store, const char *execution, struct worker *ret_worker,
    struct err *err)
{
	sqlite3_stmt *get = store_prepare(store,
	    "SELECT " WORKER_COLUMNS " FROM workers w JOIN executions e ON e.id = w.execution "
	    "WHERE w.execution = ?", err);
	int found;

	worker_done(ret_worker);
	if (get == NULL)
		return -1;
	sqlite3_bind_text(get, 1, execution, -1, SQLITE_STATIC);
	found = store_step(store, get, err);
	if (found != 1)
		return found;
	worker_take(get, 0, ret_worker);
	sqlite3_reset(get);
	return 0;
}

int
worker_begin(struct store *store, const char *execution, const struct worker_id *id,
    const char *cgroup, struct err *err)
{
	sqlite3_stmt *add = store_prepare(store, "INSERT INTO workers "
	    "(execution, boot_id, pid, start_time, began_at, cgroup) "
	    "VALUES (?, ?, ?, ?, ?, nullif(?, ''))", err);

	if (add == NULL)
		return -1;
	sqlite3_bind_text(add, 1, execution, -1, SQLITE_STATIC);
	bind_id(add, 2, id);
	sqlite3_bind_int64(add, 5, clock_wall_ms());
	sqlite3_bind_text(add, 6, cgroup, -1, SQLITE_STATIC);
	return store_run(store, add, err);
}

/* What was lost is worth a line to the agent, too: there are holes in what it got. */
static int
tell_lost(struct store *store, const char *execution, struct err *err)
{
	sqlite3_stmt *get = store_prepare(store,
	    "SELECT lost FROM workers WHERE execution = ? AND lost > 0", err);
	char text[LOST_BYTES];
	int found;

	if (get == NULL)
		return -1;
	sqlite3_bind_text(get, 1, execution, -1, SQLITE_STATIC);
	found = store_step(store, get, err);
	if (found != 1)
		return found;
	snprintf(text, sizeof(text), "%lld messages, metrics and files of the worker were lost: "
	    "it told more than could be kept", (long long)sqlite3_column_int64(get, 0));
	sqlite3_reset(get);
	return outbox_warn(store, execution, text, err);
}

int
worker_end(struct store *store, const char *execution, const struct worker_id *id,
    const struct ak_work_end *end, const char *error, struct err *err)
{
	sqlite3_stmt *put = store_prepare(store, "UPDATE workers SET ended = ?5, ended_at = ?6, "
	    "signal = nullif(?7, 0), exit_status = ?8, oom = ?9, error = ?10 "
	    "WHERE execution = ?1 AND boot_id = ?2 AND pid = ?3 AND start_time = ?4 "
	    "AND ended IS NULL", err);

	if (put == NULL)
		return -1;
	sqlite3_bind_text(put, 1, execution, -1, SQLITE_STATIC);
	bind_id(put, 2, id);
	sqlite3_bind_text(put, 5, hows[end->how], -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 6, clock_wall_ms());
	sqlite3_bind_int(put, 7, end->signal);
	sqlite3_bind_int(put, 8, end->exit_status);
	sqlite3_bind_int(put, 9, end->oom);
	sqlite3_bind_text(put, 10, error, -1, SQLITE_STATIC);
	if (store_run(store, put, err) == -1)
		return -1;
	return sqlite3_changes(store->db) == 1 ? tell_lost(store, execution, err) : 0;
}

int
worker_note(struct store *store, const char *execution, const char *told, int64_t lost,
    struct err *err)
{
	sqlite3_stmt *put = store_prepare(store, "UPDATE workers "
	    "SET told = coalesce(?2, told), lost = lost + ?3 WHERE execution = ?1", err);

	if (put == NULL)
		return -1;
	sqlite3_bind_text(put, 1, execution, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 2, told, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 3, lost);
	return store_run(store, put, err);
}

int64_t
worker_count(struct store *store, const char *actions, struct err *err)
{
	sqlite3_stmt *count = store_prepare(store, "SELECT "
	    "(SELECT count(*) FROM workers WHERE ended IS NULL) + "
	    "(SELECT count(*) FROM executions WHERE phase = 'starting' "
	    "AND action IN (SELECT value FROM json_each(?)))", err);
	int64_t found;

	if (count == NULL)
		return -1;
	sqlite3_bind_text(count, 1, actions, -1, SQLITE_STATIC);
	if (store_step(store, count, err) != 1)
		return -1;
	found = sqlite3_column_int64(count, 0);
	sqlite3_reset(count);
	return found;
}
