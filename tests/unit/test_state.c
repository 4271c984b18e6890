/*
 * test_state.c: state structs as JSON, there and back.
 */
#include "config.h"

#include "core/state.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

struct state {
	int64_t count;
	bool flag;
	double ratio;
	char text[8];
	char one[1];
};

static const struct ak_field fields[] = {
	AK_INT(struct state, count),
	AK_BOOL(struct state, flag),
	AK_DOUBLE(struct state, ratio),
	AK_TEXT(struct state, text),
	AK_TEXT(struct state, one),
	AK_FIELDS_END
};

static const struct ak_action action = { .state = AK_STATE(struct state, fields) };
static const struct ak_action stateless;

static struct err err;

static struct json_object *
parse(const char *text)
{
	struct json_object *value;

	ck_assert_msg(json_parse(text, strlen(text), &value, &err) == 0, "%s: %s", text,
	    err.msg);
	return value;
}

static int
from(const char *text, struct state *state)
{
	struct json_object *json = parse(text);
	int result;

	memset(state, 0, sizeof(*state));
	result = state_from_json(&action, json, state, &err);
	json_object_put(json);
	return result;
}

static void
becomes(const struct state *state, const char *base, const char *text)
{
	struct json_object *old = base == NULL ? NULL : parse(base), *json;

	json = state_to_json(&action, state, old, &err);
	ck_assert_msg(json != NULL, "%s", err.msg);
	json_object_put(old);
	ck_assert_str_eq(json_text(json, NULL), text);
	json_object_put(json);
}

START_TEST(test_round)
{
	struct state state = {
		.count = INT64_MIN, .flag = true, .ratio = 0.1, .text = "1234567"
	}, *again = state_new(&action);
	struct json_object *json;

	ck_assert_int_eq(again->count, 0);
	ck_assert_str_eq(again->text, "");
	json = state_to_json(&action, &state, NULL, &err);
	ck_assert_str_eq(json_text(json, NULL), "{\"count\":-9223372036854775808,"
	    "\"flag\":true,\"ratio\":0.1,\"text\":\"1234567\",\"one\":\"\"}");
	ck_assert_int_eq(state_from_json(&action, json, again, &err), 0);
	ck_assert_int_eq(again->count, INT64_MIN);
	ck_assert(again->flag);
	ck_assert(again->ratio == 0.1);
	ck_assert_str_eq(again->text, "1234567");
	ck_assert_str_eq(again->one, "");
	json_object_put(json);
	free(again);
}
END_TEST

START_TEST(test_zero)
{
	struct state state;

	memset(&state, 0, sizeof(state));
	becomes(&state, NULL,
	    "{\"count\":0,\"flag\":false,\"ratio\":0,\"text\":\"\",\"one\":\"\"}");
}
END_TEST

START_TEST(test_base)
{
	struct state state = { .count = 1 };

	becomes(&state, "{\"newer\":{\"a\":[1]},\"count\":9,\"gone\":null,\"text\":7}",
	    "{\"newer\":{\"a\":[1]},\"gone\":null,\"count\":1,\"flag\":false,\"ratio\":0,"
	    "\"text\":\"\",\"one\":\"\"}");
}
END_TEST

START_TEST(test_stateless)
{
	struct json_object *base = parse("{\"a\":1}"), *json;

	ck_assert_ptr_null(state_new(&stateless));
	ck_assert_int_eq(state_from_json(&stateless, base, NULL, &err), 0);
	json = state_to_json(&stateless, NULL, base, &err);
	ck_assert_str_eq(json_text(json, NULL), "{\"a\":1}");
	json_object_put(json);
	json_object_put(base);
	json = state_to_json(&stateless, NULL, NULL, &err);
	ck_assert_str_eq(json_text(json, NULL), "{}");
	json_object_put(json);
}
END_TEST

START_TEST(test_from)
{
	struct state state;

	ck_assert_int_eq(state_from_json(&action, NULL, &state, &err), 0);
	ck_assert_int_eq(from("{}", &state), 0);
	ck_assert_int_eq(from("{\"other\":[],\"count\":null,\"text\":null}", &state), 0);
	ck_assert_int_eq(state.count, 0);
	/* As an agent writes numbers that passed through a double. */
	ck_assert_int_eq(from("{\"count\":3e3,\"ratio\":2}", &state), 0);
	ck_assert_int_eq(state.count, 3000);
	ck_assert(state.ratio == 2);
}
END_TEST

START_TEST(test_from_refused)
{
	static const struct {
		const char *text;
		const char *message;
	} rows[] = {
		{ "[]", "state: must be an object" },
		{ "\"x\"", "state: must be an object" },
		{ "{\"count\":\"1\"}", "state: field \"count\": must be a whole number" },
		{ "{\"count\":1.5}", "state: field \"count\": must be a whole number" },
		{ "{\"count\":1e19}", "state: field \"count\": must be a whole number" },
		{ "{\"count\":true}", "state: field \"count\": must be a whole number" },
		{ "{\"flag\":1}", "state: field \"flag\": must be true or false" },
		{ "{\"flag\":\"true\"}", "state: field \"flag\": must be true or false" },
		{ "{\"ratio\":\"1\"}", "state: field \"ratio\": must be a number" },
		{ "{\"ratio\":1e999}", "state: field \"ratio\": is out of range" },
		{ "{\"text\":7}", "state: field \"text\": must be text without NUL" },
		{ "{\"text\":\"a\\u0000\"}", "state: field \"text\": must be text without NUL" },
		{ "{\"text\":\"12345678\"}", "state: field \"text\": must have at most 7 bytes" },
		{ "{\"one\":\"1\"}", "state: field \"one\": must have at most 0 bytes" },
	};
	struct state state;
	size_t i;

	for (i = 0; i < UNIT_COUNT(rows); i++) {
		ck_assert_msg(from(rows[i].text, &state) == -1, "%s is accepted",
		    rows[i].text);
		ck_assert_str_eq(err.msg, rows[i].message);
		ck_assert_int_eq(err.code, ERR_REQUEST);
	}
}
END_TEST

static void
cannot(const struct state *state, const char *message)
{
	ck_assert_ptr_null(state_to_json(&action, state, NULL, &err));
	ck_assert_str_eq(err.msg, message);
	ck_assert_int_eq(err.code, ERR_INTERNAL);
}

START_TEST(test_to_refused)
{
	struct state state = { .ratio = INFINITY };

	cannot(&state, "state: field \"ratio\": the number is not finite");
	state.ratio = NAN;
	cannot(&state, "state: field \"ratio\": the number is not finite");
	state.ratio = 0;
	memset(state.text, 'x', sizeof(state.text));
	cannot(&state, "state: field \"text\": the text has no end");
	memcpy(state.text, "\xc3", 2);
	cannot(&state, "state: field \"text\": the text is not UTF-8");
	memcpy(state.text, "", 1);
	state.one[0] = 'x';
	cannot(&state, "state: field \"one\": the text has no end");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		test_round, test_zero, test_base, test_stateless, test_from,
		test_from_refused, test_to_refused, NULL
	};

	return unit_main("state", NULL, tests);
}
