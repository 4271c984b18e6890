/*
 * spawn.c: begins the worker of an execution. Persists nothing: start.c writes its row.
 */
#include "config.h"

#include "core/worker/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/process.h"

#define SPAWN_READY_MS 2000
/* Most that a worker gets to end by itself, and which part of the time that a stop has. */
#define SPAWN_GRACE_MS 5000
#define SPAWN_GRACE_PART 3
/* Where the keeper finds its two pipes. */
#define SPAWN_READY_FD 3
#define SPAWN_GATE_FD 4
#define SPAWN_NUMBER_BYTES 32
#define SPAWN_CGROUP_BYTES 64

int64_t
spawn_grace_ms(const struct options *options)
{
	int64_t part_ms = options->stop_timeout_ms / SPAWN_GRACE_PART;

	return part_ms < SPAWN_GRACE_MS ? part_ms : SPAWN_GRACE_MS;
}

void
spawn_cgroup(const char *execution, char ret_path[CGROUP_PATH_BYTES])
{
	char name[SPAWN_CGROUP_BYTES];

	snprintf(name, sizeof(name), "ak-%s", execution);
	cgroup_below(name, ret_path);
}

/* Both descriptors are above 4, or moved there, before they get their places. */
static int
place_pipes(int ready, int gate)
{
	ready = fcntl(ready, F_DUPFD, SPAWN_GATE_FD + 1);
	gate = fcntl(gate, F_DUPFD, SPAWN_GATE_FD + 1);
	if (ready == -1 || gate == -1 || dup2(ready, SPAWN_READY_FD) == -1 ||
	    dup2(gate, SPAWN_GATE_FD) == -1)
		return -1;
	return close_range(SPAWN_GATE_FD + 1, UINT_MAX, 0);
}

/* Executed anew: it is this build, also where the file was replaced, and nothing else. */
static _Noreturn void
become_keeper(const struct options *options, const char *execution, int ready, int gate)
{
	char grace[SPAWN_NUMBER_BYTES], stop_timeout[SPAWN_NUMBER_BYTES];
	char *const argv[] = {
		program_invocation_name, (char *)SPAWN_SUBCOMMAND,
		(char *)"--state-dir", (char *)options->state_dir,
		(char *)"--grace", grace, (char *)"--stop-timeout", stop_timeout,
		(char *)"--log-level", (char *)log_level_name(options->log_level),
		(char *)"--log-format", (char *)log_format_name(options->log_format),
		(char *)execution, NULL
	};

	snprintf(grace, sizeof(grace), "%" PRId64 "ms", options->grace_ms);
	snprintf(stop_timeout, sizeof(stop_timeout), "%" PRId64 "ms",
	    options->stop_timeout_ms);
	if (setsid() != -1 && place_pipes(ready, gate) == 0)
		execv("/proc/self/exe", argv);
	_exit(EXIT_FAILURE);
}

/* The child in between is nobody's worker: it leaves the keeper to init, or a subreaper. */
static pid_t
fork_keeper(const struct options *options, const char *execution, int ready, int gate)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	process_default_signals();
	pid = fork();
	if (pid == 0)
		become_keeper(options, execution, ready, gate);
	_exit(pid == -1 ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* The keeper says its pid, or why it cannot begin. */
static int
await_ready(struct spawn *spawn, int ready, struct err *err)
{
	struct pollfd polled = { .fd = ready, .events = POLLIN };
	int64_t until_ms = clock_boot_ms() + SPAWN_READY_MS, left_ms = SPAWN_READY_MS;
	char text[ERR_MESSAGE_BYTES], *end;
	ssize_t length;
	long long pid;

	while (left_ms > 0 && poll(&polled, 1, (int)left_ms) <= 0)
		left_ms = until_ms - clock_boot_ms();
	if (left_ms <= 0)
		return err_set(err, ERR_BUSY, "the worker was not ready within %d ms",
		    SPAWN_READY_MS);
	length = read(ready, text, sizeof(text) - 1);
	if (length <= 0)
		return err_set(err, ERR_INTERNAL, "the worker died before it was ready");
	text[length] = '\0';
	pid = strtoll(text, &end, 10);
	if (end == text || pid <= 0)
		return err_set(err, ERR_INTERNAL, "the worker cannot begin: %s", text);
	return worker_identify(pid, &spawn->id, err);
}

static void
close_pair(const int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

int
spawn_worker(struct spawn *spawn, const struct options *options, const char *execution,
    struct err *err)
{
	int ready[2], gate[2], result;
	pid_t pid;

	spawn->gate = -1;
	spawn_cgroup(execution, spawn->cgroup);
	if (pipe2(ready, O_CLOEXEC) == -1)
		return err_sys(err, err_code_of(errno, ERR_INTERNAL), "pipe");
	if (pipe2(gate, O_CLOEXEC) == -1) {
		close_pair(ready);
		return err_sys(err, err_code_of(errno, ERR_INTERNAL), "pipe");
	}
	pid = fork_keeper(options, execution, ready[1], gate[0]);
	close(ready[1]);
	close(gate[0]);
	spawn->gate = gate[1];
	if (pid == -1)
		result = err_sys(err, err_code_of(errno, ERR_INTERNAL), "fork");
	else
		result = await_ready(spawn, ready[0], err);
	if (pid != -1)
		process_wait(pid, NULL);
	close(ready[0]);
	/* It finds no row, and leaves. */
	if (result == -1)
		spawn_open_gate(spawn);
	return result;
}

void
spawn_open_gate(struct spawn *spawn)
{
	if (spawn->gate != -1)
		close(spawn->gate);
	spawn->gate = -1;
}
