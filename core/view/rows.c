/*
 * rows.c: turns rows of the database into JSON.
 */
#include "config.h"

#include "core/view/rows.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/store/execution.h"

#define SUFFIX_TIME "_at"

static bool
ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length > end_length && strcmp(text + length - end_length, end) == 0;
}

static struct json_object *
read_time(int64_t wall_ms)
{
	char text[CLOCK_RFC3339_BYTES];

	clock_rfc3339(wall_ms, text);
	return json_new_string(text);
}

/* The state and the replies, and whatever else holds an object or a list. */
static struct json_object *
read_text(const char *text, size_t length)
{
	struct json_object *value;
	struct err unused;

	if ((*text == '{' || *text == '[') &&
	    json_parse(text, length, &value, &unused) == 0)
		return value;
	return json_new_string(text);
}

static struct json_object *
read_column(sqlite3_stmt *statement, int column, const char *name, int64_t boot_wall_ms)
{
	int64_t number;

	switch (sqlite3_column_type(statement, column)) {
	case SQLITE_NULL:
		return NULL;
	case SQLITE_INTEGER:
		number = sqlite3_column_int64(statement, column);
		if (strcmp(name, "due_at") == 0)
			return number <= EXECUTION_DUE_AGAIN ? json_new_string("now") :
			    read_time(number + boot_wall_ms);
		if (strcmp(name, "ends_at") == 0)
			return number == 0 ? NULL : read_time(number + boot_wall_ms);
		return ends_with(name, SUFFIX_TIME) ? read_time(number) :
		    json_new_int(number);
	case SQLITE_FLOAT:
		return json_double(sqlite3_column_double(statement, column));
	default:
		return read_text((const char *)sqlite3_column_text(statement, column),
		    (size_t)sqlite3_column_bytes(statement, column));
	}
}

static struct json_object *
read_row(sqlite3_stmt *statement, int64_t boot_wall_ms)
{
	struct json_object *row = json_new_object();
	int i, count = sqlite3_column_count(statement);
	const char *name;

	for (i = 0; i < count; i++) {
		name = sqlite3_column_name(statement, i);
		json_add(row, name, read_column(statement, i, name, boot_wall_ms));
	}
	/* Nothing is due any more. */
	name = json_member_string(row, "phase");
	if (name != NULL && strcmp(name, phase_name(PHASE_STOPPED)) == 0)
		json_object_object_del(row, "due_at");
	return row;
}

static int
read_boot(struct store *store, int64_t *ret_wall_ms, struct err *err)
{
	sqlite3_stmt *get = store_prepare(store, "SELECT boot_wall_at FROM runtime", err);
	int found;

	if (get == NULL || (found = store_step(store, get, err)) == -1)
		return -1;
	*ret_wall_ms = found == 1 ? sqlite3_column_int64(get, 0) : 0;
	sqlite3_reset(get);
	return 0;
}

struct json_object *
rows_read(struct store *store, const char *sql, const char *value, struct err *err)
{
	struct json_object *rows;
	sqlite3_stmt *get;
	int64_t boot_wall_ms;
	int found;

	if (read_boot(store, &boot_wall_ms, err) == -1)
		return NULL;
	if (sqlite3_prepare_v2(store->db, sql, -1, &get, NULL) != SQLITE_OK) {
		store_error(store, "database", err);
		return NULL;
	}
	if (sqlite3_bind_parameter_count(get) > 0)
		sqlite3_bind_text(get, 1, value, -1, SQLITE_STATIC);
	rows = json_new_array();
	while ((found = store_step(store, get, err)) == 1)
		json_append(rows, read_row(get, boot_wall_ms));
	sqlite3_finalize(get);
	if (found == -1) {
		json_object_put(rows);
		return NULL;
	}
	return rows;
}

const char *
rows_text(struct json_object *row, const char *name)
{
	struct json_object *value = json_member(row, name);

	if (value == NULL)
		return NULL;
	return json_object_is_type(value, json_type_string) ? json_string(value) :
	    json_text(value, NULL);
}
