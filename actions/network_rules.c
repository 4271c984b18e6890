/*
 * network_rules.c: writes a filter as rules of nftables. Persists nothing.
 *
 * One table for each execution. Its chains, in netdev: tx at egress and, where it is for both ways,
 * rx at ingress; each first lets through what is never cut, then what is excluded, and sends what
 * is included to the verdict. What is let through there other tables still see.
 */
#include "actions/network_rules.h"

#include <sys/socket.h>

#include "actions/nft.h"
#include "actions/text.h"

/* By number: names would need a file. TCP, UDP, UDP lite, SCTP, DCCP: what has ports. */
#define WITH_PORTS "meta l4proto { 6, 17, 136, 132, 33 }"
#define TX "tx"
#define RX "rx"
/* Before firewalls, Docker and service meshes. */
#define RESET_PRIORITY (-450)

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

/* How nft calls what belongs to a family. */
struct family {
	int number;			/* AF_INET, AF_INET6 */
	const char *protocol, *type;
	char digit;
};
static const struct family families[] = {
	{ AF_INET, "ip", "ipv4_addr", '4' },
	{ AF_INET6, "ip6", "ipv6_addr", '6' },
};
#define FAMILIES (sizeof(families) / sizeof(families[0]))

/* Never mixed: address and port are both of the destination, or both of the source. */
static const char *const sides[] = { "d", "s" };
#define SIDES (sizeof(sides) / sizeof(sides[0]))

/* The first from i on that is of this family and has the ports of first; count: none. */
static size_t
next_of(const struct network_net *first, size_t i, size_t count, const struct family *family)
{
	while (i < count && (first[i].family != family->number ||
	    !is_same_ports(&first[i], first)))
		i++;
	return i;
}

static bool
has_family(const struct network_net *first, size_t count, const struct family *family)
{
	return next_of(first, 0, count, family) < count;
}

/* The addresses of a family that have the ports of first, if there are any: no list is empty. */
static void
put_set(struct text *text, const char *name, size_t number, const struct family *family,
    const struct network_net *first, size_t count)
{
	size_t i = next_of(first, 0, count, family), begin = i;
	char net[NETWORK_NET_TEXT_BYTES];

	if (i == count)
		return;
	text_put(text, "  set %s%zu_%c { type %s; flags interval; auto-merge; elements = { ", name,
	    number, family->digit, family->type);
	for (; i < count; i = next_of(first, i + 1, count, family)) {
		network_net_text(&first[i], net);
		text_put(text, "%s%s", i == begin ? "" : ", ", net);
	}
	text_put(text, " }; }\n");
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
	size_t i, family;

	for (i = 0; i < count; i++)
		for (family = 0; !is_repeated(nets, i) && family < FAMILIES; family++)
			put_set(text, name, i, &families[family], nets + i, count - i);
}

/* What has a set is let through. */
static void
put_spared(struct text *text, size_t number, const struct family *family,
    const struct network_ports *ports)
{
	size_t side;

	for (side = 0; side < SIDES; side++) {
		text_put(text, "    %s %saddr @ex%zu_%c", family->protocol, sides[side], number,
		    family->digit);
		if (ports->max != 0)
			text_put(text, " " WITH_PORTS " th %sport %d-%d", sides[side], ports->min,
			    ports->max);
		text_put(text, " counter name \"" NETWORK_SPARED "\" accept\n");
	}
}

static void
put_excluded(struct text *text, const struct network_net *nets, size_t count)
{
	size_t i, family;

	for (i = 0; i < count; i++)
		for (family = 0; !is_repeated(nets, i) && family < FAMILIES; family++)
			if (has_family(nets + i, count - i, &families[family]))
				put_spared(text, i, &families[family], &nets[i].ports);
}

static void
put_selected(struct text *text, const struct network_filter *filter,
    const struct family *family, const char *side, const char *match)
{
	/* All addresses: not those of ARP, which is never touched. */
	if (filter->included == 0)
		text_put(text, "    meta protocol %s", family->protocol);
	else
		text_put(text, "    %s %saddr @in0_%c", family->protocol, side, family->digit);
	if (filter->ports_count > 0)
		text_put(text, " " WITH_PORTS " th %sport @ports", side);
	text_put(text, " %s goto verdict\n", match);
}

static void
put_included(struct text *text, const struct network_filter *filter, const char *match)
{
	size_t family, side;

	for (side = 0; side < SIDES; side++)
		for (family = 0; family < FAMILIES; family++)
			if (filter->included == 0 || has_family(filter->nets, filter->included,
			    &families[family]))
				put_selected(text, filter, &families[family], sides[side], match);
}

static void
put_ports(struct text *text, const struct network_filter *filter)
{
	size_t i;

	if (filter->ports_count == 0)
		return;
	text_put(text, "  set ports { type inet_service; flags interval; auto-merge; "
	    "elements = { ");
	for (i = 0; i < filter->ports_count; i++)
		text_put(text, "%s%d-%d", i == 0 ? "" : ", ", filter->ports[i].min,
		    filter->ports[i].max);
	text_put(text, " }; }\n");
}

static void
put_names(struct text *text, const network_interface_list *interfaces)
{
	int64_t i;

	for (i = 0; i < interfaces->count; i++)
		text_put(text, "%s\"%s\"", i == 0 ? "" : ", ", interfaces->item[i]);
}

/*
 * Without neighbours what is excluded would be cut, too, and a lease that is lost does not come
 * back with the end of the attack.
 */
static void
put_always(struct text *text)
{
	text_put(text, "  chain always {\n"
	    "    meta l4proto 58 icmpv6 type { 130-137, 143 } accept\n"
	    "    udp dport { 67, 68, 546, 547 } accept\n"
	    "    udp sport { 67, 68, 546, 547 } accept\n"
	    "  }\n");
}

static void
put_hook(struct text *text, const char *name, const char *hook,
    const network_interface_list *interfaces)
{
	text_put(text, "  chain %s {\n    type filter hook %s devices = { ", name, hook);
	put_names(text, interfaces);
	text_put(text, " } priority 0; policy accept;\n    jump always\n    goto select\n  }\n");
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
		text_put(text, "  chain %s {\n    type filter hook %s priority %d; policy accept;\n"
		    "    meta l4proto != 6 accept\n    tcp flags & rst == rst accept\n",
		    hooks[i].name, hooks[i].hook, RESET_PRIORITY);
		for (j = 0; j < 2 && hooks[i].match[j] != NULL; j++) {
			text_put(text, "    %s { ", hooks[i].match[j]);
			put_names(text, interfaces);
			text_put(text, " } jump select\n");
		}
		text_put(text, "  }\n");
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
	text_put(&text, "table %s %s {\n  comment \"actionkit %s\"\n",
	    network_rules_family(verdict->is_reset), table, ak_execution_id(call));
	text_put(&text, "  counter " NETWORK_AFFECTED " { }\n  counter " NETWORK_SPARED " { }\n");
	put_sets(&text, "in", filter->nets, filter->included);
	put_sets(&text, "ex", filter->nets + filter->included, filter->excluded);
	put_ports(&text, filter);
	text_put(&text, "  chain verdict {\n    %s\n  }\n  chain select {\n", verdict->statement);
	put_excluded(&text, filter->nets + filter->included, filter->excluded);
	put_included(&text, filter, verdict->match);
	text_put(&text, "  }\n");
	if (verdict->is_reset) {
		put_reset_hooks(&text, interfaces);
	} else {
		put_always(&text);
		put_hook(&text, TX, "egress", interfaces);
		if (verdict->is_both_ways)
			put_hook(&text, RX, "ingress", interfaces);
	}
	text_put(&text, "}\n");
	return !text.is_full;
}
