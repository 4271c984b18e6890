/*
 * test_description.c: what an action is said to be, with all that is filled in.
 */
#include "config.h"

#include "core/action/description.h"

#include "core/action/registry.h"
#include "tests/unit/unit.h"

static int
handler(struct ak_call *call, void *state)
{
	(void)call;
	(void)state;
	return 0;
}

static struct ak_action
least(void)
{
	return (struct ak_action){
		.id = "x", .label = "X", .version = "1", .description = "Does x.",
		.kind = AK_OTHER, .time_control = AK_INSTANTANEOUS, .start = handler
	};
}

static void
described(const struct ak_action *action, const char *base_path, const char *text)
{
	struct json_object *json = description_json(action, base_path);

	ck_assert_str_eq(json_text(json, NULL), text);
	json_object_put(json);
}

#define HEAD \
	"{\"id\":\"x\",\"label\":\"X\",\"version\":\"1\",\"description\":\"Does x.\","

START_TEST(test_least)
{
	struct ak_action action = least();

	described(&action, "", HEAD
	    "\"kind\":\"other\",\"timeControl\":\"instantaneous\",\"parameters\":[],"
	    "\"prepare\":{\"method\":\"POST\",\"path\":\"/x/prepare\"},"
	    "\"start\":{\"method\":\"POST\",\"path\":\"/x/start\"}}");
}
END_TEST

START_TEST(test_everything)
{
	static const struct ak_option options[] = {
		{ "A", "a" }, { "None", "" }, AK_OPTIONS_END
	};
	static const struct ak_parameter parameters[] = {
		{ .name = "duration", .label = "D", .description = "How long.",
		  .type = AK_DURATION, .required = true, .default_value = "30s",
		  .min = AK_LIMIT(0), .max = AK_LIMIT(60000) },
		{ .name = "mode", .label = "M", .type = AK_STRING, .advanced = true,
		  .options = options },
		{ .name = "tags", .label = "T", .type = AK_STRING_ARRAY, .options = options,
		  .options_open = true },
		{ .name = "line", .label = "-", .type = AK_SEPARATOR },
		AK_PARAMETERS_END
	};
	static const struct ak_metrics metrics = {
		.endpoint = { "PUT", "/ask" }, .call_interval = "1m30s",
		.parameters = parameters + 3
	};
	struct ak_action action = least();

	action.icon = "data:,";
	action.technology = "Tech";
	action.category = "Cat";
	action.kind = AK_LOAD_TEST;
	action.time_control = AK_EXTERNAL;
	action.parameters = parameters;
	action.prepare_endpoint.path = "/get-ready";
	action.start_endpoint.method = "DELETE";
	action.status_endpoint = (struct ak_endpoint){ "PUT", "/look" };
	action.call_interval = "1.5s";
	action.metrics = &metrics;
	action.prepare = action.status = action.stop = action.query_metrics = handler;
	described(&action, "/chaos", HEAD
	    "\"icon\":\"data:,\",\"technology\":\"Tech\",\"category\":\"Cat\","
	    "\"kind\":\"load_test\",\"timeControl\":\"external\",\"parameters\":["
	    "{\"name\":\"duration\",\"label\":\"D\",\"description\":\"How long.\","
	    "\"type\":\"duration\",\"required\":true,\"defaultValue\":\"30s\","
	    "\"minValue\":0,\"maxValue\":60000},"
	    "{\"name\":\"mode\",\"label\":\"M\",\"type\":\"string\",\"advanced\":true,"
	    "\"options\":[{\"label\":\"A\",\"value\":\"a\"},"
	    "{\"label\":\"None\",\"value\":\"\"}]},"
	    "{\"name\":\"tags\",\"label\":\"T\",\"type\":\"string_array\","
	    "\"options\":[{\"label\":\"A\",\"value\":\"a\"},"
	    "{\"label\":\"None\",\"value\":\"\"}],\"optionsOnly\":false},"
	    "{\"name\":\"line\",\"label\":\"-\",\"type\":\"separator\"}],"
	    "\"metrics\":{\"query\":{\"endpoint\":{\"method\":\"PUT\","
	    "\"path\":\"/chaos/ask\",\"callInterval\":\"90s\"},\"parameters\":["
	    "{\"name\":\"line\",\"label\":\"-\",\"type\":\"separator\"}]}},"
	    "\"prepare\":{\"method\":\"POST\",\"path\":\"/chaos/get-ready\"},"
	    "\"start\":{\"method\":\"DELETE\",\"path\":\"/chaos/x/start\"},"
	    "\"status\":{\"method\":\"PUT\",\"path\":\"/chaos/look\","
	    "\"callInterval\":\"1500ms\"},"
	    "\"stop\":{\"method\":\"POST\",\"path\":\"/chaos/x/stop\"}}");
}
END_TEST

START_TEST(test_parameter_members)
{
	static const struct ak_option options[] = { { "A", "a" }, AK_OPTIONS_END };
	static const char *const attributes[] = { "host.hostname", "k8s.pod", NULL };
	static const char *const types[] = { ".json", "text/csv", NULL };
	static const struct ak_parameter parameters[] = {
		{ .name = "a", .label = "A", .type = AK_STRING, .options = options,
		  .option_attributes = attributes, .max_length = 7, .order = AK_LIMIT(0),
		  .hint = { AK_HINT_WARNING, "Mind." }, .deprecated = true,
		  .deprecation_message = "Use b." },
		{ .name = "b", .label = "B", .type = AK_STRING,
		  .option_attributes = attributes + 1, .options_open = true },
		{ .name = "c", .label = "C", .type = AK_DURATION,
		  .duration_units = AK_DAYS | AK_MILLISECONDS | AK_MINUTES | AK_SECONDS |
		  AK_HOURS },
		{ .name = "d", .label = "D", .type = AK_STRING,
		  .accepted_file_types = types },
		AK_PARAMETERS_END
	};
	struct ak_action action = least();

	action.parameters = parameters;
	described(&action, "", HEAD
	    "\"kind\":\"other\",\"timeControl\":\"instantaneous\",\"parameters\":["
	    "{\"name\":\"a\",\"label\":\"A\",\"type\":\"string\",\"order\":0,"
	    "\"options\":[{\"label\":\"A\",\"value\":\"a\"},"
	    "{\"attribute\":\"host.hostname\"},{\"attribute\":\"k8s.pod\"}],"
	    "\"hint\":{\"type\":\"hint_warning\",\"content\":\"Mind.\"},"
	    "\"deprecated\":true,\"deprecationMessage\":\"Use b.\"},"
	    "{\"name\":\"b\",\"label\":\"B\",\"type\":\"string\","
	    "\"options\":[{\"attribute\":\"k8s.pod\"}],\"optionsOnly\":false},"
	    "{\"name\":\"c\",\"label\":\"C\",\"type\":\"duration\",\"durationUnits\":["
	    "\"milliseconds\",\"seconds\",\"minutes\",\"hours\",\"days\"]},"
	    "{\"name\":\"d\",\"label\":\"D\",\"type\":\"string\","
	    "\"acceptedFileTypes\":[\".json\",\"text/csv\"]}],"
	    "\"prepare\":{\"method\":\"POST\",\"path\":\"/x/prepare\"},"
	    "\"start\":{\"method\":\"POST\",\"path\":\"/x/start\"}}");
}
END_TEST

/* One member of a description. */
static void
member_is(const struct ak_action *action, const char *name, const char *text)
{
	struct json_object *json = description_json(action, "");

	ck_assert_str_eq(json_text(json_member(json, name), NULL), text);
	json_object_put(json);
}

START_TEST(test_targets)
{
	static const struct ak_target_template templates[] = {
		{ "By name", "Chooses by name.", "host.hostname=\"\"" }, { "All", NULL, "*" },
		AK_TARGET_TEMPLATES_END
	};
	struct ak_target_selection selection = { .target_type = "host" };
	struct ak_action action = least();

	action.target_selection = &selection;
	member_is(&action, "targetSelection", "{\"targetType\":\"host\"}");
	selection.target_query = "a=\"b\"";
	selection.templates = templates;
	selection.quantity = AK_EXACTLY_ONE;
	selection.default_blast_radius = (struct ak_blast_radius){ AK_BLAST_MAXIMUM, 0 };
	selection.missing_query = AK_INCLUDE_ALL;
	member_is(&action, "targetSelection", "{\"targetType\":\"host\","
	    "\"targetQuery\":\"a=\\\"b\\\"\",\"selectionTemplates\":["
	    "{\"label\":\"By name\",\"description\":\"Chooses by name.\","
	    "\"query\":\"host.hostname=\\\"\\\"\"},{\"label\":\"All\",\"query\":\"*\"}],"
	    "\"quantityRestriction\":\"exactly_one\","
	    "\"defaultBlastRadius\":{\"mode\":\"maximum\",\"value\":0},"
	    "\"missingQuerySelection\":\"include_all\"}");
	selection = (struct ak_target_selection){ .target_type = "host",
	    .quantity = AK_ANY_NUMBER, .missing_query = AK_INCLUDE_NONE,
	    .default_blast_radius = { AK_BLAST_PERCENTAGE, 50 } };
	member_is(&action, "targetSelection", "{\"targetType\":\"host\","
	    "\"quantityRestriction\":\"none\","
	    "\"defaultBlastRadius\":{\"mode\":\"percentage\",\"value\":50},"
	    "\"missingQuerySelection\":\"include_none\"}");
	action.target_type = "pod";
	action.target_templates = templates + 1;
	action.flags = AK_DISABLE_HEARTBEAT;
	action.hint = (struct ak_hint){ AK_HINT_INFO, "Hi" };
	member_is(&action, "targetType", "\"pod\"");
	member_is(&action, "targetSelectionTemplates", "[{\"label\":\"All\",\"query\":\"*\"}]");
	member_is(&action, "additionalFlags", "[\"DISABLE_HEARTBEAT\"]");
	member_is(&action, "hint", "{\"type\":\"hint_info\",\"content\":\"Hi\"}");
}
END_TEST

#define LINE_CHART "com.steadybit.widget.line_chart"

START_TEST(test_widgets)
{
	static const struct ak_chart_group groups[] = {
		{ "Low", "success", AK_MATCH_EQUALS, "level", "low" },
		{ "Some", "info", AK_MATCH_NOT_EMPTY, "level", NULL },
		{ "Rest", "warn", AK_MATCH_FALLBACK, NULL, NULL }, AK_CHART_GROUPS_END
	};
	static const struct ak_chart_content content[] = {
		{ "Host", "host", NULL }, { "Took", "took", "ms" }, AK_CHART_CONTENT_END
	};
	static const struct ak_widget widgets[] = {
		{ .type = AK_WIDGET_STATE_OVER_TIME, .title = "S", .state_over_time = {
		  .identity = "id", .label = "name", .tooltip = "tip", .state = "state",
		  .url = "url", .hide_value = true } },
		{ .type = AK_WIDGET_LOG, .title = "L", .log = { "LOG" } },
		{ .type = AK_WIDGET_MARKDOWN, .title = "M", .markdown = { "MD", false } },
		{ .type = AK_WIDGET_PREDEFINED, .predefined = { "known" } },
		{ .type = AK_WIDGET_LINE_CHART, .title = "C", .line_chart = {
		  .metric = "m", .from = "id", .mode = AK_CHART_PER_VALUE, .groups = groups,
		  .show_summary = true, .value_title = "T", .value_unit = "%",
		  .content = content } },
		{ .type = AK_WIDGET_LINE_CHART, .title = "D", .line_chart = {
		  .metric = "m", .from = "id", .mode = AK_CHART_SELECT } },
		{ .type = AK_WIDGET_LINE_CHART, .title = "E", .line_chart = {
		  .metric = "m", .from = "id", .mode = AK_CHART_SELECT, .value_unit = "s" } },
		AK_WIDGETS_END
	};
	struct ak_action action = least();

	action.widgets = widgets;
	member_is(&action, "widgets", "["
	    "{\"type\":\"com.steadybit.widget.state_over_time\",\"title\":\"S\","
	    "\"identity\":{\"from\":\"id\"},\"label\":{\"from\":\"name\"},"
	    "\"tooltip\":{\"from\":\"tip\"},\"url\":{\"from\":\"url\"},"
	    "\"state\":{\"from\":\"state\"},\"value\":{\"hide\":true}},"
	    "{\"type\":\"com.steadybit.widget.log\",\"title\":\"L\",\"logType\":\"LOG\"},"
	    "{\"type\":\"com.steadybit.widget.markdown\",\"title\":\"M\","
	    "\"messageType\":\"MD\",\"append\":false},"
	    "{\"type\":\"com.steadybit.widget.predefined\","
	    "\"predefinedWidgetId\":\"known\"},"
	    "{\"type\":\"" LINE_CHART "\",\"title\":\"C\",\"identity\":{"
	    "\"metricName\":\"m\",\"from\":\"id\",\"mode\":\"" LINE_CHART
	    ".identity_mode.widget-per-value\"},\"grouping\":{\"showSummary\":true,"
	    "\"groups\":[{\"title\":\"Low\",\"color\":\"success\",\"matcher\":{"
	    "\"type\":\"" LINE_CHART ".group_matcher_key_equals_value\","
	    "\"key\":\"level\",\"value\":\"low\"}},"
	    "{\"title\":\"Some\",\"color\":\"info\",\"matcher\":{\"type\":\"" LINE_CHART
	    ".group_matcher_not_empty\",\"key\":\"level\"}},"
	    "{\"title\":\"Rest\",\"color\":\"warn\",\"matcher\":{\"type\":\"" LINE_CHART
	    ".group_matcher_fallback\"}}]},\"tooltip\":{\"metricValueTitle\":\"T\","
	    "\"metricValueUnit\":\"%\",\"additionalContent\":["
	    "{\"title\":\"Host\",\"from\":\"host\"},"
	    "{\"title\":\"Took\",\"from\":\"took\",\"unit\":\"ms\"}]}},"
	    "{\"type\":\"" LINE_CHART "\",\"title\":\"D\",\"identity\":{"
	    "\"metricName\":\"m\",\"from\":\"id\",\"mode\":\"" LINE_CHART
	    ".identity_mode.select\"}},"
	    "{\"type\":\"" LINE_CHART "\",\"title\":\"E\",\"identity\":{"
	    "\"metricName\":\"m\",\"from\":\"id\",\"mode\":\"" LINE_CHART
	    ".identity_mode.select\"},\"tooltip\":{\"metricValueUnit\":\"s\","
	    "\"additionalContent\":[]}}]");
}
END_TEST

START_TEST(test_query)
{
	static const struct ak_metrics metrics;
	struct ak_action action = least();
	char path[DESCRIPTION_PATH_BYTES];
	const char *method;

	action.kind = AK_CHECK;
	action.metrics = &metrics;
	action.query_metrics = handler;
	described(&action, "", HEAD
	    "\"kind\":\"check\",\"timeControl\":\"instantaneous\",\"parameters\":[],"
	    "\"metrics\":{\"query\":{\"endpoint\":{\"method\":\"POST\","
	    "\"path\":\"/x/query\"},\"parameters\":[]}},"
	    "\"prepare\":{\"method\":\"POST\",\"path\":\"/x/prepare\"},"
	    "\"start\":{\"method\":\"POST\",\"path\":\"/x/start\"}}");
	description_endpoint(&action, VERB_QUERY, &method, path);
	ck_assert_str_eq(method, "POST");
	ck_assert_str_eq(path, "/x/query");
}
END_TEST

START_TEST(test_verbs)
{
	struct ak_action action = least();

	ck_assert(description_has(&action, VERB_PREPARE));
	ck_assert(description_has(&action, VERB_START));
	ck_assert(!description_has(&action, VERB_STATUS));
	ck_assert(!description_has(&action, VERB_STOP));
	ck_assert(!description_has(&action, VERB_QUERY));
	action.stop = handler;
	ck_assert(description_has(&action, VERB_STOP));
	ck_assert(description_has(&action, VERB_STATUS));
	ck_assert_int_eq(description_call_interval(&action), 15000);
	action.stop = NULL;
	action.status = handler;
	ck_assert(!description_has(&action, VERB_STOP));
	ck_assert(description_has(&action, VERB_STATUS));
	ck_assert_int_eq(description_call_interval(&action), 5000);
	action.call_interval = "1m30s";
	ck_assert_int_eq(description_call_interval(&action), 90000);

	ck_assert_str_eq(verb_name(VERB_PREPARE), "prepare");
	ck_assert_str_eq(verb_name(VERB_QUERY), "query");
}
END_TEST

/* The status endpoint that is there for the heartbeat only. */
START_TEST(test_added_status)
{
	struct ak_action action = least();
	struct json_object *json, *status;

	action.stop = handler;
	json = description_json(&action, "");
	status = json_member(json, "status");
	ck_assert_str_eq(json_member_string(status, "path"), "/x/status");
	ck_assert_str_eq(json_member_string(status, "callInterval"), "15s");
	json_object_put(json);
}
END_TEST

static void
listed(const char *base_path, const char *text)
{
	struct json_object *json = description_list(base_path);

	ck_assert_str_eq(json_text(json, NULL), text);
	json_object_put(json);
}

START_TEST(test_list)
{
	struct ak_action first = least(), second = least();

	listed("", "{\"actions\":[]}");
	second.id = "org.example.y";
	ck_assert_int_eq(ak_register(&first), 0);
	ck_assert_int_eq(ak_register(&second), 0);
	listed("/chaos", "{\"actions\":[{\"method\":\"GET\",\"path\":\"/chaos/x\"},"
	    "{\"method\":\"GET\",\"path\":\"/chaos/org.example.y\"}]}");
	ck_assert_int_eq(registry_enable("z"), -1);
	ck_assert(registry_enabled(&first));
	ck_assert_int_eq(registry_enable("org.example.y"), 0);
	listed("", "{\"actions\":[{\"method\":\"GET\",\"path\":\"/org.example.y\"}]}");

	/* What is not offered is still known. */
	ck_assert(!registry_enabled(&first));
	ck_assert(registry_enabled(&second));
	ck_assert_uint_eq(registry_count(), 2);
	ck_assert_ptr_eq(registry_at(0), &first);
	ck_assert_ptr_eq(registry_find("x"), &first);
	ck_assert_ptr_null(registry_find("z"));

	ak_registry_clear();
	ck_assert_uint_eq(registry_count(), 0);
	ck_assert_ptr_null(registry_find("x"));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		test_least, test_everything, test_parameter_members, test_targets,
		test_widgets, test_query, test_verbs, test_added_status,
		test_list, NULL
	};

	return unit_main("description", NULL, tests);
}
