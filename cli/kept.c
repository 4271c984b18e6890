/*
 * kept.c: lists that cannot grow beyond what their values may cost.
 */
#include "config.h"

#include "cli/kept.h"

#include <string.h>

/* About what json-c takes for a value, and for an object with its table; the most, not the mean. */
#define KEPT_VALUE_BYTES 128
#define KEPT_CONTAINER_BYTES 1024

void
kept_init(struct kept *kept)
{
	*kept = (struct kept){ .list = json_new_array() };
}

void
kept_done(struct kept *kept)
{
	json_object_put(kept->list);
	*kept = (struct kept){ .list = NULL };
}

/* No deeper than the parser allows. */
static size_t
cost(struct json_object *value)
{
	size_t sum = KEPT_VALUE_BYTES, i;

	switch (json_object_get_type(value)) {
	case json_type_string:
		return sum + (size_t)json_object_get_string_len(value);
	case json_type_array:
		sum += KEPT_CONTAINER_BYTES;
		for (i = 0; i < json_count(value); i++)
			sum += cost(json_element(value, i));
		return sum;
	case json_type_object:
		sum += KEPT_CONTAINER_BYTES;
		json_object_object_foreach(value, name, member)
			sum += cost(member) + KEPT_VALUE_BYTES + strlen(name);
		return sum;
	default:
		return sum;
	}
}

void
kept_add(struct kept *kept, struct json_object *value, size_t *budget)
{
	size_t bytes = cost(value);

	if (bytes > *budget) {
		kept->left_out++;
		json_object_put(value);
		return;
	}
	*budget -= bytes;
	json_append(kept->list, value);
}
