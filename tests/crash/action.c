/*
 * action.c: an extension with an action whose effect can be undone only by who has its
 * undo record: a file with a name that start() makes up. A second one lets programs do that, and
 * has a worker which makes a file of its own, again and again.
 *
 * With CRASH_SAVE_LATE in the environment the record is saved after the effect: the mistake
 * that the crash tests must find. DIRECTORY/log has a line per end of start() and stop().
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <actionkit.h>

#define DIRECTORY_BYTES 256
#define LINE_BYTES 128
#define LABOUR_PAUSE_MS 10

struct crash_state {
	char directory[DIRECTORY_BYTES];
	char effect[PATH_MAX];		/* the undo record */
	char file[PATH_MAX];		/* must be there until stop() is over, or empty */
	int64_t wanted;			/* rounds of work(); 0: until it must end */
	int64_t rounds;
};

static const struct ak_field crash_fields[] = {
	AK_TEXT(struct crash_state, directory),
	AK_TEXT(struct crash_state, effect),
	AK_TEXT(struct crash_state, file),
	AK_INT(struct crash_state, wanted),
	AK_INT(struct crash_state, rounds),
	AK_FIELDS_END
};

static const struct ak_parameter crash_parameters[] = {
	{ .name = "duration", .label = "Duration", .type = AK_DURATION,
	  .required = true, .default_value = "60s" },
	{ .name = "directory", .label = "Directory", .type = AK_STRING, .required = true },
	{ .name = "file", .label = "File", .type = AK_FILE },
	AK_PARAMETERS_END
};

static const struct ak_parameter labour_parameters[] = {
	{ .name = "duration", .label = "Duration", .type = AK_DURATION,
	  .required = true, .default_value = "60s" },
	{ .name = "directory", .label = "Directory", .type = AK_STRING, .required = true },
	{ .name = "rounds", .label = "Rounds", .type = AK_INTEGER, .default_value = "0" },
	AK_PARAMETERS_END
};

static int
write_file(struct ak_call *call, const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd == -1)
		return ak_errno(call, "Failed to open \"%s\"", path);
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		close(fd);
		return ak_errno(call, "Failed to write \"%s\"", path);
	}
	close(fd);
	return 0;
}

static int
note(struct ak_call *call, const struct crash_state *s, const char *what)
{
	char path[PATH_MAX], line[LINE_BYTES];

	snprintf(path, sizeof(path), "%s/log", s->directory);
	snprintf(line, sizeof(line), "%s %s\n", ak_execution_id(call), what);
	return write_file(call, path, line);
}

static int
crash_prepare(struct ak_call *call, void *state)
{
	struct crash_state *s = state;

	snprintf(s->directory, sizeof(s->directory), "%s",
	    ak_config_string(call, "directory"));
	if (ak_config_has(call, "file"))
		snprintf(s->file, sizeof(s->file), "%s", ak_config_file(call, "file"));
	return 0;
}

/* Makes the undo record: a name that nobody else knows. */
static void
name_effect(struct ak_call *call, struct crash_state *s)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	snprintf(s->effect, sizeof(s->effect), "%s/effect-%s-%" PRId64 ".%09ld",
	    s->directory, ak_execution_id(call), (int64_t)now.tv_sec, now.tv_nsec);
}

static int
crash_start(struct ak_call *call, void *state)
{
	struct crash_state *s = state;
	bool late = getenv("CRASH_SAVE_LATE") != NULL;

	name_effect(call, s);
	if (!late && ak_save(call) == -1)
		return -1;
	if (write_file(call, s->effect, "effect\n") == -1)
		return -1;
	if (late && ak_save(call) == -1)
		return -1;
	return note(call, s, "start");
}

static int
crash_status(struct ak_call *call, void *state)
{
	struct crash_state *s = state;

	if (access(s->effect, F_OK) == -1)
		return ak_errno(call, "The effect \"%s\" is gone", s->effect);
	return 0;
}

static int
crash_stop(struct ak_call *call, void *state)
{
	struct crash_state *s = state;

	/* Of what nobody has prepared there is nothing to undo, and no log. */
	if (s->directory[0] == '\0')
		return 0;
	if (s->file[0] != '\0' && access(s->file, R_OK) == -1)
		return ak_errno(call, "The file \"%s\" is gone", s->file);
	if (s->effect[0] != '\0' && unlink(s->effect) == -1 && errno != ENOENT)
		return ak_errno(call, "Failed to remove \"%s\"", s->effect);
	return note(call, s, "stop");
}

static const struct ak_action action_crash = {
	.id = "org.actionkit.test.crash",
	.label = "Crash",
	.version = "1.0.0",
	.description = "Makes a file, and removes it at the end.",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.call_interval = "1s",
	.parameters = crash_parameters,
	.state = AK_STATE(struct crash_state, crash_fields),
	.prepare = crash_prepare,
	.start = crash_start,
	.status = crash_status,
	.stop = crash_stop,
};

static int
run(struct ak_call *call, const char *program, const char *option, const char *path)
{
	const char *const argv[] = { program, option, path, NULL };

	return ak_exec(call, &(struct ak_exec){ .argv = argv }, NULL);
}

static int
labour_prepare(struct ak_call *call, void *state)
{
	struct crash_state *s = state;

	snprintf(s->directory, sizeof(s->directory), "%s",
	    ak_config_string(call, "directory"));
	s->wanted = ak_config_integer(call, "rounds");
	return 0;
}

static int
labour_start(struct ak_call *call, void *state)
{
	struct crash_state *s = state;

	name_effect(call, s);
	if (ak_save(call) == -1 || run(call, "touch", "--", s->effect) == -1)
		return -1;
	return note(call, s, "start");
}

/* What a worker makes that lives when stop() runs is there again after it. */
static void
name_work(struct ak_call *call, const struct crash_state *s, char ret_path[PATH_MAX])
{
	snprintf(ret_path, PATH_MAX, "%s/effect-%s-work", s->directory, ak_execution_id(call));
}

static int
labour_work(struct ak_call *call, void *state)
{
	struct crash_state *s = state;
	char path[PATH_MAX];

	name_work(call, s, path);
	while (ak_work_wait(call, LABOUR_PAUSE_MS) == 0) {
		if (run(call, "touch", "--", path) == -1)
			return -1;
		ak_metric(call, "round", (double)s->rounds++, NULL);
		(void)ak_progress(call);
		if (s->rounds == s->wanted)
			break;
	}
	return 0;
}

static int
labour_stop(struct ak_call *call, void *state)
{
	const struct crash_state *s = state;
	char path[PATH_MAX];

	if (s->directory[0] == '\0')
		return 0;
	name_work(call, s, path);
	if (run(call, "rm", "-f", path) == -1 ||
	    (s->effect[0] != '\0' && run(call, "rm", "-f", s->effect) == -1))
		return -1;
	return note(call, s, "stop");
}

static const struct ak_action action_labour = {
	.id = "org.actionkit.test.crash-labour",
	.label = "Crash with a worker",
	.version = "1.0.0",
	.description = "Makes files, and removes them at the end.",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.call_interval = "1s",
	.parameters = labour_parameters,
	.state = AK_STATE(struct crash_state, crash_fields),
	.prepare = labour_prepare,
	.start = labour_start,
	.work = labour_work,
	.stop = labour_stop,
};

int
main(int argc, char **argv)
{
	ak_register(&action_crash);
	ak_register(&action_labour);
	return ak_main(argc, argv);
}
