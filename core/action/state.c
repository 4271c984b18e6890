/*
 * state.c: converts an action's state struct by its table of fields.
 */
#include "config.h"

#include "core/action/state.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/utf8.h"

#define PLACE_BYTES 512
#define WHICH_BYTES 32
/* A request has it as a member, and must still be JSON that json_parse() reads. */
#define STATE_DEPTH_MAX (JSON_DEPTH_MAX - 1)
#define STATE_VALUES_MAX (JSON_VALUES_MAX / 2)

void *
state_new(const struct ak_action *action)
{
	void *state;

	if (action->state.size == 0)
		return NULL;
	if ((state = calloc(1, action->state.size)) == NULL)
		log_out_of_memory();
	return state;
}

static const struct ak_field *
find_field(const struct ak_field *field, const char *name)
{
	for (; field != NULL && field->name != NULL; field++)
		if (strcmp(field->name, name) == 0)
			return field;
	return NULL;
}

/* Where a field is: "outer.inner". */
struct place {
	const struct place *outer;
	const char *name;
};

static size_t
write_place(const struct place *place, char *text, size_t size)
{
	size_t used = 0;

	if (place->outer != NULL) {
		used = write_place(place->outer, text, size);
		used += (size_t)snprintf(text + used, size - used, ".");
	}
	used += (size_t)snprintf(text + used, size - used, "%s", place->name);
	return used < size ? used : size - 1;
}

/* Says what is wrong with a field. Returns -1. */
static int AK_PRINTF(4, 5)
fail(struct err *err, enum err_code code, const struct place *place,
    const char *format, ...)
{
	char name[PLACE_BYTES], what[PLACE_BYTES];
	va_list arguments;

	write_place(place, name, sizeof(name));
	va_start(arguments, format);
	if (vsnprintf(what, sizeof(what), format, arguments) < 0)
		what[0] = '\0';
	va_end(arguments);
	return err_set(err, code, "state: field \"%s\": %s", name, what);
}

/* Whether text (with room for size bytes) is one; which says what of the field it is. */
static int
check_text(const char *text, size_t size, const struct place *place, const char *which,
    struct err *err)
{
	const char *end = memchr(text, '\0', size);

	if (end == NULL)
		return fail(err, ERR_INTERNAL, place, "%s has no end", which);
	if (!utf8_valid(text, (size_t)(end - text)))
		return fail(err, ERR_INTERNAL, place, "%s is not UTF-8", which);
	return 0;
}

static int
add_list(struct json_object *json, const struct ak_field *field, const char *at,
    const struct place *place, struct err *err)
{
	const char *item = at + sizeof(int64_t);
	struct json_object *array;
	int64_t count, i;
	char which[WHICH_BYTES];

	memcpy(&count, at, sizeof(count));
	if (count < 0 || (uint64_t)count > field->items)
		return fail(err, ERR_INTERNAL, place, "the count %" PRId64
		    " is not within 0 and %zu", count, field->items);
	array = json_new_array();
	for (i = 0; i < count; i++, item += field->item_size) {
		snprintf(which, sizeof(which), "item %" PRId64, i + 1);
		if (check_text(item, field->item_size, place, which, err) == -1) {
			json_object_put(array);
			return -1;
		}
		json_append(array, json_new_string(item));
	}
	json_add(json, field->name, array);
	return 0;
}

static int
add_json(struct json_object *json, const struct ak_field *field, const char *text,
    const struct place *place, struct err *err)
{
	struct json_object *value = NULL;
	struct err why;

	if (check_text(text, field->size, place, "the text", err) == -1)
		return -1;
	if (text[0] != '\0' && json_parse(text, strlen(text), &value, &why) == -1)
		return fail(err, ERR_INTERNAL, place, "the text is not JSON: %s", why.msg);
	json_add(json, field->name, value);
	return 0;
}

static struct json_object *fields_to_json(const struct ak_field *fields, const void *state,
    struct json_object *base, const struct place *outer, struct err *err);

static int
add_field(struct json_object *json, const struct ak_field *field, const char *at,
    struct json_object *base, const struct place *place, struct err *err)
{
	struct json_object *nested;
	double number;
	int64_t whole;

	switch (field->kind) {
	case AK_FIELD_INT:
		memcpy(&whole, at, sizeof(whole));
		json_add_int(json, field->name, whole);
		return 0;
	case AK_FIELD_BOOL:
		/* A byte that is neither 0 nor 1 must not be read as a bool. */
		json_add_bool(json, field->name, *(const unsigned char *)at != 0);
		return 0;
	case AK_FIELD_DOUBLE:
		memcpy(&number, at, sizeof(number));
		if (!isfinite(number))
			return fail(err, ERR_INTERNAL, place, "the number is not finite");
		json_add(json, field->name, json_double(number));
		return 0;
	case AK_FIELD_STRING:
		if (check_text(at, field->size, place, "the text", err) == -1)
			return -1;
		json_add_string(json, field->name, at);
		return 0;
	case AK_FIELD_LIST:
		return add_list(json, field, at, place, err);
	case AK_FIELD_STRUCT:
		nested = fields_to_json(field->fields, at, json_member(base, field->name),
		    place, err);
		if (nested == NULL)
			return -1;
		json_add(json, field->name, nested);
		return 0;
	case AK_FIELD_JSON:
		return add_json(json, field, at, place, err);
	}
	return fail(err, ERR_INTERNAL, place, "the kind is unknown");
}

static struct json_object *
fields_to_json(const struct ak_field *fields, const void *state, struct json_object *base,
    const struct place *outer, struct err *err)
{
	struct json_object *json = json_new_object();
	const struct ak_field *field;

	if (json_object_is_type(base, json_type_object)) {
		json_object_object_foreach(base, name, value) {
			if (find_field(fields, name) == NULL)
				json_add(json, name, json_object_get(value));
		}
	}
	for (field = fields; field != NULL && field->name != NULL; field++) {
		const struct place place = { outer, field->name };

		if (add_field(json, field, (const char *)state + field->offset, base,
		    &place, err) == -1) {
			json_object_put(json);
			return NULL;
		}
	}
	return json;
}

/* How many arrays and objects are in one another, at most; adds the number of values to it. */
static int
depth_of(struct json_object *value, size_t *values)
{
	int deepest = 0, depth;
	size_t i;

	++*values;
	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, name, member) {
			(void)name;
			depth = depth_of(member, values);
			deepest = depth > deepest ? depth : deepest;
		}
		return deepest + 1;
	}
	if (!json_object_is_type(value, json_type_array))
		return 0;
	for (i = 0; i < json_count(value); i++) {
		depth = depth_of(json_element(value, i), values);
		deepest = depth > deepest ? depth : deepest;
	}
	return deepest + 1;
}

/* What is saved must be readable, and fit into a request. */
static int
check_shape(struct json_object *json, struct err *err)
{
	size_t values = 0;

	if (depth_of(json, &values) > STATE_DEPTH_MAX)
		return err_set(err, ERR_INTERNAL, "state: nested more than %d deep",
		    STATE_DEPTH_MAX);
	if (values > STATE_VALUES_MAX)
		return err_set(err, ERR_INTERNAL, "state: more than %d values",
		    STATE_VALUES_MAX);
	return 0;
}

struct json_object *
state_to_json(const struct ak_action *action, const void *state,
    struct json_object *base, struct err *err)
{
	struct json_object *json;

	json = fields_to_json(action->state.fields, state, base, NULL, err);
	if (json != NULL && check_shape(json, err) == -1) {
		json_object_put(json);
		return NULL;
	}
	return json;
}

static int
read_text(const char *text, size_t length, char *at, size_t size,
    const struct place *place, const char *which, struct err *err)
{
	if (length >= size)
		return fail(err, ERR_REQUEST, place, "%smust have at most %zu bytes", which,
		    size - 1);
	memcpy(at, text, length + 1);
	return 0;
}

static int
read_list(const struct ak_field *field, struct json_object *value, char *at,
    const struct place *place, struct err *err)
{
	int64_t count = (int64_t)json_count(value), i;
	char *item = at + sizeof(count), which[WHICH_BYTES];
	const char *text;

	if (!json_object_is_type(value, json_type_array))
		return fail(err, ERR_REQUEST, place, "must be an array");
	if ((uint64_t)count > field->items)
		return fail(err, ERR_REQUEST, place, "must have at most %zu items",
		    field->items);
	for (i = 0; i < count; i++, item += field->item_size) {
		snprintf(which, sizeof(which), "item %" PRId64 " ", i + 1);
		text = json_string(json_element(value, (size_t)i));
		if (text == NULL)
			return fail(err, ERR_REQUEST, place, "%smust be text without NUL",
			    which);
		if (read_text(text, strlen(text), item, field->item_size, place, which,
		    err) == -1)
			return -1;
	}
	memcpy(at, &count, sizeof(count));
	return 0;
}

static int fields_from_json(const struct ak_field *fields, struct json_object *json,
    void *state, const struct place *outer, struct err *err);

static int
read_field(const struct ak_field *field, struct json_object *value, char *at,
    const struct place *place, struct err *err)
{
	const char *text;
	size_t length;
	double number;
	int64_t whole;
	bool truth;

	switch (field->kind) {
	case AK_FIELD_INT:
		if (json_whole(value, &whole) == -1)
			return fail(err, ERR_REQUEST, place, "must be a whole number");
		memcpy(at, &whole, sizeof(whole));
		return 0;
	case AK_FIELD_BOOL:
		if (!json_object_is_type(value, json_type_boolean))
			return fail(err, ERR_REQUEST, place, "must be true or false");
		truth = json_object_get_boolean(value);
		memcpy(at, &truth, sizeof(truth));
		return 0;
	case AK_FIELD_DOUBLE:
		if (!json_object_is_type(value, json_type_double) &&
		    !json_object_is_type(value, json_type_int))
			return fail(err, ERR_REQUEST, place, "must be a number");
		number = json_object_get_double(value);
		if (!isfinite(number))
			return fail(err, ERR_REQUEST, place, "is out of range");
		memcpy(at, &number, sizeof(number));
		return 0;
	case AK_FIELD_STRING:
		if ((text = json_string(value)) == NULL)
			return fail(err, ERR_REQUEST, place, "must be text without NUL");
		return read_text(text, strlen(text), at, field->size, place, "", err);
	case AK_FIELD_LIST:
		return read_list(field, value, at, place, err);
	case AK_FIELD_STRUCT:
		if (!json_object_is_type(value, json_type_object))
			return fail(err, ERR_REQUEST, place, "must be an object");
		return fields_from_json(field->fields, value, at, place, err);
	case AK_FIELD_JSON:
		text = json_text(value, &length);
		return read_text(text, length, at, field->size, place, "as JSON ", err);
	}
	return fail(err, ERR_INTERNAL, place, "the kind is unknown");
}

static int
fields_from_json(const struct ak_field *fields, struct json_object *json, void *state,
    const struct place *outer, struct err *err)
{
	const struct ak_field *field;
	struct json_object *value;

	for (field = fields; field != NULL && field->name != NULL; field++) {
		const struct place place = { outer, field->name };

		value = json_member(json, field->name);
		if (value != NULL && read_field(field, value,
		    (char *)state + field->offset, &place, err) == -1)
			return -1;
	}
	return 0;
}

int
state_from_json(const struct ak_action *action, struct json_object *json, void *state,
    struct err *err)
{
	if (json == NULL)
		return 0;
	if (!json_object_is_type(json, json_type_object))
		return err_set(err, ERR_REQUEST, "state: must be an object");
	return fields_from_json(action->state.fields, json, state, NULL, err);
}

bool
state_has_local(const struct ak_field *field)
{
	for (; field != NULL && field->name != NULL; field++)
		if (field->local || state_has_local(field->fields))
			return true;
	return false;
}

struct json_object *
state_without_local(const struct ak_field *fields, struct json_object *state)
{
	struct json_object *told = json_new_object();
	const struct ak_field *field;

	json_object_object_foreach(state, name, value) {
		field = find_field(fields, name);
		if (field != NULL && field->local)
			continue;
		json_add(told, name, field != NULL && state_has_local(field->fields) &&
		    json_object_is_type(value, json_type_object) ?
		    state_without_local(field->fields, value) : json_object_get(value));
	}
	return told;
}
