/*
 * memory_kills.h: how often the kernel has killed for want of memory.
 */
#ifndef CORE_KEEPER_MEMORY_KILLS_H
#define CORE_KEEPER_MEMORY_KILLS_H

#include <stdint.h>

/* So far, in the cgroup (v2) of this process, or else on this machine; 0 if that is not known. */
int64_t memory_kills(void);

#endif
