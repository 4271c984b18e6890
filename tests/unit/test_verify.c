/*
 * test_verify.c: wrong tables, and the sentence that each is refused with.
 */
#include "config.h"

#include "core/action/verify.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/actionkit.h"
#include "tests/unit/unit.h"

#define MISTAKES_BYTES 65536

static char mistakes[MISTAKES_BYTES];

static void
collect(void *context, const char *mistake)
{
	size_t used = strlen(mistakes);

	ck_assert_ptr_eq(context, &mistakes);
	snprintf(mistakes + used, sizeof(mistakes) - used, "%s%s", used == 0 ? "" : "\n",
	    mistake);
}

/* Verifies the registry; all mistakes are to read as one text, a line each. */
static void
expect(const char *lines)
{
	size_t count, wanted = lines[0] != '\0';
	const char *at;

	for (at = lines; *at != '\0'; at++)
		wanted += *at == '\n';
	mistakes[0] = '\0';
	count = verify_registry(collect, &mistakes);
	ck_assert_str_eq(mistakes, lines);
	ck_assert_uint_eq(count, wanted);
	ak_registry_clear();
}

static int
handler(struct ak_call *call, void *state)
{
	(void)call;
	(void)state;
	return 0;
}

/* The smallest action that is right. */
static struct ak_action
least(void)
{
	return (struct ak_action){
		.id = "x", .label = "X", .version = "1", .description = "Does x.",
		.kind = AK_OTHER, .time_control = AK_INSTANTANEOUS, .start = handler
	};
}

/* An action that differs from it by the statements, and what is said of it. */
#define ACTION(lines_, ...) do { \
	struct ak_action a = least(); \
	__VA_ARGS__; \
	ck_assert_int_eq(ak_register(&a), 0); \
	expect(lines_); \
} while (0)

/* The least action with one parameter "p". */
#define PARAMETER(lines_, ...) do { \
	const struct ak_parameter table_[] = { \
		{ .name = "p", .label = "P", __VA_ARGS__ }, AK_PARAMETERS_END \
	}; \
	ACTION(lines_, a.parameters = table_); \
} while (0)

/* The same of an action that may have files. */
#define FILE_PARAMETER(lines_, ...) do { \
	const struct ak_parameter table_[] = { \
		{ .label = "P", .type = AK_FILE, __VA_ARGS__ }, AK_PARAMETERS_END \
	}; \
	ACTION(lines_, a.parameters = table_; a.time_control = AK_INTERNAL; \
	    a.status = handler; a.stop = handler); \
} while (0)

/* A text of count characters; each is two bytes, as limits are not counted in bytes. */
static const char *
long_text(size_t count)
{
	static char text[4200];
	size_t i;

	ck_assert_uint_lt(2 * count, sizeof(text));
	for (i = 0; i < count; i++)
		memcpy(text + 2 * i, "\xc3\xa9", 2);
	text[2 * count] = '\0';
	return text;
}

static const struct ak_parameter duration[] = {
	{ .name = "duration", .label = "Duration", .type = AK_DURATION, .required = true,
	  .default_value = "30s", .min = AK_LIMIT(0), .max = AK_LIMIT(INT64_MAX) },
	AK_PARAMETERS_END
};
static const struct ak_option ab[] = { { "A", "a" }, { "B", "b" }, AK_OPTIONS_END };
static const struct ak_metrics metrics;

START_TEST(test_right)
{
	struct everything {
		int64_t number;
		bool flag;
		double ratio;
		char text[10];
		AK_TEXT_LIST(3, 5) list;
		struct within {
			int64_t number;
		} within;
		char json[100];
	};
	static const struct ak_field within_fields[] = {
		AK_INT(struct within, number), AK_FIELDS_END
	};
	static const struct ak_field fields[] = {
		AK_INT(struct everything, number),
		AK_BOOL(struct everything, flag),
		AK_DOUBLE(struct everything, ratio),
		AK_TEXT(struct everything, text),
		AK_LIST(struct everything, list),
		AK_STRUCT(struct everything, within, within_fields),
		AK_JSON(struct everything, json),
		AK_FIELDS_END
	};
	static const struct ak_option with_empty[] = {
		{ "None", "" }, { "One", "1" }, AK_OPTIONS_END
	};
	static const struct ak_parameter parameters[] = {
		{ .name = "duration", .label = "D", .type = AK_DURATION,
		  .default_value = "0s", .min = AK_LIMIT(0) },
		{ .name = "a", .label = "A", .type = AK_STRING_ARRAY, .options = ab,
		  .default_value = "[\"a\",\"b\"]" },
		{ .name = "b", .label = "B", .type = AK_STRING, .options = ab,
		  .options_open = true, .default_value = "c" },
		{ .name = "c", .label = "C", .type = AK_STRING, .options = with_empty,
		  .default_value = "" },
		{ .name = "d", .label = "D", .type = AK_PERCENTAGE, .min = AK_LIMIT(50),
		  .max = AK_LIMIT(50), .default_value = "50%" },
		{ .name = "e", .label = "E", .type = AK_HEADER },
		AK_PARAMETERS_END
	};
	static const struct ak_metrics some = {
		.endpoint = { "PUT", "/m" }, .call_interval = "1m30s",
		.parameters = parameters
	};
	struct ak_action all = least(), other = least();

	all.id = "Org.example_1-x";
	all.icon = "data:image/svg+xml,x";
	all.technology = all.category = "Y";
	all.time_control = AK_EXTERNAL;
	all.parameters = parameters;
	all.state = (struct ak_state)AK_STATE(struct everything, fields);
	all.prepare_endpoint = (struct ak_endpoint){ "DELETE", "/a/b-c.d_e~:@" };
	all.stop_endpoint = (struct ak_endpoint){ "POST", NULL };
	all.call_interval = "1ms";
	all.metrics = &some;
	all.prepare = all.status = all.stop = all.query_metrics = handler;
	ck_assert_int_eq(ak_register(&all), 0);
	ck_assert_int_eq(ak_register(&other), 0);
	expect("");
}
END_TEST

START_TEST(test_texts)
{
	ACTION("action 1: id is missing", a.id = NULL);
	ACTION("action 1: id is missing", a.id = "");
	ACTION("x: label is missing", a.label = NULL);
	ACTION("x: label is missing", a.label = "");
	ACTION("x: version is missing", a.version = NULL);
	ACTION("x: description is missing", a.description = NULL);
	ACTION("", a.label = long_text(255));
	ACTION("x: label has 256 characters, more than 255", a.label = long_text(256));
	ACTION("x: version has 65 characters, more than 64", a.version = long_text(65));
	ACTION("", a.description = long_text(2000));
	ACTION("x: description has 2001 characters, more than 2000",
	    a.description = long_text(2001));
	ACTION("x: technology has 256 characters, more than 255",
	    a.technology = long_text(256));
	ACTION("x: category has 256 characters, more than 255",
	    a.category = long_text(256));
	ACTION("x: label is not UTF-8", a.label = "\xff");
	ACTION("x: icon must begin with \"data:\"", a.icon = "image.svg");
	ACTION("x: icon must begin with \"data:\"", a.icon = "");
}
END_TEST

START_TEST(test_icon)
{
	enum { MOST = 1000000 };
	char *icon = malloc(MOST + 2);

	ck_assert_ptr_nonnull(icon);
	memset(icon, 'x', MOST + 1);
	memcpy(icon, "data:", 5);
	icon[MOST + 1] = '\0';
	ACTION("x: icon has 1000001 characters, more than 1000000", a.icon = icon);
	icon[MOST] = '\0';
	ACTION("", a.icon = icon);
	free(icon);
}
END_TEST

START_TEST(test_ids)
{
	char id[257], lines[1024];

	ACTION("a/b: id must consist of A-Z, a-z, 0-9, '.', '_', '-'", a.id = "a/b");
	ACTION("a b: id must consist of A-Z, a-z, 0-9, '.', '_', '-'", a.id = "a b");
	ACTION("\xc3\xa9: id must consist of A-Z, a-z, 0-9, '.', '_', '-'",
	    a.id = "\xc3\xa9");
	ACTION("..: id must not consist of dots", a.id = "..");
	ACTION("actions: id is the name of the list of actions", a.id = "actions");
	ACTION("health: prepare_endpoint: path \"/health/prepare\" is reserved\n"
	    "health: start_endpoint: path \"/health/start\" is reserved", a.id = "health");
	memset(id, 'i', sizeof(id));
	id[256] = '\0';
	snprintf(lines, sizeof(lines), "%s: id has 256 characters, more than 255", id);
	ACTION(lines, a.id = id);
}
END_TEST

START_TEST(test_enums)
{
	ACTION("x: kind is missing", a.kind = (enum ak_kind)0);
	ACTION("x: kind 5 is unknown", a.kind = (enum ak_kind)5);
	ACTION("x: time_control is missing", a.time_control = (enum ak_time_control)0);
	ACTION("x: time_control 4 is unknown", a.time_control = (enum ak_time_control)4);
}
END_TEST

START_TEST(test_handlers)
{
	ACTION("x: start() is missing, and so is work()", a.start = NULL);
	ACTION("x: instantaneous time control excludes status()", a.status = handler);
	ACTION("x: instantaneous time control excludes stop()", a.stop = handler);
	ACTION("x: internal time control needs status() or work()", a.time_control = AK_INTERNAL);
	ACTION("x: internal time control needs status() or work()", a.time_control = AK_INTERNAL,
	    a.stop = handler);
	ACTION("", a.time_control = AK_INTERNAL, a.status = handler);
	ACTION("", a.time_control = AK_EXTERNAL, a.parameters = duration);
	ACTION("x: external time control needs a parameter \"duration\" of type duration",
	    a.time_control = AK_EXTERNAL);
	ACTION("x: query_metrics() needs metrics", a.query_metrics = handler);
	ACTION("x: metrics need query_metrics()", a.metrics = &metrics);
	ACTION("", a.metrics = &metrics, a.query_metrics = handler);
}
END_TEST

START_TEST(test_duration_parameter)
{
	static const struct ak_parameter wrong[] = {
		{ .name = "duration", .label = "D", .type = AK_INTEGER },
		AK_PARAMETERS_END
	};

	ACTION("x: external time control needs a parameter \"duration\" of type duration",
	    a.time_control = AK_EXTERNAL, a.parameters = wrong);
}
END_TEST

START_TEST(test_intervals)
{
	static const struct ak_metrics wrong = { .call_interval = "often" };

	ACTION("x: call_interval \"5\" is not a duration", a.time_control = AK_INTERNAL,
	    a.status = handler, a.call_interval = "5");
	ACTION("x: call_interval \"-5s\" is not a duration", a.time_control = AK_INTERNAL,
	    a.status = handler, a.call_interval = "-5s");
	ACTION("x: call_interval \"0s\" is less than 1ms", a.time_control = AK_INTERNAL,
	    a.status = handler, a.call_interval = "0s");
	ACTION("x: call_interval \"999us\" is less than 1ms", a.time_control = AK_INTERNAL,
	    a.status = handler, a.call_interval = "999us");
	ACTION("x: call_interval needs status(), stop() or work()", a.call_interval = "5s");
	ACTION("x: metrics: call_interval \"often\" is not a duration", a.metrics = &wrong,
	    a.query_metrics = handler);
}
END_TEST

START_TEST(test_endpoints)
{
	static const struct ak_metrics wrong = { .endpoint = { "GET", "m" } };
	char path[600], lines[1024];

	ACTION("x: start_endpoint: method \"GET\" is not POST, PUT or DELETE",
	    a.start_endpoint.method = "GET");
	ACTION("x: start_endpoint: method \"post\" is not POST, PUT or DELETE",
	    a.start_endpoint.method = "post");
	ACTION("x: prepare_endpoint: path \"go\" must begin with /",
	    a.prepare_endpoint.path = "go");
	ACTION("x: prepare_endpoint: path \"\" must begin with /",
	    a.prepare_endpoint.path = "");
	ACTION("x: start_endpoint: path \"/go?a=b\" has a character that does not belong "
	    "into a path", a.start_endpoint.path = "/go?a=b");
	ACTION("x: start_endpoint: path \"/g%6f\" has a character that does not belong "
	    "into a path", a.start_endpoint.path = "/g%6f");
	ACTION("x: start_endpoint: path \"/a b\" has a character that does not belong "
	    "into a path", a.start_endpoint.path = "/a b");
	ACTION("x: start_endpoint: path \"/a//b\" has a segment that is empty or dots",
	    a.start_endpoint.path = "/a//b");
	ACTION("x: start_endpoint: path \"/a/\" has a segment that is empty or dots",
	    a.start_endpoint.path = "/a/");
	ACTION("x: start_endpoint: path \"/a/../b\" has a segment that is empty or dots",
	    a.start_endpoint.path = "/a/../b");
	ACTION("", a.start_endpoint.path = "/a/.../b");
	ACTION("x: start_endpoint: path \"/\" is reserved", a.start_endpoint.path = "/");
	ACTION("x: start_endpoint: path \"/actions\" is reserved",
	    a.start_endpoint.path = "/actions");
	ACTION("x: start_endpoint: path \"/health/liveness\" is reserved",
	    a.start_endpoint.path = "/health/liveness");
	ACTION("x: start_endpoint: path \"/x\" describes action x",
	    a.start_endpoint.path = "/x");
	ACTION("x: start_endpoint: path \"/x/prepare\" is that of prepare of x already",
	    a.start_endpoint.path = "/x/prepare");
	ACTION("x: start_endpoint: path \"/go\" is that of prepare of x already",
	    a.prepare_endpoint.path = "/go", a.start_endpoint.path = "/go");
	ACTION("x: status_endpoint is set but never called",
	    a.status_endpoint.path = "/status");
	ACTION("x: stop_endpoint is set but never called",
	    a.stop_endpoint.method = "DELETE");
	ACTION("x: metrics: endpoint: method \"GET\" is not POST, PUT or DELETE\n"
	    "x: metrics: endpoint: path \"m\" must begin with /", a.metrics = &wrong,
	    a.query_metrics = handler);
	memset(path, 'p', sizeof(path));
	path[0] = '/';
	path[512] = '\0';
	snprintf(lines, sizeof(lines),
	    "x: start_endpoint: path has 512 bytes, more than 511");
	ACTION(lines, a.start_endpoint.path = path);
	path[511] = '\0';
	ACTION("", a.start_endpoint.path = path);
}
END_TEST

START_TEST(test_across)
{
	struct ak_action first = least(), second = least();

	ck_assert_int_eq(ak_register(&first), 0);
	ck_assert_int_eq(ak_register(&second), 0);
	expect("x: id is that of another action");

	second.id = "y";
	first.start_endpoint.path = "/go";
	second.start_endpoint.path = "/go";
	ck_assert_int_eq(ak_register(&first), 0);
	ck_assert_int_eq(ak_register(&second), 0);
	expect("y: start_endpoint: path \"/go\" is that of start of x already");

	second.start_endpoint.path = NULL;
	first.start_endpoint.path = "/y/prepare";
	ck_assert_int_eq(ak_register(&first), 0);
	ck_assert_int_eq(ak_register(&second), 0);
	expect("y: prepare_endpoint: path \"/y/prepare\" is that of start of x already");

	first.start_endpoint.path = "/y";
	ck_assert_int_eq(ak_register(&first), 0);
	ck_assert_int_eq(ak_register(&second), 0);
	expect("x: start_endpoint: path \"/y\" describes action y");
}
END_TEST

START_TEST(test_parameters)
{
	PARAMETER("x: parameter \"p\": type is missing", .required = true);
	PARAMETER("x: parameter \"p\": type 99 is unknown", .type = (enum ak_type)99);
	PARAMETER("x: parameter \"p\": description has 2001 characters, more than 2000",
	    .type = AK_STRING, .description = long_text(2001));
	PARAMETER("x: parameter \"p\": default_value has 256 characters, more than 255",
	    .type = AK_STRING, .default_value = long_text(256));
	PARAMETER("x: parameter \"p\": default_value is not UTF-8", .type = AK_STRING,
	    .default_value = "\xff");
	PARAMETER("x: parameter \"p\": min 3 is greater than max 2", .type = AK_INTEGER,
	    .min = AK_LIMIT(3), .max = AK_LIMIT(2));
	PARAMETER("x: parameter \"p\": min is negative", .type = AK_DURATION,
	    .min = AK_LIMIT(-1));
	PARAMETER("x: parameter \"p\": max is negative", .type = AK_DURATION,
	    .max = AK_LIMIT(-1));
	PARAMETER("x: parameter \"p\": type string has no min and max", .type = AK_STRING,
	    .min = AK_LIMIT(1));
	PARAMETER("x: parameter \"p\": type boolean has no min and max", .type = AK_BOOLEAN,
	    .max = AK_LIMIT(1));
	PARAMETER("x: parameter \"p\": type stressng-workers has no min and max",
	    .type = AK_STRESSNG_WORKERS, .max = AK_LIMIT(1));
	PARAMETER("x: parameter \"p\": type header cannot be required", .type = AK_HEADER,
	    .required = true);
	PARAMETER("x: parameter \"p\": type separator has no default_value",
	    .type = AK_SEPARATOR, .default_value = "x");
}
END_TEST

START_TEST(test_defaults)
{
	PARAMETER("x: parameter \"p\": default_value \"soon\" must be a duration: whole "
	    "milliseconds, or text such as \"1m30s\"", .type = AK_DURATION,
	    .default_value = "soon");
	PARAMETER("x: parameter \"p\": default_value \"-1s\" must not be negative",
	    .type = AK_DURATION, .default_value = "-1s");
	PARAMETER("x: parameter \"p\": default_value \"1s\" must be at least 2s",
	    .type = AK_DURATION, .default_value = "1s", .min = AK_LIMIT(2000));
	PARAMETER("x: parameter \"p\": default_value \"9\" must be at most 8",
	    .type = AK_INTEGER, .default_value = "9", .max = AK_LIMIT(8));
	PARAMETER("x: parameter \"p\": default_value \"1.5\" must be a whole number",
	    .type = AK_INTEGER, .default_value = "1.5");
	PARAMETER("x: parameter \"p\": default_value \"\" must be a whole number",
	    .type = AK_INTEGER, .default_value = "");
	PARAMETER("x: parameter \"p\": default_value \"5%\" must be a whole number",
	    .type = AK_INTEGER, .default_value = "5%");
	PARAMETER("x: parameter \"p\": default_value \"%\" must be a whole number",
	    .type = AK_PERCENTAGE, .default_value = "%");
	PARAMETER("x: parameter \"p\": default_value \"yes\" must be true or false",
	    .type = AK_BOOLEAN, .default_value = "yes");
	PARAMETER("x: parameter \"p\": default_value \"10\" must be a bitrate, such as "
	    "\"1024kbit\" or \"10mbps\"", .type = AK_BITRATE, .default_value = "10");
	PARAMETER("x: parameter \"p\": default_value \"k=v\" must be an array",
	    .type = AK_KEY_VALUE, .default_value = "k=v");
	PARAMETER("x: parameter \"p\": default_value \"[1]\" item 1 must be text",
	    .type = AK_STRING_ARRAY, .default_value = "[1]");
	PARAMETER("x: parameter \"p\": default_value \"c\" must be one of \"a\", \"b\"",
	    .type = AK_STRING, .options = ab, .default_value = "c");
	PARAMETER("x: parameter \"p\": default_value \"[\"c\"]\" item 1 must be one of \"a\", "
	    "\"b\"", .type = AK_STRING_ARRAY, .options = ab, .default_value = "[\"c\"]");
}
END_TEST

/* What may be sent, or was taken as something, but is not what a table means. */
START_TEST(test_odd_defaults)
{
	static const struct {
		enum ak_type type;
		const char *text, *said;	/* said: NULL if it is right */
		struct ak_limit min, max;
	} rows[] = {
		{ AK_DURATION, "30", "has no unit, such as \"30s\"", { 0 }, { 0 } },
		{ AK_DURATION, "30s", NULL, { 0 }, { 0 } },
		{ AK_DURATION, "0", NULL, { 0 }, { 0 } },
		{ AK_PERCENTAGE, "101", "is more than 100 percent, without a max that allows it",
		  { 0 }, { 0 } },
		{ AK_PERCENTAGE, "101%", "is more than 100 percent, without a max that allows it",
		  AK_LIMIT(1), { 0 } },
		{ AK_PERCENTAGE, "-1", "is less than 0 percent, without a min that allows it",
		  { 0 }, AK_LIMIT(100) },
		{ AK_PERCENTAGE, "150", NULL, { 0 }, AK_LIMIT(200) },
		{ AK_PERCENTAGE, "-5", NULL, AK_LIMIT(-10), { 0 } },
		{ AK_PERCENTAGE, "100", NULL, { 0 }, { 0 } },
		{ AK_PERCENTAGE, "0", NULL, { 0 }, { 0 } },
		{ AK_STRING_ARRAY, "a", "must be an array", { 0 }, { 0 } },
		{ AK_STRING_ARRAY, "7", "must be an array", { 0 }, { 0 } },
		{ AK_STRING_ARRAY, "[a-z]", "must be an array", { 0 }, { 0 } },
		{ AK_STRING_ARRAY, "[\"a\"]", NULL, { 0 }, { 0 } },
		{ AK_STRING_ARRAY, "", NULL, { 0 }, { 0 } },
		{ AK_KEY_VALUE, "[{\"key\":\"a\",\"value\":\"b\"}]", NULL, { 0 }, { 0 } },
		{ AK_KEY_VALUE, "{\"a\":\"b\"}", "must be an array", { 0 }, { 0 } },
		{ AK_URL, "no url", "is not a URL, such as \"https://example.com\"", { 0 }, { 0 } },
		{ AK_URL, "example.com", "is not a URL, such as \"https://example.com\"", { 0 },
		  { 0 } },
		{ AK_URL, "http://", "is not a URL, such as \"https://example.com\"", { 0 },
		  { 0 } },
		{ AK_URL, "http://a b", "is not a URL, such as \"https://example.com\"", { 0 },
		  { 0 } },
		{ AK_URL, "http://a:80/x?y", NULL, { 0 }, { 0 } },
		{ AK_URL, "tcp://a:1", NULL, { 0 }, { 0 } },
		{ AK_URL, "", NULL, { 0 }, { 0 } },
	};
	char text[256];

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		text[0] = '\0';
		if (rows[i].said != NULL)
			snprintf(text, sizeof(text), "x: parameter \"p\": default_value \"%s\" %s",
			    rows[i].text, rows[i].said);
		PARAMETER(text, .type = rows[i].type, .default_value = rows[i].text,
		    .min = rows[i].min, .max = rows[i].max);
	}
}
END_TEST

/* What is registered, and what was forgotten. */
START_TEST(test_forgotten)
{
	struct forgetful {
		int64_t number;
		int64_t other;
	};
	/* Another table of the program happens to be behind the fields. */
	static const struct {
		struct ak_field fields[1];
		struct ak_option options[4];
	} endless = {
		.fields = { AK_INT(struct forgetful, number) },
		.options = { { "A", "a" }, { "B", "b" }, { "C", "c" }, AK_OPTIONS_END }
	};
	static const struct ak_field ended[] = AK_TABLE(
		AK_INT(struct forgetful, number),
		AK_INT(struct forgetful, other)
	);
	static const struct ak_parameter two[] = AK_TABLE(
		{ .name = "duration", .label = "Duration", .type = AK_DURATION },
		{ .name = "list", .label = "List", .type = AK_STRING, .options = ab }
	);

	expect("no action and no discovery was registered");
	ck_assert_int_eq(ak_register(NULL), -1);
	expect("ak_register() or ak_register_discovery() has failed, without an action or for "
	    "want of memory: 1 times");
	ck_assert_int_eq(ak_register_discovery(NULL), -1);
	ck_assert_int_eq(ak_register(NULL), -1);
	ACTION("ak_register() or ak_register_discovery() has failed, without an action or for "
	    "want of memory: 2 times", );
	ACTION("x: state: row 2 is not a field: AK_FIELDS_END is missing",
	    a.state = (struct ak_state)AK_STATE(struct forgetful, endless.fields));
	ACTION("", a.state = (struct ak_state)AK_STATE(struct forgetful, ended);
	    a.parameters = two);
	ACTION("x: an attack that the agent ends needs stop() or work()",
	    a.kind = AK_ATTACK, a.time_control = AK_EXTERNAL, a.parameters = duration);
	ACTION("", a.kind = AK_ATTACK, a.time_control = AK_EXTERNAL, a.parameters = duration,
	    a.work = handler);
	ACTION("", a.kind = AK_CHECK, a.time_control = AK_EXTERNAL, a.parameters = duration);
}
END_TEST

/* What lies behind a table whose end was forgotten: numbers, not the text of one row more. */
#define ENDLESS(type_, ...) \
	static const struct { \
		struct type_ rows[1]; \
		uintptr_t behind[64]; \
	} type_##s = { .rows = { __VA_ARGS__ }, .behind = { 1, 2, 3, 4, 5, 6, 7, 8, 9 } }

static const char *const endless_texts[] = {
	"a", (const char *)(uintptr_t)17, NULL
};

/* Each table of an action that has an end. */
START_TEST(test_endless)
{
	ENDLESS(ak_parameter, { .name = "p", .label = "P", .type = AK_STRING });
	ENDLESS(ak_option, { "A", "a" });
	ENDLESS(ak_target_template, { "A", "a", "a=1" });
	ENDLESS(ak_need, { .kind = AK_NEED_PROGRAM, .name = "sh" });
	ENDLESS(ak_widget, { .type = AK_WIDGET_LOG, .title = "W", .log = { .log_type = "L" } });
	ENDLESS(ak_chart_group, { "G", "info", AK_MATCH_FALLBACK, NULL, NULL });
	ENDLESS(ak_chart_content, { "C", "c", NULL });
	static const struct ak_target_selection selection = {
		.target_type = "t", .templates = ak_target_templates.rows
	};
	static const struct ak_widget charts[] = AK_TABLE(
		{ .type = AK_WIDGET_LINE_CHART, .title = "W", .line_chart = {
		  .metric = "m", .from = "f", .mode = AK_CHART_SELECT,
		  .groups = ak_chart_groups.rows } },
		{ .type = AK_WIDGET_LINE_CHART, .title = "W", .line_chart = {
		  .metric = "m", .from = "f", .mode = AK_CHART_SELECT,
		  .content = ak_chart_contents.rows } }
	);

	ACTION("x: row 2 is not a parameter: AK_PARAMETERS_END is missing",
	    a.parameters = ak_parameters.rows);
	ACTION("x: row 2 is not a parameter: AK_PARAMETERS_END is missing",
	    a.parameters = ak_parameters.rows; a.time_control = AK_EXTERNAL);
	PARAMETER("x: parameter \"p\": row 2 is not an option: AK_OPTIONS_END is missing",
	    .type = AK_STRING, .options = ak_options.rows, .default_value = "b");
	PARAMETER("x: parameter \"p\": row 2 is not one of the option_attributes: NULL is missing",
	    .type = AK_STRING, .option_attributes = endless_texts);
	ACTION("x: target_selection: row 2 is not a template: AK_TARGET_TEMPLATES_END is missing",
	    a.target_selection = &selection);
	ACTION("x: row 2 is not a need: AK_NEEDS_END is missing", a.needs = ak_needs.rows);
	ACTION("x: row 2 is not a widget: AK_WIDGETS_END is missing",
	    a.widgets = ak_widgets.rows);
	ACTION("x: widget 1: line_chart: row 2 is not a group: AK_CHART_GROUPS_END is missing\n"
	    "x: widget 2: line_chart: row 2 is not a content: AK_CHART_CONTENT_END is missing",
	    a.widgets = charts);
}
END_TEST

START_TEST(test_options)
{
	static const struct ak_option empty[] = { AK_OPTIONS_END };
	static const struct ak_option halves[] = {
		{ NULL, "a" }, { "B", NULL }, { "", "c" }, AK_OPTIONS_END
	};
	static const struct ak_option twice[] = {
		{ "A", "a" }, { "B", "b" }, { "C", "a" }, AK_OPTIONS_END
	};
	struct ak_option longer[] = { { long_text(256), long_text(256) }, AK_OPTIONS_END };

	PARAMETER("x: parameter \"p\": type integer has no options", .type = AK_INTEGER,
	    .options = ab);
	PARAMETER("x: parameter \"p\": options_open needs options", .type = AK_STRING,
	    .options_open = true);
	PARAMETER("x: parameter \"p\": options are empty", .type = AK_STRING,
	    .options = empty);
	PARAMETER("x: parameter \"p\": option 1: label is missing\n"
	    "x: parameter \"p\": option 2: value is missing\n"
	    "x: parameter \"p\": option 3: label is missing", .type = AK_STRING,
	    .options = halves, .default_value = "a");
	PARAMETER("x: parameter \"p\": option 3: value \"a\" is there twice",
	    .type = AK_STRING, .options = twice);
	PARAMETER("x: parameter \"p\": option 1: label has 256 characters, more than 255\n"
	    "x: parameter \"p\": option 1: value has 256 characters, more than 255",
	    .type = AK_STRING, .options = longer);
}
END_TEST

START_TEST(test_members)
{
	static const char *const names[] = { "host", "", "host", NULL };
	static const char *const none[] = { NULL };
	static const char *const text[] = { ".txt", NULL };
	static const char *const types[] = { ".json", NULL }, *const odd[] = { "host", NULL };
	const char *const longer[] = { long_text(256), NULL };

	PARAMETER("", .type = AK_STRING, .option_attributes = text, .options_open = true);
	PARAMETER("x: parameter \"p\": option_attribute 2 is missing\n"
	    "x: parameter \"p\": option_attribute \"host\" is there twice",
	    .type = AK_STRING, .option_attributes = names);
	PARAMETER("x: parameter \"p\": option_attributes are empty", .type = AK_STRING,
	    .option_attributes = none);
	PARAMETER("x: parameter \"p\": type boolean has no options", .type = AK_BOOLEAN,
	    .option_attributes = text);
	PARAMETER("x: parameter \"p\": option_attribute 1 has 256 characters, more than 255",
	    .type = AK_STRING, .option_attributes = longer);
	/* Any default may be the value of an attribute. */
	PARAMETER("", .type = AK_STRING, .options = ab, .option_attributes = text,
	    .default_value = "c");
	PARAMETER("x: parameter \"p\": default_value \"abc\" must have at most 2 bytes",
	    .type = AK_STRING, .max_length = 2, .default_value = "abc");
	PARAMETER("x: parameter \"p\": type integer has no max_length\n"
	    "x: parameter \"p\": type integer has no max_items", .type = AK_INTEGER,
	    .max_length = 1, .max_items = 1);
	PARAMETER("x: parameter \"p\": type string has no max_items", .type = AK_STRING,
	    .max_items = 1);
	PARAMETER("x: parameter \"p\": type integer has no duration_units",
	    .type = AK_INTEGER, .duration_units = AK_SECONDS);
	PARAMETER("x: parameter \"p\": duration_units 0x60 are unknown",
	    .type = AK_DURATION, .duration_units = 0x60 | AK_SECONDS);
	PARAMETER("x: parameter \"p\": type url has no accepted_file_types",
	    .type = AK_URL, .accepted_file_types = text);
	PARAMETER("x: parameter \"p\": type url has no accepted_file_types\n"
	    "x: parameter \"p\": accepted_file_type 2 is missing\n"
	    "x: parameter \"p\": accepted_file_type \"host\" is there twice",
	    .type = AK_URL, .accepted_file_types = names);
	FILE_PARAMETER("", .name = "aZ0_-", .required = true, .accepted_file_types = types);
	FILE_PARAMETER("x: parameter \"request\": a file cannot be named \"request\"",
	    .name = "request");
	FILE_PARAMETER("x: parameter \"a.b\": the name of a file has only letters, digits, "
	    "\"_\" and \"-\"", .name = "a.b");
	FILE_PARAMETER("x: parameter \"p\": type file has no default_value", .name = "p",
	    .default_value = "eA==");
	FILE_PARAMETER("x: parameter \"p\": accepted_file_type \"host\" must be a dot and "
	    "what follows it in a file name", .name = "p", .accepted_file_types = odd);
	PARAMETER("x: parameter \"p\": a file needs stop() or work(), or it would never be removed",
	    .type = AK_FILE);
	PARAMETER("x: parameter \"p\": hint: type is missing", .type = AK_STRING,
	    .hint.content = "x");
	PARAMETER("x: parameter \"p\": hint: content is missing", .type = AK_STRING,
	    .hint.type = AK_HINT_INFO);
	PARAMETER("x: parameter \"p\": hint: type 3 is unknown", .type = AK_STRING,
	    .hint = { (enum ak_hint_type)3, "x" });
	PARAMETER("x: parameter \"p\": what is deprecated cannot be required",
	    .type = AK_STRING, .deprecated = true, .required = true);
	PARAMETER("x: parameter \"p\": what is deprecated has no default_value",
	    .type = AK_STRING, .deprecated = true, .default_value = "x");
	PARAMETER("x: parameter \"p\": deprecation_message needs deprecated",
	    .type = AK_STRING, .deprecation_message = "x");
	PARAMETER("x: parameter \"p\": deprecation_message is not UTF-8",
	    .type = AK_STRING, .deprecated = true, .deprecation_message = "\xff");
}
END_TEST

/* The least action with a target selection. */
#define SELECTION(lines_, ...) do { \
	const struct ak_target_selection selection_ = { __VA_ARGS__ }; \
	ACTION(lines_, a.target_selection = &selection_); \
} while (0)

START_TEST(test_targets)
{
	static const struct ak_need needs[] = {
		{ .kind = AK_NEED_CAPABILITY, .name = "CAP_CHECKPOINT_RESTORE" },
		{ .kind = AK_NEED_PROGRAM, .name = "tc" },
		{ .kind = AK_NEED_PROGRAM, .name = "/sbin/tc" },
		{ .kind = AK_NEED_PATH, .name = "/etc" },
		{ .kind = AK_NEED_MODULE, .name = "sch_netem" },
		{ .kind = AK_NEED_LINUX, .name = "5.16" },
		AK_NEEDS_END
	};
	static const struct ak_need wrong_needs[] = {
		{ .kind = AK_NEED_CAPABILITY, .name = "CAP_FLY" },
		{ .kind = AK_NEED_PROGRAM, .name = "" },
		{ .kind = AK_NEED_PROGRAM, .name = "./tc" },
		{ .kind = AK_NEED_PATH, .name = "etc" },
		{ .kind = AK_NEED_MODULE, .name = "net/ifb" },
		{ .kind = AK_NEED_LINUX, .name = "new" },
		{ .kind = (enum ak_need_kind)0, .name = "x" },
		{ .kind = (enum ak_need_kind)6, .name = "y" },
		AK_NEEDS_END
	};

	static const struct ak_target_template good[] = {
		{ "By name", "Chooses.", "a.b=\"c\"" }, { "All", NULL, "*" },
		AK_TARGET_TEMPLATES_END
	};
	static const struct ak_target_template bad[] = {
		{ NULL, "x", NULL }, { "X", "", "" }, AK_TARGET_TEMPLATES_END
	};
	static const struct ak_target_template none[] = { AK_TARGET_TEMPLATES_END };
	static struct ak_target_template longer[] = {
		{ NULL, NULL, "x" }, AK_TARGET_TEMPLATES_END
	};

	SELECTION("", .target_type = "host", .target_query = "x", .templates = good,
	    .quantity = AK_ALL_TARGETS, .default_blast_radius = { AK_BLAST_PERCENTAGE, 100 },
	    .missing_query = AK_INCLUDE_NONE);
	SELECTION("x: target_selection: target_type is missing", .target_query = NULL);
	SELECTION("x: target_selection: target_query has 1025 characters, more than 1024",
	    .target_type = "t", .target_query = long_text(1025));
	SELECTION("x: target_selection: quantity 4 is unknown", .target_type = "t",
	    .quantity = (enum ak_quantity)4);
	SELECTION("x: target_selection: missing_query 3 is unknown", .target_type = "t",
	    .missing_query = (enum ak_missing_query)3);
	SELECTION("x: target_selection: default_blast_radius: mode is missing",
	    .target_type = "t", .default_blast_radius.value = 5);
	SELECTION("x: target_selection: default_blast_radius: mode 3 is unknown",
	    .target_type = "t",
	    .default_blast_radius.mode = (enum ak_blast_radius_mode)3);
	SELECTION("x: target_selection: default_blast_radius: value 101 is more than 100 "
	    "percent", .target_type = "t",
	    .default_blast_radius = { AK_BLAST_PERCENTAGE, 101 });
	SELECTION("x: target_selection: default_blast_radius: value -1 is negative",
	    .target_type = "t", .default_blast_radius = { AK_BLAST_MAXIMUM, -1 });
	SELECTION("", .target_type = "t", .default_blast_radius = { AK_BLAST_MAXIMUM, 101 });
	SELECTION("x: target_selection: template 1: label is missing\n"
	    "x: target_selection: template 1: query is missing\n"
	    "x: target_selection: template 2: query is missing", .target_type = "t",
	    .templates = bad);
	SELECTION("x: target_selection: templates are empty", .target_type = "t",
	    .templates = none);
	longer[0].label = long_text(129);
	SELECTION("x: target_selection: template 1: label has 129 characters, more than 128",
	    .target_type = "t", .templates = longer);
	ACTION("x: templates are empty", a.target_templates = none);
	ACTION("x: target_type is not UTF-8", a.target_type = "\xff");
	ACTION("x: hint: content is missing", a.hint.type = AK_HINT_INFO);
	ACTION("", a.needs = needs);
	ACTION("x: need \"CAP_FLY\": there is no such capability\n"
	    "x: need \"\": is neither the name of a program nor an absolute path\n"
	    "x: need \"./tc\": is neither the name of a program nor an absolute path\n"
	    "x: need \"etc\": is not an absolute path\n"
	    "x: need \"net/ifb\": is not the name of a module\n"
	    "x: need \"new\": is not a version, such as 5.16\n"
	    "x: need \"x\": kind 0 is unknown\n"
	    "x: need \"y\": kind 6 is unknown", a.needs = wrong_needs);
	ACTION("x: flags 0x4 are unknown", a.flags = AK_DISABLE_HEARTBEAT | AK_GUARDED | 4);
}
END_TEST

/* The least action with one widget. */
#define WIDGET(lines_, ...) do { \
	const struct ak_widget table_[] = { { __VA_ARGS__ }, AK_WIDGETS_END }; \
	ACTION(lines_, a.widgets = table_); \
} while (0)

START_TEST(test_widgets)
{
	static const struct ak_chart_group good[] = {
		{ "Low", "success", AK_MATCH_EQUALS, "level", "" },
		{ "Some", "info", AK_MATCH_NOT_EMPTY, "level", NULL },
		{ "Rest", "warn", AK_MATCH_FALLBACK, NULL, NULL }, AK_CHART_GROUPS_END
	};
	static const struct ak_chart_group bad[] = {
		{ "Low", NULL, (enum ak_chart_match)0, "level", NULL },
		{ NULL, "info", AK_MATCH_NOT_EMPTY, NULL, "x" },
		{ "Rest", "warn", AK_MATCH_FALLBACK, "x", NULL },
		{ "Low", "success", AK_MATCH_EQUALS, "level", NULL },
		{ "Low", "success", (enum ak_chart_match)4, NULL, NULL },
		AK_CHART_GROUPS_END
	};
	static const struct ak_chart_content lines[] = {
		{ "Host", "host", NULL }, AK_CHART_CONTENT_END
	};
	static const struct ak_chart_content halves[] = {
		{ NULL, "host", NULL }, { "Host", NULL, "ms" }, AK_CHART_CONTENT_END
	};

	WIDGET("", .type = AK_WIDGET_STATE_OVER_TIME, .title = "W",
	    .state_over_time = { "id", "label", "tip", "state", "url", true });
	WIDGET("", .type = AK_WIDGET_LOG, .title = "W", .log = { "LOG" });
	WIDGET("", .type = AK_WIDGET_MARKDOWN, .title = "W", .markdown = { "MD", true });
	WIDGET("", .type = AK_WIDGET_PREDEFINED, .predefined = { "w" });
	WIDGET("", .type = AK_WIDGET_LINE_CHART, .title = "W",
	    .line_chart = { "m", "id", AK_CHART_SELECT, good, true, "T", "ms", lines });

	WIDGET("x: widget 1: type is missing", .title = "W");
	WIDGET("x: widget 1: type is missing", .markdown.append = true);
	WIDGET("x: widget 1: type 6 is unknown", .type = (enum ak_widget_type)6);
	WIDGET("x: widget 1: title is missing\n"
	    "x: widget 1: log: log_type is missing", .type = AK_WIDGET_LOG);
	WIDGET("x: widget 1: title has 129 characters, more than 128\n"
	    "x: widget 1: log: log_type has 129 characters, more than 128",
	    .type = AK_WIDGET_LOG, .title = long_text(129), .log = { long_text(129) });
	WIDGET("x: widget 1: markdown does not go with its type", .type = AK_WIDGET_LOG,
	    .title = "W", .log = { "L" }, .markdown = { "M", false });
	WIDGET("x: widget 1: state_over_time does not go with its type\n"
	    "x: widget 1: log does not go with its type\n"
	    "x: widget 1: predefined does not go with its type\n"
	    "x: widget 1: line_chart does not go with its type\n"
	    "x: widget 1: markdown: message_type is missing", .type = AK_WIDGET_MARKDOWN,
	    .title = "W", .state_over_time.hide_value = true, .log = { "L" },
	    .predefined = { "P" }, .line_chart.value_unit = "ms");
	WIDGET("x: widget 1: a predefined widget has no title\n"
	    "x: widget 1: predefined: id is missing", .type = AK_WIDGET_PREDEFINED,
	    .title = "W");
	WIDGET("x: widget 1: state_over_time: identity is missing\n"
	    "x: widget 1: state_over_time: label is missing\n"
	    "x: widget 1: state_over_time: tooltip is missing\n"
	    "x: widget 1: state_over_time: state is missing",
	    .type = AK_WIDGET_STATE_OVER_TIME, .title = "W");
	WIDGET("x: widget 1: line_chart: metric is missing\n"
	    "x: widget 1: line_chart: from is missing\n"
	    "x: widget 1: line_chart: mode is missing\n"
	    "x: widget 1: line_chart: show_summary needs groups",
	    .type = AK_WIDGET_LINE_CHART, .title = "W", .line_chart.show_summary = true);
	WIDGET("x: widget 1: line_chart: mode 3 is unknown\n"
	    "x: widget 1: line_chart: group 1: color is missing\n"
	    "x: widget 1: line_chart: group 1: match is missing\n"
	    "x: widget 1: line_chart: group 1: key does not go with its match\n"
	    "x: widget 1: line_chart: group 2: title is missing\n"
	    "x: widget 1: line_chart: group 2: key is missing\n"
	    "x: widget 1: line_chart: group 2: value does not go with its match\n"
	    "x: widget 1: line_chart: group 3: key does not go with its match\n"
	    "x: widget 1: line_chart: group 4: value is missing\n"
	    "x: widget 1: line_chart: group 5: match 4 is unknown\n"
	    "x: widget 1: line_chart: content 1: title is missing\n"
	    "x: widget 1: line_chart: content 2: from is missing",
	    .type = AK_WIDGET_LINE_CHART, .title = "W", .line_chart = { "m", "id",
	    (enum ak_chart_mode)3, bad, false, NULL, NULL, halves });
}
END_TEST

START_TEST(test_tables)
{
	static const struct ak_parameter broken[] = {
		{ .name = "p", .type = AK_STRING },
		{ .label = "Q", .type = AK_STRING },
		{ .name = "", .label = "R", .type = AK_STRING },
		{ .name = "p", .label = "S", .type = AK_STRING },
		AK_PARAMETERS_END
	};
	static const struct ak_metrics with = { .parameters = broken };
	static char names[65][4];
	static struct ak_parameter many[66];
	struct ak_parameter longer[] = {
		{ .name = "p", .label = long_text(256), .type = AK_STRING },
		AK_PARAMETERS_END
	};
	size_t i;

	ACTION("x: parameter \"p\": label is missing\n"
	    "x: parameter 2: name is missing\n"
	    "x: parameter 3: name is missing\n"
	    "x: parameter \"p\": name is there twice", a.parameters = broken);
	ACTION("x: metrics: parameter \"p\": label is missing\n"
	    "x: metrics: parameter 2: name is missing\n"
	    "x: metrics: parameter 3: name is missing\n"
	    "x: metrics: parameter \"p\": name is there twice", a.metrics = &with,
	    a.query_metrics = handler);
	ACTION("x: parameter \"p\": label has 256 characters, more than 255",
	    a.parameters = longer);
	for (i = 0; i < 65; i++) {
		snprintf(names[i], sizeof(names[i]), "%zu", i);
		many[i] = (struct ak_parameter){ .name = names[i], .label = "L",
		    .type = AK_STRING };
	}
	ACTION("x: there are 65 parameters, more than 64", a.parameters = many);
	many[64] = (struct ak_parameter)AK_PARAMETERS_END;
	ACTION("", a.parameters = many);
}
END_TEST

#define STATE(size_, fields_) a.state = (struct ak_state){ size_, fields_ }

#define F(name_, kind_, offset_, size_) { name_, kind_, offset_, size_, 0, 0, NULL, false }

START_TEST(test_states)
{
	static const struct ak_field none[] = { AK_FIELDS_END };
	static const struct ak_field one[] = { F("a", AK_FIELD_INT, 0, 8), AK_FIELDS_END };
	static const struct ak_field backwards[] = {
		F("a", AK_FIELD_INT, 8, 8), F("b", AK_FIELD_INT, 0, 8), AK_FIELDS_END
	};
	static const struct ak_field twice[] = {
		F("a", AK_FIELD_INT, 0, 8), F("a", AK_FIELD_INT, 8, 8), AK_FIELDS_END
	};
	static const struct ak_field over[] = {
		F("a", AK_FIELD_STRING, 0, 9), F("b", AK_FIELD_INT, 8, 8), AK_FIELDS_END
	};
	static const struct ak_field beyond[] = {
		F("a", AK_FIELD_INT, 16, 8), F("b", AK_FIELD_INT, SIZE_MAX, 8),
		F("c", AK_FIELD_STRING, 8, SIZE_MAX), F("d", AK_FIELD_INT, 9, 8),
		AK_FIELDS_END
	};
	static const struct ak_field kinds[] = {
		F("a", (enum ak_field_kind)0, 0, 8), F("b", (enum ak_field_kind)8, 8, 1),
		F("c", AK_FIELD_INT, 9, 4), F("d", AK_FIELD_STRING, 13, 0),
		F("", AK_FIELD_BOOL, 14, 1), AK_FIELDS_END
	};

	static const struct ak_field none_within[] = {
		{ "s", AK_FIELD_STRUCT, 0, 8, 0, 0, NULL, false },
		{ "t", AK_FIELD_STRUCT, 8, 8, 0, 0, none, false }, AK_FIELDS_END
	};
	static const struct ak_field within[] = {
		{ "s", AK_FIELD_STRUCT, 8, 8, 0, 0, one, false }, AK_FIELDS_END
	};
	static const struct ak_field wrong_within[] = {
		{ "s", AK_FIELD_STRUCT, 8, 16, 0, 0, beyond, false }, AK_FIELDS_END
	};
	static const struct ak_field endless[] = {
		{ "s", AK_FIELD_STRUCT, 0, 8, 0, 0, endless, false }, AK_FIELDS_END
	};
	static const struct ak_field lists[] = {
		{ "a", AK_FIELD_LIST, 0, 8, 1, 1, NULL, false },
		{ "b", AK_FIELD_LIST, 8, 16, 0, 4, NULL, false },
		{ "c", AK_FIELD_LIST, 24, 16, 4, 0, NULL, false },
		{ "d", AK_FIELD_LIST, 40, 16, 3, 3, NULL, false },
		{ "e", AK_FIELD_LIST, 56, 16, 2, 3, NULL, false },
		F("f", AK_FIELD_JSON, 72, 0), AK_FIELDS_END
	};

	ACTION("", STATE(16, within));
	ACTION("x: state: field \"s\": there are no fields of the struct\n"
	    "x: state: field \"t\": there are no fields of the struct",
	    STATE(16, none_within));
	ACTION("x: state: field \"s\": field \"a\": is beyond the end of the struct\n"
	    "x: state: field \"s\": field \"b\": is beyond the end of the struct\n"
	    "x: state: field \"s\": field \"c\": is beyond the end of the struct\n"
	    "x: state: field \"s\": field \"d\": is beyond the end of the struct",
	    STATE(24, wrong_within));
	ACTION("x: state: field \"s\": field \"s\": field \"s\": field \"s\": field \"s\": "
	    "field \"s\": field \"s\": field \"s\": field \"s\": structs are nested more than "
	    "8 deep", STATE(8, endless));
	ACTION("x: state: field \"a\": size 8 does not suit its kind\n"
	    "x: state: field \"b\": size 16 does not suit its kind\n"
	    "x: state: field \"c\": size 16 does not suit its kind\n"
	    "x: state: field \"d\": size 16 does not suit its kind\n"
	    "x: state: field \"f\": size 0 does not suit its kind", STATE(72, lists));
	ACTION("", STATE(8, one));
	ACTION("", STATE(16, backwards));
	ACTION("", STATE(0, none));
	ACTION("x: state: there are fields but size is 0", STATE(0, one));
	ACTION("x: state: size is 8 but there are no fields", STATE(8, NULL));
	ACTION("x: state: size is 8 but there are no fields", STATE(8, none));
	ACTION("x: state: field \"a\": name is there twice", STATE(16, twice));
	ACTION("x: state: field \"b\": overlaps field \"a\"", STATE(16, over));
	ACTION("x: state: field \"a\": is beyond the end of the struct\n"
	    "x: state: field \"b\": is beyond the end of the struct\n"
	    "x: state: field \"c\": is beyond the end of the struct\n"
	    "x: state: field \"d\": is beyond the end of the struct", STATE(16, beyond));
	ACTION("x: state: field \"a\": kind 0 is unknown\n"
	    "x: state: field \"b\": kind 8 is unknown\n"
	    "x: state: field \"c\": size 4 does not suit its kind\n"
	    "x: state: field \"d\": size 0 does not suit its kind\n"
	    "x: state: field \"\": name is missing", STATE(16, kinds));
}
END_TEST

/* Every mistake is reported, not the first one only. */
START_TEST(test_all)
{
	static const struct ak_action empty;
	struct ak_action other = least();

	other.version = NULL;
	ck_assert_int_eq(ak_register(&empty), 0);
	ck_assert_int_eq(ak_register(&other), 0);
	expect("action 1: id is missing\n"
	    "action 1: label is missing\n"
	    "action 1: version is missing\n"
	    "action 1: description is missing\n"
	    "action 1: kind is missing\n"
	    "action 1: start() is missing, and so is work()\n"
	    "action 1: time_control is missing\n"
	    "x: version is missing");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		test_right, test_texts, test_icon, test_ids, test_enums, test_handlers,
		test_duration_parameter, test_intervals, test_endpoints, test_across,
		test_parameters, test_defaults, test_odd_defaults, test_forgotten, test_endless,
		test_options, test_members, test_targets,
		test_widgets, test_tables, test_states,
		test_all, NULL
	};

	return unit_main("verify", NULL, tests);
}
