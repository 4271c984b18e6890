/*
 * test_parameters.c: every type of parameter, and what agents may send for it.
 */
#include "config.h"

#include "core/action/parameters.h"

#include <stdio.h>
#include <string.h>

#include "core/action/parameter_types.h"
#include "tests/unit/unit.h"

#define WHOLE "p: must be a whole number"
#define DURATION "p: must be a duration: whole milliseconds, or text such as \"1m30s\""
#define BITRATE "p: must be a bitrate, such as \"1024kbit\" or \"10mbps\""
#define FILE_TEXT "p: must be base64 text or an http or https URL, or be sent as a file"
#define FILE_TYPES "p: the name of the file must end with one of .json, .tar.gz"
#define PAIR(item_) \
	"p: item " item_ " must be an object with the texts \"key\" and \"value\""

static const struct ak_option ab[] = { { "A", "a" }, { "B", "b" }, AK_OPTIONS_END };

static const char *const hosts[] = { "host.hostname", NULL };
static const char *const types[] = { ".json", ".tar.gz", NULL };

/* One parameter "p", what is sent for it, and what comes of it: a value or a fault. */
struct row {
	struct ak_parameter parameter;
	const char *sent;	/* JSON; NULL: nothing */
	const char *value;	/* JSON of the values; NULL: refused */
	const char *fault;
};

#define P(type_, ...) { .name = "p", .label = "P", .type = type_, __VA_ARGS__ }
#define NONE "{}"
#define V(value_) "{\"p\":" value_ "}"

static const struct row rows[] = {
	/* string and what reads as one */
	{ P(AK_STRING), "\"x\"", V("\"x\""), NULL },
	{ P(AK_STRING), "\"\"", V("\"\""), NULL },
	{ P(AK_STRING), "null", NONE, NULL },
	{ P(AK_STRING), NULL, NONE, NULL },
	{ P(AK_STRING), "7", NULL, "p: must be text" },
	{ P(AK_STRING), "true", NULL, "p: must be text" },
	{ P(AK_STRING), "[\"x\"]", NULL, "p: must be text" },
	{ P(AK_STRING), "\"a\\u0000b\"", NULL, "p: must not contain a NUL character" },
	{ P(AK_STRING, .required = true), NULL, NULL, "p: required" },
	{ P(AK_STRING, .required = true), "null", NULL, "p: required" },
	{ P(AK_STRING, .required = true), "\"\"", V("\"\""), NULL },
	{ P(AK_STRING, .required = true, .default_value = "d"), NULL, NULL, "p: required" },
	{ P(AK_STRING, .default_value = "d"), NULL, V("\"d\""), NULL },
	{ P(AK_STRING, .default_value = "d"), "null", V("\"d\""), NULL },
	{ P(AK_STRING, .default_value = ""), NULL, V("\"\""), NULL },
	{ P(AK_STRING, .default_value = "d"), "\"x\"", V("\"x\""), NULL },
	{ P(AK_STRING, .options = ab), "\"b\"", V("\"b\""), NULL },
	{ P(AK_STRING, .options = ab), "\"A\"", NULL, "p: must be one of \"a\", \"b\"" },
	{ P(AK_STRING, .options = ab), "\"\"", NULL, "p: must be one of \"a\", \"b\"" },
	{ P(AK_STRING, .options = ab, .options_open = true), "\"c\"", V("\"c\""), NULL },
	{ P(AK_TEXTAREA), "\"a\\nb\"", V("\"a\\nb\""), NULL },
	{ P(AK_STRING, .options = ab, .option_attributes = hosts), "\"c\"", V("\"c\""), NULL },
	{ P(AK_STRING, .option_attributes = hosts), "\"c\"", V("\"c\""), NULL },
	{ P(AK_STRING, .option_attributes = hosts), "7", NULL, "p: must be text" },
	{ P(AK_STRING, .max_length = 2), "\"ab\"", V("\"ab\""), NULL },
	{ P(AK_STRING, .max_length = 2), "\"abc\"", NULL, "p: must have at most 2 bytes" },
	{ P(AK_STRING, .max_length = 2), "\"a\xc3\xa9\"", NULL,
	  "p: must have at most 2 bytes" },
	{ P(AK_STRING, .max_length = 2, .default_value = "ab"), "null", V("\"ab\""), NULL },
	{ P(AK_TEXTAREA), "{}", NULL, "p: must be text" },
	{ P(AK_TEXTAREA, .max_length = 1), "\"\\n\\n\"", NULL,
	  "p: must have at most 1 bytes" },
	{ P(AK_URL, .max_length = 3), "\"a://\"", NULL, "p: must have at most 3 bytes" },
	{ P(AK_REGEX, .max_length = 1), "\"..\"", NULL, "p: must have at most 1 bytes" },
	{ P(AK_REGEX), "[]", NULL, "p: must be text" },
	{ P(AK_URL), "\"http://x/y\"", V("\"http://x/y\""), NULL },
	{ P(AK_URL), "1", NULL, "p: must be text" },
	{ P(AK_REGEX), "\"[a-\"", V("\"[a-\""), NULL },
	{ P(AK_REGEX, .default_value = "[a-z]+"), NULL, V("\"[a-z]+\""), NULL },

	{ P(AK_BITRATE), "\"1024kbit\"", V("\"1024kbit\""), NULL },
	{ P(AK_BITRATE), "\"10mbps\"", V("\"10mbps\""), NULL },
	{ P(AK_BITRATE), "\"0bit\"", V("\"0bit\""), NULL },
	{ P(AK_BITRATE), "\"1tbps\"", V("\"1tbps\""), NULL },
	{ P(AK_BITRATE, .default_value = "1gbit"), NULL, V("\"1gbit\""), NULL },
	{ P(AK_BITRATE), "null", NONE, NULL },
	{ P(AK_BITRATE), "\"10\"", NULL, BITRATE },
	{ P(AK_BITRATE), "\"mbit\"", NULL, BITRATE },
	{ P(AK_BITRATE), "\"10 mbit\"", NULL, BITRATE },
	{ P(AK_BITRATE), "\"9223373tbit\"", NULL, BITRATE },
	{ P(AK_BITRATE), "\"99999999999999999999bit\"", NULL, BITRATE },
	{ P(AK_BITRATE), "\"1.5mbit\"", NULL, BITRATE },
	{ P(AK_BITRATE), "\"-1mbit\"", NULL, BITRATE },
	{ P(AK_BITRATE), "\"10MBIT\"", NULL, BITRATE },
	{ P(AK_BITRATE), "\"10mbits\"", NULL, BITRATE },
	{ P(AK_BITRATE), "\"\"", NULL, BITRATE },
	{ P(AK_BITRATE), "10", NULL, "p: must be text" },

	{ P(AK_STRING_ARRAY), "[]", V("[]"), NULL },
	{ P(AK_STRING_ARRAY), "[\"a\",\"\"]", V("[\"a\",\"\"]"), NULL },
	{ P(AK_STRING_ARRAY), "null", NONE, NULL },
	{ P(AK_STRING_ARRAY), "\"a\"", NULL, "p: must be an array" },
	{ P(AK_STRING_ARRAY), "{}", NULL, "p: must be an array" },
	{ P(AK_STRING_ARRAY), "[\"a\",1]", NULL, "p: item 2 must be text" },
	{ P(AK_STRING_ARRAY), "[null]", NULL, "p: item 1 must be text" },
	{ P(AK_STRING_ARRAY), "[\"\\u0000\"]", NULL,
	  "p: item 1 must not contain a NUL character" },
	{ P(AK_STRING_ARRAY, .options = ab), "[\"a\",\"b\",\"a\"]", V("[\"a\",\"b\",\"a\"]"),
	  NULL },
	{ P(AK_STRING_ARRAY, .options = ab), "[\"a\",\"c\"]", NULL,
	  "p: item 2 must be one of \"a\", \"b\"" },
	{ P(AK_STRING_ARRAY, .options = ab, .options_open = true), "[\"c\"]", V("[\"c\"]"),
	  NULL },
	{ P(AK_STRING_ARRAY, .options = ab, .option_attributes = hosts), "[\"c\"]",
	  V("[\"c\"]"), NULL },
	{ P(AK_STRING_ARRAY, .max_items = 2), "[\"a\",\"b\"]", V("[\"a\",\"b\"]"), NULL },
	{ P(AK_STRING_ARRAY, .max_items = 2), "[\"a\",\"b\",\"c\"]", NULL,
	  "p: must have at most 2 items" },
	{ P(AK_STRING_ARRAY, .max_length = 1), "[\"a\",\"bb\"]", NULL,
	  "p: item 2 must have at most 1 bytes" },
	{ P(AK_STRING_ARRAY, .required = true), NULL, NULL, "p: required" },
	{ P(AK_STRING_ARRAY, .default_value = "[\"a\",\"b\"]"), NULL, V("[\"a\",\"b\"]"),
	  NULL },
	{ P(AK_STRING_ARRAY, .default_value = ""), NULL, V("[]"), NULL },

	{ P(AK_INTEGER), "7", V("7"), NULL },
	{ P(AK_INTEGER), "-7", V("-7"), NULL },
	{ P(AK_INTEGER), "7.0", V("7"), NULL },
	{ P(AK_INTEGER), "3e3", V("3000"), NULL },
	{ P(AK_INTEGER), "9223372036854775807", V("9223372036854775807"), NULL },
	{ P(AK_INTEGER), "\"7\"", V("7"), NULL },
	{ P(AK_INTEGER), "\"-7\"", V("-7"), NULL },
	{ P(AK_INTEGER), "null", NONE, NULL },
	{ P(AK_INTEGER, .default_value = "5"), "null", V("5"), NULL },
	{ P(AK_INTEGER, .default_value = "-5"), NULL, V("-5"), NULL },
	{ P(AK_INTEGER), "1.5", NULL, WHOLE },
	{ P(AK_INTEGER), "1e30", NULL, WHOLE },
	{ P(AK_INTEGER), "true", NULL, WHOLE },
	{ P(AK_INTEGER), "[7]", NULL, WHOLE },
	{ P(AK_INTEGER), "\"\"", NULL, WHOLE },
	{ P(AK_INTEGER), "\"-\"", NULL, WHOLE },
	{ P(AK_INTEGER), "\"+7\"", NULL, WHOLE },
	{ P(AK_INTEGER), "\" 7\"", NULL, WHOLE },
	{ P(AK_INTEGER), "\"7 \"", NULL, WHOLE },
	{ P(AK_INTEGER), "\"07\"", NULL, WHOLE },
	{ P(AK_INTEGER), "\"0x7\"", NULL, WHOLE },
	{ P(AK_INTEGER), "\"7.0\"", NULL, WHOLE },
	{ P(AK_INTEGER), "\"7e0\"", NULL, WHOLE },
	{ P(AK_INTEGER), "\"12abc\"", NULL, WHOLE },
	{ P(AK_INTEGER), "\"9223372036854775808\"", NULL, WHOLE },
	{ P(AK_INTEGER), "\"7\\u0000\"", NULL, WHOLE },
	{ P(AK_INTEGER, .min = AK_LIMIT(2)), "2", V("2"), NULL },
	{ P(AK_INTEGER, .min = AK_LIMIT(2)), "1", NULL, "p: must be at least 2" },
	{ P(AK_INTEGER, .min = AK_LIMIT(-2)), "\"-3\"", NULL, "p: must be at least -2" },
	{ P(AK_INTEGER, .max = AK_LIMIT(0)), "0", V("0"), NULL },
	{ P(AK_INTEGER, .max = AK_LIMIT(0)), "1", NULL, "p: must be at most 0" },

	{ P(AK_PERCENTAGE), "50", V("50"), NULL },
	{ P(AK_PERCENTAGE), "150", V("150"), NULL },
	{ P(AK_PERCENTAGE), "\"50\"", V("50"), NULL },
	{ P(AK_PERCENTAGE), "\"50%\"", NULL, WHOLE },
	{ P(AK_PERCENTAGE), "0.5", NULL, WHOLE },
	{ P(AK_PERCENTAGE, .max = AK_LIMIT(100)), "101", NULL, "p: must be at most 100" },
	{ P(AK_PERCENTAGE, .default_value = "50"), NULL, V("50"), NULL },
	{ P(AK_PERCENTAGE, .default_value = "50%"), NULL, V("50"), NULL },

	{ P(AK_STRESSNG_WORKERS), "0", V("0"), NULL },
	{ P(AK_STRESSNG_WORKERS), "-1", V("-1"), NULL },
	{ P(AK_STRESSNG_WORKERS), "\"4\"", V("4"), NULL },
	{ P(AK_STRESSNG_WORKERS), "\"all\"", NULL, WHOLE },
	{ P(AK_STRESSNG_WORKERS, .default_value = "2"), NULL, V("2"), NULL },

	{ P(AK_BOOLEAN), "true", V("true"), NULL },
	{ P(AK_BOOLEAN), "false", V("false"), NULL },
	{ P(AK_BOOLEAN), "null", NONE, NULL },
	{ P(AK_BOOLEAN), "\"true\"", V("true"), NULL },
	{ P(AK_BOOLEAN), "\"false\"", V("false"), NULL },
	{ P(AK_BOOLEAN), "\"True\"", NULL, "p: must be true or false" },
	{ P(AK_BOOLEAN), "1", NULL, "p: must be true or false" },
	{ P(AK_BOOLEAN, .default_value = "true"), NULL, V("true"), NULL },
	{ P(AK_BOOLEAN, .default_value = "true"), "false", V("false"), NULL },
	{ P(AK_BOOLEAN, .default_value = "false"), "null", V("false"), NULL },

	{ P(AK_DURATION), "3000", V("3000"), NULL },
	{ P(AK_DURATION), "0", V("0"), NULL },
	{ P(AK_DURATION), "3000.0", V("3000"), NULL },
	{ P(AK_DURATION), "3e3", V("3000"), NULL },
	{ P(AK_DURATION), "\"3000\"", V("3000"), NULL },
	{ P(AK_DURATION), "\"10s\"", V("10000"), NULL },
	{ P(AK_DURATION), "\"1m30s\"", V("90000"), NULL },
	{ P(AK_DURATION), "\"1.5h\"", V("5400000"), NULL },
	{ P(AK_DURATION, .default_value = "30s"), NULL, V("30000"), NULL },
	{ P(AK_DURATION), "\"soon\"", NULL, DURATION },
	{ P(AK_DURATION), "\"\"", NULL, DURATION },
	{ P(AK_DURATION), "\"10 s\"", NULL, DURATION },
	{ P(AK_DURATION), "1.5", NULL, DURATION },
	{ P(AK_DURATION), "true", NULL, DURATION },
	{ P(AK_DURATION), "-1", NULL, "p: must not be negative" },
	{ P(AK_DURATION), "\"-1\"", NULL, "p: must not be negative" },
	{ P(AK_DURATION), "\"-10s\"", NULL, "p: must not be negative" },
	{ P(AK_DURATION, .min = AK_LIMIT(-5)), "-1", NULL, "p: must not be negative" },
	{ P(AK_DURATION, .min = AK_LIMIT(1000)), "999", NULL, "p: must be at least 1s" },
	{ P(AK_DURATION, .max = AK_LIMIT(90000)), "\"2m\"", NULL, "p: must be at most 90s" },

	{ P(AK_KEY_VALUE), "[]", V("[]"), NULL },
	{ P(AK_KEY_VALUE), "[{\"key\":\"k\",\"value\":\"v\"}]",
	  V("[{\"key\":\"k\",\"value\":\"v\"}]"), NULL },
	{ P(AK_KEY_VALUE), "[{\"value\":\"\",\"key\":\"\",\"id\":1}]",
	  V("[{\"key\":\"\",\"value\":\"\"}]"), NULL },
	{ P(AK_KEY_VALUE), "null", NONE, NULL },
	{ P(AK_KEY_VALUE), "{\"k\":\"v\"}", NULL, "p: must be an array" },
	{ P(AK_KEY_VALUE), "[\"k\"]", NULL, PAIR("1") },
	{ P(AK_KEY_VALUE), "[{\"key\":\"k\",\"value\":\"v\"},{\"key\":\"k\"}]", NULL,
	  PAIR("2") },
	{ P(AK_KEY_VALUE), "[{\"key\":\"k\",\"value\":1}]", NULL, PAIR("1") },
	{ P(AK_KEY_VALUE), "[{\"key\":null,\"value\":\"v\"}]", NULL, PAIR("1") },
	{ P(AK_KEY_VALUE, .max_items = 1), "[{\"key\":\"k\",\"value\":\"v\"},"
	  "{\"key\":\"k\",\"value\":\"v\"}]", NULL, "p: must have at most 1 items" },
	{ P(AK_KEY_VALUE, .max_length = 1), "[{\"key\":\"kk\",\"value\":\"v\"}]", NULL,
	  "p: item 1 must have at most 1 bytes" },
	{ P(AK_KEY_VALUE, .max_length = 1), "[{\"key\":\"k\",\"value\":\"vv\"}]", NULL,
	  "p: item 1 must have at most 1 bytes" },
	{ P(AK_KEY_VALUE, .required = true), "null", NULL, "p: required" },
	{ P(AK_KEY_VALUE, .default_value = "[{\"key\":\"k\",\"value\":\"v\"}]"), NULL,
	  V("[{\"key\":\"k\",\"value\":\"v\"}]"), NULL },

	/* file: base64, a URL, or what says how an upload was called */
	{ P(AK_FILE), "\"aGVsbG8=\"", V("\"aGVsbG8=\""), NULL },
	{ P(AK_FILE), "\"\"", V("\"\""), NULL },
	{ P(AK_FILE), NULL, NONE, NULL },
	{ P(AK_FILE), "null", NONE, NULL },
	{ P(AK_FILE, .required = true), "null", NULL, "p: required" },
	{ P(AK_FILE), "\"aGVsbG8\"", NULL, FILE_TEXT },
	{ P(AK_FILE), "\"aGVs\\r\\nbG8=\\n\"", V("\"aGVs\\r\\nbG8=\\n\""), NULL },
	{ P(AK_FILE), "\"ftp://a.example/x\"", NULL, FILE_TEXT },
	{ P(AK_FILE), "7", NULL, "p: must be text, or be sent as a file" },
	{ P(AK_FILE), "{\"path\":\"x\"}", NULL, "p: must be text, or be sent as a file" },
	{ P(AK_FILE), "\"http://a.example/x\"", V("\"http://a.example/x\""), NULL },
	{ P(AK_FILE, .accepted_file_types = types), "\"aGVsbG8=\"", V("\"aGVsbG8=\""), NULL },
	{ P(AK_FILE, .accepted_file_types = types), "\"https://a.example/a.json?x=y#z\"",
	  V("\"https://a.example/a.json?x=y#z\""), NULL },
	{ P(AK_FILE, .accepted_file_types = types), "\"https://a.example/a?x=a.json\"", NULL,
	  FILE_TYPES },
	{ P(AK_FILE, .accepted_file_types = types), "{\"name\":\"a.TAR.gz\"}",
	  V("{\"name\":\"a.TAR.gz\"}"), NULL },
	{ P(AK_FILE, .accepted_file_types = types), "{\"name\":\".json\"}", NULL, FILE_TYPES },
	{ P(AK_FILE, .accepted_file_types = types), "{\"name\":\"json\"}", NULL, FILE_TYPES },
	{ P(AK_FILE, .accepted_file_types = types + 1), "{\"name\":\"a.json\"}", NULL,
	  "p: the name of the file must end with .tar.gz" },

	/* never sent, and ignored if somebody does */
	{ P(AK_SEPARATOR), "\"x\"", NONE, NULL },
	{ P(AK_HEADER), NULL, NONE, NULL },
	{ P(AK_TARGET_SELECTION), "{}", NONE, NULL },
};

static struct json_object *
parse(const char *text)
{
	struct json_object *value;
	struct err err;

	ck_assert_msg(json_parse(text, strlen(text), &value, &err) == 0, "%s: %s", text,
	    err.msg);
	return value;
}

START_TEST(test_rows)
{
	struct ak_parameter table[] = { AK_PARAMETERS_END, AK_PARAMETERS_END };
	struct json_object *config, *values;
	const struct row *row;
	struct err err;
	int result;

	for (row = rows; row < rows + UNIT_COUNT(rows); row++) {
		table[0] = row->parameter;
		config = json_new_object();
		if (row->sent != NULL)
			json_add(config, "p", parse(row->sent));
		result = parameters_check(table, config, &values, &err);
		json_object_put(config);
		if (result == -1) {
			ck_assert_msg(row->value == NULL, "row %zu: %s",
			    (size_t)(row - rows), err.msg);
			ck_assert_str_eq(err.msg, row->fault);
			ck_assert_int_eq(err.code, ERR_CONFIG);
			continue;
		}
		ck_assert_msg(row->value != NULL, "row %zu (%s) is accepted",
		    (size_t)(row - rows), row->sent);
		ck_assert_str_eq(json_text(values, NULL), row->value);
		json_object_put(values);
	}
}
END_TEST

START_TEST(test_all_faults)
{
	static const struct ak_parameter table[] = {
		{ .name = "duration", .type = AK_DURATION, .required = true },
		{ .name = "fine", .type = AK_STRING },
		{ .name = "pid", .type = AK_INTEGER, .min = AK_LIMIT(2) },
		{ .name = "mode", .type = AK_STRING, .options = ab },
		AK_PARAMETERS_END
	};
	struct json_object *config = parse("{\"pid\":1,\"mode\":\"c\",\"fine\":\"x\","
	    "\"unknown\":{}}"), *values;
	struct err err;

	ck_assert_int_eq(parameters_check(table, config, &values, &err), -1);
	ck_assert_str_eq(err.msg, "duration: required; pid: must be at least 2; "
	    "mode: must be one of \"a\", \"b\"");
	json_object_put(config);
	ck_assert_int_eq(parameters_check(table, NULL, &values, &err), -1);
	ck_assert_str_eq(err.msg, "duration: required");
}
END_TEST

START_TEST(test_empty)
{
	struct json_object *config = parse("{\"unknown\":1}"), *values;
	struct err err;

	ck_assert_int_eq(parameters_check(NULL, config, &values, &err), 0);
	ck_assert_str_eq(json_text(values, NULL), "{}");
	json_object_put(values);
	json_object_put(config);
	ck_assert_int_eq(parameters_check(NULL, NULL, &values, &err), 0);
	ck_assert_str_eq(json_text(values, NULL), "{}");
	json_object_put(values);
}
END_TEST

/* More faults than a message holds are counted, and many options are cut. */
START_TEST(test_long)
{
	enum { COUNT = 60, NAME_BYTES = 256, VALUES = 300, VALUE_BYTES = 8 };
	static struct ak_parameter table[COUNT + 1];
	static struct ak_option options[VALUES + 1];
	static char names[COUNT][NAME_BYTES], options_text[VALUES][VALUE_BYTES];
	struct json_object *config, *values;
	struct err err;
	size_t i;

	for (i = 0; i < COUNT; i++) {
		memset(names[i], 'n', NAME_BYTES - 1);
		table[i] = (struct ak_parameter){ .name = names[i], .type = AK_STRING,
		    .required = true };
	}
	ck_assert_int_eq(parameters_check(table, NULL, &values, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.msg, "n: required; and 53 more"));

	for (i = 0; i < VALUES; i++) {
		snprintf(options_text[i], VALUE_BYTES, "v%zu", i);
		options[i] = (struct ak_option){ "label", options_text[i] };
	}
	memset(table, 0, sizeof(table));
	table[0] = (struct ak_parameter){ .name = "p", .type = AK_STRING,
	    .options = options };
	config = parse("{\"p\":\"x\"}");
	ck_assert_int_eq(parameters_check(table, config, &values, &err), -1);
	json_object_put(config);
	ck_assert_ptr_nonnull(strstr(err.msg, "p: must be one of \"v0\", \"v1\", "));
	ck_assert_str_eq(err.msg + strlen(err.msg) - strlen("\", ..."), "\", ...");
	ck_assert_uint_lt(strlen(err.msg), 1100);
}
END_TEST

START_TEST(test_names)
{
	ck_assert_str_eq(parameter_type(AK_STRING_ARRAY)->name, "string_array");
	ck_assert_str_eq(parameter_type(AK_STRESSNG_WORKERS)->name, "stressng-workers");
	ck_assert_str_eq(parameter_type(AK_TARGET_SELECTION)->name, "target-selection");
	ck_assert_ptr_null(parameter_type((enum ak_type)0));
	ck_assert_ptr_null(parameter_type((enum ak_type)(AK_FILE + 1)));
	ck_assert_ptr_null(parameter_type((enum ak_type)99));
	ck_assert_int_eq(parameter_type(AK_KEY_VALUE)->form, FORM_PAIRS);
	ck_assert_int_eq(parameter_type(AK_HEADER)->form, FORM_NONE);
	ck_assert_ptr_eq(parameter_type_named("string[]"), parameter_type(AK_STRING_ARRAY));
	ck_assert_ptr_null(parameter_type_named("Duration"));
	ck_assert_ptr_null(parameter_type_named(""));
}
END_TEST

/* Every type has a row, and a row has what goes with its form. */
START_TEST(test_types)
{
	const struct parameter_type *type;
	enum ak_type number;

	for (number = AK_STRING; number <= AK_FILE; number++) {
		type = parameter_type(number);
		ck_assert_msg(type != NULL, "type %d has no row", (int)number);
		ck_assert_ptr_eq(parameter_type_named(type->name), type);
		ck_assert_int_lt(type->form, FORM_COUNT);
		if (type->form == FORM_NONE) {
			ck_assert(type->check == NULL);
			ck_assert_uint_eq(type->getters, 0);
			ck_assert_uint_eq(type->members, 0);
		} else {
			ck_assert_msg(type->check != NULL && type->getters != 0, "%s",
			    type->name);
		}
		ck_assert_msg((type->read_default == NULL) ==
		    (type->form == FORM_NONE || type->form == FORM_FILE), "%s", type->name);
	}
}
END_TEST

START_TEST(test_find)
{
	static const struct ak_parameter table[] = {
		P(AK_STRING), { .name = "q", .type = AK_INTEGER }, AK_PARAMETERS_END
	};

	ck_assert_ptr_eq(parameters_find(table, "q"), &table[1]);
	ck_assert_ptr_null(parameters_find(table, "r"));
	ck_assert_ptr_null(parameters_find(NULL, "p"));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		test_rows, test_all_faults, test_empty, test_long, test_names, test_types,
		test_find, NULL
	};

	return unit_main("parameters", NULL, tests);
}
