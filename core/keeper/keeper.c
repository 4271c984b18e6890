/*
 * keeper.c: the process that looks after a worker. Writes how the body ended where that could not
 * do it itself.
 */
#include "config.h"

#include "core/keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "core/keeper/body.h"
#include "core/keeper/descendants.h"
#include "core/keeper/memory_kills.h"
#include "core/reaper/takeover.h"
#include "core/store/lock.h"
#include "core/worker/death.h"
#include "core/worker/spawn.h"

#define KEEPER_READY_FD 3
#define KEEPER_GATE_FD 4
/* How often it looks whether there is still somebody who would stop the execution. */
#define KEEPER_WATCH_MS 5000
#define KEEPER_AGAIN_MS 1000
#define KEEPER_PATIENCE_MS 2000
/* How much of what the body wrote to its standard error is told when it dies. */
#define KEEPER_TAIL_BYTES 2048

enum reason {
	REASON_NONE,		/* the body ended by itself */
	REASON_STOP,		/* the execution is being stopped */
	REASON_NO_SERVER	/* nobody is there who would */
};

static const char no_server[] = "no server was there any more";

struct keeper {
	const struct options *options;
	const char *execution;
	struct worker_id id;
	struct lock lock;
	char cgroup[CGROUP_PATH_BYTES];	/* of the body, or "" */
	int signals;
	int errors;			/* of the body; -1 at its end */
	pid_t body;
	bool body_ended;
	int wait_status;
	enum reason reason;
	int64_t kill_at_ms;		/* boot time: the body had its grace; INT64_MAX */
	int64_t watch_at_ms;
	int64_t alone_since_ms;		/* nobody has the reaper's lock; 0 */
	int64_t memory_kills;		/* of its cgroup, when the body began */
	char tail[KEEPER_TAIL_BYTES + 1];
	size_t tail_length;
};

/* Whoever spawned it waits for this line. */
static void
say(const char *text)
{
	size_t length = strlen(text);

	if (write(KEEPER_READY_FD, text, length) != (ssize_t)length)
		log_warn("worker: nobody waits for it");
	close(KEEPER_READY_FD);
}

static int
refuse(const struct err *err)
{
	say(err->msg);
	return EXIT_FAILURE;
}

static int
take_byte(struct keeper *keeper, struct err *err)
{
	int held;

	if (lock_open(&keeper->lock, keeper->options->state_dir, LOCK_WORKERS_FILE, err) == -1)
		return -1;
	held = lock_take(&keeper->lock, keeper->execution, 0, err);
	if (held == 1)
		return err_set(err, ERR_BUSY, "another worker of the execution is alive");
	if (held == 0)
		lock_pass_on(&keeper->lock);
	return held;
}

static int
take_signals(struct keeper *keeper, struct err *err)
{
	sigset_t taken;

	process_outlive_file_limit();
	sigemptyset(&taken);
	sigaddset(&taken, SIGTERM);
	sigaddset(&taken, SIGCHLD);
	sigprocmask(SIG_BLOCK, &taken, NULL);
	keeper->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	return keeper->signals == -1 ? err_sys(err, ERR_INTERNAL, "signalfd") : 0;
}

/* The gate: it ends when the spawner has committed, or is dead. */
static void
await_gate(void)
{
	char byte;

	while (read(KEEPER_GATE_FD, &byte, 1) == -1 && errno == EINTR)
		continue;
	close(KEEPER_GATE_FD);
}

static bool
is_me(const struct worker *worker, const struct worker_id *id)
{
	return worker->there && !worker->ended && worker->id.pid == id->pid &&
	    worker->id.start_time == id->start_time &&
	    strcmp(worker->id.boot_id, id->boot_id) == 0;
}

/* Whether its row was committed: 1, 0 or -1. */
static int
has_row(struct keeper *keeper, struct err *err)
{
	struct worker worker = { .there = false };
	struct store store;
	int result;

	if (store_open(&store, keeper->options->state_dir, err) == -1)
		return -1;
	result = worker_load(&store, keeper->execution, &worker, err);
	if (result == 0)
		result = is_me(&worker, &keeper->id);
	worker_done(&worker);
	store_close(&store);
	/* It lives for long, and needs little: the database's memory is given back. */
	(void)malloc_trim(0);
	return result;
}

static int
fork_body(struct keeper *keeper, struct err *err)
{
	pid_t parent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_sys(err, ERR_INTERNAL, "pipe");
	keeper->memory_kills = memory_kills();
	keeper->body = fork();
	if (keeper->body == 0) {
		process_die_with_parent(parent);
		if (!cgroup_enter(keeper->cgroup))
			log_warn("%s: %s", keeper->cgroup, strerror(errno));
		close(ends[0]);
		close(keeper->signals);
		process_exit(body_main(keeper->options, keeper->execution, &keeper->id,
		    &keeper->lock, ends[1]));
	}
	close(ends[1]);
	keeper->errors = ends[0];
	fcntl(keeper->errors, F_SETFL, O_NONBLOCK);
	return keeper->body == -1 ? err_sys(err, ERR_INTERNAL, "fork") : 0;
}

static void
end_body(struct keeper *keeper, enum reason reason)
{
	if (keeper->reason != REASON_NONE)
		return;
	keeper->reason = reason;
	keeper->kill_at_ms = clock_boot_ms() + spawn_grace_ms(keeper->options);
	kill(keeper->body, SIGTERM);
}

static void
keep_tail(struct keeper *keeper, const char *text, size_t length)
{
	size_t kept = keeper->tail_length;

	if (length > KEEPER_TAIL_BYTES) {
		text += length - KEEPER_TAIL_BYTES;
		length = KEEPER_TAIL_BYTES;
	}
	if (kept + length > KEEPER_TAIL_BYTES) {
		kept = KEEPER_TAIL_BYTES - length;
		memmove(keeper->tail, keeper->tail + keeper->tail_length - kept, kept);
	}
	memcpy(keeper->tail + kept, text, length);
	keeper->tail_length = kept + length;
}

/* What the body, and programs that it runs, write to standard error goes to the log as it is. */
static void
pass_errors(struct keeper *keeper)
{
	char text[KEEPER_TAIL_BYTES];
	ssize_t length;

	while (keeper->errors != -1 &&
	    (length = read(keeper->errors, text, sizeof(text))) != -1) {
		if (length == 0) {
			close(keeper->errors);
			keeper->errors = -1;
			return;
		}
		keep_tail(keeper, text, (size_t)length);
		if (write(STDERR_FILENO, text, (size_t)length) == -1)
			return;
	}
}

static void
reap(struct keeper *keeper)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != keeper->body)
			continue;
		keeper->body_ended = true;
		keeper->wait_status = status;
	}
}

static void
read_signals(struct keeper *keeper)
{
	struct signalfd_siginfo info;

	while (read(keeper->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo == SIGTERM)
			end_body(keeper, REASON_STOP);
	reap(keeper);
}

/* Whether nobody has been there for the grace period who would stop the execution. */
static bool
is_alone(struct keeper *keeper)
{
	int64_t now_ms = clock_boot_ms();
	struct err err;

	if (now_ms < keeper->watch_at_ms)
		return false;
	keeper->watch_at_ms = now_ms + KEEPER_WATCH_MS;
	if (takeover_held(keeper->options->state_dir, &err) != 0)
		keeper->alone_since_ms = 0;
	else if (keeper->alone_since_ms == 0)
		keeper->alone_since_ms = now_ms;
	return keeper->alone_since_ms != 0 &&
	    now_ms - keeper->alone_since_ms >= keeper->options->grace_ms;
}

/* How the body ended, where it has not written that itself. */
static struct ak_work_end
end_of(const struct keeper *keeper)
{
	struct ak_work_end end = { .how = AK_WORK_DIED };

	if (keeper->reason == REASON_STOP) {
		end.how = AK_WORK_COMPLETED;
		return end;
	}
	if (keeper->reason == REASON_NO_SERVER)
		return end;
	if (WIFSIGNALED(keeper->wait_status))
		end.signal = WTERMSIG(keeper->wait_status);
	else if (WIFEXITED(keeper->wait_status))
		end.exit_status = WEXITSTATUS(keeper->wait_status);
	end.oom = end.signal == SIGKILL && memory_kills() > keeper->memory_kills;
	return end;
}

static int
try_write(struct keeper *keeper, const struct worker *worker, struct err *err)
{
	struct store store;
	int result;

	if (store_open(&store, keeper->options->state_dir, err) == -1)
		return -1;
	result = death_note(&store, keeper->execution, worker,
	    clock_boot_ms() + KEEPER_PATIENCE_MS, err);
	store_close(&store);
	return result;
}

static int
sleep_ms(const struct keeper *keeper)
{
	int64_t until_ms = keeper->watch_at_ms < keeper->kill_at_ms ? keeper->watch_at_ms :
	    keeper->kill_at_ms;
	int64_t left_ms = until_ms - clock_boot_ms();

	return left_ms < 0 ? 0 : (int)left_ms;
}

/* Written first: what the body says of its end afterwards is that it was told to. */
static void
end_alone(struct keeper *keeper)
{
	const struct ak_work_end died = { .how = AK_WORK_DIED };
	struct worker worker = { .there = true, .id = keeper->id };
	struct err err;

	log_warn("worker of execution %s: no server has been there for %" PRId64 " ms: ended",
	    keeper->execution, keeper->options->grace_ms);
	death_set(&worker, &died, no_server);
	if (try_write(keeper, &worker, &err) == -1)
		log_warn("worker of execution %s: %s", keeper->execution, err.msg);
	worker_done(&worker);
	end_body(keeper, REASON_NO_SERVER);
}

static void
look_after(struct keeper *keeper)
{
	struct pollfd polled[2];

	while (!keeper->body_ended && clock_boot_ms() < keeper->kill_at_ms) {
		polled[0] = (struct pollfd){ .fd = keeper->signals, .events = POLLIN };
		polled[1] = (struct pollfd){ .fd = keeper->errors, .events = POLLIN };
		poll(polled, 2, sleep_ms(keeper));
		pass_errors(keeper);
		read_signals(keeper);
		if (!keeper->body_ended && is_alone(keeper)) {
			end_alone(keeper);
		}
	}
}

/* It holds the byte all the while; a stop that cannot wait kills it. */
static void
write_end(struct keeper *keeper)
{
	struct ak_work_end end = end_of(keeper);
	struct worker worker = { .there = true, .id = keeper->id };
	bool told = false;
	struct err err;

	keeper->tail[keeper->tail_length] = '\0';
	death_set(&worker, &end, keeper->reason == REASON_NO_SERVER ? no_server :
	    keeper->tail_length > 0 ? keeper->tail : NULL);
	while (try_write(keeper, &worker, &err) == -1) {
		if (!told)
			log_error("how the worker of execution %s ended cannot be written: %s",
			    keeper->execution, err.msg);
		told = true;
		if (is_alone(keeper))
			break;
		clock_sleep_ms(KEEPER_AGAIN_MS);
	}
	worker_done(&worker);
}

int
keeper_main(const struct options *options, const char *execution)
{
	struct keeper keeper = {
		.options = options, .execution = execution, .lock = { .fd = -1 },
		.signals = -1, .errors = -1, .kill_at_ms = INT64_MAX
	};
	char pid[32];
	struct err err;
	int begins;

	process_name(SPAWN_KEEPER_NAME);
	fcntl(KEEPER_READY_FD, F_SETFD, FD_CLOEXEC);
	fcntl(KEEPER_GATE_FD, F_SETFD, FD_CLOEXEC);
	if (take_byte(&keeper, &err) == -1)
		return refuse(&err);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1 || take_signals(&keeper, &err) == -1 ||
	    worker_identify(getpid(), &keeper.id, &err) == -1) {
		err_sys(&err, ERR_INTERNAL, "worker");
		return refuse(&err);
	}
	spawn_cgroup(execution, keeper.cgroup);
	if (!cgroup_make(keeper.cgroup))
		log_warn("%s: %s", keeper.cgroup, strerror(errno));
	snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	say(pid);
	await_gate();
	begins = has_row(&keeper, &err);
	if (begins == -1)
		log_error("worker of execution %s: %s", execution, err.msg);
	if (begins != 1) {
		cgroup_remove(keeper.cgroup);
		return begins == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (fork_body(&keeper, &err) == -1) {
		log_error("worker of execution %s: %s", execution, err.msg);
		keeper.body_ended = true;
		keeper.wait_status = W_EXITCODE(EXIT_FAILURE, 0);
	}
	look_after(&keeper);
	cgroup_kill(keeper.cgroup);
	descendants_kill(keeper.body, &keeper.wait_status);
	cgroup_remove(keeper.cgroup);
	pass_errors(&keeper);
	if (keeper.reason != REASON_NONE || !WIFEXITED(keeper.wait_status) ||
	    WEXITSTATUS(keeper.wait_status) != EXIT_SUCCESS)
		write_end(&keeper);
	return EXIT_SUCCESS;
}
