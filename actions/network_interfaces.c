/*
 * network_interfaces.c: reads what the kernel says of the interfaces. Persists nothing.
 */
#include "actions/network_interfaces.h"

#include <dirent.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions/text.h"

#define PATH_BYTES 1024
#define LIST_BYTES 2048
#define LOWER "lower_"			/* links to what a device lies upon are called so */

const char *const network_interface_attributes[] = { "host.nic", NULL };

void
network_interface_read(const char *name, const char *file, char text[MACHINE_LINE_BYTES])
{
	char path[PATH_BYTES];

	(void)snprintf(path, sizeof(path), "%s/%s/%s", NETWORK_DEVICES, name, file);
	if (!machine_line(path, "", text))
		text[0] = '\0';
}

void
network_interfaces_each(bool (*see)(void *context, const char *name), void *context)
{
	DIR *folder = opendir(NETWORK_DEVICES);
	const struct dirent *entry;

	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.' && strlen(entry->d_name) < NETWORK_INTERFACE_BYTES &&
		    !see(context, entry->d_name))
			break;
	(void)closedir(folder);
}

/* "vlan", "vrf", ...; "" for what has no kind. */
static void
read_kind(const char *name, char kind[MACHINE_LINE_BYTES])
{
	char path[PATH_BYTES];

	(void)snprintf(path, sizeof(path), "%s/%s/uevent", NETWORK_DEVICES, name);
	if (!machine_line(path, "DEVTYPE=", kind))
		kind[0] = '\0';
}

/* Whether a bridge, bond or team has it: its packets pass that one, too. */
static bool
is_member(const char *name)
{
	char path[PATH_BYTES], target[MACHINE_LINE_BYTES], kind[MACHINE_LINE_BYTES];
	ssize_t length;
	const char *master;

	(void)snprintf(path, sizeof(path), "%s/%s/master", NETWORK_DEVICES, name);
	length = readlink(path, target, sizeof(target) - 1);
	if (length <= 0)
		return false;
	target[length] = '\0';
	master = strrchr(target, '/');
	read_kind(master == NULL ? target : master + 1, kind);
	return strcmp(kind, "vrf") != 0;
}

/* Whether its packets leave by another interface of this host. */
static bool
lies_upon_another(const char *name)
{
	char path[PATH_BYTES], kind[MACHINE_LINE_BYTES];
	const struct dirent *entry;
	bool found = false;
	DIR *folder;

	read_kind(name, kind);
	if (strcmp(kind, "vlan") != 0 && strcmp(kind, "macvlan") != 0 &&
	    strcmp(kind, "ipvlan") != 0)
		return false;
	(void)snprintf(path, sizeof(path), "%s/%s", NETWORK_DEVICES, name);
	folder = opendir(path);
	while (folder != NULL && !found && (entry = readdir(folder)) != NULL)
		found = strncmp(entry->d_name, LOWER, strlen(LOWER)) == 0;
	if (folder != NULL)
		(void)closedir(folder);
	return found;
}

static bool
is_for_all(const char *name)
{
	char flags[MACHINE_LINE_BYTES], alias[MACHINE_LINE_BYTES];
	unsigned long bits;

	network_interface_read(name, "flags", flags);
	network_interface_read(name, "ifalias", alias);
	bits = strtoul(flags, NULL, 16);
	return (bits & IFF_UP) != 0 && (bits & IFF_LOOPBACK) == 0 &&
	    strncmp(alias, NETWORK_ALIAS, strlen(NETWORK_ALIAS)) != 0 && !is_member(name) &&
	    !lies_upon_another(name);
}

/* Where /sys shows another network than that we are in, its interfaces are not ours. */
static bool
is_taken(const char *name)
{
	return if_nametoindex(name) != 0 && is_for_all(name);
}

struct collection {
	network_interface_list *list;
	bool has_more;
};

static bool
collect(void *context, const char *name)
{
	struct collection *collection = context;
	network_interface_list *list = collection->list;

	if (!is_taken(name))
		return true;
	collection->has_more = list->count == NETWORK_INTERFACES_MAX;
	if (!collection->has_more)
		(void)snprintf(list->item[list->count++], NETWORK_INTERFACE_BYTES, "%s", name);
	return !collection->has_more;
}

static int
take_named(struct ak_call *call, network_interface_list *list)
{
	size_t count = ak_config_count(call, "networkInterface"), i;
	char missing[LIST_BYTES] = "";

	for (i = 0; i < count && i < NETWORK_INTERFACES_MAX; i++) {
		const char *name = ak_config_item(call, "networkInterface", i);

		if (*name == '\0')
			continue;
		if (if_nametoindex(name) == 0)
			text_enlist(missing, sizeof(missing), name);
		(void)snprintf(list->item[list->count++], NETWORK_INTERFACE_BYTES, "%s", name);
	}
	if (*missing != '\0')
		return ak_error(call, "networkInterface: there is no %s", missing);
	return 0;
}

int
network_interfaces_take(struct ak_call *call, bool has_parameter,
    network_interface_list *ret_list, bool *ret_all)
{
	struct collection collection = { .list = ret_list };
	char text[LIST_BYTES] = "";
	int64_t i;

	ret_list->count = 0;
	if (has_parameter && take_named(call, ret_list) == -1)
		return -1;
	*ret_all = ret_list->count == 0;
	if (*ret_all)
		network_interfaces_each(collect, &collection);
	if (collection.has_more)
		return ak_error(call, "There are more than %d network interfaces: name those that "
		    "are meant", NETWORK_INTERFACES_MAX);
	if (ret_list->count == 0)
		return ak_error(call, "No network interface is up");
	for (i = 0; i < ret_list->count; i++)
		text_enlist(text, sizeof(text), ret_list->item[i]);
	ak_message(call, AK_INFO, "Interfaces: %s", text);
	return 0;
}

struct arrival {
	const network_interface_list *known;
	char *list;
	size_t size;
};

static bool
see_arrival(void *context, const char *name)
{
	const struct arrival *arrival = context;
	int64_t i;

	for (i = 0; i < arrival->known->count; i++)
		if (strcmp(arrival->known->item[i], name) == 0)
			return true;
	if (is_taken(name))
		text_enlist(arrival->list, arrival->size, name);
	return true;
}

bool
network_interfaces_later(const network_interface_list *interfaces, char *list, size_t size)
{
	struct arrival arrival = { .known = interfaces, .list = list, .size = size };

	*list = '\0';
	network_interfaces_each(see_arrival, &arrival);
	return *list != '\0';
}
