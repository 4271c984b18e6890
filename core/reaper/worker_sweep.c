/*
 * worker_sweep.c: what the reaper does about workers. Writes that one has died.
 */
#include "config.h"

#include "core/reaper/worker_sweep.h"

#include <signal.h>
#include <stdio.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "core/base/uuid_text.h"
#include "core/store/worker.h"
#include "core/worker/death.h"
#include "core/worker/spawn.h"

/* In one round; the rest in the next ones. */
#define WORKER_SWEEP_MAX 64
#define WORKER_SWEEP_WAIT_MS 2000
/* So long the gate is waited for, to see whether it is passed on; */
#define WORKER_SWEEP_GATE_MS 200
/* so long one may be in it. */
#define WORKER_SWEEP_STILL_MS 5000

static int
look(struct session *session, const char *execution, struct err *err)
{
	struct worker worker = { .there = false };
	int died = worker_load(&session->store, execution, &worker, err);

	if (died == 0)
		died = death_look(&session->store, &session->workers, execution, &worker, err);
	if (died == 1) {
		log_warn("the worker of execution %s has died", execution);
		died = death_note(&session->store, execution, &worker,
		    clock_boot_ms() + WORKER_SWEEP_WAIT_MS, err);
	}
	worker_done(&worker);
	return died == -1 ? -1 : 0;
}

int
worker_sweep(struct session *session, struct err *err)
{
	struct store *store = &session->store;
	static char at_work[WORKER_SWEEP_MAX][UUID_TEXT_BYTES];
	static char after[UUID_TEXT_BYTES];
	sqlite3_stmt *get = store_prepare(store, "SELECT execution FROM workers "
	    "WHERE ended IS NULL AND execution > ? ORDER BY execution LIMIT ?", err);
	int count = 0, found, result = 0;

	if (get == NULL)
		return -1;
	sqlite3_bind_text(get, 1, after, -1, SQLITE_STATIC);
	sqlite3_bind_int(get, 2, WORKER_SWEEP_MAX);
	while ((found = store_step(store, get, err)) == 1)
		snprintf(at_work[count++], UUID_TEXT_BYTES, "%s",
		    (const char *)sqlite3_column_text(get, 0));
	if (found == -1)
		return -1;
	snprintf(after, sizeof(after), "%s", count == WORKER_SWEEP_MAX ? at_work[count - 1] : "");
	for (int i = 0; i < count && result == 0; i++)
		result = look(session, at_work[i], err);
	return result;
}

/* A keeper opens the database only to write, and no code of actions stops it there. */
static bool
note_body(void *context, pid_t pid)
{
	pid_t *body = context;

	if (process_has_name(pid, SPAWN_BODY_NAME) &&
	    process_has_name(process_session(pid), SPAWN_KEEPER_NAME))
		*body = pid;
	return true;
}

/* The body that is in the gate; 0 if somebody else is. */
static pid_t
find_body(const struct gate *gate)
{
	char text[HOLDER_TEXT_BYTES];
	pid_t body = 0;

	(void)holder_find(gate->fd, HOLDER_FLOCK, HOLDER_FLOCK, note_body, &body, text);
	return body;
}

void
worker_sweep_gate(struct session *session, struct gate_watch *watch)
{
	struct gate *gate = &session->store.gate;
	int64_t now_ms = clock_boot_ms();
	struct err err;
	pid_t body;

	if (!gate->open)
		return;
	/* The kernel serves those who wait in turn: it was not in other hands meanwhile. */
	if (gate_enter(gate, now_ms + WORKER_SWEEP_GATE_MS, &err) == 0) {
		gate_leave(gate);
		watch->since_ms = 0;
		return;
	}
	body = find_body(gate);
	if (body == 0) {
		watch->since_ms = 0;
	} else if (watch->since_ms == 0 || body != watch->pid) {
		*watch = (struct gate_watch){ .since_ms = now_ms, .pid = body };
	} else if (now_ms - watch->since_ms >= WORKER_SWEEP_STILL_MS) {
		log_error("process %ld holds up all others: a worker that stands still in a "
		    "transaction is killed", (long)body);
		(void)kill(body, SIGKILL);
	}
}
