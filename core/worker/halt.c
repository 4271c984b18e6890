/*
 * halt.c: ends the worker of an execution. Persists nothing: the worker writes its end.
 */
#include "config.h"

#include "core/worker/halt.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/worker/spawn.h"

/* What a keeper needs beyond the grace, to kill and to write down, */
#define HALT_KEEPER_MS 2000
/* and what it gets of the time that there is. */
#define HALT_KEEPER_PART(left) ((left) * 2 / 3)
/* Between two looks at who is left. */
#define HALT_PAUSE_MS 5
#define HALT_SESSIONS_MAX 16

struct halt {
	const struct lock *workers;
	const char *execution;
	const char *cgroup;		/* or "" */
	int64_t sessions[HALT_SESSIONS_MAX];
	int count;
	char holder[HOLDER_TEXT_BYTES];
};

/* 1 while somebody has the byte, or is in the cgroup; 0; -1 with err. */
static int
is_left(const struct halt *halt, struct err *err)
{
	int held = lock_held(halt->workers, halt->execution, err);

	return held == 0 && cgroup_has_any(halt->cgroup) ? 1 : held;
}

/* Waits for the end of a process: it is nobody's child here. */
static void
await_end(int64_t pid, int64_t until_ms)
{
	int fd = process_open((pid_t)pid);
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	int64_t left_ms = until_ms - clock_boot_ms();

	if (fd == -1)
		return;
	while (left_ms > 0 && poll(&polled, 1, (int)left_ms) <= 0)
		left_ms = until_ms - clock_boot_ms();
	close(fd);
}

static void
ask(const struct worker *worker, const struct options *options, int64_t deadline_ms)
{
	int64_t most_ms = spawn_grace_ms(options) + HALT_KEEPER_MS;
	int64_t part_ms = HALT_KEEPER_PART(deadline_ms - clock_boot_ms());

	if (!worker->there || !worker->this_boot || worker->ended)
		return;
	if (ak_process_signal(worker->id.pid, worker->id.start_time, SIGTERM) == 0)
		await_end(worker->id.pid, clock_boot_ms() +
		    (most_ms < part_ms ? most_ms : part_ms));
}

static bool
is_noted(const struct halt *halt, int64_t session)
{
	for (int i = 0; i < halt->count; i++)
		if (halt->sessions[i] == session)
			return true;
	return false;
}

/*
 * A session whose leader lives and is not of this program is somebody's who has opened the lock
 * by hand.
 */
static void
note_session(void *context, pid_t pid)
{
	struct halt *halt = context;
	int64_t session = process_session(pid);

	if (session <= 1 || session == getsid(0) || halt->count == HALT_SESSIONS_MAX)
		return;
	if (process_session(session) != -1 && !process_is_same_program(session) &&
	    !process_has_name(session, SPAWN_KEEPER_NAME))
		return;
	if (!is_noted(halt, session))
		halt->sessions[halt->count++] = session;
}

/* One that holds the byte; a keeper is left for last. */
static void
kill_holder(void *context, pid_t pid)
{
	(void)context;
	if (pid > 1 && pid != getpid() && !process_has_name(pid, SPAWN_KEEPER_NAME))
		(void)kill(pid, SIGKILL);
}

/* Members of the sessions that lead them, or do not; how many were killed. */
static int
kill_members(const struct halt *halt, bool leaders)
{
	const struct dirent *entry;
	DIR *proc = opendir("/proc");
	int64_t pid, session;
	int killed = 0;

	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		pid = strtoll(entry->d_name, NULL, 10);
		session = pid > 1 && pid != getpid() ? process_session(pid) : -1;
		if (session != -1 && is_noted(halt, session) && (session == pid) == leaders)
			killed += kill((pid_t)pid, SIGKILL) == 0;
	}
	if (proc != NULL)
		closedir(proc);
	return killed;
}

/*
 * The byte is held now. The keeper goes last: it does the rest if we die. Without the byte a
 * session's number may be somebody else's, and nothing is killed.
 */
static void
kill_all(struct halt *halt)
{
	cgroup_kill(halt->cgroup);
	halt->count = 0;
	lock_holders(halt->workers, halt->execution, note_session, halt);
	lock_holders(halt->workers, halt->execution, kill_holder, halt);
	if (kill_members(halt, false) == 0)
		(void)kill_members(halt, true);
}

int
halt_worker(const struct lock *workers, const char *execution, const struct worker *worker,
    const struct options *options, int64_t deadline_ms, struct err *err)
{
	char cgroup[CGROUP_PATH_BYTES] = "";
	struct halt halt = {
		.workers = workers, .execution = execution,
		.cgroup = worker->cgroup == NULL ? cgroup : worker->cgroup
	};
	int left;

	/* Where its row is not known, it would be here. */
	if (!worker->there)
		spawn_cgroup(execution, cgroup);
	left = is_left(&halt, err);
	if (left == 0)
		cgroup_remove(halt.cgroup);
	if (left != 1)
		return left;
	ask(worker, options, deadline_ms);
	while ((left = is_left(&halt, err)) == 1) {
		if (clock_boot_ms() >= deadline_ms) {
			lock_holder(workers, execution, NULL, NULL, halt.holder);
			return err_set(err, ERR_HANDLER, "the worker does not end: %s%s%s",
			    halt.holder, *halt.cgroup == '\0' ? "" : ", see ", halt.cgroup);
		}
		kill_all(&halt);
		clock_sleep_ms(HALT_PAUSE_MS);
	}
	if (left == 0)
		cgroup_remove(halt.cgroup);
	return left == -1 ? -1 : 1;
}
