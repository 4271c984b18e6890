/*
 * directory.h: the directory that an execution has of its own, for its action.
 */
#ifndef CORE_CALLS_DIRECTORY_H
#define CORE_CALLS_DIRECTORY_H

#include "core/calls/visit.h"

/*
 * Its path, owned by the visit. In prepare(), start() and work() it is made, unless it is there:
 * recorded first, but in prepare(), whose success records it. 0 and *ret_path, or -1.
 */
int directory_get(struct visit *visit, const char **ret_path, struct err *err);

#endif
