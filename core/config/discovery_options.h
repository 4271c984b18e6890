/*
 * discovery_options.h: the options of discoveries.
 */
#ifndef CORE_CONFIG_DISCOVERY_OPTIONS_H
#define CORE_CONFIG_DISCOVERY_OPTIONS_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/config/option_table.h"

#define DISCOVERY_NAME_BYTES 256

struct discovery_options {
	char host_type[DISCOVERY_NAME_BYTES];
	bool host;			/* whether this host is discovered */
	char host_name[DISCOVERY_NAME_BYTES];	/* empty: the system's */
	char domain_name[DISCOVERY_NAME_BYTES];	/* empty: what the host's files say */
	char group[DISCOVERY_NAME_BYTES];	/* empty: none */
	struct option_list exclude_attribute;
};

/*
 * Parsers of rows (option_values.h): one of the types that this host may have; the value of an
 * attribute, an array of char; a struct option_list of attributes, each maybe with a last '*'.
 */
int option_host_type(const struct option *option, const char *text, void *member,
    struct err *err);
int option_attribute_value(const struct option *option, const char *text, void *member,
    struct err *err);
int option_attribute_exclude(const struct option *option, const char *text, void *member,
    struct err *err);

/*
 * Lets all discoveries of this process follow the options, which must stay. 0, or -1 with
 * ERR_USAGE where the environment asks for a filter of extension-host that there is not: one
 * that is ignored in silence would be worse than none.
 */
int discovery_options_apply(const struct discovery_options *options, struct err *err);

#endif
