/*
 * outbox.h: what workers told, until the agent has it.
 *
 * A worker cannot answer: it commits what it tells, and the status calls take it along. Ids only
 * grow; the state in every reply says up to which one it has told, the next request brings that
 * back, and only then are the rows deleted. So a reply that is lost is sent again.
 */
#ifndef CORE_STORE_OUTBOX_H
#define CORE_STORE_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/store/store.h"

/* What an execution may keep; what is told beyond is counted as lost. */
#define OUTBOX_ROWS_MAX 100000
#define OUTBOX_BYTES_MAX (16 * 1024 * 1024)

/* The member of the state that says up to where it was told; no field can have its name. */
#define OUTBOX_MEMBER "$outbox"

enum outbox_kind {
	OUTBOX_MESSAGE,
	OUTBOX_METRIC,
	OUTBOX_ARTIFACT,
	OUTBOX_SUMMARY,
	OUTBOX_MODIFICATION,
	OUTBOX_KINDS
};

/* Adds a row, its body the JSON of what a reply says; inside a transaction. 0, or -1. */
int outbox_add(struct store *store, const char *execution, enum outbox_kind kind,
    const char *body, struct err *err);

/* Adds a warning of the runtime's own; inside a transaction. 0, or -1. */
int outbox_warn(struct store *store, const char *execution, const char *text, struct err *err);

/* How much there is of an execution. 0, or -1. */
int outbox_measure(struct store *store, const char *execution, int64_t *ret_rows,
    int64_t *ret_bytes, struct err *err);

/*
 * Calls take() for each row after the id `after`, in their order, as long as it returns true. 1 if
 * all were taken, 0 if some are left, or -1 with err.
 */
int outbox_read(struct store *store, const char *execution, int64_t after,
    bool (*take)(void *context, int64_t id, enum outbox_kind kind, const char *body,
    size_t length), void *context, struct err *err);

/* Whether there are rows up to the id: 1, 0, or -1. */
int outbox_has_told(struct store *store, const char *execution, int64_t id, struct err *err);

/*
 * Deletes the rows up to `acknowledged`, which somebody has, and notes that rows up to `sent` are
 * about to be sent; inside a transaction. 0, or -1.
 */
int outbox_settle(struct store *store, const char *execution, int64_t acknowledged,
    int64_t sent, struct err *err);

#endif
