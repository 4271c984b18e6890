/*
 * described.c: what is read out of an ActionDescription for people.
 */
#include "config.h"

#include "cli/described.h"

#include <string.h>

const char *
described_widget_kind(struct json_object *widget)
{
	const char *type = json_member_string(widget, "type");
	const char *dot = type == NULL ? NULL : strrchr(type, '.');

	return dot == NULL ? type : dot + 1;
}

const char *
described_widget_source(struct json_object *widget)
{
	static const char *const names[] = { "logType", "messageType", "predefinedWidgetId" };
	const char *source;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		source = json_member_string(widget, names[i]);
		if (source != NULL)
			return source;
	}
	return json_member_string(json_member(widget, "identity"), "metricName");
}
