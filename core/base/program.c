/*
 * program.c: begins programs that are not ours. Persists nothing.
 */
#include "config.h"

#include "core/base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/process.h"

static bool
is_executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return false;
	if (!S_ISREG(st.st_mode)) {
		errno = EACCES;
		return false;
	}
	return access(path, X_OK) == 0;
}

bool
program_find(const char *name, char ret_path[PATH_MAX])
{
	const char *folder = PROGRAM_PATH;
	int length;

	if (strchr(name, '/') != NULL) {
		if (name[0] != '/' || strlen(name) >= PATH_MAX) {
			errno = name[0] != '/' ? EINVAL : ENAMETOOLONG;
			return false;
		}
		strcpy(ret_path, name);
		return is_executable(ret_path);
	}
	while (*folder != '\0') {
		length = (int)strcspn(folder, ":");
		if (snprintf(ret_path, PATH_MAX, "%.*s/%s", length, folder, name) < PATH_MAX &&
		    is_executable(ret_path))
			return true;
		folder += length;
		folder += strspn(folder, ":");
	}
	errno = ENOENT;
	return false;
}

/* The standard descriptors may be those of others: they are moved out of the way first. */
static int
place_descriptors(const struct program *program)
{
	const int wanted[] = { program->input, program->output, program->errors };
	int moved[3];

	for (int i = 0; i < 3; i++) {
		moved[i] = fcntl(wanted[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (moved[i] == -1)
			return -1;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(moved[i], i) == -1)
			return -1;
	if (close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC) == -1 ||
	    (program->kept != -1 && fcntl(program->kept, F_SETFD, 0) == -1))
		return -1;
	return 0;
}

/* What it fails with is said at the other end of report, which is closed where it does not. */
static _Noreturn void
become(const struct program *program, pid_t parent, int report)
{
	int failed;

	process_default_signals();
	process_die_with_parent(parent);
	if (setpgid(0, 0) == 0 && place_descriptors(program) == 0 &&
	    chdir(program->directory) == 0)
		execve(program->path, (char *const *)program->argv,
		    (char *const *)program->environment);
	failed = errno;
	while (write(report, &failed, sizeof(failed)) == -1 && errno == EINTR)
		continue;
	_exit(EXIT_FAILURE);
}

pid_t
program_begin(const struct program *program)
{
	pid_t parent = getpid(), pid;
	int report[2], failed = 0, saved;
	ssize_t length;

	if (pipe2(report, O_CLOEXEC) == -1)
		return -1;
	pid = fork();
	if (pid == 0)
		become(program, parent, report[1]);
	saved = errno;
	close(report[1]);
	if (pid == -1) {
		close(report[0]);
		errno = saved;
		return -1;
	}
	do
		length = read(report[0], &failed, sizeof(failed));
	while (length == -1 && errno == EINTR);
	close(report[0]);
	if (length == 0)
		return pid;
	process_wait(pid, NULL);
	errno = length == (ssize_t)sizeof(failed) ? failed : EIO;
	return -1;
}
