/*
 * network_loss.c: loses a part of the packets that leave.
 * What is kept and undone: network.c.
 */
#include <actionkit.h>

#include <inttypes.h>
#include <stdio.h>

#include "actions/network.h"

#define LOSS_ALL 100
#define LOSS_STATEMENT_BYTES 128

static const struct ak_parameter loss_parameters[] = {
	NETWORK_DURATION_PARAMETER,
	{
		.name = "percentage",
		.label = "Network loss",
		.description = "How many percent of the packets are lost.",
		.type = AK_PERCENTAGE,
		.required = true,
		.default_value = "70",
		.min = AK_LIMIT(0),
		.max = AK_LIMIT(LOSS_ALL),
	},
	NETWORK_INCLUDE_PARAMETERS,
	NETWORK_EXCLUDE_PARAMETERS,
	NETWORK_INTERFACES_PARAMETER,
	AK_PARAMETERS_END
};

static const struct ak_need loss_needs[] = {
	NETWORK_NEEDS,
	NETWORK_EGRESS_NEED,
	{ .kind = AK_NEED_MODULE, .name = "nft_numgen" },
	AK_NEEDS_END
};

static int
loss_prepare(struct ak_call *call, void *state)
{
	int64_t percentage = ak_config_integer(call, "percentage");
	char statement[LOSS_STATEMENT_BYTES];
	const struct network_attack attack = {
		.verdict = { .statement = statement, .match = "" },
		.has_filter = true,
		.has_interfaces = true,
		.claim = "netdev-loss",
	};

	/* All, or none, is no matter of chance. */
	if (percentage == 0)
		(void)snprintf(statement, sizeof(statement), "accept");
	else if (percentage == LOSS_ALL)
		(void)snprintf(statement, sizeof(statement), NETWORK_DROP);
	else
		(void)snprintf(statement, sizeof(statement), "numgen random mod %d < %" PRId64
		    " " NETWORK_DROP, LOSS_ALL, percentage);
	return network_prepare(call, state, &attack);
}

const struct ak_action action_network_loss = {
	.id = "org.actionkit.network-loss",
	.label = "Drop outgoing traffic",
	.version = "1.0.0",
	.description = "Loses a part of the packets that leave; incoming ones are not lost. Large "
	    "packets of TCP count once before they are cut, so that loss comes in bursts.",
	.parameters = loss_parameters,
	.needs = loss_needs,
	.prepare = loss_prepare,
	NETWORK_ACTION,
};
