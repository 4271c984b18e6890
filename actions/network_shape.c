/*
 * network_shape.c: makes and removes the devices and filters of an execution with ip and tc.
 * Persists nothing: all of it is known again by the execution's id.
 */
#include "actions/network_shape.h"

#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions/network_rules.h"
#include "actions/nft.h"
#include "actions/text.h"

#define IFB "/sys/module/ifb"
#define IFB_DIGITS 10			/* of the execution's, in a device's name, */
#define IFB_NUMBER_DIGITS 2		/* and of its number behind them */
#define IFB_NAME_BYTES NETWORK_INTERFACE_BYTES
#define PRIORITY "49000"		/* of our filters */
#define PRIORITY_MEMBER "\"pref\":"	/* as tc -j writes it */
#define BATCH_BYTES 65536
#define WAIT_STEP_MS 20
#define MTU_DEFAULT 1500
/* The mark of a packet is had at this place, linux/filter.h: SKF_AD_OFF + SKF_AD_MARK. */
#define BPF_MARK 4294963220U
#define BPF_OURS 4294901760U		/* 0xffff0000: the bits of it that are ours */

/* Of the upper 16 bits, which are ours; never 0. */
static uint32_t
mark_of(const struct ak_call *call)
{
	char tag[NFT_TAG_BYTES];
	uint32_t mark;

	nft_tag(call, tag);
	mark = (uint32_t)strtoul(tag + strlen(tag) - 4, NULL, 16);
	return (mark == 0 ? 1U : mark) << 16;
}

void
network_shape_statement(const struct ak_call *call, char statement[NETWORK_SHAPE_STATEMENT_BYTES])
{
	(void)snprintf(statement, NETWORK_SHAPE_STATEMENT_BYTES,
	    NETWORK_COUNT " meta mark set meta mark and 0x0000ffff or 0x%08" PRIx32,
	    mark_of(call));
}

static void
alias_of(const struct ak_call *call, char alias[MACHINE_LINE_BYTES])
{
	(void)snprintf(alias, MACHINE_LINE_BYTES, NETWORK_ALIAS "%s", ak_execution_id(call));
}

/* Runs it; what it says is text that is valid until the next one. Returns 0, 1 if it failed, -1. */
static int
ask(struct ak_call *call, const char *const *argv, const char **ret_text)
{
	const struct ak_exec exec = { .argv = argv, .out = AK_EXEC_TEXT, .err = AK_EXEC_TEXT };
	struct ak_exec_end end;

	if (ak_exec(call, &exec, &end) == -1)
		return -1;
	*ret_text = end.out;
	return end.exit_status == 0 ? 0 : 1;
}

static int
run(struct ak_call *call, const char *const *argv, const char *input)
{
	const struct ak_exec exec = { .argv = argv, .input = input };

	return ak_exec(call, &exec, NULL);
}

static int
ask_filters(struct ak_call *call, const char *name, const char *side, const char **ret_text)
{
	const char *const argv[] = { "tc", "-j", "filter", "show", "dev", name, side, NULL };

	return ask(call, argv, ret_text);
}

/* Whether the list of tc -j has anything in it. */
static bool
is_empty_list(const char *text)
{
	return strchr(text, '{') == NULL;
}

/* Whether a filter of the list of tc -j comes before ours. */
static bool
has_earlier(const char *text)
{
	for (; (text = strstr(text, PRIORITY_MEMBER)) != NULL; text += strlen(PRIORITY_MEMBER))
		if (strtol(text + strlen(PRIORITY_MEMBER), NULL, 10) <
		    strtol(PRIORITY, NULL, 10))
			return true;
	return false;
}

/* One of them may take a packet before we see it. */
static int
warn_of_others(struct ak_call *call, const char *interface)
{
	const char *text;
	int result = ask_filters(call, interface, "egress", &text);

	if (result == 0 && has_earlier(text))
		ak_message(call, AK_WARN, "%s has filters of others, which come first: what they "
		    "let pass or take is not affected (tc filter show dev %s egress)", interface,
		    interface);
	return result == -1 ? -1 : 0;
}

int
network_shape_look(struct ak_call *call, const network_interface_list *interfaces,
    network_interface_list *ret_lacking)
{
	int64_t i;

	ret_lacking->count = 0;
	for (i = 0; i < interfaces->count; i++) {
		const char *const argv[] = {
			"tc", "qdisc", "show", "dev", interfaces->item[i], NULL
		};
		const char *text;

		if (ask(call, argv, &text) == -1)
			return -1;
		if (strstr(text, "qdisc clsact") == NULL && strstr(text, "qdisc ingress") == NULL)
			(void)snprintf(ret_lacking->item[ret_lacking->count++],
			    NETWORK_INTERFACE_BYTES, "%s", interfaces->item[i]);
		else if (warn_of_others(call, interfaces->item[i]) == -1)
			return -1;
	}
	return 0;
}

static void
device_name(const struct ak_call *call, int64_t number, char name[IFB_NAME_BYTES])
{
	char tag[NFT_TAG_BYTES];

	nft_tag(call, tag);
	(void)snprintf(name, IFB_NAME_BYTES, "ak%.*s%02d", IFB_DIGITS, tag,
	    (int)(number % (NETWORK_INTERFACES_MAX + 1)));
}

/* What tc or ip does, a line each. */
static char batch[BATCH_BYTES];

static int
batch_run(struct ak_call *call, const char *program)
{
	const char *const argv[] = { program, "-batch", "-", NULL };

	return run(call, argv, batch);
}

/* Without the parameter the module makes two devices nobody asked for. */
static void
load_ifb(struct ak_call *call)
{
	const char *const argv[] = { "modprobe", "ifb", "numifbs=0", NULL };
	const char *text;

	if (access(IFB, F_OK) == -1 && ask(call, argv, &text) == -1)
		ak_message(call, AK_WARN, "The module ifb could not be loaded with modprobe");
}

static int
make_devices(struct ak_call *call, const network_interface_list *interfaces)
{
	struct text text = TEXT_IN(batch);
	char name[IFB_NAME_BYTES], alias[MACHINE_LINE_BYTES];
	int64_t i;

	alias_of(call, alias);
	for (i = 0; i < interfaces->count; i++) {
		device_name(call, i, name);
		text_put(&text, "link add dev %s type ifb\n", name);
		text_put(&text, "link set dev %s alias \"%s\"\n", name, alias);
		text_put(&text, "link set dev %s up\n", name);
	}
	return batch_run(call, "ip");
}

static int64_t
mtu_of(const char *name)
{
	char text[MACHINE_LINE_BYTES];
	int64_t mtu;

	network_interface_read(name, "mtu", text);
	mtu = strtoll(text, NULL, 10);
	return mtu <= 0 ? MTU_DEFAULT : mtu;
}

/* Puts a number in place of each "max(N,MTU*K)", which tc does not know. */
static void
expand(const char *qdisc, int64_t mtu, char expanded[NETWORK_QDISC_BYTES])
{
	size_t used = 0;

	while (*qdisc != '\0' && used < NETWORK_QDISC_BYTES - 1) {
		int64_t least, factor;
		int length;

		if (sscanf(qdisc, "max(%" SCNd64 ",MTU*%" SCNd64 ")%n", &least, &factor,
		    &length) == 2) {
			int64_t value = mtu * factor > least ? mtu * factor : least;

			used += (size_t)snprintf(expanded + used, NETWORK_QDISC_BYTES - used,
			    "%" PRId64, value);
			qdisc += length;
		} else {
			expanded[used++] = *qdisc++;
		}
	}
	expanded[used < NETWORK_QDISC_BYTES ? used : NETWORK_QDISC_BYTES - 1] = '\0';
}

/*
 * The filter takes what is marked, takes the mark away, so that filters of others do not see it,
 * and sends it to the device. The second one lets the others see the rest: without any, the kernel
 * would hide what comes back from the device from whoever listens.
 */
static void
add_filters(const struct ak_call *call, struct text *text, const char *interface,
    const char *device, bool is_whole)
{
	char tag[NFT_TAG_BYTES];

	nft_tag(call, tag);
	text_put(text, "filter add dev %s egress protocol all prio " PRIORITY " handle 1 bpf "
	    "bytecode \"5,32 0 0 %u,84 0 0 %u,21 0 1 %" PRIu32 ",6 0 0 4294967295,6 0 0 0\" ",
	    interface, BPF_MARK, BPF_OURS, mark_of(call));
	if (is_whole)
		text_put(text, "action skbedit mark 0/0xffff0000 pipe ");
	text_put(text, "action mirred egress redirect dev %s cookie %s\n", device, tag);
	if (is_whole)
		text_put(text, "filter add dev %s egress protocol all prio " PRIORITY " handle 2 "
		    "bpf bytecode \"1,6 0 0 4294967295\" action continue\n", interface);
}

static int
make_filters(struct ak_call *call, const network_interface_list *interfaces, bool is_whole)
{
	struct text text = TEXT_IN(batch);
	const char *const argv[] = { "tc", "-batch", "-", NULL };
	const struct ak_exec exec = { .argv = argv, .input = batch, .err = AK_EXEC_TEXT };
	struct ak_error_details details = { .status = AK_ERRORED };
	char name[IFB_NAME_BYTES];
	struct ak_exec_end end;
	int64_t i;

	for (i = 0; i < interfaces->count; i++) {
		device_name(call, i, name);
		add_filters(call, &text, interfaces->item[i], name, is_whole);
	}
	if (ak_exec(call, &exec, &end) == -1)
		return -1;
	if (end.exit_status == 0 || is_whole)
		return end.exit_status == 0 ? 0 : 1;
	details.detail = end.err;
	return ak_error_as(call, &details, "The filters cannot be made: tc failed");
}

static int remove_filters(struct ak_call *call, const char *interface);

static int
begin_filters(struct ak_call *call, const network_interface_list *interfaces)
{
	int result = make_filters(call, interfaces, true);
	int64_t i;

	if (result != 1)
		return result;
	/* A kernel without act_skbedit or act_gact. What was made of it goes first. */
	for (i = 0; i < interfaces->count; i++)
		if (remove_filters(call, interfaces->item[i]) == -1)
			return -1;
	ak_message(call, AK_WARN, "This kernel cannot take our mark away from packets: filters "
	    "that look at the upper 16 bits of a mark see it");
	return make_filters(call, interfaces, false);
}

int
network_shape_begin(struct ak_call *call, const network_interface_list *interfaces,
    const network_interface_list *lacking, const char *qdisc)
{
	struct text text = TEXT_IN(batch);
	char name[IFB_NAME_BYTES], expanded[NETWORK_QDISC_BYTES];
	int64_t i;

	load_ifb(call);
	if (make_devices(call, interfaces) == -1)
		return -1;
	for (i = 0; i < interfaces->count; i++) {
		device_name(call, i, name);
		expand(qdisc, mtu_of(interfaces->item[i]), expanded);
		text_put(&text, "qdisc add dev %s root %s\n", name, expanded);
	}
	for (i = 0; i < lacking->count; i++)
		text_put(&text, "qdisc add dev %s clsact\n", lacking->item[i]);
	if (batch_run(call, "tc") == -1)
		return -1;
	return begin_filters(call, interfaces);
}

/* Only where they are ours: they have our cookie, also when their device is gone. */
static int
remove_filters(struct ak_call *call, const char *interface)
{
	const char *const argv[] = {
		"tc", "filter", "del", "dev", interface, "egress", "prio", PRIORITY, NULL
	};
	char tag[NFT_TAG_BYTES];
	const char *text;
	int result = ask_filters(call, interface, "egress", &text);

	nft_tag(call, tag);
	/* An interface that is gone has no filters. */
	if (result != 0 || strstr(text, tag) == NULL)
		return result == -1 ? -1 : 0;
	return run(call, argv, NULL);
}

struct removal {
	struct ak_call *call;
	char alias[MACHINE_LINE_BYTES];
	char prefix[IFB_NAME_BYTES];	/* of the names of our devices, without the number */
	network_interface_list devices;	/* of ours */
	int result;
};

/* It has its name before it has its alias: who is killed in between leaves only that. */
static bool
is_our_device(const struct removal *removal, const char *name)
{
	char alias[MACHINE_LINE_BYTES];

	network_interface_read(name, "ifalias", alias);
	return strcmp(alias, removal->alias) == 0 || (*alias == '\0' &&
	    strncmp(name, removal->prefix, strlen(removal->prefix)) == 0);
}

static bool
find_device(void *context, const char *name)
{
	struct removal *removal = context;
	network_interface_list *devices = &removal->devices;

	if (is_our_device(removal, name))
		(void)snprintf(devices->item[devices->count++], NETWORK_INTERFACE_BYTES, "%s",
		    name);
	return devices->count < NETWORK_INTERFACES_MAX;
}

/* On whatever device they are: the state may be lost. */
static bool
find_filters(void *context, const char *name)
{
	struct removal *removal = context;

	removal->result = remove_filters(removal->call, name);
	return removal->result == 0;
}

/* Packets that wait in our devices; -1 with the call's error. */
static int64_t
count_waiting(struct ak_call *call, const network_interface_list *devices)
{
	int64_t waiting = 0, i;

	for (i = 0; i < devices->count; i++) {
		const char *const argv[] = {
			"tc", "-s", "qdisc", "show", "dev", devices->item[i], NULL
		};
		const char *text, *backlog;
		int64_t packets;

		if (ask(call, argv, &text) == -1)
			return -1;
		backlog = strstr(text, "backlog ");
		if (backlog != NULL && sscanf(backlog, "backlog %*s %" SCNd64 "p", &packets) == 1)
			waiting += packets;
	}
	return waiting;
}

static int
wait_for_packets(struct ak_call *call, const network_interface_list *devices, int64_t wait_ms)
{
	int64_t waiting = count_waiting(call, devices);

	for (; waiting > 0 && wait_ms > 0; wait_ms -= WAIT_STEP_MS) {
		(void)poll(NULL, 0, WAIT_STEP_MS);
		waiting = count_waiting(call, devices);
	}
	if (waiting > 0)
		ak_message(call, AK_WARN, "%" PRId64 " packets were waiting, and are lost",
		    waiting);
	return waiting == -1 ? -1 : 0;
}

/* A place for filters that we have made, unless others use it by now. */
static int
remove_place(struct ak_call *call, const char *interface)
{
	const char *const argv[] = { "tc", "qdisc", "del", "dev", interface, "clsact", NULL };
	const char *text;
	int result = ask_filters(call, interface, "egress", &text);

	if (result != 0 || !is_empty_list(text))
		return result == -1 ? -1 : 0;
	result = ask_filters(call, interface, "ingress", &text);
	if (result != 0 || !is_empty_list(text))
		return result == -1 ? -1 : 0;
	return ask(call, argv, &text) == -1 ? -1 : 0;
}

int
network_shape_end(struct ak_call *call, const network_interface_list *lacking, int64_t wait_ms)
{
	static struct removal removal;
	int64_t i;

	removal.call = call;
	removal.devices.count = 0;
	removal.result = 0;
	alias_of(call, removal.alias);
	device_name(call, 0, removal.prefix);
	removal.prefix[strlen(removal.prefix) - IFB_NUMBER_DIGITS] = '\0';
	network_interfaces_each(find_device, &removal);
	if (wait_for_packets(call, &removal.devices, wait_ms) == -1)
		return -1;
	/* The filters first: one that leads to a device that is gone swallows packets. */
	network_interfaces_each(find_filters, &removal);
	if (removal.result == -1)
		return -1;
	for (i = 0; i < removal.devices.count; i++) {
		const char *const argv[] = {
			"ip", "link", "del", "dev", removal.devices.item[i], NULL
		};

		if (run(call, argv, NULL) == -1)
			return -1;
	}
	for (i = 0; i < lacking->count; i++)
		if (remove_place(call, lacking->item[i]) == -1)
			return -1;
	return 0;
}
