/*
 * supervisor.h: the parent of all: it forks responders and reaper, watches them, and
 * turns signals into what they ask for.
 *
 * It runs no action code and holds no database handle.
 */
#ifndef FCGI_SERVER_SUPERVISOR_H
#define FCGI_SERVER_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/http/responder.h"
#include "fcgi/http/server_options.h"
#include "fcgi/server/children.h"
#include "fcgi/server/socket.h"

enum stage {
	STAGE_SERVING,
	/* After TERM and INT, in this order: */
	STAGE_SWEEPING,		/* all is being stopped; agents are still answered */
	STAGE_DISMISSING,	/* responders end after their request */
	STAGE_SWEEPING_AGAIN,	/* what these have still started */
	STAGE_ENDING,		/* the reaper leaves: nothing is left to undo */
	/* After QUIT: */
	STAGE_QUITTING,		/* responders end; the reaper stays */
	STAGE_OVER
};

struct supervisor {
	const struct server_options *options;
	struct site *site;
	struct sockets sockets;
	struct children children;
	enum stage stage;
	bool ready;		/* this generation has answered for itself */
	bool sweeping;		/* SIGUSR1 is not yet done with */
	int64_t sweep_until_ms;	/* boot time at which sweeping is over in any case */
	int64_t leave_until_ms;	/* the same for waiting until children have left */
	int64_t extended_ms;	/* boot time at which systemd was last asked for patience */
	int exit_status;
};

/* Runs until a signal ends it. Returns the exit status of the program. */
int supervisor_run(const struct server_options *options, struct site *site);

/* Tells the reaper to stop all executions, with the signal's name as reason. */
void supervisor_stop_all(struct supervisor *supervisor, int number);
/* Whether the reaper has tried them all since then. */
bool supervisor_swept(const struct supervisor *supervisor);

/*
 * The way out (shutdown.c). TERM and INT: the first begins the stages, another one leaves
 * at once. QUIT leaves without stopping anything.
 */
void shutdown_begin(struct supervisor *supervisor, int number);
void shutdown_quit(struct supervisor *supervisor);
/* Goes on to the next stage when its time has come. */
void shutdown_advance(struct supervisor *supervisor);

#endif
