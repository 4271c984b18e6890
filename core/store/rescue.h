/*
 * rescue.h: a database that was removed while processes have it open.
 *
 * Its record must not die with them. Whoever finds it missing writes it back, from the file that
 * it has open, which has no name any more.
 */
#ifndef CORE_STORE_RESCUE_H
#define CORE_STORE_RESCUE_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/store/store.h"

#define RESCUE_FILE STORE_FILE ".rescued"	/* while it is written */

/*
 * Puts the database back at its path from an open store, unless something is there. Waits until
 * deadline_ms (boot time) for others. The store is to be closed then, whatever came of it, but for
 * reading where this failed. 1 if it was put back; 0 if another one is at its path, of whoever;
 * or -1.
 */
int store_rescue(struct store *store, const char *state_dir, int64_t deadline_ms,
    struct err *err);

#endif
