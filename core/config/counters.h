/*
 * counters.h: what a server has done so far, counted on the scoreboard, for /metrics.
 *
 * They only grow, over restarts too, until the scoreboard is made anew: whoever reads them knows
 * that counters begin anew. Every responder counts in a block of its own, with cache lines that
 * no other one writes to; so a call costs three additions, and waits for nobody.
 */
#ifndef CORE_CONFIG_COUNTERS_H
#define CORE_CONFIG_COUNTERS_H

#include <stdalign.h>
#include <stdint.h>

#include "core/action/description.h"

/* What is asked for: a verb, a discovery, or anything else, such as a list. */
#define COUNTERS_DISCOVER VERB_COUNT
#define COUNTERS_OTHER (VERB_COUNT + 1)
#define COUNTERS_KINDS (VERB_COUNT + 2)

/* Of two generations of 16 responders; where there are more they share. */
#define COUNTERS_BLOCKS 32
/* Different statuses that are told apart; what does not fit is counted with status 0. */
#define COUNTERS_STATUSES 16
#define COUNTERS_BUCKETS 16
#define COUNTERS_CACHE_LINE_BYTES 64

/* The upper limits of the buckets, in microseconds; what is above all is in none. */
extern const int64_t counters_limits_us[COUNTERS_BUCKETS];

struct counters_replies {
	_Atomic int64_t status;		/* 0: not taken, or the one for all that do not fit */
	_Atomic uint64_t count;
};

struct counters_block {
	alignas(COUNTERS_CACHE_LINE_BYTES)
	struct counters_replies replies[COUNTERS_KINDS][COUNTERS_STATUSES];
	_Atomic uint64_t buckets[COUNTERS_KINDS][COUNTERS_BUCKETS]; /* each without those below */
	_Atomic uint64_t took_us[COUNTERS_KINDS];
};

/* What happens to executions, whichever process does it. */
enum counters_event {
	COUNTERS_STARTS,		/* start() ran, and succeeded */
	COUNTERS_START_FAILURES,
	COUNTERS_STOPS_AGENT,		/* stopped, by who wanted it first */
	COUNTERS_STOPS_ACTION,
	COUNTERS_STOPS_EXTENSION,
	COUNTERS_STOPS_OPERATOR,
	COUNTERS_STOPS_ABANDONED,	/* given up by an operator */
	COUNTERS_STOP_FAILURES,		/* attempts that failed, or died */
	COUNTERS_HEARTBEATS_MISSED,	/* executions that are stopped for that */
	COUNTERS_EVENTS
};

struct counters {
	struct counters_block blocks[COUNTERS_BLOCKS];
	_Atomic uint64_t events[COUNTERS_EVENTS];
};

/* Counts a reply of a kind (COUNTERS_OTHER) by the responder in a slot of this number. */
void counters_reply(struct counters *counters, int slot, int kind, int status, int64_t took_us);

/* Sums of all blocks. */
struct counters_sum {
	struct {
		int64_t status;		/* 0 behind the last, and where there was no room */
		uint64_t count;
	} replies[COUNTERS_KINDS][COUNTERS_STATUSES];
	uint64_t buckets[COUNTERS_KINDS][COUNTERS_BUCKETS];
	uint64_t took_us[COUNTERS_KINDS];
	uint64_t count[COUNTERS_KINDS];	/* of all statuses */
};

/* While others count: each counter is read once, all of them not at one moment. */
void counters_sum(const struct counters *counters, struct counters_sum *ret_sum);

#endif
