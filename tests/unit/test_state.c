/*
 * test_state.c: state structs as JSON, there and back.
 */
#include "config.h"

#include "core/action/state.h"

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

/* Everything that a state can hold. */
struct inner {
	int64_t number;
	AK_TEXT_LIST(2, 4) tags;
};

struct outer {
	bool flag;
	AK_TEXT_LIST(4, 9) list;
	struct inner inner;
	double ratio;
	char text[17];
	char json[4096];
};

static const struct ak_field inner_fields[] = {
	AK_INT(struct inner, number),
	AK_LIST(struct inner, tags),
	AK_FIELDS_END
};

static const struct ak_field outer_fields[] = {
	AK_BOOL(struct outer, flag),
	AK_LIST(struct outer, list),
	AK_STRUCT(struct outer, inner, inner_fields),
	AK_DOUBLE(struct outer, ratio),
	AK_TEXT(struct outer, text),
	AK_JSON(struct outer, json),
	AK_FIELDS_END
};

static const struct ak_action full = { .state = AK_STATE(struct outer, outer_fields) };

#define FULL_ZERO \
	"\"flag\":false,\"list\":[],\"inner\":{\"number\":0,\"tags\":[]},\"ratio\":0," \
	"\"text\":\"\",\"json\":null"

static void
full_becomes(const struct outer *state, const char *base, const char *text)
{
	struct json_object *old = base == NULL ? NULL : parse(base), *json;

	json = state_to_json(&full, state, old, &err);
	ck_assert_msg(json != NULL, "%s", err.msg);
	json_object_put(old);
	ck_assert_str_eq(json_text(json, NULL), text);
	json_object_put(json);
}

START_TEST(test_full)
{
	static struct outer state, again;
	struct json_object *json;

	full_becomes(&state, NULL, "{" FULL_ZERO "}");
	strcpy(state.list.item[0], "12345678");
	state.list.count = 2;
	strcpy(state.inner.tags.item[0], "a");
	state.inner.tags.count = 1;
	state.inner.number = -1;
	strcpy(state.json, " {\"a\" : [1.50, null]}");
	/* Members that a newer program added, in a struct, too. */
	full_becomes(&state, "{\"new\":1,\"inner\":{\"newer\":{\"x\":[]},\"number\":5},"
	    "\"list\":[\"gone\"],\"json\":{\"b\":1}}",
	    "{\"new\":1,\"flag\":false,\"list\":[\"12345678\",\"\"],"
	    "\"inner\":{\"newer\":{\"x\":[]},\"number\":-1,\"tags\":[\"a\"]},\"ratio\":0,"
	    "\"text\":\"\",\"json\":{\"a\":[1.50,null]}}");
	full_becomes(&state, "{\"inner\":7}",
	    "{\"flag\":false,\"list\":[\"12345678\",\"\"],"
	    "\"inner\":{\"number\":-1,\"tags\":[\"a\"]},\"ratio\":0,"
	    "\"text\":\"\",\"json\":{\"a\":[1.50,null]}}");
	json = state_to_json(&full, &state, NULL, &err);
	ck_assert_int_eq(state_from_json(&full, json, &again, &err), 0);
	json_object_put(json);
	ck_assert_int_eq(again.list.count, 2);
	ck_assert_str_eq(again.list.item[0], "12345678");
	ck_assert_str_eq(again.list.item[1], "");
	ck_assert_int_eq(again.inner.number, -1);
	ck_assert_str_eq(again.inner.tags.item[0], "a");
	ck_assert_str_eq(again.json, "{\"a\":[1.50,null]}");
}
END_TEST

START_TEST(test_full_refused)
{
	static const struct {
		const char *text;
		const char *message;
	} rows[] = {
		{ "{\"list\":{}}", "state: field \"list\": must be an array" },
		{ "{\"list\":\"a\"}", "state: field \"list\": must be an array" },
		{ "{\"list\":[\"\",\"\",\"\",\"\",\"\"]}",
		  "state: field \"list\": must have at most 4 items" },
		{ "{\"list\":[\"a\",7]}",
		  "state: field \"list\": item 2 must be text without NUL" },
		{ "{\"list\":[null]}",
		  "state: field \"list\": item 1 must be text without NUL" },
		{ "{\"list\":[\"123456789\"]}",
		  "state: field \"list\": item 1 must have at most 8 bytes" },
		{ "{\"inner\":[]}", "state: field \"inner\": must be an object" },
		{ "{\"inner\":{\"number\":\"1\"}}",
		  "state: field \"inner.number\": must be a whole number" },
		{ "{\"inner\":{\"tags\":[\"a\",\"1234\"]}}",
		  "state: field \"inner.tags\": item 2 must have at most 3 bytes" },
	};
	static struct outer state;
	struct json_object *json;
	char *text;
	size_t i;

	for (i = 0; i < UNIT_COUNT(rows); i++) {
		json = parse(rows[i].text);
		ck_assert_msg(state_from_json(&full, json, &state, &err) == -1,
		    "%s is accepted", rows[i].text);
		ck_assert_str_eq(err.msg, rows[i].message);
		ck_assert_int_eq(err.code, ERR_REQUEST);
		json_object_put(json);
	}
	/* As JSON text it has two bytes more. */
	text = malloc(sizeof(state.json));
	ck_assert_ptr_nonnull(text);
	memset(text, 'x', sizeof(state.json));
	text[sizeof(state.json) - 2] = '\0';
	json = json_new_object();
	json_add_string(json, "json", text);
	ck_assert_int_eq(state_from_json(&full, json, &state, &err), -1);
	ck_assert_str_eq(err.msg,
	    "state: field \"json\": as JSON must have at most 4095 bytes");
	json_object_put(json);
	free(text);
}
END_TEST

static void
full_cannot(const struct outer *state, const char *message)
{
	ck_assert_ptr_null(state_to_json(&full, state, NULL, &err));
	ck_assert_str_eq(err.msg, message);
	ck_assert_int_eq(err.code, ERR_INTERNAL);
}

START_TEST(test_full_to_refused)
{
	static struct outer state;

	state.list.count = 5;
	full_cannot(&state, "state: field \"list\": the count 5 is not within 0 and 4");
	state.list.count = -1;
	full_cannot(&state, "state: field \"list\": the count -1 is not within 0 and 4");
	state.list.count = 2;
	memset(state.list.item[1], 'x', sizeof(state.list.item[1]));
	full_cannot(&state, "state: field \"list\": item 2 has no end");
	strcpy(state.list.item[1], "\xff");
	full_cannot(&state, "state: field \"list\": item 2 is not UTF-8");
	state.list.count = 0;
	state.inner.tags.count = 3;
	full_cannot(&state, "state: field \"inner.tags\": the count 3 is not within 0 and 2");
	state.inner.tags.count = 0;
	strcpy(state.json, "{\"a\":}");
	full_cannot(&state, "state: field \"json\": the text is not JSON: byte 6: "
	    "a value is expected");
	memset(state.json, ' ', sizeof(state.json));
	full_cannot(&state, "state: field \"json\": the text has no end");
}
END_TEST

/* What a request carries must be JSON that can be read: the state is one level down. */
START_TEST(test_depth)
{
	static struct outer state;
	struct json_object *json, *request, *again;
	int i;

	for (i = 0; i < JSON_DEPTH_MAX - 1; i++) {
		state.json[i] = '[';
		state.json[2 * (JSON_DEPTH_MAX - 1) - 1 - i] = ']';
	}
	full_cannot(&state, "state: nested more than 31 deep");
	memset(state.json, 0, sizeof(state.json));
	for (i = 0; i < JSON_DEPTH_MAX - 2; i++) {
		state.json[i] = '[';
		state.json[2 * (JSON_DEPTH_MAX - 2) - 1 - i] = ']';
	}
	json = state_to_json(&full, &state, NULL, &err);
	ck_assert_msg(json != NULL, "%s", err.msg);
	request = json_new_object();
	json_add(request, "state", json);
	again = parse(json_text(request, NULL));
	json_object_put(request);
	json_object_put(again);
}
END_TEST

/*
 * Random states and JSON, there and back, bit for bit. The numbers are the same in every
 * run: what fails once fails again.
 */
static uint64_t random_state = 1;

static uint64_t
random_bits(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static size_t
random_below(size_t limit)
{
	return (size_t)(random_bits() >> 16) % limit;
}

static double
random_double(void)
{
	static const double odd[] = {
		0, -0.0, 1, -1, 0.1, 5e-324, 2.2250738585072014e-308,
		1.7976931348623157e308, -1e15, 1e17, 9007199254740992, 1.5e300
	};
	uint64_t bits;
	double number;

	if (random_below(4) == 0)
		return odd[random_below(UNIT_COUNT(odd))];
	if (random_below(4) == 0)
		return (double)(int64_t)random_bits();
	do {
		bits = random_bits();
		memcpy(&number, &bits, sizeof(number));
	} while (!isfinite(number));
	return number;
}

/* Text of less than size bytes, of characters of one to four bytes, controls among them. */
static void
random_text(char *text, size_t size)
{
	static const char *const characters[] = {
		"a", "Z", "\"", "\\", "/", "\n", "\x01", "\x1f", "\x7f", " ", "\xc3\xa9",
		"\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbf\xbf", "\xe2\x80\xa8"
	};
	size_t used = 0, wanted = random_below(size);
	const char *character;

	for (;;) {
		character = characters[random_below(UNIT_COUNT(characters))];
		if (used + strlen(character) > wanted)
			break;
		memcpy(text + used, character, strlen(character));
		used += strlen(character);
	}
	text[used] = '\0';
}

static int64_t
random_whole(void)
{
	static const int64_t odd[] = { 0, 1, -1, INT64_MIN, INT64_MAX };

	if (random_below(4) == 0)
		return odd[random_below(UNIT_COUNT(odd))];
	return (int64_t)random_bits() >> random_below(64);
}

static struct json_object *
random_json(size_t depth)
{
	struct json_object *value;
	char text[24];
	size_t count = random_below(4);

	switch (random_below(depth == 0 ? 5 : 7)) {
	case 0:
		return NULL;
	case 1:
		return json_new_bool(random_below(2) == 0);
	case 2:
		return json_new_int(random_whole());
	case 3:
		return json_double(random_double());
	case 4:
		random_text(text, sizeof(text));
		return json_new_string(text);
	case 5:
		for (value = json_new_array(); count > 0; count--)
			json_append(value, random_json(depth - 1));
		return value;
	default:
		for (value = json_new_object(); count > 0; count--) {
			random_text(text, sizeof(text));
			json_add(value, text, random_json(depth - 1));
		}
		return value;
	}
}

static void
random_list(int64_t *ret_count, char *items, size_t room, size_t size)
{
	size_t count = random_below(room + 1), i;

	for (i = 0; i < count; i++)
		random_text(items + i * size, size);
	*ret_count = (int64_t)count;
}

static void
random_outer(struct outer *state)
{
	struct json_object *json;

	memset(state, 0, sizeof(*state));
	state->flag = random_below(2) == 0;
	random_list(&state->list.count, state->list.item[0], 4, 9);
	state->inner.number = random_whole();
	random_list(&state->inner.tags.count, state->inner.tags.item[0], 2, 4);
	state->ratio = random_double();
	random_text(state->text, sizeof(state->text));
	json = random_json(5);
	/* Null is as good as nothing. */
	if (json != NULL && strlen(json_text(json, NULL)) < sizeof(state->json))
		strcpy(state->json, json_text(json, NULL));
	json_object_put(json);
}

START_TEST(test_random_states)
{
	enum { ROUNDS = 500 };
	static struct outer state, again;
	struct json_object *base, *json, *read;
	char *text;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		random_outer(&state);
		base = random_json(4);
		if (!json_object_is_type(base, json_type_object)) {
			json_object_put(base);
			base = NULL;
		}
		json = state_to_json(&full, &state, base, &err);
		ck_assert_msg(json != NULL, "round %d: %s", round, err.msg);
		text = strdup(json_text(json, NULL));
		ck_assert_ptr_nonnull(text);
		json_object_put(json);

		/* From the text, as it is in the database. */
		read = parse(text);
		memset(&again, 0, sizeof(again));
		ck_assert_msg(state_from_json(&full, read, &again, &err) == 0,
		    "round %d: %s: %s", round, err.msg, text);
		ck_assert_msg(memcmp(&state, &again, sizeof(state)) == 0,
		    "round %d: %s", round, text);
		/* And the text again, with what is not in the table. */
		json = state_to_json(&full, &again, read, &err);
		ck_assert_msg(json != NULL, "round %d: %s", round, err.msg);
		ck_assert_str_eq(json_text(json, NULL), text);
		json_object_put(json);
		json_object_put(read);
		json_object_put(base);
		free(text);
	}
}
END_TEST

START_TEST(test_random_json)
{
	enum { ROUNDS = 2000 };
	struct json_object *json, *read;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		json = random_json(8);
		read = parse(json_text(json, NULL));
		ck_assert_str_eq(json_text(read, NULL), json_text(json, NULL));
		json_object_put(read);
		json_object_put(json);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		test_round, test_zero, test_base, test_stateless, test_from,
		test_from_refused, test_to_refused, test_full, test_full_refused,
		test_full_to_refused, test_depth, test_random_states, test_random_json, NULL
	};

	return unit_main("state", NULL, tests);
}
