/*
 * execution_id.c: finds executions by the beginnings of their ids.
 */
#include "config.h"

#include "core/store/execution_id.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define ID_DIGITS 32
#define ID_NAMED_MAX 4		/* of those that begin alike */
#define ID_NAMED_BYTES (ID_NAMED_MAX * (UUID_TEXT_BYTES + 1))
/* "g" is behind every digit. */
#define ID_BEGINS(column_) column_ " >= ?1 AND " column_ " < ?1 || 'g'"

static const char select_alike[] =
    "SELECT id FROM executions WHERE " ID_BEGINS("id") " ORDER BY 1 LIMIT 5";
/* Looks at all events. */
static const char select_events[] =
    "SELECT DISTINCT execution FROM events WHERE " ID_BEGINS("execution") " ORDER BY 1 LIMIT 5";

static bool
is_before_dash(size_t digits)
{
	return digits == 8 || digits == 12 || digits == 16 || digits == 20;
}

int
execution_id_parse(const char *text, char ret_beginning[UUID_TEXT_BYTES], struct err *err)
{
	char beginning[UUID_TEXT_BYTES];
	size_t digits = 0, used = 0;
	const char *c;

	for (c = text; *c != '\0'; c++) {
		if (*c == '-' && is_before_dash(digits) && c[-1] != '-')
			continue;
		if (!isxdigit((unsigned char)*c) || digits == ID_DIGITS)
			return err_set(err, ERR_USAGE, "%s: is not the id of an execution", text);
		if (is_before_dash(digits))
			beginning[used++] = '-';
		beginning[used++] = (char)tolower((unsigned char)*c);
		digits++;
	}
	if (digits < EXECUTION_ID_LEAST)
		return err_set(err, ERR_USAGE, "%s: is not the id of an execution, or too little "
		    "of one: %d digits are needed", text, EXECUTION_ID_LEAST);
	beginning[used] = '\0';
	memcpy(ret_beginning, beginning, used + 1);
	return 0;
}

/* How many there are, up to one more than are named: the last, and all as a text. Or -1. */
static int
find_alike(struct store *store, const char *sql, const char *beginning,
    char ret_id[UUID_TEXT_BYTES], char ret_named[ID_NAMED_BYTES], struct err *err)
{
	sqlite3_stmt *get = store_prepare(store, sql, err);
	int found, count = 0;
	size_t used = 0;

	if (get == NULL)
		return -1;
	sqlite3_bind_text(get, 1, beginning, -1, SQLITE_STATIC);
	while ((found = store_step(store, get, err)) == 1) {
		snprintf(ret_id, UUID_TEXT_BYTES, "%s",
		    (const char *)sqlite3_column_text(get, 0));
		if (++count <= ID_NAMED_MAX)
			used += (size_t)snprintf(ret_named + used, ID_NAMED_BYTES - used, "%s%s",
			    count == 1 ? "" : " ", ret_id);
	}
	return found == -1 ? -1 : count;
}

int
execution_id_find(struct store *store, const char *beginning, char ret_id[UUID_TEXT_BYTES],
    struct err *err)
{
	char named[ID_NAMED_BYTES] = "", id[UUID_TEXT_BYTES] = "";
	int count = find_alike(store, select_alike, beginning, id, named, err);

	if (count == 0)
		count = find_alike(store, select_events, beginning, id, named, err);
	if (count == -1)
		return -1;
	if (count == 0)
		return err_set(err, ERR_NOT_FOUND, "%s: there is no such execution", beginning);
	if (count > 1)
		return err_set(err, ERR_NOT_FOUND, "%s: more than one execution begins so: %s%s",
		    beginning, named, count > ID_NAMED_MAX ? " ..." : "");
	memcpy(ret_id, id, sizeof(id));
	return 0;
}

/* How many bytes two ids have in common. */
static size_t
alike(const char *id, const char *other)
{
	size_t length = 0;

	while (other != NULL && id[length] != '\0' && id[length] == other[length])
		length++;
	return length;
}

void
execution_id_shorten(const char *id, const char *before, const char *after,
    char ret_short[UUID_TEXT_BYTES])
{
	size_t one = alike(id, before), other = alike(id, after);
	size_t length = (one > other ? one : other) + 1;

	if (length < EXECUTION_ID_SHOWN)
		length = EXECUTION_ID_SHOWN;
	if (length < strlen(id) && id[length - 1] == '-')
		length++;
	snprintf(ret_short, UUID_TEXT_BYTES, "%.*s", (int)length, id);
}
