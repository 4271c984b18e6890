/*
 * takeover.c: exactly one reaper is at work: whoever holds the flock on reaper.lock, which
 * says its pid and start time. The others wait for it, and are listed on the scoreboard.
 */
#include "config.h"

#include "core/reaper/takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/actionkit.h"
#include "core/base/clock.h"
#include "core/base/holder.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "core/base/state_path.h"

#define TAKEOVER_TEXT_BYTES 64
/* The kernel wakes who waits for the lock; between two looks at all else it sleeps so long. */
#define TAKEOVER_TICK_MS 200
/*
 * What one look adds to the time that a beat was seen to stand still: where machine or watcher were
 * suspended between two looks, nobody could give a sign.
 */
#define TAKEOVER_LOOK_MAX_MS 1000
/* Whoever did not beat for long, as it seems at the first look at it, still gets this. */
#define TAKEOVER_CHANCE_MS 2000
/*
 * A holder that this scoreboard does not know is of a program with another one. If it is the
 * newer one, its partner is there after this.
 */
#define TAKEOVER_STRANGER_MS 5000
#define TAKEOVER_ASK_AGAIN_MS 60000

/* A process, by its pid and its start time. */
struct name {
	int64_t pid;
	int64_t start_time;
};

/* Somebody who was asked to leave. */
struct asked {
	struct name name;
	int64_t over_ms;	/* boot time at which it is killed */
	bool killed;
};

/* Another reaper, as one that stands by has seen it. */
struct watched {
	struct name name;
	int64_t beat_ms;	/* the last one seen */
	int64_t still_ms;	/* time in which it was looked at, and did not beat */
	bool killed;
};

/* What a reaper that stands by knows. */
struct wait {
	struct takeover *takeover;
	struct scoreboard *scoreboard;
	int32_t generation;
	int64_t patience_ms;
	struct name mine;
	int64_t looked_ms;		/* boot time of the last look at the others */
	struct watched watched[SCOREBOARD_REAPERS];
	struct name holder;		/* the last one seen */
	int64_t holder_since_ms;	/* 0 for the first */
	bool unlisted_told;		/* the log was */
	int64_t ask_at_ms;		/* boot time to ask who has the lock; 0: one of us */
	struct asked asked[SCOREBOARD_REAPERS + 1]; /* one for a stranger */
};

static bool
read_holder(int fd, struct name *ret_holder)
{
	char text[TAKEOVER_TEXT_BYTES];
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
	struct name holder;

	if (length <= 0)
		return false;
	text[length] = '\0';
	if (sscanf(text, "%" SCNd64 " %" SCNd64, &holder.pid, &holder.start_time) != 2)
		return false;
	*ret_holder = holder;
	return process_lives(holder.pid, holder.start_time);
}

static int
write_holder(int fd, struct err *err)
{
	char text[TAKEOVER_TEXT_BYTES];
	int length = snprintf(text, sizeof(text), "%d %" PRId64 "\n", (int)getpid(),
	    ak_process_start_time(getpid()));

	if (ftruncate(fd, 0) == -1 || pwrite(fd, text, (size_t)length, 0) != length)
		return err_sys(err, ERR_INTERNAL, "%s", TAKEOVER_LOCK_FILE);
	return 0;
}

static bool
same(const struct name *one, const struct name *other)
{
	return one->pid == other->pid && one->start_time == other->start_time;
}

static struct name
name_of(const struct scoreboard_reaper *reaper)
{
	return (struct name){ reaper->pid, reaper->start_time };
}

/* How many reapers of a generation live. */
static int
living(const struct scoreboard *scoreboard, int32_t generation)
{
	int count = 0;

	for (int i = 0; i < SCOREBOARD_REAPERS; i++)
		count += scoreboard->reapers[i].generation == generation &&
		    scoreboard_reaper_lives(&scoreboard->reapers[i]);
	return count;
}

/* Whether all reapers of a newer generation are there. */
static bool
is_replaced(const struct scoreboard *scoreboard, int32_t generation)
{
	for (int i = 0; i < SCOREBOARD_REAPERS; i++) {
		int32_t other = scoreboard->reapers[i].generation;

		if (other > generation && living(scoreboard, other) >= TAKEOVER_REAPERS)
			return true;
	}
	return false;
}

static void
ask(struct wait *wait, struct asked *asked, const struct name *name)
{
	int64_t now_ms = clock_boot_ms();

	if (!same(&asked->name, name)) {
		*asked = (struct asked){ .name = *name, .over_ms = now_ms + wait->patience_ms };
		log_info("asking the reaper with pid %" PRId64 " to leave", name->pid);
		ak_process_signal(name->pid, name->start_time, SIGTERM);
	} else if (!asked->killed && now_ms > asked->over_ms) {
		asked->killed = true;
		log_warn("killing the reaper with pid %" PRId64 ": it does not leave",
		    name->pid);
		ak_process_signal(name->pid, name->start_time, SIGKILL);
	}
}

/* Once both of this generation are there, the older ones are not needed any more. */
static void
ask_older(struct wait *wait, const struct name *stranger)
{
	const struct scoreboard *scoreboard = wait->scoreboard;

	if (living(scoreboard, wait->generation) < TAKEOVER_REAPERS)
		return;
	for (int i = 0; i < SCOREBOARD_REAPERS; i++) {
		const struct scoreboard_reaper *reaper = &scoreboard->reapers[i];
		struct name name = name_of(reaper);

		if (reaper->generation < wait->generation && scoreboard_reaper_lives(reaper))
			ask(wait, &wait->asked[i], &name);
	}
	if (stranger != NULL)
		ask(wait, &wait->asked[SCOREBOARD_REAPERS], stranger);
}

static bool
is_older(const struct name *one, const struct name *other)
{
	if (one->start_time != other->start_time)
		return one->start_time < other->start_time;
	return one->pid < other->pid;
}

/* Returns whether it gives no sign of life, and is still to be killed. */
static bool
hangs(struct watched *watched, const struct scoreboard_reaper *reaper, int64_t passed_ms)
{
	struct name name = name_of(reaper);
	int64_t beat_ms = reaper->beat_ms, still_ms = 0;

	if (!same(&watched->name, &name) || watched->beat_ms != beat_ms) {
		if (!same(&watched->name, &name))
			still_ms = clock_boot_ms() - beat_ms;
		if (still_ms > TAKEOVER_HANG_MS - TAKEOVER_CHANCE_MS)
			still_ms = TAKEOVER_HANG_MS - TAKEOVER_CHANCE_MS;
		*watched = (struct watched){
			.name = name, .beat_ms = beat_ms, .still_ms = still_ms
		};
		return false;
	}
	watched->still_ms += passed_ms;
	return !watched->killed && watched->still_ms > TAKEOVER_HANG_MS;
}

/*
 * Whoever is listed and hangs is killed, of whatever generation, at work or not: it may hold the
 * lock without having said so, or be the next to get it.
 */
static void
watch_others(struct wait *wait)
{
	int64_t now_ms = clock_boot_ms(), passed_ms = now_ms - wait->looked_ms;

	if (passed_ms > TAKEOVER_LOOK_MAX_MS)
		passed_ms = TAKEOVER_LOOK_MAX_MS;
	wait->looked_ms = now_ms;
	for (int i = 0; i < SCOREBOARD_REAPERS; i++) {
		const struct scoreboard_reaper *reaper = &wait->scoreboard->reapers[i];
		struct watched *watched = &wait->watched[i];

		if (reaper->pid == getpid() || !scoreboard_reaper_lives(reaper) ||
		    !hangs(watched, reaper, passed_ms))
			continue;
		watched->killed = true;
		log_warn("killing the reaper with pid %" PRId64 ": no sign of life for %"
		    PRId64 " ms", watched->name.pid, now_ms - watched->beat_ms);
		ak_process_signal(watched->name.pid, watched->name.start_time, SIGKILL);
	}
}

static bool
is_listed(void *context, pid_t pid)
{
	const struct scoreboard *scoreboard = context;

	return scoreboard_reaper_of(scoreboard, pid) != NULL;
}

/* Nobody lives who has written a name, and yet the lock is held: by whom, if it stays so. */
static void
ask_for_stranger(struct wait *wait)
{
	char holder[HOLDER_TEXT_BYTES];
	int64_t now_ms = clock_boot_ms();

	if (wait->ask_at_ms == 0)
		wait->ask_at_ms = now_ms + TAKEOVER_STRANGER_MS;
	if (now_ms < wait->ask_at_ms)
		return;
	wait->ask_at_ms = now_ms + TAKEOVER_ASK_AGAIN_MS;
	if (holder_find(wait->takeover->lock.fd, HOLDER_FLOCK, HOLDER_FLOCK, is_listed,
	    wait->scoreboard, holder) != HOLDER_KNOWN)
		log_error("nobody undoes anything: " TAKEOVER_LOCK_FILE " is held by %s", holder);
}

/* One look at all others. Whether this reaper is not needed any more. */
static bool
look(struct wait *wait)
{
	const struct scoreboard_reaper *reaper = NULL;
	struct name holder = { .pid = 0 };
	bool stranger;

	watch_others(wait);
	if (read_holder(wait->takeover->lock.fd, &holder)) {
		reaper = scoreboard_reaper_of(wait->scoreboard, (pid_t)holder.pid);
		if (!same(&holder, &wait->holder)) {
			wait->holder_since_ms = wait->holder.pid == 0 ? 0 : clock_boot_ms();
			wait->holder = holder;
		}
		wait->ask_at_ms = 0;
	} else {
		ask_for_stranger(wait);
	}
	stranger = reaper == NULL && holder.pid != 0;
	ask_older(wait, stranger && is_older(&holder, &wait->mine) ? &holder : NULL);
	if (is_replaced(wait->scoreboard, wait->generation))
		return true;
	return stranger && is_older(&wait->mine, &holder) && wait->holder_since_ms != 0 &&
	    clock_boot_ms() - wait->holder_since_ms > TAKEOVER_STRANGER_MS;
}

static void
beat_entry(struct scoreboard_reaper *entry)
{
	if (entry != NULL)
		entry->beat_ms = clock_boot_ms();
}

/*
 * Who is not listed must not get the lock: if it hung then, nobody would find it. So the list
 * comes first, then the lock.
 */
static int
try_lock(struct wait *wait, struct err *err)
{
	struct takeover *takeover = wait->takeover;
	int64_t until_ms = clock_boot_ms() + TAKEOVER_TICK_MS;

	if (takeover->entry == NULL)
		takeover->entry = scoreboard_join(wait->scoreboard, wait->generation);
	if (takeover->entry != NULL)
		return gate_enter(&takeover->lock, until_ms, err);
	if (!wait->unlisted_told)
		log_warn("too many reapers are there: waiting for a place in their list");
	wait->unlisted_told = true;
	clock_sleep_ms(TAKEOVER_TICK_MS);
	return err_set(err, ERR_BUSY, "too many reapers are there");
}

static enum takeover_result
await_lock(struct wait *wait, bool (*stand_by)(void *context), void *context,
    struct err *err)
{
	struct takeover *takeover = wait->takeover;

	while (try_lock(wait, err) == -1) {
		if (err->code != ERR_BUSY)
			return TAKEOVER_FAILED;
		beat_entry(takeover->entry);
		if (stand_by(context))
			return TAKEOVER_LEFT;
		if (look(wait)) {
			log_info("leaving: newer reapers are there");
			return TAKEOVER_LEFT;
		}
	}
	if (stand_by(context) || is_replaced(wait->scoreboard, wait->generation))
		return TAKEOVER_LEFT;
	return write_holder(takeover->lock.fd, err) == -1 ? TAKEOVER_FAILED : TAKEOVER_TAKEN;
}

enum takeover_result
takeover_wait(struct takeover *takeover, const char *state_dir,
    struct scoreboard *scoreboard, int32_t generation, int64_t patience_ms,
    bool (*stand_by)(void *context), void *context, struct err *err)
{
	struct wait wait = {
		.takeover = takeover, .scoreboard = scoreboard, .generation = generation,
		.patience_ms = patience_ms, .looked_ms = clock_boot_ms(),
		.mine = { getpid(), ak_process_start_time(getpid()) }
	};
	enum takeover_result result;

	*takeover = (struct takeover){ .lock = { .fd = -1 } };
	if (gate_open(&takeover->lock, state_dir, TAKEOVER_LOCK_FILE, err) == -1)
		return TAKEOVER_FAILED;
	result = await_lock(&wait, stand_by, context, err);
	if (result != TAKEOVER_TAKEN)
		takeover_end(takeover);
	else
		takeover->entry->at_work = true;
	return result;
}

enum takeover_result
takeover_try(struct takeover *takeover, const char *state_dir, struct err *err)
{
	enum takeover_result result = TAKEOVER_TAKEN;

	*takeover = (struct takeover){ .lock = { .fd = -1 } };
	if (gate_open(&takeover->lock, state_dir, TAKEOVER_LOCK_FILE, err) == -1)
		return TAKEOVER_FAILED;
	if (gate_enter(&takeover->lock, 0, err) == -1)
		result = err->code == ERR_BUSY ? TAKEOVER_LEFT : TAKEOVER_FAILED;
	else if (write_holder(takeover->lock.fd, err) == -1)
		result = TAKEOVER_FAILED;
	if (result != TAKEOVER_TAKEN)
		takeover_end(takeover);
	return result;
}

void
takeover_beat(const struct takeover *takeover, struct scoreboard *scoreboard)
{
	beat_entry(takeover->entry);
	scoreboard->reaper_beat_ms = clock_boot_ms();
}

void
takeover_end(struct takeover *takeover)
{
	if (takeover->entry != NULL)
		takeover->entry->pid = 0;
	takeover->entry = NULL;
	gate_close(&takeover->lock);
}

/*
 * A shared lock for a moment; a reaper that comes just then tries again. Without the file
 * there never was one.
 */
int
takeover_held(const char *state_dir, struct err *err)
{
	char path[STATE_PATH_BYTES];
	int fd, held = 0;

	state_path(state_dir, TAKEOVER_LOCK_FILE, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return errno == ENOENT ? 0 : err_sys(err, ERR_INTERNAL, "%s", path);
	if (flock(fd, LOCK_SH | LOCK_NB) == -1)
		held = errno == EWOULDBLOCK ? 1 :
		    err_sys(err, ERR_INTERNAL, "%s", TAKEOVER_LOCK_FILE);
	close(fd);
	return held;
}
