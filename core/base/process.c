/*
 * process.c: names processes by pid and start time, signals exactly those, and knows which
 * of them belong to this server. Persists nothing.
 */
#include "config.h"

#include "core/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/actionkit.h"
#include "core/base/coverage.h"
#include "core/base/log.h"

#define PROCESS_PATH_BYTES 64
#define PROCESS_TITLE_BYTES 16	/* the kernel keeps no more */
/* Fields up to the start time: 20 numbers of at most 20 digits, and the name. */
#define PROCESS_STAT_BYTES 1024
/* A chain of parents longer than this is not real: it changed while it was read. */
#define PROCESS_CHAIN_MAX 256
/* How often a chain is read anew when one of its members ended meanwhile. */
#define PROCESS_CHAIN_TRIES 8

/* What /proc/PID/stat says. */
struct process_stat {
	char state;
	int64_t parent;
	int64_t session;
	int64_t threads;
	int64_t start_time;
};

/* A process and its ancestors, up to the first that cannot be seen from here. */
struct process_chain {
	size_t count;
	int64_t pids[PROCESS_CHAIN_MAX];
};

/* The process of this server that started this one, or 0 if it was not started by one. */
static pid_t process_server_parent;

/*
 * Reads a line of /proc that is shorter than size. Returns 0, or -1 and errno: ESRCH if
 * there is no such process.
 */
static int
process_read(int64_t pid, const char *name, char *ret_text, size_t size)
{
	char path[PROCESS_PATH_BYTES];
	ssize_t length;
	int fd, saved;

	if (pid < 1 || pid > INT_MAX) {
		errno = ESRCH;
		return -1;
	}
	(void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		if (errno == ENOENT)
			errno = ESRCH;
		return -1;
	}
	do
		length = read(fd, ret_text, size - 1);
	while (length == -1 && errno == EINTR);
	saved = errno;
	(void)close(fd);
	if (length == -1) {
		errno = saved;
		return -1;
	}
	ret_text[length] = '\0';
	return 0;
}

/*
 * The name of a process may hold spaces, parentheses and line feeds; what follows the last
 * closing parenthesis is numbers.
 */
static int
process_stat(int64_t pid, struct process_stat *ret_stat)
{
	struct process_stat st;
	char text[PROCESS_STAT_BYTES];
	const char *rest;

	if (process_read(pid, "stat", text, sizeof(text)) == -1)
		return -1;
	rest = strrchr(text, ')');
	/* Fields 3, 4, 6, 20 and 22 of proc(5). */
	if (rest == NULL || sscanf(rest + 1,
	    " %c %" SCNd64 " %*s %" SCNd64 " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
	    " %" SCNd64 " %*s %" SCNd64, &st.state, &st.parent, &st.session,
	    &st.threads, &st.start_time) != 5) {
		errno = EIO;
		return -1;
	}
	*ret_stat = st;
	return 0;
}

/* Whether it has ended and only waits for its parent to ask for its status. */
static bool
process_ended(const struct process_stat *st)
{
	/* A leader that ended before its threads looks like a zombie, too. */
	return (st->state == 'Z' && st->threads <= 1) || st->state == 'X';
}

/*
 * Follows the parents of pid. Where one ends between two looks, its child has been given
 * to another parent: then the way is followed again. The last member is one that cannot be
 * seen from here, or has no parent that can.
 */
static void
process_chain(int64_t pid, struct process_chain *ret_chain)
{
	struct process_stat st;
	int64_t at;
	int tries;

	for (tries = 0; tries < PROCESS_CHAIN_TRIES; tries++) {
		ret_chain->count = 0;
		at = pid;
		while (ret_chain->count < PROCESS_CHAIN_MAX) {
			ret_chain->pids[ret_chain->count++] = at;
			if (process_stat(at, &st) == -1)
				break;
			if (st.parent < 1)
				return;
			at = st.parent;
		}
	}
}

static bool
process_chain_has(const struct process_chain *chain, int64_t pid)
{
	size_t i;

	for (i = 0; i < chain->count; i++) {
		if (chain->pids[i] == pid)
			return true;
	}
	return false;
}

bool
process_is_same_program(int64_t pid)
{
	struct stat mine, other;
	char path[PROCESS_PATH_BYTES];

	(void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/exe", pid);
	return stat("/proc/self/exe", &mine) == 0 && stat(path, &other) == 0 &&
	    mine.st_dev == other.st_dev && mine.st_ino == other.st_ino;
}

/*
 * The process of this server that all others descend from, as far as it lives: the parent
 * that process_die_with_parent() was told, then upwards as long as it is the same program.
 * That is the supervisor, or the reaper after the supervisor's death; never pid 1, for
 * then everything would be ours.
 */
static int64_t
process_server_root(const struct process_chain *chain)
{
	int64_t root;
	size_t i;

	root = chain->pids[0];
	for (i = 1; i < chain->count && chain->pids[i] > 1; i++) {
		if (!(i == 1 && chain->pids[i] == process_server_parent) &&
		    !process_is_same_program(chain->pids[i]))
			break;
		root = chain->pids[i];
	}
	return root;
}

int64_t
ak_process_start_time(int64_t pid)
{
	struct process_stat st;

	if (process_stat(pid, &st) == -1)
		return -1;
	return st.start_time;
}

/* glibc has functions for this and the next one since 2.36. */
int
process_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/*
 * The descriptor holds on to one process, whoever gets its pid afterwards: so it is taken
 * first, and then the identity is verified. A process that has ended but was not waited
 * for is gone as well.
 */
int
ak_process_signal(int64_t pid, int64_t start_time, int signal)
{
	struct process_stat st;
	int fd, result, saved;

	if (pid < 1 || pid > INT_MAX) {
		errno = ESRCH;
		return -1;
	}
	fd = process_open((pid_t)pid);
	if (fd == -1) {
		/* The id of a thread is not the id of a process. */
		if (errno == EINVAL || errno == ENOENT)
			errno = ESRCH;
		return -1;
	}
	result = process_stat(pid, &st);
	if (result == 0 && (st.start_time != start_time || process_ended(&st))) {
		errno = ESRCH;
		result = -1;
	}
	if (result == 0)
		result = (int)syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
	saved = errno;
	(void)close(fd);
	errno = saved;
	return result;
}

/*
 * Ours are: every pid below 2, this process, its ancestors, all that descend from the root
 * of this server (supervisor, responders, reaper, stoppers and what their handlers run),
 * and whatever runs the same program file, with what descends from that: a reaper that outlived
 * its supervisor, and every worker, descend from nobody any more.
 */
bool
ak_process_is_ours(int64_t pid)
{
	struct process_chain mine, other;
	size_t i;

	if (pid <= 1 || pid == getpid())
		return true;
	if (pid > INT_MAX)
		return false;
	process_chain(getpid(), &mine);
	if (process_chain_has(&mine, pid))
		return true;
	process_chain(pid, &other);
	if (process_chain_has(&other, process_server_root(&mine)))
		return true;
	for (i = 0; i < other.count; i++)
		if (other.pids[i] > 1 && process_is_same_program(other.pids[i]))
			return true;
	return false;
}

void
process_die_with_parent(pid_t parent)
{
	/* A parent that died before the first call is seen by the second. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != parent)
		process_exit(EXIT_FAILURE);
	process_server_parent = parent;
}

void
process_wait(pid_t pid, int *ret_status)
{
	while (waitpid(pid, ret_status, 0) == -1 && errno == EINTR)
		continue;
}

int64_t
process_session(int64_t pid)
{
	struct process_stat st;

	return process_stat(pid, &st) == -1 || process_ended(&st) ? -1 : st.session;
}

int64_t
process_parent(int64_t pid)
{
	struct process_stat st;

	return process_stat(pid, &st) == -1 || process_ended(&st) ? -1 : st.parent;
}

bool
process_lives(int64_t pid, int64_t start_time)
{
	struct process_stat st;

	return process_stat(pid, &st) == 0 && st.start_time == start_time &&
	    !process_ended(&st);
}

void
process_exit(int status)
{
	coverage_dump();
	_exit(status);
}

void
process_name(const char *name)
{
	char title[PROCESS_TITLE_BYTES];

	log_process(name);
	snprintf(title, sizeof(title), "ak-%s", name);
	prctl(PR_SET_NAME, title);
}

bool
process_has_name(int64_t pid, const char *name)
{
	char title[PROCESS_TITLE_BYTES], other[PROCESS_TITLE_BYTES + 1];

	snprintf(title, sizeof(title), "ak-%s", name);
	if (process_read(pid, "comm", other, sizeof(other)) == -1)
		return false;
	other[strcspn(other, "\n")] = '\0';
	return strcmp(title, other) == 0;
}

bool
process_has_variable(int64_t pid, const char *variable)
{
	char path[PROCESS_PATH_BYTES], *one = NULL;
	size_t size = 0;
	bool found = false;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/environ", pid);
	file = fopen(path, "re");
	while (file != NULL && !found && getdelim(&one, &size, '\0', file) != -1)
		found = strcmp(one, variable) == 0;
	if (file != NULL)
		(void)fclose(file);
	free(one);
	return found;
}

bool
process_is_fault(int number)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP };
	size_t i;

	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (faults[i] == number)
			return true;
	return false;
}

void
process_end_text(int wait_status, char ret_text[PROCESS_END_BYTES])
{
	int number = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
	const char *name = number == 0 ? NULL : sigabbrev_np(number);

	if (number != 0)
		snprintf(ret_text, PROCESS_END_BYTES, "%s: SIG%s",
		    process_is_fault(number) ? "crashed" : "was killed",
		    name == NULL ? "RT" : name);
	else
		snprintf(ret_text, PROCESS_END_BYTES, "ended its process: exit(%d)",
		    WEXITSTATUS(wait_status));
}

static void
do_nothing(int number)
{
	(void)number;
}

void
process_outlive_file_limit(void)
{
	struct sigaction action = { .sa_handler = do_nothing, .sa_flags = SA_RESTART };

	(void)sigaction(SIGXFSZ, &action, NULL);
}

static volatile sig_atomic_t told_to_end;
static pid_t outlives;		/* the process that has these handlers for itself */

bool
process_passes_on(int number)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	if (getpid() == outlives)
		return false;
	(void)sigaction(number, &action, NULL);
	(void)raise(number);
	return true;
}

static void
outlive(int number)
{
	if (!process_passes_on(number) && number == SIGTERM)
		told_to_end = 1;
}

/* Whether it does nothing to a process that has no handler, or must not have another one. */
static bool
is_harmless(int number)
{
	return number == SIGCHLD || number == SIGCONT || number == SIGURG ||
	    number == SIGWINCH || process_is_fault(number);
}

void
process_outlives(void)
{
	outlives = getpid();
}

void
process_outlive_signals(void)
{
	struct sigaction action = { .sa_handler = outlive, .sa_flags = SA_RESTART };
	int number;

	process_outlives();
	/* Fails for SIGKILL and SIGSTOP. */
	for (number = 1; number <= SIGRTMAX; number++)
		if (!is_harmless(number) && number != SIGXFSZ)
			(void)sigaction(number, &action, NULL);
}

void
process_let_signals(sigset_t *ret_mask)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, ret_mask);
}

void
process_hold_signals(const sigset_t *mask)
{
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	if (told_to_end != 0) {
		told_to_end = 0;
		(void)raise(SIGTERM);
	}
}

void
process_default_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;
	int number;

	/* Fails for SIGKILL, SIGSTOP and those that libc keeps to itself, as it should. */
	for (number = 1; number <= SIGRTMAX; number++)
		(void)sigaction(number, &action, NULL);
	process_outlive_file_limit();
	/* Last: what was held back must not meet a handler of the parent's. */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}
