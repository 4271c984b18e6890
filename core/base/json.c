/*
 * json.c: makes, writes and looks into the values of JSON.
 */
#include "config.h"

#include "core/base/json.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/text.h"
#include "core/base/utf8.h"

#define JSON_DOUBLE_BYTES 40

/* The range of int64_t as doubles say it; both are exact. */
#define INT64_LEAST (-0x1p63)
#define INT64_BEYOND 0x1p63

static struct json_object *
made(struct json_object *object)
{
	if (object == NULL)
		log_out_of_memory();
	return object;
}

/* The program's own notion of a decimal point must not get into JSON. */
static locale_t
plain_locale(void)
{
	static locale_t plain;

	if (plain == (locale_t)0)
		plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (plain == (locale_t)0)
		log_out_of_memory();
	return plain;
}

struct json_object *
json_double(double value)
{
	static const int digits[] = { 15, 16, 17 };
	char text[JSON_DOUBLE_BYTES];
	locale_t before;
	size_t i;

	if (!isfinite(value))
		return NULL;
	before = uselocale(plain_locale());
	for (i = 0; i < sizeof(digits) / sizeof(digits[0]); i++) {
		snprintf(text, sizeof(text), "%.*g", digits[i], value);
		if (strtod(text, NULL) == value)
			break;
	}
	uselocale(before);
	/* "-0" reads as the integer, which has no sign. */
	if (strcmp(text, "-0") == 0)
		snprintf(text, sizeof(text), "-0.0");
	return made(json_object_new_double_s(value, text));
}

struct json_object *
json_new_double(const char *text)
{
	return made(json_object_new_double_s(strtod_l(text, NULL, plain_locale()), text));
}

/*
 * json-c does not say when it had no memory for a part of the text: what it left out would be
 * kept as the state of an execution, and never be undone.
 */
const char *
json_text(struct json_object *value, size_t *ret_length)
{
	const char *text;

	errno = 0;
	text = json_object_to_json_string_length(value,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, ret_length);
	if (text == NULL || errno == ENOMEM)
		log_out_of_memory();
	return text;
}

struct json_object *
json_new_object(void)
{
	return made(json_object_new_object());
}

struct json_object *
json_new_array(void)
{
	return made(json_object_new_array());
}

struct json_object *
json_new_string(const char *text)
{
	struct json_object *string;
	char *repaired;

	if (utf8_valid(text, strlen(text)))
		return made(json_object_new_string(text));
	repaired = text_repair(text, strlen(text));
	string = made(json_object_new_string(repaired));
	free(repaired);
	return string;
}

struct json_object *
json_new_int(int64_t value)
{
	return made(json_object_new_int64(value));
}

struct json_object *
json_new_bool(bool value)
{
	return made(json_object_new_boolean(value));
}

void
json_add(struct json_object *object, const char *name, struct json_object *value)
{
	if (json_object_object_add(object, name, value) == -1)
		log_out_of_memory();
}

void
json_add_string(struct json_object *object, const char *name, const char *text)
{
	if (text != NULL)
		json_add(object, name, json_new_string(text));
}

void
json_add_int(struct json_object *object, const char *name, int64_t value)
{
	json_add(object, name, json_new_int(value));
}

void
json_add_bool(struct json_object *object, const char *name, bool value)
{
	json_add(object, name, json_new_bool(value));
}

void
json_append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value) == -1)
		log_out_of_memory();
}

struct json_object *
json_member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(object, json_type_object))
		return NULL;
	json_object_object_get_ex(object, name, &value);
	return value;
}

const char *
json_member_string(struct json_object *object, const char *name)
{
	return json_string(json_member(object, name));
}

size_t
json_count(struct json_object *array)
{
	if (!json_object_is_type(array, json_type_array))
		return 0;
	return json_object_array_length(array);
}

struct json_object *
json_element(struct json_object *array, size_t index)
{
	return index < json_count(array) ? json_object_array_get_idx(array, index) : NULL;
}

int
json_whole(struct json_object *value, int64_t *ret_whole)
{
	double number;

	if (json_object_is_type(value, json_type_int)) {
		*ret_whole = json_object_get_int64(value);
		return 0;
	}
	if (!json_object_is_type(value, json_type_double))
		return -1;
	number = json_object_get_double(value);
	if (!(number >= INT64_LEAST && number < INT64_BEYOND) ||
	    number != trunc(number))
		return -1;
	*ret_whole = (int64_t)number;
	return 0;
}

const char *
json_string(struct json_object *value)
{
	const char *text;

	if (!json_object_is_type(value, json_type_string))
		return NULL;
	text = json_object_get_string(value);
	if (strlen(text) != (size_t)json_object_get_string_len(value))
		return NULL;
	return text;
}
