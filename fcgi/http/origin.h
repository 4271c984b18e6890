/*
 * origin.h: requests that a web page has sent, which carry an Origin (RFC 6454).
 *
 * A page in a browser that can reach nginx could send a multipart/form-data without asking
 * first, and begin an attack. Browsers put an Origin on all such requests; agents and other
 * programs send none.
 */
#ifndef FCGI_HTTP_ORIGIN_H
#define FCGI_HTTP_ORIGIN_H

#include "core/base/err.h"
#include "fcgi/http/request.h"

/* What is wrong with an origin that is to be allowed, in words; NULL: nothing. */
const char *origin_fault(const char *origin);

/* 0, or -1 with HTTP_ERR_ORIGIN: there is one, and --allow-origin does not name it. */
int origin_check(const struct request *request, const struct server_options *options,
    struct err *err);

#endif
