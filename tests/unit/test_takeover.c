/*
 * test_takeover.c: one reaper is at work, the others stand by; a newer pair takes over, from
 * one that hangs, too.
 */
#include "config.h"

#include "core/reaper/takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/actionkit.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/state_path.h"
#include "tests/unit/unit.h"

#define DIRECTORY_BYTES 64
#define TEXT_BYTES 64
#define OLD 1			/* generations */
#define NEW 2
#define PATIENCE_MS 600000	/* longer than a test may take */
#define PATIENCE_SHORT_MS 500
#define LOOKS 3			/* of one that gives up */
#define NO_RESULT (-1)

/* What a process is that stands by. */
enum nature { MEEK, STUBBORN };	/* whether SIGTERM ends it */

/* It says what came of it, and is there until a signal ends it. */
struct reaper {
	pid_t pid;
	int pipe;
};

static char directory[DIRECTORY_BYTES];
static char lock_file[STATE_PATH_BYTES];
static struct scoreboard *scoreboard;
static struct takeover takeover;
static struct err err;

static void
setup(void)
{
	log_init(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	snprintf(directory, sizeof(directory), "/tmp/ak-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	state_path(directory, TAKEOVER_LOCK_FILE, lock_file);
	scoreboard = mmap(NULL, sizeof(*scoreboard), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(scoreboard, MAP_FAILED);
}

static void
remove_directory(void)
{
	(void)unlink(lock_file);
	ck_assert_int_eq(rmdir(directory), 0);
}

static bool
never(void *context)
{
	(void)context;
	return false;
}

static bool
after_some_looks(void *context)
{
	int *looks = context;

	return ++*looks == LOOKS;
}

/*
 * A process that waits for the lock as one of that generation, and then keeps it; of generation 0
 * one that is on no scoreboard, and takes the lock. It ends with its test, whatever that does.
 */
static struct reaper
begin(int32_t generation, enum nature nature, int64_t patience_ms)
{
	struct reaper reaper;
	enum takeover_result result;
	pid_t parent = getpid();
	char byte;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	reaper = (struct reaper){ .pid = fork(), .pipe = ends[0] };
	ck_assert_int_ne(reaper.pid, -1);
	if (reaper.pid != 0) {
		(void)close(ends[1]);
		return reaper;
	}
	(void)signal(SIGTERM, nature == STUBBORN ? SIG_IGN : SIG_DFL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != parent)
		_exit(EXIT_FAILURE);
	if (generation == 0)
		result = takeover_try(&takeover, directory, &err);
	else
		result = takeover_wait(&takeover, directory, scoreboard, generation,
		    patience_ms, never, NULL, &err);
	byte = (char)result;
	if (write(ends[1], &byte, 1) != 1)
		_exit(EXIT_FAILURE);
	if (result != TAKEOVER_TAKEN)
		_exit(EXIT_SUCCESS);
	for (;;)
		(void)pause();
}

/* What came of it, once it is known; NO_RESULT: it has died before. */
static int
result_of(const struct reaper *reaper)
{
	char byte;

	return read(reaper->pipe, &byte, 1) == 1 ? byte : NO_RESULT;
}

/* One that is at work. */
static struct reaper
begin_work(int32_t generation, enum nature nature)
{
	struct reaper reaper = begin(generation, nature, PATIENCE_MS);

	ck_assert_int_eq(result_of(&reaper), TAKEOVER_TAKEN);
	ck_assert_int_eq(takeover_held(directory, &err), 1);
	return reaper;
}

/* Whichever of two has got to work; the other one is to be undecided. */
static const struct reaper *
first_of(const struct reaper pair[2])
{
	struct pollfd pollfds[2] = {
		{ .fd = pair[0].pipe, .events = POLLIN }, { .fd = pair[1].pipe, .events = POLLIN }
	};
	int at;

	ck_assert_int_eq(poll(pollfds, 2, -1), 1);
	at = pollfds[0].revents == 0;
	ck_assert_int_eq(result_of(&pair[at]), TAKEOVER_TAKEN);
	return &pair[at];
}

static void
ended_by(const struct reaper *reaper, int number)
{
	int status;

	ck_assert_int_eq(waitpid(reaper->pid, &status, 0), reaper->pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), number);
}

static void
end(const struct reaper *reaper)
{
	ck_assert_int_eq(kill(reaper->pid, SIGKILL), 0);
	ended_by(reaper, SIGKILL);
}

static bool
lives(const struct reaper *reaper)
{
	return waitpid(reaper->pid, NULL, WNOHANG) == 0;
}

/* Waits until it is on the scoreboard. */
static struct scoreboard_reaper *
entry_of(const struct reaper *reaper)
{
	const struct scoreboard_reaper *entry;

	while ((entry = scoreboard_reaper_of(scoreboard, reaper->pid)) == NULL)
		clock_sleep_ms(1);
	return &scoreboard->reapers[entry - scoreboard->reapers];
}

static int64_t
pid_in_file(void)
{
	int fd = open(lock_file, O_RDONLY);
	char text[TEXT_BYTES] = "";
	int64_t pid = 0, start_time = 0;

	ck_assert_int_gt(read(fd, text, sizeof(text) - 1), 0);
	(void)close(fd);
	ck_assert_int_eq(sscanf(text, "%" SCNd64 " %" SCNd64, &pid, &start_time), 2);
	ck_assert_int_gt(start_time, 0);
	return pid;
}

START_TEST(one_has_it)
{
	struct takeover other;

	ck_assert_int_eq(takeover_held(directory, &err), 0);
	ck_assert_int_eq(takeover_try(&takeover, directory, &err), TAKEOVER_TAKEN);
	ck_assert_int_eq(pid_in_file(), getpid());
	ck_assert_int_eq(takeover_held(directory, &err), 1);
	ck_assert_int_eq(takeover_try(&other, directory, &err), TAKEOVER_LEFT);
	takeover_end(&other);
	ck_assert_int_eq(takeover_held(directory, &err), 1);
	takeover_end(&takeover);
	ck_assert_int_eq(takeover_held(directory, &err), 0);
	ck_assert_int_eq(takeover_wait(&takeover, directory, scoreboard, OLD, PATIENCE_MS, never,
	    NULL, &err), TAKEOVER_TAKEN);
	ck_assert_int_eq(takeover_held(directory, &err), 1);
	takeover_end(&takeover);
	takeover_end(&takeover);
	remove_directory();
}
END_TEST

START_TEST(listed_on_the_scoreboard)
{
	struct scoreboard_reaper *entry;

	ck_assert_int_eq(takeover_wait(&takeover, directory, scoreboard, NEW, PATIENCE_MS, never,
	    NULL, &err), TAKEOVER_TAKEN);
	entry = takeover.entry;
	ck_assert_ptr_eq(entry, scoreboard_reaper_of(scoreboard, getpid()));
	ck_assert_int_eq(entry->generation, NEW);
	ck_assert(entry->at_work);
	entry->beat_ms = 0;
	takeover_beat(&takeover, scoreboard);
	ck_assert_int_gt(entry->beat_ms, 0);
	ck_assert_int_ge(scoreboard->reaper_beat_ms, entry->beat_ms);
	takeover_end(&takeover);
	ck_assert_int_eq(entry->pid, 0);
	remove_directory();
}
END_TEST

START_TEST(the_standby_follows_a_dead_one)
{
	struct reaper first = begin_work(OLD, MEEK), second = begin(OLD, MEEK, PATIENCE_MS);

	ck_assert_int_eq(entry_of(&second)->at_work, 0);
	ck_assert_int_eq(pid_in_file(), first.pid);
	end(&first);
	ck_assert_int_eq(result_of(&second), TAKEOVER_TAKEN);
	ck_assert_int_eq(pid_in_file(), second.pid);
	end(&second);
	ck_assert_int_eq(takeover_held(directory, &err), 0);
	remove_directory();
}
END_TEST

START_TEST(a_pair_takes_over)
{
	struct reaper old = begin_work(OLD, MEEK), standby = begin(OLD, MEEK, PATIENCE_MS);
	struct reaper pair[] = { begin(NEW, MEEK, PATIENCE_MS), begin(NEW, MEEK, PATIENCE_MS) };
	const struct reaper *at_work;

	ended_by(&old, SIGTERM);
	ck_assert_int_eq(waitpid(standby.pid, NULL, 0), standby.pid);
	ck_assert_int_ne(result_of(&standby), TAKEOVER_TAKEN);
	at_work = first_of(pair);
	ck_assert_int_eq(pid_in_file(), at_work->pid);
	/* One of the same generation asks nobody to leave. */
	end(at_work);
	ck_assert_int_eq(result_of(at_work == pair ? &pair[1] : &pair[0]), TAKEOVER_TAKEN);
	remove_directory();
}
END_TEST

START_TEST(one_alone_asks_nobody)
{
	struct reaper old = begin_work(OLD, MEEK), standby = begin(OLD, MEEK, PATIENCE_MS);
	int looks = 0;

	(void)entry_of(&standby);
	ck_assert_int_eq(takeover_wait(&takeover, directory, scoreboard, NEW, 0,
	    after_some_looks, &looks, &err), TAKEOVER_LEFT);
	ck_assert_int_eq(looks, LOOKS);
	takeover_end(&takeover);
	ck_assert(lives(&old));
	ck_assert(lives(&standby));
	remove_directory();
}
END_TEST

START_TEST(the_replaced_leave)
{
	struct reaper first = begin_work(NEW, MEEK), second = begin(NEW, MEEK, PATIENCE_MS);

	/* It is asked to. */
	(void)signal(SIGTERM, SIG_IGN);
	(void)entry_of(&second);
	ck_assert_int_eq(takeover_wait(&takeover, directory, scoreboard, OLD, PATIENCE_MS, never,
	    NULL, &err), TAKEOVER_LEFT);
	takeover_end(&takeover);
	ck_assert(lives(&first));
	ck_assert(lives(&second));
	remove_directory();
}
END_TEST

START_TEST(the_replaced_leave_with_the_lock_in_hand)
{
	for (int i = 0; i < TAKEOVER_REAPERS; i++)
		scoreboard->reapers[i] = (struct scoreboard_reaper){
			.pid = getppid(), .generation = NEW,
			.start_time = ak_process_start_time(getppid())
		};
	ck_assert_int_eq(takeover_wait(&takeover, directory, scoreboard, OLD, PATIENCE_MS, never,
	    NULL, &err), TAKEOVER_LEFT);
	takeover_end(&takeover);
	ck_assert_int_eq(takeover_wait(&takeover, directory, scoreboard, NEW, PATIENCE_MS, never,
	    NULL, &err), TAKEOVER_TAKEN);
	takeover_end(&takeover);
	remove_directory();
}
END_TEST

START_TEST(who_hangs_is_killed)
{
	struct reaper hung = begin_work(OLD, STUBBORN), standby;

	entry_of(&hung)->beat_ms = clock_boot_ms() - TAKEOVER_HANG_MS - 1;
	standby = begin(OLD, MEEK, PATIENCE_MS);
	ended_by(&hung, SIGKILL);
	ck_assert_int_eq(result_of(&standby), TAKEOVER_TAKEN);
	remove_directory();
}
END_TEST

START_TEST(who_does_not_leave_is_killed)
{
	struct reaper old = begin_work(OLD, STUBBORN);
	int64_t asked_ms = clock_boot_ms();
	const struct reaper pair[] = {
		begin(NEW, MEEK, PATIENCE_SHORT_MS), begin(NEW, MEEK, PATIENCE_SHORT_MS)
	};

	ended_by(&old, SIGKILL);
	ck_assert_int_gt(clock_boot_ms() - asked_ms, PATIENCE_SHORT_MS);
	(void)first_of(pair);
	remove_directory();
}
END_TEST

/* Of a program with another scoreboard. */
START_TEST(a_stranger_leaves)
{
	struct reaper stranger = begin_work(0, MEEK);
	const struct reaper pair[] = {
		begin(NEW, MEEK, PATIENCE_MS), begin(NEW, MEEK, PATIENCE_MS)
	};

	ended_by(&stranger, SIGTERM);
	(void)first_of(pair);
	remove_directory();
}
END_TEST

START_TEST(waiting_is_given_up)
{
	struct reaper old = begin_work(OLD, STUBBORN);
	int looks = 0;

	ck_assert_int_eq(takeover_wait(&takeover, directory, scoreboard, OLD, 0,
	    after_some_looks, &looks, &err), TAKEOVER_LEFT);
	ck_assert_int_eq(looks, LOOKS);
	takeover_end(&takeover);
	ck_assert(lives(&old));
	end(&old);
	/* Whoever is not wanted any more does not begin, either, when the lock is free. */
	looks = LOOKS - 1;
	ck_assert_int_eq(takeover_wait(&takeover, directory, scoreboard, OLD, 0,
	    after_some_looks, &looks, &err), TAKEOVER_LEFT);
	takeover_end(&takeover);
	ck_assert_int_eq(takeover_held(directory, &err), 0);
	remove_directory();
}
END_TEST

static void
all_fail(int sys)
{
	ck_assert_int_eq(takeover_try(&takeover, directory, &err), TAKEOVER_FAILED);
	ck_assert_int_eq(err.sys, sys);
	takeover_end(&takeover);
	ck_assert_int_eq(takeover_wait(&takeover, directory, scoreboard, OLD, PATIENCE_MS, never,
	    NULL, &err), TAKEOVER_FAILED);
	ck_assert_int_eq(err.sys, sys);
	takeover_end(&takeover);
}

START_TEST(no_lock_to_be_had)
{
	ck_assert_int_eq(symlink("/dev/null", lock_file), 0);
	all_fail(ELOOP);
	ck_assert_int_eq(takeover_held(directory, &err), -1);
	ck_assert_int_eq(err.sys, ELOOP);
	remove_directory();
	all_fail(ENOENT);
	ck_assert_ptr_nonnull(strstr(err.msg, lock_file));
	/* Without a directory there never was a reaper. */
	ck_assert_int_eq(takeover_held(directory, &err), 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		one_has_it,
		listed_on_the_scoreboard,
		the_standby_follows_a_dead_one,
		a_pair_takes_over,
		one_alone_asks_nobody,
		the_replaced_leave,
		the_replaced_leave_with_the_lock_in_hand,
		who_hangs_is_killed,
		who_does_not_leave_is_killed,
		a_stranger_leaves,
		waiting_is_given_up,
		no_lock_to_be_had,
		NULL
	};

	return unit_main("takeover", setup, tests);
}
