/*
 * verify_discovery.c: checks the tables of all registered discoveries.
 */
#include "config.h"


#include <ctype.h>
#include <string.h>

#include "core/action/describe_discovery.h"
#include "core/action/discovery.h"
#include "core/action/registry.h"
#include "core/action/verify_mistakes.h"
#include "core/action/verify_parts.h"

/* Limits as those of actions; text is counted in characters. */
#define NAME_CHARACTERS_MAX 255
#define VERSION_CHARACTERS_MAX 64

static void
check_plural(struct verify *verify, const struct ak_plural *label)
{
	verify_text(verify, "label: one", label->one, true, NAME_CHARACTERS_MAX);
	verify_text(verify, "label: other", label->other, true, NAME_CHARACTERS_MAX);
}

static void
check_name(struct verify *verify, const char *name, bool may_be_label)
{
	if (!verify_text(verify, "attribute", name, true, AK_DISCOVERED_TEXT_MAX))
		return;
	if (discovery_name_is_reserved(name) &&
	    !(may_be_label && strcmp(name, DISCOVERY_LABEL) == 0))
		verify_mistake(verify, "attribute %s is the agent's own", name);
}

/* "30s": one number, one unit, as agents read it. */
static void
check_call_interval(struct verify *verify, const char *interval)
{
	static const char *const units[] = { "ns", "ms", "s", "m", "h", "d" };
	const char *unit = interval;
	size_t i;

	if (interval == NULL)
		return;
	while (isdigit((unsigned char)*unit))
		unit++;
	for (i = 0; unit > interval && i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(unit, units[i]) == 0)
			return;
	verify_mistake(verify, "call_interval \"%s\" is not a number and one of ns, ms, s, m, "
	    "h, d", interval);
}

static void
check_attributes(struct verify *verify, const struct ak_attribute *table)
{
	const struct ak_attribute *attribute, *other;
	size_t outer;

	for (attribute = table; attribute != NULL && attribute->name != NULL; attribute++) {
		if (!VERIFY_IS_ROW(verify, attribute - table, "an attribute", "AK_ATTRIBUTES_END",
		    attribute->name, attribute->label.one, attribute->label.other))
			return;
		outer = verify_enter(verify, "attribute %zu", (size_t)(attribute - table) + 1);
		check_name(verify, attribute->name, false);
		check_plural(verify, &attribute->label);
		for (other = table; other < attribute; other++)
			if (strcmp(other->name, attribute->name) == 0) {
				verify_mistake(verify, "attribute %s is in the table already",
				    attribute->name);
				break;
			}
		verify_leave(verify, outer);
	}
}

static bool
same(const char *one, const char *other)
{
	return one == other || (one != NULL && other != NULL && strcmp(one, other) == 0);
}

static bool
same_plural(const struct ak_plural *one, const struct ak_plural *other)
{
	return same(one->one, other->one) && same(one->other, other->other);
}

/* An attribute has one label, whoever tells it. index is that of the discovery. */
static void
check_labels_of_others(struct verify *verify, size_t index, const struct ak_attribute *table)
{
	const struct ak_attribute *attribute, *other;
	size_t i;

	for (attribute = table; attribute != NULL && attribute->name != NULL; attribute++)
		for (i = 0; i < index; i++) {
			other = registry_discovery_at(i)->attributes;
			for (; other != NULL && other->name != NULL; other++)
				if (strcmp(other->name, attribute->name) == 0 &&
				    !same_plural(&other->label, &attribute->label))
					verify_mistake(verify, "attribute %s has another label "
					    "than in another discovery", attribute->name);
		}
}

static void
check_columns(struct verify *verify, const struct ak_column *table)
{
	const char *const *fallback;
	const struct ak_column *column;
	size_t outer;

	if (table == NULL || table->attribute == NULL) {
		verify_mistake(verify, "columns are missing");
		return;
	}
	for (column = table; column->attribute != NULL; column++) {
		if (!VERIFY_IS_ROW(verify, column - table, "a column", "AK_COLUMNS_END",
		    column->attribute, column->fallbacks))
			return;
		outer = verify_enter(verify, "column %zu", (size_t)(column - table) + 1);
		check_name(verify, column->attribute, true);
		fallback = column->fallbacks;
		for (; fallback != NULL && *fallback != NULL; fallback++)
			check_name(verify, *fallback, true);
		verify_leave(verify, outer);
	}
}

static void
check_order(struct verify *verify, const struct ak_order *table)
{
	const struct ak_order *order;
	size_t outer;

	if (table == NULL || table->attribute == NULL) {
		verify_mistake(verify, "order is missing");
		return;
	}
	for (order = table; order->attribute != NULL; order++) {
		if (!VERIFY_IS_ROW(verify, order - table, "an order", "AK_ORDER_END",
		    order->attribute))
			return;
		outer = verify_enter(verify, "order %zu", (size_t)(order - table) + 1);
		check_name(verify, order->attribute, false);
		if (order->direction == 0)
			verify_mistake(verify, "direction is missing");
		verify_enum(verify, "direction", (int)order->direction, AK_DESCENDING);
		verify_leave(verify, outer);
	}
}

static bool
has_text(const char *text)
{
	return text != NULL && *text != '\0';
}

/* What they are told as: the tables are sound by then. */
static bool
same_type(const struct ak_target_type *one, const struct ak_target_type *other)
{
	struct json_object *left, *right;
	bool equal;

	if (one == other)
		return true;
	left = discovery_target_type_json(one);
	right = discovery_target_type_json(other);
	equal = json_object_equal(left, right) == 1;
	json_object_put(left);
	json_object_put(right);
	return equal;
}

static void
check_type(struct verify *verify, size_t index)
{
	const struct ak_target_type *type = registry_discovery_at(index)->target_type, *other;
	size_t outer = verify_enter(verify, "target_type"), before = verify->mistakes, i;

	verify_id(verify, type->id);
	verify_text(verify, "version", type->version, true, VERSION_CHARACTERS_MAX);
	verify_text(verify, "category", type->category, false, NAME_CHARACTERS_MAX);
	verify_icon(verify, type->icon);
	check_plural(verify, &type->label);
	check_columns(verify, type->columns);
	check_order(verify, type->order);
	for (i = 0; verify->mistakes == before && i < index; i++) {
		other = registry_discovery_at(i)->target_type;
		if (other != NULL && same(other->id, type->id) && !same_type(other, type)) {
			verify_mistake(verify, "id is that of another target type");
			break;
		}
	}
	verify_leave(verify, outer);
}

static void
check_paths(struct verify *verify, const struct ak_discovery *discovery)
{
	char path[DESCRIPTION_PATH_BYTES];
	enum discovery_path which;

	for (which = 0; which < DISCOVERY_PATHS; which++) {
		discovery_path(discovery, which, path);
		verify_path_is_free(verify, path);
	}
}

static void
check_discovery(struct verify *verify, size_t index)
{
	const struct ak_discovery *discovery = registry_discovery_at(index);
	size_t i;

	verify_id(verify, discovery->id);
	for (i = 0; has_text(discovery->id) && i < index; i++)
		if (same(registry_discovery_at(i)->id, discovery->id)) {
			verify_mistake(verify, "id is that of another discovery");
			break;
		}
	check_call_interval(verify, discovery->call_interval);
	if (discovery->discover == NULL)
		verify_mistake(verify, "discover() is missing");
	check_attributes(verify, discovery->attributes);
	if (!verify->endless)
		check_labels_of_others(verify, index, discovery->attributes);
	if (discovery->target_type == NULL)
		verify_mistake(verify, "target_type is missing");
	else
		check_type(verify, index);
	if (has_text(discovery->id) && discovery->target_type != NULL &&
	    has_text(discovery->target_type->id))
		check_paths(verify, discovery);
}

void
verify_discoveries(struct verify *verify)
{
	const struct ak_discovery *discovery;
	size_t i;

	for (i = 0; i < registry_discoveries(); i++) {
		discovery = registry_discovery_at(i);
		verify->where[0] = '\0';
		if (has_text(discovery->id))
			verify_enter(verify, "discovery %s", discovery->id);
		else
			verify_enter(verify, "discovery %zu", i + 1);
		check_discovery(verify, i);
	}
	verify->where[0] = '\0';
	if (registry_discoveries() > 0) {
		verify_path_is_free(verify, DISCOVERIES_PATH);
		verify_path_is_free(verify, DISCOVERY_ATTRIBUTES_PATH);
	}
}
