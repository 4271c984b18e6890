/*
 * network_corruption.c: flips bits in packets that leave.
 * What is kept and undone: network.c.
 */
#include <actionkit.h>

#include <inttypes.h>
#include <stdio.h>

#include "actions/network.h"

static const struct ak_parameter corruption_parameters[] = {
	NETWORK_DURATION_PARAMETER,
	{
		.name = "networkCorruption",
		.label = "Packet corruption",
		.description = "How many percent of the packets are damaged.",
		.type = AK_PERCENTAGE,
		.required = true,
		.default_value = "15",
		.min = AK_LIMIT(0),
		.max = AK_LIMIT(100),
	},
	NETWORK_INCLUDE_PARAMETERS,
	NETWORK_EXCLUDE_PARAMETERS,
	NETWORK_INTERFACES_PARAMETER,
	AK_PARAMETERS_END
};

static const struct ak_need corruption_needs[] = {
	NETWORK_NEEDS,
	NETWORK_EGRESS_NEED,
	NETWORK_SHAPE_NEEDS,
	NETWORK_NETEM_NEED,
	AK_NEEDS_END
};

static int
corruption_prepare(struct ak_call *call, void *state)
{
	char qdisc[NETWORK_QDISC_BYTES];
	const struct network_attack attack = {
		.verdict = { .match = "" },
		.has_filter = true,
		.has_interfaces = true,
		.qdisc = qdisc,
		.claim = "netdev-shape",
	};

	(void)snprintf(qdisc, sizeof(qdisc), "netem corrupt %" PRId64 "%% limit 100000",
	    ak_config_integer(call, "networkCorruption"));
	return network_prepare(call, state, &attack);
}

const struct ak_action action_network_corruption = {
	.id = "org.actionkit.network-corruption",
	.label = "Corrupt outgoing packages",
	.version = "1.0.0",
	.description = "Flips a bit in a part of the packets that leave. Checksums find it: what "
	    "is seen is loss, and what is sent again, rarely wrong data.",
	.parameters = corruption_parameters,
	.needs = corruption_needs,
	.prepare = corruption_prepare,
	NETWORK_ACTION,
};
