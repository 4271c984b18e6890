/*
 * holder.c: looks for the holder of a lock in /proc/PID/fdinfo. Persists nothing.
 */
#include "config.h"

#include "core/base/holder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PROC_PATH_BYTES 64
#define PROC_NAME_BYTES 17	/* a name of the kernel's 15 bytes, the line's end, 0 */
/* Some lines of a file with a lock or a few. */
#define PROC_INFO_BYTES 4096
#define LOCK_TYPE_BYTES 16

struct search {
	struct stat st;			/* of the file */
	char path[PATH_MAX];		/* as the kernel calls it */
	int64_t first, last;		/* bytes; HOLDER_FLOCK, which is all of it */
	char *text;
	size_t used;
	int holders;
	int unseen;			/* processes that could not be looked at */
};

/* What a short file of /proc says; "" where it cannot be read. */
static void
read_proc(pid_t pid, const char *name, char *ret_text, size_t size)
{
	char path[PROC_PATH_BYTES];
	ssize_t length = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		length = read(fd, ret_text, size - 1);
		close(fd);
	}
	ret_text[length > 0 ? length : 0] = '\0';
}

static bool
covers(const struct search *search, const char *type, int64_t start, const char *end)
{
	if (search->first == HOLDER_FLOCK)
		return strcmp(type, "FLOCK") == 0;
	return strcmp(type, "FLOCK") != 0 && start <= search->last &&
	    (strcmp(end, "EOF") == 0 || search->first <= strtoll(end, NULL, 10));
}

/* Lines such as "lock:	1: OFDLCK  ADVISORY  WRITE -1 08:01:4711 815 815". */
static bool
has_lock(const struct search *search, const char *info, bool same_path)
{
	char type[LOCK_TYPE_BYTES], end[LOCK_TYPE_BYTES + 8];
	unsigned int major_number, minor_number;
	const char *line;
	unsigned long inode;
	int64_t start;

	for (line = strstr(info, "lock:"); line != NULL; line = strstr(line + 1, "lock:")) {
		if (sscanf(line, "lock: %*d: %15s %*s %*s %*d %x:%x:%lu %" SCNd64 " %23s",
		    type, &major_number, &minor_number, &inode, &start, end) != 6)
			continue;
		/* The device is another one than stat(2) tells on some file systems. */
		if (inode == search->st.st_ino && (same_path ||
		    makedev(major_number, minor_number) == search->st.st_dev) &&
		    covers(search, type, start, end))
			return true;
	}
	return false;
}

static bool
holds_by(const struct search *search, pid_t pid, int directory, const char *fd)
{
	char path[PATH_MAX], name[PROC_PATH_BYTES], info[PROC_INFO_BYTES];
	ssize_t length = readlinkat(directory, fd, path, sizeof(path) - 1);

	if (length <= 0 || path[0] != '/')
		return false;
	path[length] = '\0';
	snprintf(name, sizeof(name), "fdinfo/%.20s", fd);
	read_proc(pid, name, info, sizeof(info));
	return has_lock(search, info, strcmp(path, search->path) == 0);
}

static bool
holds(struct search *search, pid_t pid)
{
	char path[PROC_PATH_BYTES];
	const struct dirent *entry;
	bool found = false;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	if (directory == NULL) {
		search->unseen += errno == EACCES || errno == EPERM;
		return false;
	}
	while (!found && (entry = readdir(directory)) != NULL)
		found = entry->d_name[0] != '.' &&
		    holds_by(search, pid, dirfd(directory), entry->d_name);
	closedir(directory);
	return found;
}

static void
add(struct search *search, pid_t pid)
{
	char name[PROC_NAME_BYTES];
	int length;

	read_proc(pid, "comm", name, sizeof(name));
	name[strcspn(name, "\n")] = '\0';
	for (char *c = name; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	length = snprintf(search->text + search->used, HOLDER_TEXT_BYTES - search->used,
	    "%sprocess %d (%s)", search->holders++ == 0 ? "" : ", ", (int)pid, name);
	if (length > 0 && (size_t)length < HOLDER_TEXT_BYTES - search->used)
		search->used += (size_t)length;
}

static void
tell_unseen(const struct search *search)
{
	if (search->unseen == 0)
		snprintf(search->text, HOLDER_TEXT_BYTES, "a process that cannot be seen");
	else
		snprintf(search->text, HOLDER_TEXT_BYTES, "a process that cannot be seen: "
		    "%d processes of other users could not be looked at, root can",
		    search->unseen);
}

static bool
begin(struct search *search, int fd)
{
	char path[PROC_PATH_BYTES];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, search->path, sizeof(search->path) - 1);
	if (length <= 0)
		return false;
	search->path[length] = '\0';
	return fstat(fd, &search->st) == 0;
}

enum holder
holder_find(int fd, int64_t first, int64_t last, bool (*is_known)(void *context, pid_t pid),
    void *context, char ret_text[HOLDER_TEXT_BYTES])
{
	struct search search = { .first = first, .last = last, .text = ret_text };
	const struct dirent *entry;
	bool known = false;
	DIR *proc;
	pid_t pid;

	ret_text[0] = '\0';
	proc = begin(&search, fd) ? opendir("/proc") : NULL;
	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (pid <= 0 || pid == getpid() || !holds(&search, pid))
			continue;
		if (is_known != NULL && is_known(context, pid))
			known = true;
		else
			add(&search, pid);
	}
	if (proc != NULL)
		closedir(proc);
	if (search.holders > 0)
		return HOLDER_SEEN;
	if (known)
		return HOLDER_KNOWN;
	tell_unseen(&search);
	return HOLDER_UNSEEN;
}
