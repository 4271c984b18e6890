/*
 * network_rules.h: the rules of nftables for an attack on the network, as text.
 */
#ifndef ACTIONS_NETWORK_RULES_H
#define ACTIONS_NETWORK_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include <actionkit.h>

#include "actions/network_filter.h"
#include "actions/network_interfaces.h"

/* Counters of the table. */
#define NETWORK_AFFECTED "affected"
#define NETWORK_SPARED "spared"

/* Statements: a packet that is affected is counted; and dropped. */
#define NETWORK_COUNT "counter name \"" NETWORK_AFFECTED "\""
#define NETWORK_DROP NETWORK_COUNT " drop"

/* What is done to packets, and to which beside the filter. */
struct network_verdict {
	const char *statement;		/* of nft: "drop" */
	const char *match;		/* more that a packet must be, or "" */
	bool is_both_ways;		/* incoming ones, too */
	bool is_reset;			/* answered with RST: TCP, and another family of tables */
};

/* The family of the table. */
const char *network_rules_family(bool is_reset);

/*
 * Writes the rules of the call's execution. Returns false where they have no room.
 */
bool network_rules_write(const struct ak_call *call, const struct network_filter *filter,
    const network_interface_list *interfaces, const struct network_verdict *verdict, char *rules,
    size_t size);

#endif
