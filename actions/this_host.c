/*
 * this_host.c: what all actions share that are done to the host they run on. Persists nothing.
 */
#include "actions/this_host.h"

#include <strings.h>

#define THIS_HOST_NAME "host.hostname"

static const struct ak_target_template templates[] = {
	{ "Host", "Find a host by its name", "host.hostname=\"\"" },
	AK_TARGET_TEMPLATES_END
};

const struct ak_target_selection this_host_targets = {
	.target_type = AK_TARGET_HOST,
	.templates = templates,
};

int
this_host_check(struct ak_call *call)
{
	size_t count = ak_target_attribute_count(call, THIS_HOST_NAME), i;
	const char *name = ak_host_name();

	for (i = 0; i < count; i++)
		if (strcasecmp(ak_target_attribute(call, THIS_HOST_NAME, i), name) == 0)
			return 0;
	/* Whoever calls without a target means the host that is called. */
	if (count == 0)
		return 0;
	return ak_error(call, "The target is %s, this is %s",
	    ak_target_attribute(call, THIS_HOST_NAME, 0), name);
}
