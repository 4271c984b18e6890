/*
 * report.c: shows what happens while an action runs.
 */
#include "config.h"

#include "cli/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/artifacts.h"
#include "cli/sparkline.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/utf8.h"

#define REPORT_REDRAW_MS 100
#define REPORT_TEXT_BYTES 2048
#define REPORT_CLEAR "\r\033[K"
#define BYTES_PER_KIB 1024
#define PERCENT 100

void
report_init(struct report *report, bool json, const char *artifacts_dir)
{
	*report = (struct report){
		.json = json, .artifacts_dir = artifacts_dir, .phase = "looking",
		.begin_ms = clock_boot_ms(), .terminal = output_terminal() && !json,
		.messages = json_new_array(), .metrics = json_new_array(),
		.artifacts = json_new_array()
	};
}

void
report_done(struct report *report)
{
	size_t i;

	for (i = 0; i < report->series_count; i++)
		series_done(&report->series[i]);
	free(report->series);
	free(report->last);
	json_object_put(report->messages);
	json_object_put(report->metrics);
	json_object_put(report->artifacts);
	json_object_put(report->summary);
}

static void
clear(struct report *report)
{
	if (report->drawn)
		fputs(REPORT_CLEAR, stdout);
	report->drawn = false;
}

static enum style
style_of(const char *level)
{
	if (strcmp(level, "error") == 0)
		return STYLE_BAD;
	return strncmp(level, "warn", strlen("warn")) == 0 ? STYLE_WARN : STYLE_PLAIN;
}

static void
print_line(struct report *report, const char *level, const char *text)
{
	int64_t ms = clock_boot_ms() - report->begin_ms;

	free(report->last);
	report->last = output_clean(text);
	if (report->json)
		return;
	clear(report);
	printf("%4" PRId64 ".%" PRId64 "s %s%-5s%s %s\n", ms / CLOCK_MS_PER_S,
	    ms % CLOCK_MS_PER_S / (CLOCK_MS_PER_S / 10), output_style(style_of(level)), level,
	    output_style(STYLE_PLAIN), report->last);
	fflush(stdout);
}

void
report_say(struct report *report, const char *level, const char *format, ...)
{
	struct json_object *message = json_new_object();
	char text[REPORT_TEXT_BYTES];
	va_list values;

	va_start(values, format);
	vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	json_add_string(message, "level", level);
	json_add_string(message, "message", text);
	json_append(report->messages, message);
	print_line(report, level, text);
}

static void
take_message(struct report *report, struct json_object *message)
{
	const char *level = json_member_string(message, "level");
	const char *text = json_member_string(message, "message");

	json_append(report->messages, json_object_get(message));
	print_line(report, level == NULL ? "info" : level, text == NULL ? "" : text);
}

/* "name{label=value}", as __name__ or name say; owned. */
static char *
metric_name(struct json_object *metric)
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
		fprintf(out, "%s%s=%s", separator, key, json_object_get_string(value));
		separator = ",";
	}
	if (*separator == ',')
		fputc('}', out);
	if (fclose(out) == EOF)
		log_out_of_memory();
	json_object_put(empty);
	return text;
}

static void
take_metric(struct report *report, struct json_object *metric)
{
	double value = json_object_get_double(json_member(metric, "value"));
	char *name = metric_name(metric);
	struct series *all;
	size_t i;

	json_append(report->metrics, json_object_get(metric));
	for (i = 0; i < report->series_count; i++)
		if (strcmp(report->series[i].name, name) == 0)
			break;
	if (i == report->series_count) {
		all = reallocarray(report->series, i + 1, sizeof(*all));
		if (all == NULL)
			log_out_of_memory();
		report->series = all;
		report->series_count++;
		all[i] = (struct series){ .name = name };
		name = NULL;
	}
	series_add(&report->series[i], value);
	free(name);
}

static void
take_artifact(struct report *report, struct json_object *artifact)
{
	const char *label = json_member_string(artifact, "label");
	struct json_object *kept = json_new_object();
	char name[ARTIFACT_NAME_BYTES];
	struct err err;

	label = label == NULL ? "" : label;
	json_add_string(kept, "label", label);
	if (report->artifacts_dir == NULL) {
		report_say(report, "info", "artifact %s: not kept without --artifacts",
		    label);
	} else if (artifact_save(report->artifacts_dir, artifact, name, &err) == -1) {
		report_say(report, "error", "artifact: %s", err.msg);
	} else {
		report_say(report, "info", "artifact %s: %s/%s", label,
		    report->artifacts_dir, name);
		json_add_string(kept, "file", name);
	}
	json_append(report->artifacts, kept);
}

static void
take_all(struct report *report, struct json_object *result, const char *name,
    void (*take)(struct report *, struct json_object *))
{
	struct json_object *list = json_member(result, name);
	size_t i;

	if (!json_object_is_type(list, json_type_array))
		return;
	for (i = 0; i < json_object_array_length(list); i++)
		take(report, json_object_array_get_idx(list, i));
}

void
report_result(struct report *report, struct json_object *result)
{
	struct json_object *summary = json_member(result, "summary");

	take_all(report, result, "messages", take_message);
	take_all(report, result, "metrics", take_metric);
	take_all(report, result, "artifacts", take_artifact);
	if (summary == NULL)
		return;
	json_object_put(report->summary);
	report->summary = json_object_get(summary);
}

static void
format_progress(const struct report *report, char *ret_text, size_t size)
{
	int64_t now_ms = clock_boot_ms();
	char age[OUTPUT_AGE_BYTES], duration[OUTPUT_AGE_BYTES];
	const char *last = report->last == NULL ? "" : report->last;

	if (report->sent_bytes < report->total_bytes) {
		snprintf(ret_text, size, "uploading %" PRId64 "%% of %" PRId64 " KiB",
		    report->sent_bytes * PERCENT / report->total_bytes,
		    report->total_bytes / BYTES_PER_KIB);
		return;
	}
	output_age((now_ms - (report->start_ms == 0 ? report->begin_ms :
	    report->start_ms)) / CLOCK_MS_PER_S * CLOCK_MS_PER_S, age);
	output_age(report->duration_ms, duration);
	if (report->start_ms != 0 && report->duration_ms > 0)
		snprintf(ret_text, size, "%s, %s of %s  %s", report->phase, age, duration,
		    last);
	else
		snprintf(ret_text, size, "%s, %s  %s", report->phase, age, last);
}

void
report_progress(struct report *report)
{
	int64_t now_ms = clock_boot_ms();
	char text[REPORT_TEXT_BYTES];
	size_t width = output_columns(), end = 0, length, used;

	if (!report->terminal || (report->drawn &&
	    now_ms - report->drawn_ms < REPORT_REDRAW_MS))
		return;
	format_progress(report, text, sizeof(text));
	/* A line that wraps could not be cleared; the last column makes some wrap. */
	for (used = 0; text[end] != '\0' && used + 1 < width; used++) {
		length = utf8_character(text + end, strlen(text + end));
		end += length == 0 ? 1 : length;
	}
	printf(REPORT_CLEAR "%s%.*s%s", output_style(STYLE_STRONG), (int)end, text,
	    output_style(STYLE_PLAIN));
	fflush(stdout);
	report->drawn = true;
	report->drawn_ms = now_ms;
}

static void
end_json(struct report *report, const char *action, const char *execution,
    const char *outcome, struct json_object *error)
{
	struct json_object *end = json_new_object();

	json_add_string(end, "action", action);
	json_add_string(end, "executionId", execution);
	json_add_string(end, "outcome", outcome);
	json_add(end, "error", json_object_get(error));
	json_add_int(end, "tookMs", clock_boot_ms() - report->begin_ms);
	json_add(end, "messages", json_object_get(report->messages));
	json_add(end, "metrics", json_object_get(report->metrics));
	json_add(end, "artifacts", json_object_get(report->artifacts));
	json_add(end, "summary", json_object_get(report->summary));
	output_json(end);
}

void
report_end(struct report *report, const char *action, const char *execution,
    const char *outcome, enum style style, struct json_object *error)
{
	const char *detail = json_member_string(error, "detail");
	const char *summary = json_member_string(report->summary, "text");
	char age[OUTPUT_AGE_BYTES];
	size_t i;

	if (report->json) {
		end_json(report, action, execution, outcome, error);
		return;
	}
	clear(report);
	for (i = 0; i < report->series_count; i++)
		series_print(&report->series[i]);
	if (summary != NULL) {
		fputs("summary: ", stdout);
		output_text(summary);
		putchar('\n');
	}
	output_age(clock_boot_ms() - report->begin_ms, age);
	printf("%s%s%s after %s, execution %s\n", output_style(style), outcome,
	    output_style(STYLE_PLAIN), age, execution);
	if (error == NULL)
		return;
	output_text(json_member_string(error, "title"));
	if (detail != NULL) {
		fputs(": ", stdout);
		output_text(detail);
	}
	putchar('\n');
}
