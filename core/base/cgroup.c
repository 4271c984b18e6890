/*
 * cgroup.c: cgroups below our own. What it makes in the file system of the kernel ends with the
 * machine.
 */
#include "config.h"

#include "core/base/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/number_file.h"

#define CGROUP_LINE_BYTES (2 * CGROUP_PATH_BYTES)
#define CGROUP_MODE 0755

/* Where version 2 is mounted. */
static bool
find_mount(char ret_path[CGROUP_PATH_BYTES])
{
	char line[CGROUP_LINE_BYTES], *type;
	FILE *file = fopen("/proc/self/mountinfo", "re");
	bool found = false;

	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
		type = strstr(line, " - ");
		found = type != NULL && strncmp(type, " - cgroup2 ", strlen(" - cgroup2 ")) == 0 &&
		    sscanf(line, "%*s %*s %*s %*s %1023s", ret_path) == 1;
	}
	if (file != NULL)
		(void)fclose(file);
	return found;
}

bool
cgroup_own(char ret_path[CGROUP_PATH_BYTES])
{
	char line[CGROUP_LINE_BYTES], mount[CGROUP_PATH_BYTES];
	bool found = false;
	FILE *file;
	int length;

	if (!find_mount(mount))
		return false;
	file = fopen("/proc/self/cgroup", "re");
	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::", 3) != 0)
			continue;
		length = snprintf(ret_path, CGROUP_PATH_BYTES, "%s%s", mount, line + 3);
		found = length > 0 && length < CGROUP_PATH_BYTES;
	}
	if (file != NULL)
		(void)fclose(file);
	return found;
}

/* systemd's mark; the second is for those who may not read the first. */
static bool
is_delegated(const char *path)
{
	char value = '\0';

	return (getxattr(path, "trusted.delegate", &value, sizeof(value)) == 1 ||
	    getxattr(path, "user.delegate", &value, sizeof(value)) == 1) && value == '1' &&
	    access(path, W_OK) == 0;
}

void
cgroup_below(const char *name, char ret_path[CGROUP_PATH_BYTES])
{
	char own[CGROUP_PATH_BYTES];
	int length;

	ret_path[0] = '\0';
	if (!cgroup_own(own) || !is_delegated(own))
		return;
	length = snprintf(ret_path, CGROUP_PATH_BYTES, "%s/%s", own, name);
	if (length < 0 || length >= CGROUP_PATH_BYTES)
		ret_path[0] = '\0';
}

bool
cgroup_make(const char *path)
{
	return path[0] == '\0' || mkdir(path, CGROUP_MODE) == 0 || errno == EEXIST;
}

static bool
write_one(const char *path, const char *name, const char *text)
{
	char file[CGROUP_LINE_BYTES];
	bool written;
	int fd, saved;

	snprintf(file, sizeof(file), "%s/%s", path, name);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	written = write(fd, text, strlen(text)) != -1;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return written;
}

bool
cgroup_enter(const char *path)
{
	return path[0] == '\0' || write_one(path, "cgroup.procs", "0");
}

void
cgroup_kill(const char *path)
{
	/* One that is gone has nothing in it; before Linux 5.14 there is no such file. */
	if (path[0] != '\0' && !write_one(path, "cgroup.kill", "1") && errno != ENOENT)
		log_warn("%s/cgroup.kill: %s", path, strerror(errno));
}

bool
cgroup_has_any(const char *path)
{
	char file[CGROUP_LINE_BYTES];

	if (path[0] == '\0')
		return false;
	snprintf(file, sizeof(file), "%s/cgroup.events", path);
	return number_file_read(file, "populated ") == 1;
}

void
cgroup_remove(const char *path)
{
	if (path[0] != '\0' && rmdir(path) == -1 && errno != ENOENT)
		log_warn("%s: %s", path, strerror(errno));
}
