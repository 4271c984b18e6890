/*
 * status.c: `actionkit status`: the processes of the server that uses a state directory, and
 * what they are at.
 */
#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/output.h"
#include "cli/rows.h"
#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/config/scoreboard.h"
#include "core/reaper/takeover.h"

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

static int64_t
number(struct json_object *object, const char *name)
{
	return json_object_get_int64(json_member(object, name));
}

static bool
flag(struct json_object *object, const char *name)
{
	return json_object_get_boolean(json_member(object, name)) != 0;
}

static bool
is_well(struct json_object *status)
{
	return flag(status, "serving") && flag(json_member(status, "reaper"), "alive");
}

static void
print_responders(struct json_object *responders)
{
	static const char *const headers[] = {
		"PID", "MODE", "SINCE", "REQUESTS", "GENERATION", "DEADLINE", "WHAT", NULL
	};
	char age[OUTPUT_AGE_BYTES], deadline[OUTPUT_AGE_BYTES + sizeof("late by ")];
	struct json_object *slot;
	struct table table;
	int64_t left;
	size_t i;

	table_init(&table, headers);
	for (i = 0; i < json_object_array_length(responders); i++) {
		slot = json_object_array_get_idx(responders, i);
		table_cell_number(&table, number(slot, "pid"));
		table_cell(&table, json_member_string(slot, "mode"));
		output_age(number(slot, "since_ms"), age);
		table_cell(&table, age);
		table_cell_number(&table, number(slot, "requests"));
		table_cell_number(&table, number(slot, "generation"));
		left = number(slot, "deadline_in_ms");
		output_age(left < 0 ? -left : left, age);
		snprintf(deadline, sizeof(deadline), "%s%s", left < 0 ? "late by " : "in ",
		    age);
		table_cell(&table, json_member(slot, "what") == NULL ? NULL : deadline);
		table_cell(&table, json_member_string(slot, "what"));
	}
	table_print(&table);
	table_done(&table);
}

static void
print_workers(struct json_object *workers)
{
	static const char *const headers[] = {
		"EXECUTION", "WORKER", "TOLD LAST", "WAITING", "LOST", NULL
	};
	struct json_object *worker;
	struct table table;
	size_t i;

	if (json_object_is_type(workers, json_type_string)) {
		fputs("workers cannot be listed: ", stdout);
		output_text(json_object_get_string(workers));
		putchar('\n');
		return;
	}
	if (json_object_array_length(workers) == 0)
		return;
	putchar('\n');
	table_init(&table, headers);
	for (i = 0; i < json_object_array_length(workers); i++) {
		worker = json_object_array_get_idx(workers, i);
		table_cell(&table, json_member_string(worker, "execution"));
		table_cell(&table, json_member_string(worker, "what"));
		table_cell(&table, json_member_string(worker, "told"));
		table_cell_number(&table, number(worker, "waiting"));
		table_cell_number(&table, number(worker, "lost"));
	}
	table_print(&table);
	table_done(&table);
}

static void
print_status(struct json_object *status)
{
	struct json_object *reaper = json_member(status, "reaper");
	char age[OUTPUT_AGE_BYTES];

	fputs(output_style(is_well(status) ? STYLE_GOOD : STYLE_BAD), stdout);
	if (flag(status, "serving")) {
		output_age(number(status, "serving_for_ms"), age);
		printf("serving%s", flag(status, "draining") ? ", shutting down" : "");
		printf("%s for %s: supervisor %lld, generation %lld\n",
		    output_style(STYLE_PLAIN), age,
		    (long long)number(status, "supervisor"),
		    (long long)number(status, "generation"));
	} else {
		printf("no server uses this state directory%s\n",
		    output_style(STYLE_PLAIN));
	}
	output_age(number(reaper, "silent_for_ms"), age);
	printf("reaper %lld: %s%s%s, last sign of life %s ago\n",
	    (long long)number(reaper, "pid"),
	    output_style(flag(reaper, "alive") ? STYLE_GOOD : STYLE_BAD),
	    flag(reaper, "alive") ? "alive" : "gone", output_style(STYLE_PLAIN), age);
	if (number(status, "standby") != 0)
		printf("standby %lld: takes over if that one dies\n",
		    (long long)number(status, "standby"));
	else
		printf("no reaper stands by\n");
	printf("%lld active, of which %lld fail to stop%s\n",
	    (long long)number(status, "active"), (long long)number(status, "failing"),
	    flag(status, "stopping_all") ? "; all are being stopped" : "");
	print_workers(json_member(status, "workers"));
	if (!flag(status, "serving"))
		return;
	putchar('\n');
	print_responders(json_member(status, "responders"));
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

static int
status_run(struct arguments *arguments)
{
	const struct scoreboard *scoreboard;
	const char *state_dir = NULL;
	struct json_object *status;
	bool json = false, well;
	struct err err;

	if (arguments_read(arguments, &state_dir, &json) == -1)
		return arguments->status;
	state_dir = arguments_state_dir(state_dir);
	scoreboard = scoreboard_map_readonly(state_dir, &err);
	if (scoreboard == NULL)
		return arguments_fail(arguments, &err);
	status = read_scoreboard(scoreboard, living_supervisor(scoreboard),
	    reaper_lives(scoreboard));
	json_add(status, "workers", read_workers(state_dir));
	well = is_well(status);
	if (json)
		output_json(json_object_get(status));
	else
		print_status(status);
	json_object_put(status);
	return well ? EXIT_SUCCESS : EXIT_FAILURE;
}

static const struct cli_option options[] = {
	CLI_STATE_DIR,
	CLI_JSON,
	CLI_OPTIONS_END
};

const struct subcommand subcommand_status = {
	.name = "status",
	.help = "show what the processes of the server are at",
	.about = "Shows supervisor, reaper and responders of the server that uses a state\n"
	    "directory, the requests that they are at, and all workers. It only reads.\n\n"
	    "Exit status: 0 if a server and its reaper are alive, else 1; 64 for a wrong\n"
	    "command line.",
	.options = options,
	.run = status_run,
};
