/*
 * keeper.h: the process that looks after a worker: it has no code of actions, and so lives to
 * write down how the body ended, and to end what that has left.
 */
#ifndef CORE_KEEPER_KEEPER_H
#define CORE_KEEPER_KEEPER_H

#include "core/config/options.h"

/*
 * The worker of an execution, as core/worker/spawn.c has executed it: descriptor 3 is where it says
 * its pid or a mistake, 4 ends when its row is there. Returns the exit status.
 */
int keeper_main(const struct options *options, const char *execution);

#endif
