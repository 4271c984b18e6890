/*
 * children.c: the table of the supervisor's processes, who has ended, and who is to be
 * started again when.
 */
#include "config.h"

#include "fcgi/server/children.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "fcgi/http/responder.h"

/*
 * A child that lived this long, or has served a request, is started again at once, others
 * after a growing pause.
 */
#define LIVED_MIN_MS 1000
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 5000

const char *
child_name(enum child_kind kind)
{
	static const char *const names[] = {
		[CHILD_RESPONDER] = "responder",
		[CHILD_REAPER] = "reaper",
		[CHILD_TEST] = "test"
	};

	return names[kind];
}

int64_t
children_request_max_ms(const struct server_options *options)
{
	int64_t handler_ms = options->core.handler_timeout_ms;

	if (handler_ms < options->core.stop_timeout_ms)
		handler_ms = options->core.stop_timeout_ms;
	return options->body_timeout_ms + handler_ms;
}

void
children_init(struct children *children, const struct site *site, int listener,
    int32_t generation)
{
	size_t i;

	*children = (struct children){
		.site = site, .listener = listener, .generation = generation,
		.patience = { .looked_ms = clock_boot_ms() },
		.count = CHILDREN_REAPERS + (size_t)site->options->responders
	};
	/* What undoes comes before what does. */
	for (i = 0; i < children->count; i++)
		children->list[i] = (struct child){
			.kind = i < CHILDREN_REAPERS ? CHILD_REAPER : CHILD_RESPONDER,
			.wanted = true, .generation = generation
		};
}

/* Whether pid is a child of this process, be it dead. */
static bool
is_child(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static struct scoreboard_slot *
slot_of(struct scoreboard *scoreboard, pid_t pid)
{
	size_t i;

	for (i = 0; i < SCOREBOARD_SLOTS; i++)
		if (scoreboard->slots[i].pid == pid)
			return &scoreboard->slots[i];
	return NULL;
}

void
children_adopt(struct children *children, const pid_t *pids, size_t count)
{
	struct scoreboard *scoreboard = children->site->scoreboard;
	struct scoreboard_slot *slot;
	size_t i, j;

	for (i = 0; i < count && children->count < CHILDREN_MAX; i++) {
		if (!is_child(pids[i]))
			continue;
		slot = slot_of(scoreboard, pids[i]);
		children->list[children->count++] = (struct child){
			.kind = CHILD_RESPONDER, .pid = pids[i], .slot = slot,
			.generation = slot == NULL ? 0 : slot->generation,
			.started_ms = clock_boot_ms()
		};
	}
	for (i = 0; i < SCOREBOARD_SLOTS; i++) {
		slot = &scoreboard->slots[i];
		for (j = 0; j < children->count && children->list[j].slot != slot; j++)
			;
		if (j == children->count) {
			slot->mode = SLOT_FREE;
			slot->pid = 0;
		}
	}
}

/* Code of an action has ended it, unless it came from outside: what it did, with its name. */
static void
log_handler(const struct child *child, int status)
{
	char how[PROCESS_END_BYTES];

	process_end_text(status, how);
	log_warn("%s, %s; %s %ld is gone with it", child->slot->handler, how,
	    child_name(child->kind), (long)child->pid);
}

static void
log_end(const struct child *child, int status)
{
	const char *name = child_name(child->kind);
	const char *busy = child->slot != NULL && child->slot->mode == SLOT_BUSY ?
	    child->slot->what : "";
	int number;

	if (*busy != '\0' && child->slot->handler[0] != '\0') {
		log_handler(child, status);
	} else if (WIFSIGNALED(status)) {
		number = WTERMSIG(status);
		log_warn("%s %ld was killed by SIG%s%s%s", name, (long)child->pid,
		    sigabbrev_np(number) == NULL ? "RT" : sigabbrev_np(number),
		    *busy == '\0' ? "" : " during: ", busy);
	} else if (WEXITSTATUS(status) != 0 || (child->wanted && child->told_ms == 0)) {
		log_warn("%s %ld ended with status %d%s%s", name, (long)child->pid,
		    WEXITSTATUS(status), *busy == '\0' ? "" : " during: ", busy);
	} else {
		log_debug("%s %ld left", name, (long)child->pid);
	}
}

/*
 * Without a reaper nobody undoes: a pause would be the time in which its supervisor may die, too.
 * One that was killed from outside is no worse than before.
 */
static bool
must_be_back(const struct child *child, int status)
{
	return child->kind == CHILD_REAPER && WIFSIGNALED(status) &&
	    !process_is_fault(WTERMSIG(status));
}

/* When it is started again, unless it said that there is no use. */
static void
plan_restart(struct child *child, int status)
{
	int64_t now = clock_boot_ms();

	if (WIFEXITED(status) && WEXITSTATUS(status) == RESPONDER_EXIT_FOR_GOOD) {
		log_error("this %s is not started again", child_name(child->kind));
		child->wanted = false;
		return;
	}
	if (now - child->started_ms >= LIVED_MIN_MS || must_be_back(child, status) ||
	    (child->slot != NULL && child->slot->requests > 0))
		child->pause_ms = 0;
	else if (child->pause_ms == 0)
		child->pause_ms = PAUSE_MIN_MS;
	else
		child->pause_ms = child->pause_ms * 2 < PAUSE_MAX_MS ?
		    child->pause_ms * 2 : PAUSE_MAX_MS;
	child->start_at_ms = now + child->pause_ms;
}

static void
ended(struct children *children, struct child *child, int status)
{
	char how[PROCESS_END_BYTES];

	child->status = status;
	if (child->kind != CHILD_TEST)
		log_end(child, status);
	if (child->wanted)
		plan_restart(child, status);
	if (child->slot != NULL) {
		process_end_text(status, how);
		scoreboard_lose(children->site->scoreboard, child->slot,
		    child->killed ? NULL : how);
		child->slot->mode = SLOT_FREE;
		child->slot->pid = 0;
	}
	child->slot = NULL;
	child->pid = 0;
	child->told_ms = 0;
	child->killed = false;
}

/* Frees the entries of those that are not started again, apart from this generation's. */
static void
forget(struct children *children)
{
	size_t i = CHILDREN_REAPERS + (size_t)children->site->options->responders;

	while (i < children->count) {
		if (children->list[i].pid == 0 && children->list[i].kind != CHILD_TEST)
			children->list[i] = children->list[--children->count];
		else
			i++;
	}
}

void
children_reap(struct children *children)
{
	size_t i;
	pid_t pid;
	int status;

	/* Reapers of older generations are not in the list: they leave for the new one. */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (i = 0; i < children->count; i++)
			if (children->list[i].pid == pid) {
				ended(children, &children->list[i], status);
				break;
			}
	forget(children);
}

int64_t
children_pause_ms(const struct children *children, int64_t most_ms)
{
	int64_t now = clock_boot_ms(), left;
	size_t i;

	for (i = 0; i < children->count; i++) {
		left = children->list[i].start_at_ms - now;
		if (children->list[i].wanted && children->list[i].pid == 0 && left < most_ms)
			most_ms = left < 1 ? 1 : left;
	}
	return most_ms;
}

static struct child *
find_test(const struct children *children)
{
	size_t i;

	for (i = 0; i < children->count; i++)
		if (children->list[i].kind == CHILD_TEST)
			return (struct child *)(uintptr_t)&children->list[i];
	return NULL;
}

bool
children_testing(const struct children *children)
{
	return find_test(children) != NULL;
}

bool
children_tested(struct children *children, int *ret_status)
{
	struct child *test = find_test(children);

	if (test == NULL || test->pid != 0)
		return false;
	*ret_status = test->status;
	*test = children->list[--children->count];
	return true;
}

void
children_signal(const struct children *children, enum child_kind kind, int number)
{
	size_t i;

	for (i = 0; i < children->count; i++)
		if (children->list[i].kind == kind && children->list[i].pid != 0)
			kill(children->list[i].pid, number);
}

static void
dismiss(struct child *child)
{
	child->wanted = false;
	if (child->pid == 0)
		return;
	child->told_ms = clock_boot_ms();
	kill(child->pid, SIGTERM);
}

void
children_dismiss(struct children *children, enum child_kind kind)
{
	size_t i;

	for (i = 0; i < children->count; i++)
		if (children->list[i].kind == kind)
			dismiss(&children->list[i]);
}

void
children_dismiss_older(struct children *children)
{
	size_t i;

	for (i = 0; i < children->count; i++)
		if (children->list[i].kind == CHILD_RESPONDER &&
		    children->list[i].generation != children->generation)
			dismiss(&children->list[i]);
}

size_t
children_running(const struct children *children, enum child_kind kind)
{
	size_t i, running = 0;

	for (i = 0; i < children->count; i++)
		running += children->list[i].kind == kind && children->list[i].pid != 0;
	return running;
}

static bool
is_newest_responder(const struct children *children, const struct child *child)
{
	return child->kind == CHILD_RESPONDER && child->generation == children->generation;
}

size_t
children_serving(const struct children *children)
{
	size_t i, serving = 0;

	for (i = 0; i < children->count; i++)
		serving += is_newest_responder(children, &children->list[i]) &&
		    children->list[i].pid != 0;
	return serving;
}

bool
children_ready(const struct children *children)
{
	const struct child *child;
	size_t i;

	for (i = 0; i < children->count; i++) {
		child = &children->list[i];
		if (is_newest_responder(children, child) && child->wanted &&
		    (child->slot == NULL || child->slot->mode == SLOT_BOOTING))
			return false;
	}
	return true;
}

bool
children_lost(const struct children *children)
{
	size_t i;

	for (i = 0; i < children->count; i++)
		if (is_newest_responder(children, &children->list[i]) &&
		    (children->list[i].wanted || children->list[i].pid != 0))
			return false;
	return true;
}

size_t
children_responders(const struct children *children, pid_t ret_pids[SCOREBOARD_SLOTS])
{
	size_t i, count = 0;

	for (i = 0; i < children->count && count < SCOREBOARD_SLOTS; i++)
		if (children->list[i].kind == CHILD_RESPONDER &&
		    children->list[i].pid != 0)
			ret_pids[count++] = children->list[i].pid;
	return count;
}
