/*
 * outcome.c: what a handler tells beside its error: messages, metrics, a summary.
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/action/call.h"
#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/base/utf8.h"

#define SUMMARY_CHARACTERS_MAX 512

static const char *const level_names[] = {
	[AK_DEBUG] = "debug",
	[AK_INFO] = "info",
	[AK_WARN] = "warn",
	[AK_ERROR] = "error",
};

static const char *const source_names[] = {
	[0] = NULL,
	[AK_TIMESTAMP_EXTENSION] = "extension",
	[AK_TIMESTAMP_EXTERNAL] = "external",
};

static bool
check_level(struct ak_call *call, const char *function, enum ak_level level)
{
	if (level >= AK_DEBUG && level <= AK_ERROR)
		return true;
	call_misreported(call, "%s: %d is not a level", function, (int)level);
	return false;
}

/* Whether a timestamp can be told. */
static bool
check_timestamp(struct ak_call *call, const char *function, int64_t ms,
    enum ak_timestamp_source source)
{
	if (ms < 0 || ms > CLOCK_RFC3339_MAX_MS) {
		call_misreported(call, "%s: %" PRId64 " is not a timestamp", function, ms);
		return false;
	}
	if ((int)source < 0 || source > AK_TIMESTAMP_EXTERNAL) {
		call_misreported(call, "%s: %d is not a source of timestamps", function,
		    (int)source);
		return false;
	}
	return true;
}

static void
add_timestamp(struct json_object *object, int64_t ms, enum ak_timestamp_source source)
{
	char text[CLOCK_RFC3339_BYTES];

	clock_rfc3339(ms == 0 ? clock_wall_ms() : ms, text);
	json_add_string(object, "timestamp", text);
	json_add_string(object, "timestampSource", source_names[source]);
}

/* Copies labels, with names that are UTF-8, which json_add() does not look at. */
static struct json_object *
labels_json(const struct ak_label *label)
{
	struct json_object *object = json_new_object();
	char *name;

	for (; label != NULL && label->name != NULL; label++) {
		name = text_repair(label->name, strlen(label->name));
		json_add_string(object, name, label->value == NULL ? "" : label->value);
		free(name);
	}
	return object;
}

static void
append_message(struct ak_call *call, const struct ak_message_details *details,
    const char *text)
{
	struct json_object *message = json_new_object();

	json_add_string(message, "message", text);
	json_add_string(message, "type", details->type);
	json_add_string(message, "level", level_names[details->level]);
	add_timestamp(message, details->timestamp_ms, details->timestamp_source);
	if (details->fields != NULL)
		json_add(message, "fields", labels_json(details->fields));
	json_append(call->messages, message);
}

static void
add_message(struct ak_call *call, const struct ak_message_details *details,
    const char *text)
{
	const struct ak_message_details warning = { .level = AK_WARN };
	size_t count;

	if (call->messages == NULL)
		call->messages = json_new_array();
	count = json_object_array_length(call->messages);
	if (count < CALL_MESSAGES_MAX)
		append_message(call, details, text);
	else if (count == CALL_MESSAGES_MAX)
		append_message(call, &warning,
		    "Too many messages in one call: further ones are dropped");
	call_has_told(call);
}

void
call_message(struct ak_call *call, enum ak_level level, const char *text)
{
	const struct ak_message_details details = { .level = level };

	add_message(call, &details, text);
}

void
ak_message(struct ak_call *call, enum ak_level level, const char *format, ...)
{
	va_list arguments;
	char *text;

	if (!check_level(call, __func__, level))
		return;
	va_start(arguments, format);
	text = call_format(format, arguments);
	va_end(arguments);
	call_message(call, level, text);
	free(text);
}

void
ak_message_as(struct ak_call *call, const struct ak_message_details *details,
    const char *format, ...)
{
	struct ak_message_details all = { .level = AK_INFO };
	va_list arguments;
	char *text;

	if (details != NULL)
		all = *details;
	if ((int)all.level == 0)
		all.level = AK_INFO;
	if (!check_level(call, __func__, all.level) ||
	    !check_timestamp(call, __func__, all.timestamp_ms, all.timestamp_source))
		return;
	va_start(arguments, format);
	text = call_format(format, arguments);
	va_end(arguments);
	add_message(call, &all, text);
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

static void
add_metric(struct ak_call *call, const char *name, double value,
    const struct ak_metric_details *details, const char *function)
{
	struct json_object *metric;

	if (name == NULL) {
		call_misreported(call, "%s: the name is missing", function);
		return;
	}
	if (!isfinite(value)) {
		call_misreported(call, "%s: the value of %s is not a finite number", function,
		    name);
		return;
	}
	if (!check_timestamp(call, function, details->timestamp_ms,
	    details->timestamp_source) || !may_measure(call))
		return;
	metric = json_new_object();
	add_timestamp(metric, details->timestamp_ms, details->timestamp_source);
	json_add_string(metric, "name", name);
	json_add(metric, "metric", labels_json(details->labels));
	json_add(metric, "value", json_double(value));
	json_append(call->metrics, metric);
	call_has_told(call);
}

void
ak_metric(struct ak_call *call, const char *name, double value,
    const struct ak_label *labels)
{
	const struct ak_metric_details details = { .labels = labels };

	add_metric(call, name, value, &details, __func__);
}

void
ak_metric_as(struct ak_call *call, const char *name, double value,
    const struct ak_metric_details *details)
{
	const struct ak_metric_details plain = { .labels = NULL };

	add_metric(call, name, value, details == NULL ? &plain : details, __func__);
}

/* Cuts it after as many characters as it may have. It is UTF-8. */
static void
cut_summary(const struct ak_call *call, char *text)
{
	size_t length = strlen(text), at = 0, left = SUMMARY_CHARACTERS_MAX;

	while (at < length && left-- > 0)
		at += utf8_character(text + at, length - at);
	if (at < length)
		call_warn(call, "it has a summary of %zu characters: it is cut after %d",
		    utf8_count(text), SUMMARY_CHARACTERS_MAX);
	text[at] = '\0';
}

void
ak_summary(struct ak_call *call, enum ak_level level, const char *format, ...)
{
	va_list arguments;
	char *text;

	if (level != AK_INFO && level != AK_WARN) {
		call_misreported(call, "ak_summary: the level must be AK_INFO or AK_WARN");
		return;
	}
	va_start(arguments, format);
	text = call_format(format, arguments);
	va_end(arguments);
	cut_summary(call, text);
	json_object_put(call->summary);
	call->summary = json_new_object();
	json_add_string(call->summary, "text", text);
	json_add_string(call->summary, "level", level == AK_INFO ? "info" : "warning");
	call_has_told(call);
	free(text);
}
