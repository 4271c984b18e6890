/*
 * stop_process.c: stops processes, again and again for a while, in a worker. Its state keeps which
 * ones, and how many were stopped so far. Nothing is started again: there is nothing to undo.
 */
#include <actionkit.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions/processes.h"
#include "actions/this_host.h"

#define STOP_PROCESS_BYTES 256
#define STOP_DELAY_MIN_MS 100
/* Processes that got a signal and live on; what is beyond is asked again, and counted again. */
#define STOP_ASKED_MAX 1024
/* A chain of parents that is longer is not real: it changed while it was read. */
#define STOP_ANCESTORS_MAX 256

struct stop_state {
	char process[STOP_PROCESS_BYTES];
	int64_t pid;		/* with start_time: the one process that is meant; 0: a name */
	int64_t start_time;
	int64_t agent_pid;	/* is spared, with its ancestors; 0: not known */
	int64_t delay_ms;
	bool graceful;
	int64_t stopped;	/* so far */
	int64_t refused;	/* signals that the system did not allow */
};

static const struct ak_field stop_fields[] = {
	AK_TEXT(struct stop_state, process),
	AK_INT(struct stop_state, pid),
	AK_INT(struct stop_state, start_time),
	AK_INT(struct stop_state, agent_pid),
	AK_INT(struct stop_state, delay_ms),
	AK_BOOL(struct stop_state, graceful),
	AK_INT(struct stop_state, stopped),
	AK_INT(struct stop_state, refused),
	AK_FIELDS_END
};

static const struct ak_parameter stop_parameters[] = {
	{
		.name = "process",
		.label = "Process",
		.description = "A process id, or a part of the name of the process or of its "
		    "program file.",
		.type = AK_STRING,
		.required = true,
		.max_length = STOP_PROCESS_BYTES - 1,
	},
	{
		.name = "graceful",
		.label = "Graceful",
		.description = "Send SIGTERM first, and SIGKILL in the next round.",
		.type = AK_BOOLEAN,
		.default_value = "true",
	},
	{
		.name = "duration",
		.label = "Duration",
		.description = "How long processes are stopped.",
		.type = AK_DURATION,
		.required = true,
		.default_value = "30s",
		.min = AK_LIMIT(1000),
	},
	{
		.name = "delay",
		.label = "Pause before each round",
		.type = AK_DURATION,
		.default_value = "5s",
		.advanced = true,
	},
	AK_PARAMETERS_END
};

static const struct ak_need stop_needs[] = {
	{ .kind = AK_NEED_CAPABILITY, .name = "CAP_KILL", .what_for = "processes of other users",
	  .optional = true },
	{ .kind = AK_NEED_CAPABILITY, .name = "CAP_SYS_PTRACE",
	  .what_for = "the program files of other users' processes", .optional = true },
	AK_NEEDS_END
};

/* Whether a process is the agent, or one that it descends from. */
static bool
stop_is_agent(const struct stop_state *s, int64_t pid)
{
	struct process process = { .pid = s->agent_pid, .parent = 0 };
	int i;

	for (i = 0; i < STOP_ANCESTORS_MAX && process.pid > 0; i++) {
		if (process.pid == pid)
			return true;
		if (process_read(process.pid, &process) == -1)
			return false;
		process.pid = process.parent;
	}
	return false;
}

static bool
stop_is_spared(const struct stop_state *s, int64_t pid)
{
	return ak_process_is_ours(pid) || stop_is_agent(s, pid);
}

/* Which one process is meant. */
static int
stop_take_pid(struct ak_call *call, struct stop_state *s)
{
	struct process process;

	errno = 0;
	s->pid = strtoll(s->process, NULL, 10);
	if (errno != 0 || process_read(s->pid, &process) == -1)
		return ak_error(call, "There is no process %s", s->process);
	s->start_time = process.start_time;
	if (process.is_kernel_thread)
		return ak_error(call, "Process %" PRId64 " is a thread of the kernel and cannot "
		    "be stopped", s->pid);
	if (stop_is_spared(s, s->pid))
		return ak_error(call, "Process %" PRId64 " must not be stopped: it is the first "
		    "process, the agent, or one that this action depends on", s->pid);
	return 0;
}

struct stop_count {
	const struct stop_state *state;
	size_t found;
};

static bool
stop_count_one(void *context, const struct process *process)
{
	struct stop_count *count = context;

	count->found += !stop_is_spared(count->state, process->pid);
	return true;
}

static int
stop_prepare(struct ak_call *call, void *state)
{
	struct stop_state *s = state;
	struct stop_count count = { .state = s };

	if (this_host_check(call) == -1)
		return -1;
	(void)snprintf(s->process, sizeof(s->process), "%s", ak_config_string(call, "process"));
	if (s->process[0] == '\0')
		return ak_error(call, "No process is named");
	s->graceful = ak_config_boolean(call, "graceful");
	s->delay_ms = ak_config_duration(call, "delay");
	s->agent_pid = ak_agent_pid(call);
	if (strspn(s->process, "0123456789") == strlen(s->process))
		return stop_take_pid(call, s);
	if (processes_find(s->process, true, stop_count_one, &count) == -1)
		return ak_errno(call, "Failed to list processes");
	if (count.found == 0)
		ak_message(call, AK_WARN, "No process is named \"%s\" yet", s->process);
	else
		ak_message(call, AK_INFO, "%zu processes are named \"%s\"", count.found,
		    s->process);
	return 0;
}

/* One round. */
struct stop_round {
	struct ak_call *call;
	struct stop_state *state;
	struct process asked[STOP_ASKED_MAX];	/* to end, before this one */
	size_t asked_count;
	struct process asks[STOP_ASKED_MAX];	/* up to this one */
	size_t asks_count;
};

static bool
stop_was_asked(const struct stop_round *round, const struct process *process)
{
	size_t i;

	for (i = 0; i < round->asked_count; i++)
		if (round->asked[i].pid == process->pid &&
		    round->asked[i].start_time == process->start_time)
			return true;
	return false;
}

static bool
stop_one(void *context, const struct process *process)
{
	struct stop_round *round = context;
	struct stop_state *s = round->state;
	bool asked = stop_was_asked(round, process), asks = s->graceful && !asked;

	if (stop_is_spared(s, process->pid))
		return true;
	if (ak_process_signal(process->pid, process->start_time, asks ? SIGTERM : SIGKILL) == 0) {
		s->stopped += !asked;
		ak_message(round->call, AK_DEBUG, "Sent %s to process %" PRId64,
		    asks ? "SIGTERM" : "SIGKILL", process->pid);
		if (round->asks_count < STOP_ASKED_MAX)
			round->asks[round->asks_count++] = *process;
	} else if (errno != ESRCH) {
		s->refused++;
		ak_message(round->call, AK_WARN, "Process %" PRId64 " cannot be stopped: %s",
		    process->pid, strerror(errno));
	}
	return true;
}

/* Whether there is anything to come. */
static bool
stop_all(struct stop_round *round)
{
	const struct stop_state *s = round->state;
	struct process process;
	bool goes_on = true;

	round->asks_count = 0;
	if (s->pid == 0) {
		if (processes_find(s->process, true, stop_one, round) == -1)
			ak_message(round->call, AK_WARN, "Processes cannot be listed: %s",
			    strerror(errno));
	} else if (process_read(s->pid, &process) == -1 ||
	    process.start_time != s->start_time ||
	    (ak_process_signal(s->pid, s->start_time, 0) == -1 && errno == ESRCH)) {
		/* Its process id may be another one's by now. */
		goes_on = false;
	} else {
		(void)stop_one(round, &process);
	}
	memcpy(round->asked, round->asks, sizeof(round->asks));
	round->asked_count = round->asks_count;
	return goes_on;
}

static int
stop_work(struct ak_call *call, void *state)
{
	static struct stop_round round;
	struct stop_state *s = state;
	int64_t told = -1, delay_ms = s->delay_ms < STOP_DELAY_MIN_MS ? STOP_DELAY_MIN_MS :
	    s->delay_ms;
	bool goes_on = true;

	round.call = call;
	round.state = s;
	while (goes_on && ak_work_wait(call, delay_ms) == 0) {
		goes_on = stop_all(&round);
		if (s->stopped != told)
			ak_metric(call, "processes_stopped", (double)s->stopped, NULL);
		told = s->stopped;
		(void)ak_progress(call);
	}
	if (s->pid != 0 && !goes_on)
		ak_message(call, AK_INFO, "Process %" PRId64 " has ended", s->pid);
	ak_summary(call, s->stopped > 0 ? AK_INFO : AK_WARN, "Stopped %" PRId64 " processes",
	    s->stopped);
	if (s->refused > 0)
		return ak_error(call, "%" PRId64 " times a process could not be stopped",
		    s->refused);
	return 0;
}

const struct ak_action action_stop_process = {
	.id = "org.actionkit.stop-process",
	.label = "Stop process",
	.version = "1.0.0",
	.description = "Stops processes by SIGTERM or SIGKILL, again and again for a while. "
	    "Nothing is started again at the end.",
	.technology = THIS_HOST_TECHNOLOGY,
	.category = "State",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.parameters = stop_parameters,
	.target_selection = &this_host_targets,
	.state = AK_STATE(struct stop_state, stop_fields),
	.call_interval = "5s",
	.needs = stop_needs,
	.prepare = stop_prepare,
	.work = stop_work,
};
