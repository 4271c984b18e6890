/*
 * network_delay.c: delays packets that leave.
 * What is kept and undone: network.c.
 */
#include <actionkit.h>

#include <inttypes.h>
#include <stdio.h>

#include "actions/network.h"

#define DELAY_MAX_MS 4294967		/* in us, what netem can count */
#define DELAY_US_PER_MS 1000
#define DELAY_JITTER_PERCENT 30
/* Packets that wait: with the default of netem, 1000, busy hosts lose some. */
#define DELAY_PACKETS_PER_MS 100
#define DELAY_PACKETS_MIN 10000
#define DELAY_PACKETS_MAX 1000000

static const struct ak_parameter delay_parameters[] = {
	NETWORK_DURATION_PARAMETER,
	{
		.name = "networkDelay",
		.label = "Delay",
		.description = "How long each packet is held.",
		.type = AK_DURATION,
		.required = true,
		.default_value = "500ms",
		.min = AK_LIMIT(0),
		.max = AK_LIMIT(DELAY_MAX_MS),
	},
	{
		.name = "networkDelayJitter",
		.label = "Jitter",
		.description = "Up to 30 % more or less.",
		.type = AK_BOOLEAN,
		.default_value = "false",
	},
	NETWORK_INCLUDE_PARAMETERS,
	NETWORK_EXCLUDE_PARAMETERS,
	NETWORK_INTERFACES_PARAMETER,
	{
		.name = "tcpDataPacketsOnly",
		.label = "TCP data packets only",
		.description = "Delay only packets of TCP that push data.",
		.type = AK_BOOLEAN,
		.default_value = "false",
		.advanced = true,
	},
	AK_PARAMETERS_END
};

static const struct ak_need delay_needs[] = {
	NETWORK_NEEDS,
	NETWORK_EGRESS_NEED,
	NETWORK_SHAPE_NEEDS,
	NETWORK_NETEM_NEED,
	AK_NEEDS_END
};

static int
delay_prepare(struct ak_call *call, void *state)
{
	int64_t delay_ms = ak_config_duration(call, "networkDelay");
	int64_t jitter_ms = ak_config_boolean(call, "networkDelayJitter") ?
	    delay_ms * DELAY_JITTER_PERCENT / 100 : 0;
	int64_t limit = delay_ms * DELAY_PACKETS_PER_MS;
	char qdisc[NETWORK_QDISC_BYTES];
	const struct network_attack attack = {
		.verdict = {
			.match = ak_config_boolean(call, "tcpDataPacketsOnly") ?
			    "tcp flags & psh == psh" : ""
		},
		.has_filter = true,
		.has_interfaces = true,
		.qdisc = qdisc,
		.claim = "netdev-shape",
		.wait_ms = delay_ms + jitter_ms,
	};

	if (limit < DELAY_PACKETS_MIN)
		limit = DELAY_PACKETS_MIN;
	if (limit > DELAY_PACKETS_MAX)
		limit = DELAY_PACKETS_MAX;
	(void)snprintf(qdisc, sizeof(qdisc), "netem delay %" PRId64 "us %" PRId64 "us limit %"
	    PRId64, delay_ms * DELAY_US_PER_MS, jitter_ms * DELAY_US_PER_MS, limit);
	return network_prepare(call, state, &attack);
}

const struct ak_action action_network_delay = {
	.id = "org.actionkit.network-delay",
	.label = "Delay outgoing traffic",
	.version = "1.0.0",
	.description = "Delays packets that leave. Only this way is delayed, but several packets "
	    "go to and fro until an encrypted connection is there: that takes a multiple. Jitter "
	    "changes the order of packets.",
	.parameters = delay_parameters,
	.needs = delay_needs,
	.prepare = delay_prepare,
	NETWORK_ACTION,
};
