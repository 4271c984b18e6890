/*
 * network_filter.h: which packets an attack on the network is for: addresses and ports that are
 * included, and those that never are.
 */
#ifndef ACTIONS_NETWORK_FILTER_H
#define ACTIONS_NETWORK_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actionkit.h>

#define NETWORK_NETS_MAX 8192		/* in all, included and excluded */
#define NETWORK_PORTS_MAX 256
#define NETWORK_NAMES_MAX 256
#define NETWORK_NAME_BYTES 254
#define NETWORK_IPS_MAX 2048
#define NETWORK_ADDRESS_BYTES 16
#define NETWORK_NET_TEXT_BYTES 64

struct network_ports {
	uint16_t min, max;
};

/* Addresses that begin with the same bits, and ports of them. */
struct network_net {
	int family;			/* AF_INET, AF_INET6 */
	unsigned char address[NETWORK_ADDRESS_BYTES];
	unsigned int bits;
	struct network_ports ports;	/* 0 to 0: all */
};

struct network_filter {
	struct network_net nets[NETWORK_NETS_MAX];	/* included ones, then excluded ones */
	size_t included, excluded;
	struct network_ports ports[NETWORK_PORTS_MAX];	/* included; none: all */
	size_t ports_count;
};

/* Rows of the parameters that include and exclude, for tables. */
#define NETWORK_INCLUDE_PARAMETERS \
	{ \
		.name = "hostname", \
		.label = "Include hostnames", \
		.description = "Looked up when the step is prepared; addresses that a name gets " \
		    "later are not affected.", \
		.type = AK_STRING_ARRAY, \
		.max_items = NETWORK_NAMES_MAX, \
		.max_length = NETWORK_NAME_BYTES - 1, \
		.advanced = true, \
	}, \
	{ \
		.name = "ip", \
		.label = "Include IPs/CIDRs", \
		.description = "Nothing included is everything.", \
		.type = AK_STRING_ARRAY, \
		.max_items = NETWORK_IPS_MAX, \
		.advanced = true, \
	}, \
	{ \
		.name = "port", \
		.label = "Include ports", \
		.description = "80, 8000-8010, 8000- or *. Without one, ports are not looked at.", \
		.type = AK_STRING_ARRAY, \
		.max_items = NETWORK_PORTS_MAX, \
		.advanced = true, \
	}
#define NETWORK_EXCLUDE_PARAMETERS \
	{ \
		.name = "excludeHostname", \
		.label = "Exclude hostnames", \
		.type = AK_STRING_ARRAY, \
		.max_items = NETWORK_NAMES_MAX, \
		.max_length = NETWORK_NAME_BYTES - 1, \
		.advanced = true, \
	}, \
	{ \
		.name = "excludeIp", \
		.label = "Exclude IPs/CIDRs", \
		.type = AK_STRING_ARRAY, \
		.max_items = NETWORK_IPS_MAX, \
		.advanced = true, \
	}

/*
 * In prepare(): takes these parameters, where the action has them, and what the agent needs, which
 * is excluded always. Tells both. Returns 0, or -1 with the call's error, also where nothing is
 * left to affect.
 */
int network_filter_take(struct ak_call *call, bool has_parameters,
    struct network_filter *ret_filter);

/* Includes ports. Returns 0, or -1 with the call's error. */
int network_filter_add_ports(struct ak_call *call, struct network_filter *filter,
    const char *text);

/* "10.0.0.0/8", for nft. */
void network_net_text(const struct network_net *net, char text[NETWORK_NET_TEXT_BYTES]);

#endif
