/*
 * recovery.h: what a reaper without a server does differently: it stops all, then it is over.
 */
#ifndef CORE_REAPER_RECOVERY_H
#define CORE_REAPER_RECOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/config/options.h"
#include "core/store/store.h"

struct recovery {
	bool on;			/* else none of the rest is used */
	bool once;			/* what has failed is not repeated */
	bool marked;			/* all are noted as to be stopped */
	int64_t until_ms;		/* boot time, unless once */
	int64_t progress_ms;		/* boot time at which one of these changed: */
	int32_t active, failing;	/* as of the last look */
};

/* timeout_ms 0: each stop() is tried once; else what fails is repeated for so long. */
void recovery_begin(struct recovery *recovery, int64_t timeout_ms);

/* Notes for every execution that it is to be stopped, the first time. 0, or -1. */
int recovery_mark(struct recovery *recovery, struct store *store, struct err *err);

/* At which time (boot time) an execution must be due to be tried now; 0 if none is any more. */
int64_t recovery_due_until(const struct recovery *recovery);

/* Takes note of how many are not stopped, and of these cannot be. */
void recovery_note(struct recovery *recovery, int32_t active, int32_t failing);

/* Whether it is over, next_due_ms being the earliest due_at, while no stopper runs. */
bool recovery_over(const struct recovery *recovery, const struct options *options,
    int64_t next_due_ms);

#endif
