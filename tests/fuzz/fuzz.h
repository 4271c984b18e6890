/*
 * fuzz.h: a fuzz target, as libFuzzer and replay.c call it.
 *
 * What must never be is checked with fuzz_must(): it aborts, which is a finding.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Called once, before the first input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
/* Called with every input; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not inline, so that the trace says which fact it was. */
static __attribute__((noinline, unused)) void
fuzz_must(bool fact, const char *what)
{
	if (fact)
		return;
	fprintf(stderr, "found: %s\n", what);
	abort();
}

/* Numbers that look random, and are the same for the same input. */
static inline uint32_t
fuzz_seed(const uint8_t *data, size_t size)
{
	uint32_t seed = 2166136261u;

	for (size_t i = 0; i < size; i++)
		seed = (seed ^ data[i]) * 16777619u;
	return seed;
}

/* From 1 to most. */
static inline size_t
fuzz_draw(uint32_t *seed, size_t most)
{
	*seed = *seed * 1664525 + 1013904223;
	return 1 + (size_t)(*seed >> 8) % most;
}

#endif
