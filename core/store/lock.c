/*
 * lock.c: one lock per execution, freed by the kernel when its holder dies.
 */
#include "config.h"

#include "core/store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/descriptors.h"
#include "core/base/state_file.h"
#include "core/base/state_path.h"

/* Pauses between two tries for a lock that is held. */
#define LOCK_PAUSE_FIRST_MS 1
#define LOCK_PAUSE_MOST_MS 16

#define OFFSET_DIGITS 15	/* of the id, in hexadecimal: 60 bits, a valid off_t */

/* The id's first digits without dashes; random in every UUID of an agent. */
static int64_t
lock_offset(const char *execution)
{
	char digits[OFFSET_DIGITS + 1];
	size_t n = 0;

	for (; *execution != '\0' && n < OFFSET_DIGITS; execution++)
		if (*execution != '-')
			digits[n++] = *execution;
	digits[n] = '\0';
	return (int64_t)strtoll(digits, NULL, 16);
}

static struct flock
one_byte(int64_t offset, short type)
{
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1
	};
}

int
lock_open(struct lock *lock, const char *state_dir, const char *file, struct err *err)
{
	char path[STATE_PATH_BYTES];

	lock->offset = -1;
	state_path(state_dir, file, path);
	lock->fd = state_file_open(path, O_RDWR, STATE_PRIVATE);
	if (lock->fd == -1)
		return err_sys(err, ERR_INTERNAL, "%s", path);
	lock->fd = descriptor_own_lock(lock->fd, path);
	return 0;
}

void
lock_close(struct lock *lock)
{
	if (lock->fd != -1)
		descriptor_close(lock->fd);
	lock->fd = -1;
	lock->offset = -1;
}

void
lock_pass_on(struct lock *lock)
{
	descriptor_forget(lock->fd);
	fcntl(lock->fd, F_SETFD, 0);
}

int
lock_take(struct lock *lock, const char *execution, int64_t deadline_ms, struct err *err)
{
	int64_t offset = lock_offset(execution);
	struct flock byte = one_byte(offset, F_WRLCK);
	long pause_ms = LOCK_PAUSE_FIRST_MS;

	while (fcntl(lock->fd, F_OFD_SETLK, &byte) == -1) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return err_sys(err, ERR_INTERNAL, "the lock of an execution");
		if (clock_boot_ms() >= deadline_ms)
			return 1;
		clock_sleep_ms(pause_ms);
		if (pause_ms < LOCK_PAUSE_MOST_MS)
			pause_ms *= 2;
	}
	lock->offset = offset;
	lock->losses = descriptor_losses(lock->fd);
	return 0;
}

bool
lock_lost(struct lock *lock)
{
	if (lock->offset == -1 || descriptor_losses(lock->fd) == lock->losses)
		return false;
	lock->offset = -1;
	return true;
}

void
lock_drop(struct lock *lock)
{
	struct flock byte;

	if (lock->offset == -1)
		return;
	byte = one_byte(lock->offset, F_UNLCK);
	while (fcntl(lock->fd, F_OFD_SETLK, &byte) == -1 && errno != EBADF)
		clock_sleep_ms(LOCK_PAUSE_MOST_MS);
	lock->offset = -1;
}

int
lock_held(const struct lock *lock, const char *execution, struct err *err)
{
	struct flock byte = one_byte(lock_offset(execution), F_WRLCK);

	if (fcntl(lock->fd, F_OFD_GETLK, &byte) == -1)
		return err_sys(err, ERR_INTERNAL, "the lock of an execution");
	return byte.l_type != F_UNLCK;
}

bool
lock_holder(const struct lock *lock, const char *execution,
    bool (*is_known)(void *context, pid_t pid), void *context,
    char ret_text[HOLDER_TEXT_BYTES])
{
	int64_t offset = lock_offset(execution);

	return holder_find(lock->fd, offset, offset, is_known, context, ret_text) !=
	    HOLDER_KNOWN;
}

struct holders {
	void (*see)(void *context, pid_t pid);
	void *context;
};

static bool
see_holder(void *context, pid_t pid)
{
	const struct holders *holders = context;

	holders->see(holders->context, pid);
	return true;
}

void
lock_holders(const struct lock *lock, const char *execution,
    void (*see)(void *context, pid_t pid), void *context)
{
	struct holders holders = { see, context };
	int64_t offset = lock_offset(execution);
	char text[HOLDER_TEXT_BYTES];

	(void)holder_find(lock->fd, offset, offset, see_holder, &holders, text);
}
