/*
 * processes.c: reads the scoreboard, and the workers from the database.
 */
#include "config.h"

#include "core/view/processes.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/config/scoreboard.h"
#include "core/reaper/takeover.h"
#include "core/store/store.h"
#include "core/view/rows.h"
#include "core/view/space_used.h"

static const char *const mode_names[] = {
	[SLOT_FREE] = "free",
	[SLOT_BOOTING] = "booting",
	[SLOT_IDLE] = "idle",
	[SLOT_BUSY] = "busy",
	[SLOT_LEAVING] = "leaving"
};

static const char select_workers[] =
    "SELECT w.execution, w.pid, x.what, x.told, x.waiting, x.lost "
    "FROM workers w JOIN worker_words x ON x.execution = w.execution "
    "WHERE w.ended IS NULL ORDER BY w.began_at";

#define MODES (sizeof(mode_names) / sizeof(mode_names[0]))

/* Everything as it is read once. what may be torn: it is repaired where it is printed. */
static struct json_object *
read_slot(const struct scoreboard_slot *slot, int64_t now_ms)
{
	struct json_object *responder = json_new_object();
	int32_t mode = atomic_load(&slot->mode);
	char what[SCOREBOARD_WHAT_BYTES];

	memcpy(what, slot->what, sizeof(what));
	what[sizeof(what) - 1] = '\0';
	json_add_int(responder, "pid", atomic_load(&slot->pid));
	json_add_string(responder, "mode",
	    mode >= 0 && (size_t)mode < MODES ? mode_names[mode] : "unknown");
	json_add_int(responder, "generation", atomic_load(&slot->generation));
	json_add_int(responder, "since_ms", now_ms - atomic_load(&slot->since_ms));
	json_add_int(responder, "requests", atomic_load(&slot->requests));
	if (mode == SLOT_BUSY) {
		json_add_int(responder, "deadline_in_ms",
		    atomic_load(&slot->deadline_ms) - now_ms);
		json_add_string(responder, "what", what);
	}
	return responder;
}

/* The newest reaper that stands by, or 0. */
static int32_t
standby_pid(const struct scoreboard *scoreboard)
{
	const struct scoreboard_reaper *newest = NULL, *reaper;

	for (int i = 0; i < SCOREBOARD_REAPERS; i++) {
		reaper = &scoreboard->reapers[i];
		if (reaper->at_work == 0 && scoreboard_reaper_lives(reaper) &&
		    (newest == NULL || reaper->generation > newest->generation))
			newest = reaper;
	}
	return newest == NULL ? 0 : newest->pid;
}

static struct json_object *
read_scoreboard(const struct scoreboard *scoreboard, pid_t supervisor, bool reaper_alive)
{
	struct json_object *status = json_new_object(), *reaper = json_new_object();
	struct json_object *responders = json_new_array();
	int64_t now_ms = clock_boot_ms();
	int64_t silent_ms = now_ms - atomic_load(&scoreboard->reaper_beat_ms);
	size_t i;

	json_add_bool(status, "serving", supervisor > 0);
	json_add_int(status, "supervisor", supervisor);
	json_add_int(status, "generation", atomic_load(&scoreboard->generation));
	json_add_int(status, "serving_for_ms",
	    supervisor > 0 ? now_ms - atomic_load(&scoreboard->serving_since_ms) : 0);
	json_add_bool(status, "draining", atomic_load(&scoreboard->draining) != 0);
	json_add_int(status, "active", atomic_load(&scoreboard->active));
	json_add_int(status, "failing", atomic_load(&scoreboard->failing));
	json_add_bool(status, "stopping_all", atomic_load(&scoreboard->stop_all_asked) !=
	    atomic_load(&scoreboard->stop_all_swept));

	json_add_int(reaper, "pid", atomic_load(&scoreboard->reaper_pid));
	json_add_bool(reaper, "alive", reaper_alive && silent_ms <= TAKEOVER_HANG_MS);
	json_add_int(reaper, "silent_for_ms", silent_ms);
	json_add(status, "reaper", reaper);
	json_add_int(status, "standby", standby_pid(scoreboard));

	/* Slots of a server that was killed were never cleared. */
	for (i = 0; supervisor > 0 && i < SCOREBOARD_SLOTS; i++)
		if (atomic_load(&scoreboard->slots[i].pid) != 0)
			json_append(responders, read_slot(&scoreboard->slots[i], now_ms));
	json_add(status, "responders", responders);
	return status;
}

/* Workers outlive servers, and are in the database: an array, or why it cannot be told. */
static struct json_object *
read_workers(const char *state_dir)
{
	struct json_object *workers = NULL;
	struct store store;
	struct err err;

	if (store_open_readonly(&store, state_dir, &err) == 0)
		workers = rows_read(&store, select_workers, NULL, &err);
	store_close(&store);
	return workers != NULL ? workers : json_new_string(err.msg);
}

/* Its start time in ticks, or -1 if it is gone; a zombie is. */
static int64_t
life_of(pid_t pid)
{
	int64_t ticks = ak_process_start_time(pid);

	return process_lives(pid, ticks) ? ticks : -1;
}

/*
 * The locks would tell for certain, but who may only read cannot open them. A process that
 * began after the server did has only been given its pid.
 */
static pid_t
living_supervisor(const struct scoreboard *scoreboard)
{
	pid_t pid = scoreboard->supervisor_pid;
	int64_t ticks = life_of(pid);
	int64_t began_ms = ticks * CLOCK_MS_PER_S / sysconf(_SC_CLK_TCK);

	return ticks != -1 && began_ms <= scoreboard->serving_since_ms ? pid : 0;
}

static bool
reaper_lives(const struct scoreboard *scoreboard)
{
	return life_of(scoreboard->reaper_pid) != -1 &&
	    clock_boot_ms() - scoreboard->reaper_beat_ms <= TAKEOVER_HANG_MS;
}

struct json_object *
processes_read(const char *state_dir, struct err *err)
{
	const struct scoreboard *scoreboard = scoreboard_map_readonly(state_dir, err);
	struct json_object *status;

	if (scoreboard == NULL)
		return NULL;
	status = read_scoreboard(scoreboard, living_supervisor(scoreboard),
	    reaper_lives(scoreboard));
	json_add(status, "workers", read_workers(state_dir));
	json_add(status, "space", space_used(state_dir));
	scoreboard_unmap_readonly(scoreboard);
	return status;
}
