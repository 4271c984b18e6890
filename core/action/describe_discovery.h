/*
 * describe_discovery.h: what discoveries say of themselves, as DiscoveryKit has it. Only those
 * that are offered are told. base_path ("" or "/chaos") stands before every path. JSON that is
 * returned is owned.
 */
#ifndef CORE_ACTION_DESCRIBE_DISCOVERY_H
#define CORE_ACTION_DESCRIBE_DISCOVERY_H

#include "core/action/description.h"
#include "core/actionkit.h"
#include "core/base/json.h"

#define DISCOVERIES_PATH "/discoveries"
#define DISCOVERY_ATTRIBUTES_PATH "/discovery/attributes"

/* The path, without the base path, of: */
enum discovery_path {
	DISCOVERY_DESCRIPTION,		/* a DiscoveryDescription */
	DISCOVERY_TARGETS,		/* what is discovered */
	DISCOVERY_TARGET_TYPE,		/* the TargetDescription of its type */
	DISCOVERY_PATHS
};

void discovery_path(const struct ak_discovery *discovery, enum discovery_path which,
    char ret_path[DESCRIPTION_PATH_BYTES]);

/* Adds the lists of a DiscoveryList to an object. */
void discovery_list(struct json_object *object, const char *base_path);
/* DiscoveryDescription. */
struct json_object *discovery_json(const struct ak_discovery *discovery,
    const char *base_path);
/* TargetDescription. */
struct json_object *discovery_target_type_json(const struct ak_target_type *type);
/* AttributeDescriptions of all: each attribute once. */
struct json_object *discovery_attributes_json(void);

/* Whether no discovery before this one, of those that are offered, has its target type. */
bool discovery_type_is_new(size_t index);

#endif
