/*
 * registry.c: the lists of registered actions, and which of them are offered, and of
 * discoveries.
 */
#include "config.h"

#include "core/action/registry.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	const struct ak_action *action;
	bool enabled;
};

static struct entry *entries;
static size_t entries_count;
static bool only_enabled, all_enabled;

static const struct ak_discovery **discoveries;
static size_t discoveries_count;

int
ak_register(const struct ak_action *action)
{
	struct entry *grown;

	if (action == NULL)
		return -1;
	grown = realloc(entries, (entries_count + 1) * sizeof(*entries));
	if (grown == NULL)
		return -1;
	entries = grown;
	entries[entries_count++] = (struct entry){ .action = action };
	return 0;
}

int
ak_register_discovery(const struct ak_discovery *discovery)
{
	const struct ak_discovery **grown;

	if (discovery == NULL)
		return -1;
	grown = realloc(discoveries, (discoveries_count + 1) * sizeof(*discoveries));
	if (grown == NULL)
		return -1;
	discoveries = grown;
	discoveries[discoveries_count++] = discovery;
	return 0;
}

void
ak_registry_clear(void)
{
	free(discoveries);
	discoveries = NULL;
	discoveries_count = 0;
	free(entries);
	entries = NULL;
	entries_count = 0;
	only_enabled = all_enabled = false;
}

size_t
registry_count(void)
{
	return entries_count;
}

const struct ak_action *
registry_at(size_t index)
{
	return entries[index].action;
}

/* Ids may be missing or double as long as verify_registry() has not looked. */
static struct entry *
find(const char *id)
{
	size_t i;

	for (i = 0; i < entries_count; i++)
		if (entries[i].action->id != NULL &&
		    strcmp(entries[i].action->id, id) == 0)
			return &entries[i];
	return NULL;
}

const struct ak_action *
registry_find(const char *id)
{
	struct entry *entry = find(id);

	return entry == NULL ? NULL : entry->action;
}

int
registry_enable(const char *id)
{
	struct entry *entry = find(id);

	if (entry != NULL)
		entry->enabled = true;
	else if (strcmp(id, REGISTRY_ALL) == 0)
		all_enabled = true;
	else
		return -1;
	only_enabled = true;
	return 0;
}

bool
registry_enabled(const struct ak_action *action)
{
	bool guarded = (action->flags & AK_GUARDED) != 0;
	size_t i;

	if (!guarded && (!only_enabled || all_enabled))
		return true;
	for (i = 0; i < entries_count; i++)
		if (entries[i].action == action)
			return entries[i].enabled;
	return false;
}

size_t
registry_discoveries(void)
{
	return discoveries_count;
}

const struct ak_discovery *
registry_discovery_at(size_t index)
{
	return discoveries[index];
}
