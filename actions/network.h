/*
 * network.h: what all attacks on the network share: their state, and how they are prepared, begun,
 * looked at and undone.
 */
#ifndef ACTIONS_NETWORK_H
#define ACTIONS_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include <actionkit.h>

#include "actions/network_interfaces.h"
#include "actions/network_rules.h"
#include "actions/network_shape.h"
#include "actions/nft.h"
#include "actions/this_host.h"

#define NETWORK_RULES_BYTES (256 * 1024)

struct network_local {
	char rules[NETWORK_RULES_BYTES];
	char qdisc[NETWORK_QDISC_BYTES];	/* "": there is no device of ours */
};

struct network_state {
	network_interface_list interfaces;
	network_interface_list lacking;	/* where we have made the place for filters */
	bool applied;			/* rules and devices may be there */
	bool is_reset;			/* a table of another family */
	bool is_shaped;			/* there are devices and filters as well */
	bool waited;			/* for packets, once */
	int64_t wait_ms;		/* that they may wait in our devices */
	int64_t began_ms;		/* boot time */
	bool warned;			/* that nothing is affected */
	bool has_all;			/* interfaces; until one that came later is told */
	struct network_local local;
};
extern const struct ak_field network_fields[];

/* Parameters that all have, and those of most; rows for their tables. */
#define NETWORK_DURATION_PARAMETER \
	{ \
		.name = "duration", \
		.label = "Duration", \
		.description = "How long the network is affected.", \
		.type = AK_DURATION, \
		.required = true, \
		.default_value = "30s", \
		.min = AK_LIMIT(1000), \
	}

/* Needs; rows for their tables. */
#define NETWORK_NEEDS \
	{ .kind = AK_NEED_CAPABILITY, .name = "CAP_NET_ADMIN" }, \
	{ .kind = AK_NEED_PROGRAM, .name = NFT_PROGRAM, .package = NFT_PACKAGE }, \
	{ .kind = AK_NEED_MODULE, .name = "nf_tables" }, \
	{ .kind = AK_NEED_MODULE, .name = "nft_objref", .what_for = "counters" }, \
	{ .kind = AK_NEED_PROGRAM, .name = "getent", .package = "libc-bin", \
	  .what_for = "host names", .optional = true }
#define NETWORK_EGRESS_NEED \
	{ .kind = AK_NEED_LINUX, .name = "5.16", .what_for = "rules for what leaves" }
#define NETWORK_SHAPE_NEEDS \
	{ .kind = AK_NEED_PROGRAM, .name = "tc", .package = "iproute2" }, \
	{ .kind = AK_NEED_PROGRAM, .name = "ip", .package = "iproute2" }, \
	{ .kind = AK_NEED_MODULE, .name = "ifb" }, \
	{ .kind = AK_NEED_MODULE, .name = "sch_ingress" }, \
	{ .kind = AK_NEED_MODULE, .name = "cls_bpf" }, \
	{ .kind = AK_NEED_MODULE, .name = "act_mirred" }, \
	{ .kind = AK_NEED_MODULE, .name = "act_skbedit", .what_for = "taking marks away", \
	  .optional = true }, \
	{ .kind = AK_NEED_MODULE, .name = "act_gact", .what_for = "showing packets to others", \
	  .optional = true }, \
	{ .kind = AK_NEED_CAPABILITY, .name = "CAP_SYS_MODULE", .what_for = "loading ifb", \
	  .optional = true }

#define NETWORK_NETEM_NEED \
	{ .kind = AK_NEED_MODULE, .name = "sch_netem", \
	  .package = "kernel-modules-extra on Red Hat" }

/* What is to be done to packets. */
struct network_attack {
	struct network_verdict verdict;	/* its statement is NULL where they are shaped */
	bool has_filter;		/* the parameters that include and exclude */
	bool has_interfaces;		/* the parameter for them */
	const char *qdisc;		/* of our devices, or NULL */
	const char *claim;		/* taken for each interface: "netdev-loss:%s"; or NULL */
	int64_t wait_ms;		/* that packets may wait in our devices */
	/* Ports that are included beside the parameter's, as text; or NULL. */
	const char *ports;
};

/* Handlers, or what they call. prepare changes nothing. */
int network_prepare(struct ak_call *call, struct network_state *s,
    const struct network_attack *attack);
int network_start(struct ak_call *call, void *state);
int network_status(struct ak_call *call, void *state);
int network_stop(struct ak_call *call, void *state);

extern const struct ak_widget network_widgets[];

/* Members of struct ak_action that are the same for all. */
#define NETWORK_ACTION \
	.technology = THIS_HOST_TECHNOLOGY, \
	.category = "Network", \
	.kind = AK_ATTACK, \
	.time_control = AK_EXTERNAL, \
	.target_selection = &this_host_targets, \
	.widgets = network_widgets, \
	.state = AK_STATE(struct network_state, network_fields), \
	.call_interval = "5s", \
	.start = network_start, \
	.status = network_status, \
	.stop = network_stop

#endif
