/*
 * network_rules.c: writes a filter as rules of nftables. Persists nothing.
 *
 * One table for each execution. Its chains, in netdev: tx at egress and, where it is for both ways,
 * rx at ingress; each first lets through what is never cut, then what is excluded, and sends what
 * is included to the verdict. What is let through there other tables still see.
 */
#include "actions/network_rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

#include "actions/nft.h"

/* By number: names would need a file. TCP, UDP, UDP lite, SCTP, DCCP: what has ports. */
#define WITH_PORTS "meta l4proto { 6, 17, 136, 132, 33 }"
#define TX "tx"
#define RX "rx"
/* Before firewalls, Docker and service meshes. */
#define RESET_PRIORITY (-450)

struct text {
	char *at;
	size_t left;
	bool is_full;
};

static void __attribute__((format(printf, 2, 3)))
put(struct text *text, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text->at, text->left, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= text->left) {
		text->is_full = true;
		return;
	}
	text->at += length;
	text->left -= (size_t)length;
}

const char *
network_rules_family(bool is_reset)
{
	return is_reset ? "inet" : "netdev";
}

static bool
is_same_ports(const struct network_net *one, const struct network_net *other)
{
	return one->ports.min == other->ports.min && one->ports.max == other->ports.max;
}

/*
 * A set of the addresses of one family, and of the ports of first, from first on. Returns whether
 * there are any: nft knows no empty list.
 */
static bool
put_set(struct text *text, const char *name, size_t number, int family,
    const struct network_net *first, size_t count)
{
	char net[NETWORK_NET_TEXT_BYTES];
	bool has_any = false;
	size_t i;

	for (i = 0; i < count; i++) {
		if (first[i].family != family || !is_same_ports(&first[i], first))
			continue;
		network_net_text(&first[i], net);
		if (!has_any)
			put(text, "  set %s%zu_%d { type %s; flags interval; auto-merge; "
			    "elements = { ", name, number, family == AF_INET ? 4 : 6,
			    family == AF_INET ? "ipv4_addr" : "ipv6_addr");
		put(text, "%s%s", has_any ? ", " : "", net);
		has_any = true;
	}
	if (has_any)
		put(text, " }; }\n");
	return has_any;
}

/* Whether the ports of this one were those of one before. */
static bool
is_repeated(const struct network_net *nets, size_t i)
{
	size_t j;

	for (j = 0; j < i; j++)
		if (is_same_ports(&nets[j], &nets[i]))
			return true;
	return false;
}

static void
put_sets(struct text *text, const char *name, const struct network_net *nets, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (is_repeated(nets, i))
			continue;
		(void)put_set(text, name, i, AF_INET, nets + i, count - i);
		(void)put_set(text, name, i, AF_INET6, nets + i, count - i);
	}
}

static bool
has_family(const struct network_net *first, size_t count, int family)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (first[i].family == family && is_same_ports(&first[i], first))
			return true;
	return false;
}

/* Never mixed: address and port are both of the destination, or both of the source. */
static const char *const sides[] = { "d", "s" };

static void
put_excluded(struct text *text, const struct network_net *nets, size_t count)
{
	static const int families[] = { AF_INET, AF_INET6 };
	size_t i, family, side;

	for (i = 0; i < count; i++)
		for (family = 0; !is_repeated(nets, i) && family < 2; family++)
			for (side = 0; has_family(nets + i, count - i, families[family]) &&
			    side < 2; side++) {
				int number = families[family] == AF_INET ? 4 : 6;

				put(text, "    %s %saddr @ex%zu_%d", number == 4 ? "ip" : "ip6",
				    sides[side], i, number);
				if (nets[i].ports.max != 0)
					put(text, " " WITH_PORTS " th %sport %d-%d", sides[side],
					    nets[i].ports.min, nets[i].ports.max);
				put(text, " counter name \"" NETWORK_SPARED "\" accept\n");
			}
}

static void
put_included(struct text *text, const struct network_filter *filter,
    const struct network_verdict *verdict)
{
	size_t number, side;

	for (side = 0; side < 2; side++)
		for (number = 4; number <= 6; number += 2) {
			if (filter->included > 0 && !has_family(filter->nets, filter->included,
			    number == 4 ? AF_INET : AF_INET6))
				continue;
			/* All addresses: not those of ARP, which is never touched. */
			if (filter->included == 0)
				put(text, "    meta protocol %s", number == 4 ? "ip" : "ip6");
			else
				put(text, "    %s %saddr @in0_%zu", number == 4 ? "ip" : "ip6",
				    sides[side], number);
			if (filter->ports_count > 0)
				put(text, " " WITH_PORTS " th %sport @ports", sides[side]);
			put(text, " %s goto verdict\n", verdict->match);
		}
}

static void
put_ports(struct text *text, const struct network_filter *filter)
{
	size_t i;

	if (filter->ports_count == 0)
		return;
	put(text, "  set ports { type inet_service; flags interval; auto-merge; elements = { ");
	for (i = 0; i < filter->ports_count; i++)
		put(text, "%s%d-%d", i == 0 ? "" : ", ", filter->ports[i].min,
		    filter->ports[i].max);
	put(text, " }; }\n");
}

static void
put_names(struct text *text, const network_interface_list *interfaces)
{
	int64_t i;

	for (i = 0; i < interfaces->count; i++)
		put(text, "%s\"%s\"", i == 0 ? "" : ", ", interfaces->item[i]);
}

/*
 * Without neighbours what is excluded would be cut, too, and a lease that is lost does not come
 * back with the end of the attack.
 */
static void
put_always(struct text *text)
{
	put(text, "  chain always {\n"
	    "    meta l4proto 58 icmpv6 type { 130-137, 143 } accept\n"
	    "    udp dport { 67, 68, 546, 547 } accept\n"
	    "    udp sport { 67, 68, 546, 547 } accept\n"
	    "  }\n");
}

static void
put_hook(struct text *text, const char *name, const char *hook,
    const network_interface_list *interfaces)
{
	put(text, "  chain %s {\n    type filter hook %s devices = { ", name, hook);
	put_names(text, interfaces);
	put(text, " } priority 0; policy accept;\n    jump always\n    goto select\n  }\n");
}

/* Resets that are on their way are let through, also ours. */
static void
put_reset_hooks(struct text *text, const network_interface_list *interfaces)
{
	static const struct {
		const char *name, *hook, *match[2];
	} hooks[] = {
		{ "in", "input", { "iifname", NULL } },
		{ "out", "output", { "oifname", NULL } },
		{ "through", "forward", { "iifname", "oifname" } },
	};
	size_t i, j;

	for (i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		put(text, "  chain %s {\n    type filter hook %s priority %d; policy accept;\n"
		    "    meta l4proto != 6 accept\n    tcp flags & rst == rst accept\n",
		    hooks[i].name, hooks[i].hook, RESET_PRIORITY);
		for (j = 0; j < 2 && hooks[i].match[j] != NULL; j++) {
			put(text, "    %s { ", hooks[i].match[j]);
			put_names(text, interfaces);
			put(text, " } jump select\n");
		}
		put(text, "  }\n");
	}
}

bool
network_rules_write(const struct ak_call *call, const struct network_filter *filter,
    const network_interface_list *interfaces, const struct network_verdict *verdict, char *rules,
    size_t size)
{
	struct text text = { .at = rules, .left = size };
	char table[NFT_TABLE_BYTES];

	nft_table(call, table);
	put(&text, "table %s %s {\n  comment \"actionkit %s\"\n",
	    network_rules_family(verdict->is_reset), table, ak_execution_id(call));
	put(&text, "  counter " NETWORK_AFFECTED " { }\n  counter " NETWORK_SPARED " { }\n");
	put_sets(&text, "in", filter->nets, filter->included);
	put_sets(&text, "ex", filter->nets + filter->included, filter->excluded);
	put_ports(&text, filter);
	put(&text, "  chain verdict {\n    %s\n  }\n  chain select {\n", verdict->statement);
	put_excluded(&text, filter->nets + filter->included, filter->excluded);
	put_included(&text, filter, verdict);
	put(&text, "  }\n");
	if (verdict->is_reset) {
		put_reset_hooks(&text, interfaces);
	} else {
		put_always(&text);
		put_hook(&text, TX, "egress", interfaces);
		if (verdict->is_both_ways)
			put_hook(&text, RX, "ingress", interfaces);
	}
	put(&text, "}\n");
	return !text.is_full;
}
