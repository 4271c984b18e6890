/*
 * takeover.c: exactly one reaper is active: whoever holds the flock on reaper.lock, which
 * says its pid and start time.
 */
#include "config.h"

#include "core/takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/reaper.h"

#define TAKEOVER_MODE 0600
#define TAKEOVER_PATH_BYTES 1024
#define TAKEOVER_TEXT_BYTES 64
#define TAKEOVER_PAUSE_MS 20
#define NS_PER_MS 1000000L

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
hangs(const struct scoreboard *scoreboard)
{
	return clock_boot_ms() - atomic_load(&scoreboard->reaper_beat_ms) > REAPER_HANG_MS;
}

static int
await_lock(int fd, const struct scoreboard *scoreboard, int64_t patience_ms,
    bool (*give_up)(void *context), void *context, struct err *err)
{
	const struct timespec pause = { .tv_nsec = TAKEOVER_PAUSE_MS * NS_PER_MS };
	int64_t patience_over_ms = clock_boot_ms() + patience_ms;
	struct holder holder = { 0, 0 };
	bool asked = false, killed = false;

	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, ERR_INTERNAL, "%s", REAPER_LOCK_FILE);
		if (give_up(context))
			return -2;
		/* Only the one found first is ended, never one that came after it. */
		if (!asked && read_holder(fd, &holder)) {
			asked = true;
			log_info("asking the reaper with pid %" PRId64 " to leave",
			    holder.pid);
			ak_process_signal(holder.pid, holder.start_time, SIGTERM);
		}
		if (asked && !killed &&
		    (hangs(scoreboard) || clock_boot_ms() > patience_over_ms)) {
			killed = true;
			log_warn("killing the reaper with pid %" PRId64
			    ": it does not leave", holder.pid);
			ak_process_signal(holder.pid, holder.start_time, SIGKILL);
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int
open_lock(const char *state_dir, int flags, struct err *err)
{
	char path[TAKEOVER_PATH_BYTES];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", state_dir, REAPER_LOCK_FILE);
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
