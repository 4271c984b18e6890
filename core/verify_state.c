/*
 * verify_state.c: checks the table of fields of a state struct.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "core/verify_internal.h"

/* Size of a field's type; 0 if the kind is unknown, 1 for what may have any. */
static size_t
kind_size(enum ak_field_kind kind)
{
	switch (kind) {
	case AK_FIELD_INT:
		return sizeof(int64_t);
	case AK_FIELD_BOOL:
		return sizeof(bool);
	case AK_FIELD_DOUBLE:
		return sizeof(double);
	case AK_FIELD_STRING:
		return 1;
	}
	return 0;
}

static bool
overlap(const struct ak_field *a, const struct ak_field *b)
{
	return a->offset < b->offset + b->size && b->offset < a->offset + a->size;
}

static bool
is_within(const struct ak_state *state, const struct ak_field *field)
{
	return field->offset <= state->size &&
	    field->size <= state->size - field->offset;
}

static void
check_field(struct verify *verify, const struct ak_state *state,
    const struct ak_field *field)
{
	const struct ak_field *other;
	size_t size = kind_size(field->kind);

	if (field->name[0] == '\0')
		verify_mistake(verify, "name is missing");
	if (size == 0)
		verify_mistake(verify, "kind %d is unknown", (int)field->kind);
	else if (field->kind == AK_FIELD_STRING ? field->size < size :
	    field->size != size)
		verify_mistake(verify, "size %zu does not suit its kind", field->size);
	if (!is_within(state, field)) {
		verify_mistake(verify, "is beyond the end of the struct");
		return;
	}
	for (other = state->fields; other != field; other++) {
		if (strcmp(other->name, field->name) == 0)
			verify_mistake(verify, "name is there twice");
		else if (is_within(state, other) && overlap(other, field))
			verify_mistake(verify, "overlaps field \"%s\"", other->name);
	}
}

void
verify_state(struct verify *verify, const struct ak_state *state)
{
	const struct ak_field *field = state->fields;
	bool any = field != NULL && field->name != NULL;
	size_t outer;

	if (state->size == 0 && any) {
		verify_mistake(verify, "state: there are fields but size is 0");
		return;
	}
	if (state->size > 0 && !any)
		verify_mistake(verify, "state: size is %zu but there are no fields",
		    state->size);
	for (; field != NULL && field->name != NULL; field++) {
		outer = verify_enter(verify, "state: field \"%s\"", field->name);
		check_field(verify, state, field);
		verify_leave(verify, outer);
	}
}
