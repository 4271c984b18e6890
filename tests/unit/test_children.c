/*
 * test_children.c: the supervisor's table of processes: who is started again and when, who is
 * told to leave, and whom a new program takes over. The processes do nothing.
 */
#include "config.h"

#include "fcgi/server/children.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "fcgi/http/responder.h"
#include "tests/unit/unit.h"

#define RESPONDERS 2
#define REAPER 0		/* the place of the first in the list */
#define RESPONDER CHILDREN_REAPERS
#define ALL (CHILDREN_REAPERS + RESPONDERS)
#define GENERATION 7
#define PAUSE_MS 100		/* the first one */
#define LONG_LIFE_MS 1000	/* after that the next start has no pause */
#define TOLERANCE_MS 60000	/* of a loaded machine */

static struct server_options options;
static struct scoreboard scoreboard;
static struct site site = { .options = &options, .scoreboard = &scoreboard };
static struct children children;

static void
setup(void)
{
	log_init(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	/* Check's handler, inherited, would end the test instead of the process. */
	(void)signal(SIGTERM, SIG_DFL);
	options.responders = RESPONDERS;
	children_init(&children, &site, -1, GENERATION);
}

/* A process that does nothing until a signal ends it; it dies with its test. */
static pid_t
dummy(void)
{
	pid_t parent = getpid(), pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
			for (;;)
				(void)pause();
		_exit(EXIT_FAILURE);
	}
	return pid;
}

/* A process that has ended, and that nobody has waited for. */
static pid_t
corpse(int status)
{
	siginfo_t info;
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		_exit(status);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	return pid;
}

/* The signal that ends it, without waiting for it as who starts it does. */
static int
ended_by(pid_t pid)
{
	siginfo_t info;

	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	return info.si_code == CLD_KILLED ? info.si_status : 0;
}

static bool
runs(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
	return info.si_pid == 0;
}

/* As if it had been started, so long ago; slot may be NULL. */
static void
started(struct child *child, pid_t pid, int64_t ago_ms, struct scoreboard_slot *slot)
{
	child->pid = pid;
	child->started_ms = clock_boot_ms() - ago_ms;
	child->slot = slot;
	if (slot == NULL)
		return;
	slot->pid = pid;
	slot->mode = SLOT_IDLE;
	slot->generation = child->generation;
}

static void
check_pause(const struct child *child, int64_t pause_ms, int64_t ended_ms)
{
	ck_assert_int_eq(child->pid, 0);
	ck_assert(child->wanted);
	ck_assert_int_eq(child->pause_ms, pause_ms);
	ck_assert_int_ge(child->start_at_ms, ended_ms + pause_ms);
	ck_assert_int_le(child->start_at_ms, clock_boot_ms() + pause_ms);
}

START_TEST(all_are_wanted)
{
	size_t i;

	ck_assert_uint_eq(children.count, ALL);
	for (i = 0; i < children.count; i++) {
		ck_assert_int_eq(children.list[i].kind, i < RESPONDER ? CHILD_REAPER :
		    CHILD_RESPONDER);
		ck_assert(children.list[i].wanted);
		ck_assert_int_eq(children.list[i].pid, 0);
		ck_assert_int_eq(children.list[i].generation, GENERATION);
		ck_assert_int_le(children.list[i].start_at_ms, clock_boot_ms());
	}
	ck_assert(!children_ready(&children));
	ck_assert(!children_lost(&children));
}
END_TEST

START_TEST(pauses_grow)
{
	static const int64_t pauses_ms[] = { PAUSE_MS, 200, 400, 800, 1600, 3200, 5000, 5000 };
	struct child *child = &children.list[REAPER];
	int64_t now_ms;
	size_t i;

	for (i = 0; i < UNIT_COUNT(pauses_ms); i++) {
		/* From the future, on a machine that is slow. */
		started(child, corpse(EXIT_FAILURE), -TOLERANCE_MS, NULL);
		now_ms = clock_boot_ms();
		children_reap(&children);
		check_pause(child, pauses_ms[i], now_ms);
	}
	/* Whoever lived long is started again at once, and then begins anew. */
	started(child, corpse(EXIT_FAILURE), LONG_LIFE_MS, NULL);
	now_ms = clock_boot_ms();
	children_reap(&children);
	check_pause(child, 0, now_ms);
	started(child, corpse(EXIT_SUCCESS), -TOLERANCE_MS, NULL);
	now_ms = clock_boot_ms();
	children_reap(&children);
	check_pause(child, PAUSE_MS, now_ms);
}
END_TEST

START_TEST(no_pause_without_reaper)
{
	struct child *child = &children.list[REAPER], *responder = &children.list[RESPONDER];
	int64_t now_ms = clock_boot_ms();

	/* Whoever kills it from outside does not keep it away; its own fault does. */
	started(child, dummy(), -TOLERANCE_MS, NULL);
	started(responder, dummy(), -TOLERANCE_MS, NULL);
	ck_assert_int_eq(kill(child->pid, SIGKILL), 0);
	ck_assert_int_eq(ended_by(child->pid), SIGKILL);
	ck_assert_int_eq(kill(responder->pid, SIGKILL), 0);
	ck_assert_int_eq(ended_by(responder->pid), SIGKILL);
	children_reap(&children);
	check_pause(child, 0, now_ms);
	check_pause(responder, PAUSE_MS, now_ms);
	started(child, dummy(), -TOLERANCE_MS, NULL);
	ck_assert_int_eq(kill(child->pid, SIGABRT), 0);
	ck_assert_int_eq(ended_by(child->pid), SIGABRT);
	children_reap(&children);
	check_pause(child, PAUSE_MS, now_ms);
}
END_TEST

START_TEST(pause_until_the_next_start)
{
	size_t i;

	/* Those that are due already are started with the next look. */
	ck_assert_int_eq(children_pause_ms(&children, TOLERANCE_MS), 1);
	for (i = 0; i < children.count; i++)
		started(&children.list[i], dummy(), 0, NULL);
	ck_assert_int_eq(children_pause_ms(&children, TOLERANCE_MS), TOLERANCE_MS);
	children.list[RESPONDER].pid = 0;
	children.list[RESPONDER].start_at_ms = clock_boot_ms() + TOLERANCE_MS;
	ck_assert_int_eq(children_pause_ms(&children, TOLERANCE_MS / 2), TOLERANCE_MS / 2);
	ck_assert_int_le(children_pause_ms(&children, 2 * TOLERANCE_MS), TOLERANCE_MS);
	children.list[RESPONDER].wanted = false;
	ck_assert_int_eq(children_pause_ms(&children, 2 * TOLERANCE_MS), 2 * TOLERANCE_MS);
}
END_TEST

START_TEST(no_pause_after_work)
{
	struct child *child = &children.list[RESPONDER];
	struct scoreboard_slot *slot = &scoreboard.slots[3];
	int64_t now_ms;

	slot->requests = 1;
	started(child, corpse(EXIT_FAILURE), -TOLERANCE_MS, slot);
	now_ms = clock_boot_ms();
	children_reap(&children);
	check_pause(child, 0, now_ms);
	/* Its slot is free for another. */
	ck_assert_ptr_null(child->slot);
	ck_assert_int_eq(slot->mode, SLOT_FREE);
	ck_assert_int_eq(slot->pid, 0);
}
END_TEST

START_TEST(death_at_a_request)
{
	struct scoreboard_slot *slot = &scoreboard.slots[0], *other = &scoreboard.slots[1];

	scoreboard.slots_used = 2;
	scoreboard_request(slot, "request");
	scoreboard_request(other, "request");
	started(&children.list[RESPONDER], corpse(EXIT_FAILURE), 0, slot);
	scoreboard_busy(slot, clock_boot_ms(), "start");
	children_reap(&children);
	ck_assert_int_eq(scoreboard_deaths(&scoreboard, other), 1);
	/* One that was at none is not counted. */
	started(&children.list[RESPONDER], corpse(EXIT_FAILURE), 0, slot);
	children_reap(&children);
	ck_assert_int_eq(scoreboard_deaths(&scoreboard, other), 1);
}
END_TEST

START_TEST(ends_for_good)
{
	struct child *first = &children.list[RESPONDER], *second = &children.list[RESPONDER + 1];

	started(first, corpse(RESPONDER_EXIT_FOR_GOOD), 0, NULL);
	started(second, dummy(), 0, NULL);
	children_reap(&children);
	ck_assert(!first->wanted);
	ck_assert_int_eq(first->pid, 0);
	ck_assert(!children_lost(&children));
	/* Whoever is killed is started again. */
	ck_assert_int_eq(kill(second->pid, SIGKILL), 0);
	ck_assert_int_eq(ended_by(second->pid), SIGKILL);
	children_reap(&children);
	ck_assert(second->wanted);
	ck_assert(!children_lost(&children));
	started(second, corpse(RESPONDER_EXIT_FOR_GOOD), 0, NULL);
	ck_assert(!children_lost(&children));
	children_reap(&children);
	ck_assert(children_lost(&children));
	ck_assert(children.list[REAPER].wanted);
	/* They keep their places: this generation has so many. */
	ck_assert_uint_eq(children.count, ALL);
}
END_TEST

START_TEST(dismissed)
{
	struct child *responder = &children.list[RESPONDER], *reaper = &children.list[REAPER];
	pid_t pid = dummy(), other = dummy();

	started(responder, pid, 0, NULL);
	started(reaper, other, 0, NULL);
	children_dismiss(&children, CHILD_RESPONDER);
	ck_assert_int_gt(responder->told_ms, 0);
	ck_assert_int_eq(ended_by(pid), SIGTERM);
	ck_assert_uint_eq(children_running(&children, CHILD_RESPONDER), 1);
	children_reap(&children);
	ck_assert_uint_eq(children_running(&children, CHILD_RESPONDER), 0);
	ck_assert(!responder->wanted);
	ck_assert_int_eq(responder->told_ms, 0);
	/* The one that did not run is not started any more, either. */
	ck_assert(!children.list[RESPONDER + 1].wanted);
	ck_assert(children_lost(&children));
	ck_assert(runs(other));
	ck_assert(reaper->wanted);
	ck_assert_int_eq(reaper->told_ms, 0);
	children_dismiss(&children, CHILD_REAPER);
	ck_assert_int_eq(ended_by(other), SIGTERM);
	children_reap(&children);
	ck_assert_uint_eq(children_running(&children, CHILD_REAPER), 0);
}
END_TEST

START_TEST(signalled)
{
	pid_t pid = dummy(), other = dummy();

	started(&children.list[RESPONDER], pid, 0, NULL);
	started(&children.list[REAPER], other, 0, NULL);
	children_signal(&children, CHILD_REAPER, SIGUSR1);
	ck_assert_int_eq(ended_by(other), SIGUSR1);
	ck_assert(runs(pid));
	children_reap(&children);
	/* It was not told to leave. */
	ck_assert(children.list[REAPER].wanted);
}
END_TEST

START_TEST(ready)
{
	struct child *first = &children.list[RESPONDER], *second = &children.list[RESPONDER + 1];
	struct scoreboard_slot *slots = scoreboard.slots;

	started(first, dummy(), 0, &slots[0]);
	started(second, dummy(), 0, &slots[1]);
	slots[1].mode = SLOT_BOOTING;
	ck_assert(!children_ready(&children));
	scoreboard_idle(&slots[1]);
	ck_assert(children_ready(&children));
	scoreboard_busy(&slots[0], clock_boot_ms(), "start");
	ck_assert(children_ready(&children));
	ck_assert_int_eq(kill(first->pid, SIGKILL), 0);
	ck_assert_int_eq(ended_by(first->pid), SIGKILL);
	children_reap(&children);
	ck_assert(!children_ready(&children));
}
END_TEST

START_TEST(adopted)
{
	struct scoreboard_slot *slots = scoreboard.slots;
	pid_t slow = dummy(), dead = corpse(EXIT_SUCCESS), unknown = dummy();
	const pid_t pids[] = { slow, getppid(), dead, unknown };
	pid_t found[SCOREBOARD_SLOTS];
	const struct child *child;

	slots[0].pid = getppid();
	slots[0].mode = SLOT_BUSY;
	slots[4].pid = slow;
	slots[4].mode = SLOT_BUSY;
	slots[4].generation = GENERATION - 1;
	children_adopt(&children, pids, UNIT_COUNT(pids));

	/* The parent of the test is no child of it. */
	ck_assert_uint_eq(children.count, ALL + 3);
	child = &children.list[ALL];
	ck_assert_int_eq(child->kind, CHILD_RESPONDER);
	ck_assert_int_eq(child->pid, slow);
	ck_assert_ptr_eq(child->slot, &slots[4]);
	ck_assert_int_eq(child->generation, GENERATION - 1);
	ck_assert(!child->wanted);
	ck_assert_ptr_null(child[2].slot);
	ck_assert_int_eq(child[2].pid, unknown);
	/* Slots are of those who are there. */
	ck_assert_int_eq(slots[0].mode, SLOT_FREE);
	ck_assert_int_eq(slots[0].pid, 0);
	ck_assert_int_eq(slots[4].mode, SLOT_BUSY);
	ck_assert_int_eq(slots[4].pid, slow);
	/* They run, but they are not who is awaited. */
	ck_assert_uint_eq(children_running(&children, CHILD_RESPONDER), 3);
	ck_assert_uint_eq(children_responders(&children, found), 3);
	ck_assert_int_eq(found[0], slow);
	ck_assert(!children_ready(&children));

	children_reap(&children);
	ck_assert_uint_eq(children.count, ALL + 2);
	/* Those of this generation stay when the older ones go. */
	started(&children.list[RESPONDER], dummy(), 0, NULL);
	children_dismiss_older(&children);
	ck_assert_int_eq(ended_by(slow), SIGTERM);
	ck_assert_int_eq(ended_by(unknown), SIGTERM);
	ck_assert(runs(children.list[RESPONDER].pid));
	ck_assert(children.list[RESPONDER].wanted);
	children_reap(&children);
	ck_assert_uint_eq(children.count, ALL);
	ck_assert_int_eq(slots[4].mode, SLOT_FREE);
	ck_assert_uint_eq(children_running(&children, CHILD_RESPONDER), 1);
}
END_TEST

/* Runs `sh -c script` as the test of a new program; how it ended, as waitpid() says. */
static int
tested(const char *program, const char *script)
{
	char *argv[] = { (char *)(uintptr_t)"sh", (char *)(uintptr_t)"-c",
	    (char *)(uintptr_t)script, NULL };
	int status = -1;
	struct err err;

	ck_assert(!children_testing(&children));
	ck_assert_int_eq(children_test(&children, program, argv, &err), 0);
	ck_assert(children_testing(&children));
	(void)ended_by(children.list[children.count - 1].pid);
	ck_assert(!children_tested(&children, &status));
	children_reap(&children);
	ck_assert(children_testing(&children));
	ck_assert(children_tested(&children, &status));
	ck_assert(!children_testing(&children));
	ck_assert_uint_eq(children.count, ALL);
	return status;
}

START_TEST(new_program)
{
	int status = tested("/bin/sh", "exit 5");

	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 5);
	status = tested("/bin/sh", "kill -9 $$");
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	status = tested("/nonexistent/program", "");
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		all_are_wanted,
		pauses_grow,
		no_pause_without_reaper,
		pause_until_the_next_start,
		no_pause_after_work,
		death_at_a_request,
		ends_for_good,
		dismissed,
		signalled,
		ready,
		adopted,
		new_program,
		NULL
	};

	return unit_main("children", setup, tests);
}
