/*
 * registry.h: the actions and discoveries that this program has.
 *
 * All registered actions can be stopped; only enabled ones are offered, prepared and
 * started.
 */
#ifndef CORE_ACTION_REGISTRY_H
#define CORE_ACTION_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/actionkit.h"

/*
 * Why nothing of the program can be run: it was compiled with another actionkit.h, "was compiled
 * with ...". NULL if nothing is wrong.
 */
const char *registry_refusal(void);

/* How many calls of ak_register() and ak_register_discovery() have failed otherwise. */
size_t registry_lost(void);

size_t registry_count(void);
/* In order of registration; index < registry_count(). */
const struct ak_action *registry_at(size_t index);
/* NULL if there is none. */
const struct ak_action *registry_find(const char *id);

/*
 * Offers only this action, and others named the same way; REGISTRY_ALL stands for all that are
 * not guarded, which are offered without any call. Returns 0, or -1 if there is no such action.
 */
#define REGISTRY_ALL "all"
int registry_enable(const char *id);
bool registry_enabled(const struct ak_action *action);

/* Discoveries, in order of registration. */
size_t registry_discoveries(void);
const struct ak_discovery *registry_discovery_at(size_t index);

#endif
