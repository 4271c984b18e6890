/*
 * processes.c: what /proc says of processes. Persists nothing.
 */
#include "actions/processes.h"

#include <actionkit.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROC_PATH_BYTES 64
#define PROC_TEXT_BYTES 1024
/* PF_KTHREAD of the kernel. */
#define FLAG_KERNEL_THREAD 0x00200000UL

int
process_read(int64_t pid, struct process *ret_process)
{
	char path[PROC_PATH_BYTES], text[PROC_TEXT_BYTES];
	struct process process = { .pid = pid };
	unsigned long flags;
	const char *rest;
	FILE *file;
	size_t length;

	(void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/stat", pid);
	file = fopen(path, "re");
	if (file == NULL) {
		if (errno == ENOENT)
			errno = ESRCH;
		return -1;
	}
	length = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[length] = '\0';
	/* The name before it may hold spaces and parentheses. Fields 3, 4, 9 and 22 of proc(5). */
	rest = strrchr(text, ')');
	if (rest == NULL || sscanf(rest + 1, " %c %" SCNd64 " %*d %*d %*d %*d %lu %*s %*s %*s %*s "
	    "%*s %*s %*s %*s %*s %*s %*s %*s %" SCNd64, &process.state, &process.parent, &flags,
	    &process.start_time) != 4) {
		errno = ESRCH;
		return -1;
	}
	process.is_kernel_thread = (flags & FLAG_KERNEL_THREAD) != 0;
	*ret_process = process;
	return 0;
}

static bool
is_named(const char *text, const char *name, bool is_part)
{
	return is_part ? strstr(text, name) != NULL : strcmp(text, name) == 0;
}

bool
processes_has_name(int64_t pid, const char *name, bool is_part)
{
	static const char deleted[] = " (deleted)";
	char path[PROC_PATH_BYTES], text[PATH_MAX];
	const char *base;
	ssize_t length;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		length = read(fd, text, sizeof(text) - 1);
		(void)close(fd);
		if (length > 0) {
			text[length - 1] = '\0'; /* the line feed */
			if (is_named(text, name, is_part))
				return true;
		}
	}
	/* The kernel cuts comm to 15 bytes; the link keeps the whole name. */
	(void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/exe", pid);
	length = readlink(path, text, sizeof(text) - 1);
	if (length == -1)
		return false;
	if ((size_t)length >= sizeof(deleted) && memcmp(text + length -
	    (ssize_t)(sizeof(deleted) - 1), deleted, sizeof(deleted) - 1) == 0)
		length -= (ssize_t)(sizeof(deleted) - 1);
	text[length] = '\0';
	base = strrchr(text, '/');
	return is_named(base == NULL ? text : base + 1, name, is_part);
}

int
processes_find(const char *name, bool is_part,
    bool (*see)(void *context, const struct process *process), void *context)
{
	const struct dirent *entry;
	struct process process;
	DIR *proc = opendir("/proc");
	bool goes_on = true;

	if (proc == NULL)
		return -1;
	while (goes_on && (entry = readdir(proc)) != NULL) {
		/* First the identity: what follows is then known to be of this process. */
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    process_read(strtoll(entry->d_name, NULL, 10), &process) == -1 ||
		    process.is_kernel_thread || !processes_has_name(process.pid, name, is_part) ||
		    (ak_process_signal(process.pid, process.start_time, 0) == -1 &&
		    errno == ESRCH))
			continue;
		goes_on = see(context, &process);
	}
	(void)closedir(proc);
	return 0;
}
