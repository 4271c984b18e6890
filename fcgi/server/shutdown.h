/*
 * shutdown.h: the way out of a server, and stopping all executions, which is a part of it.
 */
#ifndef FCGI_SERVER_SHUTDOWN_H
#define FCGI_SERVER_SHUTDOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/config/scoreboard.h"
#include "fcgi/http/server_options.h"
#include "fcgi/server/children.h"

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

struct shutdown {
	/* Borrowed. */
	const struct server_options *options;
	struct scoreboard *scoreboard;
	struct children *children;

	enum stage stage;
	int64_t sweep_until_ms;	/* boot time at which sweeping is over in any case */
	int64_t leave_until_ms;	/* the same for waiting until children have left */
	int exit_status;	/* once it is over */
};

/* Tells the reaper to stop all executions, with the signal's name as reason. */
void shutdown_sweep(struct shutdown *shutdown, int number);
/* Whether the reaper has tried them all since then. */
bool shutdown_swept(const struct shutdown *shutdown);

/* TERM and INT: the first begins the stages, another one leaves at once. */
void shutdown_begin(struct shutdown *shutdown, int number);
/* QUIT: leaves without stopping anything. */
void shutdown_quit(struct shutdown *shutdown);
/* Goes on to the next stage when its time has come. */
void shutdown_advance(struct shutdown *shutdown);
/* Nothing more to wait for. */
void shutdown_over(struct shutdown *shutdown, int exit_status);

#endif
