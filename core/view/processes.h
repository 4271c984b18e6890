/*
 * processes.h: what the processes of a server are at, as `status --json` and the operator's page
 * have it.
 */
#ifndef CORE_VIEW_PROCESSES_H
#define CORE_VIEW_PROCESSES_H

#include "core/base/json.h"

/*
 * Supervisor, reapers, responders and workers of a state directory, and the space that it takes;
 * an object, owned. "workers" is an array, or the reason why they cannot be listed. Needs
 * permission to read only. NULL and err where there is no scoreboard.
 */
struct json_object *processes_read(const char *state_dir, struct err *err);

#endif
