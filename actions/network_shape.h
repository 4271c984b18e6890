/*
 * network_shape.h: devices of ours that delay, damage or slow down packets, beside the queueing of
 * an interface, which is not touched: a filter sends marked packets through one.
 */
#ifndef ACTIONS_NETWORK_SHAPE_H
#define ACTIONS_NETWORK_SHAPE_H

#include <stdint.h>

#include <actionkit.h>

#include "actions/network_interfaces.h"

#define NETWORK_QDISC_BYTES 256
#define NETWORK_SHAPE_STATEMENT_BYTES 128

/* The statement of nft that marks packets for the devices of this execution. */
void network_shape_statement(const struct ak_call *call,
    char statement[NETWORK_SHAPE_STATEMENT_BYTES]);

/*
 * Which of the interfaces have no place for filters yet: begin makes it, end removes it. Warns
 * where filters of others come before ours. Returns 0, or -1 with the call's error.
 */
int network_shape_look(struct ak_call *call, const network_interface_list *interfaces,
    network_interface_list *ret_lacking);

/*
 * In start(), after the state is saved: a device for each interface, with this queueing ("netem
 * delay 100000us"), and a filter that leads there. qdisc may have "max(N,MTU*K)", MTU being the
 * interface's. Returns 0, or -1 with the call's error.
 */
int network_shape_begin(struct ak_call *call, const network_interface_list *interfaces,
    const network_interface_list *lacking, const char *qdisc);

/*
 * In stop(), when nothing is marked any more: waits until no packet waits, at most wait_ms, and
 * removes filters and devices of this execution from all interfaces, and the places in lacking
 * that are empty. Returns 0, or -1 with the call's error.
 */
int network_shape_end(struct ak_call *call, const network_interface_list *lacking,
    int64_t wait_ms);

#endif
