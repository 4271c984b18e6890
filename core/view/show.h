/*
 * show.h: one execution, as `show --json` and the operator's page have it.
 */
#ifndef CORE_VIEW_SHOW_H
#define CORE_VIEW_SHOW_H

#include "core/base/json.h"
#include "core/store/store.h"

/*
 * {"execution": {}, "events": [], "worker": [], "claims": [], ...} of an id (UUID), owned;
 * execution is null where only events are left, or nothing. NULL and err on failure.
 */
struct json_object *show_read(struct store *store, const char *id, struct err *err);

#endif
