/*
 * description.c: tells what an action is, as ActionDescription, from its table.
 */
#include "config.h"

#include "core/action/description.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/action/description_internal.h"
#include "core/action/discovery.h"
#include "core/action/registry.h"
#include "core/base/duration.h"
#include "core/base/log.h"

#define CALL_INTERVAL_MS 5000
/* For a status endpoint that is there for heartbeats only. */
#define CALL_INTERVAL_ADDED_MS 15000

static const char *const verb_names[] = {
	[VERB_PREPARE] = "prepare",
	[VERB_START] = "start",
	[VERB_STATUS] = "status",
	[VERB_STOP] = "stop",
	[VERB_QUERY] = "query",
	[VERB_WORK] = "work",
};

static const char *const kind_names[] = {
	[AK_ATTACK] = "attack",
	[AK_CHECK] = "check",
	[AK_LOAD_TEST] = "load_test",
	[AK_OTHER] = "other",
};

static const char *const time_control_names[] = {
	[AK_INSTANTANEOUS] = "instantaneous",
	[AK_INTERNAL] = "internal",
	[AK_EXTERNAL] = "external",
};

const char *
verb_name(enum verb verb)
{
	return verb_names[verb];
}

bool
description_has(const struct ak_action *action, enum verb verb)
{
	switch (verb) {
	case VERB_PREPARE:
	case VERB_START:
		return true;
	case VERB_STATUS:
		return action->status != NULL || description_has(action, VERB_STOP);
	case VERB_STOP:
		return action->stop != NULL || action->work != NULL;
	case VERB_QUERY:
		return action->query_metrics != NULL;
	case VERB_COUNT:
	case VERB_WORK:
		break;
	}
	return false;
}

/* What the author says of the endpoint; its members may be NULL. */
static struct ak_endpoint
endpoint_of(const struct ak_action *action, enum verb verb)
{
	switch (verb) {
	case VERB_PREPARE:
		return action->prepare_endpoint;
	case VERB_START:
		return action->start_endpoint;
	case VERB_STATUS:
		return action->status_endpoint;
	case VERB_STOP:
		return action->stop_endpoint;
	case VERB_QUERY:
		if (action->metrics != NULL)
			return action->metrics->endpoint;
		break;
	case VERB_COUNT:
	case VERB_WORK:
		break;
	}
	return (struct ak_endpoint){ .method = NULL };
}

void
description_endpoint(const struct ak_action *action, enum verb verb,
    const char **ret_method, char ret_path[DESCRIPTION_PATH_BYTES])
{
	struct ak_endpoint endpoint = endpoint_of(action, verb);

	*ret_method = endpoint.method == NULL ? "POST" : endpoint.method;
	if (endpoint.path != NULL)
		snprintf(ret_path, DESCRIPTION_PATH_BYTES, "%s", endpoint.path);
	else
		snprintf(ret_path, DESCRIPTION_PATH_BYTES, "/%s/%s", action->id,
		    verb_name(verb));
}

int64_t
description_call_interval(const struct ak_action *action)
{
	int64_t ms;

	if (action->call_interval != NULL &&
	    duration_parse(action->call_interval, &ms) == 0)
		return ms;
	return action->status != NULL || action->work != NULL ? CALL_INTERVAL_MS :
	    CALL_INTERVAL_ADDED_MS;
}

struct json_object *
description_reference(const char *method, const char *base_path, const char *path)
{
	struct json_object *reference = json_new_object();
	char *joined;

	if (asprintf(&joined, "%s%s", base_path, path) == -1)
		log_out_of_memory();
	json_add_string(reference, "method", method);
	json_add_string(reference, "path", joined);
	free(joined);
	return reference;
}

static struct json_object *
endpoint_json(const struct ak_action *action, enum verb verb, const char *base_path)
{
	char path[DESCRIPTION_PATH_BYTES];
	const char *method;

	description_endpoint(action, verb, &method, path);
	return description_reference(method, base_path, path);
}

/* The schema knows one number with one unit only. */
static void
add_call_interval(struct json_object *endpoint, int64_t ms)
{
	char text[DURATION_BYTES];

	duration_format(ms, text);
	json_add_string(endpoint, "callInterval", text);
}

static struct json_object *
metrics_json(const struct ak_action *action, const char *base_path)
{
	struct json_object *metrics = json_new_object(), *query = json_new_object();
	struct json_object *endpoint = endpoint_json(action, VERB_QUERY, base_path);
	const char *interval = action->metrics->call_interval;
	int64_t ms;

	if (interval != NULL && duration_parse(interval, &ms) == 0)
		add_call_interval(endpoint, ms);
	json_add(query, "endpoint", endpoint);
	json_add(query, "parameters", description_parameters(action->metrics->parameters));
	json_add(metrics, "query", query);
	return metrics;
}

static void
add_flags(struct json_object *object, unsigned int flags)
{
	struct json_object *array;

	if (flags == 0)
		return;
	array = json_new_array();
	if ((flags & AK_DISABLE_HEARTBEAT) != 0)
		json_append(array, json_new_string("DISABLE_HEARTBEAT"));
	json_add(object, "additionalFlags", array);
}

struct json_object *
description_json(const struct ak_action *action, const char *base_path)
{
	struct json_object *object = json_new_object(), *status;

	json_add_string(object, "id", action->id);
	json_add_string(object, "label", action->label);
	json_add_string(object, "version", action->version);
	json_add_string(object, "description", action->description);
	json_add_string(object, "icon", action->icon);
	json_add_string(object, "technology", action->technology);
	json_add_string(object, "category", action->category);
	json_add_string(object, "kind", kind_names[action->kind]);
	json_add_string(object, "timeControl",
	    time_control_names[action->time_control]);
	if (action->target_selection != NULL)
		json_add(object, "targetSelection",
		    description_target_selection(action->target_selection));
	json_add_string(object, "targetType", discovery_type(action->target_type));
	if (action->target_templates != NULL)
		json_add(object, "targetSelectionTemplates",
		    description_target_templates(action->target_templates));
	json_add(object, "parameters", description_parameters(action->parameters));
	add_flags(object, action->flags);
	description_hint(object, &action->hint);
	if (action->widgets != NULL)
		json_add(object, "widgets", description_widgets(action->widgets));
	if (description_has(action, VERB_QUERY) && action->metrics != NULL)
		json_add(object, "metrics", metrics_json(action, base_path));
	json_add(object, "prepare", endpoint_json(action, VERB_PREPARE, base_path));
	json_add(object, "start", endpoint_json(action, VERB_START, base_path));
	if (description_has(action, VERB_STATUS)) {
		status = endpoint_json(action, VERB_STATUS, base_path);
		add_call_interval(status, description_call_interval(action));
		json_add(object, "status", status);
	}
	if (description_has(action, VERB_STOP))
		json_add(object, "stop", endpoint_json(action, VERB_STOP, base_path));
	return object;
}

struct json_object *
description_list(const char *base_path)
{
	struct json_object *list = json_new_object(), *actions = json_new_array();
	const struct ak_action *action;
	char path[DESCRIPTION_PATH_BYTES];
	size_t i;

	for (i = 0; i < registry_count(); i++) {
		action = registry_at(i);
		if (!registry_enabled(action))
			continue;
		snprintf(path, sizeof(path), "/%s", action->id);
		json_append(actions, description_reference("GET", base_path, path));
	}
	json_add(list, "actions", actions);
	return list;
}
