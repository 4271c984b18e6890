/*
 * test_process.c: a pid alone is never enough, and what belongs to the server is known.
 */
#include "config.h"

#include "core/base/process.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/actionkit.h"
#include "core/base/err.h"
#include "tests/unit/unit.h"

#define WAIT_MS 5000
#define START_TOLERANCE_S 2
#define ORPHAN_S 60
#define NO_SIGNAL 9999
#define NS_PER_MS 1000000
#define TRIES_PAUSE_MS 5

/* A process that this test started, and the end of a pipe that closes when it is gone. */
struct child {
	pid_t pid;
	int pipe;
};

/* Ends with its test, whatever the test does. */
static struct child
child_start(void (*body)(int ready))
{
	struct child child;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	child.pid = fork();
	ck_assert_int_ne(child.pid, -1);
	if (child.pid == 0) {
		(void)close(ends[0]);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		body(ends[1]);
		_exit(0);
	}
	(void)close(ends[1]);
	child.pipe = ends[0];
	return child;
}

/* Waits for what the child writes: 1 with it, 0 when all who could write are gone. */
static int
child_read(const struct child *child, void *data, size_t size)
{
	struct pollfd pollfd = { .fd = child->pipe, .events = POLLIN };
	ssize_t length;

	ck_assert_int_eq(poll(&pollfd, 1, WAIT_MS), 1);
	length = read(child->pipe, data, size);
	ck_assert(length == 0 || length == (ssize_t)size);
	return length > 0;
}

static void
child_end(struct child *child)
{
	(void)kill(child->pid, SIGKILL);
	ck_assert_int_eq(waitpid(child->pid, NULL, 0), child->pid);
	(void)close(child->pipe);
}

static void
write_pid(int ready, pid_t pid)
{
	if (write(ready, &pid, sizeof(pid)) != (ssize_t)sizeof(pid))
		_exit(1);
}

static void
body_pause(int ready)
{
	write_pid(ready, getpid());
	for (;;)
		(void)pause();
}

static void
body_exit(int ready)
{
	(void)ready;
}

/* A name that breaks who looks for the first parenthesis, or splits at spaces. */
static void
body_odd_name(int ready)
{
	(void)prctl(PR_SET_NAME, ") Z 1 (\n) 2 3");
	body_pause(ready);
}

START_TEST(start_time_is_now)
{
	struct child child;
	struct timespec now;
	int64_t start_time, seconds;
	pid_t pid;

	child = child_start(body_pause);
	ck_assert_int_eq(child_read(&child, &pid, sizeof(pid)), 1);
	start_time = ak_process_start_time(child.pid);
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	seconds = start_time / sysconf(_SC_CLK_TCK);
	ck_assert_int_ge(seconds, now.tv_sec - START_TOLERANCE_S);
	ck_assert_int_le(seconds, now.tv_sec);
	child_end(&child);
}
END_TEST

START_TEST(start_time_of_an_odd_name)
{
	struct child child;
	int64_t start_time;
	pid_t pid;

	child = child_start(body_odd_name);
	ck_assert_int_eq(child_read(&child, &pid, sizeof(pid)), 1);
	start_time = ak_process_start_time(child.pid);
	ck_assert_int_ge(start_time, ak_process_start_time(getpid()));
	ck_assert_int_eq(ak_process_signal(child.pid, start_time, 0), 0);
	ck_assert(ak_process_is_ours(child.pid));
	child_end(&child);
}
END_TEST

START_TEST(absent_processes)
{
	static const int64_t pids[] = { 0, -1, INT64_C(1) << 31, INT64_MAX, INT64_MIN };
	struct child child;
	size_t i;

	for (i = 0; i < sizeof(pids) / sizeof(pids[0]); i++) {
		errno = 0;
		ck_assert_int_eq(ak_process_start_time(pids[i]), -1);
		ck_assert_int_eq(errno, ESRCH);
		errno = 0;
		ck_assert_int_eq(ak_process_signal(pids[i], 1, 0), -1);
		ck_assert_int_eq(errno, ESRCH);
	}

	/* Cut to 32 bits, this would be the test itself. */
	ck_assert_int_eq(ak_process_start_time((INT64_C(1) << 32) + getpid()), -1);
	ck_assert(!ak_process_is_ours((INT64_C(1) << 32) + getpid()));

	child = child_start(body_exit);
	ck_assert_int_eq(waitpid(child.pid, NULL, 0), child.pid);
	errno = 0;
	ck_assert_int_eq(ak_process_start_time(child.pid), -1);
	ck_assert_int_eq(errno, ESRCH);
	ck_assert(!ak_process_is_ours(child.pid));
	(void)close(child.pipe);
}
END_TEST

START_TEST(signal_reaches_the_process)
{
	struct child child;
	int64_t start_time;
	int status;
	pid_t pid;

	child = child_start(body_pause);
	ck_assert_int_eq(child_read(&child, &pid, sizeof(pid)), 1);
	start_time = ak_process_start_time(child.pid);
	ck_assert_int_eq(ak_process_signal(child.pid, start_time, SIGSTOP), 0);
	ck_assert_int_eq(waitpid(child.pid, &status, WUNTRACED), child.pid);
	ck_assert(WIFSTOPPED(status));
	ck_assert_int_eq(ak_process_signal(child.pid, start_time, SIGCONT), 0);
	ck_assert_int_eq(waitpid(child.pid, &status, WCONTINUED), child.pid);
	ck_assert(WIFCONTINUED(status));
	child_end(&child);
}
END_TEST

START_TEST(stale_start_time)
{
	struct child child;
	int64_t start_time;
	int status;
	pid_t pid;

	child = child_start(body_pause);
	ck_assert_int_eq(child_read(&child, &pid, sizeof(pid)), 1);
	start_time = ak_process_start_time(child.pid);
	errno = 0;
	ck_assert_int_eq(ak_process_signal(child.pid, start_time - 1, SIGTERM), -1);
	ck_assert_int_eq(errno, ESRCH);
	errno = 0;
	ck_assert_int_eq(ak_process_signal(child.pid, 0, SIGTERM), -1);
	ck_assert_int_eq(errno, ESRCH);

	/* Had one of these signals arrived, it would be the one that ends the child. */
	ck_assert_int_eq(ak_process_signal(child.pid, start_time, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child.pid, &status, 0), child.pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	(void)close(child.pipe);
}
END_TEST

START_TEST(ended_process_is_gone)
{
	struct child child;
	siginfo_t info;
	int64_t start_time;

	child = child_start(body_exit);
	ck_assert_int_eq(waitid(P_PID, (id_t)child.pid, &info, WEXITED | WNOWAIT), 0);
	start_time = ak_process_start_time(child.pid);
	ck_assert_int_gt(start_time, 0);
	errno = 0;
	ck_assert_int_eq(ak_process_signal(child.pid, start_time, 0), -1);
	ck_assert_int_eq(errno, ESRCH);
	ck_assert_int_eq(waitpid(child.pid, NULL, 0), child.pid);
	(void)close(child.pipe);
}
END_TEST

static void *
thread_body(void *argument)
{
	pid_t tid = gettid();
	int64_t start_time = ak_process_start_time(tid);

	errno = 0;
	if (ak_process_signal(tid, start_time, 0) == -1 && errno == ESRCH)
		return argument;
	return NULL;
}

START_TEST(thread_is_no_process)
{
	pthread_t thread;
	void *result;
	int refused;

	ck_assert_int_eq(pthread_create(&thread, NULL, thread_body, &refused), 0);
	ck_assert_int_eq(pthread_join(thread, &result), 0);
	ck_assert_ptr_eq(result, &refused);
}
END_TEST

START_TEST(invalid_signal)
{
	errno = 0;
	ck_assert_int_eq(ak_process_signal(getpid(), ak_process_start_time(getpid()),
	    NO_SIGNAL), -1);
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

START_TEST(ours_by_number)
{
	ck_assert(ak_process_is_ours(INT64_MIN));
	ck_assert(ak_process_is_ours(-1));
	ck_assert(ak_process_is_ours(0));
	ck_assert(ak_process_is_ours(1));
	ck_assert(ak_process_is_ours(getpid()));
	ck_assert(!ak_process_is_ours(INT64_MAX));
}
END_TEST

static void
body_grandchild(int ready)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execlp("sleep", "sleep", "60", (char *)NULL);
		_exit(1);
	}
	write_pid(ready, pid);
	for (;;)
		(void)pause();
}

START_TEST(ours_by_relation)
{
	struct child child;
	pid_t grandchild;

	/* The program that runs the tests, and who started it. */
	ck_assert(ak_process_is_ours(getppid()));
	child = child_start(body_grandchild);
	ck_assert_int_eq(child_read(&child, &grandchild, sizeof(grandchild)), 1);
	ck_assert(ak_process_is_ours(child.pid));
	ck_assert(ak_process_is_ours(grandchild));
	child_end(&child);
}
END_TEST

/* Two that nobody here is an ancestor of any more: another program, and this one. */
static void
body_orphans(int ready)
{
	char go;
	int ends[2];
	pid_t pids[2];

	if (fork() != 0)
		return;
	/* The end of this pipe tells that the program of the first is another now. */
	if (pipe2(ends, O_CLOEXEC) == -1)
		_exit(1);
	pids[0] = fork();
	if (pids[0] == 0) {
		(void)close(ready);
		(void)execlp("sleep", "sleep", "60", (char *)NULL);
		_exit(1);
	}
	(void)close(ends[1]);
	ck_assert_int_ne(read(ends[0], &go, sizeof(go)), -1);
	pids[1] = fork();
	if (pids[1] == 0) {
		(void)alarm(ORPHAN_S);
		for (;;)
			(void)pause();
	}
	if (write(ready, pids, sizeof(pids)) != (ssize_t)sizeof(pids))
		_exit(1);
	_exit(0);
}

/* A process changes its parent a little after the old one has ended. */
static void
wait_until_ours_is(pid_t pid, bool wanted)
{
	struct timespec pause = { .tv_nsec = TRIES_PAUSE_MS * NS_PER_MS };
	int waited_ms;

	for (waited_ms = 0; waited_ms < WAIT_MS && ak_process_is_ours(pid) != wanted;
	    waited_ms += TRIES_PAUSE_MS)
		(void)nanosleep(&pause, NULL);
	ck_assert(ak_process_is_ours(pid) == wanted);
}

START_TEST(strangers_are_not_ours)
{
	struct child child;
	pid_t pids[2];

	child = child_start(body_orphans);
	ck_assert_int_eq(child_read(&child, pids, sizeof(pids)), 1);
	wait_until_ours_is(pids[0], false);
	/* A guard that outlived its supervisor looks like this. */
	ck_assert(ak_process_is_ours(pids[1]));
	ck_assert_int_eq(kill(pids[0], SIGKILL), 0);
	ck_assert_int_eq(kill(pids[1], SIGKILL), 0);
	child_end(&child);
}
END_TEST

static void
body_parent(int ready)
{
	pid_t parent = getpid();

	if (fork() == 0) {
		process_die_with_parent(parent);
		write_pid(ready, getpid());
		for (;;)
			(void)pause();
	}
	(void)close(ready);
	for (;;)
		(void)pause();
}

START_TEST(dies_with_its_parent)
{
	struct child child;
	pid_t pid;

	child = child_start(body_parent);
	ck_assert_int_eq(child_read(&child, &pid, sizeof(pid)), 1);
	ck_assert_int_eq(kill(child.pid, SIGKILL), 0);
	/* Only the grandchild can still write. */
	ck_assert_int_eq(child_read(&child, &pid, sizeof(pid)), 0);
	child_end(&child);
}
END_TEST

static void
body_orphan(int ready)
{
	process_die_with_parent(getpid());
	write_pid(ready, getpid());
}

START_TEST(dies_when_its_parent_is_dead)
{
	struct child child;
	int status;
	pid_t pid;

	child = child_start(body_orphan);
	ck_assert_int_eq(child_read(&child, &pid, sizeof(pid)), 0);
	ck_assert_int_eq(waitpid(child.pid, &status, 0), child.pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE);
	(void)close(child.pipe);
}
END_TEST

static void
handler(int number)
{
	(void)number;
}

START_TEST(signals_are_default)
{
	struct sigaction action = { .sa_handler = handler };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t all, left;
	int number;

	(void)sigfillset(&all);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, &all, NULL), 0);
	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	ck_assert_int_eq(sigaction(SIGRTMAX, &action, NULL), 0);
	ck_assert_int_eq(sigaction(SIGTERM, &ignore, NULL), 0);
	ck_assert_int_eq(sigaction(SIGPIPE, &ignore, NULL), 0);

	process_default_signals();
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &left), 0);
	for (number = 1; number <= SIGRTMAX; number++) {
		if (sigaction(number, NULL, &action) == -1)
			continue;
		/* A handler, which a program that is executed does not have. */
		ck_assert_msg(number == SIGXFSZ ? action.sa_handler != SIG_IGN :
		    action.sa_handler == SIG_DFL, "signal %d", number);
		ck_assert_msg(sigismember(&left, number) != 1, "signal %d", number);
	}
}
END_TEST

START_TEST(file_limit_is_an_error)
{
	struct rlimit limit = { .rlim_cur = 10, .rlim_max = RLIM_INFINITY };
	char path[] = "/tmp/ak-limit-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(unlink(path), 0);
	process_default_signals();
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(write(fd, "0123456789", 10), 10);
	ck_assert_int_eq(write(fd, "x", 1), -1);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_int_eq(err_code_of(errno, ERR_INTERNAL), ERR_FULL);
	limit.rlim_cur = RLIM_INFINITY;
	(void)setrlimit(RLIMIT_FSIZE, &limit);
	(void)close(fd);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		start_time_is_now,
		start_time_of_an_odd_name,
		absent_processes,
		signal_reaches_the_process,
		stale_start_time,
		ended_process_is_gone,
		thread_is_no_process,
		invalid_signal,
		ours_by_number,
		ours_by_relation,
		strangers_are_not_ours,
		dies_with_its_parent,
		dies_when_its_parent_is_dead,
		signals_are_default,
		file_limit_is_an_error,
		NULL
	};

	return unit_main("process", NULL, tests);
}
