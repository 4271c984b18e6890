/*
 * supervisor.c: takes its place, forks, and waits for signals and for the ends of
 * children.
 */
#include "config.h"

#include "fcgi/server/supervisor.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/coverage.h"
#include "core/base/log.h"
#include "core/base/state_path.h"
#include "core/config/scoreboard.h"
#include "core/reaper/takeover.h"
#include "core/store/store.h"
#include "fcgi/server/children.h"
#include "fcgi/server/notify.h"
#include "fcgi/server/reexec.h"
#include "fcgi/server/shutdown.h"
#include "fcgi/server/socket.h"
#include "fcgi/server/state_dir.h"

/* Time between two looks at the scoreboard. */
#define TICK_MS 200
/* More than the reaper's longest sleep. */
#define RESCUE_WAIT_MS 3000
#define RESCUE_PAUSE_MS 20
#define MIGRATED_BYTES 64
#define STATUS_WHAT_BYTES 64
#define BEHIND_NEW (-1)		/* there was no database */
/*
 * A reaper that hangs is killed, and the one that stands by is at work. Where that does not help
 * either, something is wrong with this process, or with what it may do.
 */
#define REAPER_SILENT_MAX_MS (2 * TAKEOVER_HANG_MS)

struct supervisor {
	const struct server_options *options;
	struct site *site;
	struct sockets sockets;
	struct children children;
	struct shutdown shutdown;
	struct notify notify;
	bool ready;		/* this generation has answered for itself */
	bool refused;		/* the last SIGHUP has changed nothing */
	bool sweeping;		/* SIGUSR1 is not yet done with */
};

static const int signals[] = {
	SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGCHLD, SIGPIPE
};

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

/*
 * They are taken by sigtimedwait(), never by a handler. Who ignored them before us
 * (nohup, a shell in the background) must not decide that.
 */
static void
block_signals(sigset_t *ret_set)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	size_t i;

	sigemptyset(ret_set);
	for (i = 0; i < SIGNALS; i++)
		sigaddset(ret_set, signals[i]);
	sigprocmask(SIG_BLOCK, ret_set, NULL);
	for (i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &action, NULL);
}

/*
 * A new server begins with a clean sheet, apart from what the reaper writes: an old
 * one, which guards since another server ended, may still be at it.
 */
static void
begin_scoreboard(struct scoreboard *scoreboard, bool inherited)
{
	/* New because it is of another version: the old reaper writes into the old one. */
	if (inherited && scoreboard->serving_since_ms == 0)
		scoreboard->reaper_beat_ms = clock_boot_ms();
	if (!inherited || scoreboard->serving_since_ms == 0) {
		scoreboard->serving_since_ms = clock_boot_ms();
		scoreboard->draining = 0;
		scoreboard->stop_all_swept = scoreboard->stop_all_asked;
		scoreboard->trial.began_ms = 0;
		scoreboard->trial.result = TRIAL_NONE;
	}
	scoreboard->supervisor_pid = getpid();
	scoreboard->generation++;
}

/*
 * A database of a newer program is left to it, and to the reapers of that program that may still
 * guard. Before anything is changed that they look at.
 */
static int
refuse_newer(const char *state_dir, struct err *err)
{
	int64_t active = 0;
	struct err unknown;
	int age;

	if (store_survey(state_dir, &age, &active, &unknown) == -1 || age <= 0)
		return 0;
	return err_set(err, ERR_USAGE, "%s/%s is of a newer actionkit, by %d schema versions: only "
	    "that program, or a newer one, can serve here and undo what is active (%" PRId64
	    "): put it back and start it, or run its `actionkit recover`", state_dir, STORE_FILE,
	    age, active);
}

/*
 * One that was removed is put back by a reaper that has it open still, unless a new one is made
 * before.
 */
static void
await_rescue(const char *state_dir)
{
	int64_t until_ms = clock_boot_ms() + RESCUE_WAIT_MS;
	char path[STATE_PATH_BYTES];
	struct err unknown;

	state_path(state_dir, STORE_FILE, path);
	while (access(path, F_OK) == -1 && errno == ENOENT && clock_boot_ms() < until_ms &&
	    takeover_held(state_dir, &unknown) == 1)
		clock_sleep_ms(RESCUE_PAUSE_MS);
}

/* What this server begins with; behind: of its database, or BEHIND_NEW. */
static void
log_beginning(const char *state_dir, int behind)
{
	char migrated[MIGRATED_BYTES] = "";
	int64_t active;
	struct err unknown;
	int age;

	if (behind > 0)
		snprintf(migrated, sizeof(migrated), ", the database was migrated from %d",
		    store_schema() - behind);
	log_info("actionkit %s, schema %d%s", PACKAGE_VERSION, store_schema(),
	    behind == BEHIND_NEW ? ", a new database" : migrated);
	if (store_survey(state_dir, &age, &active, &unknown) == 0 && active > 0)
		log_info("%" PRId64 " %s not stopped: %s", active,
		    active == 1 ? "execution is" : "executions are",
		    active == 1 ? "it goes on" : "they go on");
}

/*
 * Without a database agents can still stop what they started, from the state in their
 * requests; so only one of another schema keeps us from serving. Those who guard can use an
 * older one still.
 */
static int
migrate(const struct supervisor *supervisor, struct err *err)
{
	const char *state_dir = supervisor->options->core.state_dir;
	const struct scoreboard *scoreboard = supervisor->site->scoreboard;
	int64_t active;
	struct err unknown;
	int age, behind;

	await_rescue(state_dir);
	behind = store_survey(state_dir, &age, &active, &unknown) == 0 ? -age : BEHIND_NEW;
	if (store_make_ready(state_dir, scoreboard->serving_since_ms, scoreboard->active,
	    err) == 0) {
		log_beginning(state_dir, behind);
		return 0;
	}
	if (err->code == ERR_USAGE || (store_survey(state_dir, &age, &active, &unknown) == 0 &&
	    age != 0))
		return err_wrap(err, "migration");
	log_error("the database cannot be used: %s", err->msg);
	return 0;
}

static int
take_place(struct supervisor *supervisor, const struct inheritance *inheritance, bool inherited,
    struct err *err)
{
	const struct server_options *options = supervisor->options;
	struct scoreboard *scoreboard;

	if (inherited)
		supervisor->sockets = inheritance->sockets;
	else if (socket_lock_state(&supervisor->sockets, options, err) == -1)
		return -1;
	if (refuse_newer(options->core.state_dir, err) == -1 ||
	    state_dir_settle(options, err) == -1)
		return -1;
	if (coverage_begin(options->core.state_dir, supervisor->site->binary, err) == -1)
		return -1;
	scoreboard = scoreboard_map(options->core.state_dir, err);
	if (scoreboard == NULL)
		return -1;
	supervisor->site->scoreboard = supervisor->shutdown.scoreboard = scoreboard;
	begin_scoreboard(scoreboard, inherited);
	if (migrate(supervisor, err) == -1)
		return -1;
	/* What SQLite has made is of this process's group. */
	if (state_dir_settle(options, err) == -1)
		return -1;
	if (!inherited && socket_listen(&supervisor->sockets, options, err) == -1)
		return -1;
	children_init(&supervisor->children, supervisor->site,
	    supervisor->sockets.listener, scoreboard->generation);
	children_adopt(&supervisor->children, inheritance->responders, inheritance->count);
	return 0;
}

/* What cannot serve must not replace what does, whatever its test has said. */
static int
set_up(struct supervisor *supervisor, struct err *err)
{
	struct inheritance inheritance = { .former = -1 };
	bool inherited = reexec_inherited(&inheritance);
	int result = take_place(supervisor, &inheritance, inherited, err);

	if (result == -1 && inheritance.former != -1) {
		log_error("SIGHUP: the program cannot serve: %s", err->msg);
		log_error("SIGHUP: going back to the program before");
		reexec_back(&inheritance, err);
	}
	reexec_stay(&inheritance);
	return result;
}

static void
refuse_reload(struct supervisor *supervisor, const struct err *err)
{
	log_error("SIGHUP: %s", err->msg);
	supervisor->refused = true;
}

/* Both generations of responders are there until the new one is ready. */
static void
begin_reload(struct supervisor *supervisor)
{
	const struct children *children = &supervisor->children;
	struct err err;

	if (supervisor->shutdown.stage != STAGE_SERVING)
		log_warn("SIGHUP is ignored: on the way out");
	else if (children_testing(children))
		log_warn("SIGHUP is ignored: one is under way");
	else if (children_running(children, CHILD_RESPONDER) +
	    (size_t)supervisor->options->responders > SCOREBOARD_SLOTS)
		log_error("SIGHUP is ignored: too many older responders are still there");
	else if (reexec_test(&supervisor->children, &err) == -1)
		refuse_reload(supervisor, &err);
	else
		log_info("SIGHUP: testing the program");
}

static void
end_reload(struct supervisor *supervisor, int status)
{
	struct err err;

	if (supervisor->shutdown.stage != STAGE_SERVING)
		return;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		err_set(&err, ERR_USAGE, "the program does not pass its test (%s %d, the lines "
		    "before say why): nothing is changed, the one before goes on; correct it, "
		    "then send SIGHUP again", WIFEXITED(status) ? "status" : "signal",
		    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
		refuse_reload(supervisor, &err);
		return;
	}
	log_info("SIGHUP: executing the program");
	reexec(&supervisor->sockets, &supervisor->children, &err);
	refuse_reload(supervisor, &err);
}

static void
begin_sweep(struct supervisor *supervisor)
{
	if (supervisor->shutdown.stage != STAGE_SERVING) {
		log_warn("SIGUSR1 is ignored: on the way out");
		return;
	}
	log_info("SIGUSR1: stopping all executions");
	supervisor->sweeping = true;
	shutdown_sweep(&supervisor->shutdown, SIGUSR1);
}

static void
take_signal(struct supervisor *supervisor, int number)
{
	switch (number) {
	case SIGTERM:
	case SIGINT:
		shutdown_begin(&supervisor->shutdown, number);
		break;
	case SIGQUIT:
		shutdown_quit(&supervisor->shutdown);
		break;
	case SIGHUP:
		begin_reload(supervisor);
		break;
	case SIGUSR1:
		begin_sweep(supervisor);
		break;
	default:
		break;
	}
}

/* What has to be done while it serves, apart from signals and children. */
static void
look(struct supervisor *supervisor)
{
	int status;

	if (children_tested(&supervisor->children, &status))
		end_reload(supervisor, status);
	if (supervisor->shutdown.stage != STAGE_SERVING)
		return;
	if (!supervisor->ready && children_ready(&supervisor->children)) {
		supervisor->ready = true;
		log_info("serving on %s, generation %d", supervisor->sockets.lock == -1 ?
		    "systemd's socket" : supervisor->options->socket,
		    (int)supervisor->children.generation);
		children_dismiss_older(&supervisor->children);
	}
	if (supervisor->sweeping && shutdown_swept(&supervisor->shutdown)) {
		supervisor->sweeping = false;
		log_info("SIGUSR1: done, %d executions could not be stopped yet",
		    (int)supervisor->site->scoreboard->active);
	}
	if (children_lost(&supervisor->children)) {
		log_error("no responder is left: leaving; the reaper goes on");
		shutdown_over(&supervisor->shutdown, EXIT_FAILURE);
	}
}

static enum notify_state
notify_state(const struct supervisor *supervisor)
{
	if (supervisor->shutdown.stage != STAGE_SERVING)
		return NOTIFY_STOPPING;
	if (children_testing(&supervisor->children))
		return NOTIFY_RELOADING;
	return supervisor->ready ? NOTIFY_READY : NOTIFY_STARTING;
}

static void
tell_systemd(struct supervisor *supervisor)
{
	const struct scoreboard *scoreboard = supervisor->site->scoreboard;
	const struct shutdown *shutdown = &supervisor->shutdown;
	size_t responders = children_serving(&supervisor->children);
	char what[STATUS_WHAT_BYTES];
	struct notify_news news = {
		.state = notify_state(supervisor),
		.fine = clock_boot_ms() - scoreboard->reaper_beat_ms <= REAPER_SILENT_MAX_MS
	};

	switch (news.state) {
	case NOTIFY_STARTING:
		snprintf(what, sizeof(what), "starting: ");
		break;
	case NOTIFY_STOPPING:
		snprintf(what, sizeof(what), "%s: ", shutdown->stage == STAGE_QUITTING ?
		    "leaving, executions go on" : "stopping all executions");
		break;
	case NOTIFY_RELOADING:
	case NOTIFY_READY:
		snprintf(what, sizeof(what), "%zu responder%s, ", responders,
		    responders == 1 ? "" : "s");
		break;
	}
	snprintf(news.status, sizeof(news.status), "%s%d active, %d failing%s%s", what,
	    scoreboard->active, scoreboard->failing,
	    news.fine ? "" : ", no reaper gives a sign of life",
	    supervisor->refused ? ", the last SIGHUP changed nothing: the log says why" : "");
	notify_tell(&supervisor->notify, &news);
}

/* Why it does not serve. */
static void
tell_systemd_failure(struct supervisor *supervisor, const struct err *err)
{
	struct notify_news news = { .state = NOTIFY_STARTING };

	snprintf(news.status, sizeof(news.status), "%.*s", NOTIFY_STATUS_BYTES - 1, err->msg);
	notify_tell(&supervisor->notify, &news);
}

static void
loop(struct supervisor *supervisor, const sigset_t *set)
{
	struct timespec tick;
	int number;

	while (supervisor->shutdown.stage != STAGE_OVER) {
		coverage_follow();
		children_start(&supervisor->children);
		tick = clock_timespec(children_pause_ms(&supervisor->children, TICK_MS));
		number = sigtimedwait(set, NULL, &tick);
		if (number != -1)
			take_signal(supervisor, number);
		children_reap(&supervisor->children);
		children_watch(&supervisor->children);
		look(supervisor);
		shutdown_advance(&supervisor->shutdown);
		tell_systemd(supervisor);
	}
}

int
supervisor_run(const struct server_options *options, struct site *site)
{
	static struct supervisor supervisor;
	sigset_t set;
	struct err err;

	supervisor = (struct supervisor){
		.options = options, .site = site, .sockets = SOCKETS_NONE,
		.shutdown = { .options = options, .children = &supervisor.children }
	};
	log_process("supervisor");
	block_signals(&set);
	if (set_up(&supervisor, &err) == -1) {
		log_error("%s", err.msg);
		tell_systemd_failure(&supervisor, &err);
		supervisor.shutdown.exit_status = err.code == ERR_USAGE ? EX_CONFIG : EXIT_FAILURE;
	} else {
		loop(&supervisor, &set);
		log_info("leaving with status %d", supervisor.shutdown.exit_status);
	}
	socket_close(&supervisor.sockets, options);
	return supervisor.shutdown.exit_status;
}
