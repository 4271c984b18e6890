/*
 * stop_request.c: persists that an operator wants something stopped.
 */
#include "config.h"

#include "core/calls/stop_request.h"

int
stop_request_add(struct store *store, const char *execution, const char *operator,
    const char *reason, int64_t deadline_ms, int64_t *ret_id, struct err *err)
{
	sqlite3_stmt *add;

	if (store_begin(store, STORE_NORMAL, deadline_ms, err) == -1)
		return -1;
	add = store_prepare(store, "INSERT INTO stop_requests (execution, operator, reason) "
	    "VALUES (?, ?, ?)", err);
	if (add == NULL)
		return store_end(store, -1, err);
	sqlite3_bind_text(add, 1, execution, -1, SQLITE_STATIC);
	sqlite3_bind_text(add, 2, operator, -1, SQLITE_STATIC);
	sqlite3_bind_text(add, 3, reason, -1, SQLITE_STATIC);
	if (store_run(store, add, err) == -1)
		return store_end(store, -1, err);
	*ret_id = sqlite3_last_insert_rowid(store->db);
	return store_commit(store, err);
}
