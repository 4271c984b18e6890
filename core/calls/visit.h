/*
 * visit.h: one call to one execution, from lock to reply: what the files of the single
 * calls (prepare.c, start.c, status.c, stop.c, query.c) have in common.
 */
#ifndef CORE_CALLS_VISIT_H
#define CORE_CALLS_VISIT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/action/call.h"
#include "core/calls/incoming.h"
#include "core/calls/session.h"
#include "core/store/execution.h"
#include "core/store/worker.h"

/* "start() crashed: SIGSEGV" */
#define VISIT_DEATH_BYTES (PROCESS_END_BYTES + 16)

struct visit {
	struct session *session;
	const struct ak_action *action;
	struct json_object *request;	/* borrowed; NULL in a stopper */
	int64_t deadline_ms;		/* boot time */
	int64_t patience_ms;		/* longest wait for a transaction; 0: until deadline_ms */
	const char *id;			/* UUID, lower case; borrowed */
	struct execution row;		/* as last loaded */
	bool known;			/* as it was loaded or committed since the lock was taken */
	bool narrow;			/* the transaction goes by a row that is known */
	void *state;			/* the handler's struct, NULL until filled */
	struct json_object *state_json;	/* the same as JSON */
	const char *state_text;		/* to be kept: what it ran with, or adopted; or NULL */
	int64_t state_version;		/* of the newest action that it was saved by */
	struct ak_call call;
	bool ran;			/* its handler */
	bool unrecorded;		/* nothing of it can be committed now */
	struct json_object *error;	/* what the reply says of its failure, or NULL */
	struct worker worker;		/* as last loaded */
	int64_t told;			/* of its outbox; the reply's state says so */
	bool told_known;		/* the request's state has said so */
	bool lock_lost;			/* by its handler: somebody else may have had it since */
	struct json_object *claims;	/* what prepare() claimed, to be committed with it */
	struct incoming *incoming;	/* files of the request; borrowed, NULL in a stopper */
	bool moved_files;		/* there may be a directory that has no rows */
	bool own_directory;		/* one was made, or tried to, for ak_directory() */
	char *directory;		/* its path, or NULL */
	char death[VISIT_DEATH_BYTES];	/* of the attempt before, to be noted; or empty */
};

/*
 * Releases everything, the execution's lock too, and removes the files of an execution that is
 * stopped or was not prepared.
 */
void visit_end(struct visit *visit);

/* Loads the row. -1 with ERR_PHASE if the execution is another action's. */
int visit_load(struct visit *visit, struct err *err);

/* Begins a transaction and loads the row in it; on failure none is open. */
int visit_begin(struct visit *visit, enum store_durability durability, struct err *err);

/*
 * Ends the transaction as store_end() does, and counts an execution that is stopped with it for
 * /metrics.
 */
int visit_commit(struct visit *visit, int result, struct err *err);

/*
 * Begins a transaction for a move, with the row as it is known since the lock was taken, where
 * execution_advance() can tell whether that is still so; else loads it. On failure none is open.
 */
int visit_begin_move(struct visit *visit, enum move move, enum store_durability durability,
    struct err *err);
/* Moves and writes the row in it: 0, 1 if it has to be loaded and decided anew, or -1. */
int visit_write(struct visit *visit, enum move move, const char *who, const char *why,
    struct err *err);
/* Ends it as visit_commit(). After 1 it is to be begun again: the row is loaded then. */
int visit_end_move(struct visit *visit, int result, struct err *err);

/* Refuses what must not begin any more: -1 with ERR_DRAINING, or ERR_PHASE if a stop is wanted. */
int visit_may_begin(const struct visit *visit, struct err *err);

/* Sets err to who has the lock that could not be had in time; returns -1. */
int visit_worked_on(const struct visit *visit, struct err *err);

/*
 * Fills the state struct: zeroed for prepare and query, else from the row or, if there is
 * none, from the request.
 */
int visit_fill(struct visit *visit, struct err *err);

/*
 * Runs the handler of call.verb and takes the state that it leaves. Returns 0, or -1 with
 * call.error set.
 */
int visit_run(struct visit *visit);

/* Puts the state, made into text before the transaction, and its version into the row. */
void visit_keep_state(struct visit *visit);

/*
 * The state as replies have it, owned: with how much of a worker's outbox the agent has been told,
 * and without what is to stay here.
 */
struct json_object *visit_told_state(const struct visit *visit, struct json_object *state);

/* Takes what the reply's caller needs: handler's reply parts plus the state if asked for. */
struct json_object *visit_reply(struct visit *visit, bool with_state);

/*
 * The ActionKitError of a call that err has ended, borrowed: what the handler said of its own
 * failure stays first, in err's message, too, and what could not be recorded stands beside it.
 * NULL where the handler has said nothing: then err says it all.
 */
struct json_object *visit_error(struct visit *visit, struct err *err);

/*
 * What became of the process that ran this handler of the execution the last time, with the
 * handler's name. false if it is not known.
 */
bool visit_death(const struct visit *visit, enum verb verb, char ret_text[VISIT_DEATH_BYTES]);

/* The text of a reply, owned; frees the object. */
char *visit_text(struct json_object *reply);

/* {"error": {title, "errored"}} for an execution that the extension stopped; owned. */
struct json_object *visit_stopped_reply(const struct execution *row);

/*
 * Whether a commit that failed may be tried again: the disk was full, and the ballast that was
 * kept for that is given up now.
 */
bool visit_made_room(const struct visit *visit, const struct err *err);

#endif
