/*
 * oom.h: what actions do that take memory until the kernel kills somebody for it.
 */
#ifndef ACTIONS_OOM_H
#define ACTIONS_OOM_H

#include <stdbool.h>
#include <stdint.h>

#include <actionkit.h>

/* A row for their tables of parameters. */
#define OOM_PARAMETER \
	{ \
		.name = "failOnOomKill", \
		.label = "Fail on OOM kill", \
		.description = "Whether it fails when the kernel kills it for want of memory.", \
		.type = AK_BOOLEAN, \
		.default_value = "false", \
	}

/* Whether the kernel has killed somebody since machine_oom_kills() said kills. */
bool oom_has_killed(int64_t kills);

/*
 * In work(): what it has come to when that was our process. Returns -1 with the call's error, or 0
 * with a warning.
 */
int oom_conclude(struct ak_call *call, bool fails, const char *process);

#endif
