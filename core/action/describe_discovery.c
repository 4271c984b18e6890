/*
 * describe_discovery.c: tells what discoveries, their target types and attributes are.
 */
#include "config.h"

#include "core/action/describe_discovery.h"

#include <stdio.h>
#include <string.h>

#include "core/action/description_internal.h"
#include "core/action/discovery.h"
#include "core/action/registry.h"

#define CALL_INTERVAL "30s"

static const char *const direction_names[] = {
	[AK_ASCENDING] = "ASC",
	[AK_DESCENDING] = "DESC",
};

void
discovery_path(const struct ak_discovery *discovery, enum discovery_path which,
    char ret_path[DESCRIPTION_PATH_BYTES])
{
	static const char *const formats[DISCOVERY_PATHS] = {
		[DISCOVERY_DESCRIPTION] = "",
		[DISCOVERY_TARGETS] = "/discovered-targets",
		[DISCOVERY_TARGET_TYPE] = "/target-description",
	};

	snprintf(ret_path, DESCRIPTION_PATH_BYTES, "/%s/discovery%s",
	    which == DISCOVERY_TARGET_TYPE ? discovery_type(discovery->target_type->id) :
	    discovery->id, formats[which]);
}

bool
discovery_type_is_new(size_t index)
{
	const char *id = registry_discovery_at(index)->target_type->id;
	const struct ak_discovery *other;
	size_t i;

	for (i = 0; i < index; i++) {
		other = registry_discovery_at(i);
		if (discovery_offered(other) && strcmp(other->target_type->id, id) == 0)
			return false;
	}
	return true;
}

static void
append_reference(struct json_object *array, const char *base_path, const char *path)
{
	json_append(array, description_reference("GET", base_path, path));
}

void
discovery_list(struct json_object *object, const char *base_path)
{
	struct json_object *discoveries = json_new_array(), *types = json_new_array();
	struct json_object *attributes = json_new_array();
	const struct ak_discovery *discovery;
	char path[DESCRIPTION_PATH_BYTES];
	size_t i;

	for (i = 0; i < registry_discoveries(); i++) {
		discovery = registry_discovery_at(i);
		if (!discovery_offered(discovery))
			continue;
		discovery_path(discovery, DISCOVERY_DESCRIPTION, path);
		append_reference(discoveries, base_path, path);
		if (!discovery_type_is_new(i))
			continue;
		discovery_path(discovery, DISCOVERY_TARGET_TYPE, path);
		append_reference(types, base_path, path);
	}
	append_reference(attributes, base_path, DISCOVERY_ATTRIBUTES_PATH);
	json_add(object, "discoveries", discoveries);
	json_add(object, "targetTypes", types);
	json_add(object, "targetAttributes", attributes);
	json_add(object, "targetEnrichmentRules", json_new_array());
}

struct json_object *
discovery_json(const struct ak_discovery *discovery, const char *base_path)
{
	struct json_object *object = json_new_object(), *discover;
	char path[DESCRIPTION_PATH_BYTES];

	discovery_path(discovery, DISCOVERY_TARGETS, path);
	discover = description_reference("GET", base_path, path);
	json_add_string(discover, "callInterval", discovery->call_interval == NULL ?
	    CALL_INTERVAL : discovery->call_interval);
	json_add_string(object, "id", discovery->id);
	json_add(object, "discover", discover);
	return object;
}

static struct json_object *
plural_json(const struct ak_plural *plural)
{
	struct json_object *object = json_new_object();

	json_add_string(object, "one", plural->one);
	json_add_string(object, "other", plural->other);
	return object;
}

static struct json_object *
columns_json(const struct ak_column *column)
{
	struct json_object *array = json_new_array(), *object, *fallbacks;
	const char *const *fallback;

	for (; column->attribute != NULL; column++) {
		object = json_new_object();
		json_add_string(object, "attribute", column->attribute);
		if (column->fallbacks != NULL) {
			fallbacks = json_new_array();
			for (fallback = column->fallbacks; *fallback != NULL; fallback++)
				json_append(fallbacks, json_new_string(*fallback));
			json_add(object, "fallbackAttributes", fallbacks);
		}
		json_append(array, object);
	}
	return array;
}

static struct json_object *
order_json(const struct ak_order *order)
{
	struct json_object *array = json_new_array(), *object;

	for (; order->attribute != NULL; order++) {
		object = json_new_object();
		json_add_string(object, "attribute", order->attribute);
		json_add_string(object, "direction", direction_names[order->direction]);
		json_append(array, object);
	}
	return array;
}

struct json_object *
discovery_target_type_json(const struct ak_target_type *type)
{
	const struct ak_plural label = discovery_type_label(type);
	struct json_object *object = json_new_object(), *table = json_new_object();

	json_add_string(object, "id", discovery_type(type->id));
	json_add_string(object, "version", type->version);
	json_add(object, "label", plural_json(&label));
	json_add_string(object, "category", type->category);
	json_add_string(object, "icon", type->icon);
	json_add(table, "columns", columns_json(type->columns));
	json_add(table, "orderBy", order_json(type->order));
	json_add(object, "table", table);
	return object;
}

/* That two labels of one name are the same was checked: the first one counts. */
static bool
is_told(struct json_object *array, const char *name)
{
	size_t i;

	for (i = 0; i < json_count(array); i++)
		if (strcmp(json_member_string(json_element(array, i), "attribute"), name) == 0)
			return true;
	return false;
}

struct json_object *
discovery_attributes_json(void)
{
	struct json_object *object = json_new_object(), *array = json_new_array(), *told;
	const struct ak_attribute *attribute;
	const struct ak_discovery *discovery;
	size_t i;

	for (i = 0; i < registry_discoveries(); i++) {
		discovery = registry_discovery_at(i);
		if (!discovery_offered(discovery) || discovery->attributes == NULL)
			continue;
		for (attribute = discovery->attributes; attribute->name != NULL; attribute++) {
			if (is_told(array, attribute->name))
				continue;
			told = json_new_object();
			json_add_string(told, "attribute", attribute->name);
			json_add(told, "label", plural_json(&attribute->label));
			json_append(array, told);
		}
	}
	json_add(object, "attributes", array);
	return object;
}
