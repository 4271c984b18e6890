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
#include "core/base/clock.h"

#define REPORT_REDRAW_MS 100
#define REPORT_TEXT_BYTES 2048
/* What is shown of a message, of a level. */
#define REPORT_SHOWN_BYTES 8192
#define REPORT_LEVEL_BYTES 16
/* Messages of one reply that are shown. */
#define REPORT_MESSAGES_MAX 1000
/* Of all messages, metrics and artifacts for --json, in memory. */
#define REPORT_BUDGET_BYTES (64U * 1024 * 1024)
#define REPORT_ARTIFACTS_MAX 1000
#define REPORT_ARTIFACTS_MAX_BYTES ((int64_t)4 * 1024 * 1024 * 1024)
#define REPORT_CLEAR "\r\033[K"
#define BYTES_PER_KIB 1024
#define PERCENT 100

void
report_init(struct report *report, bool json, const char *artifacts_dir)
{
	*report = (struct report){
		.json = json, .artifacts_dir = artifacts_dir, .phase = "looking",
		.begin_ms = clock_boot_ms(), .terminal = output_terminal() && !json,
		.budget = REPORT_BUDGET_BYTES
	};
	kept_init(&report->messages);
	kept_init(&report->metrics);
	kept_init(&report->artifacts);
	kept_init(&report->modifications);
	metrics_init(&report->series);
}

void
report_done(struct report *report)
{
	metrics_done(&report->series);
	kept_done(&report->messages);
	kept_done(&report->metrics);
	kept_done(&report->artifacts);
	kept_done(&report->modifications);
	json_object_put(report->summary);
	free(report->last);
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
	char *clean_level;

	if (report->json)
		return;
	free(report->last);
	report->last = output_clean_most(text, REPORT_SHOWN_BYTES);
	clear(report);
	clean_level = output_clean_most(level, REPORT_LEVEL_BYTES);
	printf("%4" PRId64 ".%" PRId64 "s %s%-5s%s %s\n", ms / CLOCK_MS_PER_S,
	    ms % CLOCK_MS_PER_S / (CLOCK_MS_PER_S / 10), output_style(style_of(level)),
	    clean_level, output_style(STYLE_PLAIN), report->last);
	fflush(stdout);
	free(clean_level);
}

/* Only a program gets it at the end. */
static void
keep(struct report *report, struct kept *kept, struct json_object *value)
{
	if (report->json)
		kept_add(kept, value, &report->budget);
	else
		json_object_put(value);
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
	keep(report, &report->messages, message);
	print_line(report, level, text);
}

static void
take_message(struct report *report, struct json_object *message)
{
	const char *level = json_member_string(message, "level");
	const char *text = json_member_string(message, "message");

	keep(report, &report->messages, json_object_get(message));
	print_line(report, level == NULL ? "info" : level, text == NULL ? "" : text);
}

static void
take_metric(struct report *report, struct json_object *metric)
{
	keep(report, &report->metrics, json_object_get(metric));
	metrics_add(&report->series, metric);
}

static void
take_modification(struct report *report, struct json_object *modification)
{
	const char *key = json_member_string(modification, "propertyKey");
	const char *type = json_member_string(modification, "type");
	const char *value = json_text(json_member(modification, "value"), NULL);
	bool adds = type != NULL && strcmp(type, "add_value_to_list_property") == 0;
	char text[REPORT_TEXT_BYTES];

	snprintf(text, sizeof(text), "property %s %s %s", key == NULL ? "-" : key,
	    adds ? "gets one more:" : "is set to", value == NULL ? "null" : value);
	keep(report, &report->modifications, json_object_get(modification));
	print_line(report, "info", text);
}

/* Whether one more may be kept. */
static bool
has_room(struct report *report, struct json_object *artifact)
{
	struct json_object *data = json_member(artifact, "data");

	if (json_object_is_type(data, json_type_string))
		report->artifact_bytes += json_object_get_string_len(data);
	return json_count(report->artifacts.list) < REPORT_ARTIFACTS_MAX &&
	    report->artifact_bytes <= REPORT_ARTIFACTS_MAX_BYTES;
}

static void
take_artifact(struct report *report, struct json_object *artifact)
{
	const char *label = json_member_string(artifact, "label");
	struct json_object *kept;
	char name[ARTIFACT_NAME_BYTES];
	struct err err;

	if (!has_room(report, artifact)) {
		report->artifacts.left_out++;
		return;
	}
	label = label == NULL ? "" : label;
	kept = json_new_object();
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
	kept_add(&report->artifacts, kept, &report->budget);
}

/* What is no object is nothing. Returns how many of them had no room. */
static size_t
take_all(struct report *report, struct json_object *result, const char *name, size_t most,
    void (*take)(struct report *, struct json_object *))
{
	struct json_object *list = json_member(result, name), *item;
	size_t i, count = json_count(list);

	for (i = 0; i < count && i < most; i++) {
		item = json_element(list, i);
		if (json_object_is_type(item, json_type_object))
			take(report, item);
	}
	return count - i;
}

void
report_result(struct report *report, struct json_object *result)
{
	struct json_object *summary = json_member(result, "summary");

	report->messages_left_out += (int64_t)take_all(report, result, "messages",
	    report->json ? SIZE_MAX : REPORT_MESSAGES_MAX, take_message);
	report->modifications_left_out += (int64_t)take_all(report, result, "modifications",
	    report->json ? SIZE_MAX : REPORT_MESSAGES_MAX, take_modification);
	take_all(report, result, "metrics", SIZE_MAX, take_metric);
	take_all(report, result, "artifacts", SIZE_MAX, take_artifact);
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
	size_t width = output_columns();

	if (!report->terminal || (report->drawn &&
	    now_ms - report->drawn_ms < REPORT_REDRAW_MS))
		return;
	format_progress(report, text, sizeof(text));
	/* A line that wraps could not be cleared; the last column makes some wrap. */
	printf(REPORT_CLEAR "%s%.*s%s", output_style(STYLE_STRONG),
	    (int)output_fit(text, width - 1), text, output_style(STYLE_PLAIN));
	fflush(stdout);
	report->drawn = true;
	report->drawn_ms = now_ms;
}

static void
end_json(struct report *report, const char *action, const char *execution,
    const char *outcome, struct json_object *error)
{
	struct json_object *end = json_new_object(), *left_out = json_new_object();

	json_add_string(end, "action", action);
	json_add_string(end, "executionId", execution);
	json_add_string(end, "outcome", outcome);
	json_add(end, "error", json_object_get(error));
	json_add_int(end, "tookMs", clock_boot_ms() - report->begin_ms);
	json_add(end, "messages", json_object_get(report->messages.list));
	json_add(end, "metrics", json_object_get(report->metrics.list));
	json_add(end, "artifacts", json_object_get(report->artifacts.list));
	json_add(end, "modifications", json_object_get(report->modifications.list));
	json_add(end, "summary", json_object_get(report->summary));
	json_add_int(left_out, "messages", report->messages.left_out);
	json_add_int(left_out, "metrics", report->metrics.left_out);
	json_add_int(left_out, "artifacts", report->artifacts.left_out);
	json_add_int(left_out, "modifications", report->modifications.left_out);
	json_add(end, "leftOut", left_out);
	output_json(end);
}

static void
print_left_out(int64_t count, const char *what)
{
	if (count > 0)
		printf("left out: %" PRId64 " %s\n", count, what);
}

/* Of an extension's text no more than people read. */
static void
print_shown(const char *text)
{
	char *clean = output_clean_most(text == NULL ? "-" : text, REPORT_SHOWN_BYTES);

	fputs(clean, stdout);
	free(clean);
}

void
report_end(struct report *report, const char *action, const char *execution,
    const char *outcome, enum style style, struct json_object *error)
{
	const char *detail = json_member_string(error, "detail");
	const char *summary = json_member_string(report->summary, "text");
	char age[OUTPUT_AGE_BYTES];

	if (report->json) {
		end_json(report, action, execution, outcome, error);
		return;
	}
	clear(report);
	metrics_print(&report->series);
	print_left_out(report->messages_left_out, "messages: too many in one reply");
	print_left_out(report->modifications_left_out,
	    "changes of properties: too many in one reply");
	print_left_out(report->series.left_out,
	    "values of metrics: too many series, names too long, or no numbers");
	print_left_out(report->artifacts.left_out, "artifacts: too many, or too large");
	if (summary != NULL) {
		fputs("summary: ", stdout);
		print_shown(summary);
		putchar('\n');
	}
	output_age(clock_boot_ms() - report->begin_ms, age);
	printf("%s%s%s after %s, execution %s\n", output_style(style), outcome,
	    output_style(STYLE_PLAIN), age, execution);
	if (error == NULL)
		return;
	print_shown(json_member_string(error, "title"));
	if (detail != NULL) {
		fputs(": ", stdout);
		print_shown(detail);
	}
	putchar('\n');
}
