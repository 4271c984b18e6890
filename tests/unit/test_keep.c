/*
 * test_keep.c: what ak_config_keep() and ak_format() put into a state, and what they refuse.
 */
#include "config.h"

#include <string.h>

#include "core/action/call.h"
#include "core/action/parameters.h"
#include "tests/unit/unit.h"

#define SIZE 8

struct inner {
	char secret[SIZE];
	int64_t rate;
};

struct state {
	char word[SIZE];
	char fail_in[SIZE];
	int64_t wait;
	bool loud;
	double share;
	AK_TEXT_LIST(2, SIZE) rooms;
	char labels[64];
	struct inner local;
};

static const struct ak_field inner_fields[] = {
	AK_TEXT(struct inner, secret),
	AK_INT(struct inner, rate),
	AK_FIELDS_END
};

static const struct ak_field fields[] = {
	AK_TEXT(struct state, word),
	AK_TEXT(struct state, fail_in),
	AK_INT(struct state, wait),
	AK_BOOL(struct state, loud),
	AK_DOUBLE(struct state, share),
	AK_LIST(struct state, rooms),
	AK_JSON(struct state, labels),
	AK_LOCAL(struct state, local, inner_fields),
	AK_FIELDS_END
};

static const struct ak_parameter parameters[] = {
	{ .name = "word", .type = AK_STRING },
	{ .name = "failIn", .type = AK_STRING },
	{ .name = "wait", .type = AK_DURATION },
	{ .name = "loud", .type = AK_BOOLEAN },
	{ .name = "share", .type = AK_PERCENTAGE },
	{ .name = "rooms", .type = AK_STRING_ARRAY },
	{ .name = "labels", .type = AK_KEY_VALUE },
	{ .name = "secret", .type = AK_STRING },
	{ .name = "rate", .type = AK_BITRATE },
	{ .name = "homeless", .type = AK_STRING },
	AK_PARAMETERS_END
};

static const struct ak_action action = {
	.id = "x", .parameters = parameters, .state = AK_STATE(struct state, fields)
};

static struct state state;
static struct ak_call call;

/* A call of prepare() with this config. */
static void
configure(const char *text)
{
	struct json_object *config;
	struct err err;

	json_object_put(call.config);
	call_done(&call);
	memset(&state, 0, sizeof(state));
	call = (struct ak_call){
		.action = &action, .verb = VERB_PREPARE, .parameters = parameters, .state = &state
	};
	ck_assert_int_eq(json_parse(text, strlen(text), &config, &err), 0);
	ck_assert_msg(parameters_check(parameters, config, &call.config, &err) == 0, "%s", err.msg);
	json_object_put(config);
}

static void
error_is(const char *text)
{
	char said[ERR_MESSAGE_BYTES];

	call_error_text(call.error, said, sizeof(said));
	ck_assert_str_eq(said, text);
}

START_TEST(test_values_of_all_kinds)
{
	configure("{\"word\":\"a\",\"failIn\":\"stop\",\"wait\":2000,\"loud\":true,\"share\":50,"
	    "\"rooms\":[\"hall\",\"attic\"],\"labels\":[{\"key\":\"k\",\"value\":\"v\"}],"
	    "\"secret\":\"s\",\"rate\":\"1kbit\"}");
	ck_assert_int_eq(ak_config_keep(&call, "word", "failIn", "wait", "loud", "share", "rooms",
	    "labels", "secret", "rate", NULL), 0);
	ck_assert_str_eq(state.word, "a");
	ck_assert_str_eq(state.fail_in, "stop");
	ck_assert_int_eq(state.wait, 2000);
	ck_assert(state.loud);
	ck_assert_double_eq(state.share, 50);
	ck_assert_int_eq(state.rooms.count, 2);
	ck_assert_str_eq(state.rooms.item[1], "attic");
	ck_assert_str_eq(state.labels, "[{\"key\":\"k\",\"value\":\"v\"}]");
	ck_assert_str_eq(state.local.secret, "s");
	ck_assert_int_eq(state.local.rate, 1000);
	ck_assert_ptr_null(call.error);
}
END_TEST

START_TEST(test_what_has_no_value_is_left)
{
	configure("{}");
	strcpy(state.word, "before");
	ck_assert_int_eq(ak_config_keep(&call, "word", "rooms", "rate", NULL), 0);
	ck_assert_str_eq(state.word, "before");
	ck_assert_int_eq(state.rooms.count, 0);
}
END_TEST

START_TEST(test_what_does_not_fit)
{
	static const struct {
		const char *config, *name, *error;
	} rows[] = {
		{ "{\"word\":\"12345678\"}", "word", "Parameter \"word\" cannot be kept: "
		    "state: field \"word\": must have at most 7 bytes" },
		{ "{\"rooms\":[\"1\",\"2\",\"3\"]}", "rooms", "Parameter \"rooms\" cannot be "
		    "kept: state: field \"rooms\": must have at most 2 items" },
		{ "{\"rooms\":[\"12345678\"]}", "rooms", "Parameter \"rooms\" cannot be kept: "
		    "state: field \"rooms\": item 1 must have at most 7 bytes" },
		{ "{\"secret\":\"12345678\"}", "secret", "Parameter \"secret\" cannot be kept: "
		    "state: field \"local.secret\": must have at most 7 bytes" },
		{ "{}", "unknown", "Parameter \"unknown\" is to be kept but is not in the table" },
		{ "{\"homeless\":\"x\"}", "homeless", "Parameter \"homeless\" is to be kept but "
		    "is not in the fields of the state" },
	};

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		configure(rows[i].config);
		ck_assert_int_eq(ak_config_keep(&call, rows[i].name, NULL), -1);
		error_is(rows[i].error);
	}
	configure("{}");
	call.verb = VERB_START;
	ck_assert_int_eq(ak_config_keep(&call, "word", NULL), -1);
	error_is("ak_config_keep() was called in start(), and is for prepare()");
}
END_TEST

START_TEST(test_format)
{
	char other[4];

	configure("{}");
	ck_assert_int_eq(ak_format(&call, state.word, sizeof(state.word), "%d", 1234567), 0);
	ck_assert_str_eq(state.word, "1234567");
	ck_assert_ptr_null(call.error);
	ck_assert_int_eq(ak_format(&call, state.word, sizeof(state.word), "%d", 12345678), -1);
	ck_assert_str_eq(state.word, "");
	error_is("The text of word has 8 bytes, and there is room for 7");
	ck_assert_int_eq(ak_format(&call, state.local.secret, SIZE, "12345678"), -1);
	error_is("The text of secret has 8 bytes, and there is room for 7");
	ck_assert_int_eq(ak_format(&call, state.rooms.item[1], SIZE, "%s", "1234567890"), -1);
	error_is("The text of rooms has 10 bytes, and there is room for 7");
	ck_assert_int_eq(ak_format(&call, other, sizeof(other), "%s", "1234"), -1);
	error_is("A text has 4 bytes, and there is room for 3");
	ck_assert_int_eq(ak_format(&call, other, sizeof(other), "%s", "123"), 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		test_values_of_all_kinds, test_what_has_no_value_is_left, test_what_does_not_fit,
		test_format, NULL
	};

	return unit_main("keep", NULL, tests);
}
