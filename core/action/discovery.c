/*
 * discovery.c: which discoveries are offered, how this host is called, and what its type is.
 */
#include "config.h"

#include "core/action/discovery.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "core/action/registry.h"

/* extension-host's, for those who replace it. */
#define EXTENSION_HOST_TYPE "com.steadybit.extension_host.host"

const char *const discovery_host_types[] = { AK_TARGET_HOST, EXTENSION_HOST_TYPE, NULL };

static struct discovery_settings current;

void
discovery_set(const struct discovery_settings *settings)
{
	current = *settings;
}

const struct discovery_settings *
discovery_settings(void)
{
	return &current;
}

bool
discovery_name_is_reserved(const char *name)
{
	static const char *const reserved[] = {
		DISCOVERY_LABEL, "steadybit.extension", DISCOVERY_GROUP
	};
	size_t i;

	for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strcmp(name, reserved[i]) == 0)
			return true;
	return false;
}

bool
discovery_offered(const struct ak_discovery *discovery)
{
	return !current.host_hidden || strcmp(discovery->id, DISCOVERY_HOST) != 0;
}

size_t
discovery_offered_count(void)
{
	size_t i, count = 0;

	for (i = 0; i < registry_discoveries(); i++)
		if (discovery_offered(registry_discovery_at(i)))
			count++;
	return count;
}

static bool
is_said(const char *text)
{
	return text != NULL && *text != '\0';
}

static bool
is_host(const char *type)
{
	return type != NULL && strcmp(type, AK_TARGET_HOST) == 0;
}

const char *
discovery_type(const char *type)
{
	return is_host(type) && is_said(current.host_type) ? current.host_type : type;
}

struct ak_plural
discovery_type_label(const struct ak_target_type *type)
{
	/* As extension-host says it, so that people see the same in its place. */
	if (is_host(type->id) && strcmp(discovery_type(type->id), EXTENSION_HOST_TYPE) == 0)
		return (struct ak_plural){ "Linux Host", "Linux Hosts" };
	return type->label;
}

const char *
ak_host_name(void)
{
	static char name[HOST_NAME_MAX + 1];

	if (is_said(current.host_name))
		return current.host_name;
	if (gethostname(name, sizeof(name)) == -1)
		name[0] = '\0';
	name[sizeof(name) - 1] = '\0';
	return name;
}

const char *
ak_domain_name(void)
{
	return is_said(current.domain_name) ? current.domain_name : NULL;
}
