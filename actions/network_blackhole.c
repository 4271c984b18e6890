/*
 * network_blackhole.c: drops packets, both ways.
 * What is kept and undone: network.c.
 */
#include <actionkit.h>

#include "actions/network.h"
#include "actions/this_host.h"

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
			.statement = "counter name \"" NETWORK_AFFECTED "\" drop", .match = "",
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
	.technology = THIS_HOST_TECHNOLOGY,
	.category = "Network",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.parameters = blackhole_parameters,
	.target_selection = &this_host_targets,
	.widgets = network_widgets,
	.state = NETWORK_STATE,
	.call_interval = "5s",
	.needs = blackhole_needs,
	.prepare = blackhole_prepare,
	.start = network_start,
	.status = network_status,
	.stop = network_stop,
};
