/*
 * spawn.h: begins the worker of an execution.
 *
 *	responder
 *	    | forks twice
 *	keeper "ak-worker": a session of its own, no code of actions (core/keeper/keeper.c)
 *	    | forks
 *	body "ak-work": work(), dies with the keeper (core/keeper/body.c)
 *	    | ak_exec()
 *	programs
 *
 * The keeper takes the execution's byte of workers.lock before it says that it is ready, and then
 * waits for a pipe to end, the gate. In between the row of `workers` is committed with `running`:
 * a keeper that finds its own row begins, another one leaves. So whoever dies on whatever line,
 * there is a row and a body, or neither.
 */
#ifndef CORE_WORKER_SPAWN_H
#define CORE_WORKER_SPAWN_H

#include <stdint.h>

#include "core/base/cgroup.h"
#include "core/base/err.h"
#include "core/config/options.h"
#include "core/store/worker.h"

/* The hidden subcommand that a keeper is. */
#define SPAWN_SUBCOMMAND "work"
/* How keeper and body call themselves (process_name()). */
#define SPAWN_KEEPER_NAME "worker"
#define SPAWN_BODY_NAME "work"

struct spawn {
	struct worker_id id;		/* of the keeper, for its row */
	char cgroup[CGROUP_PATH_BYTES];	/* of the body; "": none */
	int gate;			/* -1: closed */
};

/* Where the cgroup of a worker is, if our own may be divided; else "". The keeper makes it. */
void spawn_cgroup(const char *execution, char ret_path[CGROUP_PATH_BYTES]);

/*
 * Starts a keeper, and waits until it is ready. 0, or -1 with err, and none is left that could
 * begin.
 */
int spawn_worker(struct spawn *spawn, const struct options *options, const char *execution,
    struct err *err);

/* Lets the keeper look for its row. Legal where there is none. */
void spawn_open_gate(struct spawn *spawn);

/* How long a worker has to end by itself, once it is told to. */
int64_t spawn_grace_ms(const struct options *options);

#endif
