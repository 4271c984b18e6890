/*
 * faulty.c: an extension whose actions have each the mistake that its name says; `prove` must find
 * it, and nothing in the one without.
 *
 * All make a file that has the id of the execution in it, in a directory: what is left is found
 * there.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <actionkit.h>

#define DIRECTORY_BYTES 256
#define SHORT_BYTES 32
#define SLOW_MS 300

struct faulty_state {
	char directory[DIRECTORY_BYTES];
	char path[PATH_MAX];		/* of the file; only start() knows its name */
	char cut[SHORT_BYTES];		/* the same, where there is too little room */
};

static const struct ak_field faulty_fields[] = {
	AK_TEXT(struct faulty_state, directory),
	AK_TEXT(struct faulty_state, path),
	AK_TEXT(struct faulty_state, cut),
	AK_FIELDS_END
};

static const struct ak_parameter faulty_parameters[] = {
	{ .name = "duration", .label = "Duration", .type = AK_DURATION,
	  .required = true, .default_value = "60s" },
	{ .name = "directory", .label = "Directory", .type = AK_STRING, .required = true },
	AK_PARAMETERS_END
};

static int
faulty_prepare(struct ak_call *call, void *state)
{
	struct faulty_state *s = state;

	snprintf(s->directory, sizeof(s->directory), "%s",
	    ak_config_string(call, "directory"));
	return 0;
}

static void
name_file(struct faulty_state *s)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	snprintf(s->path, sizeof(s->path), "%s/%" PRId64 ".%09ld", s->directory,
	    (int64_t)now.tv_sec, now.tv_nsec);
}

static int
make_file(struct ak_call *call, const char *path)
{
	const char *id = ak_execution_id(call);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd == -1)
		return ak_errno(call, "Failed to make %s", path);
	if (write(fd, id, strlen(id)) == -1) {
		(void)close(fd);
		return ak_errno(call, "Failed to write %s", path);
	}
	(void)close(fd);
	return 0;
}

static int
remove_file(struct ak_call *call, const char *path)
{
	if (*path != '\0' && unlink(path) == -1 && errno != ENOENT)
		return ak_errno(call, "Failed to remove %s", path);
	return 0;
}

/* Without a mistake. */
static int
sound_start(struct ak_call *call, void *state)
{
	struct faulty_state *s = state;

	name_file(s);
	return ak_save(call) == -1 ? -1 : make_file(call, s->path);
}

static int
sound_stop(struct ak_call *call, void *state)
{
	struct faulty_state *s = state;

	return remove_file(call, s->path);
}

/* Killed in between, nobody knows the file. */
static int
late_start(struct ak_call *call, void *state)
{
	struct faulty_state *s = state;

	name_file(s);
	return make_file(call, s->path);
}

/* The second time there is nothing to remove, and it never ends well. */
static int
once_stop(struct ak_call *call, void *state)
{
	struct faulty_state *s = state;

	if (unlink(s->path) == -1)
		return ak_errno(call, "Failed to remove %s", s->path);
	return 0;
}

/* All have the same file: whoever is refused removes that of another. */
static int
foreign_start(struct ak_call *call, void *state)
{
	struct faulty_state *s = state;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/shared", s->directory);
	return make_file(call, path);
}

static int
foreign_stop(struct ak_call *call, void *state)
{
	struct faulty_state *s = state;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/shared", s->directory);
	return remove_file(call, path);
}

/* A child that nobody ends. */
static int
child_start(struct ak_call *call, void *state)
{
	pid_t pid = fork();

	if (pid == -1)
		return ak_errno(call, "Failed to fork");
	if (pid == 0) {
		setsid();
		pause();
		_exit(0);
	}
	return sound_start(call, state);
}

/* The name is longer than what keeps it. */
static int
small_start(struct ak_call *call, void *state)
{
	struct faulty_state *s = state;

	name_file(s);
	memcpy(s->cut, s->path, sizeof(s->cut) - 1);
	return ak_save(call) == -1 ? -1 : make_file(call, s->path);
}

static int
small_stop(struct ak_call *call, void *state)
{
	struct faulty_state *s = state;

	return remove_file(call, s->cut);
}

/* Another process, or the same one later, has other ideas of this. */
static char memory_path[PATH_MAX];

static int
memory_start(struct ak_call *call, void *state)
{
	struct faulty_state *s = state;

	name_file(s);
	memcpy(memory_path, s->path, sizeof(memory_path));
	s->path[0] = '\0';
	return make_file(call, memory_path);
}

static int
memory_stop(struct ak_call *call, void *state)
{
	(void)state;
	return remove_file(call, memory_path);
}

/* Without a mistake, but its effect comes after start() has said yes. */
static int
slow_start(struct ak_call *call, void *state)
{
	(void)call;
	name_file(state);
	return 0;
}

static int
slow_work(struct ak_call *call, void *state)
{
	struct faulty_state *s = state;

	if (ak_work_wait(call, SLOW_MS) == 0 && make_file(call, s->path) == -1)
		return -1;
	while (ak_work_wait(call, SLOW_MS) == 0)
		continue;
	return 0;
}

#define FAULTY(name_, label_, start_, work_, stop_) \
	{ \
		.id = "org.actionkit.test.faulty-" name_, \
		.label = label_, \
		.version = "1.0.0", \
		.description = "Makes a file, and removes it at the end.", \
		.kind = AK_ATTACK, \
		.time_control = AK_EXTERNAL, \
		.parameters = faulty_parameters, \
		.state = AK_STATE(struct faulty_state, faulty_fields), \
		.prepare = faulty_prepare, \
		.start = start_, \
		.work = work_, \
		.stop = stop_, \
	}

static const struct ak_action actions[] = {
	FAULTY("none", "Without a mistake", sound_start, NULL, sound_stop),
	FAULTY("slow", "Without a mistake, slowly", slow_start, slow_work, sound_stop),
	FAULTY("late", "Saves after the effect", late_start, NULL, sound_stop),
	FAULTY("once", "Stops only once", sound_start, NULL, once_stop),
	FAULTY("foreign", "Undoes what another did", foreign_start, NULL, foreign_stop),
	FAULTY("child", "Forgets a child", child_start, NULL, sound_stop),
	FAULTY("small", "Keeps too little", small_start, NULL, small_stop),
	FAULTY("memory", "Relies on its memory", memory_start, NULL, memory_stop),
};

int
main(int argc, char **argv)
{
	size_t i;

	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		ak_register(&actions[i]);
	return ak_main(argc, argv);
}
