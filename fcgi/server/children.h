/*
 * children.h: the processes of the supervisor: starting, watching, restarting, ending
 * them.
 */
#ifndef FCGI_SERVER_CHILDREN_H
#define FCGI_SERVER_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/base/patience.h"
#include "core/config/scoreboard.h"
#include "core/reaper/takeover.h"
#include "fcgi/http/server_options.h"
#include "fcgi/http/site.h"

/* One is at work, the other stands by. */
#define CHILDREN_REAPERS TAKEOVER_REAPERS

/* Responders of all generations, the reapers, the test of a new program. */
#define CHILDREN_MAX (SCOREBOARD_SLOTS + CHILDREN_REAPERS + 1)

enum child_kind {
	CHILD_RESPONDER,
	CHILD_REAPER,
	CHILD_TEST		/* `serve --test` of the program that HUP is to start */
};

struct child {
	enum child_kind kind;
	bool wanted;		/* is started again when it ends */
	pid_t pid;		/* 0: does not run */
	int32_t generation;
	struct scoreboard_slot *slot;	/* NULL: not of a responder */
	int64_t started_ms;	/* boot time */
	int64_t told_ms;	/* boot time at which it was told to leave; 0: not */
	bool killed;		/* by the watchdog; its end is awaited */
	int64_t pause_ms;	/* before the last start; 0: there was none */
	int64_t start_at_ms;	/* boot time of the next start */
	int status;		/* of a test that has ended, as waitpid() tells it */
};

struct children {
	const struct site *site;
	int listener;
	int32_t generation;
	struct patience patience; /* the watchdog's */
	struct child list[CHILDREN_MAX];
	size_t count;
};

/* The reapers and the responders of a generation; none runs yet. */
void children_init(struct children *children, const struct site *site, int listener,
    int32_t generation);

/*
 * Takes over the responders of older generations, which this process forked before it was
 * executed anew, and frees the slots of all others.
 */
void children_adopt(struct children *children, const pid_t *pids, size_t count);

/* Takes note of those that have ended, until there are no more. */
void children_reap(struct children *children);

/* Starts those that are wanted, do not run, and have had their pause (spawn.c). */
void children_start(struct children *children);

/* How long nobody has to be started, most_ms at the most. */
int64_t children_pause_ms(const struct children *children, int64_t most_ms);

/* Forks `serve --test` of a program (spawn.c). Returns 0, or -1 with err. */
int children_test(struct children *children, const char *program, char **argv,
    struct err *err);
/* Whether a test is under way. */
bool children_testing(const struct children *children);
/* Whether a test has ended; then it is forgotten, and *ret_status is waitpid()'s. */
bool children_tested(struct children *children, int *ret_status);

/*
 * Kills a responder that is over its deadline or does not leave, and a reaper that hangs
 * (watchdog.c).
 */
void children_watch(struct children *children);

/* Sends a signal to all of a kind. */
void children_signal(const struct children *children, enum child_kind kind, int number);
/* Tells all of a kind to leave; they are not started again. */
void children_dismiss(struct children *children, enum child_kind kind);
/* Tells the responders of older generations to leave. */
void children_dismiss_older(struct children *children);

/* How many of a kind run. */
size_t children_running(const struct children *children, enum child_kind kind);
/* How many responders of this generation run. */
size_t children_serving(const struct children *children);
/* Whether all responders of this generation are ready for requests. */
bool children_ready(const struct children *children);
/* Whether all responders of this generation have ended for good. */
bool children_lost(const struct children *children);
/* Pids of the responders that run; returns how many, at most SCOREBOARD_SLOTS. */
size_t children_responders(const struct children *children,
    pid_t ret_pids[SCOREBOARD_SLOTS]);

/* The longest that a responder may be at one request, each of its parts at its limit. */
int64_t children_request_max_ms(const struct server_options *options);

/* What a child is called in log lines. */
const char *child_name(enum child_kind kind);

#endif
