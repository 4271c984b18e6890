/*
 * gate.c: the write gate, one flock for all writers of a database.
 */
#include "config.h"

#include "core/store/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/descriptors.h"
#include "core/base/holder.h"
#include "core/base/state_file.h"
#include "core/base/state_path.h"

/* The alarm repeats, so that one that rings before flock() sleeps is not lost. */
#define GATE_ALARM_REPEAT_MS 50
#define GATE_SIGNAL SIGALRM
/* Who has waited so long in vain is told who holds it. */
#define GATE_ASK_MS 3000
#define GATE_LOOKS 5
#define GATE_LEAVE_PAUSE_MS 5

static void
on_alarm(int number)
{
	(void)number;	/* its only effect is EINTR */
}

int
gate_open(struct gate *gate, const char *state_dir, const char *file, struct err *err)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = GATE_SIGNAL
	};
	char path[STATE_PATH_BYTES];

	gate->open = false;
	state_path(state_dir, file, path);
	/* Who only reads must not be able to hold up writers. */
	gate->fd = state_file_open(path, O_RDWR, STATE_PRIVATE);
	if (gate->fd == -1)
		return err_sys(err, err_code_of(errno, ERR_STORE), "%s", path);
	gate->fd = descriptor_own_lock(gate->fd, path);
	/* A timer belongs to one process: fork() does not pass it on. */
	if (timer_create(CLOCK_MONOTONIC, &event, &gate->alarm) == -1) {
		err_sys(err, ERR_INTERNAL, "timer_create");
		descriptor_close(gate->fd);
		gate->fd = -1;
		return -1;
	}
	gate->open = true;
	return 0;
}

void
gate_close(struct gate *gate)
{
	if (!gate->open)
		return;
	timer_delete(gate->alarm);
	descriptor_close(gate->fd);
	gate->fd = -1;
	gate->open = false;
}

static void
set_alarm(struct gate *gate, int64_t first_ms)
{
	struct itimerspec when = {
		.it_value = clock_timespec(first_ms),
		.it_interval = clock_timespec(first_ms == 0 ? 0 : GATE_ALARM_REPEAT_MS)
	};

	timer_settime(gate->alarm, 0, &when, NULL);
}

/*
 * The deadline is over: 0 if the gate is free just now, or -1 with who holds it, if that is
 * worth a look. One who passes it on while it is looked for would not be seen: hence again.
 */
static int
last_try(struct gate *gate, int64_t waited_ms, struct err *err)
{
	char holder[HOLDER_TEXT_BYTES];

	for (int looks = waited_ms < GATE_ASK_MS ? 0 : GATE_LOOKS; looks > 0; looks--) {
		if (flock(gate->fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (holder_find(gate->fd, HOLDER_FLOCK, HOLDER_FLOCK, NULL, NULL, holder) ==
		    HOLDER_SEEN || looks == 1)
			return err_set(err, ERR_BUSY, "the database is busy: the write "
			    "gate did not open in time, it is held by %s", holder);
	}
	return err_set(err, ERR_BUSY, "the database is busy: "
	    "the write gate did not open in time");
}

/* Queues in the kernel, which serves waiters in turn, until the alarm ends the wait. */
static int
wait_for_gate(struct gate *gate, int64_t deadline_ms, struct err *err)
{
	struct sigaction action = { .sa_handler = on_alarm }, old_action;
	sigset_t alarm_only, old_mask;
	int64_t began_ms = clock_boot_ms(), left;
	int result = -1;

	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, GATE_SIGNAL);
	sigaction(GATE_SIGNAL, &action, &old_action);
	sigprocmask(SIG_UNBLOCK, &alarm_only, &old_mask);
	for (;;) {
		left = deadline_ms - clock_boot_ms();
		if (left <= 0) {
			result = last_try(gate, clock_boot_ms() - began_ms, err);
			break;
		}
		set_alarm(gate, left);
		if (flock(gate->fd, LOCK_EX) == 0) {
			result = 0;
			break;
		}
		if (errno != EINTR) {
			err_sys(err, ERR_INTERNAL, "%s", GATE_FILE);
			break;
		}
	}
	set_alarm(gate, 0);
	sigprocmask(SIG_SETMASK, &old_mask, NULL);
	sigaction(GATE_SIGNAL, &old_action, NULL);
	return result;
}

int
gate_enter(struct gate *gate, int64_t deadline_ms, struct err *err)
{
	if (flock(gate->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK && errno != EINTR)
		return err_sys(err, ERR_INTERNAL, "%s", GATE_FILE);
	return wait_for_gate(gate, deadline_ms, err);
}

void
gate_leave(struct gate *gate)
{
	/* To let go needs memory in the kernel, too; who kept it would hold up all others. */
	while (flock(gate->fd, LOCK_UN) == -1 && errno != EBADF)
		clock_sleep_ms(GATE_LEAVE_PAUSE_MS);
}
