/*
 * stress_ng.h: load by the program stress-ng, for actions that have a worker.
 */
#ifndef ACTIONS_STRESS_NG_H
#define ACTIONS_STRESS_NG_H

#include <stdbool.h>
#include <stdint.h>

#include <actionkit.h>

#define STRESS_NG_ARGUMENTS_MAX 16
/* It wants a directory to write into even where it writes nothing: a service begins in "/". */
#define STRESS_NG_TEMP_PATH "/tmp"

#define STRESS_NG_NEED \
	{ .kind = AK_NEED_PROGRAM, .name = "stress-ng", .package = "stress-ng" }

/* stress-ng counts seconds. */
#define STRESS_NG_DURATION \
	{ \
		.name = "duration", \
		.label = "Duration", \
		.description = "How long the load lasts.", \
		.type = AK_DURATION, \
		.required = true, \
		.default_value = "30s", \
		.min = AK_LIMIT(1000), \
	}

/*
 * In prepare(): takes the parameter "workers": 0 is one for each processor. Returns 0, or -1 with
 * the call's error where they are more than max.
 */
int stress_ng_take_workers(struct ak_call *call, int64_t max, int64_t *ret_workers);

/*
 * In work(): runs stress-ng, whose files are in temp_path, with these arguments (NULL ends them)
 * until the work is to end, or somewhat longer than duration_ms. What ends it before is what the
 * action has come to; killed for want of memory is a failure only if fails_on_oom. Returns 0, or
 * -1 with the call's error.
 */
int stress_ng_run(struct ak_call *call, const char *temp_path, const char *const *arguments,
    int64_t duration_ms, bool fails_on_oom);

#endif
