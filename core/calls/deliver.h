/*
 * deliver.h: takes what a worker told along with the replies of status and stop.
 */
#ifndef CORE_CALLS_DELIVER_H
#define CORE_CALLS_DELIVER_H

#include "core/base/err.h"
#include "core/calls/visit.h"

/*
 * Before status() runs: loads the worker, and says to the handler how it ended. One that is gone
 * without a word is noted as died. 0, or -1.
 */
int deliver_begin(struct visit *visit, struct err *err);

/*
 * After it: adds what was told since the last reply that the agent has, as much as goes into one,
 * and, if that leaves nothing, how it ended. 0, or -1.
 */
int deliver_status(struct visit *visit, struct err *err);

/* Puts what is left before what the reply of a stop says; *reply is replaced. 0, or -1. */
int deliver_rest(struct visit *visit, char **reply, struct err *err);

#endif
