/*
 * test_call.c: what a handler reads, says and gets wrong, and the reply that comes of it.
 */
#include "config.h"

#include "core/action/call.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/action/context.h"
#include "core/action/parameters.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "tests/unit/unit.h"

#define FAR_MS 60000
#define EXECUTION "8e0a2c4e-0000-4000-8000-000000000001"

static const struct ak_parameter parameters[] = {
	{ .name = "text", .type = AK_STRING },
	{ .name = "rate", .type = AK_BITRATE },
	{ .name = "list", .type = AK_STRING_ARRAY },
	{ .name = "number", .type = AK_INTEGER },
	{ .name = "share", .type = AK_PERCENTAGE, .default_value = "50%" },
	{ .name = "flag", .type = AK_BOOLEAN },
	{ .name = "time", .type = AK_DURATION },
	{ .name = "pairs", .type = AK_KEY_VALUE },
	{ .name = "header", .type = AK_HEADER },
	AK_PARAMETERS_END
};

static struct ak_action action;
static struct ak_call call;
static struct err err;

/* What the handler of the moment does. */
static int (*body)(void);

static int
handler(struct ak_call *given, void *state)
{
	ck_assert_ptr_eq(given, &call);
	ck_assert_ptr_eq(state, call.verb == VERB_QUERY ? NULL : call.state);
	return body();
}

static void
setup(void)
{
	static int state;

	action = (struct ak_action){
		.id = "x", .prepare = handler, .start = handler, .status = handler,
		.stop = handler, .query_metrics = handler, .work = handler
	};
	call = (struct ak_call){
		.action = &action, .verb = VERB_PREPARE, .parameters = parameters,
		.execution = EXECUTION,
		.deadline_ms = clock_boot_ms() + FAR_MS, .state = &state
	};
}

static struct json_object *
parse(const char *text)
{
	struct json_object *value;

	ck_assert_msg(json_parse(text, strlen(text), &value, &err) == 0, "%s: %s", text,
	    err.msg);
	return value;
}

/* Gives the call a config, as parameters_check() makes it. */
static void
configure(const char *text)
{
	struct json_object *config = parse(text);

	json_object_put(call.config);
	call.config = NULL;
	ck_assert_msg(parameters_check(parameters, config, &call.config, &err) == 0, "%s",
	    err.msg);
	json_object_put(config);
}

static int
run(int (*what)(void))
{
	body = what;
	return call_run(&call);
}

/* The reply so far, without its timestamps, which are checked. */
static void
reply_is(const char *text)
{
	struct json_object *reply = json_new_object(), *list, *item;
	const char *const lists[] = { "messages", "metrics" };
	const char *stamp;
	size_t i, n;
	int year;

	call_reply(&call, reply);
	for (i = 0; i < UNIT_COUNT(lists); i++) {
		list = json_member(reply, lists[i]);
		for (n = 0; list != NULL && n < json_object_array_length(list); n++) {
			item = json_object_array_get_idx(list, n);
			stamp = json_member_string(item, "timestamp");
			ck_assert_ptr_nonnull(stamp);
			ck_assert_uint_eq(strlen(stamp), strlen("2026-11-22T18:00:00.000Z"));
			ck_assert_int_eq(sscanf(stamp, "%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%*3dZ",
			    &year), 1);
			ck_assert_int_ge(year, 2020);
			json_object_object_del(item, "timestamp");
		}
	}
	ck_assert_str_eq(json_text(reply, NULL), text);
	json_object_put(reply);
	ck_assert_ptr_null(call.messages);
	ck_assert_ptr_null(call.metrics);
	ck_assert_ptr_null(call.error);
	call_done(&call);
}

static int
nothing(void)
{
	return 0;
}

static int
silent(void)
{
	return -1;
}

START_TEST(test_run)
{
	static const char *const titles[] = {
		"Prepare failed", "Start failed", "Status failed", "Stop failed",
		"Query failed"
	};
	static const char *const handlers[] = {
		"prepare", "start", "status", "stop", "query_metrics"
	};
	char text[256];
	enum verb verb;

	for (verb = 0; verb < VERB_COUNT; verb++) {
		call.verb = verb;
		ck_assert_int_eq(run(nothing), 0);
		ck_assert_ptr_null(call.error);
		reply_is("{}");
		ck_assert_int_eq(run(silent), -1);
		snprintf(text, sizeof(text),
		    "{\"error\":{\"title\":\"%s\",\"detail\":\"%s() returned -1 without "
		    "ak_error()\",\"status\":\"errored\"}}", titles[verb], handlers[verb]);
		reply_is(text);
	}
	/* An optional handler that is not there does nothing. */
	action = (struct ak_action){ .id = "x" };
	for (verb = 0; verb < VERB_COUNT; verb++) {
		call.verb = verb;
		ck_assert_int_eq(run(silent), 0);
		reply_is("{}");
	}
}
END_TEST

static int
errored(void)
{
	return ak_error(&call, "It broke: %d", 7);
}

static int
system_failed(void)
{
	errno = ENOENT;
	return ak_errno(&call, "Failed to open %s", "x");
}

static int
no_errno(void)
{
	errno = 0;
	return ak_errno(&call, "Failed");
}

static int
check_failed(void)
{
	return ak_failed(&call, "Too slow");
}

static int
twice(void)
{
	ak_error(&call, "first");
	return ak_failed(&call, "second");
}

static int
forgotten(void)
{
	ak_error(&call, "It broke");
	return 0;
}

START_TEST(test_errors)
{
	ck_assert_int_eq(run(errored), -1);
	reply_is("{\"error\":{\"title\":\"It broke: 7\",\"status\":\"errored\"}}");
	ck_assert_int_eq(run(system_failed), -1);
	reply_is("{\"error\":{\"title\":\"Failed to open x\","
	    "\"detail\":\"No such file or directory\",\"status\":\"errored\"}}");
	ck_assert_int_eq(run(no_errno), -1);
	reply_is("{\"error\":{\"title\":\"Failed\",\"status\":\"errored\"}}");
	ck_assert_int_eq(run(check_failed), -1);
	reply_is("{\"error\":{\"title\":\"Too slow\",\"status\":\"failed\"}}");
	ck_assert_int_eq(run(twice), -1);
	reply_is("{\"error\":{\"title\":\"second\",\"status\":\"failed\"}}");
	/* Who reports an error and returns 0 has failed all the same. */
	ck_assert_int_eq(run(forgotten), -1);
	reply_is("{\"error\":{\"title\":\"It broke\",\"status\":\"errored\"}}");
}
END_TEST

START_TEST(test_error_text)
{
	char text[64], small[8];

	call_error_text(call.error, text, sizeof(text));
	ck_assert_str_eq(text, "");
	call_error(&call, "Title", NULL);
	call_error_text(call.error, text, sizeof(text));
	ck_assert_str_eq(text, "Title");
	call_error(&call, "Later", "is too late");
	call_error_text(call.error, text, sizeof(text));
	ck_assert_str_eq(text, "Title");
	call_done(&call);
	call_error(&call, "Title", "d\xc3\xa9tail");
	call_error_text(call.error, text, sizeof(text));
	ck_assert_str_eq(text, "Title: d\xc3\xa9tail");
	call_error_text(call.error, small, sizeof(small));
	ck_assert_str_eq(small, "Title: ");
	call_error_text(call.error, text, 10);
	ck_assert_str_eq(text, "Title: d");
	call_error_text(call.error, text, 1);
	ck_assert_str_eq(text, "");
	call_done(&call);
}
END_TEST

static int
talkative(void)
{
	static const struct ak_label labels[] = {
		{ "room", "kitchen" }, { "none", NULL }, AK_LABELS_END
	};

	ak_message(&call, AK_DEBUG, "one %d", 1);
	ak_message(&call, AK_INFO, "%s", "two\n\"\\");
	ak_message(&call, AK_WARN, "%s", "\xff\xfe three");
	ak_message(&call, AK_ERROR, "%s", "");
	ak_metric(&call, "ratio", 0.1, labels);
	ak_metric(&call, "count", 3, NULL);
	ak_summary(&call, AK_INFO, "first");
	ak_summary(&call, AK_WARN, "second %d", 2);
	if (call.verb == VERB_STATUS)
		ak_completed(&call);
	return 0;
}

START_TEST(test_outcome)
{
	call.verb = VERB_STATUS;
	ck_assert_int_eq(run(talkative), 0);
	ck_assert(call.completed);
	reply_is("{\"messages\":[{\"message\":\"one 1\",\"level\":\"debug\"},"
	    "{\"message\":\"two\\n\\\"\\\\\",\"level\":\"info\"},"
	    "{\"message\":\"\xef\xbf\xbd\xef\xbf\xbd three\",\"level\":\"warn\"},"
	    "{\"message\":\"\",\"level\":\"error\"}],"
	    "\"metrics\":[{\"name\":\"ratio\",\"metric\":{\"room\":\"kitchen\",\"none\":\"\"},"
	    "\"value\":0.1},{\"name\":\"count\",\"metric\":{},\"value\":3}],"
	    "\"summary\":{\"text\":\"second 2\",\"level\":\"warning\"}}");

	/* The result of a query has no summary. */
	call.verb = VERB_QUERY;
	ck_assert_int_eq(run(talkative), 0);
	json_object_put(call.messages);
	json_object_put(call.metrics);
	call.messages = call.metrics = NULL;
	reply_is("{}");
}
END_TEST

static int
detailed(void)
{
	static const struct ak_label fields[] = {
		{ "room", "kitchen" }, { "\xff", NULL }, AK_LABELS_END
	};
	static const struct ak_message_details log = {
		.level = AK_WARN, .type = "LOG", .fields = fields,
		.timestamp_ms = 1500, .timestamp_source = AK_TIMESTAMP_EXTERNAL
	};
	static const struct ak_message_details plain = {
		.level = AK_INFO, .timestamp_source = AK_TIMESTAMP_EXTENSION
	};
	static const struct ak_metric_details external = {
		.labels = fields, .timestamp_ms = 253402300799999,
		.timestamp_source = AK_TIMESTAMP_EXTERNAL
	};
	static const struct ak_metric_details none;

	ak_message_as(&call, &log, "m %d", 1);
	ak_message_as(&call, &plain, "m %d", 2);
	ak_metric_as(&call, "m", 1, &external);
	ak_metric_as(&call, "m", 2, &none);
	return 0;
}

START_TEST(test_details)
{
	struct json_object *reply = json_new_object(), *messages, *metrics;

	ck_assert_int_eq(run(detailed), 0);
	call_reply(&call, reply);
	messages = json_member(reply, "messages");
	metrics = json_member(reply, "metrics");
	ck_assert_str_eq(json_text(json_object_array_get_idx(messages, 0), NULL),
	    "{\"message\":\"m 1\",\"type\":\"LOG\",\"level\":\"warn\","
	    "\"timestamp\":\"1970-01-01T00:00:01.500Z\",\"timestampSource\":\"external\","
	    "\"fields\":{\"room\":\"kitchen\",\"\xef\xbf\xbd\":\"\"}}");
	ck_assert_str_eq(json_member_string(json_object_array_get_idx(messages, 1),
	    "timestampSource"), "extension");
	ck_assert_str_eq(json_text(json_object_array_get_idx(metrics, 0), NULL),
	    "{\"timestamp\":\"9999-12-31T23:59:59.999Z\",\"timestampSource\":\"external\","
	    "\"name\":\"m\",\"metric\":{\"room\":\"kitchen\",\"\xef\xbf\xbd\":\"\"},"
	    "\"value\":1}");
	ck_assert_ptr_null(json_member(json_object_array_get_idx(metrics, 1),
	    "timestampSource"));
	json_object_put(reply);
}
END_TEST

static int
problem(void)
{
	static const struct ak_error_details details = {
		.status = AK_FAILED, .type = "https://example.org/slow",
		.detail = "300 ms", .instance = "urn:x:1"
	};

	return ak_error_as(&call, &details, "Too slow: %d", 1);
}

static int
plain_problem(void)
{
	return ak_error_as(&call, NULL, "Broken");
}

START_TEST(test_error_details)
{
	ck_assert_int_eq(run(problem), -1);
	reply_is("{\"error\":{\"title\":\"Too slow: 1\",\"detail\":\"300 ms\","
	    "\"status\":\"failed\",\"type\":\"https://example.org/slow\","
	    "\"instance\":\"urn:x:1\"}}");
	ck_assert_int_eq(run(plain_problem), -1);
	reply_is("{\"error\":{\"title\":\"Broken\",\"status\":\"errored\"}}");
}
END_TEST

static int
modifying(void)
{
	ck_assert_int_eq(ak_modify_string(&call, AK_SET_PROPERTY, "s", "x"), 0);
	ck_assert_int_eq(ak_modify_integer(&call, AK_ADD_TO_PROPERTY, "i", -7), 0);
	ck_assert_int_eq(ak_modify_double(&call, AK_SET_PROPERTY, "d", 0.5), 0);
	ck_assert_int_eq(ak_modify_boolean(&call, AK_SET_PROPERTY, "b", true), 0);
	ck_assert_int_eq(ak_modify_json(&call, AK_ADD_TO_PROPERTY, "j",
	    " {\"a\" : [null, 1.50]} "), 0);
	ck_assert_int_eq(ak_modify_json(&call, AK_SET_PROPERTY, "n", "null"), 0);
	return 0;
}

START_TEST(test_modifications)
{
	call.verb = VERB_STOP;
	ck_assert_int_eq(run(modifying), 0);
	reply_is("{\"modifications\":["
	    "{\"type\":\"set_property_value\",\"propertyKey\":\"s\",\"value\":\"x\"},"
	    "{\"type\":\"add_value_to_list_property\",\"propertyKey\":\"i\",\"value\":-7},"
	    "{\"type\":\"set_property_value\",\"propertyKey\":\"d\",\"value\":0.5},"
	    "{\"type\":\"set_property_value\",\"propertyKey\":\"b\",\"value\":true},"
	    "{\"type\":\"add_value_to_list_property\",\"propertyKey\":\"j\","
	    "\"value\":{\"a\":[null,1.50]}},"
	    "{\"type\":\"set_property_value\",\"propertyKey\":\"n\",\"value\":null}]}");
}
END_TEST

START_TEST(test_artifacts)
{
	const char *const texts[] = { "", "f", "fo", "foo", "foob", "fooba", "foobar" };
	size_t i;

	for (i = 0; i < UNIT_COUNT(texts); i++)
		ck_assert_int_eq(ak_artifact(&call, texts[i][0] == '\0' ? "empty" : texts[i],
		    texts[i], strlen(texts[i])), 0);
	ck_assert_int_eq(ak_artifact(&call, "bytes", "\xff\x00\xfe", 3), 0);
	reply_is("{\"artifacts\":[{\"label\":\"empty\",\"data\":\"\"},"
	    "{\"label\":\"f\",\"data\":\"Zg==\"},{\"label\":\"fo\",\"data\":\"Zm8=\"},"
	    "{\"label\":\"foo\",\"data\":\"Zm9v\"},{\"label\":\"foob\",\"data\":\"Zm9vYg==\"},"
	    "{\"label\":\"fooba\",\"data\":\"Zm9vYmE=\"},"
	    "{\"label\":\"foobar\",\"data\":\"Zm9vYmFy\"},"
	    "{\"label\":\"bytes\",\"data\":\"/wD+\"}]}");
}
END_TEST

/* The error of the call so far, which is then forgotten. */
static void
error_is(const char *wanted)
{
	char text[1024];

	call_error_text(call.error, text, sizeof(text));
	ck_assert_str_eq(text, wanted);
	json_object_put(call.error);
	call.error = NULL;
}

START_TEST(test_artifact_limits)
{
	char path[] = "/tmp/ak-test-XXXXXX", label[258], text[1024];
	char *data = calloc(1, AK_ARTIFACT_BYTES_MAX + 1);
	int fd = mkstemp(path), i;

	ck_assert_ptr_nonnull(data);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(ak_artifact(&call, "big", data, AK_ARTIFACT_BYTES_MAX + 1), -1);
	error_is("Failed to add artifact \"big\": it has 5229772 bytes, more than 5229771");
	ck_assert_int_eq(ak_artifact(&call, "big", data, AK_ARTIFACT_BYTES_MAX), 0);
	ck_assert_uint_eq(strlen(json_member_string(json_object_array_get_idx(
	    call.artifacts, 0), "data")), 6973028);
	for (i = 1; i < 8; i++)
		ck_assert_int_eq(ak_artifact(&call, "big", data, AK_ARTIFACT_BYTES_MAX), 0);
	ck_assert_int_eq(ak_artifact(&call, "one", data, 1), -1);
	error_is("Failed to add artifact \"one\": with it the artifacts of this call have "
	    "41838169 bytes, more than 41838168");
	call_done(&call);

	ck_assert_int_eq(write(fd, "foobar", 6), 6);
	ck_assert_int_eq(ak_artifact_file(&call, "f", path), 0);
	reply_is("{\"artifacts\":[{\"label\":\"f\",\"data\":\"Zm9vYmFy\"}]}");
	/* One that does not say how large it is. */
	ck_assert_int_eq(ak_artifact_file(&call, "v", "/proc/version"), 0);
	ck_assert_uint_gt(strlen(json_member_string(json_object_array_get_idx(
	    call.artifacts, 0), "data")), 0);
	call_done(&call);
	ck_assert_int_eq(ftruncate(fd, AK_ARTIFACT_BYTES_MAX + 1), 0);
	ck_assert_int_eq(ak_artifact_file(&call, "f", path), -1);
	error_is("Failed to add artifact \"f\": it has 5229772 bytes, more than 5229771");
	close(fd);
	unlink(path);
	ck_assert_int_eq(ak_artifact_file(&call, "f", path), -1);
	snprintf(text, sizeof(text),
	    "Failed to add artifact \"f\": %s: No such file or directory", path);
	error_is(text);
	ck_assert_int_eq(ak_artifact_file(&call, "f", "/dev/zero"), -1);
	error_is("Failed to add artifact \"f\": /dev/zero is not a regular file");
	ck_assert_int_eq(ak_artifact_file(&call, "f", NULL), -1);
	error_is("Failed to add artifact \"f\": it has no path");
	ck_assert_int_eq(ak_artifact(&call, NULL, "", 0), -1);
	error_is("Failed to add artifact \"\": it has no label");
	memset(label, 'l', sizeof(label));
	label[257] = '\0';
	ck_assert_int_eq(ak_artifact(&call, label, "", 0), -1);
	ck_assert_str_eq(json_member_string(call.error, "detail"),
	    "the label has 257 characters, more than 256");
	json_object_put(call.error);
	call.error = NULL;
	ck_assert_int_eq(ak_artifact(&call, label + 1, "", 0), 0);
	call_done(&call);

	/* No report is worth an effect that is not undone. */
	call.verb = VERB_STOP;
	ck_assert_int_eq(ak_artifact_file(&call, "f", "/dev/zero"), 0);
	reply_is("{\"messages\":[{\"message\":\"Failed to add artifact \\\"f\\\": "
	    "/dev/zero is not a regular file\",\"level\":\"warn\"}]}");
	free(data);
}
END_TEST

START_TEST(test_runtime_message)
{
	call_message(&call, AK_INFO, "from us");
	reply_is("{\"messages\":[{\"message\":\"from us\",\"level\":\"info\"}]}");
}
END_TEST

START_TEST(test_summary_length)
{
	char text[2 * 513 + 1] = "";
	size_t i;

	for (i = 0; i < 513; i++)
		memcpy(text + 2 * i, "\xc3\xa9", 3);
	ak_summary(&call, AK_INFO, "%s", text);
	ck_assert_uint_eq(strlen(json_member_string(call.summary, "text")), 2 * 512);
	ak_summary(&call, AK_INFO, "%.*s", 2 * 512, text);
	ck_assert_uint_eq(strlen(json_member_string(call.summary, "text")), 2 * 512);
	call_done(&call);
}
END_TEST

START_TEST(test_long_text)
{
	static char text[100001];

	memset(text, 'x', sizeof(text) - 1);
	ak_error(&call, "%s", text);
	ck_assert_uint_eq(strlen(json_member_string(call.error, "title")),
	    sizeof(text) - 1);
	call_done(&call);
	/* printf cannot write it; the format is better than nothing. */
	ak_error(&call, "wide %ls", (const wchar_t[]){ 0x110000, 0 });
	reply_is("{\"error\":{\"title\":\"wide %ls\",\"status\":\"errored\"}}");
}
END_TEST

static size_t
count(struct json_object *list)
{
	return json_object_array_length(list);
}

static const char *
last_message(void)
{
	return json_member_string(json_object_array_get_idx(call.messages,
	    count(call.messages) - 1), "message");
}

START_TEST(test_flood)
{
	int i;

	for (i = 0; i < CALL_METRICS_MAX; i++)
		ak_metric(&call, "m", i, NULL);
	ck_assert_ptr_null(call.messages);
	for (i = 0; i < 3; i++)
		ak_metric(&call, "m", i, NULL);
	ck_assert_uint_eq(count(call.metrics), CALL_METRICS_MAX);
	ck_assert_uint_eq(count(call.messages), 1);
	ck_assert_str_eq(last_message(),
	    "Too many metrics in one call: further ones are dropped");
	for (i = 0; i < CALL_MESSAGES_MAX + 3; i++)
		ak_message(&call, AK_INFO, "m %d", i);
	ck_assert_uint_eq(count(call.messages), CALL_MESSAGES_MAX + 1);
	ck_assert_str_eq(last_message(),
	    "Too many messages in one call: further ones are dropped");
	ck_assert_ptr_null(call.error);
	call_done(&call);
}
END_TEST

START_TEST(test_config)
{
	configure("{\"text\":\"t\",\"rate\":\"1mbit\",\"list\":[\"a\",\"b\"],\"number\":-7,"
	    "\"flag\":true,\"time\":\"1m\",\"pairs\":[{\"key\":\"k\",\"value\":\"v\"}]}");
	ck_assert_str_eq(ak_config_string(&call, "text"), "t");
	ck_assert_str_eq(ak_config_string(&call, "rate"), "1mbit");
	ck_assert_uint_eq(ak_config_count(&call, "list"), 2);
	ck_assert_str_eq(ak_config_item(&call, "list", 1), "b");
	ck_assert_ptr_null(ak_config_item(&call, "list", 2));
	ck_assert_int_eq(ak_config_integer(&call, "number"), -7);
	ck_assert_int_eq(ak_config_integer(&call, "share"), 50);
	ck_assert(ak_config_boolean(&call, "flag"));
	ck_assert_int_eq(ak_config_duration(&call, "time"), 60000);
	ck_assert_uint_eq(ak_config_count(&call, "pairs"), 1);
	ck_assert_str_eq(ak_config_key(&call, "pairs", 0), "k");
	ck_assert_str_eq(ak_config_item(&call, "pairs", 0), "v");
	ck_assert_ptr_null(ak_config_key(&call, "pairs", 1));
	ck_assert(ak_config_has(&call, "text"));
	ck_assert(ak_config_has(&call, "share"));
	ck_assert_ptr_null(call.error);
	json_object_put(call.config);
}
END_TEST

START_TEST(test_config_values)
{
	static const struct ak_parameter table[] = {
		{ .name = "rate", .type = AK_BITRATE }, { .name = "none", .type = AK_BITRATE },
		{ .name = "pattern", .type = AK_REGEX }, { .name = "odd", .type = AK_REGEX },
		{ .name = "nothing", .type = AK_REGEX },
		{ .name = "pairs", .type = AK_KEY_VALUE },
		{ .name = "file", .type = AK_FILE }, AK_PARAMETERS_END
	};
	static const struct {
		const char *text;
		int64_t bits;
	} rates[] = {
		{ "0bit", 0 }, { "7bit", 7 }, { "1kbit", 1000 }, { "1024kbit", 1024000 },
		{ "10mbit", 10000000 }, { "2gbit", 2000000000 }, { "3tbit", 3000000000000 },
		{ "1bps", 8 }, { "512kbps", 4096000 }, { "10mbps", 80000000 },
		{ "1gbps", 8000000000 }, { "1tbps", 8000000000000 },
		{ "9223372tbit", 9223372000000000000 },
	};
	struct json_object *config;
	size_t i;

	call.parameters = table;
	for (i = 0; i < UNIT_COUNT(rates); i++) {
		config = json_new_object();
		json_add_string(config, "rate", rates[i].text);
		ck_assert_int_eq(parameters_check(table, config, &call.config, &err), 0);
		ck_assert_int_eq(ak_config_bitrate(&call, "rate"), rates[i].bits);
		ck_assert_int_eq(ak_config_bitrate(&call, "none"), 0);
		json_object_put(call.config);
		json_object_put(config);
	}
	config = parse("{\"pattern\":\"^a+$\",\"odd\":\"a(?=b)(\",\"pairs\":["
	    "{\"key\":\"a\",\"value\":\"1\"},{\"key\":\"b\",\"value\":\"2\"},"
	    "{\"key\":\"a\",\"value\":\"3\"}]}");
	ck_assert_int_eq(parameters_check(table, config, &call.config, &err), 0);
	ck_assert_int_eq(ak_config_match(&call, "pattern", "aaa"), 1);
	ck_assert_int_eq(ak_config_match(&call, "pattern", "ab"), 0);
	/* What POSIX cannot read is passed on. */
	ck_assert_int_eq(ak_config_match(&call, "odd", "ab"), -1);
	ck_assert_str_eq(ak_config_string(&call, "odd"), "a(?=b)(");
	ck_assert_int_eq(ak_config_match(&call, "nothing", "ab"), -1);
	ck_assert_str_eq(ak_config_value(&call, "pairs", "a"), "1");
	ck_assert_str_eq(ak_config_value(&call, "pairs", "b"), "2");
	ck_assert_ptr_null(ak_config_value(&call, "pairs", "c"));
	/* As prepare_files.c makes it. */
	ck_assert(!ak_config_has(&call, "file"));
	ck_assert_ptr_null(ak_config_file(&call, "file"));
	ck_assert_ptr_null(ak_config_file_name(&call, "file"));
	ck_assert_int_eq(ak_config_file_size(&call, "file"), 0);
	json_add(call.config, "file",
	    parse("{\"path\":\"/x/a\",\"name\":\"\u00e4\",\"size\":5000000000}"));
	ck_assert(ak_config_has(&call, "file"));
	ck_assert_str_eq(ak_config_file(&call, "file"), "/x/a");
	ck_assert_str_eq(ak_config_file_name(&call, "file"), "\xc3\xa4");
	ck_assert_int_eq(ak_config_file_size(&call, "file"), 5000000000);
	ck_assert_ptr_null(call.error);
	ck_assert_ptr_null(ak_config_file(&call, "pattern"));
	ck_assert_str_eq(json_member_string(call.error, "title"), "Parameter \"pattern\" is "
	    "of type regex, which ak_config_file() does not read");
	json_object_put(call.error);
	call.error = NULL;
	ck_assert_ptr_null(ak_config_string(&call, "file"));
	ck_assert_str_eq(json_member_string(call.error, "title"), "Parameter \"file\" is "
	    "of type file, which ak_config_string() does not read");
	json_object_put(call.error);
	call.error = NULL;
	ck_assert_int_eq(ak_config_bitrate(&call, "pattern"), 0);
	json_object_put(call.config);
	json_object_put(config);
	ck_assert_str_eq(json_member_string(call.error, "title"), "Parameter \"pattern\" is "
	    "of type regex, which ak_config_bitrate() does not read");
	call_done(&call);
}
END_TEST

START_TEST(test_config_empty)
{
	call.verb = VERB_QUERY;
	configure("{}");
	ck_assert_ptr_null(ak_config_string(&call, "text"));
	ck_assert_uint_eq(ak_config_count(&call, "list"), 0);
	ck_assert_ptr_null(ak_config_item(&call, "list", 0));
	ck_assert_int_eq(ak_config_integer(&call, "number"), 0);
	ck_assert(!ak_config_boolean(&call, "flag"));
	ck_assert_int_eq(ak_config_duration(&call, "time"), 0);
	ck_assert_uint_eq(ak_config_count(&call, "pairs"), 0);
	ck_assert_ptr_null(ak_config_key(&call, "pairs", 0));
	ck_assert(!ak_config_has(&call, "text"));
	ck_assert(!ak_config_has(&call, "header"));
	ck_assert_ptr_null(call.error);
	json_object_put(call.config);
}
END_TEST

static void
misused(const char *title)
{
	char text[512];

	ck_assert_int_eq(run(nothing), -1);
	call_error_text(call.error, text, sizeof(text));
	ck_assert_str_eq(text, title);
	call_done(&call);
}

START_TEST(test_misuse)
{
	configure("{\"text\":\"t\",\"list\":[\"a\"],\"number\":7}");
	ck_assert_int_eq(ak_config_integer(&call, "text"), 0);
	misused("Parameter \"text\" is of type string, which ak_config_integer() does not "
	    "read");
	ck_assert_ptr_null(ak_config_string(&call, "number"));
	misused("Parameter \"number\" is of type integer, which ak_config_string() does not "
	    "read");
	ck_assert_ptr_null(ak_config_string(&call, "list"));
	misused("Parameter \"list\" is of type string_array, which ak_config_string() does "
	    "not read");
	ck_assert_ptr_null(ak_config_key(&call, "list", 0));
	misused("Parameter \"list\" is of type string_array, which ak_config_key() does "
	    "not read");
	ck_assert_int_eq(ak_config_integer(&call, "time"), 0);
	misused("Parameter \"time\" is of type duration, which ak_config_integer() does "
	    "not read");
	ck_assert(!ak_config_boolean(&call, "header"));
	misused("Parameter \"header\" is of type header, which ak_config_boolean() does "
	    "not read");
	ck_assert(!ak_config_has(&call, "nunber"));
	misused("Parameter \"nunber\" was read but is not in the table");
	call.parameters = NULL;
	ck_assert_uint_eq(ak_config_count(&call, "text"), 0);
	misused("Parameter \"text\" was read but is not in the table");
	call.verb = VERB_STOP;
	ck_assert_int_eq(ak_config_duration(&call, "time"), 0);
	misused("Parameter \"time\" was read in stop(), which has no config");
	call.verb = VERB_STATUS;

	ak_metric(&call, "m", NAN, NULL);
	misused("ak_metric: the value of m is not a finite number");
	ak_metric(&call, "m", -INFINITY, NULL);
	misused("ak_metric: the value of m is not a finite number");
	ak_metric(&call, NULL, 1, NULL);
	misused("ak_metric: the name is missing");
	ak_message(&call, (enum ak_level)0, "x");
	misused("ak_message: 0 is not a level");
	ak_summary(&call, AK_ERROR, "x");
	misused("ak_summary: the level must be AK_INFO or AK_WARN");

	ak_message_as(&call, &(struct ak_message_details){ .level = (enum ak_level)5 }, "x");
	misused("ak_message_as: 5 is not a level");
	ak_message_as(&call, &(struct ak_message_details){ .level = AK_INFO,
	    .timestamp_ms = -1 }, "x");
	misused("ak_message_as: -1 is not a timestamp");
	ak_message_as(&call, &(struct ak_message_details){ .level = AK_INFO,
	    .timestamp_source = (enum ak_timestamp_source)3 }, "x");
	misused("ak_message_as: 3 is not a source of timestamps");
	ak_metric_as(&call, "m", 1, &(struct ak_metric_details){
	    .timestamp_ms = 253402300800000 });
	misused("ak_metric_as: 253402300800000 is not a timestamp");
	ak_metric_as(&call, "m", NAN, &(struct ak_metric_details){ .timestamp_ms = 1 });
	misused("ak_metric_as: the value of m is not a finite number");
	call.verb = VERB_START;
	ak_modify_string(&call, (enum ak_modification)3, "k", "v");
	misused("ak_modify_string: 3 is not a modification");
	ak_modify_integer(&call, AK_SET_PROPERTY, "", 1);
	misused("ak_modify_integer: the key is missing");
	ak_modify_boolean(&call, AK_SET_PROPERTY, "\xff", true);
	misused("ak_modify_boolean: the key is not UTF-8");
	ak_modify_string(&call, AK_SET_PROPERTY,
	    "0123456789012345678901234567890123456789012345678901234567890123x", "v");
	misused("ak_modify_string: the key has 65 characters, more than 64");
	ak_modify_double(&call, AK_SET_PROPERTY, "k", NAN);
	misused("ak_modify_double: the value of k is not a finite number");
	ak_modify_json(&call, AK_SET_PROPERTY, "k", "{");
	misused("ak_modify_json: the value of k is not JSON: byte 2: the text "
	    "ends where a name is expected");
	call.verb = VERB_QUERY;
	ak_modify_string(&call, AK_SET_PROPERTY, "k", "v");
	misused("ak_modify_string: the result of a query has no modifications");
	json_object_put(call.config);
}
END_TEST

/* What a handler must not call, as it must not read the config. */
static int
claim_it(void)
{
	return ak_claim(&call, "x");
}

static int
read_target(void)
{
	return ak_target_name(&call) == NULL && ak_target_attribute(&call, "a", 0) == NULL &&
	    ak_target_attribute_count(&call, "a") == 0 &&
	    ak_target_attribute_key(&call, 0) == NULL ? 0 : -2;
}

static int
read_attribute(void)
{
	return ak_target_attribute(&call, "host", 0) == NULL ? 0 : -2;
}

static int
read_property(void)
{
	return ak_property_has(&call, "s") || ak_property_json(&call, "s") != NULL ? -2 : 0;
}

static int
read_context(void)
{
	return ak_agent_pid(&call) == 0 && ak_experiment_key(&call) == NULL ? 0 : -2;
}

static int
read_endpoint(void)
{
	struct ak_restricted_endpoint endpoint;

	return ak_restricted_endpoint_at(&call, 0, &endpoint) ? -2 : 0;
}

static int
read_config(void)
{
	return ak_config_has(&call, "text") ? -2 : 0;
}

static int
complete(void)
{
	ak_completed(&call);
	return 0;
}

static int
judge(void)
{
	ak_verdict(&call, NULL, "x");
	return 0;
}

static int
wait_for_work(void)
{
	return ak_work_wait(&call, 0) == 1 ? 0 : -2;
}

static int
three(void)
{
	return 3;
}

/* The last lines of the log while a handler runs; borrowed until the next call. */
static const char *
logged(int (*run_it)(void), int *ret_result)
{
	static char text[4096];
	FILE *file = tmpfile();
	size_t length;

	ck_assert_ptr_nonnull(file);
	log_output(fileno(file));
	*ret_result = run(run_it);
	log_output(STDERR_FILENO);
	rewind(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	return text;
}

/* Where a handler calls what it must not, or says nothing: the reply's title or detail. */
START_TEST(test_words)
{
#define NOT_HERE(function_, handler_, for_) \
	function_ "() was called in " handler_ ", and is for " for_
#define ASKED "prepare() and query_metrics()"
	static const struct {
		enum verb verb;
		int (*run)(void);
		const char *said;	/* NULL: that is right */
	} rows[] = {
		{ VERB_PREPARE, silent, "prepare() returned -1 without ak_error()" },
		{ VERB_START, three, "start() returned 3 without ak_error()" },
		{ VERB_STATUS, silent, "status() returned -1 without ak_error()" },
		{ VERB_STOP, silent, "stop() returned -1 without ak_error()" },
		{ VERB_QUERY, silent, "query_metrics() returned -1 without ak_error()" },
		{ VERB_WORK, silent, "work() returned -1 without ak_error()" },
		{ VERB_STATUS, complete, NULL },
		{ VERB_PREPARE, complete, NOT_HERE("ak_completed", "prepare()", "status()") },
		{ VERB_START, complete, NOT_HERE("ak_completed", "start()", "status()") },
		{ VERB_QUERY, complete, NOT_HERE("ak_completed", "query_metrics()",
		    "status()") },
		{ VERB_WORK, complete, NOT_HERE("ak_completed", "work()", "status()") },
		{ VERB_PREPARE, read_target, NULL },
		{ VERB_QUERY, read_target, NULL },
		{ VERB_START, read_target, NOT_HERE("ak_target_name", "start()", ASKED) },
		{ VERB_STATUS, read_attribute, NOT_HERE("ak_target_attribute", "status()",
		    ASKED) },
		{ VERB_STOP, read_target, NOT_HERE("ak_target_name", "stop()", ASKED) },
		{ VERB_START, read_property, NOT_HERE("ak_property_has", "start()", ASKED) },
		{ VERB_START, read_context, NOT_HERE("ak_agent_pid", "start()", ASKED) },
		{ VERB_START, read_endpoint, NOT_HERE("ak_restricted_endpoint_as", "start()",
		    ASKED) },
		{ VERB_START, read_config, "Parameter \"text\" was read in start(), which has no "
		    "config" },
		{ VERB_PREPARE, claim_it, NULL },
		{ VERB_START, claim_it, NULL },
		{ VERB_STATUS, claim_it, NOT_HERE("ak_claim", "status()",
		    "prepare() and start()") },
		{ VERB_STOP, claim_it, NOT_HERE("ak_claim", "stop()", "prepare() and start()") },
		{ VERB_WORK, claim_it, NOT_HERE("ak_claim", "work()", "prepare() and start()") },
		{ VERB_STOP, judge, NULL },
		{ VERB_START, judge, NOT_HERE("ak_verdict", "start()", "stop()") },
		{ VERB_STATUS, wait_for_work, NOT_HERE("ak_work_wait", "status()", "work()") },
	};
	const char *log, *title, *detail;
	int result;

	action.id = "x";
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		call.verb = rows[i].verb;
		log = logged(rows[i].run, &result);
		ck_assert_msg(result == (rows[i].said == NULL ? 0 : -1), "row %zu: %d", i,
		    result);
		title = json_member_string(call.error, "title");
		detail = json_member_string(call.error, "detail");
		ck_assert_msg(rows[i].said == NULL ? call.error == NULL :
		    strcmp(detail == NULL ? title : detail, rows[i].said) == 0,
		    "row %zu: %s: %s", i, title, detail);
		ck_assert_msg((detail != NULL) == (strstr(log, "without ak_error()") != NULL),
		    "row %zu: %s", i, log);
		call_done(&call);
		call.completed = false;
	}
	/* What stop() tells does not make it fail. */
	call.verb = VERB_STOP;
	log = logged(complete, &result);
	ck_assert_int_eq(result, 0);
	ck_assert_ptr_nonnull(strstr(log, "stop() of x, execution " EXECUTION
	    ": ak_completed() was called in stop(), and is for status()"));
	ck_assert_uint_eq(json_count(call.messages), 1);
	call_done(&call);
}
END_TEST

static int
mend(void)
{
	ak_message(&call, AK_INFO, "%s", "a\xff");
	ak_metric(&call, "m\xfe", 1, NULL);
	ak_summary(&call, AK_INFO, "%0600d", 0);
	return 0;
}

START_TEST(test_mended)
{
	const char *log;
	int result;

	action.id = "x";
	call.verb = VERB_START;
	log = logged(mend, &result);
	ck_assert_int_eq(result, 0);
	ck_assert_ptr_nonnull(strstr(log, "start() of x, execution " EXECUTION
	    ": it has a summary of 600 characters: it is cut after 512\n"));
	ck_assert_ptr_nonnull(strstr(log, "start() of x, execution " EXECUTION
	    ": it told 2 texts that are not UTF-8"));
	call_done(&call);
	ck_assert_str_eq(logged(nothing, &result), "");
}
END_TEST

/* What is left out has a default, everywhere. */
START_TEST(test_left_out)
{
	const struct ak_message_details message = { .type = "t" };
	const struct ak_metric_details metric = { .labels = NULL };
	const struct ak_error_details error = { .detail = "d" };
	const struct ak_work_end end = { .how = AK_WORK_COMPLETED };

	call.verb = VERB_STOP;
	ak_message_as(&call, NULL, "x");
	ak_message_as(&call, &message, "x");
	ak_metric_as(&call, "m", 1, NULL);
	ak_metric_as(&call, "m", 1, &metric);
	ck_assert_ptr_null(call.error);
	for (size_t i = 0; i < 2; i++)
		ck_assert_str_eq(json_member_string(json_element(call.messages, i), "level"),
		    "info");
	ak_verdict(&call, NULL, "x");
	ck_assert_str_eq(json_member_string(call.verdict, "status"), "errored");
	ck_assert_int_eq(ak_error_as(&call, &error, "x"), -1);
	ck_assert_str_eq(json_member_string(call.error, "status"), "errored");
	ck_assert_int_eq(ak_error_as(&call, NULL, "x"), -1);
	ck_assert_str_eq(json_member_string(call.error, "status"), "errored");
	call.work_end = &end;
	ck_assert(ak_work_ended(&call, NULL));
	call_done(&call);
}
END_TEST

START_TEST(test_context)
{
	struct ak_restricted_endpoint endpoint;
	struct json_object *request = parse("{\"target\":{\"name\":\"n\"},"
	    "\"executionContext\":{\"agentPid\":42,\"agentAwsAccountId\":\"aws\","
	    "\"experimentKey\":\"ADM-1\",\"experimentUri\":\"http://x/ADM-1\","
	    "\"executionId\":7e0,\"executionUri\":\"http://x/7\",\"restrictedEndpoints\":["
	    "{\"name\":\"a\",\"url\":\"http://a\",\"cidr\":\"10.0.0.0/8\",\"portMin\":0,"
	    "\"portMax\":65535},{\"name\":\"b\",\"url\":\"\",\"cidr\":\"::/0\","
	    "\"portMin\":80,\"portMax\":443}]},\"properties\":{\"s\":\"text\",\"i\":3,"
	    "\"d\":0.5,\"b\":true,\"l\":[\"x\",1,\"y\"],\"o\":{\"a\":[1]},\"n\":null},"
	    "\"timestamp\":\"2026-11-22T20:00:00.5+01:00\"}");

	ck_assert_ptr_null(ak_experiment_key(&call));
	ck_assert_int_eq(ak_agent_pid(&call), 0);
	ck_assert(!ak_restricted_endpoint_at(&call, 0, &endpoint));
	ck_assert_int_gt(ak_query_timestamp(&call), 0);
	ck_assert_int_eq(context_take(&call, request, &err), 0);
	ck_assert_str_eq(ak_target_name(&call), "n");
	ck_assert_int_eq(ak_agent_pid(&call), 42);
	ck_assert_str_eq(ak_agent_aws_account_id(&call), "aws");
	ck_assert_str_eq(ak_experiment_key(&call), "ADM-1");
	ck_assert_str_eq(ak_experiment_uri(&call), "http://x/ADM-1");
	ck_assert_int_eq(ak_experiment_execution(&call), 7);
	ck_assert_str_eq(ak_execution_uri(&call), "http://x/7");
	ck_assert(ak_restricted_endpoint_at(&call, 0, &endpoint));
	ck_assert_str_eq(endpoint.cidr, "10.0.0.0/8");
	ck_assert_uint_eq(endpoint.port_max, 65535);
	ck_assert(ak_restricted_endpoint_at(&call, 1, &endpoint));
	ck_assert_str_eq(endpoint.name, "b");
	ck_assert_str_eq(endpoint.url, "");
	ck_assert_uint_eq(endpoint.port_min, 80);
	ck_assert(!ak_restricted_endpoint_at(&call, 2, &endpoint));
	ck_assert(ak_property_has(&call, "s"));
	ck_assert(!ak_property_has(&call, "n"));
	ck_assert_str_eq(ak_property_string(&call, "s"), "text");
	ck_assert_ptr_null(ak_property_string(&call, "i"));
	ck_assert_int_eq(ak_property_integer(&call, "i"), 3);
	ck_assert_int_eq(ak_property_integer(&call, "d"), 0);
	ck_assert(ak_property_double(&call, "d") == 0.5);
	ck_assert(ak_property_double(&call, "i") == 3);
	ck_assert(ak_property_double(&call, "s") == 0);
	ck_assert(ak_property_boolean(&call, "b"));
	ck_assert(!ak_property_boolean(&call, "i"));
	ck_assert_uint_eq(ak_property_count(&call, "l"), 3);
	ck_assert_uint_eq(ak_property_count(&call, "s"), 0);
	ck_assert_str_eq(ak_property_item(&call, "l", 2), "y");
	ck_assert_ptr_null(ak_property_item(&call, "l", 1));
	ck_assert_ptr_null(ak_property_item(&call, "l", 3));
	ck_assert_str_eq(ak_property_json(&call, "o"), "{\"a\":[1]}");
	ck_assert_ptr_null(ak_property_json(&call, "n"));
	ck_assert_int_eq(ak_query_timestamp(&call), 1795374000500);
	json_object_put(request);
}
END_TEST

START_TEST(test_context_refused)
{
	static const struct {
		const char *request;
		const char *message;
	} rows[] = {
		{ "{\"target\":{\"name\":7}}", "target.name: must be text without NUL" },
		{ "{\"target\":{\"attributes\":[]}}", "target.attributes: must be an object" },
		{ "{\"target\":{\"attributes\":{\"a\":\"x\"}}}",
		  "target.attributes.a: must be an array" },
		{ "{\"target\":{\"attributes\":{\"a\":[\"x\",1]}}}",
		  "target.attributes.a[1]: must be text without NUL" },
		{ "{\"executionContext\":{\"experimentKey\":1}}",
		  "executionContext.experimentKey: must be text without NUL" },
		{ "{\"executionContext\":{\"agentPid\":\"1\"}}",
		  "executionContext.agentPid: must be a whole number" },
		{ "{\"executionContext\":{\"executionId\":1.5}}",
		  "executionContext.executionId: must be a whole number" },
		{ "{\"executionContext\":{\"restrictedEndpoints\":{}}}",
		  "executionContext.restrictedEndpoints: must be an array" },
		{ "{\"executionContext\":{\"restrictedEndpoints\":[null]}}",
		  "executionContext.restrictedEndpoints[0]: must be an object" },
		{ "{\"executionContext\":{\"restrictedEndpoints\":[{\"name\":\"\",\"url\":\"\"}]}}",
		  "executionContext.restrictedEndpoints[0].cidr: missing" },
		{ "{\"executionContext\":{\"restrictedEndpoints\":[{\"name\":\"\",\"url\":\"\","
		  "\"cidr\":\"\"}]}}",
		  "executionContext.restrictedEndpoints[0].portMin: missing" },
		{ "{\"executionContext\":{\"restrictedEndpoints\":[{\"name\":\"\",\"url\":\"\","
		  "\"cidr\":\"\",\"portMin\":0,\"portMax\":65536}]}}",
		  "executionContext.restrictedEndpoints[0].portMax: must be a port" },
		{ "{\"timestamp\":7}", "timestamp: must be an RFC 3339 date and time" },
		{ "{\"timestamp\":\"yesterday\"}",
		  "timestamp: must be an RFC 3339 date and time" },
	};
	struct json_object *request;
	size_t i;

	for (i = 0; i < UNIT_COUNT(rows); i++) {
		request = parse(rows[i].request);
		ck_assert_msg(context_take(&call, request, &err) == -1, "%s is accepted",
		    rows[i].request);
		ck_assert_str_eq(err.msg, rows[i].message);
		ck_assert_int_eq(err.code, ERR_REQUEST);
		json_object_put(request);
	}
}
END_TEST

START_TEST(test_rfc3339)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 }, { "1970-01-01t00:00:01.5z", 1500 },
		{ "1970-01-01 00:00:00.123987+00:00", 123 },
		{ "1970-01-01T01:30:00+01:30", 0 }, { "1969-12-31T22:00:00-02:00", 0 },
		{ "2024-02-29T23:59:60Z", 1709251200000 },
		{ "9999-12-31T23:59:59.999Z", 253402300799999 },
		{ "2023-02-29T00:00:00Z", -1 }, { "1969-12-31T23:59:59Z", -1 },
		{ "2026-13-01T00:00:00Z", -1 }, { "2026-00-01T00:00:00Z", -1 },
		{ "2026-01-32T00:00:00Z", -1 }, { "2026-01-01T24:00:00Z", -1 },
		{ "2026-01-01T00:60:00Z", -1 }, { "2026-01-01T00:00:61Z", -1 },
		{ "2026-01-01T00:00:00", -1 }, { "2026-01-01T00:00:00.Z", -1 },
		{ "2026-01-01T00:00:00Zx", -1 }, { "2026-01-01T00:00:00+24:00", -1 },
		{ "2026-01-01T00:00:00+01:60", -1 }, { "2026-01-01T00:00:00+01", -1 },
		{ "2026-01-01", -1 }, { "26-01-01T00:00:00Z", -1 }, { "", -1 },
	};
	int64_t ms;
	size_t i;

	for (i = 0; i < UNIT_COUNT(rows); i++) {
		if (clock_parse_rfc3339(rows[i].text, &ms) == -1)
			ms = -1;
		ck_assert_msg(ms == rows[i].ms, "%s: %lld", rows[i].text, (long long)ms);
	}
}
END_TEST

START_TEST(test_target)
{
	ck_assert_ptr_null(ak_target_name(&call));
	ck_assert_ptr_null(ak_target_attribute_key(&call, 0));
	ck_assert_ptr_null(ak_target_attribute(&call, "host", 0));
	call.target = parse("{\"name\":\"n\",\"attributes\":{\"host\":[\"a\",\"b\",3],"
	    "\"odd\":\"text\"}}");
	ck_assert_str_eq(ak_target_name(&call), "n");
	ck_assert_str_eq(ak_target_attribute(&call, "host", 0), "a");
	ck_assert_str_eq(ak_target_attribute(&call, "host", 1), "b");
	ck_assert_ptr_null(ak_target_attribute(&call, "host", 2));
	ck_assert_ptr_null(ak_target_attribute(&call, "host", 3));
	ck_assert_ptr_null(ak_target_attribute(&call, "none", 0));
	ck_assert_ptr_null(ak_target_attribute(&call, "odd", 0));
	ck_assert_uint_eq(ak_target_attribute_count(&call, "host"), 3);
	ck_assert_uint_eq(ak_target_attribute_count(&call, "none"), 0);
	ck_assert_str_eq(ak_target_attribute_key(&call, 0), "host");
	ck_assert_str_eq(ak_target_attribute_key(&call, 1), "odd");
	ck_assert_ptr_null(ak_target_attribute_key(&call, 2));
	ck_assert_ptr_null(call.error);
	json_object_put(call.target);
}
END_TEST

START_TEST(test_times)
{
	ck_assert_str_eq(ak_execution_id(&call), call.execution);
	ck_assert_int_gt(ak_time_left(&call), 0);
	ck_assert_int_le(ak_time_left(&call), FAR_MS);
	call.deadline_ms = clock_boot_ms() - 1;
	ck_assert_int_eq(ak_time_left(&call), 0);
}
END_TEST

static char claimed[512];
static int saves;

static int
save(struct ak_call *given, struct err *ret_err)
{
	ck_assert_ptr_eq(given, &call);
	saves++;
	return call.keeper == NULL ? 0 : err_set(ret_err, ERR_FULL, "disk full");
}

static int
claim(struct ak_call *given, const char *resource, struct err *ret_err)
{
	ck_assert_ptr_eq(given, &call);
	snprintf(claimed, sizeof(claimed), "%s", resource);
	return call.keeper == NULL ? 0 : err_set(ret_err, ERR_PHASE, "in use");
}

START_TEST(test_save)
{
	ck_assert_int_eq(ak_save(&call), 0);
	call.save = save;
	ck_assert_int_eq(ak_save(&call), 0);
	ck_assert_int_eq(saves, 1);
	ck_assert_ptr_null(call.error);
	call.keeper = &call;
	ck_assert_int_eq(ak_save(&call), -1);
	reply_is("{\"error\":{\"title\":\"Failed to save the state\","
	    "\"detail\":\"disk full\",\"status\":\"errored\"}}");
}
END_TEST

START_TEST(test_claim)
{
	char name[257];

	ck_assert_int_eq(ak_claim(&call, "netdev:%s", "eth0"), 0);
	call.claim = claim;
	ck_assert_int_eq(ak_claim(&call, "netdev:%s", "eth0"), 0);
	ck_assert_str_eq(claimed, "netdev:eth0");
	ck_assert_ptr_null(call.error);
	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	ck_assert_int_eq(ak_claim(&call, "%s", name), 0);
	ck_assert_str_eq(claimed, name);

	call.keeper = &call;
	ck_assert_int_eq(ak_claim(&call, "a"), -1);
	reply_is("{\"error\":{\"title\":\"In use by another execution\",\"detail\":\"in use\","
	    "\"status\":\"errored\"}}");
	claimed[0] = '\0';
	ck_assert_int_eq(ak_claim(&call, "%s", ""), -1);
	reply_is("{\"error\":{\"title\":\"ak_claim() was called without the name of a "
	    "resource\",\"status\":\"errored\"}}");
	name[255] = 'n';
	name[256] = '\0';
	ck_assert_int_eq(ak_claim(&call, "%s", name), -1);
	ck_assert_str_eq(json_member_string(call.error, "detail"),
	    "the name of the resource is longer than 255 bytes");
	ck_assert_str_eq(claimed, "");
	call_done(&call);
}
END_TEST

START_TEST(test_error_json)
{
	struct json_object *error = call_error_json("T\xff", NULL, NULL);

	ck_assert_str_eq(json_text(error, NULL), "{\"title\":\"T\xef\xbf\xbd\"}");
	json_object_put(error);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		test_run, test_errors, test_error_text, test_outcome, test_details,
		test_error_details, test_modifications, test_artifacts,
		test_artifact_limits, test_runtime_message,
		test_summary_length, test_long_text, test_flood, test_config,
		test_config_values, test_config_empty, test_misuse, test_words, test_mended,
		test_left_out, test_context,
		test_context_refused, test_rfc3339, test_target, test_times, test_save,
		test_claim, test_error_json, NULL
	};

	return unit_main("call", setup, tests);
}
