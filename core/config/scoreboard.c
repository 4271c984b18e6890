/*
 * scoreboard.c: maps the scoreboard, a file in the state directory that holds nothing
 * that must survive, and writes a process's own slot.
 */
#include "config.h"

#include "core/config/scoreboard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/base/state_file.h"
#include "core/base/state_path.h"

/* The supervisor learns of a death at once, unless it has much to do. */
#define HOW_WAIT_MS 500
#define HOW_PAUSE_MS 5

_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2,
    "the locks of other atomics are not shared between processes");

static struct scoreboard *
map(int fd, int protection)
{
	void *memory = mmap(NULL, sizeof(struct scoreboard), protection, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* The existing file's, or NULL and errno: ENOENT if there is none of this version. */
static struct scoreboard *
map_existing(const char *path, bool writable)
{
	struct scoreboard *scoreboard = NULL;
	struct stat st;
	int fd, saved;

	fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return NULL;
	if (fstat(fd, &st) == 0) {
		errno = ENOENT;
		if (S_ISREG(st.st_mode) && st.st_size == sizeof(struct scoreboard))
			scoreboard = map(fd, writable ? PROT_READ | PROT_WRITE : PROT_READ);
	}
	saved = errno;
	if (scoreboard != NULL && scoreboard->version != SCOREBOARD_VERSION) {
		munmap(scoreboard, sizeof(*scoreboard));
		scoreboard = NULL;
		saved = ENOENT;
	}
	close(fd);
	errno = saved;
	return scoreboard;
}

/*
 * A new file in the place of another, which older processes may still have mapped. Its
 * blocks are allocated now: on a full disk, writing into a hole would end the process.
 */
static struct scoreboard *
map_new(const char *path)
{
	struct scoreboard *scoreboard = NULL;
	char temporary[STATE_PATH_BYTES + 4];
	int fd, fault;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	if (unlink(temporary) == -1 && errno != ENOENT)
		return NULL;
	fd = state_file_make(temporary, O_RDWR, STATE_SHARED);
	if (fd == -1)
		return NULL;
	fault = posix_fallocate(fd, 0, sizeof(struct scoreboard));
	if (fault == 0 && (scoreboard = map(fd, PROT_READ | PROT_WRITE)) == NULL)
		fault = errno;
	if (fault == 0) {
		scoreboard->version = SCOREBOARD_VERSION;
		if (rename(temporary, path) == -1) {
			fault = errno;
			munmap(scoreboard, sizeof(*scoreboard));
			scoreboard = NULL;
		}
	}
	if (fault != 0)
		unlink(temporary);
	close(fd);
	errno = fault;
	return scoreboard;
}

struct scoreboard *
scoreboard_map(const char *state_dir, struct err *err)
{
	struct scoreboard *scoreboard;
	char path[STATE_PATH_BYTES];

	state_path(state_dir, SCOREBOARD_FILE, path);
	scoreboard = map_existing(path, true);
	if (scoreboard == NULL && errno == ENOENT)
		scoreboard = map_new(path);
	if (scoreboard == NULL)
		err_sys(err, errno == ENOSPC ? ERR_FULL : ERR_USAGE, "%s", path);
	return scoreboard;
}

const struct scoreboard *
scoreboard_map_readonly(const char *state_dir, struct err *err)
{
	const struct scoreboard *scoreboard;
	char path[STATE_PATH_BYTES];

	state_path(state_dir, SCOREBOARD_FILE, path);
	scoreboard = map_existing(path, false);
	if (scoreboard == NULL && errno == EACCES)
		state_file_denied(path, err);
	else if (scoreboard == NULL && errno == ENOENT)
		state_file_missing(path, err);
	else if (scoreboard == NULL)
		err_sys(err, ERR_USAGE, "%s", path);
	return scoreboard;
}

void
scoreboard_unmap_readonly(const struct scoreboard *scoreboard)
{
	munmap((void *)(uintptr_t)scoreboard, sizeof(*scoreboard));
}

/* The deadline is there before the mode that makes the supervisor look at it. */
void
scoreboard_busy(struct scoreboard_slot *slot, int64_t deadline_ms, const char *format, ...)
{
	va_list arguments;

	slot->deadline_ms = deadline_ms;
	slot->since_ms = clock_boot_ms();
	slot->handler[0] = '\0';
	va_start(arguments, format);
	vsnprintf(slot->what, sizeof(slot->what), format, arguments);
	va_end(arguments);
	slot->mode = SLOT_BUSY;
}

void
scoreboard_extend(struct scoreboard_slot *slot, int64_t deadline_ms)
{
	slot->deadline_ms = deadline_ms;
}

void
scoreboard_idle(struct scoreboard_slot *slot)
{
	slot->since_ms = clock_boot_ms();
	slot->mode = SLOT_IDLE;
}

bool
scoreboard_reaper_lives(const struct scoreboard_reaper *reaper)
{
	int32_t pid = reaper->pid;

	return pid > 0 && process_lives(pid, reaper->start_time);
}

const struct scoreboard_reaper *
scoreboard_reaper_of(const struct scoreboard *scoreboard, pid_t pid)
{
	for (int i = 0; i < SCOREBOARD_REAPERS; i++)
		if (scoreboard->reapers[i].pid == pid)
			return &scoreboard->reapers[i];
	return NULL;
}

void
scoreboard_wake_reaper(const struct scoreboard *scoreboard)
{
	pid_t pid = atomic_load(&scoreboard->reaper_pid);
	const struct scoreboard_reaper *reaper = pid <= 0 ? NULL :
	    scoreboard_reaper_of(scoreboard, pid);

	if (reaper != NULL)
		ak_process_signal(pid, reaper->start_time, SIGUSR1);
}

bool
scoreboard_lists(const struct scoreboard *scoreboard, pid_t pid)
{
	for (int i = 0; i < scoreboard->slots_used; i++)
		if (scoreboard->slots[i].pid == pid)
			return true;
	return scoreboard_reaper_of(scoreboard, pid) != NULL;
}

/* One that died while it took an entry has left its pid there, below 0. */
static bool
is_free(const struct scoreboard_reaper *reaper)
{
	int32_t pid = reaper->pid;

	if (pid < 0)
		return ak_process_start_time(-pid) == -1;
	return pid == 0 || !process_lives(pid, reaper->start_time);
}

struct scoreboard_reaper *
scoreboard_join(struct scoreboard *scoreboard, int32_t generation)
{
	struct scoreboard_reaper *reaper;
	int32_t before;

	for (int i = 0; i < SCOREBOARD_REAPERS; i++) {
		reaper = &scoreboard->reapers[i];
		before = reaper->pid;
		if (!is_free(reaper) ||
		    !atomic_compare_exchange_strong(&reaper->pid, &before, -getpid()))
			continue;
		reaper->start_time = ak_process_start_time(getpid());
		reaper->generation = generation;
		reaper->at_work = false;
		reaper->beat_ms = clock_boot_ms();
		reaper->pid = getpid();
		return reaper;
	}
	return NULL;
}

void
scoreboard_count(struct scoreboard *scoreboard, enum counters_event event)
{
	if (scoreboard != NULL)
		atomic_fetch_add(&scoreboard->counters.events[event], 1);
}

void
scoreboard_request(struct scoreboard_slot *slot, const char *request)
{
	snprintf(slot->request, sizeof(slot->request), "%s", request);
}

static struct scoreboard_lost *
find_lost(const struct scoreboard *scoreboard, const char *request)
{
	const struct scoreboard_lost *lost = scoreboard->lost;

	for (int i = 0; i < SCOREBOARD_LOST; i++)
		if (lost[i].deaths > 0 && strcmp(lost[i].request, request) == 0)
			return (struct scoreboard_lost *)(uintptr_t)&lost[i];
	return NULL;
}

void
scoreboard_handler(struct scoreboard_slot *slot, const char *handler)
{
	snprintf(slot->handler, sizeof(slot->handler), "%s", handler == NULL ? "" : handler);
}

void
scoreboard_lose(struct scoreboard *scoreboard, const struct scoreboard_slot *slot,
    const char *how)
{
	struct scoreboard_lost *lost;

	if (slot->mode != SLOT_BUSY || (slot->request[0] == '\0' && slot->handler[0] == '\0'))
		return;
	lost = slot->request[0] == '\0' ? NULL : find_lost(scoreboard, slot->request);
	if (lost == NULL) {
		lost = &scoreboard->lost[scoreboard->lost_next];
		scoreboard->lost_next = (scoreboard->lost_next + 1) % SCOREBOARD_LOST;
		lost->deaths = 0;
		memcpy(lost->request, slot->request, sizeof(lost->request));
	}
	if (how != NULL) {
		memcpy(lost->handler, slot->handler, sizeof(lost->handler));
		snprintf(lost->how, sizeof(lost->how), "%s", how);
	}
	lost->deaths++;
}

static const char *
find_how(const struct scoreboard *scoreboard, const char *handler)
{
	const struct scoreboard_lost *lost;

	/* The newest first. */
	for (int i = 1; i <= SCOREBOARD_LOST; i++) {
		lost = &scoreboard->lost[(scoreboard->lost_next + SCOREBOARD_LOST - i) %
		    SCOREBOARD_LOST];
		if (lost->deaths > 0 && strcmp(lost->handler, handler) == 0)
			return lost->how;
	}
	return NULL;
}

bool
scoreboard_how(const struct scoreboard *scoreboard, const char *handler,
    char ret_how[PROCESS_END_BYTES])
{
	int64_t until_ms = clock_boot_ms() + HOW_WAIT_MS;
	const char *how;

	if (scoreboard == NULL)
		return false;
	while ((how = find_how(scoreboard, handler)) == NULL) {
		if (clock_boot_ms() >= until_ms)
			return false;
		clock_sleep_ms(HOW_PAUSE_MS);
	}
	snprintf(ret_how, PROCESS_END_BYTES, "%s", how);
	return true;
}

int
scoreboard_deaths(const struct scoreboard *scoreboard, const struct scoreboard_slot *slot)
{
	const struct scoreboard_slot *other;
	const struct scoreboard_lost *lost;
	int deaths = 0;

	if (slot->request[0] == '\0')
		return 0;
	for (int i = 0; i < scoreboard->slots_used; i++) {
		other = &scoreboard->slots[i];
		deaths += other != slot && other->mode == SLOT_BUSY &&
		    strcmp(other->request, slot->request) == 0;
	}
	lost = find_lost(scoreboard, slot->request);
	return lost == NULL ? deaths : deaths + lost->deaths;
}

bool
scoreboard_trial_begin(struct scoreboard *scoreboard, int64_t every_ms)
{
	int64_t now_ms = clock_boot_ms(), began_ms = scoreboard->trial.began_ms;

	return (began_ms == 0 || now_ms - began_ms >= every_ms) &&
	    atomic_compare_exchange_strong(&scoreboard->trial.began_ms, &began_ms, now_ms);
}

bool
scoreboard_trial_end(struct scoreboard *scoreboard, const char *fault)
{
	struct scoreboard_trial *trial = &scoreboard->trial;
	int32_t before = trial->result;

	if (fault != NULL)
		snprintf(trial->fault, sizeof(trial->fault), "%s", fault);
	trial->result = fault == NULL ? TRIAL_PASSED : TRIAL_FAILED;
	return (fault != NULL) != (before == TRIAL_FAILED);
}

bool
scoreboard_is_news(struct scoreboard *scoreboard, uint64_t discovery, uint64_t said)
{
	return atomic_exchange(&scoreboard->told[discovery % SCOREBOARD_TOLD], said) != said;
}
