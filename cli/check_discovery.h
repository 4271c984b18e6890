/*
 * check_discovery.h: what can be wrong with the discoveries of an installation.
 */
#ifndef CLI_CHECK_DISCOVERY_H
#define CLI_CHECK_DISCOVERY_H

#include <stddef.h>

#include "core/config/options.h"

/*
 * Runs all discoveries that are offered, and looks at what this host has to do with them; calls
 * warn with a sentence for each thing that is wrong. The options are in effect already. Returns
 * the number of targets that were found.
 */
size_t check_discovery(const struct options *options,
    void (*warn)(void *context, const char *text), void *context);

#endif
