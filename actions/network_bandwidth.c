/*
 * network_bandwidth.c: limits how much leaves.
 * What is kept and undone: network.c.
 */
#include <actionkit.h>

#include <inttypes.h>
#include <stdio.h>

#include "actions/network.h"

#define BITS_PER_BYTE 8
#define BANDWIDTH_BURST_MIN INT64_C(3200)
#define BANDWIDTH_WAIT_MS 1000

static const struct ak_parameter bandwidth_parameters[] = {
	NETWORK_DURATION_PARAMETER,
	{
		.name = "bandwidth",
		.label = "Network bandwidth",
		.description = "At most so much leaves by each interface.",
		.type = AK_BITRATE,
		.required = true,
		.default_value = "1024kbit",
	},
	NETWORK_INCLUDE_PARAMETERS,
	NETWORK_EXCLUDE_PARAMETERS,
	NETWORK_INTERFACES_PARAMETER,
	AK_PARAMETERS_END
};

static const struct ak_need bandwidth_needs[] = {
	NETWORK_NEEDS,
	NETWORK_EGRESS_NEED,
	NETWORK_SHAPE_NEEDS,
	{ .kind = AK_NEED_MODULE, .name = "sch_tbf" },
	AK_NEEDS_END
};

static int
bandwidth_prepare(struct ak_call *call, void *state)
{
	int64_t bits = ak_config_bitrate(call, "bandwidth");
	char qdisc[NETWORK_QDISC_BYTES];
	const struct network_attack attack = {
		.verdict = { .match = "" },
		.has_filter = true,
		.has_interfaces = true,
		.qdisc = qdisc,
		.claim = "netdev-shape",
		.wait_ms = BANDWIDTH_WAIT_MS,
	};

	if (bits < BITS_PER_BYTE)
		return ak_error(call, "bandwidth: must be at least 8bit");
	/*
	 * In bytes: what may go at once, 10 ms of it, and at least one packet of any size, since
	 * all that are larger would be lost for good; and what may wait, a fifth of a second of it.
	 */
	(void)snprintf(qdisc, sizeof(qdisc), "tbf rate %" PRId64 "bit burst max(%" PRId64
	    ",MTU*2) limit max(%" PRId64 ",MTU*10)", bits, bits / 800 < BANDWIDTH_BURST_MIN ?
	    BANDWIDTH_BURST_MIN : bits / 800, bits / 20);
	return network_prepare(call, state, &attack);
}

const struct ak_action action_network_bandwidth = {
	.id = "org.actionkit.network-bandwidth",
	.label = "Limit outgoing bandwidth",
	.version = "1.0.0",
	.description = "Limits the bandwidth of what leaves, for each interface by itself. What is "
	    "more waits for a while, or is lost.",
	.parameters = bandwidth_parameters,
	.needs = bandwidth_needs,
	.prepare = bandwidth_prepare,
	NETWORK_ACTION,
};
