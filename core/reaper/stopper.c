/*
 * stopper.c: the children of the reaper, each one attempt to stop one execution. Persists
 * what attempt.c does, and the failure of an attempt whose process was killed.
 */
#include "config.h"

#include "core/reaper/stopper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/descriptors.h"
#include "core/base/duration.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "core/calls/attempt.h"
#include "core/calls/visit.h"

/* stop() must be over at stop-timeout; then it has this long to record it. */
#define STOPPER_MARGIN_MS 500
/* How long the reaper waits for the gate to record a failure. */
#define STOPPER_NOTE_WAIT_MS 2000

/* Exit statuses of a stopper: such as no stop() ends its process with by itself. */
enum {
	STOPPER_DONE = 101,		/* stopped, or the failure is recorded */
	STOPPER_NOTHING,		/* not due any more, or somebody else is at it */
	STOPPER_UNRECORDED		/* failed, and could not record it */
};

static struct visit
visit_of(struct session *session, const struct ak_action *action, const char *execution,
    int64_t deadline_ms)
{
	return (struct visit){
		.session = session, .action = action, .id = execution,
		.deadline_ms = deadline_ms, .patience_ms = ATTEMPT_PATIENCE_MS,
		.call = {
			.action = action, .verb = VERB_STOP, .execution = execution,
			.deadline_ms = deadline_ms
		}
	};
}

/* reason: to be stopped in any case; empty: if it is due. */
static int
run_attempt(struct visit *visit, const char *reason)
{
	bool only_if_due = *reason == '\0';

	struct err err;

	switch (lock_take(&visit->session->lock, visit->id, 0, &err)) {
	case 0:
		break;
	case 1:
		return STOPPER_NOTHING;
	default:
		log_error("stop of execution %s: %s", visit->id, err.msg);
		return STOPPER_UNRECORDED;
	}
	switch (attempt_run(visit, STOP_BY_EXTENSION, only_if_due ? NULL : reason, only_if_due,
	    &err)) {
	case 0:
		log_info("stopped execution %s of %s: %s", visit->id, visit->action->id,
		    visit->row.stop_reason);
		return STOPPER_DONE;
	case 1:
		return STOPPER_NOTHING;
	default:
		break;
	}
	if (err.code != ERR_HANDLER) {
		(void)visit_error(visit, &err);
		log_error("stop of execution %s: %s", visit->id, err.msg);
		return STOPPER_UNRECORDED;
	}
	if (visit->row.stop_attempts < EXECUTION_ATTEMPTS_QUIET)
		log_warn("stop of execution %s of %s failed, attempt %lld: %s", visit->id,
		    visit->action->id, (long long)visit->row.stop_attempts, err.msg);
	else
		log_error("stop of execution %s of %s keeps failing, attempt %lld: %s",
		    visit->id, visit->action->id, (long long)visit->row.stop_attempts,
		    err.msg);
	return STOPPER_DONE;
}

static int
stopper_main(const struct options *options, struct scoreboard *scoreboard,
    const struct ak_action *action, const char *execution, const char *reason)
{
	const struct log_subject about = {
		.execution = execution, .action = action->id, .verb = verb_name(VERB_STOP)
	};
	struct session session;
	struct visit visit;
	struct err err;
	int status;

	process_name("stopper");
	log_subject(&about);
	/* The reaper's lock must die with the reaper; this process opens all anew. */
	descriptors_drop();
	if (descriptors_guard() == -1) {
		log_error("stop of execution %s: %s", execution, strerror(errno));
		return STOPPER_UNRECORDED;
	}
	if (session_open(&session, options, scoreboard, &err) == -1) {
		log_error("stop of execution %s: %s", execution, err.msg);
		return STOPPER_UNRECORDED;
	}
	visit = visit_of(&session, action, execution,
	    clock_boot_ms() + options->stop_timeout_ms);
	status = run_attempt(&visit, reason);
	visit_end(&visit);
	session_close(&session);
	return status;
}

int
stopper_fork(struct stopper *stopper, struct session *session,
    const struct ak_action *action, const char *execution, const char *reason,
    struct err *err)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid == -1)
		return err_sys(err, ERR_INTERNAL, "fork");
	if (pid == 0) {
		process_die_with_parent(parent);
		setpgid(0, 0);
		process_default_signals();
		process_exit(stopper_main(session->options, session->scoreboard, action,
		    execution, reason));
	}
	stopper->pid = pid;
	stopper->action = action;
	stopper->overdue = false;
	stopper->deadline_ms = clock_boot_ms() + session->options->stop_timeout_ms +
	    STOPPER_MARGIN_MS;
	snprintf(stopper->execution, sizeof(stopper->execution), "%s", execution);
	return 0;
}

void
stopper_watch(struct stopper *stopper)
{
	if (stopper->pid == 0 || stopper->overdue ||
	    clock_boot_ms() < stopper->deadline_ms)
		return;
	stopper->overdue = true;
	/* What it started is in its process group; the group may not exist yet. */
	kill(-stopper->pid, SIGKILL);
	kill(stopper->pid, SIGKILL);
}

static void
describe_end(const struct stopper *stopper, const struct options *options,
    int wait_status, char *ret_text, size_t size)
{
	char timeout[DURATION_BYTES], how[PROCESS_END_BYTES];

	if (stopper->overdue) {
		duration_format(options->stop_timeout_ms, timeout);
		snprintf(ret_text, size, "stop() was over its %s", timeout);
	} else if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == STOPPER_UNRECORDED) {
		snprintf(ret_text, size, "stop() could not be run or recorded");
	} else {
		process_end_text(wait_status, how);
		snprintf(ret_text, size, "stop() %s", how);
	}
}

void
stopper_ended(struct stopper *stopper, struct session *session, int wait_status)
{
	struct visit visit = visit_of(session, stopper->action, stopper->execution,
	    clock_boot_ms() + STOPPER_NOTE_WAIT_MS);
	char why[ERR_MESSAGE_BYTES];
	struct err err;

	stopper->pid = 0;
	if (!stopper->overdue && WIFEXITED(wait_status) &&
	    (WEXITSTATUS(wait_status) == STOPPER_DONE ||
	    WEXITSTATUS(wait_status) == STOPPER_NOTHING))
		return;
	describe_end(stopper, session->options, wait_status, why, sizeof(why));
	if (attempt_note_failure(&visit, why, &err) == -1)
		log_error("stop of execution %s: %s; not recorded: %s", stopper->execution,
		    why, err.msg);
	else
		log_warn("stop of execution %s of %s failed, attempt %lld: %s",
		    stopper->execution, stopper->action->id,
		    (long long)visit.row.stop_attempts, why);
	visit_end(&visit);
}
