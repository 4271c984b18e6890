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

/* In one round; the rest in the next ones. */
#define WORKER_SWEEP_MAX 64
#define WORKER_SWEEP_WAIT_MS 2000

static int
look(struct session *session, const char *execution, struct err *err)
{
	struct worker worker = { .there = false };
	int died = death_look(&session->store, &session->workers, execution, &worker, err);

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

static bool
kill_body(void *context, pid_t pid)
{
	(void)context;
	/* A keeper opens the database only to write, and no code of actions stops it there. */
	if (process_is_same_program(pid) && process_has_name(pid, "work")) {
		log_error("process %ld holds up all others: a worker that stands still in a "
		    "transaction is killed", (long)pid);
		(void)kill(pid, SIGKILL);
	}
	return true;
}

void
worker_sweep_gate(struct session *session)
{
	char text[HOLDER_TEXT_BYTES];

	if (session->store.gate.open)
		(void)holder_find(session->store.gate.fd, HOLDER_FLOCK, HOLDER_FLOCK, kill_body,
		    NULL, text);
}
