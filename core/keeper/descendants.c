/*
 * descendants.c: ends whatever a process has begun. Persists nothing.
 */
#include "config.h"

#include "core/keeper/descendants.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/process.h"

/* Children, and members of the session. What these have begun elsewhere become children. */
static void
kill_those_in_reach(void)
{
	const struct dirent *entry;
	DIR *proc = opendir("/proc");
	int64_t pid;

	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		pid = strtoll(entry->d_name, NULL, 10);
		if (pid > 1 && pid != getpid() && (process_parent(pid) == getpid() ||
		    process_session(pid) == getpid()))
			(void)kill((pid_t)pid, SIGKILL);
	}
	if (proc != NULL)
		closedir(proc);
}

void
descendants_kill(pid_t child, int *status)
{
	int ended;
	pid_t pid;

	for (;;) {
		kill_those_in_reach();
		pid = waitpid(-1, &ended, 0);
		if (pid == -1 && errno != EINTR)
			return;
		if (pid > 0 && pid == child)
			*status = ended;
	}
}
