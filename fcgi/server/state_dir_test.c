/*
 * state_dir_test.c: whether a server could work in a state directory. It persists nothing.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/state_path.h"
#include "core/store/store.h"
#include "fcgi/server/state_dir.h"
#include "fcgi/server/state_dir_internal.h"

#define FAULT_BYTES (ERR_MESSAGE_BYTES + STATE_PATH_BYTES)
/* What a start writes: the scoreboard, and deadlines. */
#define START_BYTES (INT64_C(1024) * 1024)
#define GROUPS_MAX 256

struct test {
	const struct server_options *options;
	state_dir_report *report;
	void *context;
	size_t faults;
};

static void AK_PRINTF(2, 3)
fault(struct test *test, const char *format, ...)
{
	char text[FAULT_BYTES];
	va_list values;

	va_start(values, format);
	vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	test->faults++;
	test->report(test->context, text);
}

static bool
may(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

static bool
is_in_group(gid_t group)
{
	gid_t groups[GROUPS_MAX];
	int count = getgroups(GROUPS_MAX, groups), i;

	if (geteuid() == 0 || getegid() == group)
		return true;
	for (i = 0; i < count; i++)
		if (groups[i] == group)
			return true;
	return false;
}

static void
test_group(struct test *test, const struct stat *directory)
{
	const char *name = test->options->state_group;
	gid_t group;

	if (*name == '\0')
		return;
	group = server_options_gid(name);
	if (directory->st_gid != group && !is_in_group(group))
		fault(test, "state-group %s: this user is not in it, and cannot give it %s", name,
		    test->options->core.state_dir);
}

static void
test_lock(struct test *test, const char *path)
{
	struct flock byte = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1 || fcntl(fd, F_OFD_GETLK, &byte) == -1)
		fault(test, "%s: cannot be locked: %s", path, strerror(errno));
	if (fd != -1)
		close(fd);
}

static void
test_entry(struct test *test, const struct state_entry *entry)
{
	bool directory = entry->type == S_IFDIR;
	char path[STATE_PATH_BYTES];
	struct stat st;

	state_path(test->options->core.state_dir, entry->name, path);
	if (lstat(path, &st) == -1) {
		if (errno != ENOENT && errno != ENOTDIR)
			fault(test, "%s: %s", path, strerror(errno));
	} else if ((st.st_mode & S_IFMT) != entry->type) {
		fault(test, "%s: is not a %s: move it away", path,
		    directory ? "directory" : "regular file");
	} else if (!may(path, R_OK | W_OK | (directory ? X_OK : 0))) {
		fault(test, "%s: cannot be written: %s; it must belong to user %u, with mode "
		    "%04o", path, strerror(errno), (unsigned int)geteuid(),
		    directory ? STATE_DIR_MODE : STATE_FILE_MODE);
	} else if (!directory && entry->access == STATE_PRIVATE) {
		test_lock(test, path);
	}
}

static void
test_space(struct test *test, int64_t bytes)
{
	const char *state_dir = test->options->core.state_dir;
	struct statvfs space;
	int64_t left;

	bytes += START_BYTES;
	if (statvfs(state_dir, &space) == -1) {
		fault(test, "%s: %s", state_dir, strerror(errno));
		return;
	}
	left = (int64_t)(space.f_bavail * space.f_frsize);
	if (left < bytes)
		fault(test, "%s: the disk is full: %" PRId64 " bytes are left, a start may need "
		    "%" PRId64, state_dir, left, bytes);
}

static void
test_database(struct test *test)
{
	const char *state_dir = test->options->core.state_dir;
	int64_t bytes;
	struct err err;

	if (store_rehearse(state_dir, &bytes, &err) == -1)
		fault(test, "%s", err.msg);
	test_space(test, bytes);
}

static void
test_directory(struct test *test)
{
	const char *state_dir = test->options->core.state_dir;
	const struct state_entry *entry;
	size_t before = test->faults;
	struct stat st;
	struct err err;

	if (state_dir_trust(state_dir, &err) == -1) {
		fault(test, "%s", err.msg);
		return;
	}
	if (stat(state_dir, &st) == 0)
		test_group(test, &st);
	if (!may(state_dir, R_OK | W_OK | X_OK)) {
		fault(test, "state-dir %s: cannot be written: %s; it must belong to user %u, with "
		    "mode 0700", state_dir, strerror(errno), (unsigned int)geteuid());
		return;
	}
	for (entry = state_entries; entry->name != NULL; entry++)
		test_entry(test, entry);
	/* What may not be opened would be told twice. */
	if (test->faults == before)
		test_database(test);
}

static void
test_socket(struct test *test)
{
	const char *path = test->options->socket;
	char directory[STATE_PATH_BYTES], parent[STATE_PATH_BYTES];
	const char *needed = directory;
	struct stat st;

	state_path_parent(path, directory);
	state_path_parent(directory, parent);
	/* The directory of the default is made. */
	if (strcmp(path, SERVER_SOCKET_DEFAULT) == 0 && stat(directory, &st) == -1)
		needed = parent;
	if (!may(needed, W_OK | X_OK))
		fault(test, "socket %s: nothing can be made in %s: %s", path, needed,
		    strerror(errno));
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		fault(test, "socket %s: is there and is not a socket", path);
}

size_t
state_dir_test(const struct server_options *options, bool inherits_socket,
    state_dir_report *report, void *context)
{
	struct test test = { .options = options, .report = report, .context = context };
	struct stat st;

	/* Nothing was ever served here: an author looks at his tables, on whatever machine. */
	if (stat(options->core.state_dir, &st) == -1 && errno == ENOENT && !inherits_socket)
		return 0;
	test_directory(&test);
	if (!inherits_socket)
		test_socket(&test);
	return test.faults;
}
