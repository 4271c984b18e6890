/*
 * fill_disk.c: fills a file system with one file, and removes it at the end. Its state keeps in
 * which directory that is, and of which file system; the name of the file follows from the
 * execution.
 */
#define _GNU_SOURCE		/* fallocate() */
#include <actionkit.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "actions/directory.h"
#include "actions/this_host.h"

#define FILL_MIB (INT64_C(1024) * 1024)
#define FILL_PIECE_BYTES (1024 * FILL_MIB)	/* of space that is taken at once */
#define FILL_PIECE_MIN_BYTES 4096
#define FILL_CHUNK_BYTES 65536
#define FILL_MODE_BYTES 16
#define FILL_PERCENT 100
#define FILL_TELL_MS 1000

struct fill_state {
	DIRECTORY_MEMBERS;		/* where its file is */
	char mode[FILL_MODE_BYTES];
	int64_t size;
	bool over_time;
	int64_t block_bytes;
	bool made;			/* the file may be there */
	int64_t goal_bytes;		/* what it is to have */
};

static const struct ak_field fill_fields[] = {
	DIRECTORY_FIELDS(struct fill_state),
	AK_TEXT(struct fill_state, mode),
	AK_INT(struct fill_state, size),
	AK_BOOL(struct fill_state, over_time),
	AK_INT(struct fill_state, block_bytes),
	AK_BOOL(struct fill_state, made),
	AK_INT(struct fill_state, goal_bytes),
	AK_FIELDS_END
};

#define FILL_PERCENTAGE "PERCENTAGE"
#define FILL_MB_TO_FILL "MB_TO_FILL"
#define FILL_MB_LEFT "MB_LEFT"

static const struct ak_option fill_modes[] = {
	{ "Percentage of the file system", FILL_PERCENTAGE },
	{ "Megabytes to fill", FILL_MB_TO_FILL },
	{ "Megabytes to leave free", FILL_MB_LEFT },
	AK_OPTIONS_END
};

#define FILL_AT_ONCE "AT_ONCE"
#define FILL_OVER_TIME "OVER_TIME"

static const struct ak_option fill_methods[] = {
	{ "At once", FILL_AT_ONCE },
	{ "Over time", FILL_OVER_TIME },
	AK_OPTIONS_END
};

static const struct ak_parameter fill_parameters[] = {
	{
		.name = "duration",
		.label = "Duration",
		.description = "How long the file system stays filled.",
		.type = AK_DURATION,
		.required = true,
		.default_value = "30s",
		.min = AK_LIMIT(1000),
	},
	{
		.name = "mode",
		.label = "Mode",
		.type = AK_STRING,
		.required = true,
		.default_value = FILL_MB_TO_FILL,
		.options = fill_modes,
	},
	{
		.name = "size",
		.label = "Size",
		.description = "Percent or MB, as the mode says. Percent as df shows them.",
		.type = AK_INTEGER,
		.required = true,
		.default_value = "500",
		.min = AK_LIMIT(0),
		.max = AK_LIMIT(INT64_MAX / FILL_MIB),
	},
	{
		.name = "path",
		.label = "Directory",
		.description = "Where the file is made that fills its file system.",
		.type = AK_STRING,
		.required = true,
		.default_value = "/tmp",
		.max_length = DIRECTORY_PATH_BYTES - 1,
	},
	{
		.name = "method",
		.label = "Method",
		.description = "Take the space at once, or write block after block.",
		.type = AK_STRING,
		.default_value = FILL_AT_ONCE,
		.options = fill_methods,
		.advanced = true,
	},
	{
		.name = "blocksize",
		.label = "Block in MB",
		.description = "How much is written at a time, over time.",
		.type = AK_INTEGER,
		.default_value = "5",
		.min = AK_LIMIT(1),
		.max = AK_LIMIT(1024),
		.advanced = true,
	},
	AK_PARAMETERS_END
};

static const struct ak_need fill_needs[] = {
	{ .kind = AK_NEED_CAPABILITY, .name = "CAP_DAC_OVERRIDE",
	  .what_for = "directories of other users", .optional = true },
	{ .kind = AK_NEED_CAPABILITY, .name = "CAP_SYS_RESOURCE",
	  .what_for = "the space that is root's", .optional = true },
	AK_NEEDS_END
};

static void
fill_name(const struct ak_call *call, char name[DIRECTORY_NAME_BYTES])
{
	(void)snprintf(name, DIRECTORY_NAME_BYTES, ".ak-fill-%s", ak_execution_id(call));
}

static int64_t
fill_mib(int64_t bytes)
{
	return bytes / FILL_MIB;
}

static int
fill_prepare(struct ak_call *call, void *state)
{
	struct fill_state *s = state;
	struct statfs fs;

	if (this_host_check(call) == -1)
		return -1;
	(void)snprintf(s->mode, sizeof(s->mode), "%s", ak_config_string(call, "mode"));
	s->size = ak_config_integer(call, "size");
	s->block_bytes = ak_config_integer(call, "blocksize") * FILL_MIB;
	s->over_time = strcmp(ak_config_string(call, "method"), FILL_OVER_TIME) == 0;
	if (strcmp(s->mode, FILL_PERCENTAGE) == 0 && s->size > FILL_PERCENT)
		return ak_error(call, "%" PRId64 " percent is more than there is", s->size);
	if (directory_find(call, ak_config_string(call, "path"), s->path, &fs) == -1)
		return -1;
	s->filesystem = directory_filesystem(&fs);
	s->type = fs.f_type;
	s->blocks = (int64_t)fs.f_blocks;
	if (fs.f_type == TMPFS_MAGIC)
		ak_message(call, AK_WARN, "The file system of %s is memory", s->path);
	/* Two that fill one file system to a percentage would both count the other's file. */
	return ak_claim(call, "filesystem:%" PRIx64, s->filesystem);
}

/* How large the file has to be. */
static int64_t
fill_goal(struct ak_call *call, const struct fill_state *s, const struct statfs *fs)
{
	int64_t block = fs->f_frsize > 0 ? fs->f_frsize : fs->f_bsize;
	int64_t used = ((int64_t)fs->f_blocks - (int64_t)fs->f_bfree) * block;
	int64_t available = (int64_t)fs->f_bavail * block;
	int64_t most = available - ak_reserved_space(call, s->path), goal;

	if (strcmp(s->mode, FILL_PERCENTAGE) == 0)
		goal = (used + available) / FILL_PERCENT * s->size - used;
	else if (strcmp(s->mode, FILL_MB_LEFT) == 0)
		goal = available - s->size * FILL_MIB;
	else
		goal = s->size * FILL_MIB;
	if (goal > most && most < available) {
		ak_message(call, AK_WARN, "%" PRId64 " MB stay free in %s: the server needs them "
		    "for what it has to record", fill_mib(available - most), s->path);
		goal = most;
	}
	return goal < 0 ? 0 : goal > available ? available : goal;
}

/* Takes space until the file is so large, or nothing is left. Returns 0, or -1 and errno. */
static int
fill_take(int file, int64_t goal)
{
	int64_t at = 0, piece = FILL_PIECE_BYTES;

	while (at < goal) {
		if (piece > goal - at)
			piece = goal - at;
		if (fallocate(file, 0, at, piece) == 0) {
			at += piece;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != ENOSPC)
			return -1;
		if (piece <= FILL_PIECE_MIN_BYTES)
			return 0;
		piece /= 2;
	}
	return 0;
}

/* Full, or over a quota: as much as was asked for cannot be had, and that is no fault. */
static bool
fill_is_full(struct ak_call *call, int fault)
{
	if (fault == EDQUOT)
		ak_message(call, AK_WARN, "The quota is used up");
	return fault == ENOSPC || fault == EDQUOT;
}

static int
fill_make(struct ak_call *call, struct fill_state *s, int directory, const struct statfs *fs)
{
	char name[DIRECTORY_NAME_BYTES];
	int file, result = 0;

	s->goal_bytes = fill_goal(call, s, fs);
	if (s->goal_bytes == 0) {
		ak_message(call, AK_INFO, "%s is as full as asked for already", s->path);
		return 0;
	}
	fill_name(call, name);
	s->made = true;
	if (ak_save(call) == -1)
		return -1;
	file = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file == -1)
		return ak_errno(call, "Failed to make %s/%s", s->path, name);
	if (!s->over_time && fill_take(file, s->goal_bytes) == -1) {
		/* Where space cannot be taken, it is written, in work(). */
		if (errno == EOPNOTSUPP)
			s->over_time = true;
		else if (!fill_is_full(call, errno))
			result = ak_errno(call, "Failed to fill %s", s->path);
	}
	(void)close(file);
	if (result == 0)
		ak_message(call, AK_INFO, s->over_time ? "Filling %s with %" PRId64 " MB" :
		    "Filled %s with %" PRId64 " MB", s->path, fill_mib(s->goal_bytes));
	return result;
}

/* A state that did not come from prepare() is checked once more. */
static int
fill_start(struct ak_call *call, void *state)
{
	struct fill_state *s = state;
	struct statfs fs;
	int directory, result;

	if (s->path[0] != '/' || s->size < 0 || s->size > INT64_MAX / FILL_MIB ||
	    s->block_bytes < FILL_MIB)
		return ak_error(call, "This execution was not prepared");
	directory = directory_open(call, s->path, &fs);
	if (directory == -1)
		return -1;
	result = directory_check(call, s->path, &fs);
	if (result == 0)
		result = ak_claim(call, "filesystem:%" PRIx64, directory_filesystem(&fs));
	if (result == 0)
		result = fill_make(call, s, directory, &fs);
	(void)close(directory);
	return result;
}

/* Data that no file system can make smaller. */
static ssize_t
fill_write(int file, int64_t left)
{
	static unsigned char chunk[FILL_CHUNK_BYTES];

	if (getrandom(chunk, sizeof(chunk), 0) == -1)
		return -1;
	return write(file, chunk, left < (int64_t)sizeof(chunk) ? (size_t)left : sizeof(chunk));
}

/* Block after block. Returns 0, or -1 with the call's error. */
static int
fill_over_time(struct ak_call *call, const struct fill_state *s, int file)
{
	int64_t written = 0, block = 0;
	ssize_t length;

	while (written < s->goal_bytes) {
		if (block <= 0) {
			if (ak_work_wait(call, 0) == 1)
				return 0;
			block = s->block_bytes;
		}
		length = fill_write(file, s->goal_bytes - written);
		if (length == -1 && errno == EINTR)
			continue;
		if (length == -1)
			return fill_is_full(call, errno) ? 0 :
			    ak_errno(call, "Failed to fill %s", s->path);
		written += length;
		block -= length;
	}
	return 0;
}

/* As df shows it. */
static void
fill_tell(struct ak_call *call, const struct fill_state *s)
{
	const struct ak_label labels[] = { { "path", s->path }, AK_LABELS_END };
	struct statfs fs;
	int64_t used, all;

	if (statfs(s->path, &fs) == -1)
		return;
	used = (int64_t)fs.f_blocks - (int64_t)fs.f_bfree;
	all = used + (int64_t)fs.f_bavail;
	if (all > 0)
		ak_metric(call, "disk_used", (double)used * FILL_PERCENT / (double)all, labels);
}

static int
fill_work(struct ak_call *call, void *state)
{
	const struct fill_state *s = state;
	char name[DIRECTORY_NAME_BYTES];
	struct statfs fs;
	int directory, file, result;

	if (s->made && s->over_time) {
		fill_name(call, name);
		directory = directory_open(call, s->path, &fs);
		if (directory == -1)
			return -1;
		file = openat(directory, name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
		(void)close(directory);
		if (file == -1)
			return ak_errno(call, "Failed to open %s/%s", s->path, name);
		result = fill_over_time(call, s, file);
		(void)close(file);
		if (result == -1)
			return -1;
	}
	do
		fill_tell(call, s);
	while (ak_work_wait(call, FILL_TELL_MS) == 0);
	return 0;
}

static int
fill_status(struct ak_call *call, void *state)
{
	const struct fill_state *s = state;
	char name[DIRECTORY_NAME_BYTES], path[DIRECTORY_PATH_BYTES + DIRECTORY_NAME_BYTES];

	fill_name(call, name);
	(void)snprintf(path, sizeof(path), "%s/%s", s->path, name);
	if (s->made && access(path, F_OK) == -1 && errno == ENOENT)
		ak_message(call, AK_WARN, "Somebody has removed %s: its space is free again", path);
	return 0;
}

static int
fill_stop(struct ak_call *call, void *state)
{
	const struct fill_state *s = state;
	char name[DIRECTORY_NAME_BYTES];

	if (!s->made) {
		ak_message(call, AK_INFO, "Nothing to remove: nothing was filled");
		return 0;
	}
	fill_name(call, name);
	return directory_remove(call, &DIRECTORY_OF(s), name);
}

const struct ak_action action_fill_disk = {
	.id = "org.actionkit.fill-disk",
	.label = "Fill disk",
	.version = "1.0.0",
	.description = "Fills a file system with one file, and removes it at the end.",
	.technology = THIS_HOST_TECHNOLOGY,
	.category = "Resource",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.parameters = fill_parameters,
	.target_selection = &this_host_targets,
	.state = AK_STATE(struct fill_state, fill_fields),
	.call_interval = "5s",
	.needs = fill_needs,
	.prepare = fill_prepare,
	.start = fill_start,
	.work = fill_work,
	.status = fill_status,
	.stop = fill_stop,
};
