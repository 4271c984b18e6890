/*
 * prove_trace.c: counts the system calls of a process, and kills it at one of them.
 */
#include "config.h"

#include "cli/prove_trace.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/process.h"

#define FOLLOW (PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE)
#define SYSCALL_STOP (SIGTRAP | 0x80)
#define NAME_BYTES 32

static int
place_of(const struct trace *trace, pid_t pid)
{
	int i;

	for (i = 0; i < TRACE_MAX; i++)
		if (trace->list[i].pid == pid)
			return i;
	return -1;
}

/* Only whose calls must be seen stops at them: the victim, and who may name itself so. */
static void
go_on(const struct trace *trace, pid_t pid, int number)
{
	bool looks_for_name = trace->way != NULL && !isdigit((unsigned char)*trace->way);
	bool seen = pid == trace->victim || (looks_for_name && pid != trace->root);

	/* One that is gone is seen by waitpid(). */
	ptrace(seen ? PTRACE_SYSCALL : PTRACE_CONT, pid, NULL, (void *)(long)number);
}

/*
 * A child's first stop and its parent's word of it come in any order: it waits for the later one.
 * The place of the child, or -1 where there is no room: then it goes on uncounted.
 */
static int
meet(struct trace *trace, pid_t pid, bool here, bool announced)
{
	int place = place_of(trace, pid);

	if (place == -1)
		place = place_of(trace, 0);
	if (place == -1) {
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
		return -1;
	}
	trace->list[place].pid = pid;
	trace->list[place].here = trace->list[place].here || here;
	trace->list[place].announced = trace->list[place].announced || announced;
	if (trace->list[place].here && trace->list[place].announced)
		go_on(trace, pid, 0);
	return place;
}

static void
forget(struct trace *trace, pid_t pid)
{
	int place = place_of(trace, pid);

	if (place != -1)
		memset(&trace->list[place], 0, sizeof(trace->list[place]));
	if (pid == trace->victim || pid == trace->root)
		trace->over = true;
}

/* The pid of a child that this stop announces; 0 if it is something else. */
static pid_t
forked(pid_t parent, int status)
{
	unsigned long child = 0;
	int event = status >> 16;

	if (event != PTRACE_EVENT_FORK && event != PTRACE_EVENT_VFORK &&
	    event != PTRACE_EVENT_CLONE)
		return 0;
	ptrace(PTRACE_GETEVENTMSG, parent, NULL, &child);
	return (pid_t)child;
}

/* One more child: it may be the next on the way. */
static void
walk(struct trace *trace, pid_t parent, pid_t child)
{
	char *end;

	if (trace->way == NULL || parent != trace->parent ||
	    ++trace->children != strtol(trace->way, &end, 10) || end == trace->way)
		return;
	trace->parent = child;
	trace->children = 0;
	trace->way = *end == '.' ? end + 1 : NULL;
	if (trace->way == NULL)
		trace->victim = child;
}

/* The number of the call that begins, or -1 where one ends. */
static long
begun_call(struct trace *trace, pid_t pid)
{
	struct __ptrace_syscall_info info;
	int place = place_of(trace, pid);
	bool named = trace->list[place].naming;

	trace->list[place].naming = false;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY) {
		if (named && trace->way != NULL && process_has_name(pid, trace->way)) {
			trace->victim = pid;
			trace->way = NULL;
		}
		return -1;
	}
	trace->list[place].naming = info.entry.nr == SYS_prctl &&
	    info.entry.args[0] == PR_SET_NAME;
	return (long)info.entry.nr;
}

/* Who hears that it was killed finds it dead. */
static void
kill_victim(struct trace *trace)
{
	int status;

	kill(trace->victim, SIGKILL);
	while (waitpid(trace->victim, &status, __WALL) == trace->victim && WIFSTOPPED(status))
		continue;
	forget(trace, trace->victim);
}

int
trace_begin(struct trace *trace, pid_t root, const char *way, long at)
{
	int status;

	memset(trace, 0, sizeof(*trace));
	trace->root = trace->parent = root;
	trace->victim = way == NULL ? root : 0;
	trace->way = way;
	trace->at = at;
	trace->number = -1;
	if (ptrace(PTRACE_SEIZE, root, NULL,
	    (void *)(long)(PTRACE_O_TRACESYSGOOD | (way == NULL ? 0 : FOLLOW))) == -1 ||
	    ptrace(PTRACE_INTERRUPT, root, NULL, NULL) == -1)
		return -1;
	while (waitpid(root, &status, __WALL) == -1)
		if (errno != EINTR)
			return -1;
	if (!WIFSTOPPED(status)) {
		errno = ESRCH;
		return -1;
	}
	meet(trace, root, true, true);
	return 0;
}

bool
trace_take(struct trace *trace, pid_t pid, int status)
{
	int place = place_of(trace, pid);
	pid_t child;
	long number;

	if (!WIFSTOPPED(status)) {
		forget(trace, pid);
		return place != -1;
	}
	if (place == -1 || !trace->list[place].here) {
		meet(trace, pid, true, false);
		return true;
	}
	child = forked(pid, status);
	if (child != 0) {
		walk(trace, pid, child);
		meet(trace, child, false, true);
		go_on(trace, pid, 0);
	} else if (status >> 16 == PTRACE_EVENT_STOP && WSTOPSIG(status) != SIGTRAP) {
		/* Stopped like everybody else: until it is continued. */
		ptrace(PTRACE_LISTEN, pid, NULL, NULL);
	} else if (status >> 16 != 0) {
		go_on(trace, pid, 0);
	} else if (WSTOPSIG(status) != SYSCALL_STOP) {
		go_on(trace, pid, WSTOPSIG(status));
	} else {
		number = begun_call(trace, pid);
		if (pid == trace->victim && number != -1 && ++trace->count == trace->at) {
			trace->number = number;
			kill_victim(trace);
		} else {
			go_on(trace, pid, 0);
		}
	}
	return true;
}

void
trace_end(struct trace *trace, void (*ended)(void *context, pid_t pid), void *context)
{
	int status, place, number;
	pid_t pid;

	for (;;) {
		for (place = 0; place < TRACE_MAX; place++)
			if (trace->list[place].pid != 0)
				break;
		if (place == TRACE_MAX)
			return;
		ptrace(PTRACE_INTERRUPT, trace->list[place].pid, NULL, NULL);
		pid = waitpid(-1, &status, __WALL);
		if (pid == -1 && errno != EINTR)
			return;
		if (pid > 0 && WIFSTOPPED(status)) {
			number = status >> 16 == 0 && WSTOPSIG(status) != SYSCALL_STOP ?
			    WSTOPSIG(status) : 0;
			ptrace(PTRACE_DETACH, pid, NULL, (void *)(long)number);
			forget(trace, pid);
		} else if (pid > 0) {
			forget(trace, pid);
			if (ended != NULL)
				ended(context, pid);
		}
	}
}

const char *
trace_call_name(long number)
{
	static char unknown[NAME_BYTES];
	const struct trace_call *call;

	for (call = trace_calls; call->name != NULL; call++)
		if (call->number == number)
			return call->name;
	snprintf(unknown, sizeof(unknown), "call %ld", number);
	return unknown;
}
