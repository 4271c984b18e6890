/*
 * spawn.c: forks the supervisor's children, and takes from each what it must not have.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/coverage.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "core/reaper/reaper.h"
#include "fcgi/http/responder.h"
#include "fcgi/server/children.h"
#include "fcgi/server/notify.h"

#define FIRST_FD 3		/* after standard error */
#define SPAWN_RETRY_MS 1000

/*
 * Blocks all signals but those that the process raises itself: blocked, these would end
 * it without the handlers that sanitizers have.
 */
static void
block_signals(void)
{
	sigset_t all;
	int number;

	sigfillset(&all);
	for (number = 1; number < SIGRTMIN; number++)
		if (process_is_fault(number))
			sigdelset(&all, number);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

/* Everything but standard input, output, error and keep (or -1). */
static void
close_files(int keep)
{
	if (keep == -1) {
		close_range(FIRST_FD, ~0U, 0);
		return;
	}
	if (keep > FIRST_FD)
		close_range(FIRST_FD, (unsigned int)keep - 1, 0);
	close_range((unsigned int)keep + 1, ~0U, 0);
}

static _Noreturn void
run_responder(const struct children *children, struct scoreboard_slot *slot,
    pid_t supervisor)
{
	process_die_with_parent(supervisor);
	block_signals();
	close_files(children->listener);
	notify_forget();
	process_name("responder");
	exit(responder_run(children->site, slot, children->listener));
}

/*
 * A reaper outlives what ends the supervisor: a Ctrl-C, or a signal to the whole
 * group. So it has a session of its own.
 */
static _Noreturn void
run_reaper(const struct children *children, pid_t supervisor)
{
	setsid();
	block_signals();
	close_files(-1);
	notify_forget();
	exit(reaper_run(&children->site->options->core, children->site->scoreboard,
	    children->generation, supervisor));
}

static struct scoreboard_slot *
free_slot(struct scoreboard *scoreboard)
{
	size_t i;

	for (i = 0; i < SCOREBOARD_SLOTS; i++)
		if (scoreboard->slots[i].pid == 0)
			break;
	if (i == SCOREBOARD_SLOTS)
		return NULL;
	if (scoreboard->slots_used <= (int32_t)i)
		scoreboard->slots_used = (int32_t)i + 1;
	return &scoreboard->slots[i];
}

/* The slot is taken before the process runs, so that it can only be its own. */
static void
boot_slot(const struct children *children, struct scoreboard_slot *slot)
{
	slot->generation = children->generation;
	slot->requests = 0;
	slot->since_ms = clock_boot_ms();
	slot->what[0] = '\0';
	slot->request[0] = '\0';
	slot->mode = SLOT_BOOTING;
}

static void
start(struct children *children, struct child *child)
{
	struct scoreboard_slot *slot = NULL;
	pid_t supervisor = getpid(), pid;

	if (child->kind == CHILD_RESPONDER) {
		slot = free_slot(children->site->scoreboard);
		if (slot == NULL) {
			child->start_at_ms = clock_boot_ms() + SPAWN_RETRY_MS;
			return;
		}
		boot_slot(children, slot);
	}
	pid = fork();
	if (pid == 0) {
		if (child->kind == CHILD_RESPONDER)
			run_responder(children, slot, supervisor);
		run_reaper(children, supervisor);
	}
	child->started_ms = clock_boot_ms();
	if (pid == -1) {
		log_error("%s: fork: %s", child_name(child->kind), strerror(errno));
		child->start_at_ms = child->started_ms + SPAWN_RETRY_MS;
		if (slot != NULL)
			slot->mode = SLOT_FREE;
		return;
	}
	child->pid = pid;
	child->slot = slot;
	if (slot != NULL)
		slot->pid = pid;
	log_debug("%s %ld started", child_name(child->kind), (long)pid);
}

void
children_start(struct children *children)
{
	int64_t now = clock_boot_ms();
	struct child *child;
	size_t i;

	for (i = 0; i < children->count; i++) {
		child = &children->list[i];
		if (child->wanted && child->pid == 0 && child->start_at_ms <= now)
			start(children, child);
	}
}

int
children_test(struct children *children, const char *program, char **argv,
    struct err *err)
{
	pid_t pid;

	if (children->count == CHILDREN_MAX)
		return err_set(err, ERR_INTERNAL, "too many processes");
	pid = fork();
	if (pid == -1)
		return err_sys(err, ERR_INTERNAL, "fork");
	if (pid == 0) {
		close_files(-1);
		notify_forget();
		process_default_signals();
		coverage_part();
		execv(program, argv);
		log_error("%s: %s", program, strerror(errno));
		process_exit(EXIT_FAILURE);
	}
	children->list[children->count++] = (struct child){
		.kind = CHILD_TEST, .pid = pid, .started_ms = clock_boot_ms()
	};
	return 0;
}
