/*
 * verify_widgets.c: checks a table of widgets.
 */
#include "config.h"

#include <stdint.h>

#include "core/action/verify_mistakes.h"
#include "core/action/verify_parts.h"

/* Limits of the schema; text is counted in characters. */
#define TITLE_CHARACTERS_MAX 128
#define TYPE_CHARACTERS_MAX 128
#define PREDEFINED_CHARACTERS_MAX 128

static void
check_state_over_time(struct verify *verify, const struct ak_widget *widget)
{
	const struct ak_state_over_time *chart = &widget->state_over_time;

	verify_text(verify, "identity", chart->identity, true, SIZE_MAX);
	verify_text(verify, "label", chart->label, true, SIZE_MAX);
	verify_text(verify, "tooltip", chart->tooltip, true, SIZE_MAX);
	verify_text(verify, "state", chart->state, true, SIZE_MAX);
	verify_text(verify, "url", chart->url, false, SIZE_MAX);
}

static bool
has_state_over_time(const struct ak_widget *widget)
{
	const struct ak_state_over_time *chart = &widget->state_over_time;

	return chart->identity != NULL || chart->label != NULL ||
	    chart->tooltip != NULL || chart->state != NULL || chart->url != NULL ||
	    chart->hide_value;
}

static void
check_log(struct verify *verify, const struct ak_widget *widget)
{
	verify_text(verify, "log_type", widget->log.log_type, true, TYPE_CHARACTERS_MAX);
}

static bool
has_log(const struct ak_widget *widget)
{
	return widget->log.log_type != NULL;
}

static void
check_markdown(struct verify *verify, const struct ak_widget *widget)
{
	verify_text(verify, "message_type", widget->markdown.message_type, true,
	    TYPE_CHARACTERS_MAX);
}

static bool
has_markdown(const struct ak_widget *widget)
{
	return widget->markdown.message_type != NULL || widget->markdown.append;
}

static void
check_predefined(struct verify *verify, const struct ak_widget *widget)
{
	verify_text(verify, "id", widget->predefined.id, true, PREDEFINED_CHARACTERS_MAX);
}

static bool
has_predefined(const struct ak_widget *widget)
{
	return widget->predefined.id != NULL;
}

static bool
is_group_end(const struct ak_chart_group *group)
{
	return group->title == NULL && group->color == NULL && group->match == 0 &&
	    group->key == NULL && group->value == NULL;
}

static void
check_group(struct verify *verify, const struct ak_chart_group *group)
{
	verify_text(verify, "title", group->title, true, SIZE_MAX);
	verify_text(verify, "color", group->color, true, SIZE_MAX);
	if (group->match == 0)
		verify_mistake(verify, "match is missing");
	verify_enum(verify, "match", (int)group->match, AK_MATCH_NOT_EMPTY);
	if (group->match == AK_MATCH_EQUALS || group->match == AK_MATCH_NOT_EMPTY)
		verify_text(verify, "key", group->key, true, SIZE_MAX);
	else if (group->key != NULL)
		verify_mistake(verify, "key does not go with its match");
	/* An empty value is one that a label can have. */
	if (group->match == AK_MATCH_EQUALS && group->value == NULL)
		verify_mistake(verify, "value is missing");
	else if (group->match == AK_MATCH_EQUALS)
		verify_text(verify, "value", group->value, false, SIZE_MAX);
	else if (group->value != NULL)
		verify_mistake(verify, "value does not go with its match");
}

static bool
is_content_end(const struct ak_chart_content *content)
{
	return content->title == NULL && content->from == NULL && content->unit == NULL;
}

static void
check_line_chart(struct verify *verify, const struct ak_widget *widget)
{
	const struct ak_line_chart *chart = &widget->line_chart;
	const struct ak_chart_group *group = chart->groups;
	const struct ak_chart_content *content = chart->content;
	size_t outer;

	verify_text(verify, "metric", chart->metric, true, SIZE_MAX);
	verify_text(verify, "from", chart->from, true, SIZE_MAX);
	if (chart->mode == 0)
		verify_mistake(verify, "mode is missing");
	verify_enum(verify, "mode", (int)chart->mode, AK_CHART_PER_VALUE);
	for (; group != NULL && !is_group_end(group); group++) {
		if (!VERIFY_IS_ROW(verify, group - chart->groups, "a group",
		    "AK_CHART_GROUPS_END", group->title, group->color, group->key,
		    group->value))
			return;
		outer = verify_enter(verify, "group %zu",
		    (size_t)(group - chart->groups) + 1);
		check_group(verify, group);
		verify_leave(verify, outer);
	}
	if (chart->show_summary && chart->groups == NULL)
		verify_mistake(verify, "show_summary needs groups");
	verify_text(verify, "value_title", chart->value_title, false, SIZE_MAX);
	verify_text(verify, "value_unit", chart->value_unit, false, SIZE_MAX);
	for (; content != NULL && !is_content_end(content); content++) {
		if (!VERIFY_IS_ROW(verify, content - chart->content, "a content",
		    "AK_CHART_CONTENT_END", content->title, content->from, content->unit))
			return;
		outer = verify_enter(verify, "content %zu",
		    (size_t)(content - chart->content) + 1);
		verify_text(verify, "title", content->title, true, SIZE_MAX);
		verify_text(verify, "from", content->from, true, SIZE_MAX);
		verify_text(verify, "unit", content->unit, false, SIZE_MAX);
		verify_leave(verify, outer);
	}
}

static bool
has_line_chart(const struct ak_widget *widget)
{
	const struct ak_line_chart *chart = &widget->line_chart;

	return chart->metric != NULL || chart->from != NULL || chart->mode != 0 ||
	    chart->groups != NULL || chart->show_summary || chart->value_title != NULL ||
	    chart->value_unit != NULL || chart->content != NULL;
}

static const struct {
	const char *member;
	void (*check)(struct verify *verify, const struct ak_widget *widget);
	bool (*has)(const struct ak_widget *widget);
} types[] = {
	[AK_WIDGET_STATE_OVER_TIME] = { "state_over_time", check_state_over_time,
	    has_state_over_time },
	[AK_WIDGET_LOG] = { "log", check_log, has_log },
	[AK_WIDGET_MARKDOWN] = { "markdown", check_markdown, has_markdown },
	[AK_WIDGET_PREDEFINED] = { "predefined", check_predefined, has_predefined },
	[AK_WIDGET_LINE_CHART] = { "line_chart", check_line_chart, has_line_chart },
};

#define TYPES (sizeof(types) / sizeof(types[0]))

static bool
has_any(const struct ak_widget *widget)
{
	size_t type;

	for (type = 1; type < TYPES; type++)
		if (types[type].has(widget))
			return true;
	return widget->title != NULL;
}

static void
check_widget(struct verify *verify, const struct ak_widget *widget)
{
	size_t type, outer;

	if (widget->type == 0) {
		verify_mistake(verify, "type is missing");
		return;
	}
	if (!verify_enum(verify, "type", (int)widget->type, AK_WIDGET_LINE_CHART))
		return;
	if (widget->type != AK_WIDGET_PREDEFINED)
		verify_text(verify, "title", widget->title, true, TITLE_CHARACTERS_MAX);
	else if (widget->title != NULL)
		verify_mistake(verify, "a predefined widget has no title");
	for (type = 1; type < TYPES; type++)
		if (type != (size_t)widget->type && types[type].has(widget))
			verify_mistake(verify, "%s does not go with its type",
			    types[type].member);
	outer = verify_enter(verify, "%s", types[widget->type].member);
	types[widget->type].check(verify, widget);
	verify_leave(verify, outer);
}

static bool
is_row(struct verify *verify, const struct ak_widget *table, const struct ak_widget *widget)
{
	return VERIFY_IS_ROW(verify, widget - table, "a widget", "AK_WIDGETS_END", widget->title,
	    widget->state_over_time.identity, widget->state_over_time.label,
	    widget->state_over_time.tooltip, widget->state_over_time.state,
	    widget->state_over_time.url, widget->log.log_type, widget->markdown.message_type,
	    widget->predefined.id, widget->line_chart.metric, widget->line_chart.from,
	    widget->line_chart.groups, widget->line_chart.value_title,
	    widget->line_chart.value_unit, widget->line_chart.content);
}

void
verify_widgets(struct verify *verify, const struct ak_widget *table)
{
	const struct ak_widget *widget;
	size_t outer;

	/* A row whose type was forgotten is not the end of the table. */
	for (widget = table; widget != NULL && (widget->type != 0 || has_any(widget));
	    widget++) {
		if (!is_row(verify, table, widget))
			return;
		outer = verify_enter(verify, "widget %zu", (size_t)(widget - table) + 1);
		check_widget(verify, widget);
		verify_leave(verify, outer);
	}
}
