/*
 * processes.h: what /proc says of processes, for actions that look for them by name.
 */
#ifndef ACTIONS_PROCESSES_H
#define ACTIONS_PROCESSES_H

#include <stdbool.h>
#include <stdint.h>

struct process {
	int64_t pid;
	int64_t parent;
	int64_t start_time;	/* ak_process_start_time() */
	char state;		/* a letter of ps(1) */
	bool is_kernel_thread;	/* has no user space that could be stopped */
};

/* Looks at one. Returns 0, or -1 and errno: ESRCH if there is no such process. */
int process_read(int64_t pid, struct process *ret_process);

/*
 * Whether name is that of the process (/proc/PID/comm) or of its program file, or, if is_part, a
 * part of one of them.
 */
bool processes_has_name(int64_t pid, const char *name, bool is_part);

/*
 * Calls see() for each process with this name that is no thread of the kernel, until it returns
 * false. Returns 0, or -1 and errno.
 */
int processes_find(const char *name, bool is_part,
    bool (*see)(void *context, const struct process *process), void *context);

#endif
