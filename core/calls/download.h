/*
 * download.h: a file of a request that is given as a URL.
 */
#ifndef CORE_CALLS_DOWNLOAD_H
#define CORE_CALLS_DOWNLOAD_H

#include <stdint.h>

#include "core/calls/incoming.h"

/*
 * Downloads the file of a parameter from url, which the operator must allow, as every URL
 * that it redirects to, until deadline_ms (boot time). Returns 0, or -1 with ERR_CONFIG (not
 * allowed, or it cannot be had, and why) or an error of incoming_write(), naming the parameter.
 */
int download(struct incoming *incoming, const char *parameter, const char *url,
    int64_t deadline_ms, struct err *err);

#endif
