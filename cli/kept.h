/*
 * kept.h: what a run keeps of what it was told, for --json: within a budget of memory, however
 * much an extension says.
 */
#ifndef CLI_KEPT_H
#define CLI_KEPT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/json.h"

struct kept {
	struct json_object *list;	/* owned: an array */
	int64_t left_out;		/* how many had no room */
};

void kept_init(struct kept *kept);
void kept_done(struct kept *kept);

/*
 * Takes a value, and keeps it if what it costs is left of the budget, in bytes, that all lists of a
 * run share.
 */
void kept_add(struct kept *kept, struct json_object *value, size_t *budget);

#endif
