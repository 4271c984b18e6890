/*
 * space_used.h: the space that a state directory takes, and what is left.
 */
#ifndef CORE_VIEW_SPACE_USED_H
#define CORE_VIEW_SPACE_USED_H

#include "core/base/json.h"

/* {"database_bytes": ..., "database_log_bytes", "ballast_bytes", "free_bytes"}, owned. */
struct json_object *space_used(const char *state_dir);

#endif
