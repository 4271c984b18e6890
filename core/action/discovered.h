/*
 * discovered.h: the targets that a running discovery has found so far.
 */
#ifndef CORE_ACTION_DISCOVERED_H
#define CORE_ACTION_DISCOVERED_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

/* A key and one of its values, in one allocation that key points to. */
struct discovered_pair {
	char *key;
	const char *value;
};

struct discovered_target {
	char *id;
	char *label;
	struct discovered_pair *pairs;
	size_t count, room;
};

struct discovered {
	struct discovered_target *targets;
	size_t count, room;
	size_t bytes;		/* of all texts */
	bool cut;		/* values over the limit were left out */
};

/*
 * A target; what is added afterwards is of this one. Texts are copied. 0, or -1 with err: over a
 * limit, not UTF-8, empty; ERR_BUSY where memory is short.
 */
int discovered_target(struct discovered *discovered, const char *id, const char *label,
    struct err *err);
/* A value of the last target. The same, and there must be a target. */
int discovered_pair(struct discovered *discovered, const char *key, const char *value,
    struct err *err);
/* A value of all targets. */
int discovered_pair_of_all(struct discovered *discovered, const char *key, const char *value,
    struct err *err);

/*
 * Brings targets by id, and their attributes, into order; what is there twice is dropped. To be
 * called once, when all is found. 0, or -1 with err if two targets have the same id.
 */
int discovered_sort(struct discovered *discovered, struct err *err);

/* A DiscoveryData of what is sorted, with this type of all targets; owned, free(). */
char *discovered_text(const struct discovered *discovered, const char *type,
    size_t *ret_length);

void discovered_done(struct discovered *discovered);

#endif
