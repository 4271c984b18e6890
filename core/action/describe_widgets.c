/*
 * describe_widgets.c: tells how an action's results are shown, as the five kinds of Widget.
 */
#include "config.h"

#include "core/action/description_internal.h"

#define LINE_CHART "com.steadybit.widget.line_chart"

static const char *const mode_names[] = {
	[AK_CHART_SELECT] = LINE_CHART ".identity_mode.select",
	[AK_CHART_PER_VALUE] = LINE_CHART ".identity_mode.widget-per-value",
};

static const char *const match_names[] = {
	[AK_MATCH_FALLBACK] = LINE_CHART ".group_matcher_fallback",
	[AK_MATCH_EQUALS] = LINE_CHART ".group_matcher_key_equals_value",
	[AK_MATCH_NOT_EMPTY] = LINE_CHART ".group_matcher_not_empty",
};

/* Most configurations are an object with one member. */
static void
add_from(struct json_object *object, const char *name, const char *from)
{
	struct json_object *json;

	if (from == NULL)
		return;
	json = json_new_object();
	json_add_string(json, "from", from);
	json_add(object, name, json);
}

static void
add_state_over_time(struct json_object *object, const struct ak_widget *widget)
{
	const struct ak_state_over_time *chart = &widget->state_over_time;
	struct json_object *value;

	add_from(object, "identity", chart->identity);
	add_from(object, "label", chart->label);
	add_from(object, "tooltip", chart->tooltip);
	add_from(object, "url", chart->url);
	add_from(object, "state", chart->state);
	if (chart->hide_value) {
		value = json_new_object();
		json_add_bool(value, "hide", true);
		json_add(object, "value", value);
	}
}

static void
add_log(struct json_object *object, const struct ak_widget *widget)
{
	json_add_string(object, "logType", widget->log.log_type);
}

static void
add_markdown(struct json_object *object, const struct ak_widget *widget)
{
	json_add_string(object, "messageType", widget->markdown.message_type);
	json_add_bool(object, "append", widget->markdown.append);
}

static void
add_predefined(struct json_object *object, const struct ak_widget *widget)
{
	json_add_string(object, "predefinedWidgetId", widget->predefined.id);
}

static struct json_object *
group_json(const struct ak_chart_group *group)
{
	struct json_object *object = json_new_object(), *matcher = json_new_object();

	json_add_string(matcher, "type", match_names[group->match]);
	json_add_string(matcher, "key", group->key);
	json_add_string(matcher, "value", group->value);
	json_add_string(object, "title", group->title);
	json_add_string(object, "color", group->color);
	json_add(object, "matcher", matcher);
	return object;
}

static void
add_grouping(struct json_object *object, const struct ak_line_chart *chart)
{
	const struct ak_chart_group *group = chart->groups;
	struct json_object *grouping, *groups;

	if (group == NULL)
		return;
	grouping = json_new_object();
	groups = json_new_array();
	for (; group->title != NULL; group++)
		json_append(groups, group_json(group));
	if (chart->show_summary)
		json_add_bool(grouping, "showSummary", true);
	json_add(grouping, "groups", groups);
	json_add(object, "grouping", grouping);
}

static void
add_tooltip(struct json_object *object, const struct ak_line_chart *chart)
{
	const struct ak_chart_content *content = chart->content;
	struct json_object *tooltip, *array, *json;

	if (content == NULL && chart->value_title == NULL && chart->value_unit == NULL)
		return;
	tooltip = json_new_object();
	array = json_new_array();
	for (; content != NULL && content->title != NULL; content++) {
		json = json_new_object();
		json_add_string(json, "title", content->title);
		json_add_string(json, "from", content->from);
		json_add_string(json, "unit", content->unit);
		json_append(array, json);
	}
	json_add_string(tooltip, "metricValueTitle", chart->value_title);
	json_add_string(tooltip, "metricValueUnit", chart->value_unit);
	json_add(tooltip, "additionalContent", array);
	json_add(object, "tooltip", tooltip);
}

static void
add_line_chart(struct json_object *object, const struct ak_widget *widget)
{
	const struct ak_line_chart *chart = &widget->line_chart;
	struct json_object *identity = json_new_object();

	json_add_string(identity, "metricName", chart->metric);
	json_add_string(identity, "from", chart->from);
	json_add_string(identity, "mode", mode_names[chart->mode]);
	json_add(object, "identity", identity);
	add_grouping(object, chart);
	add_tooltip(object, chart);
}

static const struct {
	const char *name;
	void (*add)(struct json_object *object, const struct ak_widget *widget);
} types[] = {
	[AK_WIDGET_STATE_OVER_TIME] = { "com.steadybit.widget.state_over_time",
	    add_state_over_time },
	[AK_WIDGET_LOG] = { "com.steadybit.widget.log", add_log },
	[AK_WIDGET_MARKDOWN] = { "com.steadybit.widget.markdown", add_markdown },
	[AK_WIDGET_PREDEFINED] = { "com.steadybit.widget.predefined", add_predefined },
	[AK_WIDGET_LINE_CHART] = { LINE_CHART, add_line_chart },
};

struct json_object *
description_widgets(const struct ak_widget *widget)
{
	struct json_object *array = json_new_array(), *object;

	for (; widget->type != 0; widget++) {
		object = json_new_object();
		json_add_string(object, "type", types[widget->type].name);
		json_add_string(object, "title", widget->title);
		types[widget->type].add(object, widget);
		json_append(array, object);
	}
	return array;
}
