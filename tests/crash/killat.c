/*
 * killat.c: kills a process with SIGKILL as it begins its Nth system call from now.
 *
 *	killat PID N		of the process
 *	killat PID N CHILD	of the CHILDth child that it forks from now on, counted from 1;
 *				"2.1" is the first child of the second
 *
 * Says "ready" when it counts, and at its end "killed NUMBER" (which call it was), or
 * "alive COUNT" when SIGTERM ends it before the Nth call. N = 0 only counts.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTIONS (PTRACE_O_TRACESYSGOOD)
#define FOLLOW (PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE)
#define SYSCALL_STOP (SIGTRAP | 0x80)
#define YOUNG_MAX 256		/* children of one run */

static volatile sig_atomic_t over;

static void
on_term(int number)
{
	(void)number;
	over = 1;
}

static void
die(const char *what)
{
	fprintf(stderr, "killat: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* The number of the call that begins, or -1. */
static long
begun_call(pid_t pid)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return -1;
	return (long)info.entry.nr;
}

static void
go_on(pid_t pid, int number)
{
	/* One that is gone is seen by waitpid(). */
	ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)number);
}

/* Who reads that it was killed finds it dead. */
static void
await_end(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
		continue;
}

/* A child's first stop and its parent's word of it come in any order: the later one counts. */
static struct {
	pid_t pid;
	bool here;
	bool announced;
} young[YOUNG_MAX];

/* Returns whether now both have come; the child waits until then. */
static bool
meet(pid_t pid, bool here, bool announced)
{
	size_t i;

	for (i = 0; i < YOUNG_MAX && young[i].pid != pid; i++)
		continue;
	for (size_t free = 0; i == YOUNG_MAX && free < YOUNG_MAX; free++)
		if (young[free].pid == 0)
			i = free;
	if (i == YOUNG_MAX) {
		errno = ENOBUFS;
		die("children");
	}
	young[i].pid = pid;
	young[i].here = young[i].here || here;
	young[i].announced = young[i].announced || announced;
	return young[i].here && young[i].announced;
}

static bool
is_young(pid_t pid)
{
	for (size_t i = 0; i < YOUNG_MAX; i++)
		if (young[i].pid == pid && young[i].here && young[i].announced)
			return false;
	return true;
}

/* The pid of a child that parent has forked; 0 if it was something else. */
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

/* The way to whom is killed: the next on it is the nth child of parent; NULL: it is parent. */
struct way {
	pid_t parent;
	char *nth;
	long children;
};

static void
walk(struct way *way, pid_t parent, pid_t child)
{
	char *end;

	if (way->nth == NULL || parent != way->parent ||
	    ++way->children != strtol(way->nth, &end, 10))
		return;
	*way = (struct way){ .parent = child, .nth = *end == '.' ? end + 1 : NULL };
}

static int
watch(pid_t root, char *descendant, long at)
{
	struct way way = { .parent = root, .nth = descendant };
	long count = 0, number;
	pid_t pid, child;
	int status;

	while (!over && (pid = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			if (pid == root || (way.nth == NULL && pid == way.parent))
				break;
			continue;
		}
		child = forked(pid, status);
		if (child != 0)
			walk(&way, pid, child);
		if (child != 0 && meet(child, false, true))
			go_on(child, 0);
		if (pid != root && is_young(pid)) {
			if (meet(pid, true, false))
				go_on(pid, 0);
			continue;
		}
		if (status >> 16 != 0) {	/* an event of ptrace */
			go_on(pid, 0);
			continue;
		}
		if (WSTOPSIG(status) != SYSCALL_STOP) {
			go_on(pid, WSTOPSIG(status));
			continue;
		}
		number = way.nth == NULL && pid == way.parent ? begun_call(pid) : -1;
		if (number != -1 && ++count == at) {
			kill(pid, SIGKILL);
			await_end(pid);
			printf("killed %ld\n", number);
			return EXIT_SUCCESS;
		}
		go_on(pid, 0);
	}
	printf("alive %ld\n", count);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_term };
	char *descendant;
	int status;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: killat PID N [CHILD]\n");
		return EXIT_FAILURE;
	}
	pid = (pid_t)atoi(argv[1]);
	descendant = argc == 4 ? argv[3] : NULL;
	sigaction(SIGTERM, &action, NULL);
	if (ptrace(PTRACE_SEIZE, pid, NULL,
	    (void *)(long)(OPTIONS | (descendant != NULL ? FOLLOW : 0))) == -1)
		die("PTRACE_SEIZE");
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == -1)
		die("PTRACE_INTERRUPT");
	if (waitpid(pid, &status, __WALL) != pid)
		die("waitpid");
	puts("ready");
	fflush(stdout);
	go_on(pid, 0);
	return watch(pid, descendant, atol(argv[2]));
}
