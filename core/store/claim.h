/*
 * claim.h: resources that one execution holds until it is stopped.
 *
 * Claims are rows, released by the transaction that writes `stopped`. So a clean-up can
 * never undo what another execution did to the same resource.
 */
#ifndef CORE_STORE_CLAIM_H
#define CORE_STORE_CLAIM_H

#include "core/base/err.h"
#include "core/store/store.h"

/*
 * Whether another execution holds the resource: 0 if not, -1 with ERR_PHASE and its id
 * in the message if so, or with the store's error.
 */
int claim_check(struct store *store, const char *execution, const char *resource,
    struct err *err);

/* Takes it for the execution, inside a transaction. The same results. */
int claim_take(struct store *store, const char *execution, const char *resource,
    struct err *err);

/* Lets all go that the execution holds, inside a transaction. */
int claim_release(struct store *store, const char *execution, struct err *err);

#endif
