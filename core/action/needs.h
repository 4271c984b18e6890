/*
 * needs.h: what an action needs of the machine, and whether it is there.
 */
#ifndef CORE_ACTION_NEEDS_H
#define CORE_ACTION_NEEDS_H

#include <stdbool.h>

#include "core/actionkit.h"

/* Which of them. */
enum needs_wanted {
	NEEDS_REQUIRED,
	NEEDS_OPTIONAL
};

/*
 * All that is missing, in a sentence: "org.example.delay needs CAP_NET_ADMIN, which this process
 * has not (AmbientCapabilities in the unit), and the program tc (package iproute2)". Owned; NULL
 * if nothing is. It changes nothing, and what cannot be told is not missing.
 */
char *needs_missing(const struct ak_action *action);

/* Only the names: "CAP_NET_ADMIN, tc". Owned; NULL if nothing is missing. */
char *needs_missing_names(const struct ak_action *action, enum needs_wanted wanted);

/* Whether the name is one of its kind: a capability that there is, a version of Linux. */
bool needs_name_valid(const struct ak_need *need);

#endif
