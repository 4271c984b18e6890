/*
 * prove_trace.h: kills a process with SIGKILL as it begins its Nth system call from now.
 *
 * The caller is its tracer, so it waits for everybody (waitpid() with __WALL), and hands over
 * what it got. Which process it is that is counted:
 *	NULL	the root itself
 *	"2.1"	a descendant that is forked from now on: the first child of the second of the root
 *	"ak-x"	the first descendant that calls itself so (prctl(2), PR_SET_NAME)
 */
#ifndef CLI_PROVE_TRACE_H
#define CLI_PROVE_TRACE_H

#include <stdbool.h>
#include <sys/types.h>

#define TRACE_MAX 256			/* processes at once, of one trace */

struct trace {
	pid_t victim;			/* who is counted; 0: not there yet */
	long at;			/* the call before which it is killed; 0: none */
	long count;			/* calls that it has begun */
	long number;			/* of the call at which it was killed; -1: it was not */
	bool over;			/* the victim is dead, however it died, or the root is */
	/* Private. */
	pid_t root, parent;		/* whose children are counted on the way to the victim */
	const char *way;		/* what is left of it; NULL: the victim is found */
	long children;
	struct {
		pid_t pid;		/* 0: free */
		bool here;		/* its first stop was seen */
		bool announced;		/* its parent's word of it was seen */
		bool naming;		/* it is in prctl(PR_SET_NAME) */
	} list[TRACE_MAX];
};

/* Begins to count. way is borrowed. 0, or -1 and errno: EPERM where this is not allowed. */
int trace_begin(struct trace *trace, pid_t root, const char *way, long at);

/* What waitpid() said; false if it is of somebody else. The victim is dead when it is killed. */
bool trace_take(struct trace *trace, pid_t pid, int status);

/*
 * Lets all go that are still traced. Others' ends that it gets to see meanwhile go to ended(),
 * which may be NULL.
 */
void trace_end(struct trace *trace, void (*ended)(void *context, pid_t pid), void *context);

/* "openat"; "call 999" of one that has no name here, in a buffer of its own. */
const char *trace_call_name(long number);

/* What syscalls.sh makes of the headers of the system; NULL ends it. */
struct trace_call {
	long number;
	const char *name;
};
extern const struct trace_call trace_calls[];

#endif
