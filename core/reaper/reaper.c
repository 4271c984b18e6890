/*
 * reaper.c: the process that ends executions on its own: how it stands by, its rounds, its
 * sleep, and its end.
 */
#include "config.h"

#include "core/reaper/reaper.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/action/registry.h"
#include "core/base/clock.h"
#include "core/base/coverage.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "core/calls/session.h"
#include "core/reaper/due.h"
#include "core/reaper/file_sweep.h"
#include "core/reaper/housekeeping.h"
#include "core/reaper/recovery.h"
#include "core/reaper/stopper.h"
#include "core/reaper/takeover.h"
#include "core/reaper/worker_sweep.h"
#include "core/store/ballast.h"
#include "core/store/loss.h"
#include "core/store/rescue.h"

/* The longest sleep: rows of others and the guard's deadline are seen within it. */
#define REAPER_TICK_MS 1000
/* An old reaper may need its stop-timeout, and this, to leave. */
#define REAPER_PATIENCE_MS 2000
#define REAPER_REASON_BYTES 64
/* How long putting the database back waits for others. */
#define REAPER_RESCUE_WAIT_MS 2000

struct reaper {
	const struct options *options;
	struct scoreboard *scoreboard;
	struct session session;
	struct housekeeping housekeeping;
	struct stopper stoppers[STOPPERS_MAX];
	struct blocked blocked;		/* by strangers */
	sigset_t signals;		/* blocked, and taken by sigtimedwait */
	pid_t supervisor;
	struct takeover takeover;	/* who is at work, and who stands by */
	bool leave;			/* after the stops under way */
	int64_t guard_until_ms;		/* boot time; 0 while the supervisor lives */
	bool guard_told;		/* the log was */
	bool guard_sweeps;		/* the grace period is over */
	int32_t marked;			/* stop_all_asked whose executions are marked */
	/* Why all are to be stopped, which could not be noted with them; empty: nothing. */
	char unmarked[REAPER_REASON_BYTES];
	bool counted;			/* active is known */
	int32_t active;			/* as of the last round */
	struct recovery recovery;	/* on: there is no server */
	struct gate_watch gate_watch;
	int64_t sweep_at_ms;		/* boot time of the next look at files */
	int64_t next_due_ms;		/* the earliest due_at to come, or INT64_MAX */
};

static int
running_stoppers(const struct reaper *reaper)
{
	int running = 0;

	for (int i = 0; i < STOPPERS_MAX; i++)
		running += reaper->stoppers[i].pid != 0;
	return running;
}

/* Where that cannot be noted they are stopped all the same, as far as they have begun. */
static int
mark_all(struct reaper *reaper, const char *reason, struct err *err)
{
	bool noted = due_mark_all(&reaper->session.store, reason, err) == 0;

	snprintf(reaper->unmarked, sizeof(reaper->unmarked), "%s", noted ? "" : reason);
	return noted ? 0 : -1;
}

/* TERM, INT, USR1: the supervisor asks for it on the scoreboard. */
static int
take_stop_all(struct reaper *reaper, struct err *err)
{
	int32_t asked = atomic_load(&reaper->scoreboard->stop_all_asked);
	const char *name;
	char reason[REAPER_REASON_BYTES];

	if (asked == reaper->marked)
		return 0;
	name = sigabbrev_np(atomic_load(&reaper->scoreboard->stop_all_signal));
	snprintf(reason, sizeof(reason), "received signal SIG%s",
	    name == NULL ? "TERM" : name);
	if (mark_all(reaper, reason, err) == -1)
		return -1;
	reaper->marked = asked;
	return 0;
}

static int
fork_stoppers(struct reaper *reaper, struct err *err)
{
	struct due due[STOPPERS_MAX];
	int room = STOPPERS_MAX - running_stoppers(reaper);
	int count, next = 0, result = 0;
	int64_t until_ms = reaper->recovery.on ? recovery_due_until(&reaper->recovery) :
	    clock_boot_ms();

	if (room == 0 || reaper->leave || until_ms == 0)
		return 0;
	if (reaper->unmarked[0] != '\0')
		until_ms = INT64_MAX;
	count = due_find(&reaper->session, reaper->stoppers, &reaper->blocked, until_ms, due,
	    room, err);
	if (count <= 0)
		return count;
	store_close(&reaper->session.store);
	for (int i = 0; i < STOPPERS_MAX && next < count; i++) {
		if (reaper->stoppers[i].pid != 0)
			continue;
		result = stopper_fork(&reaper->stoppers[i], &reaper->session, due[next].action,
		    due[next].execution, reaper->unmarked, err);
		if (result == -1)
			break;
		next++;
	}
	if (result == -1)
		log_error("stopper: %s", err->msg);
	return session_need_store(&reaper->session, err);
}

static void
watch_stoppers(struct reaper *reaper)
{
	int status;

	for (int i = 0; i < STOPPERS_MAX; i++) {
		struct stopper *stopper = &reaper->stoppers[i];

		stopper_watch(stopper);
		if (stopper->pid != 0 && waitpid(stopper->pid, &status, WNOHANG) > 0)
			stopper_ended(stopper, &reaper->session, status);
	}
}

/* Counts for the scoreboard, and when to wake up. */
static int
take_stock(struct reaper *reaper, struct err *err)
{
	struct store *store = &reaper->session.store;
	sqlite3_stmt *count, *failing, *next;
	bool due;

	count = store_prepare(store,
	    "SELECT count(*) FROM executions WHERE phase <> 'stopped'", err);
	failing = store_prepare(store, "SELECT count(*) FROM executions "
	    "WHERE phase <> 'stopped' AND last_error IS NOT NULL", err);
	next = store_prepare(store,
	    "SELECT min(due_at) FROM executions WHERE phase <> 'stopped'", err);
	if (count == NULL || failing == NULL || next == NULL)
		return -1;
	if (store_step(store, count, err) == -1 || store_step(store, failing, err) == -1 ||
	    store_step(store, next, err) == -1)
		return -1;
	reaper->active = sqlite3_column_int(count, 0);
	reaper->counted = true;
	atomic_store(&reaper->scoreboard->active, reaper->active);
	atomic_store(&reaper->scoreboard->failing, sqlite3_column_int(failing, 0));
	recovery_note(&reaper->recovery, reaper->active, sqlite3_column_int(failing, 0));
	reaper->next_due_ms = sqlite3_column_type(next, 0) == SQLITE_NULL ? INT64_MAX :
	    sqlite3_column_int64(next, 0);
	sqlite3_reset(count);
	sqlite3_reset(failing);
	sqlite3_reset(next);

	/* Swept: each has been tried, and waits for its next attempt or is gone. */
	due = reaper->next_due_ms <= clock_boot_ms();
	if (!due && running_stoppers(reaper) == 0)
		atomic_store(&reaper->scoreboard->stop_all_swept, reaper->marked);
	return 0;
}

/* The grace period begins when the supervisor dies, whoever is at work then. */
static void
note_supervisor(struct reaper *reaper)
{
	if (reaper->guard_until_ms == 0 && getppid() != reaper->supervisor)
		reaper->guard_until_ms = clock_boot_ms() + reaper->options->grace_ms;
}

/* Without a supervisor: after the grace period everything is stopped. */
static int
guard(struct reaper *reaper, struct err *err)
{
	int64_t now_ms = clock_boot_ms();

	note_supervisor(reaper);
	if (reaper->guard_until_ms == 0 || reaper->guard_sweeps)
		return 0;
	if (!reaper->guard_told) {
		reaper->guard_told = true;
		log_warn("the supervisor is gone: stopping all in %" PRId64
		    " ms unless another server takes over",
		    now_ms < reaper->guard_until_ms ? reaper->guard_until_ms - now_ms : 0);
	}
	if (now_ms < reaper->guard_until_ms)
		return 0;
	log_warn("no server has taken over: stopping all");
	if (mark_all(reaper, "supervisor gone", err) == -1)
		return -1;
	reaper->guard_sweeps = true;
	return 0;
}

/* What is to be stopped for other reasons than its own time. */
static int
take_orders(struct reaper *reaper, struct err *err)
{
	if (reaper->recovery.on)
		return recovery_mark(&reaper->recovery, &reaper->session.store, err);
	return guard(reaper, err) == -1 ? -1 : take_stop_all(reaper, err);
}

/* A database that was removed is put back, and one that was replaced makes way for the other. */
static int
keep_store(struct reaper *reaper, struct err *err)
{
	struct store *store = &reaper->session.store;
	const char *state_dir = reaper->options->state_dir;
	int64_t deadline_ms = clock_boot_ms() + REAPER_RESCUE_WAIT_MS;
	int rescued;

	if (session_need_store(&reaper->session, err) == -1)
		return -1;
	if (!store_is_moved(store))
		return 0;
	rescued = store_rescue(store, state_dir, deadline_ms, err);
	if (rescued == -1 || (rescued == 0 &&
	    loss_note_replaced(store, state_dir, deadline_ms, err) == -1))
		return -1;
	store_close(store);
	return session_need_store(&reaper->session, err);
}

static int
do_round(struct reaper *reaper, struct err *err)
{
	struct err other;
	bool ordered;

	watch_stoppers(reaper);
	if (keep_store(reaper, err) == -1)
		return -1;
	/* Orders that cannot be noted keep nothing from being stopped. */
	ordered = take_orders(reaper, err) == 0 &&
	    due_take_requests(&reaper->session.store, err) == 0;
	if (fork_stoppers(reaper, ordered ? err : &other) == -1 || !ordered)
		return -1;
	housekeeping_run(&reaper->housekeeping, &reaper->session);
	file_sweep_round(&reaper->session, &reaper->sweep_at_ms);
	if (worker_sweep(&reaper->session, err) == -1)
		return -1;
	return take_stock(reaper, err);
}

static int64_t
sleep_ms(const struct reaper *reaper)
{
	int64_t now_ms = clock_boot_ms();
	int64_t checkpoint_ms = reaper->housekeeping.checkpoint_at_ms;
	int64_t left = REAPER_TICK_MS;

	/* What is due already waits for somebody else's lock or a free stopper. */
	if (reaper->next_due_ms > now_ms && reaper->next_due_ms - now_ms < left)
		left = reaper->next_due_ms - now_ms;
	if (checkpoint_ms > now_ms && checkpoint_ms - now_ms < left)
		left = checkpoint_ms - now_ms;
	if (reaper->guard_until_ms > now_ms && reaper->guard_until_ms - now_ms < left)
		left = reaper->guard_until_ms - now_ms;
	for (int i = 0; i < STOPPERS_MAX; i++) {
		const struct stopper *stopper = &reaper->stoppers[i];

		if (stopper->pid != 0 && stopper->deadline_ms > now_ms &&
		    stopper->deadline_ms - now_ms < left)
			left = stopper->deadline_ms - now_ms;
	}
	return left;
}

/* SIGCHLD, SIGUSR1 and the supervisor's death only wake it up. */
static void
await_signal(struct reaper *reaper, int64_t timeout_ms)
{
	const struct timespec timeout = clock_timespec(timeout_ms);
	const struct timespec none = { 0, 0 };
	int number;

	for (number = sigtimedwait(&reaper->signals, NULL, &timeout); number > 0;
	    number = sigtimedwait(&reaper->signals, NULL, &none)) {
		if (number == SIGUSR1 || number == SIGCHLD || reaper->leave)
			continue;
		reaper->leave = true;
		log_info("leaving after %d stops under way", running_stoppers(reaper));
	}
}

/* What it does while another one is at work; whether it was asked to leave. */
static bool
stand_by(void *context)
{
	struct reaper *reaper = context;

	coverage_follow();
	note_supervisor(reaper);
	await_signal(reaper, 0);
	return reaper->leave;
}

/*
 * All that ends it: the order to leave, or as guard that nothing is left to guard, as it has seen
 * with its own eyes.
 */
static bool
is_over(const struct reaper *reaper)
{
	if (running_stoppers(reaper) > 0)
		return false;
	if (reaper->recovery.on && recovery_over(&reaper->recovery, reaper->options,
	    reaper->next_due_ms))
		return true;
	return reaper->leave ||
	    (reaper->guard_until_ms != 0 && reaper->counted && reaper->active == 0);
}

/* Rows of actions that this program does not have are kept, and must not be overlooked. */
static void
log_unknown_actions(struct reaper *reaper)
{
	struct store *store = &reaper->session.store;
	sqlite3_stmt *get;
	struct err err;

	get = store_prepare(store, "SELECT id, action, phase FROM executions "
	    "WHERE phase <> 'stopped'", &err);
	while (get != NULL && store_step(store, get, &err) == 1) {
		const char *action = (const char *)sqlite3_column_text(get, 1);

		if (registry_find(action) == NULL)
			log_error("execution %s is %s, but this program has no action %s",
			    (const char *)sqlite3_column_text(get, 0),
			    (const char *)sqlite3_column_text(get, 2), action);
	}
}

static void
loop(struct reaper *reaper)
{
	struct err err;
	bool failed = false, was_failed = false;

	while (!is_over(reaper)) {
		coverage_follow();
		failed = do_round(reaper, &err) == -1;
		session_settle(&reaper->session, failed ? -1 : 0, &err);
		if (failed && !was_failed)
			log_error("%s", err.msg);
		/* What is wanted stopped must be noted, or nobody stops it. */
		if (failed && err.code == ERR_FULL &&
		    ballast_release(reaper->options->state_dir))
			log_warn("the disk is full: gave up the ballast");
		else if (!failed && was_failed)
			log_info("working again");
		worker_sweep_gate(&reaper->session, &reaper->gate_watch);
		was_failed = failed;
		takeover_beat(&reaper->takeover, reaper->scoreboard);
		if (!is_over(reaper))
			await_signal(reaper, coverage_sleep_ms(
			    failed ? REAPER_TICK_MS : sleep_ms(reaper)));
	}
}

/* They are taken by sigtimedwait(). */
static void
block_signals(struct reaper *reaper)
{
	sigemptyset(&reaper->signals);
	sigaddset(&reaper->signals, SIGTERM);
	sigaddset(&reaper->signals, SIGUSR1);
	sigaddset(&reaper->signals, SIGCHLD);
	if (reaper->recovery.on) {
		sigaddset(&reaper->signals, SIGINT);
		sigaddset(&reaper->signals, SIGHUP);
	}
	sigprocmask(SIG_BLOCK, &reaper->signals, NULL);
}

/*
 * Whoever asks to leave what is over already must not end the process that tells of it. Each of
 * a new server's two reapers may ask, and the second after the end: TERM stays blocked.
 */
static void
unblock_signals(struct reaper *reaper)
{
	const struct timespec none = { .tv_sec = 0 };

	while (sigtimedwait(&reaper->signals, NULL, &none) != -1 || errno == EINTR)
		;
	sigdelset(&reaper->signals, SIGTERM);
	sigprocmask(SIG_UNBLOCK, &reaper->signals, NULL);
}

/* The lock is held: from now on this is the one at work. */
static int
begin(struct reaper *reaper, struct err *err)
{
	struct scoreboard *scoreboard = reaper->scoreboard;

	takeover_beat(&reaper->takeover, scoreboard);
	atomic_store(&scoreboard->reaper_pid, getpid());
	reaper->marked = atomic_load(&scoreboard->stop_all_swept);
	return session_open(&reaper->session, reaper->options, scoreboard, err);
}

/*
 * The same for one that nobody starts again once the supervisor is gone: it tries until it
 * succeeds, or is asked to leave.
 */
static int
begin_at_last(struct reaper *reaper)
{
	bool told = false;
	struct err err;

	while (begin(reaper, &err) == -1) {
		if (!told)
			log_error("%s", err.msg);
		told = true;
		await_signal(reaper, REAPER_TICK_MS);
		if (reaper->leave)
			return -1;
	}
	return 0;
}

int
reaper_recover(const struct options *options, struct scoreboard *scoreboard,
    int64_t timeout_ms, struct err *err)
{
	struct reaper reaper = {
		.options = options, .scoreboard = scoreboard, .next_due_ms = INT64_MAX
	};
	int result;

	recovery_begin(&reaper.recovery, timeout_ms);
	log_process("recover");
	block_signals(&reaper);
	switch (takeover_try(&reaper.takeover, options->state_dir, err)) {
	case TAKEOVER_TAKEN:
		break;
	case TAKEOVER_LEFT:
		result = 1;
		goto out;
	case TAKEOVER_FAILED:
		result = -1;
		goto out;
	}
	result = begin(&reaper, err);
	if (result == 0) {
		log_unknown_actions(&reaper);
		loop(&reaper);
		file_sweep_last(&reaper.session, true);
		session_close(&reaper.session);
	}
	takeover_end(&reaper.takeover);
out:
	unblock_signals(&reaper);
	return result;
}

int
reaper_run(const struct options *options, struct scoreboard *scoreboard, int32_t generation,
    pid_t supervisor)
{
	struct reaper reaper = {
		.options = options, .scoreboard = scoreboard, .supervisor = supervisor,
		.next_due_ms = INT64_MAX
	};
	struct err err;

	process_name("standby");
	block_signals(&reaper);
	/* Wakes it when the supervisor dies; getppid() tells. */
	prctl(PR_SET_PDEATHSIG, SIGUSR1);

	switch (takeover_wait(&reaper.takeover, options->state_dir, scoreboard, generation,
	    options->stop_timeout_ms + REAPER_PATIENCE_MS, stand_by, &reaper, &err)) {
	case TAKEOVER_TAKEN:
		break;
	case TAKEOVER_LEFT:
		return 0;
	case TAKEOVER_FAILED:
		log_error("%s", err.msg);
		return 1;
	}
	process_name("reaper");
	if (begin_at_last(&reaper) == 0) {
		log_info("watching");
		log_unknown_actions(&reaper);
		loop(&reaper);
		file_sweep_last(&reaper.session, reaper.guard_until_ms != 0);
		session_close(&reaper.session);
	}
	takeover_end(&reaper.takeover);
	log_info("leaving");
	return 0;
}
