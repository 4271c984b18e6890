/*
 * state_dir.c: the table of what is in the state directory, and its modes. It persists them.
 */
#include "config.h"

#include "fcgi/server/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/state_path.h"
#include "core/config/scoreboard.h"
#include "core/reaper/takeover.h"
#include "core/store/ballast.h"
#include "core/store/files.h"
#include "core/store/gate.h"
#include "core/store/lock.h"
#include "core/store/store.h"
#include "fcgi/server/socket.h"
#include "fcgi/server/state_dir_internal.h"

#define FAULT_BYTES 256
#define DESCRIPTOR_PATH_BYTES 32

const struct state_entry state_entries[] = {
	{ STORE_FILE, STATE_SHARED, S_IFREG },
	{ STORE_LOG_FILE, STATE_SHARED, S_IFREG },
	{ STORE_INDEX_FILE, STATE_SHARED, S_IFREG },
	{ SCOREBOARD_FILE, STATE_SHARED, S_IFREG },
	{ BALLAST_FILE, STATE_PRIVATE, S_IFREG },
	{ SOCKET_INSTANCE_FILE, STATE_PRIVATE, S_IFREG },
	{ TAKEOVER_LOCK_FILE, STATE_PRIVATE, S_IFREG },
	{ GATE_FILE, STATE_PRIVATE, S_IFREG },
	{ LOCK_FILE, STATE_PRIVATE, S_IFREG },
	{ FILES_DIR, STATE_PRIVATE, S_IFDIR },
	{ FILES_DIR "/" FILES_INCOMING_DIR, STATE_PRIVATE, S_IFDIR },
	{ .name = NULL }
};

/* What a file should be. */
struct right {
	uid_t owner;
	gid_t group;		/* (gid_t)-1: no matter which */
	mode_t mode;
	mode_t type;
	bool follow;		/* it may be a symbolic link to another place */
};

static struct right
right_of_directory(const struct server_options *options, const struct stat *st)
{
	bool grouped = *options->state_group != '\0';

	return (struct right){
		.owner = st->st_uid, .type = S_IFDIR, .follow = true,
		.group = grouped ? server_options_gid(options->state_group) : (gid_t)-1,
		.mode = grouped ? STATE_DIR_GROUP_MODE : STATE_DIR_MODE
	};
}

static struct right
right_of(const struct state_entry *entry, const struct stat *directory)
{
	mode_t mode = state_file_mode(directory, entry->access, entry->type);

	return (struct right){
		.owner = directory->st_uid, .type = entry->type, .mode = mode,
		.group = (mode & S_IRGRP) != 0 ? directory->st_gid : (gid_t)-1
	};
}

static bool
is_there(const char *path, const struct right *right, struct stat *ret_st)
{
	return (right->follow ? stat(path, ret_st) : lstat(path, ret_st)) == 0;
}

/* Whether it is as it should be; else fault says what it is. */
static bool
is_right(const struct stat *st, const struct right *right, char fault[FAULT_BYTES])
{
	mode_t mode = st->st_mode & ALLPERMS;

	if ((st->st_mode & S_IFMT) != right->type)
		snprintf(fault, FAULT_BYTES, "is not a %s",
		    right->type == S_IFDIR ? "directory" : "regular file");
	else if (st->st_uid != right->owner)
		snprintf(fault, FAULT_BYTES, "belongs to user %u, it should belong to user %u, "
		    "as the directory does", (unsigned int)st->st_uid,
		    (unsigned int)right->owner);
	else if (right->group != (gid_t)-1 && st->st_gid != right->group)
		snprintf(fault, FAULT_BYTES, "has group %u, it should have group %u",
		    (unsigned int)st->st_gid, (unsigned int)right->group);
	else if (mode != right->mode)
		snprintf(fault, FAULT_BYTES, "has mode %04o, it should have %04o",
		    (unsigned int)mode, (unsigned int)right->mode);
	else
		return true;
	return false;
}

/*
 * By a descriptor that opens nothing: to close another one would drop the locks that this process
 * has on the file. Who owns the directory may have made a hard link of somebody else's file.
 */
static int
correct(const char *path, const struct right *right)
{
	int fd = open(path, O_PATH | O_CLOEXEC | (right->follow ? 0 : O_NOFOLLOW)), result = -1;
	char opened[DESCRIPTOR_PATH_BYTES];
	struct stat st;

	if (fd == -1)
		return -1;
	snprintf(opened, sizeof(opened), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) == -1)
		goto out;
	if ((st.st_mode & S_IFMT) != right->type || st.st_uid != right->owner ||
	    (right->type == S_IFREG && st.st_nlink != 1))
		errno = EPERM;
	else if (right->group == (gid_t)-1 || st.st_gid == right->group ||
	    fchownat(fd, "", (uid_t)-1, right->group, AT_EMPTY_PATH) == 0)
		result = chmod(opened, right->mode);
out:
	close(fd);
	return result;
}

static void
settle(const char *path, const struct right *right)
{
	char fault[FAULT_BYTES];
	struct stat st;

	if (!is_there(path, right, &st) || is_right(&st, right, fault))
		return;
	if (correct(path, right) == 0)
		log_warn("%s: %s: corrected", path, fault);
	else
		log_error("%s: %s: %s; correct it by hand", path, fault, strerror(errno));
}

static void
settle_entry(const struct state_entry *entry, const char *state_dir, const struct stat *directory)
{
	struct right right = right_of(entry, directory);
	char path[STATE_PATH_BYTES];

	state_path(state_dir, entry->name, path);
	settle(path, &right);
}

/* What says whether another server is there: it must be opened before anything is changed. */
static void
settle_instance(const char *state_dir)
{
	const struct state_entry *entry;
	struct stat directory;

	if (stat(state_dir, &directory) == -1)
		return;
	for (entry = state_entries; entry->name != NULL; entry++)
		if (strcmp(entry->name, SOCKET_INSTANCE_FILE) == 0)
			settle_entry(entry, state_dir, &directory);
}

int
state_dir_trust(const char *state_dir, struct err *err)
{
	const struct state_entry *entry;
	char path[STATE_PATH_BYTES];
	struct stat st;

	if (stat(state_dir, &st) == -1)
		return err_sys(err, ERR_USAGE, "state-dir %s", state_dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_USAGE, "state-dir %s: is not a directory", state_dir);
	if (st.st_uid != geteuid())
		return err_set(err, ERR_USAGE, "state-dir %s: belongs to user %u, and this is "
		    "user %u: whoever owns it can have stop() run with a state of their own",
		    state_dir, (unsigned int)st.st_uid, (unsigned int)geteuid());
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(err, ERR_USAGE, "state-dir %s: has mode %04o, so others may have "
		    "changed what is in it: look at it, then chmod go-w", state_dir,
		    (unsigned int)(st.st_mode & ALLPERMS));
	for (entry = state_entries; entry->name != NULL; entry++) {
		state_path(state_dir, entry->name, path);
		if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
			return err_set(err, ERR_USAGE, "%s: is a symbolic link: move what it "
			    "leads to to its place", path);
	}
	return 0;
}

int
state_dir_make(const struct server_options *options, struct err *err)
{
	const char *path = options->core.state_dir;

	if (mkdir(path, STATE_DIR_MODE) == 0) {
		/* Whatever the umask is. */
		if (chmod(path, STATE_DIR_MODE) == 0)
			return 0;
	} else if (errno == EEXIST) {
		if (state_dir_trust(path, err) == -1)
			return -1;
		settle_instance(path);
		return 0;
	}
	return err_sys(err, ERR_USAGE, "state-dir %s", path);
}

int
state_dir_settle(const struct server_options *options, struct err *err)
{
	const char *state_dir = options->core.state_dir;
	const struct state_entry *entry;
	struct stat directory;
	struct right right;

	if (stat(state_dir, &directory) == -1)
		return err_sys(err, ERR_USAGE, "state-dir %s", state_dir);
	right = right_of_directory(options, &directory);
	if (right.group != (gid_t)-1 && directory.st_gid != right.group &&
	    chown(state_dir, (uid_t)-1, right.group) == -1)
		return server_options_not_given("state-group", options->state_group, state_dir,
		    err);
	settle(state_dir, &right);
	if (stat(state_dir, &directory) == -1)
		return err_sys(err, ERR_USAGE, "state-dir %s", state_dir);
	for (entry = state_entries; entry->name != NULL; entry++)
		settle_entry(entry, state_dir, &directory);
	return 0;
}

static size_t
look_at(const char *path, const struct right *right, state_dir_report *report, void *context)
{
	char fault[FAULT_BYTES], text[STATE_PATH_BYTES + FAULT_BYTES];
	struct stat st;

	if (!is_there(path, right, &st) || is_right(&st, right, fault))
		return 0;
	snprintf(text, sizeof(text), "%s: %s", path, fault);
	report(context, text);
	return 1;
}

size_t
state_dir_look(const struct server_options *options, state_dir_report *report, void *context)
{
	const char *state_dir = options->core.state_dir;
	const struct state_entry *entry;
	char path[STATE_PATH_BYTES];
	struct stat directory;
	struct right right;
	size_t faults;

	if (stat(state_dir, &directory) == -1)
		return 0;
	right = right_of_directory(options, &directory);
	faults = look_at(state_dir, &right, report, context);
	directory.st_mode = right.type | right.mode;
	if (right.group != (gid_t)-1)
		directory.st_gid = right.group;
	for (entry = state_entries; entry->name != NULL; entry++) {
		right = right_of(entry, &directory);
		state_path(state_dir, entry->name, path);
		faults += look_at(path, &right, report, context);
	}
	return faults;
}
