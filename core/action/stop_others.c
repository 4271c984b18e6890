/*
 * stop_others.c: what a handler asks of executions, its own or others. It persists that they are to
 * be stopped.
 */
#include "config.h"

#include <errno.h>

#include "core/action/call.h"

static int
ask(struct ak_call *call, const char *function, const char *execution, const char *reason)
{
	struct err err;

	if (call_forbidden(call, function) || call->ask_stop == NULL) {
		errno = ENOTSUP;
		return -1;
	}
	if (call->ask_stop(call, execution, reason, &err) == 0)
		return 0;
	errno = err.sys;
	return -1;
}

int
ak_stop(struct ak_call *call, const char *id, const char *reason)
{
	return ask(call, __func__, id == NULL ? "" : id, reason);
}

int
ak_stop_all(struct ak_call *call, const char *reason)
{
	return ask(call, __func__, NULL, reason);
}
