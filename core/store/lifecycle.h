/*
 * lifecycle.h: the phases of an execution, and the only moves that lead from one to another.
 */
#ifndef CORE_STORE_LIFECYCLE_H
#define CORE_STORE_LIFECYCLE_H

enum phase {
	PHASE_NONE,		/* no row */
	PHASE_PREPARED,
	PHASE_STARTING,
	PHASE_RUNNING,
	PHASE_STOPPING,
	PHASE_STOPPED
};

/* lifecycle.c has the table of what leads where; tests/model/moves.pml is compared with it. */
enum move {
	MOVE_PREPARE,		/* prepare() succeeded */
	MOVE_START,		/* start() is about to run */
	MOVE_STARTED,		/* start() returned */
	MOVE_STOP,		/* stop() is about to run for the first time */
	MOVE_RETRY,		/* the reaper is about to run stop() once more */
	MOVE_STOPPED,		/* stop() succeeded */
	MOVE_END,		/* over, and the action has no stop() to run */
	MOVE_ABANDON,		/* an operator gives its stop up */
	MOVE_RESTOP,		/* start() came back without its lock: stop() has to run after it */
	MOVE_COUNT
};

/* As it is written in the database and in replies: "prepared". */
const char *phase_name(enum phase phase);
/* The phase of a name; PHASE_NONE if no phase has it. */
enum phase phase_named(const char *name);

/* Where a move leads from a phase: PHASE_NONE if it is not allowed there. */
enum phase phase_after(enum phase phase, enum move move);

/* For a message: "cannot %s an execution". */
const char *move_name(enum move move);

#endif
