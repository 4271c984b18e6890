/*
 * stub.h: an action whose effects are counted, for the fuzz target of requests.
 */
#ifndef TESTS_FUZZ_STUB_H
#define TESTS_FUZZ_STUB_H

#include <stdbool.h>
#include <stddef.h>

#include "core/actionkit.h"
#include "core/base/uuid_text.h"

/* More executions than an input can have. */
#define STUB_EFFECTS_MAX 256

extern const struct ak_action stub_action;
/* Has neither stop() nor work. */
extern const struct ak_action stub_check;

/* The executions whose start() has an effect that no stop() has undone. */
extern char stub_effects[STUB_EFFECTS_MAX][UUID_TEXT_BYTES];
extern size_t stub_effects_count;

/* Set by a handler that did what it was told and failed. */
extern bool stub_failed;
/* From now on no stop() fails. */
extern bool stub_healed;

#endif
