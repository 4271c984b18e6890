/*
 * abandon.c: gives a stop up. It persists the execution as stopped, who wanted that and why,
 * and releases what the execution held.
 */
#include "config.h"

#include "core/calls/abandon.h"

#include <stdio.h>

#include "core/action/registry.h"
#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/store/execution.h"
#include "core/store/files.h"

/* How long the transaction waits for other writers. */
#define ABANDON_WAIT_MS 5000
#define ABANDON_WHO_BYTES 128
#define ABANDON_TEXT_BYTES (2 * ERR_MESSAGE_BYTES)

static int
change(struct store *store, struct execution *row, const char *operator, const char *reason,
    struct err *err)
{
	char text[ABANDON_TEXT_BYTES], why[2 * ABANDON_TEXT_BYTES], who[ABANDON_WHO_BYTES];

	if (row->phase == PHASE_NONE)
		return err_set(err, ERR_NOT_FOUND, "there is no such execution");
	if (row->phase == PHASE_STOPPED)
		return err_set(err, ERR_PHASE, "it is stopped already");
	/* Nobody here could run its stop(), so nobody ever began to. */
	if (registry_find(row->action) == NULL && row->phase != PHASE_STOPPING &&
	    execution_move(row, MOVE_STOP, err) == -1)
		return -1;
	if (execution_move(row, MOVE_ABANDON, err) == -1)
		return -1;
	snprintf(who, sizeof(who), EXECUTION_BY_OPERATOR "%s%s", operator == NULL ? "" : " ",
	    operator == NULL ? "" : operator);
	snprintf(text, sizeof(text), "%s: abandoned: %s", who, reason);
	snprintf(why, sizeof(why), "abandoned: %s; it was to be stopped: %s; last error: %s",
	    reason, row->stop_reason == NULL ? "-" : row->stop_reason,
	    row->last_error == NULL ? "none" : row->last_error);
	row->stop_by = STOP_BY_EXTENSION;
	text_set(&row->stop_reason, text);
	return execution_write(store, row, who, why, err);
}

int
abandon(struct session *session, const char *execution, const char *operator,
    const char *reason, int64_t deadline_ms, struct err *err)
{
	struct execution row = { .phase = PHASE_NONE };
	struct err unsettled;
	int result = -1;

	switch (lock_take(&session->lock, execution, deadline_ms, err)) {
	case 0:
		break;
	case 1:
		return err_set(err, ERR_BUSY, "%s: somebody is still at it", execution);
	default:
		return -1;
	}
	if (store_begin(&session->store, STORE_FULL, clock_boot_ms() + ABANDON_WAIT_MS, err) == -1)
		goto out;
	if (execution_load(&session->store, execution, &row, NULL, err) == -1 ||
	    change(&session->store, &row, operator, reason, err) == -1) {
		store_rollback(&session->store);
		err_wrap(err, "%s", execution);
	} else {
		result = store_commit(&session->store, err);
	}
	if (result == 0)
		scoreboard_count(session->scoreboard, COUNTERS_STOPS_ABANDONED);
	/* What cannot be removed is swept. */
	if (result == 0)
		(void)files_settle(&session->store, session->options->state_dir, row.id, INT64_MAX,
		    &unsettled);
out:
	execution_done(&row);
	lock_drop(&session->lock);
	return result;
}
