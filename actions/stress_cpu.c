/*
 * stress_cpu.c: keeps processors busy with stress-ng, in a worker. Nothing is left to undo when
 * that has ended.
 */
#include <actionkit.h>

#include <inttypes.h>
#include <stdio.h>

#include "actions/machine.h"
#include "actions/stress_ng.h"
#include "actions/this_host.h"

#define STRESS_CPU_WORKERS_MAX 4096
#define STRESS_CPU_PERCENT 100
#define STRESS_CPU_NUMBER_BYTES 32

struct stress_cpu_state {
	int64_t load;			/* percent */
	int64_t workers;		/* processors */
	int64_t duration_ms;
};

static const struct ak_field stress_cpu_fields[] = {
	AK_INT(struct stress_cpu_state, load),
	AK_INT(struct stress_cpu_state, workers),
	AK_INT(struct stress_cpu_state, duration_ms),
	AK_FIELDS_END
};

static const struct ak_parameter stress_cpu_parameters[] = {
	{
		.name = "cpuLoad",
		.label = "CPU load",
		.description = "How busy each processor is kept, beside what it does anyway.",
		.type = AK_PERCENTAGE,
		.required = true,
		.default_value = "80",
		.min = AK_LIMIT(0),
		.max = AK_LIMIT(STRESS_CPU_PERCENT),
	},
	{
		.name = "workers",
		.label = "CPUs",
		.description = "How many processors; 0 is all.",
		.type = AK_STRESSNG_WORKERS,
		.required = true,
		.default_value = "0",
	},
	STRESS_NG_DURATION,
	AK_PARAMETERS_END
};

static const struct ak_need stress_cpu_needs[] = {
	STRESS_NG_NEED,
	AK_NEEDS_END
};

static int
stress_cpu_prepare(struct ak_call *call, void *state)
{
	struct stress_cpu_state *s = state;

	if (this_host_check(call) == -1)
		return -1;
	s->load = ak_config_integer(call, "cpuLoad");
	s->duration_ms = ak_config_duration(call, "duration");
	if (stress_ng_take_workers(call, STRESS_CPU_WORKERS_MAX, &s->workers) == -1)
		return -1;
	if (machine_has_cpu_limit())
		ak_message(call, AK_WARN, "The control group of this server has a limit of "
		    "processor time (cpu.max): the load will not be more than that");
	ak_message(call, AK_INFO, "%" PRId64 " %% load on %" PRId64 " processors", s->load,
	    s->workers);
	return 0;
}

static int
stress_cpu_work(struct ak_call *call, void *state)
{
	const struct stress_cpu_state *s = state;
	char workers[STRESS_CPU_NUMBER_BYTES], load[STRESS_CPU_NUMBER_BYTES];
	const char *const arguments[] = { "--cpu", workers, "--cpu-load", load, NULL };

	(void)snprintf(workers, sizeof(workers), "%" PRId64, s->workers);
	(void)snprintf(load, sizeof(load), "%" PRId64, s->load);
	return stress_ng_run(call, STRESS_NG_TEMP_PATH, arguments, s->duration_ms, false);
}

const struct ak_action action_stress_cpu = {
	.id = "org.actionkit.stress-cpu",
	.label = "Stress CPU",
	.version = "1.0.0",
	.description = "Keeps processors busy, with stress-ng, on top of the load that there is.",
	.technology = THIS_HOST_TECHNOLOGY,
	.category = "Resource",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.parameters = stress_cpu_parameters,
	.target_selection = &this_host_targets,
	.state = AK_STATE(struct stress_cpu_state, stress_cpu_fields),
	.call_interval = "5s",
	.needs = stress_cpu_needs,
	.prepare = stress_cpu_prepare,
	.work = stress_cpu_work,
};
