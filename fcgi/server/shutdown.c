/*
 * shutdown.c: the way out, stage by stage: stop all, let the responders end, stop all
 * again, let the reaper end.
 */
#include "config.h"

#include "fcgi/server/shutdown.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"

/* The second sweep gets at least this, however long the first one took. */
#define SWEEP_AGAIN_MIN_MS 5000
/* The reaper has nothing left to do. */
#define REAPER_LEAVE_MAX_MS 15000
/* After the watchdog has killed what does not leave: it may be stuck in the kernel. */
#define KILLED_LEAVE_MAX_MS 15000

static bool
past(int64_t boot_ms)
{
	return clock_boot_ms() >= boot_ms;
}

static int
active(const struct shutdown *shutdown)
{
	return shutdown->scoreboard->active;
}

void
shutdown_over(struct shutdown *shutdown, int exit_status)
{
	shutdown->stage = STAGE_OVER;
	shutdown->exit_status = exit_status;
}

void
shutdown_sweep(struct shutdown *shutdown, int number)
{
	shutdown->scoreboard->stop_all_signal = number;
	shutdown->scoreboard->stop_all_asked++;
	children_signal(shutdown->children, CHILD_REAPER, SIGUSR1);
}

bool
shutdown_swept(const struct shutdown *shutdown)
{
	return shutdown->scoreboard->stop_all_swept == shutdown->scoreboard->stop_all_asked;
}

void
shutdown_begin(struct shutdown *shutdown, int number)
{
	const char *name = sigabbrev_np(number);

	if (shutdown->stage != STAGE_SERVING && shutdown->stage != STAGE_QUITTING) {
		log_warn("SIG%s again: leaving at once; the reaper goes on", name);
		shutdown_over(shutdown, EXIT_FAILURE);
		return;
	}
	log_info("SIG%s: stopping all executions; none is prepared or started any more",
	    name);
	shutdown->scoreboard->draining = 1;
	shutdown->sweep_until_ms = clock_boot_ms() +
	    shutdown->options->shutdown_timeout_ms;
	shutdown->stage = STAGE_SWEEPING;
	shutdown_sweep(shutdown, number);
}

/* Each responder may need the time of its request; then the watchdog kills it. */
static void
dismiss_responders(struct shutdown *shutdown, enum stage stage)
{
	shutdown->leave_until_ms = clock_boot_ms() +
	    children_request_max_ms(shutdown->options) + KILLED_LEAVE_MAX_MS;
	shutdown->stage = stage;
	children_dismiss(shutdown->children, CHILD_RESPONDER);
}

void
shutdown_quit(struct shutdown *shutdown)
{
	if (shutdown->stage != STAGE_SERVING) {
		log_warn("SIGQUIT is ignored: already on the way out");
		return;
	}
	log_info("SIGQUIT: leaving; executions go on, the reaper guards them");
	dismiss_responders(shutdown, STAGE_QUITTING);
}

static void
sweep_again(struct shutdown *shutdown)
{
	int64_t least_ms = clock_boot_ms() + SWEEP_AGAIN_MIN_MS;

	if (shutdown->sweep_until_ms < least_ms)
		shutdown->sweep_until_ms = least_ms;
	shutdown->stage = STAGE_SWEEPING_AGAIN;
	shutdown_sweep(shutdown, shutdown->scoreboard->stop_all_signal);
}

static void
after_last_sweep(struct shutdown *shutdown)
{
	if (shutdown_swept(shutdown) && active(shutdown) == 0) {
		children_dismiss(shutdown->children, CHILD_REAPER);
		shutdown->leave_until_ms = clock_boot_ms() + REAPER_LEAVE_MAX_MS;
		shutdown->stage = STAGE_ENDING;
		return;
	}
	log_error("%d executions could not be stopped; the reaper goes on",
	    active(shutdown));
	shutdown_over(shutdown, EXIT_FAILURE);
}

static bool
have_left(const struct shutdown *shutdown, enum child_kind kind)
{
	return children_running(shutdown->children, kind) == 0 ||
	    past(shutdown->leave_until_ms);
}

void
shutdown_advance(struct shutdown *shutdown)
{
	bool swept = shutdown_swept(shutdown) && active(shutdown) == 0;
	bool sweep_over = swept || past(shutdown->sweep_until_ms);

	switch (shutdown->stage) {
	case STAGE_SERVING:
	case STAGE_OVER:
		return;
	case STAGE_SWEEPING:
		if (sweep_over)
			dismiss_responders(shutdown, STAGE_DISMISSING);
		return;
	case STAGE_DISMISSING:
		if (have_left(shutdown, CHILD_RESPONDER))
			sweep_again(shutdown);
		return;
	case STAGE_SWEEPING_AGAIN:
		if (sweep_over)
			after_last_sweep(shutdown);
		return;
	case STAGE_ENDING:
		if (have_left(shutdown, CHILD_REAPER))
			shutdown_over(shutdown, EXIT_SUCCESS);
		return;
	case STAGE_QUITTING:
		if (have_left(shutdown, CHILD_RESPONDER))
			shutdown_over(shutdown, EXIT_SUCCESS);
		return;
	}
}
