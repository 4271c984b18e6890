/*
 * work.c: what work() asks of the runtime, and what other handlers ask of work().
 */
#include "config.h"

#include "core/action/call.h"
#include "core/base/clock.h"

int
ak_work_wait(struct ak_call *call, int64_t ms)
{
	int64_t began_ms = clock_boot_ms(), left_ms = ms, tell_ms;

	if (!call_is_in(call, CALL_IN(VERB_WORK), __func__))
		return 1;
	for (;;) {
		tell_ms = call->tell(call);
		left_ms = ms - (clock_boot_ms() - began_ms);
		if (call->wait(call, left_ms < tell_ms ? left_ms : tell_ms))
			return 1;
		if (left_ms <= 0)
			return 0;
	}
}

int
ak_work_fd(struct ak_call *call)
{
	return call_is_in(call, CALL_IN(VERB_WORK), __func__) ? call->end_fd : -1;
}

int
ak_progress(struct ak_call *call)
{
	struct err err;

	if (!call_is_in(call, CALL_IN(VERB_WORK), __func__))
		return -1;
	if (call->progress(call, &err) == 0)
		return 0;
	/* A mistake in the state; all else may be over with the next one. */
	if (err.code == ERR_INTERNAL)
		call_error(call, "Failed to save the progress", err.msg);
	return -1;
}

bool
ak_work_ended(struct ak_call *call, struct ak_work_end *ret_end)
{
	if (call->work_end == NULL)
		return false;
	if (ret_end != NULL)
		*ret_end = *call->work_end;
	return true;
}
