/*
 * agent_internal.h: what agent.c and agent_call.c share.
 */
#ifndef CLI_AGENT_INTERNAL_H
#define CLI_AGENT_INTERNAL_H

#include "cli/agent.h"

/*
 * Calls an endpoint of the description; takes the body. Where there was no reply, or one that
 * promises a better one later, it is tried again. The result, owned, or NULL and what is wrong
 * with it as an ActionKitError, owned.
 */
struct json_object *agent_call(struct agent *agent, const char *what,
    struct json_object *endpoint, struct json_object *body, int tries,
    struct json_object **ret_error);

/* Whether calls are given up: by a signal, or by the time that there was for them. */
bool agent_gives_up(const struct agent *agent);

/* An ActionKitError, owned; detail may be NULL. */
struct json_object *agent_error(const char *title, const char *detail, const char *status);

/* Ends early with a signal. */
void agent_pause(int64_t ms);

#endif
