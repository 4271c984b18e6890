/*
 * network_blackhole.c: drops packets, both ways.
 * What is kept and undone: network.c.
 */
#include <actionkit.h>

#include "actions/network.h"

static const struct ak_parameter blackhole_parameters[] = {
	NETWORK_DURATION_PARAMETER,
	NETWORK_INCLUDE_PARAMETERS,
	NETWORK_EXCLUDE_PARAMETERS,
	AK_PARAMETERS_END
};

static const struct ak_need blackhole_needs[] = {
	NETWORK_NEEDS,
	NETWORK_EGRESS_NEED,
	AK_NEEDS_END
};

static int
blackhole_prepare(struct ak_call *call, void *state)
{
	const struct network_attack attack = {
		.verdict = {
			.statement = NETWORK_DROP, .match = "",
			.is_both_ways = true
		},
		.has_filter = true,
	};

	return network_prepare(call, state, &attack);
}

const struct ak_action action_network_blackhole = {
	.id = "org.actionkit.network-blackhole",
	.label = "Block traffic",
	.version = "1.0.0",
	.description = "Drops packets, those that leave and those that come. Loopback is never "
	    "touched; what is forwarded is.",
	.parameters = blackhole_parameters,
	.needs = blackhole_needs,
	.prepare = blackhole_prepare,
	NETWORK_ACTION,
};
