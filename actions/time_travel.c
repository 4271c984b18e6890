/*
 * time_travel.c: shifts the clock of this host, and sets it right again. Its state keeps what the
 * time was, together with the time since boot, which nobody can set: what the time should be
 * follows from that, however often it is asked. Meanwhile a table of nftables keeps NTP out.
 */
#include <actionkit.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "actions/clocks.h"
#include "actions/nft.h"
#include "actions/this_boot.h"
#include "actions/this_host.h"

#define TRAVEL_MAX_MS (INT64_C(10) * 366 * 86400 * 1000)	/* 10 years */
#define TRAVEL_NEAR_NS INT64_C(2000000000)	/* what clocks may differ by meanwhile, */
#define TRAVEL_NEAR_PART 100			/* and one part in so many of the shift */
#define TRAVEL_RULES_BYTES 512
#define TRAVEL_NTP_PORT 123

struct travel_state {
	char boot[THIS_BOOT_BYTES];
	int64_t offset_ms;
	int64_t real_ns, boot_ns;	/* the time, and since boot, in the same moment */
	bool blocks_ntp;
	bool shifted;			/* the clock, and the table, may have been changed */
};

static const struct ak_field travel_fields[] = {
	AK_TEXT(struct travel_state, boot),
	AK_INT(struct travel_state, offset_ms),
	AK_INT(struct travel_state, real_ns),
	AK_INT(struct travel_state, boot_ns),
	AK_BOOL(struct travel_state, blocks_ntp),
	AK_BOOL(struct travel_state, shifted),
	AK_FIELDS_END
};

static const struct ak_parameter travel_parameters[] = {
	{
		.name = "offset",
		.label = "Offset",
		.description = "How far the clock is put forward.",
		.type = AK_DURATION,
		.required = true,
		.default_value = "60m",
		.min = AK_LIMIT(1000),
		.duration_units = AK_MILLISECONDS | AK_SECONDS | AK_MINUTES | AK_HOURS | AK_DAYS,
	},
	{
		.name = "duration",
		.label = "Duration",
		.description = "How long the clock stays wrong.",
		.type = AK_DURATION,
		.required = true,
		.default_value = "30s",
		.min = AK_LIMIT(1000),
	},
	{
		.name = "disableNtp",
		.label = "Block NTP",
		.description = "Drops UDP port 123 meanwhile, so that nobody sets the clock right.",
		.type = AK_BOOLEAN,
		.default_value = "true",
		.advanced = true,
	},
	AK_PARAMETERS_END
};

static const struct ak_need travel_needs[] = {
	{ .kind = AK_NEED_CAPABILITY, .name = "CAP_SYS_TIME" },
	{ .kind = AK_NEED_CAPABILITY, .name = "CAP_NET_ADMIN", .what_for = "blocking NTP",
	  .optional = true },
	{ .kind = AK_NEED_PROGRAM, .name = NFT_PROGRAM, .package = NFT_PACKAGE,
	  .what_for = "blocking NTP", .optional = true },
	{ .kind = AK_NEED_MODULE, .name = "nf_tables", .what_for = "blocking NTP",
	  .optional = true },
	AK_NEEDS_END
};

static int
clock_set_ns(int64_t ns)
{
	const struct timespec then = {
		.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)
	};

	return clock_settime(CLOCK_REALTIME, &then);
}

static void
travel_rules(const struct ak_call *call, char rules[TRAVEL_RULES_BYTES])
{
	char table[NFT_TABLE_BYTES];

	nft_table(call, table);
	(void)snprintf(rules, TRAVEL_RULES_BYTES,
	    "table inet %s {\n"
	    "  comment \"actionkit %s\"\n"
	    "  chain in { type filter hook input priority -400; udp dport %d drop; "
	    "udp sport %d drop; }\n"
	    "  chain out { type filter hook output priority -400; udp dport %d drop; "
	    "udp sport %d drop; }\n"
	    "}\n", table, ak_execution_id(call), TRAVEL_NTP_PORT, TRAVEL_NTP_PORT, TRAVEL_NTP_PORT,
	    TRAVEL_NTP_PORT);
}

static int
travel_prepare(struct ak_call *call, void *state)
{
	struct travel_state *s = state;
	char rules[TRAVEL_RULES_BYTES];

	if (this_host_check(call) == -1 || this_boot(call, s->boot) == -1)
		return -1;
	s->offset_ms = ak_config_duration(call, "offset");
	s->blocks_ntp = ak_config_boolean(call, "disableNtp");
	if (s->offset_ms > TRAVEL_MAX_MS)
		return ak_error(call, "offset: is more than 10 years");
	travel_rules(call, rules);
	/* It is only looked whether that could be done. */
	if (s->blocks_ntp && nft_check(call, rules, "Block NTP") == -1)
		return -1;
	return ak_claim(call, "clock");
}

static int
travel_start(struct ak_call *call, void *state)
{
	struct travel_state *s = state;
	char rules[TRAVEL_RULES_BYTES];

	if (s->offset_ms < 1 || s->offset_ms > TRAVEL_MAX_MS)
		return ak_error(call, "This execution was not prepared");
	s->boot_ns = clocks_ns(CLOCK_BOOTTIME);
	s->real_ns = clocks_ns(CLOCK_REALTIME);
	s->shifted = true;
	if (ak_save(call) == -1)
		return -1;
	travel_rules(call, rules);
	if (s->blocks_ntp && nft_add(call, rules) == -1)
		return -1;
	if (clock_set_ns(clocks_ns(CLOCK_REALTIME) + s->offset_ms * NS_PER_MS) == -1)
		return ak_errno(call, "Failed to set the clock");
	ak_message(call, AK_INFO, "The clock is %" PRId64 " s ahead", s->offset_ms / 1000);
	return 0;
}

/* How far the clock is from what it should be. */
static int64_t
travel_deviation_ns(const struct travel_state *s)
{
	return clocks_ns(CLOCK_REALTIME) - s->real_ns - (clocks_ns(CLOCK_BOOTTIME) - s->boot_ns);
}

/* Whether the clock is where we have put it. */
static bool
travel_is_ours(const struct travel_state *s, int64_t deviation_ns)
{
	int64_t offset_ns = s->offset_ms * NS_PER_MS;

	return llabs(deviation_ns - offset_ns) <= TRAVEL_NEAR_NS + offset_ns / TRAVEL_NEAR_PART;
}

static int
travel_status(struct ak_call *call, void *state)
{
	const struct travel_state *s = state;

	if (!travel_is_ours(s, travel_deviation_ns(s)))
		ak_message(call, AK_WARN, "Somebody has set the clock: the shift is gone");
	return 0;
}

static int
travel_set_right(struct ak_call *call, const struct travel_state *s)
{
	int64_t deviation_ns = travel_deviation_ns(s);

	if (!travel_is_ours(s, deviation_ns)) {
		if (llabs(deviation_ns) > TRAVEL_NEAR_NS)
			ak_message(call, AK_WARN, "Somebody has set the clock: it is left as it "
			    "is");
		return 0;
	}
	/* Never "minus offset": that would be done twice by a second attempt. */
	if (clock_set_ns(s->real_ns + clocks_ns(CLOCK_BOOTTIME) - s->boot_ns) == -1)
		return ak_errno(call, "Failed to set the clock right");
	ak_message(call, AK_INFO, "The clock is right again");
	return 0;
}

/* First the clock: NTP must see a right one. */
static int
travel_stop(struct ak_call *call, void *state)
{
	const struct travel_state *s = state;

	if (!s->shifted)
		return 0;
	if (!this_boot_is(s->boot)) {
		ak_message(call, AK_WARN, "The machine was booted while its clock was shifted: "
		    "check the clock");
		return 0;
	}
	if (travel_set_right(call, s) == -1)
		return -1;
	return s->blocks_ntp ? nft_remove(call, "inet") : 0;
}

const struct ak_action action_time_travel = {
	.id = "org.actionkit.time-travel",
	.label = "Time travel",
	.version = "1.0.0",
	.description = "Puts the clock of the host forward, and right again at the end.",
	.technology = THIS_HOST_TECHNOLOGY,
	.category = "State",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.parameters = travel_parameters,
	.target_selection = &this_host_targets,
	.hint = { AK_HINT_WARNING, "Certificates and tokens may expire, cron may run, and logs and "
	    "caches may be removed for their age." },
	/* The agent's, which goes by the clock; ours does not. */
	.flags = AK_GUARDED | AK_DISABLE_HEARTBEAT,
	.state = AK_STATE(struct travel_state, travel_fields),
	.call_interval = "5s",
	.needs = travel_needs,
	.prepare = travel_prepare,
	.start = travel_start,
	.status = travel_status,
	.stop = travel_stop,
};
