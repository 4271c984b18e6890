/*
 * shutdown.c: the way out, stage by stage: stop all, let the responders end, stop all
 * again, let the reaper end.
 */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "fcgi/server/notify.h"
#include "fcgi/server/supervisor.h"

/* The second sweep gets at least this, however long the first one took. */
#define SWEEP_AGAIN_MIN_MS 5000
/* The reaper has nothing left to do. */
#define REAPER_LEAVE_MAX_MS 15000
/* After the watchdog has killed what does not leave: it may be stuck in the kernel. */
#define KILLED_LEAVE_MAX_MS 15000
#define EXTEND_EVERY_MS 5000
#define EXTEND_BY_MS 20000

static bool
past(int64_t boot_ms)
{
	return clock_boot_ms() >= boot_ms;
}

static int
active(const struct supervisor *supervisor)
{
	return supervisor->site->scoreboard->active;
}

static void
over(struct supervisor *supervisor, int exit_status)
{
	supervisor->stage = STAGE_OVER;
	supervisor->exit_status = exit_status;
}

void
shutdown_begin(struct supervisor *supervisor, int number)
{
	const char *name = sigabbrev_np(number);

	if (supervisor->stage != STAGE_SERVING && supervisor->stage != STAGE_QUITTING) {
		log_warn("SIG%s again: leaving at once; the reaper goes on", name);
		over(supervisor, EXIT_FAILURE);
		return;
	}
	log_info("SIG%s: stopping all executions; none is prepared or started any more",
	    name);
	notify_stopping();
	supervisor->site->scoreboard->draining = 1;
	supervisor->sweep_until_ms = clock_boot_ms() +
	    supervisor->options->shutdown_timeout_ms;
	supervisor->stage = STAGE_SWEEPING;
	supervisor_stop_all(supervisor, number);
}

/* Each responder may need the time of its request; then the watchdog kills it. */
static void
dismiss_responders(struct supervisor *supervisor, enum stage stage)
{
	supervisor->leave_until_ms = clock_boot_ms() +
	    children_request_max_ms(supervisor->options) + KILLED_LEAVE_MAX_MS;
	supervisor->stage = stage;
	children_dismiss(&supervisor->children, CHILD_RESPONDER);
}

void
shutdown_quit(struct supervisor *supervisor)
{
	if (supervisor->stage != STAGE_SERVING) {
		log_warn("SIGQUIT is ignored: already on the way out");
		return;
	}
	log_info("SIGQUIT: leaving; executions go on, the reaper guards them");
	notify_stopping();
	dismiss_responders(supervisor, STAGE_QUITTING);
}

static void
extend_systemd(struct supervisor *supervisor)
{
	int64_t now = clock_boot_ms();

	if (now - supervisor->extended_ms < EXTEND_EVERY_MS)
		return;
	supervisor->extended_ms = now;
	notify_extend(EXTEND_BY_MS);
}

static void
sweep_again(struct supervisor *supervisor)
{
	int64_t least_ms = clock_boot_ms() + SWEEP_AGAIN_MIN_MS;

	if (supervisor->sweep_until_ms < least_ms)
		supervisor->sweep_until_ms = least_ms;
	supervisor->stage = STAGE_SWEEPING_AGAIN;
	supervisor_stop_all(supervisor, supervisor->site->scoreboard->stop_all_signal);
}

static void
after_last_sweep(struct supervisor *supervisor)
{
	if (supervisor_swept(supervisor) && active(supervisor) == 0) {
		children_dismiss(&supervisor->children, CHILD_REAPER);
		supervisor->leave_until_ms = clock_boot_ms() + REAPER_LEAVE_MAX_MS;
		supervisor->stage = STAGE_ENDING;
		return;
	}
	log_error("%d executions could not be stopped; the reaper goes on",
	    active(supervisor));
	over(supervisor, EXIT_FAILURE);
}

static bool
have_left(const struct supervisor *supervisor, enum child_kind kind)
{
	return children_running(&supervisor->children, kind) == 0 ||
	    past(supervisor->leave_until_ms);
}

void
shutdown_advance(struct supervisor *supervisor)
{
	bool swept = supervisor_swept(supervisor) && active(supervisor) == 0;
	bool sweep_over = swept || past(supervisor->sweep_until_ms);

	if (supervisor->stage != STAGE_SERVING)
		extend_systemd(supervisor);
	switch (supervisor->stage) {
	case STAGE_SERVING:
	case STAGE_OVER:
		return;
	case STAGE_SWEEPING:
		if (sweep_over)
			dismiss_responders(supervisor, STAGE_DISMISSING);
		return;
	case STAGE_DISMISSING:
		if (have_left(supervisor, CHILD_RESPONDER))
			sweep_again(supervisor);
		return;
	case STAGE_SWEEPING_AGAIN:
		if (sweep_over)
			after_last_sweep(supervisor);
		return;
	case STAGE_ENDING:
		if (have_left(supervisor, CHILD_REAPER))
			over(supervisor, EXIT_SUCCESS);
		return;
	case STAGE_QUITTING:
		if (have_left(supervisor, CHILD_RESPONDER))
			over(supervisor, EXIT_SUCCESS);
		return;
	}
}
