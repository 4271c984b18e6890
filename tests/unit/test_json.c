/*
 * test_json.c: what is JSON and what is not, to the byte; and what becomes of it.
 */
#include "config.h"

#include "core/base/json.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/utf8.h"
#include "tests/unit/unit.h"

/* Parses exactly length bytes, which nothing follows that may be read. */
static int
parse_bytes(const char *text, size_t length, struct json_object **ret_value,
    struct err *err)
{
	char *copy = malloc(length > 0 ? length : 1);
	int result;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, length);
	memset(err, 0, sizeof(*err));
	result = json_parse(copy, length, ret_value, err);
	free(copy);
	return result;
}

static void
nested(char *text, const char *open, const char *close, int depth)
{
	int i;

	text[0] = '\0';
	for (i = 0; i < depth; i++)
		strcat(text, open);
	strcat(text, "1");
	for (i = 0; i < depth; i++)
		strcat(text, close);
}

START_TEST(test_accepted)
{
	/* Text, and what it is written as again. */
	static const struct {
		const char *text;
		const char *again;
	} rows[] = {
		{ "null", "null" },
		{ "true", "true" },
		{ "false", "false" },
		{ "0", "0" },
		{ "7", "7" },
		{ "-1", "-1" },
		{ "123", "123" },
		{ " 42 ", "42" },
		{ "9223372036854775807", "9223372036854775807" },
		{ "-9223372036854775808", "-9223372036854775808" },
		{ "1.0", "1.0" },
		{ "0.1", "0.1" },
		{ "-0.5e-3", "-0.5e-3" },
		{ "1e3", "1e3" },
		{ "1E+3", "1E+3" },
		{ "9223372036854775808.0", "9223372036854775808.0" },
		{ "1e400", "1e400" },
		{ "\"\"", "\"\"" },
		{ "\"a/b\"", "\"a/b\"" },
		{ "\"a\\/b\"", "\"a/b\"" },
		{ "\"\\\"\\\\\\b\\f\\n\\r\\t\"", "\"\\\"\\\\\\b\\f\\n\\r\\t\"" },
		{ "\"\\u0041\\u00e9\"", "\"A\xc3\xa9\"" },
		{ "\"\\uD83D\\uDE00\"", "\"\xf0\x9f\x98\x80\"" },
		{ "\"\xf0\x9f\x98\x80\x7f\"", "\"\xf0\x9f\x98\x80\x7f\"" },
		{ "\"\\u0000\"", "\"\\u0000\"" },
		{ "\"\\ufffe\"", "\"\xef\xbf\xbe\"" },
		{ "[]", "[]" },
		{ "[ ]", "[]" },
		{ "{}", "{}" },
		{ "\t\r\n {\t\r\n }\t\r\n ", "{}" },
		{ "[1, [2], {\"a\" : [ ] } ,null]", "[1,[2],{\"a\":[]},null]" },
		{ "{\"\":1}", "{\"\":1}" },
		{ "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"c\"}}" },
	};
	struct json_object *value;
	struct err err;
	size_t i, length;

	for (i = 0; i < UNIT_COUNT(rows); i++) {
		ck_assert_msg(parse_bytes(rows[i].text, strlen(rows[i].text), &value,
		    &err) == 0, "%s: %s", rows[i].text, err.msg);
		ck_assert_str_eq(json_text(value, &length), rows[i].again);
		ck_assert_uint_eq(length, strlen(rows[i].again));
		json_object_put(value);
	}
}
END_TEST

START_TEST(test_refused)
{
	static const struct {
		const char *text;
		const char *message;
	} rows[] = {
		{ "", "byte 1: the text ends where a value is expected" },
		{ "  ", "byte 3: the text ends where a value is expected" },
		{ "{", "byte 2: the text ends where a name is expected" },
		{ "[", "byte 2: the text ends where a value is expected" },
		{ "[1", "byte 3: the text ends where ',' or ']' is expected" },
		{ "[1 2]", "byte 4: ',' or ']' is expected" },
		{ "[1,]", "byte 4: a value is expected" },
		{ "[,1]", "byte 2: a value is expected" },
		{ "]", "byte 1: a value is expected" },
		{ "{]", "byte 2: a name is expected" },
		{ "{1:2}", "byte 2: a name is expected" },
		{ "{\"a\"}", "byte 5: ':' is expected" },
		{ "{\"a\":}", "byte 6: a value is expected" },
		{ "{\"a\":1,}", "byte 8: a name is expected" },
		{ "{\"a\":1 \"b\":2}", "byte 8: ',' or '}' is expected" },
		{ "{'a':1}", "byte 2: a name is expected" },
		{ "{a:1}", "byte 2: a name is expected" },
		{ "{} x", "byte 4: the text goes on after its value" },
		{ "{}}", "byte 3: the text goes on after its value" },
		{ "1 2", "byte 3: the text goes on after its value" },
		{ "nul", "byte 1: a value is expected" },
		{ "nulL", "byte 1: a value is expected" },
		{ "True", "byte 1: a value is expected" },
		{ "NaN", "byte 1: a value is expected" },
		{ "[NaN]", "byte 2: a value is expected" },
		{ "Infinity", "byte 1: a value is expected" },
		{ "-Infinity", "byte 2: a digit is expected" },
		{ "nan", "byte 1: a value is expected" },
		{ "undefined", "byte 1: a value is expected" },
		{ "'a'", "byte 1: a value is expected" },
		{ "/**/1", "byte 1: a value is expected" },
		{ "\xef\xbb\xbf{}", "byte 1: a byte order mark (BOM), which must not be there" },
		{ "\xff\xfe{}", "byte 1: the text is UTF-16 or UTF-32, and must be UTF-8" },
		{ "-", "byte 2: the text ends where a digit is expected" },
		{ "+1", "byte 1: a value is expected" },
		{ "01", "byte 1: a number must not begin with 0" },
		{ "-01", "byte 2: a number must not begin with 0" },
		{ ".5", "byte 1: a value is expected" },
		{ "[1.]", "byte 4: a digit is expected" },
		{ "1.", "byte 3: the text ends where a digit is expected" },
		{ "1e", "byte 3: the text ends where a digit is expected" },
		{ "1e+", "byte 4: the text ends where a digit is expected" },
		{ "1.e5", "byte 3: a digit is expected" },
		{ "0x10", "byte 2: the text goes on after its value" },
		{ "12abc", "byte 3: the text goes on after its value" },
		{ "9223372036854775808", "byte 1: the integer is out of range" },
		{ "[-9223372036854775809]", "byte 2: the integer is out of range" },
		{ "100000000000000000000", "byte 1: the integer is out of range" },
		{ "\"", "byte 2: the text ends within a string" },
		{ "\"abc", "byte 5: the text ends within a string" },
		{ "\"\\", "byte 3: the text ends where an escaped character is expected" },
		{ "\"\\x\"", "byte 2: the escape is unknown" },
		{ "\"\\'\"", "byte 2: the escape is unknown" },
		{ "\"\\U0041\"", "byte 2: the escape is unknown" },
		{ "\"\\u\"", "byte 4: a hexadecimal digit is expected" },
		{ "\"\\u12g4\"", "byte 6: a hexadecimal digit is expected" },
		{ "\"\\u12", "byte 6: the text ends where a hexadecimal digit is expected" },
		{ "\"\\ud83d\"", "byte 2: a surrogate is alone" },
		{ "\"\\ud83d\\n\"", "byte 2: a surrogate is alone" },
		{ "\"\\ud83d\\u0041\"", "byte 2: a surrogate is alone" },
		{ "\"\\ud83d\\ud83d\"", "byte 2: a surrogate is alone" },
		{ "\"\\ud83d\\ue000\"", "byte 2: a surrogate is alone" },
		{ "\"\\ude00\"", "byte 2: a surrogate is alone" },
		{ "\"\\ud83d\\u12\"", "byte 2: a surrogate is alone" },
		{ "\"a\nb\"", "byte 3: a control character must be escaped" },
		{ "\"\x01\"", "byte 2: a control character must be escaped" },
		{ "{\"a\tb\":1}", "byte 4: a control character must be escaped" },
		{ "\"\xff\"", "byte 2: the text is not UTF-8" },
		{ "\"\x80\"", "byte 2: the text is not UTF-8" },
		{ "\"a\xc3\"", "byte 3: the text is not UTF-8" },
		{ "\"\xc0\xaf\"", "byte 2: the text is not UTF-8" },
		{ "\"\xe0\x80\x80\"", "byte 2: the text is not UTF-8" },
		{ "\"\xed\xa0\x80\"", "byte 2: the text is not UTF-8" },
		{ "\"\xf4\x90\x80\x80\"", "byte 2: the text is not UTF-8" },
		{ "{\"\xff\":1}", "byte 3: the text is not UTF-8" },
		{ "{\"a\\u0000b\":1}", "byte 4: \\u0000 must not be in a name" },
		{ "[1\x0c]", "byte 3: ',' or ']' is expected" },
	};
	struct json_object *value;
	struct err err;
	size_t i;

	for (i = 0; i < UNIT_COUNT(rows); i++) {
		ck_assert_msg(parse_bytes(rows[i].text, strlen(rows[i].text), &value,
		    &err) == -1, "%s is accepted", rows[i].text);
		ck_assert_str_eq(err.msg, rows[i].message);
		ck_assert_int_eq(err.code, ERR_REQUEST);
	}
	ck_assert_int_eq(parse_bytes("1\0", 2, &value, &err), -1);
	ck_assert_str_eq(err.msg, "byte 2: the text goes on after its value");
	ck_assert_int_eq(parse_bytes("\"\0\"", 3, &value, &err), -1);
	ck_assert_str_eq(err.msg, "byte 2: a control character must be escaped");
	ck_assert_int_eq(parse_bytes("\"\\\0\"", 4, &value, &err), -1);
	ck_assert_str_eq(err.msg, "byte 2: the escape is unknown");
}
END_TEST

START_TEST(test_depth)
{
	char text[8 * (JSON_DEPTH_MAX + 2)];
	struct json_object *value;
	struct err err;

	nested(text, "[", "]", JSON_DEPTH_MAX);
	ck_assert_int_eq(parse_bytes(text, strlen(text), &value, &err), 0);
	ck_assert_str_eq(json_text(value, NULL), text);
	json_object_put(value);
	nested(text, "{\"a\":", "}", JSON_DEPTH_MAX);
	ck_assert_int_eq(parse_bytes(text, strlen(text), &value, &err), 0);
	ck_assert_str_eq(json_text(value, NULL), text);
	json_object_put(value);

	nested(text, "[", "]", JSON_DEPTH_MAX + 1);
	ck_assert_int_eq(parse_bytes(text, strlen(text), &value, &err), -1);
	ck_assert_str_eq(err.msg, "byte 33: nested more than 32 deep");
	nested(text, "{\"a\":", "}", JSON_DEPTH_MAX + 1);
	ck_assert_int_eq(parse_bytes(text, strlen(text), &value, &err), -1);
	ck_assert_str_eq(err.msg, "byte 161: nested more than 32 deep");
}
END_TEST

/* No beginning of a text is a text, and no changed byte does harm. */
/* Every kind of value counts one, and names nothing. */
START_TEST(test_values)
{
	static const char text[] = "{\"a\":[null,true,1,1.5,\"b\",{},[]],\"c\":false}";
	struct json_object *value;
	struct err err;

	ck_assert_int_eq(json_parse_within(text, strlen(text), 10, &value, &err), 0);
	ck_assert_str_eq(json_text(value, NULL), text);
	json_object_put(value);
	ck_assert_int_eq(json_parse_within(text, strlen(text), JSON_VALUES_ANY, &value, &err), 0);
	json_object_put(value);
	ck_assert_int_eq(json_parse_within(text, strlen(text), 9, &value, &err), -1);
	ck_assert_int_eq(err.code, ERR_TOO_LARGE);
	ck_assert_str_eq(err.msg, "more than 9 values");
}
END_TEST

/* Twice in one object, however it is written; once each in two is right. */
START_TEST(test_twice)
{
	static const struct {
		const char *text;
		const char *msg;
	} rows[] = {
		{ "{\"a\":1,\"a\":1}", "byte 8: \"a\" is there twice in one object" },
		{ "{\"a\":1,\"b\":2,\"\\u0061\":null}",
		  "byte 14: \"a\" is there twice in one object" },
		{ "[{\"\":{},\"\":{}}]", "byte 9: \"\" is there twice in one object" },
		{ "{\"a\":{\"b\":1,\"b\":2}}", "byte 13: \"b\" is there twice in one object" }
	};
	static const char right[] = "{\"a\":{\"a\":1},\"A\":[{\"a\":1},{\"a\":2}]}";
	struct json_object *value;
	struct err err;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(parse_bytes(rows[i].text, strlen(rows[i].text), &value, &err),
		    -1);
		ck_assert_int_eq(err.code, ERR_REQUEST);
		ck_assert_str_eq(err.msg, rows[i].msg);
	}
	ck_assert_int_eq(parse_bytes(right, strlen(right), &value, &err), 0);
	ck_assert_str_eq(json_text(value, NULL), right);
	json_object_put(value);
}
END_TEST

START_TEST(test_damaged)
{
	static const char whole[] = "{\"executionId\":\"\\u00e9\\ud83d\\ude00\xc3\xa9\","
	    "\"list\":[1,-2.5e+3,true,null,{\"a\":[]}],\"flag\":false}";
	struct json_object *value;
	struct err err;
	char text[sizeof(whole)];
	size_t i;
	int byte;

	for (i = 0; i < sizeof(whole) - 1; i++)
		ck_assert_int_eq(parse_bytes(whole, i, &value, &err), -1);
	for (i = 0; i < sizeof(whole) - 1; i++)
		for (byte = 0; byte < 256; byte++) {
			memcpy(text, whole, sizeof(text));
			text[i] = (char)byte;
			if (parse_bytes(text, sizeof(text) - 1, &value, &err) == -1)
				continue;
			ck_assert(utf8_valid(json_text(value, NULL),
			    strlen(json_text(value, NULL))));
			json_object_put(value);
		}
	/* The parser is as good as new after all that. */
	ck_assert_int_eq(parse_bytes(whole, sizeof(whole) - 1, &value, &err), 0);
	json_object_put(value);
}
END_TEST

static void
double_is(double value, const char *text)
{
	struct json_object *object = json_double(value);

	ck_assert_str_eq(json_text(object, NULL), text);
	json_object_put(object);
}

START_TEST(test_double)
{
	double values[] = { DBL_MAX, DBL_MIN, DBL_EPSILON, DBL_TRUE_MIN, M_PI, 1 / 3.0,
	    0.1 + 0.2, 1e22, 123456789.123456789, -5e-324 };
	struct json_object *value, *again;
	struct err err;
	const char *text;
	size_t i;

	double_is(0, "0");
	double_is(1, "1");
	double_is(0.1, "0.1");
	double_is(-2.5, "-2.5");
	double_is(0.1 + 0.2, "0.30000000000000004");
	double_is(1e21, "1e+21");
	ck_assert_ptr_null(json_double(INFINITY));
	ck_assert_ptr_null(json_double(-INFINITY));
	ck_assert_ptr_null(json_double(NAN));
	for (i = 0; i < UNIT_COUNT(values); i++) {
		value = json_double(values[i]);
		text = json_text(value, NULL);
		ck_assert_int_eq(json_parse(text, strlen(text), &again, &err), 0);
		ck_assert(json_object_get_double(again) == values[i]);
		json_object_put(value);
		json_object_put(again);
	}
	/* Whatever an action sets, JSON has points. */
	if (setlocale(LC_ALL, "de_DE.UTF-8") != NULL)
		double_is(0.5, "0.5");
}
END_TEST

START_TEST(test_members)
{
	static const char text[] = "{\"text\":\"a\",\"nul\":\"a\\u0000b\",\"null\":null,"
	    "\"number\":7,\"list\":[\"x\"]}";
	struct json_object *object;
	struct err err;

	ck_assert_int_eq(json_parse(text, strlen(text), &object, &err), 0);
	ck_assert_str_eq(json_member_string(object, "text"), "a");
	ck_assert_ptr_null(json_member_string(object, "nul"));
	ck_assert_ptr_null(json_member_string(object, "null"));
	ck_assert_ptr_null(json_member_string(object, "number"));
	ck_assert_ptr_null(json_member_string(object, "absent"));
	ck_assert_ptr_null(json_member_string(NULL, "absent"));
	ck_assert_ptr_null(json_member(object, "null"));
	ck_assert_ptr_null(json_member(object, "absent"));
	ck_assert_ptr_null(json_member(json_member(object, "list"), "x"));
	ck_assert_ptr_null(json_member(NULL, "x"));
	ck_assert_int_eq(json_object_get_int(json_member(object, "number")), 7);
	json_object_put(object);
}
END_TEST

START_TEST(test_whole)
{
	static const struct {
		const char *text;
		bool whole;
		int64_t value;
	} rows[] = {
		{ "3000", true, 3000 },
		{ "-3", true, -3 },
		{ "3000.0", true, 3000 },
		{ "3e3", true, 3000 },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "-9223372036854775808.0", true, INT64_MIN },
		{ "9223372036854775807", true, INT64_MAX },
		{ "9223372036854775808.0", false, 0 },
		{ "1e30", false, 0 },
		{ "1e999", false, 0 },
		{ "1.5", false, 0 },
		{ "1e-3", false, 0 },
		{ "\"3\"", false, 0 },
		{ "true", false, 0 },
		{ "null", false, 0 },
		{ "[1]", false, 0 },
	};
	struct json_object *value;
	struct err err;
	int64_t whole;
	size_t i;

	for (i = 0; i < UNIT_COUNT(rows); i++) {
		ck_assert_int_eq(json_parse(rows[i].text, strlen(rows[i].text), &value,
		    &err), 0);
		whole = 0;
		ck_assert_msg((json_whole(value, &whole) == 0) == rows[i].whole, "%s",
		    rows[i].text);
		ck_assert_int_eq(whole, rows[i].value);
		json_object_put(value);
	}
}
END_TEST

START_TEST(test_build)
{
	struct json_object *object = json_new_object(), *array = json_new_array();

	json_append(array, json_new_string("a/b"));
	json_append(array, json_new_string("\xff\xc3(\xed\xa0\x80"));
	json_append(array, NULL);
	json_add(object, "list", array);
	json_add_string(object, "none", NULL);
	json_add_string(object, "text", "t\n");
	json_add_int(object, "int", INT64_MIN);
	json_add_bool(object, "bool", false);
	json_add(object, "null", NULL);
	ck_assert_str_eq(json_text(object, NULL), "{\"list\":[\"a/b\",\""
	    UTF8_REPLACEMENT UTF8_REPLACEMENT "(" UTF8_REPLACEMENT UTF8_REPLACEMENT
	    UTF8_REPLACEMENT "\",null],\"text\":\"t\\n\",\"int\":-9223372036854775808,"
	    "\"bool\":false,\"null\":null}");
	json_object_put(object);
}
END_TEST

/* What a terminal obeys, or what makes other text look different. */
START_TEST(test_unseen)
{
	static const struct {
		const char *character, *escape;
	} unseen[] = {
		{ "\x01", "\\u0001" }, { "\x1f", "\\u001f" }, { "\x7f", "\\u007f" },
		{ "\xc2\x80", "\\u0080" }, { "\xc2\x9f", "\\u009f" }, { "\xc2\xad", "\\u00ad" },
		{ "\xe2\x80\x8b", "\\u200b" }, { "\xe2\x80\xa8", "\\u2028" },
		{ "\xe2\x80\xae", "\\u202e" }, { "\xe2\x81\xa9", "\\u2069" },
		{ "\xef\xbb\xbf", "\\ufeff" }, { "\xf0\x91\x82\xbd", "\\ud804\\udcbd" },
		{ "\xf3\xa0\x81\x81", "\\udb40\\udc41" }
	};
	static const char *const seen[] = {
		" ", "~", "\xc2\xa0", "\xc3\xa9", "\xe2\x80\x90", "\xe2\x80\xaf", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80"
	};
	char escape[UTF8_ESCAPE_BYTES];
	uint32_t point;
	size_t i;

	for (i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++) {
		point = utf8_point(unseen[i].character, strlen(unseen[i].character));
		ck_assert_msg(utf8_is_unseen(point), "%s", unseen[i].escape);
		utf8_escape(point, escape);
		ck_assert_str_eq(escape, unseen[i].escape);
	}
	for (i = 0; i < sizeof(seen) / sizeof(seen[0]); i++)
		ck_assert(!utf8_is_unseen(utf8_point(seen[i], strlen(seen[i]))));
}
END_TEST

START_TEST(test_utf8)
{
	ck_assert_uint_eq(utf8_count(""), 0);
	ck_assert_uint_eq(utf8_count("a\xc3\xa9\xf0\x9f\x98\x80"), 3);
	ck_assert_uint_eq(utf8_count("\xff\xff"), 2);
	ck_assert_uint_eq(utf8_cut("abc", 3, 5), 3);
	ck_assert_uint_eq(utf8_cut("abc", 3, 2), 2);
	ck_assert_uint_eq(utf8_cut("a\xc3\xa9", 3, 2), 1);
	ck_assert_uint_eq(utf8_cut("\xf0\x9f\x98\x80", 4, 3), 0);
	ck_assert_uint_eq(utf8_point("\xf0\x9f\x98\x80", 4), 0x1f600);
	ck_assert_uint_eq(utf8_point("\xe2\x80\xae", 3), 0x202e);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		test_accepted, test_refused, test_depth, test_values, test_twice,
		test_damaged, test_double,
		test_members, test_whole, test_build, test_unseen, test_utf8, NULL
	};

	return unit_main("json", NULL, tests);
}
