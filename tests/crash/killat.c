/*
 * killat.c: kills a process with SIGKILL as it begins its Nth system call from now.
 *
 *	killat PID N		of the process
 *	killat PID N children	of the first child that it forks from now on
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

/* Which process is counted; 0 while it is still to be forked. */
static pid_t
pick(pid_t chosen, pid_t root, pid_t pid)
{
	return chosen == 0 && pid != root ? pid : chosen;
}

static int
watch(pid_t root, pid_t chosen, long at)
{
	long count = 0, number;
	pid_t pid;
	int status;

	while (!over && (pid = waitpid(-1, &status, __WALL)) > 0) {
		chosen = pick(chosen, root, pid);
		if (!WIFSTOPPED(status)) {
			if (pid == root || pid == chosen)
				break;
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
		number = pid == chosen ? begun_call(pid) : -1;
		if (number != -1 && ++count == at) {
			kill(pid, SIGKILL);
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
	bool children = argc == 4;
	pid_t pid;
	int status;

	if (argc < 3) {
		fprintf(stderr, "usage: killat PID N [children]\n");
		return EXIT_FAILURE;
	}
	pid = (pid_t)atoi(argv[1]);
	sigaction(SIGTERM, &action, NULL);
	if (ptrace(PTRACE_SEIZE, pid, NULL,
	    (void *)(long)(OPTIONS | (children ? FOLLOW : 0))) == -1)
		die("PTRACE_SEIZE");
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == -1)
		die("PTRACE_INTERRUPT");
	if (waitpid(pid, &status, __WALL) != pid)
		die("waitpid");
	puts("ready");
	fflush(stdout);
	go_on(pid, 0);
	return watch(pid, children ? 0 : pid, atol(argv[2]));
}
