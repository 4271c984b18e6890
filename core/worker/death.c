/*
 * death.c: a worker that is gone and has not said how it ended.
 */
#include "config.h"

#include "core/worker/death.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/action/call.h"
#include "core/base/text.h"

#define DEATH_TITLE_BYTES 128

char *
death_error(const struct ak_work_end *end, const char *detail)
{
	char title[DEATH_TITLE_BYTES] = "The worker died", *text = NULL;
	struct json_object *error;

	if (end->oom)
		snprintf(title, sizeof(title), "The worker was killed for want of memory");
	else if (end->signal != 0)
		snprintf(title, sizeof(title), "The worker was killed by signal %d", end->signal);
	else if (end->exit_status != 0)
		snprintf(title, sizeof(title), "The worker exited with status %d",
		    end->exit_status);
	error = call_error_json(title, detail, "errored");
	text_set(&text, json_text(error, NULL));
	json_object_put(error);
	return text;
}

void
death_set(struct worker *worker, const struct ak_work_end *end, const char *detail)
{
	free(worker->error);
	worker->ended = true;
	worker->end = *end;
	worker->error = end->how == AK_WORK_DIED ? death_error(end, detail) : NULL;
}

/* Whether nothing of it is left: 1, 0 or -1. */
static int
is_gone(const struct lock *workers, const char *execution, const struct worker *worker,
    struct err *err)
{
	int held;

	if (!worker->there || worker->ended)
		return 0;
	if (!worker->this_boot)
		return 1;
	held = lock_held(workers, execution, err);
	return held == -1 ? -1 : !held;
}

int
death_look(struct store *store, const struct lock *workers, const char *execution,
    struct worker *worker, struct err *err)
{
	const struct ak_work_end died = { .how = AK_WORK_DIED };
	int gone;

	gone = is_gone(workers, execution, worker, err);
	if (gone != 1)
		return gone;
	if (worker_load(store, execution, worker, err) == -1)
		return -1;
	/* `stopping` is committed before a stop ends it: it may have, and says so itself. */
	if (!worker->there || worker->ended || worker->stopping)
		return 0;
	death_set(worker, &died, worker->this_boot ? NULL : "the machine was restarted");
	return 1;
}

int
death_note(struct store *store, const char *execution, const struct worker *worker,
    int64_t deadline_ms, struct err *err)
{
	if (store_begin(store, STORE_NORMAL, deadline_ms, err) == -1)
		return -1;
	return store_end(store, worker_end(store, execution, &worker->id, &worker->end,
	    worker->error, err), err);
}
