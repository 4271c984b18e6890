/*
 * pause_process.c: stops a process with SIGSTOP, and continues exactly that process with
 * SIGCONT. Its state keeps which process it is, and whether it was paused.
 */
#include <actionkit.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "actions/processes.h"
#include "actions/this_host.h"

#define PID_MIN 2
#define PIDS_LISTED_MAX 8
#define PID_LIST_BYTES (PIDS_LISTED_MAX * 16)
/* How long start() waits to see the process stopped; it may be inside a system call. */
#define SETTLE_MS 1000
#define SETTLE_STEP_MS 5
#define NS_PER_MS 1000000

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

/* Whether it is stopped, by a signal or by a debugger. */
static bool
pause_is_stopped(char run_state)
{
	return run_state == 'T' || run_state == 't';
}

/* Who is found, and the process ids of the first of them in words. */
struct pause_found {
	struct pause_state *state;
	size_t count, used;
	char list[PID_LIST_BYTES];
};

static bool
pause_see(void *context, const struct process *process)
{
	struct pause_found *found = context;

	found->state->pid = process->pid;
	found->state->start_time = process->start_time;
	if (found->count < PIDS_LISTED_MAX)
		found->used += (size_t)snprintf(found->list + found->used,
		    sizeof(found->list) - found->used, "%s%" PRId64,
		    found->count == 0 ? "" : ", ", process->pid);
	found->count++;
	return true;
}

/* Finds the only process of that name. */
static int
pause_find(struct ak_call *call, const char *name, struct pause_state *s)
{
	struct pause_found found = { .state = s };

	if (processes_find(name, false, pause_see, &found) == -1)
		return ak_errno(call, "Failed to list processes");
	if (found.count == 0)
		return ak_error(call, "There is no process named \"%s\"", name);
	if (found.count > 1)
		return ak_error(call, "%zu processes are named \"%s\" (%s%s): choose one "
		    "by its process id", found.count, name, found.list,
		    found.count > PIDS_LISTED_MAX ? ", ..." : "");
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
	struct process process = { .state = '?' };

	if (ak_process_is_ours(s->pid))
		return ak_error(call, "Process %" PRId64 " must not be paused: it is the "
		    "first process, or one that this action depends on", s->pid);
	/* Taken before the look, so that no other execution can pause it in between. */
	if (ak_claim(call, "process:%" PRId64 ":%" PRId64, s->pid, s->start_time) == -1)
		return -1;
	if (process_read(s->pid, &process) == -1 && errno != ESRCH)
		return ak_errno(call, "Failed to look at process %" PRId64, s->pid);
	if (ak_process_signal(s->pid, s->start_time, 0) == -1) {
		if (errno == ESRCH)
			return ak_error(call, "Process %" PRId64 " has ended", s->pid);
		return ak_errno(call, "Process %" PRId64 " cannot be paused", s->pid);
	}
	if (process.is_kernel_thread)
		return ak_error(call, "Process %" PRId64 " is a thread of the kernel and "
		    "cannot be paused", s->pid);
	if (pause_is_stopped(process.state))
		return ak_error(call, "Process %" PRId64 " is already stopped: it would "
		    "be wrong to continue it at the end", s->pid);
	return 0;
}

static int
pause_prepare(struct ak_call *call, void *state)
{
	struct pause_state *s = state;

	if (this_host_check(call) == -1 || pause_resolve(call, s) == -1 ||
	    pause_check(call, s) == -1)
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
	struct process process = { .state = 0 };
	int waited_ms;

	for (waited_ms = 0; waited_ms < SETTLE_MS; waited_ms += SETTLE_STEP_MS) {
		if (process_read(pid, &process) == -1)
			return 0;
		if (pause_is_stopped(process.state) || ak_time_left(call) < SETTLE_MS)
			break;
		(void)nanosleep(&step, NULL);
	}
	return process.state;
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
	struct process process = { .state = '?' };

	if (!s->paused)
		return 0;
	if (process_read(s->pid, &process) == -1 && errno != ESRCH)
		return ak_errno(call, "Failed to look at process %" PRId64, s->pid);
	if (ak_process_signal(s->pid, s->start_time, 0) == -1) {
		if (errno != ESRCH)
			return ak_errno(call, "Failed to look at process %" PRId64,
			    s->pid);
		ak_message(call, AK_WARN, "Process %" PRId64 " has ended", s->pid);
		ak_completed(call);
		return 0;
	}
	if (!pause_is_stopped(process.state))
		ak_message(call, AK_WARN, "Process %" PRId64 " is not stopped (its state "
		    "is %c): something else continued it", s->pid, process.state);
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
	struct process process;

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
		if (process_read(s->pid, &process) == 0 && pause_is_stopped(process.state))
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
	.version = "1.1.0",
	.description = "Stops a process with SIGSTOP and continues it at the end.",
	.technology = THIS_HOST_TECHNOLOGY,
	.category = "State",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.parameters = pause_parameters,
	.target_selection = &this_host_targets,
	.state = AK_STATE(struct pause_state, pause_fields),
	.call_interval = "5s",
	.needs = pause_needs,
	.prepare = pause_prepare,
	.start = pause_start,
	.status = pause_status,
	.stop = pause_stop,
};
