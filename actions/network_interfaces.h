/*
 * network_interfaces.h: the interfaces of this host that an attack on the network is for.
 */
#ifndef ACTIONS_NETWORK_INTERFACES_H
#define ACTIONS_NETWORK_INTERFACES_H

#include <stdbool.h>
#include <stddef.h>

#include <actionkit.h>

#include "actions/machine.h"

#define NETWORK_INTERFACES_MAX 99
#define NETWORK_INTERFACE_BYTES 16
/* Our devices have this and the execution's id as their alias. */
#define NETWORK_ALIAS "actionkit "
#define NETWORK_DEVICES "/sys/class/net"

typedef AK_TEXT_LIST(NETWORK_INTERFACES_MAX, NETWORK_INTERFACE_BYTES) network_interface_list;

#define NETWORK_INTERFACES_PARAMETER \
	{ \
		.name = "networkInterface", \
		.label = "Network interface", \
		.description = "None is all that are up, but for loopback and for those whose " \
		    "packets pass another one, too.", \
		.type = AK_STRING_ARRAY, \
		.option_attributes = network_interface_attributes, \
		.options_open = true, \
		.max_items = NETWORK_INTERFACES_MAX, \
		.max_length = NETWORK_INTERFACE_BYTES - 1, \
		.advanced = true, \
	}
extern const char *const network_interface_attributes[];

/*
 * In prepare(): takes the parameter, or all of the host where the action does not have it or
 * nothing is said (*ret_all), and tells which. Returns 0, or -1 with the call's error, which names
 * what is not there.
 */
int network_interfaces_take(struct ak_call *call, bool has_parameter,
    network_interface_list *ret_list, bool *ret_all);

/*
 * Puts those into list ("a, b") that would be taken as well if all were taken now, and are not in
 * these; where any are, returns true.
 */
bool network_interfaces_later(const network_interface_list *interfaces, char *list, size_t size);

/* Calls see() for each device of this host, until it returns false. */
void network_interfaces_each(bool (*see)(void *context, const char *name), void *context);

/* The first line of one of the kernel's files about a device, "" if there is none. */
void network_interface_read(const char *name, const char *file, char text[MACHINE_LINE_BYTES]);

#endif
