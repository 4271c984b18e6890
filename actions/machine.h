/*
 * machine.h: what this machine has, and what of it the server may use.
 */
#ifndef ACTIONS_MACHINE_H
#define ACTIONS_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#define MACHINE_KIB INT64_C(1024)
#define MACHINE_MIB (1024 * MACHINE_KIB)

#define MACHINE_LINE_BYTES 512

/*
 * What stands behind name in the first line of a file that begins with it, without the line feed;
 * name may be "". Returns whether there is one.
 */
bool machine_line(const char *path, const char *name, char value[MACHINE_LINE_BYTES]);

/* Bytes of memory: all of it, and what programs can have yet. Returns 0, or -1 and errno. */
int machine_memory(int64_t *ret_total, int64_t *ret_available);

/* The least memory.max of the control groups that we are in, in bytes; INT64_MAX: none. */
int64_t machine_memory_limit(void);

/* Whether one of them has a cpu.max. */
bool machine_has_cpu_limit(void);

/* How many processors the first process may use. */
int64_t machine_processors(void);

/* How many processes were killed for want of memory since boot; -1 where nobody counts. */
int64_t machine_oom_kills(void);

/* Percent of the last 10 seconds in which all waited for memory; 0 where nobody looks. */
double machine_memory_pressure(void);

#endif
