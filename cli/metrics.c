/*
 * metrics.c: sorts the values of metrics into series.
 */
#include "config.h"

#include "cli/metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/sparkline.h"
#include "core/base/log.h"

#define METRICS_SERIES_MAX 1000
#define METRICS_NAME_MAX_BYTES 4096

void
metrics_init(struct metrics *metrics)
{
	*metrics = (struct metrics){ .index = json_new_object() };
}

void
metrics_done(struct metrics *metrics)
{
	size_t i;

	for (i = 0; i < metrics->count; i++)
		series_done(&metrics->series[i]);
	free(metrics->series);
	json_object_put(metrics->index);
	*metrics = (struct metrics){ .series = NULL };
}

/* "name{label=value}", as __name__ or name say; owned. */
static char *
name_of(struct json_object *metric)
{
	struct json_object *labels = json_member(metric, "metric");
	const char *name = json_member_string(metric, "name"), *separator = "{";
	struct json_object *empty = json_new_object();
	char *text = NULL;
	size_t size;
	FILE *out;

	if (name == NULL)
		name = json_member_string(labels, "__name__");
	out = open_memstream(&text, &size);
	if (out == NULL)
		log_out_of_memory();
	fputs(name == NULL ? "metric" : name, out);
	if (!json_object_is_type(labels, json_type_object))
		labels = empty;
	json_object_object_foreach(labels, key, value) {
		if (strcmp(key, "__name__") == 0)
			continue;
		fprintf(out, "%s%s=%s", separator, key,
		    value == NULL ? "null" : json_object_get_string(value));
		separator = ",";
	}
	if (*separator == ',')
		fputc('}', out);
	if (fclose(out) == EOF)
		log_out_of_memory();
	json_object_put(empty);
	return text;
}

/* The series of a name, which is taken; NULL if there is no room for one more. */
static struct series *
find_series(struct metrics *metrics, char *name)
{
	struct json_object *place = json_member(metrics->index, name);
	struct series *all;

	if (place != NULL) {
		free(name);
		return &metrics->series[json_object_get_int64(place)];
	}
	if (metrics->count == METRICS_SERIES_MAX || strlen(name) > METRICS_NAME_MAX_BYTES) {
		free(name);
		return NULL;
	}
	all = reallocarray(metrics->series, metrics->count + 1, sizeof(*all));
	if (all == NULL)
		log_out_of_memory();
	metrics->series = all;
	json_add_int(metrics->index, name, (int64_t)metrics->count);
	all[metrics->count] = (struct series){ .name = name };
	return &all[metrics->count++];
}

void
metrics_add(struct metrics *metrics, struct json_object *metric)
{
	struct json_object *value = json_member(metric, "value");
	bool number = json_object_is_type(value, json_type_int) ||
	    json_object_is_type(value, json_type_double);
	struct series *series = NULL;

	if (number && isfinite(json_object_get_double(value)))
		series = find_series(metrics, name_of(metric));
	if (series == NULL)
		metrics->left_out++;
	else
		series_add(series, json_object_get_double(value));
}

void
metrics_print(const struct metrics *metrics)
{
	size_t i;

	for (i = 0; i < metrics->count; i++)
		series_print(&metrics->series[i]);
}
