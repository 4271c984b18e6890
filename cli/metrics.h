/*
 * metrics.h: the metrics of a run: a series of values for each name and its labels.
 */
#ifndef CLI_METRICS_H
#define CLI_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/json.h"

struct series;

struct metrics {
	struct series *series;		/* owned, in the order of their first values */
	size_t count;
	struct json_object *index;	/* owned: the place of a name among them */
	int64_t left_out;		/* no finite numbers, or of one series too many */
};

void metrics_init(struct metrics *metrics);
void metrics_done(struct metrics *metrics);

/* Takes the value of a Metric of the protocol, or counts it as left out. */
void metrics_add(struct metrics *metrics, struct json_object *metric);

/* A line for each series. */
void metrics_print(const struct metrics *metrics);

#endif
