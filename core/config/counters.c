/*
 * counters.c: counts replies in the block of a responder, and sums up the blocks.
 */
#include "config.h"

#include "core/config/counters.h"

#include <stdatomic.h>

const int64_t counters_limits_us[COUNTERS_BUCKETS] = {
	100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000,
	5000000, 30000000, 60000000
};

/* The order of counters among each other means nothing. */
static void
add(_Atomic uint64_t *counter, uint64_t value)
{
	atomic_fetch_add_explicit(counter, value, memory_order_relaxed);
}

/* The entry of a status: the one that has it, or a free one, which is taken. */
static struct counters_replies *
entry_of(struct counters_replies *replies, int64_t status)
{
	int64_t found;
	int i;

	for (i = 0; i < COUNTERS_STATUSES - 1; i++) {
		found = 0;
		if (replies[i].status == status ||
		    atomic_compare_exchange_strong(&replies[i].status, &found, status) ||
		    found == status)
			return &replies[i];
	}
	return &replies[i];
}

void
counters_reply(struct counters *counters, int slot, int kind, int status, int64_t took_us)
{
	struct counters_block *block = &counters->blocks[slot % COUNTERS_BLOCKS];
	int bucket = 0;

	while (bucket < COUNTERS_BUCKETS && took_us > counters_limits_us[bucket])
		bucket++;
	if (bucket < COUNTERS_BUCKETS)
		add(&block->buckets[kind][bucket], 1);
	add(&block->took_us[kind], took_us < 0 ? 0 : (uint64_t)took_us);
	add(&entry_of(block->replies[kind], status)->count, 1);
}

/* The status for all that do not fit is the last entry. */
static void
sum_replies(const struct counters_replies *replies, struct counters_sum *sum, int kind)
{
	for (int i = 0; i < COUNTERS_STATUSES; i++) {
		uint64_t count = replies[i].count;
		int64_t status = replies[i].status;
		int k = 0;

		if (count == 0)
			continue;
		while (k < COUNTERS_STATUSES - 1 && (status == 0 ||
		    (sum->replies[kind][k].status != status &&
		    sum->replies[kind][k].status != 0)))
			k++;
		if (k < COUNTERS_STATUSES - 1)
			sum->replies[kind][k].status = status;
		sum->replies[kind][k].count += count;
		sum->count[kind] += count;
	}
}

void
counters_sum(const struct counters *counters, struct counters_sum *ret_sum)
{
	*ret_sum = (struct counters_sum){ .count = { 0 } };
	for (int i = 0; i < COUNTERS_BLOCKS; i++) {
		const struct counters_block *block = &counters->blocks[i];

		for (int kind = 0; kind < COUNTERS_KINDS; kind++) {
			sum_replies(block->replies[kind], ret_sum, kind);
			for (int k = 0; k < COUNTERS_BUCKETS; k++)
				ret_sum->buckets[kind][k] += block->buckets[kind][k];
			ret_sum->took_us[kind] += block->took_us[kind];
		}
	}
}
