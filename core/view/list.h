/*
 * list.h: executions, as `list --json` and the operator's page have them.
 */
#ifndef CORE_VIEW_LIST_H
#define CORE_VIEW_LIST_H

#include <stdint.h>

#include "core/base/json.h"
#include "core/store/store.h"

enum list_which {
	LIST_ACTIVE,		/* not stopped, the oldest first */
	LIST_ALL,		/* stopped ones, too */
	LIST_FAILING,		/* not stopped, and the last attempt to stop has failed */
	LIST_HISTORY		/* stopped, the newest first */
};

/* A part of a list. */
struct list_window {
	const char *search;	/* is in id, action, target, reason or error; or NULL */
	int64_t from;		/* so many rows are left out */
	int64_t count;		/* and so many are read */
};

/* The rows of a list, or of a part of it (window; NULL: all), an array, owned; NULL and err. */
struct json_object *list_read(struct store *store, enum list_which which,
    const struct list_window *window, struct err *err);

/* How many rows a list has. 0, or -1. */
int list_count(struct store *store, enum list_which which, const char *search,
    int64_t *ret_count, struct err *err);

#endif
