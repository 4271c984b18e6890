/*
 * scoreboard.h: who runs what since when, in memory shared by all processes of a server.
 *
 * A mapped file in the state directory. It holds nothing that must survive: it lets the
 * supervisor end what hangs, tells the reaper what signals asked for, and shows people what
 * goes on. Every member is a lock-free atomic; a slot is written by its own process, apart
 * from its pid, which the supervisor sets.
 */
#ifndef CORE_CONFIG_SCOREBOARD_H
#define CORE_CONFIG_SCOREBOARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/base/process.h"
#include "core/config/counters.h"

#define SCOREBOARD_FILE "scoreboard"
#define SCOREBOARD_VERSION 7
#define SCOREBOARD_SLOTS 512		/* responders of the old and the new generation */
#define SCOREBOARD_WHAT_BYTES 96
#define SCOREBOARD_HANDLER_BYTES 320
#define SCOREBOARD_REQUEST_BYTES 40
#define SCOREBOARD_FAULT_BYTES 512
#define SCOREBOARD_REAPERS 16		/* of all generations, standing by or at work */
#define SCOREBOARD_TOLD 32		/* discoveries whose failure is not told twice */
#define SCOREBOARD_LOST 32		/* requests whose process died, the last ones */

enum slot_mode {
	SLOT_FREE = 0,
	SLOT_BOOTING,			/* forked, not yet ready for requests */
	SLOT_IDLE,
	SLOT_BUSY,			/* until deadline_ms, then the watchdog kills it */
	SLOT_LEAVING			/* told to end after its request */
};

struct scoreboard_slot {
	_Atomic int32_t pid;
	_Atomic int32_t mode;		/* enum slot_mode */
	_Atomic int32_t generation;
	_Atomic int64_t since_ms;	/* boot time at which mode changed */
	_Atomic int64_t deadline_ms;	/* boot time; only of SLOT_BUSY */
	_Atomic int64_t requests;	/* served so far */
	char what[SCOREBOARD_WHAT_BYTES]; /* "start <execution>"; may be torn: for people */
	char request[SCOREBOARD_REQUEST_BYTES]; /* the web server's id of it; may be empty */
	/* "start() of <action>, execution <id>" while code of an action may run, or empty. */
	char handler[SCOREBOARD_HANDLER_BYTES];
};

/* A reaper that is at work or stands by; written by itself. */
struct scoreboard_reaper {
	_Atomic int32_t pid;		/* 0: free; below: being taken by that pid */
	_Atomic int64_t start_time;	/* of the process: with pid it names it */
	_Atomic int32_t generation;
	_Atomic int32_t at_work;	/* else it stands by */
	_Atomic int64_t beat_ms;	/* boot time of its last sign of life */
};

/* A request whose process died; written by the supervisor. */
struct scoreboard_lost {
	_Atomic int32_t deaths;
	char request[SCOREBOARD_REQUEST_BYTES];	/* may be empty */
	char handler[SCOREBOARD_HANDLER_BYTES];	/* may be empty */
	char how[PROCESS_END_BYTES];	/* "crashed: SIGSEGV" */
};

/* What came of the last try whether the server can do its work; by whoever was asked. */
enum trial_result {
	TRIAL_NONE = 0,			/* none is over yet */
	TRIAL_PASSED,
	TRIAL_FAILED
};

struct scoreboard_trial {
	_Atomic int64_t began_ms;	/* boot time of the last one; 0: never */
	_Atomic int32_t result;		/* enum trial_result of the last one that is over */
	char fault[SCOREBOARD_FAULT_BYTES]; /* why it failed; may be torn: for people */
};

struct scoreboard {
	_Atomic int32_t version;
	_Atomic int32_t supervisor_pid;
	_Atomic int32_t generation;	/* of the newest processes; + 1 with every serve or HUP */
	_Atomic int64_t serving_since_ms; /* boot time: when this supervisor began */
	_Atomic int32_t draining;	/* refuse prepare and start */

	/* Stop-all, asked for by the supervisor: the reaper works while asked != swept. */
	_Atomic int32_t stop_all_signal;
	_Atomic int32_t stop_all_asked;	/* counts up */
	_Atomic int32_t stop_all_swept;	/* = asked: all were marked, and tried at least once */

	_Atomic int32_t reaper_pid;	/* of the one at work */
	_Atomic int64_t reaper_beat_ms;	/* boot time of its last round */
	_Atomic int32_t active;		/* executions not stopped, as of that round */
	_Atomic int32_t failing;	/* of these, stops that have failed */
	struct scoreboard_reaper reapers[SCOREBOARD_REAPERS];

	struct scoreboard_trial trial;

	struct scoreboard_lost lost[SCOREBOARD_LOST];
	_Atomic int32_t lost_next;	/* which is overwritten next */

	_Atomic uint64_t told[SCOREBOARD_TOLD];	/* what was logged of whom */

	struct counters counters;

	_Atomic int32_t slots_used;	/* those behind it were never taken */
	struct scoreboard_slot slots[SCOREBOARD_SLOTS];
};

/*
 * Maps state_dir/scoreboard, created if it is not there, emptied if it is of another
 * version. The mapping lives as long as the process and is inherited. NULL and err on failure.
 */
struct scoreboard *scoreboard_map(const char *state_dir, struct err *err);

/*
 * Maps it for looking only; read permission is enough. NULL and err on failure: ERR_STORE if
 * there is none of this version.
 */
const struct scoreboard *scoreboard_map_readonly(const char *state_dir, struct err *err);

/* Ends such a mapping. */
void scoreboard_unmap_readonly(const struct scoreboard *scoreboard);

/* The slot's process begins something that must be over at deadline_ms (boot time). */
void scoreboard_busy(struct scoreboard_slot *slot, int64_t deadline_ms, const char *format,
    ...) AK_PRINTF(3, 4);
/* Moves the deadline of what the slot's process is at. */
void scoreboard_extend(struct scoreboard_slot *slot, int64_t deadline_ms);
/* The slot's process waits for the next request. */
void scoreboard_idle(struct scoreboard_slot *slot);

/* Takes an entry for this process, a reaper that stands by; NULL if there is no room. */
struct scoreboard_reaper *scoreboard_join(struct scoreboard *scoreboard, int32_t generation);
/* Whether the reaper of an entry lives. */
bool scoreboard_reaper_lives(const struct scoreboard_reaper *reaper);
/* The entry of the reaper with this pid, or NULL. */
const struct scoreboard_reaper *scoreboard_reaper_of(const struct scoreboard *scoreboard,
    pid_t pid);

/* Has the reaper at work look at once what is due. */
void scoreboard_wake_reaper(const struct scoreboard *scoreboard);

/* Whether a process is a responder or a reaper of this state directory's servers. */
bool scoreboard_lists(const struct scoreboard *scoreboard, pid_t pid);

/* Counts what happened to an execution; scoreboard may be NULL, as in a subcommand. */
void scoreboard_count(struct scoreboard *scoreboard, enum counters_event event);

/* Which request the slot's process is at; "" if the web server gave it no id. */
void scoreboard_request(struct scoreboard_slot *slot, const char *request);
/* Whose code the slot's process runs from now on; NULL: none. */
void scoreboard_handler(struct scoreboard_slot *slot, const char *handler);
/* Notes that a slot's process has died at a request, and how. NULL: that is noted already. */
void scoreboard_lose(struct scoreboard *scoreboard, const struct scoreboard_slot *slot,
    const char *how);
/*
 * How the process ended, the last time, that ran this handler. Waits a moment for the supervisor
 * to notice. false if it is not known.
 */
bool scoreboard_how(const struct scoreboard *scoreboard, const char *handler,
    char ret_how[PROCESS_END_BYTES]);
/*
 * How many processes have died at the request that a slot's process is at, since the web
 * server sends it again. Those that the supervisor has not noticed yet count.
 */
int scoreboard_deaths(const struct scoreboard *scoreboard,
    const struct scoreboard_slot *slot);

/*
 * Whether it is for the caller to try again, since the last trial began every_ms ago or longer.
 * Until it ends the new one, what came of the one before holds.
 */
bool scoreboard_trial_begin(struct scoreboard *scoreboard, int64_t every_ms);
/* fault: why it failed, or NULL. Whether it failed and the one before had not, or the other way. */
bool scoreboard_trial_end(struct scoreboard *scoreboard, const char *fault);

/*
 * Whether what is said of a discovery (0: all is well) is another thing than any process said
 * of it last. Both are hashes.
 */
bool scoreboard_is_news(struct scoreboard *scoreboard, uint64_t discovery, uint64_t said);

#endif
