/*
 * echo.c: the least that a FastCGI application can do with libfcgi: processes that send back
 * the body of each request, on connections that are kept. What it reaches is the ceiling of
 * everything behind the same nginx.
 *
 *	echo SOCKET PROCESSES
 *
 * An idle connection keeps its process from all others: there must be more processes than
 * nginx has connections.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcgiapp.h>

#define BACKLOG 511
#define BODY_BYTES_MAX 65536
#define PROCESSES_MAX 512

static void
serve(int listener)
{
	static char body[BODY_BYTES_MAX];
	FCGX_Request request;
	int length;

	FCGX_Init();
	FCGX_InitRequest(&request, listener, 0);
	while (FCGX_Accept_r(&request) == 0) {
		length = FCGX_GetStr(body, sizeof(body), request.in);
		FCGX_FPrintF(request.out, "Content-Type: application/json\r\n"
		    "Content-Length: %d\r\n\r\n", length);
		FCGX_PutStr(body, length, request.out);
		FCGX_Finish_r(&request);
	}
}

int
main(int argc, char **argv)
{
	int listener, count, i;
	pid_t parent = getpid();

	count = argc == 3 ? atoi(argv[2]) : 0;
	if (count < 1 || count > PROCESSES_MAX) {
		fprintf(stderr, "usage: echo SOCKET PROCESSES (1 to %d)\n", PROCESSES_MAX);
		return 64;
	}
	listener = FCGX_OpenSocket(argv[1], BACKLOG);
	for (i = 0; i < count; i++) {
		if (fork() != 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			serve(listener);
		_exit(EXIT_FAILURE);
	}
	while (wait(NULL) > 0)
		continue;
	return EXIT_FAILURE;
}
