/*
 * network.c: prepares, begins and undoes an attack on the network. The state keeps what the agent
 * may see; the rules stay here. Undoing needs no more than the execution's id: by it the table, the
 * devices and the filters are known.
 */
#include "actions/network.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "actions/clocks.h"
#include "actions/network_filter.h"

#define QUIET_MS 10000			/* so long nothing may be affected */
#define WAIT_MAX_MS 2000
#define LATER_BYTES 256			/* names of interfaces that came later */
#define METRIC "packets"
#define VERDICT "verdict"
#define CILIUM "cilium_"

static const struct ak_field local_fields[] = {
	AK_TEXT(struct network_local, rules),
	AK_TEXT(struct network_local, qdisc),
	AK_FIELDS_END
};

const struct ak_field network_fields[] = {
	AK_LIST(struct network_state, interfaces),
	AK_LIST(struct network_state, lacking),
	AK_BOOL(struct network_state, applied),
	AK_BOOL(struct network_state, is_reset),
	AK_BOOL(struct network_state, is_shaped),
	AK_BOOL(struct network_state, waited),
	AK_INT(struct network_state, wait_ms),
	AK_INT(struct network_state, began_ms),
	AK_BOOL(struct network_state, warned),
	AK_BOOL(struct network_state, has_all),
	AK_LOCAL(struct network_state, local, local_fields),
	AK_FIELDS_END
};

const struct ak_widget network_widgets[] = {
	{
		.type = AK_WIDGET_LINE_CHART,
		.title = "Packets",
		.line_chart = {
			.metric = METRIC,
			.from = VERDICT,
			.mode = AK_CHART_SELECT,
			.value_title = "Packets",
		},
	},
	AK_WIDGETS_END
};

static int64_t
now_ms(void)
{
	return clocks_ns(CLOCK_BOOTTIME) / NS_PER_MS;
}

static bool
find_cilium(void *context, const char *name)
{
	bool *found = context;

	*found = strncmp(name, CILIUM, strlen(CILIUM)) == 0;
	return !*found;
}

/* Its programs see what comes in before our rules do. */
static int
check_cilium(struct ak_call *call, const struct network_attack *attack)
{
	bool found = false;

	if (!attack->verdict.is_both_ways)
		return 0;
	network_interfaces_each(find_cilium, &found);
	return found ? ak_error(call, "Cilium passes incoming packets by our rules: use "
	    "network-loss with 100 %% here") : 0;
}

static int
take_claims(struct ak_call *call, const struct network_state *s, const char *claim)
{
	int64_t i;

	for (i = 0; claim != NULL && i < s->interfaces.count; i++)
		if (ak_claim(call, "%s:%s", claim, s->interfaces.item[i]) == -1)
			return -1;
	return 0;
}

int
network_prepare(struct ak_call *call, struct network_state *s,
    const struct network_attack *attack)
{
	static struct network_filter filter;
	char statement[NETWORK_SHAPE_STATEMENT_BYTES];
	struct network_verdict verdict = attack->verdict;

	if (this_host_check(call) == -1 || check_cilium(call, attack) == -1 ||
	    network_interfaces_take(call, attack->has_interfaces, &s->interfaces,
	    &s->has_all) == -1 ||
	    network_filter_take(call, attack->has_filter, &filter) == -1)
		return -1;
	if (attack->ports != NULL && network_filter_add_ports(call, &filter, attack->ports) == -1)
		return -1;
	s->is_reset = verdict.is_reset;
	s->is_shaped = attack->qdisc != NULL;
	if (s->is_shaped) {
		network_shape_statement(call, statement);
		verdict.statement = statement;
		(void)snprintf(s->local.qdisc, sizeof(s->local.qdisc), "%s", attack->qdisc);
		s->wait_ms = attack->wait_ms < WAIT_MAX_MS ? attack->wait_ms : WAIT_MAX_MS;
	}
	if (!network_rules_write(call, &filter, &s->interfaces, &verdict, s->local.rules,
	    sizeof(s->local.rules)))
		return ak_error(call, "The rules for so many addresses are more than %d bytes",
		    NETWORK_RULES_BYTES);
	/* Refused now, and not when it begins. */
	if (nft_check(call, s->local.rules, "Rules for packets") == -1)
		return -1;
	return take_claims(call, s, attack->claim);
}

/* The rules come last: nothing is marked before all is there. */
int
network_start(struct ak_call *call, void *state)
{
	struct network_state *s = state;
	char table[NFT_TABLE_BYTES];

	if (s->interfaces.count < 1 || s->local.rules[0] == '\0')
		return ak_error(call, "This execution was not prepared");
	if (s->is_shaped && network_shape_look(call, &s->interfaces, &s->lacking) == -1)
		return -1;
	s->applied = true;
	s->began_ms = now_ms();
	if (ak_save(call) == -1)
		return -1;
	if (s->is_shaped && network_shape_begin(call, &s->interfaces, &s->lacking,
	    s->local.qdisc) == -1)
		return -1;
	if (nft_add(call, s->local.rules) == -1)
		return -1;
	nft_table(call, table);
	ak_message(call, AK_INFO, "To see the rules: nft list table %s %s",
	    network_rules_family(s->is_reset), table);
	return 0;
}

/* What a counter says, in the words of nft; -1 where it does not. */
static int64_t
read_counter(const char *text, const char *name)
{
	char start[NFT_TABLE_BYTES];
	const char *found;
	int64_t packets;

	(void)snprintf(start, sizeof(start), "counter %s {", name);
	found = strstr(text, start);
	return found != NULL && sscanf(found + strlen(start), " packets %" SCNd64, &packets) == 1 ?
	    packets : -1;
}

static int64_t
tell_counter(struct ak_call *call, const char *text, const char *name)
{
	const struct ak_label labels[] = { { VERDICT, name }, AK_LABELS_END };
	int64_t packets = read_counter(text, name);

	if (packets >= 0)
		ak_metric(call, METRIC, (double)packets, labels);
	return packets;
}

/* Once: what has come since the beginning is not affected. */
static void
tell_later_interfaces(struct ak_call *call, struct network_state *s)
{
	char later[LATER_BYTES];

	if (!s->has_all || !network_interfaces_later(&s->interfaces, later, sizeof(later)))
		return;
	ak_message(call, AK_WARN, "Not affected, because they came later: %s", later);
	s->has_all = false;
}

int
network_status(struct ak_call *call, void *state)
{
	struct network_state *s = state;
	char table[NFT_TABLE_BYTES];
	const char *const argv[] = {
		NFT_PROGRAM, "list", "counters", "table", network_rules_family(s->is_reset), table,
		NULL
	};
	const struct ak_exec exec = { .argv = argv, .out = AK_EXEC_TEXT, .err = AK_EXEC_TEXT };
	struct ak_exec_end end;
	int64_t affected;

	nft_table(call, table);
	if (ak_exec(call, &exec, &end) == -1)
		return -1;
	if (end.exit_status != 0)
		return ak_error(call, "The rules were removed by something else");
	affected = tell_counter(call, end.out, NETWORK_AFFECTED);
	(void)tell_counter(call, end.out, NETWORK_SPARED);
	if (affected == 0 && !s->warned && now_ms() - s->began_ms > QUIET_MS) {
		ak_message(call, AK_WARN, "No packet is affected yet");
		s->warned = true;
	}
	tell_later_interfaces(call, s);
	return 0;
}

int
network_stop(struct ak_call *call, void *state)
{
	struct network_state *s = state;
	int64_t wait_ms = s->waited ? 0 : s->wait_ms;

	if (!s->applied) {
		ak_message(call, AK_INFO, "Nothing to remove: nothing was changed");
		return 0;
	}
	if (nft_remove(call, network_rules_family(s->is_reset)) == -1)
		return -1;
	s->waited = true;
	if (s->is_shaped && network_shape_end(call, &s->lacking, wait_ms) == -1)
		return -1;
	ak_message(call, AK_INFO, "The network is as it was");
	return 0;
}
