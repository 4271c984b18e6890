/*
 * discover.h: runs a discovery. No database, no lock, no state: it only looks.
 */
#ifndef CORE_ACTION_DISCOVER_H
#define CORE_ACTION_DISCOVER_H

#include <stddef.h>
#include <stdint.h>

#include "core/actionkit.h"
#include "core/base/err.h"
#include "core/base/json.h"

/*
 * Runs discover(), which must be over at deadline_ms (boot time). Its messages go to the log.
 * Returns 0 and *ret_text (owned, free()), a DiscoveryData: without what the operator excludes,
 * with the group, and in one order, so that what has not changed is the same text in every
 * process; or -1 with err, and *ret_error, the DiscoveryKitError of it (owned).
 */
int discover(const struct ak_discovery *discovery, int64_t deadline_ms, char **ret_text,
    size_t *ret_length, struct json_object **ret_error, struct err *err);

/* DiscoveryKitError: err, and type and instance of an ActionKitError (or NULL). Owned. */
struct json_object *discover_error(struct json_object *error, const struct err *err);

#endif
