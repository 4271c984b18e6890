/*
 * tcp_reset.c: answers packets of TCP with RST.
 * What is kept and undone: network.c.
 */
#include <actionkit.h>

#include "actions/network.h"

static const struct ak_parameter reset_parameters[] = {
	NETWORK_DURATION_PARAMETER,
	NETWORK_INCLUDE_PARAMETERS,
	NETWORK_EXCLUDE_PARAMETERS,
	NETWORK_INTERFACES_PARAMETER,
	AK_PARAMETERS_END
};

static const struct ak_need reset_needs[] = {
	NETWORK_NEEDS,
	{ .kind = AK_NEED_MODULE, .name = "nft_reject_inet" },
	AK_NEEDS_END
};

static int
reset_prepare(struct ak_call *call, void *state)
{
	const struct network_attack attack = {
		.verdict = {
			.statement = NETWORK_COUNT " reject with tcp reset",
			.match = "meta l4proto 6", .is_reset = true
		},
		.has_filter = true,
		.has_interfaces = true,
	};

	return network_prepare(call, state, &attack);
}

const struct ak_action action_tcp_reset = {
	.id = "org.actionkit.tcp-reset",
	.label = "Reset TCP connections",
	.version = "1.0.0",
	.description = "Answers packets of TCP with a reset: connections end, new ones are "
	    "refused. Idle ones notice nothing. What hardware or Cilium forwards passes by.",
	.parameters = reset_parameters,
	.needs = reset_needs,
	.prepare = reset_prepare,
	NETWORK_ACTION,
};
