/*
 * descriptors.c: the descriptors that are the server's own, beside those of action code.
 * Persists nothing.
 */
#include "config.h"

#include "core/base/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/state_path.h"

/*
 * Where they lie: higher than loops over "all" descriptors go as a rule, and low enough for a small
 * table in the kernel, which each fork copies. Where the limit is lower, a half of that, and so on.
 */
#define DESCRIPTORS_BASE 512
#define DESCRIPTORS_BASE_MIN 32
/* Log, listener, signals, connection, three locks, the database's three, and room. */
#define DESCRIPTORS_MAX 24
/* Where a lock file is left standing: another open() of it stands at its beginning. */
#define DESCRIPTORS_MARK 0x616b0000

struct descriptor {
	int fd;
	dev_t device;
	ino_t inode;
	off_t mark;			/* position of a lock file; 0: is not looked at */
	unsigned int losses;
	bool known;			/* the three above */
	int flags;			/* to open it anew */
	const char *name;		/* NULL: the end of path */
	char path[STATE_PATH_BYTES];	/* "": it is not a file */
};

static struct descriptor list[DESCRIPTORS_MAX];
static size_t count;
static off_t marks;		/* given so far */
static bool lost;
static pid_t owner;		/* the process that is guarded; 0: none */
static int log_fd = -1;		/* its log */

static struct descriptor *
find(int fd)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].fd == fd)
			return &list[i];
	return NULL;
}

static const char *
name_of(const struct descriptor *descriptor)
{
	const char *slash;

	if (descriptor->name != NULL)
		return descriptor->name;
	slash = strrchr(descriptor->path, '/');
	return slash == NULL ? descriptor->path : slash + 1;
}

static bool
is_same_file(const struct descriptor *descriptor, const struct stat *st)
{
	return descriptor->device == st->st_dev && descriptor->inode == st->st_ino;
}

/* A process's own locks on a file (POSIX) end when it closes any descriptor of it. */
static bool
is_open_already(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return false;
	for (size_t i = 0; i < count; i++)
		if (S_ISREG(st.st_mode) && is_same_file(&list[i], &st))
			return true;
	return false;
}

static int
move_high(int fd)
{
	int high = -1;

	if (fd >= DESCRIPTORS_BASE || is_open_already(fd))
		return fd;
	for (int base = DESCRIPTORS_BASE; base >= DESCRIPTORS_BASE_MIN && high == -1;
	    base /= 2)
		high = fcntl(fd, F_DUPFD_CLOEXEC, base);
	if (high == -1) {
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		return fd;
	}
	close(fd);
	return high;
}

/*
 * Remembers what an open file is; where it stands says whether it was opened anew. Without memory
 * in the kernel that is not known, and only whether it is open is looked at.
 */
static void
remember(struct descriptor *descriptor, bool mark)
{
	struct stat st;

	if (fstat(descriptor->fd, &st) == -1)
		return;
	descriptor->known = true;
	descriptor->device = st.st_dev;
	descriptor->inode = st.st_ino;
	descriptor->mark = mark ? DESCRIPTORS_MARK + ++marks : 0;
	/* Not every file can stand somewhere. */
	if (mark && lseek(descriptor->fd, descriptor->mark, SEEK_SET) != descriptor->mark)
		descriptor->mark = 0;
}

static int
own(int fd, const char *name, const char *path, bool mark)
{
	struct descriptor *descriptor = find(fd);

	if (descriptor == NULL) {
		fd = move_high(fd);
		/* Its last owner may not have said that it is closed. */
		descriptor = find(fd);
	}
	if (descriptor == NULL && count == DESCRIPTORS_MAX)
		return fd;
	if (descriptor == NULL)
		descriptor = &list[count++];
	*descriptor = (struct descriptor){ .fd = fd, .name = name };
	if (path != NULL) {
		snprintf(descriptor->path, sizeof(descriptor->path), "%s", path);
		descriptor->flags = fcntl(fd, F_GETFL) & O_ACCMODE;
	}
	remember(descriptor, mark);
	return fd;
}

int
descriptor_own(int fd, const char *name)
{
	return own(fd, name, NULL, false);
}

int
descriptor_own_file(int fd, const char *path)
{
	return own(fd, NULL, path, false);
}

int
descriptor_own_lock(int fd, const char *path)
{
	return own(fd, NULL, path, true);
}

void
descriptor_forget(int fd)
{
	struct descriptor *descriptor = find(fd);

	if (descriptor != NULL)
		*descriptor = list[--count];
}

int
descriptor_close(int fd)
{
	descriptor_forget(fd);
	return close(fd);
}

bool
descriptor_is_high(int fd)
{
	return fd >= DESCRIPTORS_BASE;
}

bool
descriptor_is_own(int fd)
{
	return find(fd) != NULL;
}

unsigned int
descriptor_losses(int fd)
{
	const struct descriptor *descriptor = find(fd);

	return descriptor == NULL ? 0 : descriptor->losses;
}

/* Where one stands tells more than what it is, and costs less. */
static bool
is_there(const struct descriptor *descriptor, enum descriptors_look how)
{
	struct stat st;

	if (descriptor->mark != 0)
		return lseek(descriptor->fd, 0, SEEK_CUR) == descriptor->mark;
	if (how == DESCRIPTORS_OPEN)
		return true;
	if (fstat(descriptor->fd, &st) == -1)
		return errno != EBADF;
	return !descriptor->known || is_same_file(descriptor, &st);
}

/* Whether all of them are open, in one system call. */
static bool
are_open(void)
{
	struct pollfd polled[DESCRIPTORS_MAX];

	for (size_t i = 0; i < count; i++)
		polled[i] = (struct pollfd){ .fd = list[i].fd };
	if (poll(polled, count, 0) <= 0)
		return true;
	for (size_t i = 0; i < count; i++)
		if ((polled[i].revents & POLLNVAL) != 0)
			return false;
	return true;
}

/*
 * Puts the same file in its place, whatever is there now: SQLite goes on by the number, and what
 * was done is to be recorded. Not the file that has its name meanwhile.
 */
static bool
open_anew(struct descriptor *descriptor)
{
	struct stat st;
	int fd, saved;

	if (descriptor->path[0] == '\0')
		return false;
	fd = open(descriptor->path, descriptor->flags | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return false;
	saved = descriptor->fd;
	if (fstat(fd, &st) == -1 || !is_same_file(descriptor, &st) ||
	    (fd != saved && dup3(fd, saved, O_CLOEXEC) == -1)) {
		close(fd);
		return false;
	}
	if (fd != saved)
		close(fd);
	remember(descriptor, descriptor->mark != 0);
	descriptor->losses++;
	return true;
}

int
descriptors_check(enum descriptors_look how, char *ret_names, size_t size)
{
	size_t used = 0, i = 0;
	int result = 0, length;

	ret_names[0] = '\0';
	if (how == DESCRIPTORS_OPEN && !are_open())
		how = DESCRIPTORS_SAME;
	while (i < count) {
		if (is_there(&list[i], how)) {
			i++;
			continue;
		}
		length = snprintf(ret_names + used, size - used, "%s%s",
		    used == 0 ? "" : ", ", name_of(&list[i]));
		if (length > 0 && (size_t)length < size - used)
			used += (size_t)length;
		result = -1;
		if (open_anew(&list[i]))
			i++;
		else
			list[i] = list[--count];
	}
	if (result == -1) {
		lost = true;
		log_output(descriptor_is_own(log_fd) ? log_fd : STDERR_FILENO);
	}
	return result;
}

bool
descriptors_lost(void)
{
	return lost;
}

int
descriptors_guard(void)
{
	int fd = dup(STDERR_FILENO);

	if (fd == -1)
		return -1;
	log_fd = descriptor_own(fd, "the log");
	log_output(log_fd);
	owner = getpid();
	return pthread_atfork(NULL, NULL, descriptors_drop) == 0 ? 0 : -1;
}

bool
descriptors_in_child(void)
{
	return owner != 0 && owner != getpid();
}

void
descriptors_drop(void)
{
	for (size_t i = 0; i < count; i++)
		close(list[i].fd);
	count = 0;
	log_output(STDERR_FILENO);
}
