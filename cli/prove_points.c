/*
 * prove_points.c: one process dies at one moment of one call; then all is undone all the same.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/prove.h"
#include "cli/prove_trace.h"
#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/worker/spawn.h"

#define POINT_TICK_MS 1
#define POINT_WAIT_MS 30000		/* for a process that must come by itself */
#define POINT_WORK_MS 300		/* of a worker, until it is stopped */
#define US_PER_S 1000000
#define NS_PER_US 1000
#define STOPPER "stopper"

/* The call under way, in a process of its own: this one watches. */
struct asking {
	struct life *life;
	const struct part *part;
	pid_t pid;			/* 0: it is over */
	int *status;			/* shared with it: what the last call said */
	int32_t asked;			/* sweeps before this one */
};

/* What the victim is at meanwhile. The state that it learns is lost. */
_Noreturn static void
ask_in_child(const struct asking *asking)
{
	struct life *life = asking->life;
	struct ask_reply reply;

	process_default_signals();
	*asking->status = life_call(life, asking->part->verb, &reply);
	ask_reply_done(&reply);
	if (asking->part->verb == VERB_START && asking->part->way != NULL) {
		clock_sleep_ms(POINT_WORK_MS);
		*asking->status = life_call(life, VERB_STOP, &reply);
		ask_reply_done(&reply);
	}
	process_exit(EXIT_SUCCESS);
}

static void
asking_begin(struct asking *asking)
{
	struct prove_server *server = &asking->life->prove->server;

	*asking->status = 0;
	asking->asked = server->board->stop_all_asked;
	if (asking->part->by_reaper) {
		/* The server stops all that runs, and goes on. */
		kill(server->pid, SIGUSR1);
		return;
	}
	asking->pid = fork();
	if (asking->pid == 0)
		ask_in_child(asking);
}

/* Whether nobody asks, nobody stops, and somebody could answer. */
static bool
is_quiet(const struct asking *asking)
{
	struct prove_server *server = &asking->life->prove->server;
	const struct scoreboard *board = server->board;

	if (asking->pid > 0 || prove_server_responder(server) == 0)
		return false;
	return !asking->part->by_reaper || (board->stop_all_asked != asking->asked &&
	    board->stop_all_asked == board->stop_all_swept &&
	    prove_server_named(server, STOPPER) == 0);
}

static void
ended(void *context, pid_t pid)
{
	struct asking *asking = context;

	if (pid == asking->pid)
		asking->pid = 0;
	prove_server_ended(&asking->life->prove->server, pid);
}

/* Waits for the end or the stop of a process, or a tick; trace may be NULL. */
static void
look(struct asking *asking, struct trace *trace)
{
	struct timespec wait = { .tv_nsec = (long)POINT_TICK_MS * CLOCK_NS_PER_MS };
	sigset_t child;
	int status;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigtimedwait(&child, NULL, &wait);
	while ((trace == NULL || trace->number == -1) &&
	    (pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		if ((trace == NULL || !trace_take(trace, pid, status)) && !WIFSTOPPED(status))
			ended(asking, pid);
}

/* Lets the call happen while the victim is counted, and dies at a call. */
static bool
kill_at_call(struct asking *asking, pid_t root, long at, long *ret_number)
{
	int64_t until_ms = clock_boot_ms() + POINT_WAIT_MS;
	struct trace trace;

	if (trace_begin(&trace, root, asking->part->way, at) == -1) {
		prove_wrong(asking->life->prove, "ptrace: %s", strerror(errno));
		return false;
	}
	asking_begin(asking);
	while (!trace.over && trace.number == -1 && !is_quiet(asking) &&
	    clock_boot_ms() < until_ms)
		look(asking, &trace);
	trace_end(&trace, ended, asking);
	*ret_number = trace.number == -1 ? trace.count : trace.number;
	return trace.number != -1;
}

static int64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / NS_PER_US;
}

/* Who is to die by chance: the process itself, or, when it comes, who calls itself so. */
static pid_t
find_victim(const struct asking *asking, pid_t root)
{
	struct prove_server *server = &asking->life->prove->server;

	return asking->part->by_reaper ? prove_server_named(server, STOPPER) :
	    asking->part->way != NULL ? prove_server_named(server, SPAWN_BODY_NAME) : root;
}

/* The same by time: so many us after the victim is there; 0: never, and *ret_us is how long. */
static bool
kill_at_time(struct asking *asking, pid_t root, long at_us, long *ret_us)
{
	int64_t until_ms = clock_boot_ms() + POINT_WAIT_MS, since_us = 0;
	pid_t victim = 0;

	asking_begin(asking);
	while (!is_quiet(asking) && clock_boot_ms() < until_ms) {
		if (victim == 0) {
			victim = find_victim(asking, root);
			since_us = now_us();
		}
		if (victim != 0 && at_us > 0 && now_us() - since_us >= at_us) {
			kill(victim, SIGKILL);
			*ret_us = at_us;
			return true;
		}
		if (at_us == 0)
			look(asking, NULL);
		else
			ended(asking, waitpid(-1, NULL, WNOHANG | __WALL));
	}
	*ret_us = since_us == 0 ? 0 : (long)(now_us() - since_us);
	return false;
}

/* Its victim is dead: nobody waits for the reply. */
static void
hang_up(struct asking *asking)
{
	if (asking->pid > 0)
		kill(asking->pid, SIGKILL);
	while (asking->pid > 0)
		look(asking, NULL);
}

/* The calls that lead to the one of the part. */
static int
lead(struct life *life, const struct part *part)
{
	if (part->verb == VERB_PREPARE)
		return 0;
	if (life_must(life, VERB_PREPARE) == -1)
		return -1;
	return part->verb == VERB_START ? 0 : life_must(life, VERB_START);
}

/* A responder that has answered: it is started again at once. */
static pid_t
await_responder(struct prove *prove)
{
	int64_t until_ms = clock_boot_ms() + POINT_WAIT_MS;
	struct err err;
	pid_t pid;

	if (prove_server_begin(&prove->server, &err) == -1) {
		prove_wrong(prove, "%s", err.msg);
		prove->broken = true;
		return 0;
	}
	while ((pid = prove_server_responder(&prove->server)) == 0 && clock_boot_ms() < until_ms)
		clock_sleep_ms(POINT_TICK_MS);
	return pid;
}

/* The agent has no reply, or lost it: it asks again. */
static void
ask_again(struct life *life, const struct part *part)
{
	struct ask_reply reply;
	int status;

	if (part->verb == VERB_PREPARE) {
		(void)life_must(life, VERB_PREPARE);
		return;
	}
	if (part->verb == VERB_STOP || part->way != NULL)
		return;
	status = life_call(life, part->verb, &reply);
	if (status == 200 && json_member(reply.body, "error") == NULL &&
	    part->verb == VERB_START && !life_effect_comes(life))
		prove_wrong(life->prove, "start() says yes, and the effect is not there");
	ask_reply_done(&reply);
}

bool
point_try(struct prove *prove, const struct part *part, long at, long *ret_number)
{
	struct life life;
	struct asking asking = { .life = &life, .part = part };
	bool killed = false;
	pid_t root;

	*ret_number = 0;
	asking.status = mmap(NULL, sizeof(*asking.status), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (asking.status == MAP_FAILED) {
		prove_wrong(prove, "mmap: %s", strerror(errno));
		return false;
	}
	life_init(&life, prove);
	if (lead(&life, part) == 0) {
		root = await_responder(prove);
		if (part->by_reaper)
			root = prove_server_reaper(&prove->server);
		if (root > 0)
			killed = prove->by_chance ? kill_at_time(&asking, root, at, ret_number) :
			    kill_at_call(&asking, root, at, ret_number);
		hang_up(&asking);
		if (!killed && !part->by_reaper && *asking.status != 200)
			prove_wrong(prove, "%s fails: HTTP %d", part->name, *asking.status);
		if (await_responder(prove) != 0 && killed)
			ask_again(&life, part);
	}
	life_end(&life);
	life_done(&life);
	munmap(asking.status, sizeof(*asking.status));
	return killed;
}
