/*
 * oom.c: tells that a process of an action was killed for want of memory. Persists nothing.
 */
#include "actions/oom.h"

#include "actions/machine.h"

bool
oom_has_killed(int64_t kills)
{
	return kills != -1 && machine_oom_kills() > kills;
}

int
oom_conclude(struct ak_call *call, bool fails, const char *process)
{
	if (fails)
		return ak_failed(call, "The kernel has killed %s for want of memory", process);
	ak_message(call, AK_WARN, "The kernel has killed %s for want of memory: its load is over",
	    process);
	ak_summary(call, AK_WARN, "Ended early: killed for want of memory");
	return 0;
}
