/*
 * metrics.h: what there is to watch, for Prometheus.
 */
#ifndef FCGI_HTTP_METRICS_H
#define FCGI_HTTP_METRICS_H

#include "core/base/err.h"
#include "fcgi/http/reply.h"
#include "fcgi/http/request.h"
#include "fcgi/http/site.h"

/*
 * Metrics in Prometheus' text format, whatever the path is: nginx' location says that it is one for
 * metrics. What is in the database is left out where that cannot be read. 0, or -1 with
 * HTTP_ERR_METHOD, and *ret_allow.
 */
int metrics_answer(struct responder *responder, const struct request *request,
    struct reply *ret_reply, const char **ret_allow, struct err *err);

#endif
