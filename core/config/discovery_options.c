/*
 * discovery_options.c: reads the options of discoveries, and puts them into effect.
 */
#include "config.h"

#include "core/config/discovery_options.h"

#include <stdlib.h>
#include <string.h>

#include "core/action/discovery.h"
#include "core/base/utf8.h"
#include "core/config/option_values.h"
#include "core/config/options.h"

/* What experiments name hosts by. */
#define HOST_NAME_ATTRIBUTE "host.hostname"

#define MEMBER(name_) OPTION_MEMBER(struct options, discovery.name_)

static int
read_host_type(const struct option *option, const char *text, void *member, struct err *err)
{
	const char *const *type;

	(void)option;
	for (type = discovery_host_types; *type != NULL; type++)
		if (strcmp(*type, text) == 0) {
			memcpy(member, text, strlen(text) + 1);
			return 0;
		}
	return err_set(err, ERR_USAGE, "must be %s or %s", discovery_host_types[0],
	    discovery_host_types[1]);
}

/* A text that is a value of an attribute. */
static int
read_name(const struct option *option, const char *text, void *member, struct err *err)
{
	if (strlen(text) >= option->size)
		return err_set(err, ERR_USAGE, "is too long");
	if (!utf8_valid(text, strlen(text)))
		return err_set(err, ERR_USAGE, "is not UTF-8");
	memcpy(member, text, strlen(text) + 1);
	return 0;
}

/* "key", or "how.keys.begin*". */
static int
read_exclude(const struct option *option, const char *text, void *member, struct err *err)
{
	const char *star = strchr(text, '*');

	(void)option;
	if (*text == '\0')
		return err_set(err, ERR_USAGE, "must not be empty");
	if (star != NULL && star[1] != '\0')
		return err_set(err, ERR_USAGE, "may have a * at its end only");
	if (star == NULL ? strcmp(text, HOST_NAME_ATTRIBUTE) == 0 :
	    strncmp(text, HOST_NAME_ATTRIBUTE, (size_t)(star - text)) == 0)
		return err_set(err, ERR_USAGE, HOST_NAME_ATTRIBUTE " cannot be excluded: "
		    "experiments name hosts by it");
	return option_list_add(text, member, err);
}

const struct option discovery_options_table[] = {
	{ .name = "host-type", .argument = "TYPE", .preset = AK_TARGET_HOST,
	  .help = "Type of this host as a target, in its discovery and in actions: "
	    AK_TARGET_HOST ", or com.steadybit.extension_host.host in place of extension-host.",
	  .parse = read_host_type, MEMBER(host_type) },
	{ .name = "discover-host", .argument = "ANSWER", .preset = "yes",
	  .help = "Whether this host is told as a target: yes or no.",
	  .parse = option_yes_no, MEMBER(host) },
	{ .name = "hostname", .argument = "NAME", .also = "STEADYBIT_EXTENSION_HOSTNAME",
	  .help = "How this host is called as a target. In a container, that of the machine. The "
	    "system's name if it is not given.",
	  .parse = read_name, MEMBER(host_name) },
	{ .name = "domainname", .argument = "NAME",
	  .help = "Its name with the domain. From /etc/hosts if it is not given.",
	  .parse = read_name, MEMBER(domain_name) },
	{ .name = "discovery-group", .argument = "NAME",
	  .also = "STEADYBIT_EXTENSION_DISCOVERY_GROUP",
	  .help = "steadybit.group of all targets. None if it is not given.",
	  .parse = read_name, MEMBER(group) },
	{ .name = "exclude-attribute", .argument = "KEY", .separator = ",",
	  .also = "STEADYBIT_EXTENSION_DISCOVERY_ATTRIBUTES_EXCLUDES_HOST",
	  .help = "An attribute that is not told of targets; with a * at its end, all that "
	    "begin so. May be repeated; the variable is a list with commas.",
	  .parse = read_exclude, MEMBER(exclude_attribute) },
	OPTIONS_END
};

int
discovery_options_apply(const struct discovery_options *options, struct err *err)
{
	static const char *const filters[] = {
		"STEADYBIT_EXTENSION_DISCOVERY_EXCLUDE_QUERY",
		"STEADYBIT_EXTENSION_DISCOVERY_EXCLUDE_QUERY_FILE",
		"STEADYBIT_EXTENSION_DISCOVERY_INCLUDE_QUERY",
		"STEADYBIT_EXTENSION_DISCOVERY_INCLUDE_QUERY_FILE",
	};
	const struct discovery_settings settings = {
		.host_type = options->host_type,
		.host_hidden = !options->host,
		.host_name = options->host_name,
		.domain_name = options->domain_name,
		.group = options->group,
		.excludes = options->exclude_attribute.items,
		.excludes_count = options->exclude_attribute.count
	};
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		value = getenv(filters[i]);
		if (value != NULL && *value != '\0')
			return err_set(err, ERR_USAGE, "%s: there is no query language here, "
			    "and no target would be left out: unset it, or use "
			    "--discover-host no", filters[i]);
	}
	discovery_set(&settings);
	return 0;
}
