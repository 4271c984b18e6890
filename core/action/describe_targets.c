/*
 * describe_targets.c: tells how the targets of an action are chosen, as TargetSelection.
 */
#include "config.h"

#include "core/action/description_internal.h"
#include "core/action/discovery.h"

static const char *const quantity_names[] = {
	[AK_ANY_NUMBER] = "none",
	[AK_EXACTLY_ONE] = "exactly_one",
	[AK_ALL_TARGETS] = "all",
};

static const char *const missing_query_names[] = {
	[AK_INCLUDE_ALL] = "include_all",
	[AK_INCLUDE_NONE] = "include_none",
};

static const char *const blast_radius_names[] = {
	[AK_BLAST_PERCENTAGE] = "percentage",
	[AK_BLAST_MAXIMUM] = "maximum",
};

struct json_object *
description_target_templates(const struct ak_target_template *template_)
{
	struct json_object *array = json_new_array(), *object;

	for (; template_->label != NULL; template_++) {
		object = json_new_object();
		json_add_string(object, "label", template_->label);
		json_add_string(object, "description", template_->description);
		json_add_string(object, "query", template_->query);
		json_append(array, object);
	}
	return array;
}

struct json_object *
description_target_selection(const struct ak_target_selection *selection)
{
	const struct ak_blast_radius *radius = &selection->default_blast_radius;
	struct json_object *object = json_new_object(), *json;

	json_add_string(object, "targetType", discovery_type(selection->target_type));
	json_add_string(object, "targetQuery", selection->target_query);
	if (selection->templates != NULL)
		json_add(object, "selectionTemplates",
		    description_target_templates(selection->templates));
	if (selection->quantity != 0)
		json_add_string(object, "quantityRestriction",
		    quantity_names[selection->quantity]);
	if (radius->mode != 0) {
		json = json_new_object();
		json_add_string(json, "mode", blast_radius_names[radius->mode]);
		json_add_int(json, "value", radius->value);
		json_add(object, "defaultBlastRadius", json);
	}
	if (selection->missing_query != 0)
		json_add_string(object, "missingQuerySelection",
		    missing_query_names[selection->missing_query]);
	return object;
}
