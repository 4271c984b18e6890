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

/* What experiments name hosts by. */
#define HOST_NAME_ATTRIBUTE "host.hostname"

int
option_host_type(const struct option *option, const char *text, void *member, struct err *err)
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
int
option_attribute_value(const struct option *option, const char *text, void *member,
    struct err *err)
{
	if (strlen(text) >= option->size)
		return err_set(err, ERR_USAGE, "is too long");
	if (!utf8_valid(text, strlen(text)))
		return err_set(err, ERR_USAGE, "is not UTF-8");
	memcpy(member, text, strlen(text) + 1);
	return 0;
}

/* "key", or "how.keys.begin*". */
int
option_attribute_exclude(const struct option *option, const char *text, void *member,
    struct err *err)
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
