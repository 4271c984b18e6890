/*
 * network_filter.c: reads addresses, names and ports. Persists nothing: what it makes becomes rules
 * in an action's state.
 */
#include "actions/network_filter.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions/text.h"

#define PORT_MAX 65535
#define LIST_BYTES 1024
#define LIST_ITEMS 20			/* that are told by name */
#define LOOKUP_MS 5000			/* for all names together */
#define IPV6_THERE "/proc/net/if_inet6"

static unsigned int
bits_of(int family)
{
	return family == AF_INET ? 32 : 128;
}

/* Bits behind the first ones mean nothing. */
static void
mask(struct network_net *net)
{
	unsigned int i;

	for (i = net->bits; i < bits_of(net->family); i++)
		net->address[i / 8] &= (unsigned char)~(0x80U >> i % 8);
}

/* "10.0.0.1", "10.0.0.0/8", "::1", "[::1]", "[::1]/64". Returns whether it is one. */
static bool
net_parse(const char *text, struct network_net *ret_net)
{
	char address[INET6_ADDRSTRLEN + 2];
	const char *slash = strchr(text, '/');
	size_t length = slash == NULL ? strlen(text) : (size_t)(slash - text);
	char *end;
	unsigned long bits;

	if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	if (length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	memset(ret_net, 0, sizeof(*ret_net));
	ret_net->family = strchr(address, ':') == NULL ? AF_INET : AF_INET6;
	if (inet_pton(ret_net->family, address, ret_net->address) != 1)
		return false;
	ret_net->bits = bits_of(ret_net->family);
	if (slash != NULL) {
		bits = strtoul(slash + 1, &end, 10);
		if (!isdigit((unsigned char)slash[1]) || *end != '\0' || bits > ret_net->bits)
			return false;
		ret_net->bits = (unsigned int)bits;
	}
	mask(ret_net);
	return true;
}

void
network_net_text(const struct network_net *net, char text[NETWORK_NET_TEXT_BYTES])
{
	char address[INET6_ADDRSTRLEN] = "";

	(void)inet_ntop(net->family, net->address, address, sizeof(address));
	(void)snprintf(text, NETWORK_NET_TEXT_BYTES, "%s/%u", address, net->bits);
}

/* A port, at *text, which is moved behind it; 0 if there is none. */
static unsigned long
read_port(const char **text)
{
	char *end;
	unsigned long port;

	if (!isdigit((unsigned char)**text))
		return 0;
	port = strtoul(*text, &end, 10);
	*text = end;
	return port > PORT_MAX ? 0 : port;
}

int
network_filter_add_ports(struct ak_call *call, struct network_filter *filter, const char *text)
{
	const char *rest = text;
	unsigned long min = read_port(&rest), max = min;

	if (*rest == '-') {
		rest++;
		max = *rest == '\0' ? PORT_MAX : read_port(&rest);
	}
	if (*rest != '\0' || min == 0 || max < min)
		return ak_error(call, "port: \"%s\" is no port from 1 to %d, and no range of them",
		    text, PORT_MAX);
	if (filter->ports_count == NETWORK_PORTS_MAX)
		return ak_error(call, "port: more than %d", NETWORK_PORTS_MAX);
	filter->ports[filter->ports_count++] = (struct network_ports){
		.min = (uint16_t)min, .max = (uint16_t)max
	};
	return 0;
}

static int
add_net(struct ak_call *call, struct network_filter *filter, const struct network_net *net,
    bool is_excluded)
{
	if (filter->included + filter->excluded == NETWORK_NETS_MAX)
		return ak_error(call, "There are more than %d addresses to include and exclude",
		    NETWORK_NETS_MAX);
	filter->nets[filter->included + filter->excluded] = *net;
	if (is_excluded)
		filter->excluded++;
	else
		filter->included++;
	return 0;
}

static int
take_ips(struct ak_call *call, struct network_filter *filter, const char *name, bool is_excluded)
{
	size_t count = ak_config_count(call, name), i;
	struct network_net net;

	for (i = 0; i < count; i++) {
		const char *text = ak_config_item(call, name, i);

		if (*text == '\0')
			continue;
		if (!net_parse(text, &net))
			return ak_error(call, "%s: \"%s\" is no address, and no CIDR", name, text);
		if (add_net(call, filter, &net, is_excluded) == -1)
			return -1;
	}
	return 0;
}

static int
take_ports(struct ak_call *call, struct network_filter *filter)
{
	size_t count = ak_config_count(call, "port"), i;
	bool has_all = false;

	for (i = 0; i < count; i++) {
		const char *text = ak_config_item(call, "port", i);

		if (strcmp(text, "*") == 0)
			has_all = true;
		else if (*text != '\0' && network_filter_add_ports(call, filter, text) == -1)
			return -1;
	}
	if (has_all)
		filter->ports_count = 0;
	return 0;
}

/* What a program would take for an option, or for two. */
static bool
is_name(const char *name)
{
	if (*name == '-')
		return false;
	for (; *name != '\0'; name++)
		if ((unsigned char)*name <= ' ' || *name == '\177')
			return false;
	return true;
}

/* The addresses of names, as programs of this host see them. 0: all have some; 1: not all; -1. */
static int
look_up(struct ak_call *call, const char *const *names, size_t count, struct ak_exec_end *ret_end)
{
	const char *argv[NETWORK_NAMES_MAX + 3] = { "getent", "ahosts" };
	const struct ak_exec exec = {
		.argv = argv, .timeout_ms = LOOKUP_MS, .out = AK_EXEC_TEXT, .err = AK_EXEC_TEXT
	};

	memcpy(argv + 2, names, count * sizeof(*names));
	argv[count + 2] = NULL;
	if (ak_exec(call, &exec, ret_end) == -1)
		return -1;
	return ret_end->exit_status == 0 ? 0 : 1;
}

/* Which of them it is that have no address. */
static int
fail_names(struct ak_call *call, const char *parameter, const char *const *names, size_t count)
{
	char list[LIST_BYTES] = "";
	struct ak_exec_end end;
	size_t i;

	for (i = 0; i < count; i++) {
		int found = look_up(call, names + i, 1, &end);

		if (found == -1)
			return -1;
		if (found == 1)
			text_enlist(list, sizeof(list), names[i]);
	}
	return ak_error(call, "%s: no address was found for %s", parameter,
	    *list == '\0' ? "a name, within 5 s" : list);
}

/* Lines of "ADDRESS TYPE NAME", each address once for each type. */
static int
take_addresses(struct ak_call *call, struct network_filter *filter, const char *lines,
    bool is_excluded)
{
	bool has_ipv6 = access(IPV6_THERE, F_OK) == 0;
	char address[INET6_ADDRSTRLEN], type[16];
	struct network_net net;

	for (; lines != NULL && *lines != '\0'; lines = strchr(lines, '\n')) {
		lines += *lines == '\n';
		if (sscanf(lines, "%45s %15s", address, type) != 2 ||
		    strcmp(type, "STREAM") != 0 || !net_parse(address, &net) ||
		    (net.family == AF_INET6 && !has_ipv6))
			continue;
		if (add_net(call, filter, &net, is_excluded) == -1)
			return -1;
	}
	return 0;
}

static int
take_names(struct ak_call *call, struct network_filter *filter, const char *parameter,
    bool is_excluded)
{
	const char *names[NETWORK_NAMES_MAX];
	char wrong[LIST_BYTES] = "";
	size_t given = ak_config_count(call, parameter), count = 0, i;
	struct ak_exec_end end;

	for (i = 0; i < given && i < NETWORK_NAMES_MAX; i++) {
		names[count] = ak_config_item(call, parameter, i);
		if (!is_name(names[count]))
			text_enlist(wrong, sizeof(wrong), names[count]);
		count += *names[count] != '\0';
	}
	if (*wrong != '\0')
		return ak_error(call, "%s: no names: %s", parameter, wrong);
	if (count == 0)
		return 0;
	switch (look_up(call, names, count, &end)) {
	case 0:
		return take_addresses(call, filter, end.out, is_excluded);
	case 1:
		return fail_names(call, parameter, names, count);
	default:
		return -1;
	}
}

/* What the agent depends on, and the way by which it reaches us. */
static int
take_restricted(struct ak_call *call, struct network_filter *filter)
{
	struct ak_restricted_endpoint endpoint;
	struct network_net net;
	size_t i;

	for (i = 0; ak_restricted_endpoint_at(call, i, &endpoint); i++) {
		if (endpoint.cidr == NULL || !net_parse(endpoint.cidr, &net))
			return ak_error(call, "The agent must not be cut off from %s, and its "
			    "address %s cannot be read", *endpoint.name == '\0' ? "an endpoint" :
			    endpoint.name, endpoint.cidr == NULL ? "" : endpoint.cidr);
		net.ports.min = endpoint.port_min;
		net.ports.max = endpoint.port_max;
		if (endpoint.port_min <= 1 && (endpoint.port_max == 0 ||
		    endpoint.port_max == PORT_MAX))
			net.ports = (struct network_ports){ .min = 0, .max = 0 };
		if (add_net(call, filter, &net, true) == -1)
			return -1;
	}
	return 0;
}

static bool
net_contains(const struct network_net *net, const struct network_net *other)
{
	struct network_net part = *other;

	if (net->family != other->family || net->bits > other->bits)
		return false;
	part.bits = net->bits;
	mask(&part);
	return memcmp(part.address, net->address, sizeof(part.address)) == 0;
}

/* Whether no packet can be included that is not excluded. */
static bool
is_empty(const struct network_filter *filter)
{
	size_t i, j;

	for (i = 0; i < filter->included; i++) {
		for (j = filter->included; j < filter->included + filter->excluded; j++)
			if (filter->nets[j].ports.max == 0 &&
			    net_contains(&filter->nets[j], &filter->nets[i]))
				break;
		if (j == filter->included + filter->excluded)
			return false;
	}
	return filter->included > 0;
}

static void
tell(struct ak_call *call, const char *what, const struct network_net *nets, size_t count)
{
	char list[LIST_BYTES] = "", text[NETWORK_NET_TEXT_BYTES], item[NETWORK_NAME_BYTES];
	size_t i;

	for (i = 0; i < count && i < LIST_ITEMS; i++) {
		network_net_text(&nets[i], text);
		if (nets[i].ports.max == 0)
			(void)snprintf(item, sizeof(item), "%s", text);
		else
			(void)snprintf(item, sizeof(item), "%s port %d-%d", text, nets[i].ports.min,
			    nets[i].ports.max);
		text_enlist(list, sizeof(list), item);
	}
	if (count > LIST_ITEMS)
		ak_message(call, AK_INFO, "%s: %s, and %zu more", what, list, count - LIST_ITEMS);
	else if (count > 0)
		ak_message(call, AK_INFO, "%s: %s", what, list);
}

int
network_filter_take(struct ak_call *call, bool has_parameters, struct network_filter *ret_filter)
{
	ret_filter->included = ret_filter->excluded = ret_filter->ports_count = 0;
	if (has_parameters && (take_ips(call, ret_filter, "ip", false) == -1 ||
	    take_names(call, ret_filter, "hostname", false) == -1 ||
	    take_ports(call, ret_filter) == -1 ||
	    take_ips(call, ret_filter, "excludeIp", true) == -1 ||
	    take_names(call, ret_filter, "excludeHostname", true) == -1))
		return -1;
	if (take_restricted(call, ret_filter) == -1)
		return -1;
	if (is_empty(ret_filter))
		return ak_error(call, "Nothing is left to affect: all that is included is "
		    "excluded");
	if (ret_filter->included == 0)
		ak_message(call, AK_INFO, "Affected: all addresses");
	tell(call, "Affected", ret_filter->nets, ret_filter->included);
	tell(call, "Never affected", ret_filter->nets + ret_filter->included,
	    ret_filter->excluded);
	return 0;
}
