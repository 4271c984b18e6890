/*
 * takeover.c: exactly one reaper is active: whoever holds the flock on reaper.lock, which
 * says its pid and start time.
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

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/state_path.h"
#include "core/reaper/reaper.h"

#define TAKEOVER_MODE 0600
#define TAKEOVER_TEXT_BYTES 64
#define TAKEOVER_PAUSE_MS 20

struct holder {
	int64_t pid;
	int64_t start_time;
};

static bool
read_holder(int fd, struct holder *holder)
{
	char text[TAKEOVER_TEXT_BYTES];
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

	if (length <= 0)
		return false;
	text[length] = '\0';
	return sscanf(text, "%" SCNd64 " %" SCNd64, &holder->pid, &holder->start_time) == 2;
}

static int
write_holder(int fd, struct err *err)
{
	char text[TAKEOVER_TEXT_BYTES];
	int length = snprintf(text, sizeof(text), "%d %" PRId64 "\n", (int)getpid(),
	    ak_process_start_time(getpid()));

	if (ftruncate(fd, 0) == -1 || pwrite(fd, text, (size_t)length, 0) != length)
		return err_sys(err, ERR_INTERNAL, "%s", REAPER_LOCK_FILE);
	return 0;
}

/* Its beat stands still: it hangs, or it is long gone and the beat is of nobody. */
static bool
hangs(const struct scoreboard *scoreboard, int64_t since_ms)
{
	int64_t beat_ms = atomic_load(&scoreboard->reaper_beat_ms);

	return clock_boot_ms() - (beat_ms > since_ms ? beat_ms : since_ms) > REAPER_HANG_MS;
}

static bool
same_holder(const struct holder *one, const struct holder *other)
{
	return one->pid == other->pid && one->start_time == other->start_time;
}

/*
 * Of several reapers the one that was started last takes over. Which of those that wait gets
 * the lock from the one before it is chance.
 */
static bool
is_newer(const struct holder *one, const struct holder *other)
{
	if (one->start_time != other->start_time)
		return one->start_time > other->start_time;
	return one->pid > other->pid;
}

static bool
is_alive(const struct holder *holder)
{
	return ak_process_start_time(holder->pid) == holder->start_time;
}

/* What a reaper that waits knows of the one that holds the lock. */
struct wait {
	struct holder mine;
	struct holder asked;		/* to leave; pid 0: nobody yet */
	int64_t asked_ms;		/* 0 for the first: it may hang since long ago */
	int64_t patience_over_ms;
	bool killed;
};

static void
ask(struct wait *wait, const struct holder *holder, int64_t patience_ms)
{
	wait->asked_ms = wait->asked.pid == 0 ? 0 : clock_boot_ms();
	wait->patience_over_ms = clock_boot_ms() + patience_ms;
	wait->asked = *holder;
	wait->killed = false;
	log_info("asking the reaper with pid %" PRId64 " to leave", holder->pid);
	ak_process_signal(holder->pid, holder->start_time, SIGTERM);
}

static int
await_lock(int fd, const struct scoreboard *scoreboard, int64_t patience_ms,
    bool (*give_up)(void *context), void *context, struct err *err)
{
	struct wait wait = {
		.mine = { getpid(), ak_process_start_time(getpid()) }
	};
	struct holder holder;

	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, ERR_INTERNAL, "%s", REAPER_LOCK_FILE);
		if (give_up(context))
			return -2;
		if (read_holder(fd, &holder) && !same_holder(&holder, &wait.asked)) {
			if (is_newer(&holder, &wait.mine) && is_alive(&holder)) {
				log_info("leaving: the reaper with pid %" PRId64
				    " is newer", holder.pid);
				return -2;
			}
			ask(&wait, &holder, patience_ms);
		}
		if (wait.asked.pid != 0 && !wait.killed &&
		    (hangs(scoreboard, wait.asked_ms) ||
		    clock_boot_ms() > wait.patience_over_ms)) {
			wait.killed = true;
			log_warn("killing the reaper with pid %" PRId64
			    ": it does not leave", wait.asked.pid);
			ak_process_signal(wait.asked.pid, wait.asked.start_time, SIGKILL);
		}
		clock_sleep_ms(TAKEOVER_PAUSE_MS);
	}
	return 0;
}

static int
open_lock(const char *state_dir, int flags, struct err *err)
{
	char path[STATE_PATH_BYTES];
	int fd;

	state_path(state_dir, REAPER_LOCK_FILE, path);
	fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, TAKEOVER_MODE);
	return fd != -1 ? fd : err_sys(err, ERR_INTERNAL, "%s", path);
}

int
takeover_try(const char *state_dir, struct err *err)
{
	int fd = open_lock(state_dir, O_RDWR | O_CREAT, err), result = 0;

	if (fd == -1)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == -1)
		result = errno == EWOULDBLOCK ? -2 :
		    err_sys(err, ERR_INTERNAL, "%s", REAPER_LOCK_FILE);
	if (result == 0)
		result = write_holder(fd, err);
	if (result != 0) {
		close(fd);
		return result;
	}
	return fd;
}

/*
 * A shared lock for a moment; a reaper that comes just then tries again. Without the file
 * there never was one.
 */
int
takeover_held(const char *state_dir, struct err *err)
{
	int fd = open_lock(state_dir, O_RDONLY, err), held = 0;

	if (fd == -1)
		return err->sys == ENOENT ? 0 : -1;
	if (flock(fd, LOCK_SH | LOCK_NB) == -1)
		held = errno == EWOULDBLOCK ? 1 :
		    err_sys(err, ERR_INTERNAL, "%s", REAPER_LOCK_FILE);
	close(fd);
	return held;
}

int
takeover_lock(const char *state_dir, const struct scoreboard *scoreboard,
    int64_t patience_ms, bool (*give_up)(void *context), void *context, struct err *err)
{
	int fd, result;

	fd = open_lock(state_dir, O_RDWR | O_CREAT, err);
	if (fd == -1)
		return -1;
	result = await_lock(fd, scoreboard, patience_ms, give_up, context, err);
	if (result == 0)
		result = write_holder(fd, err);
	if (result != 0) {
		close(fd);
		return result;
	}
	return fd;
}
