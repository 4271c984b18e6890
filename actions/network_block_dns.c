/*
 * network_block_dns.c: drops packets of DNS, both ways.
 * What is kept and undone: network.c.
 */
#include <actionkit.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "actions/network.h"

#define DNS_PORT_BYTES 8
#define DNS_LINE_BYTES 256

static const struct ak_parameter dns_parameters[] = {
	NETWORK_DURATION_PARAMETER,
	{
		.name = "dnsPort",
		.label = "DNS port",
		.type = AK_INTEGER,
		.required = true,
		.default_value = "53",
		.min = AK_LIMIT(1),
		.max = AK_LIMIT(UINT16_MAX),
	},
	AK_PARAMETERS_END
};

static const struct ak_need dns_needs[] = {
	NETWORK_NEEDS,
	NETWORK_EGRESS_NEED,
	AK_NEEDS_END
};

/* A cache on this machine answers without asking anybody. */
static void
dns_warn(struct ak_call *call)
{
	char line[DNS_LINE_BYTES], address[DNS_LINE_BYTES];
	FILE *file = fopen("/etc/resolv.conf", "re");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "nameserver %s", address) == 1 &&
		    (strncmp(address, "127.", strlen("127.")) == 0 ||
		    strcmp(address, "::1") == 0)) {
			ak_message(call, AK_WARN, "Names are asked of %s, on this machine: what it "
			    "has kept it goes on to answer", address);
			break;
		}
	if (file != NULL)
		(void)fclose(file);
}

static int
dns_prepare(struct ak_call *call, void *state)
{
	char port[DNS_PORT_BYTES];
	const struct network_attack attack = {
		.verdict = {
			.statement = NETWORK_DROP, .match = "",
			.is_both_ways = true
		},
		.ports = port,
	};

	(void)snprintf(port, sizeof(port), "%" PRId64, ak_config_integer(call, "dnsPort"));
	dns_warn(call);
	return network_prepare(call, state, &attack);
}

const struct ak_action action_network_block_dns = {
	.id = "org.actionkit.network-block-dns",
	.label = "Block DNS",
	.version = "1.0.0",
	.description = "Drops DNS, with TCP and UDP, both ways: names are not found any more. DNS "
	    "over TLS or HTTPS is not blocked.",
	.parameters = dns_parameters,
	.needs = dns_needs,
	.prepare = dns_prepare,
	NETWORK_ACTION,
};
