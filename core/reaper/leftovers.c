/*
 * leftovers.c: ends programs of handlers that died. Persists nothing: what they have done
 * is what stop() is for.
 */
#include "config.h"

#include "core/reaper/leftovers.h"

#include <signal.h>
#include <stdio.h>

#include "core/actionkit.h"
#include "core/base/log.h"
#include "core/base/process.h"

#define LEFTOVERS_MAX 64
#define LEFTOVERS_VARIABLE_BYTES 64

struct leftovers {
	char variable[LEFTOVERS_VARIABLE_BYTES];
	struct {
		pid_t pid;
		int64_t start_time;
	} list[LEFTOVERS_MAX];
	int count;
	bool others;		/* hold it, too */
};

static void
see(void *context, pid_t pid)
{
	struct leftovers *leftovers = context;
	int64_t start_time = ak_process_start_time(pid);

	if (!process_has_variable(pid, leftovers->variable)) {
		leftovers->others = true;
	} else if (leftovers->count < LEFTOVERS_MAX) {
		leftovers->list[leftovers->count].pid = pid;
		leftovers->list[leftovers->count++].start_time = start_time;
	}
}

int
leftovers_kill(const struct lock *lock, const char *execution)
{
	struct leftovers leftovers = { .count = 0 };

	snprintf(leftovers.variable, sizeof(leftovers.variable), AK_EXEC_VARIABLE "=%s",
	    execution);
	lock_holders(lock, execution, see, &leftovers);
	if (leftovers.others)
		return 0;
	for (int i = 0; i < leftovers.count; i++) {
		log_warn("execution %s: killing process %d, which a handler that died has left",
		    execution, (int)leftovers.list[i].pid);
		(void)ak_process_signal(leftovers.list[i].pid,
		    leftovers.list[i].start_time, SIGKILL);
	}
	return leftovers.count;
}
