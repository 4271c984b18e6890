/*
 * stub.c: an action whose effects are counted. It fails where its config tells it to.
 */
#include "config.h"

#include "tests/fuzz/stub.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

#include "core/base/uuid_text.h"

#define TEXT_BYTES 64

char stub_effects[STUB_EFFECTS_MAX][UUID_TEXT_BYTES];
size_t stub_effects_count;
bool stub_failed, stub_healed;

struct stub_state {
	char fail[TEXT_BYTES];		/* the verb that fails */
	char text[TEXT_BYTES];
	int64_t number;
	bool begun;
	double ratio;
	AK_TEXT_LIST(4, TEXT_BYTES) items;
	char any[TEXT_BYTES];
};

static const struct ak_field stub_fields[] = {
	AK_TEXT(struct stub_state, fail),
	AK_TEXT(struct stub_state, text),
	AK_INT(struct stub_state, number),
	AK_BOOL(struct stub_state, begun),
	AK_DOUBLE(struct stub_state, ratio),
	AK_LIST(struct stub_state, items),
	AK_JSON(struct stub_state, any),
	AK_FIELDS_END
};

static const struct ak_option stub_verbs[] = {
	{ "Nothing", "none" }, { "Prepare", "prepare" }, { "Start", "start" },
	{ "Status", "status" }, { "Stop", "stop" }, AK_OPTIONS_END
};

static const char *const stub_types[] = { ".json", ".tar.gz", NULL };

/* One of every type that is sent. */
static const struct ak_parameter stub_parameters[] = {
	{ .name = "duration", .label = "Duration", .type = AK_DURATION, .required = true,
	  .default_value = "10s" },
	{ .name = "fail", .label = "What fails", .type = AK_STRING, .options = stub_verbs,
	  .default_value = "none" },
	{ .name = "text", .label = "Text", .type = AK_TEXTAREA, .max_length = 40 },
	{ .name = "number", .label = "Number", .type = AK_INTEGER, .min = AK_LIMIT(-5),
	  .max = AK_LIMIT(500) },
	{ .name = "percent", .label = "Percentage", .type = AK_PERCENTAGE },
	{ .name = "workers", .label = "Workers", .type = AK_STRESSNG_WORKERS },
	{ .name = "flag", .label = "Flag", .type = AK_BOOLEAN, .default_value = "true" },
	{ .name = "rate", .label = "Rate", .type = AK_BITRATE },
	{ .name = "url", .label = "URL", .type = AK_URL },
	{ .name = "pattern", .label = "Pattern", .type = AK_REGEX },
	{ .name = "items", .label = "Items", .type = AK_STRING_ARRAY, .max_items = 4 },
	{ .name = "pairs", .label = "Pairs", .type = AK_KEY_VALUE },
	{ .name = "file", .label = "File", .type = AK_FILE },
	{ .name = "other", .label = "Other", .type = AK_FILE,
	  .accepted_file_types = stub_types },
	AK_PARAMETERS_END
};

static int
fail_if_told(struct ak_call *call, const struct stub_state *s, const char *verb)
{
	if (strcmp(s->fail, verb) != 0)
		return 0;
	stub_failed = true;
	ak_message(call, AK_WARN, "%s is about to fail with %s", verb, s->text);
	return ak_error(call, "%s was told to fail: %s", verb, s->text);
}

static size_t
find_effect(const char *id)
{
	size_t i;

	for (i = 0; i < stub_effects_count; i++)
		if (strcmp(stub_effects[i], id) == 0)
			break;
	return i;
}

/* What is promised of a file. */
static void
look_at_file(struct ak_call *call, const char *parameter)
{
	const char *path, *name;
	struct stat status;

	if (!ak_config_has(call, parameter))
		return;
	path = ak_config_file(call, parameter);
	name = ak_config_file_name(call, parameter);
	fuzz_must(path != NULL && name != NULL && *name != '\0', "a file has no name");
	fuzz_must(lstat(path, &status) == 0 && S_ISREG(status.st_mode), "a file is missing");
	fuzz_must(status.st_size == ak_config_file_size(call, parameter),
	    "the size of a file is wrong");
	fuzz_must(strstr(path, ak_execution_id(call)) != NULL &&
	    strstr(path, "/../") == NULL, "the path of a file is wrong");
	ak_message(call, AK_INFO, "%s: %s", parameter, name);
}

/* Reads all of the request that a handler can read. */
static void
look_at_request(struct ak_call *call)
{
	struct ak_restricted_endpoint endpoint;
	const char *key;
	size_t i;

	for (i = 0; (key = ak_target_attribute_key(call, i)) != NULL; i++)
		ak_message(call, AK_DEBUG, "%s has %zu values, the first is %s", key,
		    ak_target_attribute_count(call, key),
		    ak_target_attribute_count(call, key) == 0 ? "none" :
		    ak_target_attribute(call, key, 0));
	for (i = 0; ak_restricted_endpoint_at(call, i, &endpoint); i++)
		ak_message(call, AK_DEBUG, "%s %s %s %d %d", endpoint.name, endpoint.url,
		    endpoint.cidr, endpoint.port_min, endpoint.port_max);
	ak_message(call, AK_DEBUG, "%" PRId64 " %" PRId64 " %d %d",
	    ak_experiment_execution(call), ak_agent_pid(call),
	    ak_experiment_uri(call) != NULL, ak_agent_aws_account_id(call) != NULL);
	if (!ak_property_has(call, "p"))
		return;
	ak_message(call, AK_DEBUG, "%" PRId64 " %g %d %zu", ak_property_integer(call, "p"),
	    ak_property_double(call, "p"), ak_property_boolean(call, "p"),
	    ak_property_count(call, "p"));
	if (ak_property_item(call, "p", 0) != NULL)
		ak_modify_string(call, AK_ADD_TO_PROPERTY, "p",
		    ak_property_item(call, "p", 0));
	else if (ak_property_string(call, "p") != NULL)
		ak_summary(call, AK_WARN, "%s", ak_property_string(call, "p"));
	else
		ak_modify_json(call, AK_SET_PROPERTY, "p", ak_property_json(call, "p"));
}

/* Reads the parameters that the state does not keep. */
static void
look_at_config(struct ak_call *call)
{
	ak_metric(call, "duration", (double)ak_config_duration(call, "duration"), NULL);
	if (ak_config_has(call, "percent"))
		ak_modify_integer(call, AK_SET_PROPERTY, "percent",
		    ak_config_integer(call, "percent"));
	if (ak_config_has(call, "rate"))
		ak_modify_double(call, AK_SET_PROPERTY, "rate",
		    (double)ak_config_bitrate(call, "rate"));
	ak_modify_boolean(call, AK_SET_PROPERTY, "flag", ak_config_boolean(call, "flag"));
	if (ak_config_has(call, "url"))
		ak_artifact(call, "url", ak_config_string(call, "url"),
		    strlen(ak_config_string(call, "url")));
	if (ak_config_value(call, "pairs", "k") != NULL)
		ak_message(call, AK_INFO, "k is %s", ak_config_value(call, "pairs", "k"));
}

static int
stub_prepare(struct ak_call *call, void *state)
{
	struct stub_state *s = state;
	const char *text;
	size_t i;

	snprintf(s->fail, sizeof(s->fail), "%s", ak_config_string(call, "fail"));
	if (ak_config_has(call, "text"))
		snprintf(s->text, sizeof(s->text), "%s", ak_config_string(call, "text"));
	if (ak_config_has(call, "number"))
		s->number = ak_config_integer(call, "number");
	s->ratio = (double)s->number / 3;
	for (i = 0; i < ak_config_count(call, "items"); i++) {
		text = ak_config_item(call, "items", i);
		snprintf(s->items.item[i], sizeof(s->items.item[i]), "%s", text);
		s->items.count++;
	}
	for (i = 0; i < ak_config_count(call, "pairs"); i++)
		ak_message(call, AK_INFO, "%s = %s", ak_config_key(call, "pairs", i),
		    ak_config_item(call, "pairs", i));
	look_at_request(call);
	look_at_config(call);
	look_at_file(call, "file");
	look_at_file(call, "other");
	if (s->text[0] != '\0' && ak_claim(call, "text:%s", s->text) == -1)
		return -1;
	if (ak_target_name(call) != NULL)
		ak_message(call, AK_INFO, "Prepared for %s", ak_target_name(call));
	return fail_if_told(call, s, "prepare");
}

static int
stub_start(struct ak_call *call, void *state)
{
	struct stub_state *s = state;
	const char *id = ak_execution_id(call);

	s->begun = true;
	if (ak_save(call) == -1)
		return -1;
	if (find_effect(id) == stub_effects_count) {
		if (stub_effects_count == STUB_EFFECTS_MAX)
			return ak_error(call, "There are too many effects");
		snprintf(stub_effects[stub_effects_count++], UUID_TEXT_BYTES, "%s", id);
	}
	ak_metric(call, "ratio", s->ratio, NULL);
	return fail_if_told(call, s, "start");
}

static int
stub_status(struct ak_call *call, void *state)
{
	struct stub_state *s = state;

	s->number++;
	ak_summary(call, AK_INFO, "%" PRId64 " times looked at", s->number);
	return fail_if_told(call, s, "status");
}

static int
stub_stop(struct ak_call *call, void *state)
{
	struct stub_state *s = state;
	size_t i = find_effect(ak_execution_id(call));

	if (!stub_healed && fail_if_told(call, s, "stop") == -1)
		return -1;
	if (i < stub_effects_count && i != --stub_effects_count)
		memcpy(stub_effects[i], stub_effects[stub_effects_count], UUID_TEXT_BYTES);
	ak_modify_string(call, AK_SET_PROPERTY, "text", s->text);
	return 0;
}

static int
stub_query(struct ak_call *call, void *state)
{
	(void)state;
	ak_metric(call, "count", (double)ak_query_timestamp(call), NULL);
	return 0;
}

static const struct ak_metrics stub_metrics = { .call_interval = "5s" };

const struct ak_action stub_action = {
	.id = "fuzz.stub",
	.label = "Stub",
	.version = "1",
	.description = "Counts its effects.",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.parameters = stub_parameters,
	.metrics = &stub_metrics,
	.state = AK_STATE(struct stub_state, stub_fields),
	.prepare = stub_prepare,
	.start = stub_start,
	.status = stub_status,
	.stop = stub_stop,
	.query_metrics = stub_query,
};

static int
check_start(struct ak_call *call, void *state)
{
	(void)state;
	return ak_failed(call, "It is not as it should be");
}

const struct ak_action stub_check = {
	.id = "fuzz.check",
	.label = "Check",
	.version = "1",
	.description = "Finds what it looks for.",
	.kind = AK_CHECK,
	.time_control = AK_INSTANTANEOUS,
	.start = check_start,
};
