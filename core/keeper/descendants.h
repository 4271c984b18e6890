/*
 * descendants.h: ends whatever a process has begun.
 */
#ifndef CORE_KEEPER_DESCENDANTS_H
#define CORE_KEEPER_DESCENDANTS_H

#include <sys/types.h>

/*
 * Kills all that descend from this process, which is a subreaper and leads a session, and waits
 * until none is left. *status is what wait(2) says of the child, if that is among them.
 */
void descendants_kill(pid_t child, int *status);

#endif
