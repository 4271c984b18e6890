/*
 * lock.h: one lock per execution, freed by the kernel when its holder dies, and one per worker.
 *
 * Whoever runs prepare(), start() or stop() of an execution holds its lock, from before the
 * transaction that enters the phase until after the one that leaves it. No lease, no clock and no
 * process id decides who owns what. It is an open-file-description lock on one byte of
 * one lock file; the offset comes from the execution's id, and two ids that share an offset
 * only wait for each other.
 */
#ifndef CORE_STORE_LOCK_H
#define CORE_STORE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/holder.h"

#define LOCK_FILE "executions.lock"
/*
 * The same for workers: whatever a worker has begun inherits the open file, and so the byte, which
 * is free only when nobody of them lives. Nobody lets it go: who does frees it for all.
 */
#define LOCK_WORKERS_FILE "workers.lock"

struct lock {
	int fd;			/* of the lock file; opened by each process itself */
	int64_t offset;		/* of the byte that is held, or -1 */
	unsigned int losses;	/* of the descriptor (descriptors.h) when it was taken */
};

/* Opens a lock file of a state directory, created if needed. */
int lock_open(struct lock *lock, const char *state_dir, const char *file, struct err *err);
void lock_close(struct lock *lock);

/* Has it inherited by all that this process forks and executes, with what is held. */
void lock_pass_on(struct lock *lock);

/*
 * Takes the lock of an execution (UUID, lower case), waiting until deadline_ms (boot time; 0
 * for no wait). Returns 0; 1 if it is still held by somebody else; -1 with ERR_INTERNAL.
 */
int lock_take(struct lock *lock, const char *execution, int64_t deadline_ms,
    struct err *err);
void lock_drop(struct lock *lock);

/*
 * Whether it was held, and code of an action has closed the descriptor since, as the last
 * descriptors_check() has found: then nothing is held any more, and somebody else may have had it.
 */
bool lock_lost(struct lock *lock);

/* Who else than a known process holds it, in words (holder.h); false if a known one does. */
bool lock_holder(const struct lock *lock, const char *execution,
    bool (*is_known)(void *context, pid_t pid), void *context,
    char ret_text[HOLDER_TEXT_BYTES]);

/* Calls see() for each process that holds it, as far as they can be seen. */
void lock_holders(const struct lock *lock, const char *execution,
    void (*see)(void *context, pid_t pid), void *context);

/* Whether somebody holds the lock of an execution: 1, 0, or -1 with ERR_INTERNAL. */
int lock_held(const struct lock *lock, const char *execution, struct err *err);

#endif
