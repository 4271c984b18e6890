/*
 * stress_ng.c: runs stress-ng. Persists nothing: the program ends with the worker.
 */
#include "actions/stress_ng.h"

#include <inttypes.h>
#include <stdio.h>

#include "actions/machine.h"
#include "actions/oom.h"

#define STRESS_NG "stress-ng"
/* Longer than the agent takes to stop it, so that it ends by itself only if nobody does. */
#define STRESS_NG_LONGER_S 10
#define STRESS_NG_NUMBER_BYTES 32
#define STRESS_NG_TAIL_BYTES 2048
#define MS_PER_S 1000

int
stress_ng_take_workers(struct ak_call *call, int64_t max, int64_t *ret_workers)
{
	int64_t workers = ak_config_integer(call, "workers");

	if (workers < 0 || workers > max)
		return ak_error(call, "workers: must be between 0 and %" PRId64, max);
	*ret_workers = workers == 0 ? machine_processors() : workers;
	return 0;
}

static int
conclude(struct ak_call *call, const struct ak_exec_end *end, bool fails_on_oom, int64_t kills)
{
	struct ak_error_details details = { .status = AK_ERRORED };

	if (oom_has_killed(kills))
		return oom_conclude(call, fails_on_oom, STRESS_NG);
	if (end->exit_status == 0)
		return 0;
	if (end->err_size > 0)
		details.detail = end->err_size <= STRESS_NG_TAIL_BYTES ? end->err :
		    end->err + end->err_size - STRESS_NG_TAIL_BYTES;
	if (end->signal != 0)
		return ak_error_as(call, &details, STRESS_NG " was killed by signal %d",
		    end->signal);
	return ak_error_as(call, &details, STRESS_NG " ended with exit status %d",
	    end->exit_status);
}

int
stress_ng_run(struct ak_call *call, const char *temp_path, const char *const *arguments,
    int64_t duration_ms, bool fails_on_oom)
{
	const char *argv[STRESS_NG_ARGUMENTS_MAX + 7] = {
		STRESS_NG, "--quiet", "--temp-path", temp_path, "--timeout"
	};
	const struct ak_exec exec = { .argv = argv, .err = AK_EXEC_TEXT };
	int64_t kills = machine_oom_kills();
	char seconds[STRESS_NG_NUMBER_BYTES];
	struct ak_exec_end end;
	size_t count = 5, i;
	int result;

	(void)snprintf(seconds, sizeof(seconds), "%" PRId64,
	    duration_ms / MS_PER_S + 1 + STRESS_NG_LONGER_S);
	argv[count++] = seconds;
	for (i = 0; i < STRESS_NG_ARGUMENTS_MAX && arguments[i] != NULL; i++)
		argv[count++] = arguments[i];
	result = ak_exec(call, &exec, &end);
	if (result == -1)
		return -1;
	return result == 1 ? 0 : conclude(call, &end, fails_on_oom, kills);
}
