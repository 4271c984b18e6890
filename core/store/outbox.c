/*
 * outbox.c: what workers told, until the agent has it.
 */
#include "config.h"

#include "core/store/outbox.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"

static const char *const kinds[OUTBOX_KINDS] = {
	[OUTBOX_MESSAGE] = "message",
	[OUTBOX_METRIC] = "metric",
	[OUTBOX_ARTIFACT] = "artifact",
	[OUTBOX_SUMMARY] = "summary",
	[OUTBOX_MODIFICATION] = "modification"
};

int
outbox_add(struct store *store, const char *execution, enum outbox_kind kind,
    const char *body, struct err *err)
{
	sqlite3_stmt *add = store_prepare(store,
	    "INSERT INTO outbox (execution, kind, body) VALUES (?, ?, ?)", err);

	if (add == NULL)
		return -1;
	sqlite3_bind_text(add, 1, execution, -1, SQLITE_STATIC);
	sqlite3_bind_text(add, 2, kinds[kind], -1, SQLITE_STATIC);
	sqlite3_bind_text(add, 3, body, -1, SQLITE_STATIC);
	return store_run(store, add, err);
}

int
outbox_warn(struct store *store, const char *execution, const char *text, struct err *err)
{
	struct json_object *message = json_new_object();
	char timestamp[CLOCK_RFC3339_BYTES];
	int result;

	clock_rfc3339(clock_wall_ms(), timestamp);
	json_add_string(message, "message", text);
	json_add_string(message, "level", "warn");
	json_add_string(message, "timestamp", timestamp);
	result = outbox_add(store, execution, OUTBOX_MESSAGE, json_text(message, NULL), err);
	json_object_put(message);
	return result;
}

int
outbox_measure(struct store *store, const char *execution, int64_t *ret_rows,
    int64_t *ret_bytes, struct err *err)
{
	sqlite3_stmt *get = store_prepare(store, "SELECT count(*), "
	    "coalesce(sum(length(CAST(body AS BLOB))), 0) FROM outbox WHERE execution = ?", err);

	if (get == NULL)
		return -1;
	sqlite3_bind_text(get, 1, execution, -1, SQLITE_STATIC);
	if (store_step(store, get, err) != 1)
		return -1;
	*ret_rows = sqlite3_column_int64(get, 0);
	*ret_bytes = sqlite3_column_int64(get, 1);
	sqlite3_reset(get);
	return 0;
}

static enum outbox_kind
kind_named(const char *name)
{
	for (int kind = 0; kind < OUTBOX_KINDS; kind++)
		if (strcmp(kinds[kind], name) == 0)
			return (enum outbox_kind)kind;
	return OUTBOX_KINDS;
}

int
outbox_read(struct store *store, const char *execution, int64_t after,
    bool (*take)(void *context, int64_t id, enum outbox_kind kind, const char *body,
    size_t length), void *context, struct err *err)
{
	sqlite3_stmt *get = store_prepare(store, "SELECT id, kind, body FROM outbox "
	    "WHERE execution = ? AND id > ? ORDER BY id", err);
	int found;

	if (get == NULL)
		return -1;
	sqlite3_bind_text(get, 1, execution, -1, SQLITE_STATIC);
	sqlite3_bind_int64(get, 2, after);
	while ((found = store_step(store, get, err)) == 1)
		if (!take(context, sqlite3_column_int64(get, 0),
		    kind_named((const char *)sqlite3_column_text(get, 1)),
		    (const char *)sqlite3_column_text(get, 2),
		    (size_t)sqlite3_column_bytes(get, 2))) {
			sqlite3_reset(get);
			return 0;
		}
	return found == -1 ? -1 : 1;
}

int
outbox_has_told(struct store *store, const char *execution, int64_t id, struct err *err)
{
	sqlite3_stmt *get = store_prepare(store, "SELECT EXISTS "
	    "(SELECT 1 FROM outbox WHERE execution = ? AND id <= ?)", err);
	int found;

	if (get == NULL)
		return -1;
	sqlite3_bind_text(get, 1, execution, -1, SQLITE_STATIC);
	sqlite3_bind_int64(get, 2, id);
	if (store_step(store, get, err) != 1)
		return -1;
	found = sqlite3_column_int(get, 0);
	sqlite3_reset(get);
	return found;
}

int
outbox_settle(struct store *store, const char *execution, int64_t acknowledged,
    int64_t sent, struct err *err)
{
	sqlite3_stmt *forget = store_prepare(store,
	    "DELETE FROM outbox WHERE execution = ? AND id <= ?", err);
	sqlite3_stmt *note = store_prepare(store,
	    "UPDATE workers SET sent = max(sent, ?2) WHERE execution = ?1", err);

	if (forget == NULL || note == NULL)
		return -1;
	sqlite3_bind_text(forget, 1, execution, -1, SQLITE_STATIC);
	sqlite3_bind_int64(forget, 2, acknowledged);
	sqlite3_bind_text(note, 1, execution, -1, SQLITE_STATIC);
	sqlite3_bind_int64(note, 2, sent);
	if (store_run(store, forget, err) == -1)
		return -1;
	return store_run(store, note, err);
}
