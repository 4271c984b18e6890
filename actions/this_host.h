/*
 * this_host.h: what all actions share that are done to the host they run on.
 */
#ifndef ACTIONS_THIS_HOST_H
#define ACTIONS_THIS_HOST_H

#include <actionkit.h>

#define THIS_HOST_TECHNOLOGY "Linux Host"

extern const struct ak_target_selection this_host_targets;

/*
 * In prepare(): whether the target of the request, if it has one, is this host. Returns 0, or -1
 * with the call's error set.
 */
int this_host_check(struct ak_call *call);

#endif
