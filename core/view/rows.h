/*
 * rows.h: rows of the database as JSON, under the names of their columns.
 *
 * Times (columns that end in _at) are RFC 3339; due_at too, or "now". Columns that hold JSON are
 * taken as such. Columns that a later schema adds are shown without a change here.
 */
#ifndef CORE_VIEW_ROWS_H
#define CORE_VIEW_ROWS_H

#include "core/base/json.h"
#include "core/store/store.h"

/*
 * The rows of a query, whose ?1 is value (NULL allowed); an array, owned. NULL and err on
 * failure.
 */
struct json_object *rows_read(struct store *store, const char *sql, const char *value,
    struct err *err);

/* A member's text for people: strings as they are, JSON as its text; borrowed, NULL if null. */
const char *rows_text(struct json_object *row, const char *name);

#endif
