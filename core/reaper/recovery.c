/*
 * recovery.c: when a reaper without a server begins, what it tries, and when it is over.
 */
#include "config.h"

#include "core/reaper/recovery.h"

#include "core/base/clock.h"
#include "core/reaper/due.h"
#include "core/store/execution.h"

/* Before the first look. */
#define RECOVERY_UNKNOWN -1

void
recovery_begin(struct recovery *recovery, int64_t timeout_ms)
{
	int64_t now_ms = clock_boot_ms();

	*recovery = (struct recovery){
		.on = true, .once = timeout_ms == 0, .until_ms = now_ms + timeout_ms,
		.progress_ms = now_ms, .active = RECOVERY_UNKNOWN
	};
}

/* What operators asked for earlier keeps its reason. */
int
recovery_mark(struct recovery *recovery, struct store *store, struct err *err)
{
	if (recovery->marked)
		return 0;
	if (due_take_requests(store, err) == -1 ||
	    due_mark_all(store, EXECUTION_BY_OPERATOR ": recover", err) == -1)
		return -1;
	recovery->marked = true;
	return 0;
}

static bool
is_late(const struct recovery *recovery)
{
	return !recovery->once && clock_boot_ms() >= recovery->until_ms;
}

/* What has failed is due later, what was marked is due at once. */
int64_t
recovery_due_until(const struct recovery *recovery)
{
	if (is_late(recovery))
		return 0;
	return recovery->once ? EXECUTION_DUE_AGAIN : clock_boot_ms();
}

void
recovery_note(struct recovery *recovery, int32_t active, int32_t failing)
{
	if (active != recovery->active || failing != recovery->failing)
		recovery->progress_ms = clock_boot_ms();
	recovery->active = active;
	recovery->failing = failing;
}

/*
 * What is left may neither succeed nor fail any more: because somebody holds its lock, or
 * because nothing can be recorded.
 */
bool
recovery_over(const struct recovery *recovery, const struct options *options,
    int64_t next_due_ms)
{
	bool stuck = clock_boot_ms() - recovery->progress_ms >
	    options->stop_timeout_ms + options->handler_timeout_ms;

	if (!recovery->marked)
		return stuck || is_late(recovery);
	if (recovery->active == 0 || is_late(recovery))
		return true;
	return recovery->once && (stuck || next_due_ms > EXECUTION_DUE_AGAIN);
}
