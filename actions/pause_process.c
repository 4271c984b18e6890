/*
 * pause_process.c: stops a process with SIGSTOP, and continues exactly that process with
 * SIGCONT. Its state keeps which process it is, and whether it was paused.
 */
#include <actionkit.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PID_MIN 2
#define PROC_PATH_BYTES 64
#define PROC_TEXT_BYTES 1024
#define PIDS_LISTED_MAX 8
#define PID_LIST_BYTES (PIDS_LISTED_MAX * 16)
/* How long start() waits to see the process stopped; it may be inside a system call. */
#define SETTLE_MS 1000
#define SETTLE_STEP_MS 5
#define NS_PER_MS 1000000

/* PF_KTHREAD of the kernel: the process has no user space that could be stopped. */
#define FLAG_KERNEL_THREAD 0x00200000UL

struct pause_state {
	int64_t pid;
	int64_t start_time;
	bool paused;	/* SIGSTOP may have been sent: set before it is */
};

static const struct ak_field pause_fields[] = {
	AK_INT(struct pause_state, pid),
	AK_INT(struct pause_state, start_time),
	AK_BOOL(struct pause_state, paused),
	AK_FIELDS_END
};

static const struct ak_parameter pause_parameters[] = {
	{
		.name = "duration",
		.label = "Duration",
		.description = "How long the process is paused.",
		.type = AK_DURATION,
		.required = true,
		.default_value = "30s",
	},
	{
		.name = "pid",
		.label = "Process id",
		.description = "The process to pause. Give either this or the name.",
		.type = AK_INTEGER,
		.min = AK_LIMIT(PID_MIN),
	},
	{
		.name = "name",
		.label = "Process name",
		.description = "The exact name of the process (as in /proc/PID/comm) or "
		    "of its program file. It must be the name of exactly one process.",
		.type = AK_STRING,
	},
	AK_PARAMETERS_END
};

/*
 * What /proc/PID/stat says of a process. Returns 0, or -1 and errno: ESRCH if there is no
 * such process.
 */
static int
pause_look(int64_t pid, char *ret_run_state, unsigned long *ret_flags)
{
	char path[PROC_PATH_BYTES], text[PROC_TEXT_BYTES];
	const char *rest;
	FILE *file;
	size_t length;

	(void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/stat", pid);
	file = fopen(path, "re");
	if (file == NULL) {
		if (errno == ENOENT)
			errno = ESRCH;
		return -1;
	}
	length = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[length] = '\0';
	/* The name before it may hold spaces and parentheses. */
	rest = strrchr(text, ')');
	if (rest == NULL || sscanf(rest + 1, " %c %*d %*d %*d %*d %*d %lu", ret_run_state,
	    ret_flags) != 2) {
		errno = ESRCH;
		return -1;
	}
	return 0;
}

/* Whether it is stopped, by a signal or by a debugger. */
static bool
pause_is_stopped(char run_state)
{
	return run_state == 'T' || run_state == 't';
}

/* Whether comm, or the base name of the program file, of the process is name. */
static bool
pause_has_name(int64_t pid, const char *name)
{
	static const char deleted[] = " (deleted)";
	char path[PROC_PATH_BYTES], text[PATH_MAX];
	const char *base;
	ssize_t length;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		length = read(fd, text, sizeof(text) - 1);
		(void)close(fd);
		if (length > 0) {
			text[length - 1] = '\0'; /* the line feed */
			if (strcmp(text, name) == 0)
				return true;
		}
	}
	/* The kernel cuts comm to 15 bytes; the link keeps the whole name. */
	(void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/exe", pid);
	length = readlink(path, text, sizeof(text) - 1);
	if (length == -1)
		return false;
	if ((size_t)length >= sizeof(deleted) && memcmp(text + length -
	    (ssize_t)(sizeof(deleted) - 1), deleted, sizeof(deleted) - 1) == 0)
		length -= (ssize_t)(sizeof(deleted) - 1);
	text[length] = '\0';
	base = strrchr(text, '/');
	return strcmp(base == NULL ? text : base + 1, name) == 0;
}

/* Finds the only process of that name. */
static int
pause_find(struct ak_call *call, const char *name, struct pause_state *s)
{
	char list[PID_LIST_BYTES];
	unsigned long flags;
	size_t count, used;
	struct dirent *entry;
	int64_t pid, start_time;
	char run_state;
	DIR *proc;

	proc = opendir("/proc");
	if (proc == NULL)
		return ak_errno(call, "Failed to list processes");
	count = 0;
	used = 0;
	while ((entry = readdir(proc)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid = strtoll(entry->d_name, NULL, 10);
		/* First the identity: what follows is then known to be of this process. */
		start_time = ak_process_start_time(pid);
		if (start_time == -1 || pause_look(pid, &run_state, &flags) == -1 ||
		    (flags & FLAG_KERNEL_THREAD) != 0 || !pause_has_name(pid, name) ||
		    (ak_process_signal(pid, start_time, 0) == -1 && errno == ESRCH))
			continue;
		s->pid = pid;
		s->start_time = start_time;
		if (count < PIDS_LISTED_MAX)
			used += (size_t)snprintf(list + used, sizeof(list) - used,
			    "%s%" PRId64, count == 0 ? "" : ", ", pid);
		count++;
	}
	(void)closedir(proc);
	if (count == 0)
		return ak_error(call, "There is no process named \"%s\"", name);
	if (count > 1)
		return ak_error(call, "%zu processes are named \"%s\" (%s%s): choose one "
		    "by its process id", count, name, list,
		    count > PIDS_LISTED_MAX ? ", ..." : "");
	return 0;
}

/* Reads which process is meant. */
static int
pause_resolve(struct ak_call *call, struct pause_state *s)
{
	const char *name;
	int64_t start_time;
	bool has_name, has_pid;

	has_pid = ak_config_has(call, "pid");
	name = ak_config_string(call, "name");
	has_name = name != NULL && name[0] != '\0';
	if (has_pid == has_name)
		return ak_error(call, has_pid ?
		    "Both a process id and a process name are given: give only one" :
		    "Neither a process id nor a process name is given");
	if (has_name)
		return pause_find(call, name, s);
	s->pid = ak_config_integer(call, "pid");
	start_time = ak_process_start_time(s->pid);
	if (start_time == -1) {
		if (errno == ESRCH)
			return ak_error(call, "There is no process %" PRId64, s->pid);
		return ak_errno(call, "Failed to look at process %" PRId64, s->pid);
	}
	s->start_time = start_time;
	return 0;
}

/*
 * Everything that forbids to pause the process, and takes it for this execution. In
 * prepare(), to refuse early; and in start(), because time has passed, and because an
 * execution that the database does not know comes with a state that never went through
 * prepare().
 */
static int
pause_check(struct ak_call *call, const struct pause_state *s)
{
	unsigned long flags = 0;
	char run_state = '?';

	if (ak_process_is_ours(s->pid))
		return ak_error(call, "Process %" PRId64 " must not be paused: it is the "
		    "first process, or one that this action depends on", s->pid);
	/* Taken before the look, so that no other execution can pause it in between. */
	if (ak_claim(call, "process:%" PRId64 ":%" PRId64, s->pid, s->start_time) == -1)
		return -1;
	if (pause_look(s->pid, &run_state, &flags) == -1 && errno != ESRCH)
		return ak_errno(call, "Failed to look at process %" PRId64, s->pid);
	if (ak_process_signal(s->pid, s->start_time, 0) == -1) {
		if (errno == ESRCH)
			return ak_error(call, "Process %" PRId64 " has ended", s->pid);
		return ak_errno(call, "Process %" PRId64 " cannot be paused", s->pid);
	}
	if ((flags & FLAG_KERNEL_THREAD) != 0)
		return ak_error(call, "Process %" PRId64 " is a thread of the kernel and "
		    "cannot be paused", s->pid);
	if (pause_is_stopped(run_state))
		return ak_error(call, "Process %" PRId64 " is already stopped: it would "
		    "be wrong to continue it at the end", s->pid);
	return 0;
}

static int
pause_prepare(struct ak_call *call, void *state)
{
	struct pause_state *s = state;

	if (pause_resolve(call, s) == -1 || pause_check(call, s) == -1)
		return -1;
	ak_message(call, AK_INFO, "Process %" PRId64 " will be paused", s->pid);
	return 0;
}

/*
 * Waits until the process is seen stopped. Returns the state it was seen in last, a letter
 * of ps(1), or 0 if it has ended.
 */
static char
pause_settle(struct ak_call *call, int64_t pid)
{
	struct timespec step = { .tv_nsec = SETTLE_STEP_MS * NS_PER_MS };
	unsigned long flags;
	char run_state = 0;
	int waited_ms;

	for (waited_ms = 0; waited_ms < SETTLE_MS; waited_ms += SETTLE_STEP_MS) {
		if (pause_look(pid, &run_state, &flags) == -1)
			return 0;
		if (pause_is_stopped(run_state) || ak_time_left(call) < SETTLE_MS)
			break;
		(void)nanosleep(&step, NULL);
	}
	return run_state;
}

static int
pause_start(struct ak_call *call, void *state)
{
	struct pause_state *s = state;
	char run_state;

	if (pause_check(call, s) == -1)
		return -1;
	s->paused = true;
	if (ak_save(call) == -1) {
		s->paused = false;
		return -1;
	}
	if (ak_process_signal(s->pid, s->start_time, SIGSTOP) == -1) {
		s->paused = false;
		if (errno == ESRCH)
			return ak_error(call, "Process %" PRId64 " has ended", s->pid);
		return ak_errno(call, "Failed to pause process %" PRId64, s->pid);
	}
	run_state = pause_settle(call, s->pid);
	if (pause_is_stopped(run_state))
		ak_message(call, AK_INFO, "Paused process %" PRId64, s->pid);
	else if (run_state == 0)
		ak_message(call, AK_WARN, "Process %" PRId64 " ended as it was paused",
		    s->pid);
	else
		ak_message(call, AK_WARN, "Sent SIGSTOP to process %" PRId64 ", which "
		    "does not stop yet (its state is %c)", s->pid, run_state);
	return 0;
}

static int
pause_status(struct ak_call *call, void *state)
{
	const struct pause_state *s = state;
	unsigned long flags = 0;
	char run_state = '?';

	if (!s->paused)
		return 0;
	if (pause_look(s->pid, &run_state, &flags) == -1 && errno != ESRCH)
		return ak_errno(call, "Failed to look at process %" PRId64, s->pid);
	if (ak_process_signal(s->pid, s->start_time, 0) == -1) {
		if (errno != ESRCH)
			return ak_errno(call, "Failed to look at process %" PRId64,
			    s->pid);
		ak_message(call, AK_WARN, "Process %" PRId64 " has ended", s->pid);
		ak_completed(call);
		return 0;
	}
	if (!pause_is_stopped(run_state))
		ak_message(call, AK_WARN, "Process %" PRId64 " is not stopped (its state "
		    "is %c): something else continued it", s->pid, run_state);
	return 0;
}

/*
 * A process that was never marked is left alone: whoever stopped it, it was not this
 * execution.
 */
static int
pause_stop(struct ak_call *call, void *state)
{
	struct pause_state *s = state;
	unsigned long flags;
	char run_state;

	if (!s->paused) {
		ak_message(call, AK_INFO, "Nothing to continue: no process was paused");
		return 0;
	}
	if (ak_process_signal(s->pid, s->start_time, 0) == -1 && errno == ESRCH) {
		ak_message(call, AK_INFO, "Nothing to continue: process %" PRId64
		    " has ended", s->pid);
		return 0;
	}
	/* A server that was started elsewhere may depend on what another one paused. */
	if (ak_process_is_ours(s->pid)) {
		if (pause_look(s->pid, &run_state, &flags) == 0 &&
		    pause_is_stopped(run_state))
			return ak_error(call, "Process %" PRId64 " is stopped, but must "
			    "not be continued from here: this action depends on it",
			    s->pid);
		ak_message(call, AK_WARN, "Left process %" PRId64 " alone: this action "
		    "never pauses what it depends on", s->pid);
		return 0;
	}
	if (ak_process_signal(s->pid, s->start_time, SIGCONT) == -1 && errno != ESRCH)
		return ak_errno(call, "Failed to continue process %" PRId64, s->pid);
	ak_message(call, AK_INFO, "Continued process %" PRId64, s->pid);
	return 0;
}

static const struct ak_need pause_needs[] = {
	{ .kind = AK_NEED_CAPABILITY, .name = "CAP_KILL", .what_for = "processes of other users",
	  .optional = true },
	AK_NEEDS_END
};

const struct ak_action action_pause_process = {
	.id = "org.actionkit.pause-process",
	.label = "Pause process",
	.version = "1.0.0",
	.description = "Stops a process with SIGSTOP and continues it at the end.",
	.technology = "Host",
	.category = "State",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.parameters = pause_parameters,
	.state = AK_STATE(struct pause_state, pause_fields),
	.call_interval = "5s",
	.needs = pause_needs,
	.prepare = pause_prepare,
	.start = pause_start,
	.status = pause_status,
	.stop = pause_stop,
};
