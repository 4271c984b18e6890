/*
 * everything.c: an action that sets every field and adds every result that there is, so that
 * the tests can hold all of it against the schema. It changes nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <actionkit.h>

#define TEXT_BYTES 64
#define JSON_BYTES 256
#define ITEMS_MAX 4
#define ITEM_BYTES 16

extern const struct ak_action action_everything;

struct everything_inner {
	int64_t number;
	AK_TEXT_LIST(ITEMS_MAX, ITEM_BYTES) items;
};

struct everything_state {
	int64_t number;
	bool flag;
	double ratio;
	char trouble[TEXT_BYTES];
	AK_TEXT_LIST(ITEMS_MAX, ITEM_BYTES) list;
	struct everything_inner inner;
	char json[JSON_BYTES];
	int64_t version;		/* of the state that the last handler got */
};

static const struct ak_field inner_fields[] = {
	AK_INT(struct everything_inner, number),
	AK_LIST(struct everything_inner, items),
	AK_FIELDS_END
};

static const struct ak_field everything_fields[] = {
	AK_INT(struct everything_state, number),
	AK_BOOL(struct everything_state, flag),
	AK_DOUBLE(struct everything_state, ratio),
	AK_TEXT(struct everything_state, trouble),
	AK_LIST(struct everything_state, list),
	AK_STRUCT(struct everything_state, inner, inner_fields),
	AK_JSON(struct everything_state, json),
	AK_INT(struct everything_state, version),
	AK_FIELDS_END
};

static const struct ak_option options[] = {
	{ "A", "a" }, { "None", "" }, AK_OPTIONS_END
};
static const char *const attributes[] = { "host.hostname", "k8s.pod.name", NULL };
static const struct ak_option troubles[] = {
	{ "None", "none" }, { "prepare", "prepare" }, { "start", "start" },
	{ "status", "status" }, { "stop", "stop" }, { "query", "query" },
	{ "artifact", "artifact" }, AK_OPTIONS_END
};

/* Every member that goes with the type of the parameter, of each type. */
#define PARAMETER(name_, type_) \
	.name = name_, .label = "Label of " name_, \
	.description = "Description of " name_, .type = type_, .advanced = true, \
	.order = { true, __LINE__ }, .hint = { AK_HINT_INFO, "Hint of " name_ }

static const char *const file_types[] = { ".json", ".tar.gz", NULL };

static const struct ak_parameter everything_parameters[] = {
	{ PARAMETER("file", AK_FILE), .accepted_file_types = file_types },
	{ PARAMETER("duration", AK_DURATION), .required = true, .default_value = "1m30s",
	  .min = AK_LIMIT(0), .max = AK_LIMIT(3600000),
	  .duration_units = AK_MILLISECONDS | AK_SECONDS | AK_MINUTES | AK_HOURS | AK_DAYS },
	{ PARAMETER("string", AK_STRING), .default_value = "a", .options = options,
	  .option_attributes = attributes, .options_open = true, .max_length = 63 },
	{ PARAMETER("textarea", AK_TEXTAREA), .default_value = "a", .max_length = 63 },
	{ PARAMETER("url", AK_URL), .default_value = "http://a/", .max_length = 63 },
	{ PARAMETER("regex", AK_REGEX), .default_value = "^a+$", .max_length = 63 },
	{ PARAMETER("bitrate", AK_BITRATE), .default_value = "1024kbps" },
	{ PARAMETER("string_array", AK_STRING_ARRAY), .default_value = "[\"a\",\"\"]",
	  .options = options, .option_attributes = attributes, .max_length = 15,
	  .max_items = ITEMS_MAX },
	{ PARAMETER("integer", AK_INTEGER), .default_value = "-7", .min = AK_LIMIT(-9),
	  .max = AK_LIMIT(9) },
	{ PARAMETER("percentage", AK_PERCENTAGE), .default_value = "50%",
	  .min = AK_LIMIT(0), .max = AK_LIMIT(100) },
	{ PARAMETER("workers", AK_STRESSNG_WORKERS), .default_value = "0" },
	{ PARAMETER("boolean", AK_BOOLEAN), .default_value = "true" },
	{ PARAMETER("key_value", AK_KEY_VALUE),
	  .default_value = "[{\"key\":\"k\",\"value\":\"v\"}]", .max_items = 8,
	  .max_length = 15 },
	{ PARAMETER("separator", AK_SEPARATOR) },
	{ PARAMETER("header", AK_HEADER) },
	{ PARAMETER("targets", AK_TARGET_SELECTION) },
	{ PARAMETER("deprecated", AK_STRING), .deprecated = true,
	  .deprecation_message = "Use string." },
	{ .name = "trouble", .label = "Trouble", .type = AK_STRING,
	  .default_value = "none", .options = troubles,
	  .hint = { AK_HINT_WARNING, "It fails." } },
	AK_PARAMETERS_END
};

static const struct ak_target_template templates[] = {
	{ "By name", "Chooses by name.", "host.hostname=\"\"" },
	{ "All", NULL, "host.hostname=*" },
	AK_TARGET_TEMPLATES_END
};

static const struct ak_target_selection selection = {
	.target_type = "com.example.host",
	.target_query = "host.os=\"linux\"",
	.templates = templates,
	.quantity = AK_EXACTLY_ONE,
	.default_blast_radius = { AK_BLAST_MAXIMUM, 1 },
	.missing_query = AK_INCLUDE_ALL,
};

static const struct ak_chart_group groups[] = {
	{ "Equal", "success", AK_MATCH_EQUALS, "key", "value" },
	{ "Not empty", "info", AK_MATCH_NOT_EMPTY, "key", NULL },
	{ "Rest", "warn", AK_MATCH_FALLBACK, NULL, NULL },
	AK_CHART_GROUPS_END
};
static const struct ak_chart_content content[] = {
	{ "Host", "host", NULL }, { "Took", "took", "ms" }, AK_CHART_CONTENT_END
};

static const struct ak_widget widgets[] = {
	{ .type = AK_WIDGET_STATE_OVER_TIME, .title = "State", .state_over_time = {
	  "id", "label", "tooltip", "state", "url", true } },
	{ .type = AK_WIDGET_LOG, .title = "Log", .log = { "LOG" } },
	{ .type = AK_WIDGET_MARKDOWN, .title = "Markdown", .markdown = { "MD", true } },
	{ .type = AK_WIDGET_PREDEFINED, .predefined = { "com.example.widget" } },
	{ .type = AK_WIDGET_LINE_CHART, .title = "Chart", .line_chart = { "metric", "id",
	  AK_CHART_PER_VALUE, groups, true, "Title", "unit", content } },
	{ .type = AK_WIDGET_LINE_CHART, .title = "Least", .line_chart = { "metric", "id",
	  AK_CHART_SELECT, NULL, false, NULL, NULL, NULL } },
	AK_WIDGETS_END
};

static const struct ak_metrics metrics = {
	.endpoint = { "PUT", "/everything/metrics" },
	.call_interval = "1s",
	.parameters = everything_parameters + 1,	/* without the file */
};

static int
fail(struct ak_call *call, const char *where)
{
	const struct ak_error_details details = {
		.status = AK_FAILED, .type = "https://example.org/trouble",
		.detail = "as it was told", .instance = "urn:example:trouble"
	};

	return ak_error_as(call, &details, "%s failed", where);
}

/* Adds everything that a reply of the handler may have. */
static int
tell(struct ak_call *call, const char *where, bool query)
{
	const struct ak_label labels[] = {
		{ "id", "1" }, { "where", where }, AK_LABELS_END
	};
	const struct ak_message_details message = {
		.level = AK_ERROR, .type = "LOG", .fields = labels,
		.timestamp_ms = 946684800000, .timestamp_source = AK_TIMESTAMP_EXTERNAL
	};
	const struct ak_metric_details metric = {
		.labels = labels, .timestamp_ms = 946684800001,
		.timestamp_source = AK_TIMESTAMP_EXTENSION
	};
	enum ak_level level;

	for (level = AK_DEBUG; level <= AK_ERROR; level++)
		ak_message(call, level, "Level %d", (int)level);
	ak_message_as(call, &message, "in %s", where);
	ak_metric(call, "metric", -1.5, labels);
	ak_metric_as(call, "metric", 1e100, &metric);
	if (ak_artifact(call, "bytes.bin", "\xff\x00\xfe", 3) == -1 ||
	    ak_artifact(call, "empty", "", 0) == -1 ||
	    ak_artifact_file(call, "version.txt", "/proc/version") == -1)
		return -1;
	if (query)
		return 0;
	ak_summary(call, AK_WARN, "Summary of %s", where);
	if (ak_modify_string(call, AK_SET_PROPERTY, "string", where) == -1 ||
	    ak_modify_integer(call, AK_ADD_TO_PROPERTY, "integer", -1) == -1 ||
	    ak_modify_double(call, AK_SET_PROPERTY, "double", 0.5) == -1 ||
	    ak_modify_boolean(call, AK_ADD_TO_PROPERTY, "boolean", false) == -1)
		return -1;
	return ak_modify_json(call, AK_SET_PROPERTY, "json", "{\"a\":[1,null]}");
}

static int
say(struct ak_call *call, const char *key, const char *text)
{
	return ak_modify_string(call, AK_SET_PROPERTY, key, text == NULL ? "-" : text);
}

/* Tells what the request says as modifications, for the tests to look at. */
static int
tell_request(struct ak_call *call)
{
	struct ak_restricted_endpoint endpoint;
	size_t i;

	/* The last one is nginx itself, which the server has added. */
	for (i = 0; ak_restricted_endpoint_at(call, i + 1, &endpoint) &&
	    ak_restricted_endpoint_at(call, i, &endpoint); i++)
		if (say(call, "endpoint.name", endpoint.name) == -1 ||
		    say(call, "endpoint.url", endpoint.url) == -1 ||
		    say(call, "endpoint.cidr", endpoint.cidr) == -1 ||
		    ak_modify_integer(call, AK_SET_PROPERTY, "endpoint.ports",
		    endpoint.port_max - endpoint.port_min) == -1)
			return -1;
	if (say(call, "experimentKey", ak_experiment_key(call)) == -1 ||
	    say(call, "experimentUri", ak_experiment_uri(call)) == -1 ||
	    say(call, "executionUri", ak_execution_uri(call)) == -1 ||
	    say(call, "account", ak_agent_aws_account_id(call)) == -1 ||
	    say(call, "target", ak_target_name(call)) == -1 ||
	    say(call, "attribute", ak_target_attribute_key(call, 0)) == -1 ||
	    say(call, "properties.s", ak_property_string(call, "s")) == -1 ||
	    say(call, "properties.l", ak_property_item(call, "l", 1)) == -1 ||
	    say(call, "properties.o", ak_property_json(call, "o")) == -1 ||
	    say(call, "pair", ak_config_value(call, "key_value", "k")) == -1)
		return -1;
	return ak_modify_integer(call, AK_SET_PROPERTY, "agentPid",
	    ak_agent_pid(call)) == -1 ||
	    ak_modify_integer(call, AK_SET_PROPERTY, "executionId",
	    ak_experiment_execution(call)) == -1 ||
	    ak_modify_integer(call, AK_SET_PROPERTY, "bitrate",
	    ak_config_bitrate(call, "bitrate")) == -1 ||
	    ak_modify_integer(call, AK_SET_PROPERTY, "match",
	    ak_config_match(call, "regex", "aaa")) == -1 ? -1 : 0;
}

static int
everything_prepare(struct ak_call *call, void *state)
{
	struct everything_state *s = state;
	size_t i;

	snprintf(s->trouble, sizeof(s->trouble), "%s", ak_config_string(call, "trouble"));
	s->number = ak_config_integer(call, "integer");
	s->flag = ak_config_boolean(call, "boolean");
	s->ratio = 0.1;
	for (i = 0; i < ak_config_count(call, "string_array"); i++) {
		snprintf(s->list.item[i], ITEM_BYTES, "%s",
		    ak_config_item(call, "string_array", i));
		s->list.count++;
	}
	s->inner.number = ak_config_duration(call, "duration");
	s->inner.items.count = 1;
	snprintf(s->json, sizeof(s->json), "{\"percentage\":%" PRId64 ",\"list\":[1.50]}",
	    ak_config_integer(call, "percentage"));
	s->version = ak_state_version(call);
	if (tell(call, "prepare", false) == -1 || tell_request(call) == -1)
		return -1;
	return strcmp(s->trouble, "prepare") == 0 ? fail(call, "prepare") : 0;
}

static int
live(struct ak_call *call, struct everything_state *s, const char *where)
{
	s->version = ak_state_version(call);
	if (tell(call, where, false) == -1)
		return -1;
	if (strcmp(s->trouble, "artifact") == 0)
		(void)ak_artifact_file(call, "none", "/nonexistent");
	return strcmp(s->trouble, where) == 0 ? fail(call, where) : 0;
}

static int
everything_start(struct ak_call *call, void *state)
{
	return live(call, state, "start");
}

static int
everything_status(struct ak_call *call, void *state)
{
	return live(call, state, "status");
}

static int
everything_stop(struct ak_call *call, void *state)
{
	struct everything_state *s = state;
	bool first = strcmp(s->trouble, "stop") == 0;
	int result = live(call, state, "stop");

	/* Once is enough. */
	if (first)
		s->trouble[0] = '\0';
	return result;
}

static int
everything_query(struct ak_call *call, void *state)
{
	const struct ak_metric_details then = { .timestamp_ms = ak_query_timestamp(call) };

	(void)state;
	ak_metric_as(call, "asked", 1, &then);
	if (tell(call, "query", true) == -1)
		return -1;
	return strcmp(ak_config_string(call, "trouble"), "query") == 0 ?
	    fail(call, "query") : 0;
}

const struct ak_action action_everything = {
	.id = "org.actionkit.test.everything",
	.label = "Everything",
	.version = "1.0.0",
	.description = "Sets every field.",
	.icon = "data:image/svg+xml,%3Csvg/%3E",
	.technology = "Technology",
	.category = "Category",
	.kind = AK_CHECK,
	.time_control = AK_EXTERNAL,
	.parameters = everything_parameters,
	.target_selection = &selection,
	.target_type = "com.example.old-host",
	.target_templates = templates,
	.widgets = widgets,
	.hint = { AK_HINT_WARNING, "Mind the **gap**." },
	.flags = AK_DISABLE_HEARTBEAT,
	.state = AK_STATE(struct everything_state, everything_fields),
	.state_version = 3,
	.prepare_endpoint = { "PUT", "/everything/prepare" },
	.start_endpoint = { "DELETE", "/everything/start" },
	.status_endpoint = { "POST", "/everything/status" },
	.stop_endpoint = { "PUT", "/everything/stop" },
	.call_interval = "1500ms",
	.metrics = &metrics,
	.prepare = everything_prepare,
	.start = everything_start,
	.status = everything_status,
	.stop = everything_stop,
	.query_metrics = everything_query,
};
