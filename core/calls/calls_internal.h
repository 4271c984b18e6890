/*
 * calls_internal.h: the single calls, each in the file of its name.
 */
#ifndef CORE_CALLS_CALLS_INTERNAL_H
#define CORE_CALLS_CALLS_INTERNAL_H

#include "core/base/err.h"
#include "core/calls/visit.h"

/* Each answers its call in every phase: 0 and *ret_reply (owned), or -1 with err. */
int prepare_visit(struct visit *visit, char **ret_reply, struct err *err);
int start_visit(struct visit *visit, char **ret_reply, struct err *err);
int status_visit(struct visit *visit, char **ret_reply, struct err *err);
int stop_visit(struct visit *visit, char **ret_reply, struct err *err);
int query_visit(struct visit *visit, char **ret_reply, struct err *err);

#endif
