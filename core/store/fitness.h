/*
 * fitness.h: whether the database can take what a prepare needs.
 */
#ifndef CORE_STORE_FITNESS_H
#define CORE_STORE_FITNESS_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/store/store.h"

#define FITNESS_MIB (INT64_C(1024) * 1024)
/*
 * A log that has grown to this is told in the log of the server, and from the second on the
 * server is not ready: who reads for that long keeps it from beginning anew.
 */
#define FITNESS_LOG_WARN_BYTES (64 * FITNESS_MIB)
#define FITNESS_LOG_MAX_BYTES (256 * FITNESS_MIB)

/* How long the write-ahead log is, in bytes; 0 if there is none. */
int64_t fitness_log_bytes(const char *state_dir);

/*
 * Looks at the space, the length of the log and at what was lost, and writes nothing. 0, or -1 with
 * why a prepare would fail, or should.
 */
int fitness_look(struct store *store, const char *state_dir, int64_t keep_free, struct err *err);

/* Notes when that was, so that there is something to commit. Inside a transaction. 0, or -1. */
int fitness_note(struct store *store, struct err *err);

#endif
