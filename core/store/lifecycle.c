/*
 * lifecycle.c: the phases of an execution, and the only moves that lead from one to another.
 */
#include "config.h"

#include "core/store/lifecycle.h"

#include <stddef.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FROM(phase) (1U << (phase))

static const char *const phase_names[] = {
	[PHASE_NONE] = "none",
	[PHASE_PREPARED] = "prepared",
	[PHASE_STARTING] = "starting",
	[PHASE_RUNNING] = "running",
	[PHASE_STOPPING] = "stopping",
	[PHASE_STOPPED] = "stopped"
};

/* A call for an unknown id is adopted: it moves from PHASE_NONE. */
static const struct {
	const char *name;
	unsigned from;
	enum phase to;
} moves[MOVE_COUNT] = {
	[MOVE_PREPARE] = { "prepare", FROM(PHASE_NONE) | FROM(PHASE_PREPARED), PHASE_PREPARED },
	[MOVE_START] = { "start", FROM(PHASE_NONE) | FROM(PHASE_PREPARED), PHASE_STARTING },
	[MOVE_STARTED] = { "finish its start", FROM(PHASE_STARTING), PHASE_RUNNING },
	[MOVE_STOP] = { "stop", FROM(PHASE_NONE) | FROM(PHASE_PREPARED) |
	    FROM(PHASE_STARTING) | FROM(PHASE_RUNNING), PHASE_STOPPING },
	[MOVE_RETRY] = { "retry the stop of", FROM(PHASE_STOPPING), PHASE_STOPPING },
	[MOVE_STOPPED] = { "finish the stop of", FROM(PHASE_STOPPING), PHASE_STOPPED },
	[MOVE_END] = { "end", FROM(PHASE_PREPARED) | FROM(PHASE_STARTING) |
	    FROM(PHASE_RUNNING), PHASE_STOPPED },
	[MOVE_ABANDON] = { "abandon", FROM(PHASE_STOPPING), PHASE_STOPPED },
	[MOVE_RESTOP] = { "stop once more", FROM(PHASE_STARTING) | FROM(PHASE_RUNNING) |
	    FROM(PHASE_STOPPING) | FROM(PHASE_STOPPED), PHASE_STOPPING }
};

const char *
phase_name(enum phase phase)
{
	return phase_names[phase];
}

enum phase
phase_named(const char *name)
{
	for (size_t i = 0; i < COUNT(phase_names); i++)
		if (strcmp(phase_names[i], name) == 0)
			return (enum phase)i;
	return PHASE_NONE;
}

enum phase
phase_after(enum phase phase, enum move move)
{
	return (moves[move].from & FROM(phase)) != 0 ? moves[move].to : PHASE_NONE;
}

const char *
move_name(enum move move)
{
	return moves[move].name;
}
