/*
 * discovery.h: what the operator says of all discoveries, and what follows from it: which are
 * offered, the type of this host, and its name.
 */
#ifndef CORE_ACTION_DISCOVERY_H
#define CORE_ACTION_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/actionkit.h"

/* The compiled-in discovery of this host; --discover-host is about this one. */
#define DISCOVERY_HOST "org.actionkit.host"
/* The agent makes it of a target's label; tables may show it. */
#define DISCOVERY_LABEL "steadybit.label"
/* What agents group targets by. */
#define DISCOVERY_GROUP "steadybit.group"

/* All texts are borrowed, for the life of the process; empty or NULL: not said. */
struct discovery_settings {
	const char *host_type;		/* one of discovery_host_types */
	bool host_hidden;		/* the discovery of this host is not offered */
	const char *host_name;
	const char *domain_name;
	const char *group;		/* steadybit.group of every target */
	/* Attributes that are not told: a name, or how names begin before a last '*'. */
	const char *const *excludes;
	size_t excludes_count;
};

/* What --host-type may be, ending with NULL; the first is the default. */
extern const char *const discovery_host_types[];

/* Once, before anything is described or discovered. */
void discovery_set(const struct discovery_settings *settings);
const struct discovery_settings *discovery_settings(void);

/* Whether an attribute is one that only agents make. */
bool discovery_name_is_reserved(const char *name);

/* Whether a discovery is offered, and how many are. */
bool discovery_offered(const struct ak_discovery *discovery);
size_t discovery_offered_count(void);

/* The type as it is told: that of this host becomes what the operator says. Borrowed. */
const char *discovery_type(const char *type);
/* The label of a type, which for this host goes by the type that it becomes. */
struct ak_plural discovery_type_label(const struct ak_target_type *type);

#endif
