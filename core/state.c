/*
 * state.c: converts an action's state struct by its table of fields.
 */
#include "config.h"

#include "core/state.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/utf8.h"

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

static bool
is_field(const struct ak_field *field, const char *name)
{
	for (; field != NULL && field->name != NULL; field++)
		if (strcmp(field->name, name) == 0)
			return true;
	return false;
}

/* Says what is wrong with a field. Returns -1. */
static int
fail(struct err *err, enum err_code code, const struct ak_field *field, const char *what)
{
	return err_set(err, code, "state: field \"%s\": %s", field->name, what);
}

static int
add_text(struct json_object *json, const struct ak_field *field, const char *text,
    struct err *err)
{
	const char *end = memchr(text, '\0', field->size);

	if (end == NULL)
		return fail(err, ERR_INTERNAL, field, "the text has no end");
	if (!utf8_valid(text, (size_t)(end - text)))
		return fail(err, ERR_INTERNAL, field, "the text is not UTF-8");
	json_add_string(json, field->name, text);
	return 0;
}

static int
add_field(struct json_object *json, const struct ak_field *field, const char *at,
    struct err *err)
{
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
			return fail(err, ERR_INTERNAL, field, "the number is not finite");
		json_add(json, field->name, json_double(number));
		return 0;
	case AK_FIELD_STRING:
		return add_text(json, field, at, err);
	}
	return fail(err, ERR_INTERNAL, field, "the kind is unknown");
}

struct json_object *
state_to_json(const struct ak_action *action, const void *state,
    struct json_object *base, struct err *err)
{
	const struct ak_field *fields = action->state.fields, *field;
	struct json_object *json = json_new_object();

	if (base != NULL) {
		json_object_object_foreach(base, name, value) {
			if (!is_field(fields, name))
				json_add(json, name, json_object_get(value));
		}
	}
	for (field = fields; field != NULL && field->name != NULL; field++)
		if (add_field(json, field, (const char *)state + field->offset,
		    err) == -1) {
			json_object_put(json);
			return NULL;
		}
	return json;
}

static int
read_field(const struct ak_field *field, struct json_object *value, char *at,
    struct err *err)
{
	const char *text;
	double number;
	int64_t whole;
	bool truth;

	switch (field->kind) {
	case AK_FIELD_INT:
		if (json_whole(value, &whole) == -1)
			return fail(err, ERR_REQUEST, field, "must be a whole number");
		memcpy(at, &whole, sizeof(whole));
		return 0;
	case AK_FIELD_BOOL:
		if (!json_object_is_type(value, json_type_boolean))
			return fail(err, ERR_REQUEST, field, "must be true or false");
		truth = json_object_get_boolean(value);
		memcpy(at, &truth, sizeof(truth));
		return 0;
	case AK_FIELD_DOUBLE:
		if (!json_object_is_type(value, json_type_double) &&
		    !json_object_is_type(value, json_type_int))
			return fail(err, ERR_REQUEST, field, "must be a number");
		number = json_object_get_double(value);
		if (!isfinite(number))
			return fail(err, ERR_REQUEST, field, "is out of range");
		memcpy(at, &number, sizeof(number));
		return 0;
	case AK_FIELD_STRING:
		if ((text = json_string(value)) == NULL)
			return fail(err, ERR_REQUEST, field, "must be text without NUL");
		if (strlen(text) >= field->size)
			return err_set(err, ERR_REQUEST,
			    "state: field \"%s\": must have at most %zu bytes",
			    field->name, field->size - 1);
		memcpy(at, text, strlen(text) + 1);
		return 0;
	}
	return fail(err, ERR_INTERNAL, field, "the kind is unknown");
}

int
state_from_json(const struct ak_action *action, struct json_object *json, void *state,
    struct err *err)
{
	const struct ak_field *field = action->state.fields;
	struct json_object *value;

	if (json == NULL)
		return 0;
	if (!json_object_is_type(json, json_type_object))
		return err_set(err, ERR_REQUEST, "state: must be an object");
	for (; field != NULL && field->name != NULL; field++) {
		value = json_member(json, field->name);
		if (value != NULL &&
		    read_field(field, value, (char *)state + field->offset, err) == -1)
			return -1;
	}
	return 0;
}
