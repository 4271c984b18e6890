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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/prove_trace.h"

static volatile sig_atomic_t over;

static void
on_term(int number)
{
	(void)number;
	over = 1;
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_term };
	struct trace trace;
	int status;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: killat PID N [CHILD]\n");
		return EXIT_FAILURE;
	}
	sigaction(SIGTERM, &action, NULL);
	if (trace_begin(&trace, (pid_t)atoi(argv[1]), argc > 3 ? argv[3] : NULL,
	    atol(argv[2])) == -1) {
		fprintf(stderr, "killat: %s: %s\n", argv[1], strerror(errno));
		return EXIT_FAILURE;
	}
	puts("ready");
	fflush(stdout);
	/* Those that are traced are let go by its end. */
	while (!over && !trace.over && (pid = waitpid(-1, &status, __WALL)) > 0)
		trace_take(&trace, pid, status);
	if (trace.number == -1)
		printf("alive %ld\n", trace.count);
	else
		printf("killed %ld\n", trace.number);
	return EXIT_SUCCESS;
}
