/*
 * check_discovery.c: the part of `actionkit check` that is about discoveries.
 */
#include "config.h"

#include "cli/check_discovery.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/action/discover.h"
#include "core/action/discovery.h"
#include "core/action/registry.h"
#include "core/base/clock.h"
#include "core/base/json.h"

#define WARNING_BYTES 2048
#define PATH_BYTES 512
#define LINE_BYTES 1024

/* Where agents read which extensions there are. */
#define REGISTRATIONS "/etc/steadybit/extensions.d"
#define EXTENSION_HOST "extension-host"
#define EXTENSION_HOST_SOCKET "/run/steadybit/extension-host.sock"

struct looking {
	const struct options *options;
	void (*warn)(void *context, const char *text);
	void *context;
};

static void AK_PRINTF(2, 3)
warn(const struct looking *looking, const char *format, ...)
{
	char text[WARNING_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	looking->warn(looking->context, text);
}

/* The number of targets; 0 where it fails. */
static size_t
try_discovery(const struct looking *looking, const struct ak_discovery *discovery)
{
	struct json_object *error = NULL, *data = NULL;
	size_t length, count = 0;
	struct err err;
	char *text;

	if (discover(discovery, clock_boot_ms() + looking->options->handler_timeout_ms, &text,
	    &length, &error, &err) == -1) {
		warn(looking, "%s: %s", discovery->id, err.msg);
		json_object_put(error);
		return 0;
	}
	if (json_parse_within(text, length, JSON_VALUES_ANY, &data, &err) == 0)
		count = json_count(json_member(data, "targets"));
	json_object_put(data);
	free(text);
	return count;
}

static bool
is_container(void)
{
	return access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0 ||
	    getenv("KUBERNETES_SERVICE_HOST") != NULL || getenv("container") != NULL;
}

/* Whether a registration of an agent has this text somewhere. */
static bool
has_text(const char *name, const char *text)
{
	char path[PATH_BYTES], line[LINE_BYTES];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), REGISTRATIONS "/%s", name);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = strstr(line, text) != NULL;
	fclose(file);
	return found;
}

/* What other extensions the agent of this host knows, and whether it asks us for targets. */
static void
look_at_registrations(const struct looking *looking, bool *ret_extension_host)
{
	DIR *directory = opendir(REGISTRATIONS);
	struct dirent *entry;

	*ret_extension_host = access(EXTENSION_HOST_SOCKET, F_OK) == 0;
	if (directory == NULL)
		return;
	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (strstr(entry->d_name, EXTENSION_HOST) != NULL)
			*ret_extension_host = true;
		if (strstr(entry->d_name, "actionkit") != NULL &&
		    has_text(entry->d_name, "types:") && !has_text(entry->d_name, "DISCOVERY"))
			warn(looking, REGISTRATIONS "/%s: without DISCOVERY among its types the "
			    "agent asks for no targets", entry->d_name);
	}
	closedir(directory);
}

static void
look_at_host(const struct looking *looking)
{
	const struct discovery_options *options = &looking->options->discovery;
	bool extension_host;

	look_at_registrations(looking, &extension_host);
	if (extension_host && strcmp(options->host_type, AK_TARGET_HOST) != 0)
		warn(looking, EXTENSION_HOST " tells of this host, too, under the same type: use "
		    "--discover-host no, or --host-type " AK_TARGET_HOST);
	if (is_container() && options->host_name[0] == '\0')
		warn(looking, "this is a container, and its name \"%s\" is told as the host's: set "
		    "--hostname to that of the machine", ak_host_name());
}

size_t
check_discovery(const struct options *options,
    void (*warn_)(void *context, const char *text), void *context)
{
	const struct looking looking = { .options = options, .warn = warn_, .context = context };
	const struct ak_discovery *discovery;
	size_t i, targets = 0;

	for (i = 0; i < registry_discoveries(); i++) {
		discovery = registry_discovery_at(i);
		if (!discovery_offered(discovery))
			continue;
		targets += try_discovery(&looking, discovery);
		if (strcmp(discovery->id, DISCOVERY_HOST) == 0)
			look_at_host(&looking);
	}
	return targets;
}
