/*
 * show.c: reads all that is kept of an execution.
 */
#include "config.h"

#include "core/view/show.h"

#include <stdio.h>

#include "core/action/registry.h"
#include "core/view/rows.h"

#define SHOW_SQL_BYTES 512

static const char select_execution[] =
    "SELECT * FROM executions WHERE id = ?1";
static const char select_events[] =
    "SELECT at AS logged_at, phase, who, pid, why FROM events "
    "WHERE execution = ?1 ORDER BY id";
/* What an execution holds or has made, whichever tables there are for that. */
static const char select_tables[] =
    "SELECT m.name FROM sqlite_schema m, pragma_table_info(m.name) c "
    "WHERE m.type = 'table' AND c.name = 'execution' "
    "AND m.name NOT IN ('events', 'stop_requests', 'workers', 'outbox') ORDER BY m.name";
static const char select_worker[] =
    "SELECT x.what, x.told, x.waiting, x.lost, w.pid, w.ended, w.signal, w.exit_status, w.oom, "
    "w.error FROM workers w JOIN worker_words x ON x.execution = w.execution "
    "WHERE w.execution = ?1";

static int
read_tables(struct store *store, const char *id, struct json_object *result,
    struct err *err)
{
	struct json_object *tables = rows_read(store, select_tables, NULL, err), *rows;
	char sql[SHOW_SQL_BYTES];
	const char *name;
	size_t i, k;

	for (i = 0; tables != NULL && i < json_object_array_length(tables); i++) {
		name = json_member_string(json_object_array_get_idx(tables, i), "name");
		snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\" WHERE execution = "
		    "?1 ORDER BY rowid", name);
		rows = rows_read(store, sql, id, err);
		if (rows == NULL) {
			json_object_put(tables);
			return -1;
		}
		for (k = 0; k < json_object_array_length(rows); k++)
			json_object_object_del(json_object_array_get_idx(rows, k),
			    "execution");
		json_add(result, name, rows);
	}
	json_object_put(tables);
	return tables == NULL ? -1 : 0;
}

struct json_object *
show_read(struct store *store, const char *id, struct err *err)
{
	struct json_object *result = json_new_object(), *rows, *row;

	rows = rows_read(store, select_execution, id, err);
	if (rows == NULL)
		goto fail;
	row = json_object_get(json_object_array_get_idx(rows, 0));
	json_object_put(rows);
	json_add(result, "execution", row);
	if (row != NULL)
		json_add_bool(row, "known",
		    registry_find(json_member_string(row, "action")) != NULL);
	rows = rows_read(store, select_events, id, err);
	if (rows == NULL)
		goto fail;
	json_add(result, "events", rows);
	rows = rows_read(store, select_worker, id, err);
	if (rows == NULL)
		goto fail;
	json_add(result, "worker", rows);
	if (read_tables(store, id, result, err) == -1)
		goto fail;
	return result;
fail:
	json_object_put(result);
	return NULL;
}
