/*
 * blocked.c: executions that must be stopped, while somebody who is not a process of the server
 * holds their lock. It persists who, as their last error.
 */
#include "config.h"

#include "core/reaper/blocked.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/reaper/leftovers.h"

/* So long the holder of a lock is waited for without a question; */
#define BLOCKED_PATIENCE_MS 5000
/* so often it is looked whether it is what a dead handler has left. */
#define BLOCKED_LOOK_MS 500
/* Then it is asked for so often. */
#define BLOCKED_AGAIN_MS 30000
/* How long the transaction may wait for the write gate. */
#define BLOCKED_WAIT_MS 2000
#define BLOCKED_TEXT_BYTES (HOLDER_TEXT_BYTES + 64)

/* Which processes may hold a lock. */
struct known {
	const struct scoreboard *scoreboard;
	bool (*is_stopper)(void *context, pid_t pid);
	void *context;
};

static bool
is_known(void *context, pid_t pid)
{
	const struct known *known = context;

	return scoreboard_lists(known->scoreboard, pid) ||
	    known->is_stopper(known->context, pid);
}

void
blocked_begin(struct blocked *blocked)
{
	blocked->round++;
}

void
blocked_see(struct blocked *blocked, const char *execution)
{
	struct blocked_one *one = NULL;

	for (int i = 0; i < BLOCKED_MAX; i++) {
		if (strcmp(blocked->list[i].execution, execution) == 0) {
			blocked->list[i].round = blocked->round;
			return;
		}
		if (blocked->list[i].execution[0] == '\0')
			one = &blocked->list[i];
	}
	if (one == NULL)
		return;
	*one = (struct blocked_one){
		.round = blocked->round, .ask_at_ms = clock_boot_ms() + BLOCKED_PATIENCE_MS,
		.look_at_ms = clock_boot_ms() + BLOCKED_LOOK_MS
	};
	snprintf(one->execution, sizeof(one->execution), "%s", execution);
}

static int
write_it(struct store *store, const char *execution, const char *why, struct err *err)
{
	sqlite3_stmt *note = store_prepare(store, "INSERT INTO events "
	    "(at, execution, action, phase, who, pid, why) "
	    "SELECT ?2, id, action, phase, 'extension', ?3, ?4 FROM executions "
	    "WHERE phase <> 'stopped' AND id = ?1", err);
	sqlite3_stmt *set = store_prepare(store, "UPDATE executions SET last_error = ?2 "
	    "WHERE phase <> 'stopped' AND id = ?1", err);

	if (note == NULL || set == NULL)
		return -1;
	sqlite3_bind_text(note, 1, execution, -1, SQLITE_STATIC);
	sqlite3_bind_int64(note, 2, clock_wall_ms());
	sqlite3_bind_int64(note, 3, getpid());
	sqlite3_bind_text(note, 4, why, -1, SQLITE_STATIC);
	sqlite3_bind_text(set, 1, execution, -1, SQLITE_STATIC);
	sqlite3_bind_text(set, 2, why, -1, SQLITE_STATIC);
	if (store_run(store, note, err) == -1)
		return -1;
	return store_run(store, set, err);
}

static int
record(struct store *store, const char *execution, const char *holder, struct err *err)
{
	char why[BLOCKED_TEXT_BYTES];

	snprintf(why, sizeof(why), "its lock is held by %s", holder);
	if (store_begin(store, STORE_NORMAL, clock_boot_ms() + BLOCKED_WAIT_MS, err) == -1)
		return -1;
	return store_end(store, write_it(store, execution, why, err), err);
}

static void
ask(struct blocked_one *one, struct session *session, struct known *known)
{
	int64_t now_ms = clock_boot_ms();
	char holder[HOLDER_TEXT_BYTES];
	struct err err;

	if (!lock_holder(&session->lock, one->execution, is_known, known, holder)) {
		one->ask_at_ms = now_ms + BLOCKED_PATIENCE_MS;
		return;
	}
	one->ask_at_ms = now_ms + BLOCKED_AGAIN_MS;
	if (strcmp(holder, one->told) != 0) {
		log_error("execution %s must be stopped, but its lock is held by %s",
		    one->execution, holder);
		snprintf(one->told, sizeof(one->told), "%s", holder);
		one->noted = false;
	}
	if (one->noted)
		return;
	one->noted = record(&session->store, one->execution, holder, &err) == 0;
	if (!one->noted)
		one->ask_at_ms = now_ms + BLOCKED_PATIENCE_MS;
}

void
blocked_tell(struct blocked *blocked, struct session *session,
    bool (*is_stopper)(void *context, pid_t pid), void *context)
{
	struct known known = { session->scoreboard, is_stopper, context };

	for (int i = 0; i < BLOCKED_MAX; i++) {
		struct blocked_one *one = &blocked->list[i];

		if (one->round != blocked->round)
			one->execution[0] = '\0';
		if (one->execution[0] == '\0')
			continue;
		if (clock_boot_ms() >= one->look_at_ms) {
			one->look_at_ms = clock_boot_ms() + BLOCKED_LOOK_MS;
			(void)leftovers_kill(&session->lock, one->execution);
		}
		if (clock_boot_ms() >= one->ask_at_ms)
			ask(one, session, &known);
	}
}
