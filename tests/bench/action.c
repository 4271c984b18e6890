/*
 * action.c: an extension with the action that benchmarks run. It does nothing, and says so,
 * as the same action of other ActionKit servers does: what is measured is the way there.
 */
#include <limits.h>
#include <stdio.h>

#include <actionkit.h>

#define BENCH_WAIT_MS 1000

struct bench_state {
	int64_t duration;
	char file[PATH_MAX];
	char step[16];
	int64_t polls;
};

static const struct ak_field bench_fields[] = {
	AK_INT(struct bench_state, duration),
	AK_TEXT(struct bench_state, file),
	AK_TEXT(struct bench_state, step),
	AK_INT(struct bench_state, polls),
	AK_FIELDS_END
};

static const struct ak_parameter bench_parameters[] = {
	{ .name = "duration", .label = "Duration", .type = AK_DURATION, .required = true,
	  .default_value = "30s" },
	{ .name = "file", .label = "File", .type = AK_FILE },
	AK_PARAMETERS_END
};

static const struct ak_parameter bench_query_parameters[] = {
	AK_PARAMETERS_END
};

static const struct ak_metrics bench_metrics = {
	.call_interval = "5s",
	.parameters = bench_query_parameters,
};

static void
bench_measure(struct ak_call *call, double value)
{
	static const struct ak_label labels[] = { { "source", "bench" }, AK_LABELS_END };

	ak_metric(call, "polls", value, labels);
}

static void
bench_step(struct bench_state *s, const char *step)
{
	snprintf(s->step, sizeof(s->step), "%s", step);
}

static int
bench_prepare(struct ak_call *call, void *state)
{
	struct bench_state *s = state;

	const char *file = ak_config_file(call, "file");

	s->duration = ak_config_duration(call, "duration");
	snprintf(s->file, sizeof(s->file), "%s", file == NULL ? "" : file);
	bench_step(s, "prepared");
	ak_message(call, AK_INFO, "prepared");
	return 0;
}

static int
bench_start(struct ak_call *call, void *state)
{
	bench_step(state, "started");
	ak_message(call, AK_INFO, "started");
	return 0;
}

static int
bench_status(struct ak_call *call, void *state)
{
	const struct bench_state *s = state;

	ak_message(call, AK_INFO, "running");
	bench_measure(call, (double)s->polls);
	return 0;
}

static int
bench_stop(struct ak_call *call, void *state)
{
	bench_step(state, "stopped");
	ak_message(call, AK_INFO, "stopped");
	return 0;
}

/* Has nothing to do, and nothing to tell. */
static int
bench_work(struct ak_call *call, void *state)
{
	(void)state;
	while (ak_work_wait(call, BENCH_WAIT_MS) == 0)
		continue;
	return 0;
}

static int
bench_query_metrics(struct ak_call *call, void *state)
{
	(void)state;
	bench_measure(call, 1);
	return 0;
}

static const struct ak_action action_bench = {
	.id = "org.actionkit.bench",
	.label = "Benchmark",
	.version = "1.0.0",
	.description = "Does nothing, and says so.",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.call_interval = "1s",
	.parameters = bench_parameters,
	.state = AK_STATE(struct bench_state, bench_fields),
	.metrics = &bench_metrics,
	.prepare = bench_prepare,
	.start = bench_start,
	.status = bench_status,
	.stop = bench_stop,
	.query_metrics = bench_query_metrics,
};

static const struct ak_action action_worker = {
	.id = "org.actionkit.bench-worker",
	.label = "Benchmark of workers",
	.version = "1.0.0",
	.description = "Does nothing for long.",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.call_interval = "1s",
	.parameters = bench_parameters,
	.state = AK_STATE(struct bench_state, bench_fields),
	.prepare = bench_prepare,
	.start = bench_start,
	.work = bench_work,
	.status = bench_status,
	.stop = bench_stop,
};

int
main(int argc, char **argv)
{
	ak_register(&action_bench);
	ak_register(&action_worker);
	return ak_main(argc, argv);
}
