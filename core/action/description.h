/*
 * description.h: what an action says of itself (ActionDescription), with every endpoint
 * filled in.
 */
#ifndef CORE_ACTION_DESCRIPTION_H
#define CORE_ACTION_DESCRIPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/actionkit.h"
#include "core/base/json.h"

/* The calls that an action answers. */
enum verb {
	VERB_PREPARE,
	VERB_START,
	VERB_STATUS,
	VERB_STOP,
	VERB_QUERY,
	VERB_COUNT,
	VERB_WORK	/* is no call: the body of a worker */
};

#define DESCRIPTION_PATH_BYTES 512

/* "prepare", "start", "status", "stop", "query", and "work". */
const char *verb_name(enum verb verb);

/* Whether the action has an endpoint for the verb, its own or one that is added. */
bool description_has(const struct ak_action *action, enum verb verb);

/*
 * Method ("POST") and path of the verb's endpoint, without a base path. The method is
 * borrowed. The action must have the endpoint.
 */
void description_endpoint(const struct ak_action *action, enum verb verb,
    const char **ret_method, char ret_path[DESCRIPTION_PATH_BYTES]);

/*
 * Time between two status calls in ms: call_interval, or 5 s, or 15 s if the status
 * endpoint is only added for the sake of stop(). Of no meaning without a status endpoint.
 */
int64_t description_call_interval(const struct ak_action *action);

/* ActionDescription with base_path ("" or "/chaos") before every path; owned. */
struct json_object *description_json(const struct ak_action *action, const char *base_path);

/* ActionList of the enabled actions; owned. */
struct json_object *description_list(const char *base_path);

#endif
