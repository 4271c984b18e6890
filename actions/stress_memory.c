/*
 * stress_memory.c: takes a share of the memory with stress-ng, in a worker. Nothing is left to undo
 * when that has ended.
 */
#include <actionkit.h>

#include <inttypes.h>
#include <stdio.h>

#include "actions/machine.h"
#include "actions/oom.h"
#include "actions/stress_ng.h"
#include "actions/this_host.h"

#define STRESS_MEMORY_PERCENT 100
#define STRESS_MEMORY_NUMBER_BYTES 32

struct stress_memory_state {
	int64_t kib;
	int64_t duration_ms;
	bool fails_on_oom;
};

static const struct ak_field stress_memory_fields[] = {
	AK_INT(struct stress_memory_state, kib),
	AK_INT(struct stress_memory_state, duration_ms),
	AK_BOOL(struct stress_memory_state, fails_on_oom),
	AK_FIELDS_END
};

static const struct ak_parameter stress_memory_parameters[] = {
	{
		.name = "percentage",
		.label = "Share of memory",
		.description = "Of all the memory of the machine, beside what is used anyway.",
		.type = AK_PERCENTAGE,
		.required = true,
		.default_value = "80",
		.min = AK_LIMIT(1),
		.max = AK_LIMIT(STRESS_MEMORY_PERCENT),
	},
	STRESS_NG_DURATION,
	OOM_PARAMETER,
	AK_PARAMETERS_END
};

static const struct ak_need stress_memory_needs[] = {
	STRESS_NG_NEED,
	{ .kind = AK_NEED_CAPABILITY, .name = "CAP_SYS_RESOURCE",
	  .what_for = "being killed last for want of memory", .optional = true },
	AK_NEEDS_END
};

static int
stress_memory_prepare(struct ak_call *call, void *state)
{
	struct stress_memory_state *s = state;
	int64_t total, available, limit = machine_memory_limit(), bytes;

	if (this_host_check(call) == -1)
		return -1;
	if (machine_memory(&total, &available) == -1)
		return ak_errno(call, "Failed to read how much memory there is");
	bytes = total / STRESS_MEMORY_PERCENT * ak_config_integer(call, "percentage");
	s->kib = bytes / MACHINE_KIB;
	s->duration_ms = ak_config_duration(call, "duration");
	s->fails_on_oom = ak_config_boolean(call, "failOnOomKill");
	if (bytes > limit)
		return ak_error(call, "%" PRId64 " MB are more than the control group of this "
		    "server may have: its memory.max (MemoryMax of a unit) is %" PRId64 " MB",
		    bytes / MACHINE_MIB, limit / MACHINE_MIB);
	if (bytes > available)
		ak_message(call, AK_WARN, "%" PRId64 " MB are available", available / MACHINE_MIB);
	ak_message(call, AK_INFO, "%" PRId64 " of %" PRId64 " MB", bytes / MACHINE_MIB,
	    total / MACHINE_MIB);
	return 0;
}

/* Told in KiB: what stress-ng makes of a percentage changes between its versions. */
static int
stress_memory_work(struct ak_call *call, void *state)
{
	const struct stress_memory_state *s = state;
	char size[STRESS_MEMORY_NUMBER_BYTES];
	const char *const arguments[] = {
		"--vm", "1", "--vm-bytes", size, "--vm-hang", "0", "--oomable", NULL
	};

	(void)snprintf(size, sizeof(size), "%" PRId64 "k", s->kib);
	return stress_ng_run(call, STRESS_NG_TEMP_PATH, arguments, s->duration_ms, s->fails_on_oom);
}

const struct ak_action action_stress_memory = {
	.id = "org.actionkit.stress-memory",
	.label = "Stress memory",
	.version = "1.0.0",
	.description = "Takes a share of the memory, with stress-ng, beside what is used anyway.",
	.technology = THIS_HOST_TECHNOLOGY,
	.category = "Resource",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.parameters = stress_memory_parameters,
	.target_selection = &this_host_targets,
	.state = AK_STATE(struct stress_memory_state, stress_memory_fields),
	.call_interval = "5s",
	.needs = stress_memory_needs,
	.prepare = stress_memory_prepare,
	.work = stress_memory_work,
};
