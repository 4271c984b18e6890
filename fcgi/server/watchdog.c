/*
 * watchdog.c: ends what hangs. It is the only deadline of action code in responders.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>

#include "core/base/clock.h"
#include "core/base/duration.h"
#include "core/base/log.h"
#include "core/reaper/takeover.h"
#include "fcgi/server/children.h"

/* Room to commit and reply for a handler that ends with its deadline. */
#define DEADLINE_MARGIN_MS 500
/* From the fork to the first wait for requests: the database may have to be waited for. */
#define BOOT_MAX_MS 30000
/* From the order to leave, or the end of the request, to the end. */
#define LEAVE_MAX_MS 10000
#define TEST_MAX_MS 30000
#define LIMIT_STEP_MS 50

static void
end(struct child *child, int64_t late_ms, const char *what)
{
	log_warn("killing %s %ld, %lld ms late: %s", child_name(child->kind),
	    (long)child->pid, (long long)late_ms, what);
	child->killed = true;
	kill(child->pid, SIGKILL);
}

/*
 * A request that hung counts as one more that its process died at: it is not tried again, to
 * hang again.
 */
static void
end_responder(struct scoreboard *scoreboard, struct child *child, int64_t late_ms)
{
	const struct scoreboard_slot *slot = child->slot;
	int64_t limit_ms = slot->deadline_ms - slot->since_ms;
	char how[PROCESS_END_BYTES], limit[DURATION_BYTES];

	/* The deadline was set a moment before. */
	duration_format((limit_ms + LIMIT_STEP_MS - 1) / LIMIT_STEP_MS * LIMIT_STEP_MS, limit);
	snprintf(how, sizeof(how), "was over its %s", limit);
	if (slot->handler[0] != '\0')
		log_warn("%s, %s", slot->handler, how);
	scoreboard_lose(scoreboard, slot, how);
	end(child, late_ms, slot->what);
}

/* From the order to leave to the end, for one whose request has no slot to show it. */
static int64_t
leave_max_ms(const struct child *child, const struct server_options *options)
{
	return LEAVE_MAX_MS + (child->slot == NULL ? children_request_max_ms(options) : 0);
}

static void
watch_responder(const struct site *site, struct child *child, int64_t now)
{
	const struct scoreboard_slot *slot = child->slot;
	int32_t mode = slot == NULL ? SLOT_FREE : slot->mode;
	int64_t late_ms;

	if (mode == SLOT_BUSY) {
		late_ms = now - slot->deadline_ms - DEADLINE_MARGIN_MS;
		/* It may have come to its end between the two reads. */
		if (late_ms > 0 && slot->mode == SLOT_BUSY)
			end_responder(site->scoreboard, child, late_ms);
	} else if (mode == SLOT_BOOTING) {
		late_ms = now - child->started_ms - BOOT_MAX_MS;
		if (late_ms > 0)
			end(child, late_ms, "does not become ready");
	} else if (child->told_ms != 0) {
		late_ms = now - child->told_ms - leave_max_ms(child, site->options);
		/* The order waits for the end of the request. */
		if (slot != NULL && now - slot->since_ms < LEAVE_MAX_MS)
			return;
		if (late_ms > 0)
			end(child, late_ms, "does not leave");
	}
}

static void
watch_reaper(struct child *child, const struct scoreboard *scoreboard, int64_t now)
{
	const struct scoreboard_reaper *reaper = scoreboard_reaper_of(scoreboard, child->pid);
	/* One that is not in the list yet is to get there soon, or somebody else instead. */
	int64_t sign_ms = reaper == NULL ? 0 : reaper->beat_ms;

	if (sign_ms < child->started_ms)
		sign_ms = child->started_ms;
	if (now - sign_ms > TAKEOVER_HANG_MS)
		end(child, now - sign_ms, "gives no sign of life");
}

void
children_watch(struct children *children)
{
	int64_t now = clock_boot_ms();
	struct child *child;
	size_t i;

	if (!patience_over(&children->patience, now))
		return;
	for (i = 0; i < children->count; i++) {
		child = &children->list[i];
		if (child->pid == 0 || child->killed)
			continue;
		switch (child->kind) {
		case CHILD_RESPONDER:
			watch_responder(children->site, child, now);
			break;
		case CHILD_REAPER:
			watch_reaper(child, children->site->scoreboard, now);
			break;
		case CHILD_TEST:
			if (now - child->started_ms > TEST_MAX_MS)
				end(child, now - child->started_ms - TEST_MAX_MS,
				    "does not end");
			break;
		}
	}
}
