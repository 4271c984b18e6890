/*
 * fill_memory.c: takes memory until so much of it is used, or so much of it, in a worker. Its state
 * keeps how much that is. The memory belongs to a child of the worker, the first to be killed where
 * memory gets short; with that child it is free again.
 */
#define _GNU_SOURCE		/* MAP_ANONYMOUS, madvise() */
#include <actionkit.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actions/clocks.h"
#include "actions/machine.h"
#include "actions/oom.h"
#include "actions/this_host.h"

#define FILL_MODE_BYTES 16
#define FILL_PERCENT 100
#define FILL_STEP_MS 250
#define FILL_STEP_BYTES (256 * MACHINE_MIB)	/* taken in one step: at most 1 GiB a second */
#define FILL_SLACK_BYTES (4 * MACHINE_MIB)	/* less than that is not given back */
#define FILL_PRESSURE_MAX 10			/* percent: above that nothing more is taken */
#define FILL_TOUCH_MS 2000
#define FILL_TELL_MS 1000
#define FILL_OOM_SCORE "1000"			/* the first to be killed */
#define FILL_LOST_STATUS 1
#define FILL_RANDOM UINT64_C(88172645463325252)	/* where it begins */

#define FILL_USAGE "usage"
#define FILL_ABSOLUTE "absolute"
#define FILL_UNIT_PERCENT "%"
#define FILL_UNIT_MIB "MiB"

struct fill_state {
	bool is_usage;			/* so much is used, by whomever; else by us */
	int64_t goal;			/* bytes */
	int64_t reserve;		/* bytes that stay available */
	bool fails_on_oom;
};

static const struct ak_field fill_fields[] = {
	AK_BOOL(struct fill_state, is_usage),
	AK_INT(struct fill_state, goal),
	AK_INT(struct fill_state, reserve),
	AK_BOOL(struct fill_state, fails_on_oom),
	AK_FIELDS_END
};

static const struct ak_option fill_modes[] = {
	{ "Fill until so much is used, and keep it there", FILL_USAGE },
	{ "Take so much", FILL_ABSOLUTE },
	AK_OPTIONS_END
};

static const struct ak_option fill_units[] = {
	{ "% of all memory", FILL_UNIT_PERCENT },
	{ "MiB", FILL_UNIT_MIB },
	AK_OPTIONS_END
};

static const struct ak_parameter fill_parameters[] = {
	{
		.name = "duration",
		.label = "Duration",
		.description = "How long the memory stays filled.",
		.type = AK_DURATION,
		.required = true,
		.default_value = "30s",
		.min = AK_LIMIT(1000),
	},
	{
		.name = "mode",
		.label = "Mode",
		.type = AK_STRING,
		.required = true,
		.default_value = FILL_USAGE,
		.options = fill_modes,
	},
	{
		.name = "size",
		.label = "Size",
		.type = AK_INTEGER,
		.required = true,
		.default_value = "80",
		.min = AK_LIMIT(1),
		.max = AK_LIMIT(INT64_MAX / MACHINE_MIB),
	},
	{
		.name = "unit",
		.label = "Unit",
		.type = AK_STRING,
		.required = true,
		.default_value = FILL_UNIT_PERCENT,
		.options = fill_units,
	},
	OOM_PARAMETER,
	AK_PARAMETERS_END
};

static const struct ak_need fill_needs[] = {
	{ .kind = AK_NEED_CAPABILITY, .name = "CAP_IPC_LOCK",
	  .what_for = "memory that is not swapped out", .optional = true },
	{ .kind = AK_NEED_PATH, .name = "/proc/pressure/memory",
	  .what_for = "taking no more while all wait for memory", .optional = true },
	AK_NEEDS_END
};

#define FILL_METRIC "memory_used"

static const struct ak_widget fill_widgets[] = {
	{
		.type = AK_WIDGET_LINE_CHART,
		.title = "Memory used",
		.line_chart = {
			.metric = FILL_METRIC,
			.from = "host",
			.mode = AK_CHART_SELECT,
			.value_title = "Used",
			.value_unit = "MiB",
		},
	},
	AK_WIDGETS_END
};

/* What is more than can be had at all is refused. */
static int
fill_check(struct ak_call *call, const struct fill_state *s, int64_t total)
{
	int64_t limit = machine_memory_limit();

	if (s->is_usage)
		return 0;
	if (s->goal > total - s->reserve)
		return ak_error(call, "%" PRId64 " MiB are more than can be taken: the machine has "
		    "%" PRId64 ", and %" PRId64 " stay free (--memory-reserve)",
		    s->goal / MACHINE_MIB, total / MACHINE_MIB, s->reserve / MACHINE_MIB);
	if (s->goal > limit)
		return ak_error(call, "%" PRId64 " MiB are more than the control group of this "
		    "server may have: its memory.max (MemoryMax of a unit) is %" PRId64 " MiB",
		    s->goal / MACHINE_MIB, limit / MACHINE_MIB);
	return 0;
}

static int
fill_prepare(struct ak_call *call, void *state)
{
	struct fill_state *s = state;
	int64_t size = ak_config_integer(call, "size"), total, available;

	if (this_host_check(call) == -1)
		return -1;
	if (machine_memory(&total, &available) == -1)
		return ak_errno(call, "Failed to read how much memory there is");
	s->is_usage = strcmp(ak_config_string(call, "mode"), FILL_USAGE) == 0;
	s->fails_on_oom = ak_config_boolean(call, "failOnOomKill");
	s->reserve = ak_reserved_memory(call);
	if (strcmp(ak_config_string(call, "unit"), FILL_UNIT_PERCENT) == 0) {
		if (size > FILL_PERCENT)
			return ak_error(call, "size: %" PRId64 " percent are more than there is",
			    size);
		s->goal = total / FILL_PERCENT * size;
	} else {
		s->goal = size * MACHINE_MIB;
	}
	if (fill_check(call, s, total) == -1)
		return -1;
	/* Two that keep the usage somewhere would work against each other. */
	return ak_claim(call, "memory");
}

/* What the child has, in memory that it shares with the worker. */
struct fill_report {
	volatile int64_t held;
	volatile bool is_limited;	/* by the reserve, or by pressure */
};

/* The child's memory: addresses for all there is, and what of it is filled. */
struct fill {
	const struct fill_state *state;
	struct fill_report *report;
	unsigned char *memory;
	int64_t room;
	int64_t held;			/* whole pages */
	int64_t page;
	uint64_t random;
	bool is_locked;
	int64_t touched_ms;
};

static int64_t
fill_now_ms(void)
{
	return clocks_ns(CLOCK_MONOTONIC) / NS_PER_MS;
}

/* Data that no compression makes smaller, a page of it (Marsaglia's xorshift). */
static void
fill_page(struct fill *fill, unsigned char *page)
{
	int64_t i;

	for (i = 0; i < fill->page; i += (int64_t)sizeof(fill->random)) {
		fill->random ^= fill->random << 13;
		fill->random ^= fill->random >> 7;
		fill->random ^= fill->random << 17;
		memcpy(page + i, &fill->random, sizeof(fill->random));
	}
}

static void
fill_grow(struct fill *fill, int64_t bytes)
{
	int64_t end = fill->held + bytes, begin = fill->held;

	while (fill->held < end) {
		fill_page(fill, fill->memory + fill->held);
		fill->held += fill->page;
		fill->report->held = fill->held;
	}
	if (bytes > 0 && fill->is_locked)
		fill->is_locked = mlock(fill->memory + begin, (size_t)bytes) == 0;
}

static void
fill_shrink(struct fill *fill, int64_t bytes)
{
	fill->held -= bytes;
	fill->report->held = fill->held;
	(void)munlock(fill->memory + fill->held, (size_t)bytes);
	(void)madvise(fill->memory + fill->held, (size_t)bytes, MADV_DONTNEED);
}

/* What cannot be locked is used again and again, so that it is not swapped out. */
static void
fill_touch(struct fill *fill)
{
	int64_t now_ms = fill_now_ms(), at;

	if (fill->is_locked || now_ms - fill->touched_ms < FILL_TOUCH_MS)
		return;
	for (at = 0; at < fill->held; at += fill->page)
		(*(volatile unsigned char *)(fill->memory + at))++;
	fill->touched_ms = now_ms;
}

static int64_t
fill_least(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

/* One step towards the goal. */
static void
fill_step(struct fill *fill)
{
	const struct fill_state *s = fill->state;
	int64_t total, available, wanted, more;

	if (machine_memory(&total, &available) == -1)
		return;
	wanted = s->is_usage ? fill->held + s->goal - (total - available) : s->goal;
	more = fill_least(wanted - fill->held, available - s->reserve);
	fill->report->is_limited = more < wanted - fill->held - FILL_SLACK_BYTES;
	if (more > 0 && machine_memory_pressure() > FILL_PRESSURE_MAX) {
		fill->report->is_limited = true;
		more = 0;
	}
	more = fill_least(fill_least(more, FILL_STEP_BYTES), fill->room - fill->held);
	if (more >= fill->page)
		fill_grow(fill, more / fill->page * fill->page);
	else if (more < -FILL_SLACK_BYTES)
		fill_shrink(fill, fill_least(-more / fill->page * fill->page, fill->held));
}

static void
fill_be_killed_first(void)
{
	int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (file == -1)
		return;
	(void)!write(file, FILL_OOM_SCORE, strlen(FILL_OOM_SCORE));
	(void)close(file);
}

/* The child: until it is killed, or the worker is gone. */
static _Noreturn void
fill_child(const struct fill_state *s, struct fill_report *report, pid_t worker)
{
	struct fill fill = {
		.state = s, .report = report, .page = sysconf(_SC_PAGESIZE),
		.random = FILL_RANDOM, .is_locked = true
	};
	int64_t available;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	fill_be_killed_first();
	if (getppid() != worker || machine_memory(&fill.room, &available) == -1)
		_exit(FILL_LOST_STATUS);
	/* Addresses only: what is not written to costs nothing. */
	fill.memory = mmap(NULL, (size_t)fill.room, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (fill.memory == MAP_FAILED)
		_exit(FILL_LOST_STATUS);
	(void)madvise(fill.memory, (size_t)fill.room, MADV_NOHUGEPAGE);
	for (;;) {
		fill_step(&fill);
		fill_touch(&fill);
		(void)poll(NULL, 0, FILL_STEP_MS);
	}
}

static void
fill_tell(struct ak_call *call)
{
	const struct ak_label labels[] = { { "host", ak_host_name() }, AK_LABELS_END };
	int64_t total, available;

	if (machine_memory(&total, &available) == 0)
		ak_metric(call, FILL_METRIC, (double)(total - available) / (double)MACHINE_MIB,
		    labels);
}

static void
fill_summarize(struct ak_call *call, const struct fill_state *s, const struct fill_report *report)
{
	int64_t total = 0, available = 0;

	if (report->is_limited && s->is_usage && machine_memory(&total, &available) == 0)
		ak_summary(call, AK_WARN, "%" PRId64 " of %" PRId64 " MiB were used: the reserve "
		    "is kept", (total - available) / MACHINE_MIB, s->goal / MACHINE_MIB);
	else if (report->is_limited)
		ak_summary(call, AK_WARN, "Held %" PRId64 " of %" PRId64 " MiB: the reserve is "
		    "kept", report->held / MACHINE_MIB, s->goal / MACHINE_MIB);
	else
		ak_summary(call, AK_INFO, "Held %" PRId64 " MiB", report->held / MACHINE_MIB);
}

/* Until the work must end (0), or the child has (1, and its status). */
static int
fill_watch(struct ak_call *call, pid_t child, int *ret_status)
{
	int64_t told_ms = 0;

	do {
		if (fill_now_ms() - told_ms >= FILL_TELL_MS) {
			told_ms = fill_now_ms();
			fill_tell(call);
		}
		if (waitpid(child, ret_status, WNOHANG) == child)
			return 1;
	} while (ak_work_wait(call, FILL_STEP_MS) == 0);
	(void)kill(child, SIGKILL);
	while (waitpid(child, ret_status, 0) == -1 && errno == EINTR)
		;
	return 0;
}

static int
fill_work(struct ak_call *call, void *state)
{
	const struct fill_state *s = state;
	struct fill_report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int64_t kills = machine_oom_kills();
	pid_t worker = getpid(), child;
	int status = 0;

	if (report == MAP_FAILED)
		return ak_errno(call, "Failed to begin");
	child = fork();
	if (child == -1)
		return ak_errno(call, "Failed to begin the process that takes the memory");
	if (child == 0)
		fill_child(s, report, worker);
	if (fill_watch(call, child, &status) == 0) {
		fill_summarize(call, s, report);
		return 0;
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && oom_has_killed(kills))
		return oom_conclude(call, s->fails_on_oom, "the process that held the memory");
	if (WIFSIGNALED(status))
		return ak_error(call, "The process that held the memory was killed by signal %d",
		    WTERMSIG(status));
	return ak_error(call, "No memory can be taken: the system refused addresses for it");
}

const struct ak_action action_fill_memory = {
	.id = "org.actionkit.fill-memory",
	.label = "Fill memory",
	.version = "1.0.0",
	.description = "Takes memory until so much of it is used, or so much of it, and gives it "
	    "back at the end.",
	.technology = THIS_HOST_TECHNOLOGY,
	.category = "Resource",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.parameters = fill_parameters,
	.target_selection = &this_host_targets,
	.widgets = fill_widgets,
	.state = AK_STATE(struct fill_state, fill_fields),
	.call_interval = "5s",
	.needs = fill_needs,
	.prepare = fill_prepare,
	.work = fill_work,
};
