/*
 * outcome.c: what a handler tells beside its error: messages, metrics, a summary.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/call.h"
#include "core/clock.h"
#include "core/utf8.h"

#define SUMMARY_CHARACTERS_MAX 512

static const char *const level_names[] = {
	[AK_DEBUG] = "debug",
	[AK_INFO] = "info",
	[AK_WARN] = "warn",
	[AK_ERROR] = "error",
};

static void
add_timestamp(struct json_object *object)
{
	char text[CLOCK_RFC3339_BYTES];

	clock_rfc3339(clock_wall_ms(), text);
	json_add_string(object, "timestamp", text);
}

static void
append_message(struct ak_call *call, enum ak_level level, const char *text)
{
	struct json_object *message = json_new_object();

	json_add_string(message, "message", text);
	json_add_string(message, "level", level_names[level]);
	add_timestamp(message);
	json_append(call->messages, message);
}

void
call_message(struct ak_call *call, enum ak_level level, const char *text)
{
	size_t count;

	if (call->messages == NULL)
		call->messages = json_new_array();
	count = json_object_array_length(call->messages);
	if (count < CALL_MESSAGES_MAX)
		append_message(call, level, text);
	else if (count == CALL_MESSAGES_MAX)
		append_message(call, AK_WARN,
		    "Too many messages in one call: further ones are dropped");
}

void
ak_message(struct ak_call *call, enum ak_level level, const char *format, ...)
{
	va_list arguments;
	char *text;

	if (level < AK_DEBUG || level > AK_ERROR) {
		call_misuse(call, "ak_message: %d is not a level", (int)level);
		return;
	}
	va_start(arguments, format);
	text = call_format(format, arguments);
	va_end(arguments);
	call_message(call, level, text);
	free(text);
}

/* Whether the reply has room for one more metric; says so once if not. */
static bool
may_measure(struct ak_call *call)
{
	if (call->metrics == NULL)
		call->metrics = json_new_array();
	if (json_object_array_length(call->metrics) < CALL_METRICS_MAX)
		return true;
	if (!call->metrics_dropped)
		call_message(call, AK_WARN,
		    "Too many metrics in one call: further ones are dropped");
	call->metrics_dropped = true;
	return false;
}

/* A copy with a name that is UTF-8, which json_add() does not look at. */
static void
add_label(struct json_object *object, const struct ak_label *label)
{
	char *name = utf8_repair(label->name, strlen(label->name));

	json_add_string(object, name, label->value == NULL ? "" : label->value);
	free(name);
}

void
ak_metric(struct ak_call *call, const char *name, double value,
    const struct ak_label *labels)
{
	struct json_object *metric, *object;

	if (name == NULL) {
		call_misuse(call, "ak_metric: the name is missing");
		return;
	}
	if (!isfinite(value)) {
		call_misuse(call, "ak_metric: the value of %s is not a finite number",
		    name);
		return;
	}
	if (!may_measure(call))
		return;
	object = json_new_object();
	for (; labels != NULL && labels->name != NULL; labels++)
		add_label(object, labels);
	metric = json_new_object();
	add_timestamp(metric);
	json_add_string(metric, "name", name);
	json_add(metric, "metric", object);
	json_add(metric, "value", json_double(value));
	json_append(call->metrics, metric);
}

/* Cuts text after max characters. It is UTF-8. */
static void
cut_characters(char *text, size_t max)
{
	size_t length = strlen(text), at = 0;

	while (at < length && max-- > 0)
		at += utf8_character(text + at, length - at);
	text[at] = '\0';
}

void
ak_summary(struct ak_call *call, enum ak_level level, const char *format, ...)
{
	va_list arguments;
	char *text;

	if (level != AK_INFO && level != AK_WARN) {
		call_misuse(call, "ak_summary: the level must be AK_INFO or AK_WARN");
		return;
	}
	va_start(arguments, format);
	text = call_format(format, arguments);
	va_end(arguments);
	cut_characters(text, SUMMARY_CHARACTERS_MAX);
	json_object_put(call->summary);
	call->summary = json_new_object();
	json_add_string(call->summary, "text", text);
	json_add_string(call->summary, "level", level == AK_INFO ? "info" : "warning");
	free(text);
}
