/*
 * test_discovery.c: tables of discoveries that are refused; order, limits, group and what is
 * excluded of what is found; how all of it is told.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/action/describe_discovery.h"
#include "core/action/discover.h"
#include "core/action/discovery.h"
#include "core/action/verify.h"
#include "core/actionkit.h"
#include "core/base/clock.h"
#include "tests/unit/unit.h"

#define MISTAKES_BYTES 65536
#define LONG_ENOUGH_MS 60000

static char mistakes[MISTAKES_BYTES];

static void
collect(void *context, const char *mistake)
{
	size_t used = strlen(mistakes);

	(void)context;
	snprintf(mistakes + used, sizeof(mistakes) - used, "%s%s", used == 0 ? "" : "\n",
	    mistake);
}

static int
find_nothing(struct ak_call *call)
{
	(void)call;
	return 0;
}

static const struct ak_column columns[] = { { .attribute = "a" }, AK_COLUMNS_END };
static const struct ak_order order[] = { { "a", AK_ASCENDING }, AK_ORDER_END };

static struct ak_target_type
least_type(void)
{
	return (struct ak_target_type){
		.id = "t", .version = "1", .label = { "T", "Ts" }, .columns = columns,
		.order = order
	};
}

static const struct ak_target_type type = {
	.id = "t", .version = "1", .label = { "T", "Ts" }, .columns = columns, .order = order
};

static struct ak_discovery
least(void)
{
	return (struct ak_discovery){
		.id = "d", .target_type = &type, .discover = find_nothing
	};
}

/* Verifies the registry; all mistakes are to read as one text, a line each. */
static void
expect(const char *lines)
{
	mistakes[0] = '\0';
	verify_registry(collect, NULL);
	ck_assert_str_eq(mistakes, lines);
	ak_registry_clear();
}

static void
refused(const struct ak_discovery *discovery, const char *lines)
{
	ck_assert_int_eq(ak_register_discovery(discovery), 0);
	expect(lines);
}

static void
type_refused(const struct ak_target_type *wrong, const char *lines)
{
	struct ak_discovery discovery = least();

	discovery.target_type = wrong;
	refused(&discovery, lines);
}

START_TEST(test_least)
{
	const struct ak_discovery discovery = least();

	refused(&discovery, "");
	ck_assert_int_eq(ak_register_discovery(NULL), -1);
	refused(&discovery, "ak_register() or ak_register_discovery() has failed, without an "
	    "action or for want of memory: 1 times");
}
END_TEST

START_TEST(test_discovery_mistakes)
{
	struct ak_discovery discovery = least();

	discovery.id = NULL;
	refused(&discovery, "discovery 1: id is missing");
	discovery.id = "a/b";
	refused(&discovery,
	    "discovery a/b: id must consist of A-Z, a-z, 0-9, '.', '_', '-'");
	discovery.id = "..";
	refused(&discovery, "discovery ..: id must not consist of dots");
	discovery.id = "health";
	refused(&discovery, "discovery health: path \"/health/discovery\" is reserved\n"
	    "discovery health: path \"/health/discovery/discovered-targets\" is reserved");
	discovery = least();
	discovery.discover = NULL;
	refused(&discovery, "discovery d: discover() is missing");
	discovery = least();
	discovery.target_type = NULL;
	refused(&discovery, "discovery d: target_type is missing");
}
END_TEST

START_TEST(test_call_intervals)
{
	static const char *const right[] = { "1ns", "20ms", "30s", "1m", "2h", "7d", NULL };
	static const char *const wrong[] = {
		"", "s", "30", "30 s", "1m30s", "-1s", "1.5s", "1S", NULL
	};
	struct ak_discovery discovery = least();
	const char *const *interval;
	char sentence[256];

	for (interval = right; *interval != NULL; interval++) {
		discovery.call_interval = *interval;
		refused(&discovery, "");
	}
	for (interval = wrong; *interval != NULL; interval++) {
		discovery.call_interval = *interval;
		snprintf(sentence, sizeof(sentence), "discovery d: call_interval \"%s\" is not "
		    "a number and one of ns, ms, s, m, h, d", *interval);
		refused(&discovery, sentence);
	}
}
END_TEST

START_TEST(test_type_mistakes)
{
	static const struct ak_column reserved_columns[] = {
		{ .attribute = "steadybit.label" }, { .attribute = "steadybit.group" },
		AK_COLUMNS_END
	};
	static const struct ak_order odd_order[] = {
		{ .attribute = "a" }, { "steadybit.label", AK_DESCENDING }, { "", AK_ASCENDING },
		AK_ORDER_END
	};
	struct ak_target_type wrong = least_type();

	wrong.id = NULL;
	type_refused(&wrong, "discovery d: target_type: id is missing");
	wrong = least_type();
	wrong.id = "a b";
	type_refused(&wrong, "discovery d: target_type: "
	    "id must consist of A-Z, a-z, 0-9, '.', '_', '-'");
	wrong = least_type();
	wrong.version = "";
	type_refused(&wrong, "discovery d: target_type: version is missing");
	wrong = least_type();
	wrong.label.one = NULL;
	type_refused(&wrong, "discovery d: target_type: label: one is missing");
	wrong = least_type();
	wrong.label.other = "";
	type_refused(&wrong, "discovery d: target_type: label: other is missing");
	wrong = least_type();
	wrong.icon = "http://example.com/icon.svg";
	type_refused(&wrong, "discovery d: target_type: icon must begin with \"data:\"");
	wrong = least_type();
	wrong.columns = NULL;
	wrong.order = NULL;
	type_refused(&wrong, "discovery d: target_type: columns are missing\n"
	    "discovery d: target_type: order is missing");
	wrong = least_type();
	wrong.columns = reserved_columns;
	type_refused(&wrong, "discovery d: target_type: column 2: "
	    "attribute steadybit.group is the agent's own");
	wrong = least_type();
	wrong.order = odd_order;
	type_refused(&wrong, "discovery d: target_type: order 1: direction is missing\n"
	    "discovery d: target_type: order 2: attribute steadybit.label is the agent's own\n"
	    "discovery d: target_type: order 3: attribute is missing");
}
END_TEST

START_TEST(test_attribute_mistakes)
{
	static const struct ak_attribute twice[] = {
		{ "a", { "A", "As" } }, { "a", { "A", "As" } }, AK_ATTRIBUTES_END
	};
	static const struct ak_attribute reserved[] = {
		{ "steadybit.extension", { "A", "As" } }, { "b", { NULL, "Bs" } },
		AK_ATTRIBUTES_END
	};
	static const struct ak_attribute one[] = { { "a", { "A", "As" } }, AK_ATTRIBUTES_END };
	static const struct ak_attribute other[] = { { "a", { "A", "Az" } }, AK_ATTRIBUTES_END };
	struct ak_discovery discovery = least(), second = least();

	discovery.attributes = twice;
	refused(&discovery,
	    "discovery d: attribute 2: attribute a is in the table already");
	discovery.attributes = reserved;
	refused(&discovery, "discovery d: attribute 1: "
	    "attribute steadybit.extension is the agent's own\n"
	    "discovery d: attribute 2: label: one is missing");
	discovery.attributes = one;
	second.id = "e";
	second.attributes = other;
	ck_assert_int_eq(ak_register_discovery(&discovery), 0);
	refused(&second, "discovery e: attribute a has another label than in another discovery");
	second.attributes = one;
	ck_assert_int_eq(ak_register_discovery(&discovery), 0);
	refused(&second, "");
}
END_TEST

static int
handler(struct ak_call *call, void *state)
{
	(void)call;
	(void)state;
	return 0;
}

START_TEST(test_mistakes_of_several)
{
	struct ak_target_type other_type = least_type();
	const struct ak_discovery discovery = least();
	struct ak_discovery second = least();
	const struct ak_action thief = {
		.id = "x", .label = "X", .version = "1", .description = "Does x.",
		.kind = AK_OTHER, .time_control = AK_INSTANTANEOUS, .start = handler,
		.prepare_endpoint.path = "/d/discovery",
		.start_endpoint.path = "/discovery/attributes"
	};
	const struct ak_action list = {
		.id = "discoveries", .label = "X", .version = "1", .description = "Does x.",
		.kind = AK_OTHER, .time_control = AK_INSTANTANEOUS, .start = handler
	};

	ck_assert_int_eq(ak_register_discovery(&discovery), 0);
	refused(&second, "discovery d: id is that of another discovery");

	second.id = "e";
	other_type.category = "c";
	second.target_type = &other_type;
	ck_assert_int_eq(ak_register_discovery(&discovery), 0);
	refused(&second, "discovery e: target_type: id is that of another target type");
	other_type = least_type();
	ck_assert_int_eq(ak_register_discovery(&discovery), 0);
	refused(&second, "");

	ck_assert_int_eq(ak_register(&thief), 0);
	ck_assert_int_eq(ak_register(&list), 0);
	refused(&discovery, "discovery d: path \"/d/discovery\" is that of prepare of x already\n"
	    "path \"/discoveries\" describes action discoveries\n"
	    "path \"/discovery/attributes\" is that of start of x already");
}
END_TEST

/* Where nothing but the discoveries' paths would be taken there are none to take. */
START_TEST(test_actions_alone)
{
	const struct ak_action list = {
		.id = "discoveries", .label = "X", .version = "1", .description = "Does x.",
		.kind = AK_OTHER, .time_control = AK_INSTANTANEOUS, .start = handler
	};

	ck_assert_int_eq(ak_register(&list), 0);
	expect("");
}
END_TEST

/* Runs discover(); the text of what it has found, or of its error. */
static char *
found(int (*function)(struct ak_call *))
{
	struct ak_discovery discovery = least();
	struct json_object *error = NULL;
	struct err err;
	size_t length;
	char *text;

	discovery.discover = function;
	if (discover(&discovery, clock_boot_ms() + LONG_ENOUGH_MS, &text, &length, &error,
	    &err) == 0) {
		ck_assert_uint_eq(strlen(text), length);
		return text;
	}
	text = strdup(json_text(error, NULL));
	ck_assert_ptr_nonnull(text);
	json_object_put(error);
	return text;
}

static void
finds(int (*function)(struct ak_call *), const char *wanted)
{
	char *text = found(function);

	ck_assert_str_eq(text, wanted);
	free(text);
}

static int
find_disorder(struct ak_call *call)
{
	ck_assert_int_eq(ak_discovered(call, "b", "B"), 0);
	ck_assert_int_eq(ak_discovered_attribute(call, "k2", "y"), 0);
	ck_assert_int_eq(ak_discovered_attribute(call, "k1", "2"), 0);
	ck_assert_int_eq(ak_discovered_attribute(call, "k2", "x"), 0);
	ck_assert_int_eq(ak_discovered_attribute(call, "k2", "y"), 0);
	ck_assert_int_eq(ak_discovered_attribute(call, "k3", NULL), 0);
	ck_assert_int_eq(ak_discovered_attribute(call, "k3", ""), 0);
	ck_assert_int_eq(ak_discovered(call, "a", "A"), 0);
	return 0;
}

START_TEST(test_order)
{
	finds(find_nothing, "{\"targets\":[]}");
	finds(find_disorder, "{\"targets\":["
	    "{\"id\":\"a\",\"label\":\"A\",\"targetType\":\"t\",\"attributes\":{}},"
	    "{\"id\":\"b\",\"label\":\"B\",\"targetType\":\"t\",\"attributes\":"
	    "{\"k1\":[\"2\"],\"k2\":[\"x\",\"y\"]}}]}");
}
END_TEST

START_TEST(test_group_and_excludes)
{
	static const char *const excludes[] = { "k2", "x*" };
	const struct discovery_settings settings = {
		.group = "g", .excludes = excludes, .excludes_count = UNIT_COUNT(excludes)
	};

	discovery_set(&settings);
	finds(find_disorder, "{\"targets\":["
	    "{\"id\":\"a\",\"label\":\"A\",\"targetType\":\"t\",\"attributes\":"
	    "{\"steadybit.group\":[\"g\"]}},"
	    "{\"id\":\"b\",\"label\":\"B\",\"targetType\":\"t\",\"attributes\":"
	    "{\"k1\":[\"2\"],\"steadybit.group\":[\"g\"]}}]}");
}
END_TEST

static const char *exclude;

static int
find_long_keys(struct ak_call *call)
{
	ck_assert_int_eq(ak_discovered(call, "a", "A"), 0);
	ck_assert_int_eq(ak_discovered_attribute(call, "host.ipv4", "1"), 0);
	ck_assert_int_eq(ak_discovered_attribute(call, "host.ip", "2"), 0);
	ck_assert_int_eq(ak_discovered_attribute(call, "host", "3"), 0);
	return 0;
}

START_TEST(test_excludes)
{
	static const struct {
		const char *exclude, *left;
	} rows[] = {
		{ "host.ip", "\"host\":[\"3\"],\"host.ipv4\":[\"1\"]" },
		{ "host.ip*", "\"host\":[\"3\"]" },
		{ "host.ipv4*", "\"host\":[\"3\"],\"host.ip\":[\"2\"]" },
		{ "*", "" },
		{ "HOST", "\"host\":[\"3\"],\"host.ip\":[\"2\"],\"host.ipv4\":[\"1\"]" },
	};
	const struct discovery_settings settings = {
		.excludes = &exclude, .excludes_count = 1
	};
	char wanted[512];
	size_t i;

	discovery_set(&settings);
	for (i = 0; i < UNIT_COUNT(rows); i++) {
		exclude = rows[i].exclude;
		snprintf(wanted, sizeof(wanted), "{\"targets\":[{\"id\":\"a\",\"label\":\"A\","
		    "\"targetType\":\"t\",\"attributes\":{%s}}]}", rows[i].left);
		finds(find_long_keys, wanted);
	}
}
END_TEST

static int
find_odd_text(struct ak_call *call)
{
	ck_assert_int_eq(ak_discovered(call, "\"a\\", "\xc3\xa4/"), 0);
	return ak_discovered_attribute(call, "\n", "\x01\x1f\x7f\t");
}

START_TEST(test_text)
{
	char *text = found(find_odd_text);
	struct json_object *data, *target;
	struct err err;

	ck_assert_int_eq(json_parse(text, strlen(text), &data, &err), 0);
	target = json_element(json_member(data, "targets"), 0);
	ck_assert_str_eq(json_member_string(target, "id"), "\"a\\");
	ck_assert_str_eq(json_member_string(target, "label"), "\xc3\xa4/");
	ck_assert_str_eq(json_string(json_element(json_member(json_member(target,
	    "attributes"), "\n"), 0)), "\x01\x1f\x7f\t");
	json_object_put(data);
	free(text);
}
END_TEST

static int
find_double(struct ak_call *call)
{
	(void)ak_discovered(call, "a", "A");
	(void)ak_discovered(call, "b", "A");
	(void)ak_discovered(call, "a", "A");
	return 0;
}

static int
find_empty_id(struct ak_call *call)
{
	return ak_discovered(call, "", "A");
}

static int
find_no_label(struct ak_call *call)
{
	return ak_discovered(call, "a", NULL);
}

static int
find_reserved(struct ak_call *call)
{
	(void)ak_discovered(call, "a", "A");
	return ak_discovered_attribute(call, "steadybit.group", "g");
}

static int
find_without_target(struct ak_call *call)
{
	return ak_discovered_attribute(call, "a", "A");
}

static int
find_bad_text(struct ak_call *call)
{
	(void)ak_discovered(call, "a", "A");
	return ak_discovered_attribute(call, "k", "\xff");
}

static int
find_forgotten(struct ak_call *call)
{
	(void)ak_discovered(call, "a", "A");
	return -1;
}

/* What has failed is not told, whatever the function returns. */
static int
find_error_and_0(struct ak_call *call)
{
	(void)ak_discovered(call, "a", "A");
	(void)ak_error(call, "the lamps are out");
	return 0;
}

static int
find_details(struct ak_call *call)
{
	const struct ak_error_details details = {
		.type = "urn:t", .detail = "since noon", .instance = "urn:i"
	};

	return ak_error_as(call, &details, "the lamps are out");
}

static int
find_config(struct ak_call *call)
{
	(void)ak_discovered(call, "a", "A");
	(void)ak_config_integer(call, "n");
	return 0;
}

static int
find_save(struct ak_call *call)
{
	return ak_save(call);
}

static int
find_claim(struct ak_call *call)
{
	return ak_claim(call, "lamp");
}

static int
find_target(struct ak_call *call)
{
	(void)ak_target_name(call);
	return 0;
}

static int
find_metric(struct ak_call *call)
{
	ak_metric(call, "m", 1, NULL);
	return 0;
}

static int
find_artifact(struct ak_call *call)
{
	return ak_artifact(call, "a", "b", 1);
}

static int
find_messages(struct ak_call *call)
{
	ak_message(call, AK_INFO, "not for the agent");
	return 0;
}

#define FAILED(detail_) "{\"title\":\"Discovery failed\",\"detail\":\"" detail_ "\"}"
#define ONLY_HANDLERS(name_) \
	FAILED("discover() called " name_ "(), which only handlers of actions may")

START_TEST(test_failures)
{
	static const struct {
		int (*function)(struct ak_call *);
		const char *wanted;
	} rows[] = {
		{ find_double, FAILED("two targets have the id a") },
		{ find_empty_id, FAILED("the id of a target is empty") },
		{ find_no_label, FAILED("the label of a target is empty") },
		{ find_reserved, FAILED("attribute steadybit.group is the agent's own") },
		{ find_without_target, FAILED("an attribute is told before a target") },
		{ find_bad_text, FAILED("attribute: k is not UTF-8: \xef\xbf\xbd") },
		{ find_forgotten, FAILED("discover() returned -1 without ak_error()") },
		{ find_error_and_0, FAILED("the lamps are out") },
		{ find_details, "{\"title\":\"Discovery failed\","
		  "\"detail\":\"the lamps are out: since noon\",\"type\":\"urn:t\","
		  "\"instance\":\"urn:i\"}" },
		{ find_config, ONLY_HANDLERS("ak_config_*") },
		{ find_save, ONLY_HANDLERS("ak_save") },
		{ find_claim, ONLY_HANDLERS("ak_claim") },
		{ find_target, ONLY_HANDLERS("ak_target_name") },
		{ find_metric, ONLY_HANDLERS("ak_metric") },
		{ find_artifact, ONLY_HANDLERS("ak_artifact") },
		{ find_messages, "{\"targets\":[]}" },
	};
	size_t i;

	for (i = 0; i < UNIT_COUNT(rows); i++)
		finds(rows[i].function, rows[i].wanted);
}
END_TEST

static size_t targets, keys, values, bytes;

/* So many of each; a text has so many bytes at least. */
static int
find_many(struct ak_call *call)
{
	char text[2 * AK_DISCOVERED_TEXT_MAX], key[64];
	size_t t, k, v;

	for (t = 0; t < targets; t++) {
		snprintf(text, sizeof(text), "%0*zu", (int)bytes, t);
		if (ak_discovered(call, text, text) == -1)
			return -1;
		for (k = 0; k < keys; k++)
			for (v = 0; v < values; v++) {
				snprintf(key, sizeof(key), "k%zu", k);
				/* Descending: the last ones are the first when sorted. */
				snprintf(text, sizeof(text), "%0*zu", (int)bytes, values - v);
				if (ak_discovered_attribute(call, key, text) == -1)
					return -1;
			}
	}
	return 0;
}

static void
finds_many(size_t t, size_t k, size_t v, size_t b, const char *fault)
{
	char *text, wanted[256];

	targets = t;
	keys = k;
	values = v;
	bytes = b;
	text = found(find_many);
	if (fault == NULL) {
		ck_assert_msg(strncmp(text, "{\"targets\"", 10) == 0, "%.200s", text);
	} else {
		snprintf(wanted, sizeof(wanted), FAILED("%s"), fault);
		ck_assert_str_eq(text, wanted);
	}
	free(text);
}

START_TEST(test_limits)
{
	finds_many(AK_DISCOVERED_TARGETS_MAX, 1, 1, 1, NULL);
	finds_many(AK_DISCOVERED_TARGETS_MAX + 1, 0, 0, 1,
	    "more than 10000 targets were discovered");
	finds_many(2, AK_DISCOVERED_KEYS_MAX, 1, 1, NULL);
	finds_many(2, AK_DISCOVERED_KEYS_MAX + 1, 1, 1,
	    "target 0 has more than 512 attributes");
	finds_many(1, 1, 1, AK_DISCOVERED_TEXT_MAX, NULL);
	finds_many(100, 1, AK_DISCOVERED_VALUES_MAX, AK_DISCOVERED_TEXT_MAX,
	    "what was discovered has more than 16777216 bytes");
}
END_TEST

START_TEST(test_long_texts)
{
	char *text;

	targets = 1;
	bytes = AK_DISCOVERED_TEXT_MAX + 1;
	text = found(find_many);
	ck_assert_ptr_nonnull(strstr(text, "the id of a target has more than 1024 bytes"));
	free(text);
}
END_TEST

/* Too many values are cut, the same ones whatever their order. */
START_TEST(test_values)
{
	char *text, last[16];
	size_t count = 0;
	const char *at;

	targets = keys = 1;
	bytes = 6;
	values = 100 * AK_DISCOVERED_VALUES_MAX;
	text = found(find_many);
	snprintf(last, sizeof(last), "\"%06d\"]", AK_DISCOVERED_VALUES_MAX);
	ck_assert_ptr_nonnull(strstr(text, "[\"000001\",\"000002\","));
	ck_assert_ptr_nonnull(strstr(text, last));
	for (at = text; (at = strstr(at, "\"0")) != NULL; at++)
		count++;
	/* And the id and the label of the target. */
	ck_assert_uint_eq(count, AK_DISCOVERED_VALUES_MAX + 2);
	free(text);
}
END_TEST

static int
find_repetitions(struct ak_call *call)
{
	char text[AK_DISCOVERED_TEXT_MAX + 1];
	size_t i;

	memset(text, 'x', AK_DISCOVERED_TEXT_MAX);
	text[AK_DISCOVERED_TEXT_MAX] = '\0';
	if (ak_discovered(call, "a", "A") == -1)
		return -1;
	/* 100 MiB of the same. */
	for (i = 0; i < 100 * 1024; i++)
		if (ak_discovered_attribute(call, "k", text) == -1)
			return -1;
	return 0;
}

START_TEST(test_repetitions)
{
	char *text = found(find_repetitions);

	ck_assert_uint_lt(strlen(text), 2 * AK_DISCOVERED_TEXT_MAX);
	ck_assert_ptr_nonnull(strstr(text, "xxx\"]}}]}"));
	free(text);
}
END_TEST

static void
tells(struct json_object *json, const char *wanted)
{
	ck_assert_str_eq(json_text(json, NULL), wanted);
	json_object_put(json);
}

START_TEST(test_description)
{
	static const char *const fallbacks[] = { "b", "c", NULL };
	const struct ak_column two[] = {
		{ .attribute = "a", .fallbacks = fallbacks },
		{ .attribute = "steadybit.label" }, AK_COLUMNS_END
	};
	const struct ak_order down[] = { { "a", AK_DESCENDING }, AK_ORDER_END };
	const struct ak_attribute attributes[] = { { "a", { "A", "As" } }, AK_ATTRIBUTES_END };
	struct ak_discovery discovery = least(), second = least();
	struct ak_target_type other = least_type();
	struct json_object *list = json_new_object();

	other.category = "basic";
	other.icon = "data:,x";
	other.columns = two;
	other.order = down;
	discovery.attributes = second.attributes = attributes;
	second.id = "e";
	second.call_interval = "1m";
	ck_assert_int_eq(ak_register_discovery(&discovery), 0);
	ck_assert_int_eq(ak_register_discovery(&second), 0);

	discovery_list(list, "/chaos");
	tells(list, "{\"discoveries\":[{\"method\":\"GET\",\"path\":\"/chaos/d/discovery\"},"
	    "{\"method\":\"GET\",\"path\":\"/chaos/e/discovery\"}],"
	    "\"targetTypes\":[{\"method\":\"GET\","
	    "\"path\":\"/chaos/t/discovery/target-description\"}],"
	    "\"targetAttributes\":[{\"method\":\"GET\","
	    "\"path\":\"/chaos/discovery/attributes\"}],\"targetEnrichmentRules\":[]}");
	tells(discovery_json(&discovery, "/chaos"),
	    "{\"id\":\"d\",\"discover\":{\"method\":\"GET\","
	    "\"path\":\"/chaos/d/discovery/discovered-targets\",\"callInterval\":\"30s\"}}");
	tells(discovery_json(&second, ""), "{\"id\":\"e\",\"discover\":{\"method\":\"GET\","
	    "\"path\":\"/e/discovery/discovered-targets\",\"callInterval\":\"1m\"}}");
	tells(discovery_target_type_json(&other), "{\"id\":\"t\",\"version\":\"1\","
	    "\"label\":{\"one\":\"T\",\"other\":\"Ts\"},\"category\":\"basic\","
	    "\"icon\":\"data:,x\",\"table\":{\"columns\":[{\"attribute\":\"a\","
	    "\"fallbackAttributes\":[\"b\",\"c\"]},{\"attribute\":\"steadybit.label\"}],"
	    "\"orderBy\":[{\"attribute\":\"a\",\"direction\":\"DESC\"}]}}");
	tells(discovery_attributes_json(),
	    "{\"attributes\":[{\"attribute\":\"a\",\"label\":{\"one\":\"A\",\"other\":\"As\"}}]}");
	ak_registry_clear();
}
END_TEST

/* The type of this host becomes what the operator says, also in actions. */
START_TEST(test_host_type)
{
	const struct discovery_settings settings = {
		.host_type = "com.steadybit.extension_host.host", .host_name = "web-1",
		.domain_name = "web-1.example.com"
	};
	const struct ak_target_selection selection = { .target_type = AK_TARGET_HOST };
	const struct ak_action action = {
		.id = "x", .label = "X", .version = "1", .description = "Does x.",
		.kind = AK_OTHER, .time_control = AK_INSTANTANEOUS, .start = handler,
		.target_selection = &selection
	};
	struct ak_target_type host = least_type();
	struct json_object *json;

	host.id = AK_TARGET_HOST;
	host.label = (struct ak_plural){ "Own", "Owns" };
	json = discovery_target_type_json(&host);
	ck_assert_str_eq(json_member_string(json, "id"), AK_TARGET_HOST);
	ck_assert_str_eq(json_member_string(json_member(json, "label"), "one"), "Own");
	json_object_put(json);
	ck_assert_str_ne(ak_host_name(), "web-1");
	ck_assert_ptr_null(ak_domain_name());

	discovery_set(&settings);
	json = discovery_target_type_json(&host);
	ck_assert_str_eq(json_member_string(json, "id"), settings.host_type);
	ck_assert_str_eq(json_member_string(json_member(json, "label"), "other"),
	    "Linux Hosts");
	json_object_put(json);
	json = description_json(&action, "");
	ck_assert_str_eq(json_member_string(json_member(json, "targetSelection"),
	    "targetType"), settings.host_type);
	json_object_put(json);
	ck_assert_str_eq(ak_host_name(), "web-1");
	ck_assert_str_eq(ak_domain_name(), "web-1.example.com");
}
END_TEST

START_TEST(test_host_hidden)
{
	const struct discovery_settings settings = { .host_hidden = true };
	struct ak_discovery host = least(), other = least();

	host.id = "org.actionkit.host";
	ck_assert_int_eq(ak_register_discovery(&host), 0);
	ck_assert_int_eq(ak_register_discovery(&other), 0);
	ck_assert_uint_eq(discovery_offered_count(), 2);
	discovery_set(&settings);
	ck_assert_uint_eq(discovery_offered_count(), 1);
	ck_assert(!discovery_offered(&host));
	/* The type that both have is told of the other one. */
	ck_assert(discovery_type_is_new(1));
	ak_registry_clear();
	ck_assert_uint_eq(discovery_offered_count(), 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		test_least, test_discovery_mistakes, test_call_intervals, test_type_mistakes,
		test_attribute_mistakes, test_mistakes_of_several, test_actions_alone,
		test_order, test_text,
		test_group_and_excludes, test_excludes, test_failures, test_limits,
		test_long_texts, test_values, test_repetitions, test_description,
		test_host_type, test_host_hidden, NULL
	};

	return unit_main("discovery", NULL, tests);
}
