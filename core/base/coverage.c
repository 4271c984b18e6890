/*
 * coverage.c: has all processes of a server write the counters of a coverage build, each into
 * the files below the state directory, where libgcov adds them up under a lock.
 */
#include "config.h"

#include "core/base/coverage.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"

#define COVERAGE_FOLDER "coverage"
/* Beside those of the builds: nobody serves it. */
#define COVERAGE_OTHERS "others"
#define COVERAGE_MODE 0700
/* The longest sleep of a process that follows. */
#define COVERAGE_TICK_MS 100
/* Between two looks whether all have followed. */
#define COVERAGE_POLL_MS 5
/* Responders, the supervisor, the reapers: more than a server may have. */
#define COVERAGE_FOLLOWERS_MAX 1024

/* Of libgcov. */
void __gcov_dump(void);
void __gcov_reset(void);

struct follower {
	_Atomic int32_t pid;		/* 0: free; it may have ended */
	_Atomic int32_t followed;	/* the last order that it has followed */
};

/* Shared by all processes that descend from the one that called coverage_begin(). */
struct orders {
	_Atomic int32_t asked;		/* counts up */
	struct follower followers[COVERAGE_FOLLOWERS_MAX];
};

static struct orders *orders;
static struct follower *mine;
static pid_t joined;			/* whose mine is: a child inherits its parent's */
/* Of this build; empty: GCOV_PREFIX rules. */
static char directory[PATH_MAX];
static char directory_of_others[PATH_MAX];

/* Writes parent/name. */
static int
path_make(char ret_path[PATH_MAX], const char *parent, const char *name, struct err *err)
{
	int length = snprintf(ret_path, PATH_MAX, "%s/%s", parent, name);

	if (length < 0 || length >= PATH_MAX)
		return err_set(err, ERR_USAGE, "%s/%s: the path is too long", parent, name);
	return 0;
}

static int
folder_make(const char *path, struct err *err)
{
	if (mkdir(path, COVERAGE_MODE) == -1 && errno != EEXIST)
		return err_sys(err, ERR_USAGE, "%s", path);
	return 0;
}

static void
set_prefix(const char *path)
{
	if (setenv("GCOV_PREFIX", path, 1) == -1 || unsetenv("GCOV_PREFIX_STRIP") == -1)
		log_out_of_memory();
}

int
coverage_begin(const char *state_dir, const char *build, struct err *err)
{
	const char *prefix = getenv("GCOV_PREFIX");
	char state[PATH_MAX], builds[PATH_MAX];

	orders = mmap(NULL, sizeof(*orders), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (orders == MAP_FAILED)
		log_out_of_memory();
	if (realpath(state_dir, state) == NULL)
		return err_sys(err, ERR_USAGE, "%s", state_dir);
	if (path_make(builds, state, COVERAGE_FOLDER, err) == -1)
		return -1;
	/* One that is below was set by the program that has executed this one. */
	if (prefix != NULL && strncmp(prefix, builds, strlen(builds)) != 0)
		return 0;
	if (path_make(directory, builds, build, err) == -1 ||
	    path_make(directory_of_others, builds, COVERAGE_OTHERS, err) == -1 ||
	    folder_make(builds, err) == -1 || folder_make(directory, err) == -1)
		return -1;
	set_prefix(directory);
	return 0;
}

const char *
coverage_directory(void)
{
	return *directory == '\0' ? NULL : directory;
}

/* One that waits for its parent to notice is still there: the next look finds it gone. */
static bool
is_gone(int32_t pid)
{
	return pid == 0 || (kill(pid, 0) == -1 && errno == ESRCH);
}

static void
join(void)
{
	struct follower *follower;
	int32_t before;
	size_t i;

	mine = NULL;
	joined = getpid();
	for (i = 0; i < COVERAGE_FOLLOWERS_MAX && mine == NULL; i++) {
		follower = &orders->followers[i];
		before = follower->pid;
		if (!is_gone(before))
			continue;
		/* Before it is taken: what the last one had followed is not followed by us. */
		follower->followed = 0;
		if (atomic_compare_exchange_strong(&follower->pid, &before, joined))
			mine = follower;
	}
}

void
coverage_follow(void)
{
	int32_t asked;

	if (orders == NULL)
		return;
	if (joined != getpid())
		join();
	asked = orders->asked;
	if (mine == NULL || mine->followed == asked)
		return;
	coverage_dump();
	mine->followed = asked;
}

void
coverage_dump(void)
{
	__gcov_dump();
	/* What is written is not to be added once more. */
	__gcov_reset();
}

void
coverage_part(void)
{
	if (coverage_directory() == NULL)
		return;
	coverage_dump();
	set_prefix(directory_of_others);
}

static int
count_late(int32_t asked)
{
	int late = 0;
	size_t i;

	for (i = 0; i < COVERAGE_FOLLOWERS_MAX; i++)
		late += orders->followers[i].followed < asked &&
		    !is_gone(orders->followers[i].pid);
	return late;
}

int
coverage_collect(int64_t until_ms)
{
	int32_t asked = atomic_fetch_add(&orders->asked, 1) + 1;
	int late;

	/* It follows the orders of others, too: two that collect wait for each other. */
	for (;;) {
		coverage_follow();
		late = count_late(asked);
		if (late == 0 || clock_boot_ms() >= until_ms)
			return late;
		clock_sleep_ms(COVERAGE_POLL_MS);
	}
}

int64_t
coverage_sleep_ms(int64_t ms)
{
	return ms < 0 || ms > COVERAGE_TICK_MS ? COVERAGE_TICK_MS : ms;
}
