/*
 * verify_state.c: checks the table of fields of a state struct.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "core/action/verify_mistakes.h"
#include "core/action/verify_parts.h"

/* So deep may structs be in one another: a table that is in itself has no end. */
#define STRUCTS_MAX 8

static bool
has_size(const struct ak_field *field)
{
	switch (field->kind) {
	case AK_FIELD_INT:
		return field->size == sizeof(int64_t);
	case AK_FIELD_BOOL:
		return field->size == sizeof(bool);
	case AK_FIELD_DOUBLE:
		return field->size == sizeof(double);
	case AK_FIELD_STRING:
	case AK_FIELD_STRUCT:
	case AK_FIELD_JSON:
		return field->size > 0;
	case AK_FIELD_LIST:
		return field->size > sizeof(int64_t) && field->items > 0 &&
		    field->item_size > 0 &&
		    field->items <= (field->size - sizeof(int64_t)) / field->item_size;
	}
	return false;
}

static bool
overlap(const struct ak_field *a, const struct ak_field *b)
{
	return a->offset < b->offset + b->size && b->offset < a->offset + a->size;
}

static bool
is_within(size_t size, const struct ak_field *field)
{
	return field->offset <= size && field->size <= size - field->offset;
}

/* Of what is behind a table without an end nothing can be said, not even its name. */
static bool
is_something_else(size_t size, const struct ak_field *field)
{
	return (field->kind < AK_FIELD_INT || field->kind > AK_FIELD_JSON) &&
	    !is_within(size, field);
}

static void check_fields(struct verify *verify, const struct ak_field *fields, size_t size,
    unsigned int depth);

/* size is that of the struct that the fields are of. */
static void
check_field(struct verify *verify, const struct ak_field *fields, size_t size,
    const struct ak_field *field, unsigned int depth)
{
	const struct ak_field *other;

	if (field->name[0] == '\0')
		verify_mistake(verify, "name is missing");
	if (field->kind < AK_FIELD_INT || field->kind > AK_FIELD_JSON)
		verify_mistake(verify, "kind %d is unknown", (int)field->kind);
	else if (!has_size(field))
		verify_mistake(verify, "size %zu does not suit its kind", field->size);
	if (!is_within(size, field)) {
		verify_mistake(verify, "is beyond the end of the struct");
		return;
	}
	for (other = fields; other != field; other++) {
		if (strcmp(other->name, field->name) == 0)
			verify_mistake(verify, "name is there twice");
		else if (is_within(size, other) && overlap(other, field))
			verify_mistake(verify, "overlaps field \"%s\"", other->name);
	}
	if (field->kind != AK_FIELD_STRUCT)
		return;
	if (field->fields == NULL || field->fields->name == NULL)
		verify_mistake(verify, "there are no fields of the struct");
	else if (depth == STRUCTS_MAX)
		verify_mistake(verify, "structs are nested more than %d deep",
		    STRUCTS_MAX);
	else
		check_fields(verify, field->fields, field->size, depth + 1);
}

static void
check_fields(struct verify *verify, const struct ak_field *fields, size_t size,
    unsigned int depth)
{
	const struct ak_field *field;
	size_t outer;

	for (field = fields; field->name != NULL; field++) {
		if (is_something_else(size, field)) {
			outer = depth == 0 ? verify_enter(verify, "state") : strlen(verify->where);
			verify_no_row(verify, (size_t)(field - fields), "a field", "AK_FIELDS_END");
			verify_leave(verify, outer);
			return;
		}
		outer = verify_enter(verify, "%sfield \"%s\"", depth == 0 ? "state: " : "",
		    field->name);
		check_field(verify, fields, size, field, depth);
		verify_leave(verify, outer);
	}
}

void
verify_state(struct verify *verify, const struct ak_state *state)
{
	bool any = state->fields != NULL && state->fields->name != NULL;

	if (state->size == 0 && any)
		verify_mistake(verify, "state: there are fields but size is 0");
	else if (state->size > 0 && !any)
		verify_mistake(verify, "state: size is %zu but there are no fields",
		    state->size);
	else if (any)
		check_fields(verify, state->fields, state->size, 0);
}
