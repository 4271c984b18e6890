/*
 * coverage.h: the notes and the counters of a coverage build, each as a tar archive.
 *
 * Only in a coverage build. Members of both have the names of the object files that they
 * belong to, so that unpacked into one directory they lie beside each other.
 */
#ifndef FCGI_HTTP_COVERAGE_H
#define FCGI_HTTP_COVERAGE_H

#include "core/base/err.h"
#include "fcgi/http/reply.h"
#include "fcgi/http/site.h"

/* The notes (.gcno) of the library and of `actionkit`, as this very build has made them. */
void coverage_meta(struct reply *ret_reply);

/*
 * The counters (.gcda) of all processes since the first start of this program with this state
 * directory. Who is busy for too long is not waited for, which is logged. Returns 0, or -1
 * and err.
 */
int coverage_counters(struct responder *responder, struct reply *ret_reply,
    struct err *err);

#endif
