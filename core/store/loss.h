/*
 * loss.h: executions whose record is lost: of a database that was replaced, or that was removed or
 * emptied while no process had it open any more.
 *
 * Nobody here can stop them, but their agents can: a stop of an execution that is not known uses
 * the state in its request. What else is left of them, their files, is kept for that. Until
 * somebody says that they are dealt with the server is not ready.
 */
#ifndef CORE_STORE_LOSS_H
#define CORE_STORE_LOSS_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/store/store.h"

/* Notes in a database that was just made that so many are lost; inside a transaction. 0, or -1. */
int loss_note(struct store *store, int64_t executions, struct err *err);

/* How many are lost, 0 if none are; or -1. */
int64_t loss_read(struct store *store, struct err *err);

/* -1 with ERR_STORE, which says what to do, if some are lost; 0; or -1 with another error. */
int loss_check(struct store *store, struct err *err);

/*
 * Notes in the database of state_dir, which has taken the place of an open one, what was active
 * there and is not known here. 0, or -1.
 */
int loss_note_replaced(struct store *former, const char *state_dir, int64_t deadline_ms,
    struct err *err);

/* They are dealt with. 0, or -1. */
int loss_forget(struct store *store, int64_t deadline_ms, struct err *err);

#endif
