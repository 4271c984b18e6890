/*
 * described.h: what is read out of an ActionDescription for people, in every form of
 * `actionkit describe`.
 */
#ifndef CLI_DESCRIBED_H
#define CLI_DESCRIBED_H

#include "core/base/json.h"

/* The kind of a widget without what all have in common: "line_chart". Borrowed. */
const char *described_widget_kind(struct json_object *widget);

/*
 * What a widget shows: the name of a metric, the type of messages, the id of one that the platform
 * knows. Borrowed; NULL: all metrics.
 */
const char *described_widget_source(struct json_object *widget);

#endif
