/*
 * stop_mark.h: executions that somebody wants stopped, whoever works on them.
 */
#ifndef CORE_STORE_STOP_MARK_H
#define CORE_STORE_STOP_MARK_H

#include "core/base/err.h"
#include "core/store/store.h"

/*
 * Notes that executions are to be stopped: one, or all if execution is NULL; and in events who
 * wants that. From now on none of them starts, and the reaper stops them; those that wait for
 * their next attempt get it now. Inside a transaction. 0, or -1.
 */
int stop_mark(struct store *store, const char *execution, const char *who, const char *reason,
    struct err *err);

/* Whether there is an execution, stopped or not: 1, 0, or -1. */
int stop_mark_knows(struct store *store, const char *execution, struct err *err);

#endif
