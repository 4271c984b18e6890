/*
 * registry.c: the lists of registered actions, and which of them are offered, and of
 * discoveries; and whether the program that has them was compiled for this library.
 */
#include "config.h"

#include "core/action/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFUSAL_BYTES 512

struct entry {
	const struct ak_action *action;
	bool enabled;
};

static struct entry *entries;
static size_t entries_count;
static bool only_enabled, all_enabled;

static const struct ak_discovery **discoveries;
static size_t discoveries_count;

static char refusal[REFUSAL_BYTES];
static size_t lost;

#define STRUCT_SIZE(name_) { #name_, sizeof(struct name_) },
static const struct {
	const char *name;
	size_t size;
} structs[] = { AK_STRUCTS_(STRUCT_SIZE) };

#define STRUCTS_COUNT (sizeof(structs) / sizeof(structs[0]))

/* Whether a program that was compiled so can be served: 0, or -1 and that is noted. */
static int
check_layout(const struct ak_layout *layout)
{
	size_t i = 0;

	while (i < STRUCTS_COUNT && i < layout->count && layout->sizes[i] == structs[i].size)
		i++;
	if (i == STRUCTS_COUNT && layout->count == STRUCTS_COUNT)
		return 0;
	if (refusal[0] != '\0')
		return -1;
	if (layout->count == STRUCTS_COUNT)
		snprintf(refusal, sizeof(refusal), "was compiled with actionkit.h %s, where "
		    "struct %s has %zu bytes, and runs with the library %s, where it has %zu: "
		    "compile it again", layout->version, structs[i].name, layout->sizes[i],
		    AK_VERSION_TEXT, structs[i].size);
	else
		snprintf(refusal, sizeof(refusal), "was compiled with actionkit.h %s, which "
		    "has %zu structs, and runs with the library %s, which has %zu: "
		    "compile it again", layout->version, layout->count, AK_VERSION_TEXT,
		    STRUCTS_COUNT);
	return -1;
}

const char *
ak_version(void)
{
	return AK_VERSION_TEXT;
}

/* Programs do not look at what ak_register() returns: ak_main() says it. */
static int
lose(void)
{
	lost++;
	return -1;
}

int
ak_register_as(const struct ak_action *action, const struct ak_layout *layout)
{
	struct entry *grown;

	if (check_layout(layout) == -1)
		return -1;
	if (action == NULL)
		return lose();
	grown = realloc(entries, (entries_count + 1) * sizeof(*entries));
	if (grown == NULL)
		return lose();
	entries = grown;
	entries[entries_count++] = (struct entry){ .action = action };
	return 0;
}

int
ak_register_discovery_as(const struct ak_discovery *discovery, const struct ak_layout *layout)
{
	const struct ak_discovery **grown;

	if (check_layout(layout) == -1)
		return -1;
	if (discovery == NULL)
		return lose();
	grown = realloc(discoveries, (discoveries_count + 1) * sizeof(*discoveries));
	if (grown == NULL)
		return lose();
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
	refusal[0] = '\0';
	lost = 0;
}

const char *
registry_refusal(void)
{
	return refusal[0] == '\0' ? NULL : refusal;
}

size_t
registry_lost(void)
{
	return lost;
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
