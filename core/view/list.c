/*
 * list.c: reads lists of executions.
 */
#include "config.h"

#include "core/view/list.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/action/registry.h"
#include "core/store/execution_id.h"
#include "core/view/rows.h"

#define LIST_SQL_BYTES 2048

static const char columns[] =
    "id, action, phase, created_at, changed_at, due_at, "
    "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) - created_at AS age_ms, "
    "stop_by, stop_reason, stop_attempts, last_error, error, target, experiment_key, "
    "execution_uri, (SELECT count(*) FROM files f WHERE f.execution = executions.id) "
    "AS files, (SELECT max(id) FROM executions o WHERE o.id < executions.id) AS id_before, "
    "(SELECT min(id) FROM executions o WHERE o.id > executions.id) AS id_after";

static const struct {
	const char *condition, *order;
} lists[] = {
	[LIST_ACTIVE] = { "phase <> 'stopped'", "created_at, id" },
	[LIST_ALL] = { "1", "created_at, id" },
	[LIST_FAILING] = { "phase <> 'stopped' AND last_error IS NOT NULL", "created_at, id" },
	[LIST_HISTORY] = { "phase = 'stopped'", "changed_at DESC, id" }
};

static const char searched[] =
    "(?1 IS NULL OR instr(lower(id || ' ' || action || ' ' || coalesce(target, '') || ' ' || "
    "coalesce(experiment_key, '') || ' ' || coalesce(stop_reason, '') || ' ' || "
    "coalesce(error, '') || ' ' || coalesce(last_error, '')), lower(?1)) > 0)";

/* In place of its neighbours, what tells it from them. */
static void
add_short_id(struct json_object *row)
{
	char short_id[UUID_TEXT_BYTES];

	execution_id_shorten(json_member_string(row, "id"), json_member_string(row, "id_before"),
	    json_member_string(row, "id_after"), short_id);
	json_add_string(row, "short_id", short_id);
	json_object_object_del(row, "id_before");
	json_object_object_del(row, "id_after");
}

struct json_object *
list_read(struct store *store, enum list_which which, const struct list_window *window,
    struct err *err)
{
	struct json_object *rows, *row;
	char sql[LIST_SQL_BYTES];
	size_t i;

	snprintf(sql, sizeof(sql), "SELECT %s FROM executions WHERE %s AND %s ORDER BY %s "
	    "LIMIT %" PRId64 " OFFSET %" PRId64, columns, lists[which].condition, searched,
	    lists[which].order, window == NULL ? -1 : window->count,
	    window == NULL ? 0 : window->from);
	rows = rows_read(store, sql, window == NULL ? NULL : window->search, err);
	for (i = 0; rows != NULL && i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		json_add_bool(row, "known",
		    registry_find(json_member_string(row, "action")) != NULL);
		add_short_id(row);
	}
	return rows;
}

int
list_count(struct store *store, enum list_which which, const char *search, int64_t *ret_count,
    struct err *err)
{
	struct json_object *rows;
	char sql[LIST_SQL_BYTES];

	snprintf(sql, sizeof(sql), "SELECT count(*) AS rows FROM executions WHERE %s AND %s",
	    lists[which].condition, searched);
	rows = rows_read(store, sql, search, err);
	if (rows == NULL)
		return -1;
	*ret_count = json_object_get_int64(json_member(json_object_array_get_idx(rows, 0), "rows"));
	json_object_put(rows);
	return 0;
}
