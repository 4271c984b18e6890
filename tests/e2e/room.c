/*
 * room.c: org.actionkit.test.room and .room-work, which put a file into the directory of their
 * execution, and ask for stops.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/extension.h"

#define ID_BYTES 40
#define WORD_BYTES 16
#define IDS_MAX 4

struct room_state {
	char where[WORD_BYTES];
	char path[PATH_MAX];
	AK_TEXT_LIST(IDS_MAX, ID_BYTES) stop_ids;
};

static const struct ak_field room_fields[] = {
	AK_TEXT(struct room_state, where),
	AK_TEXT(struct room_state, path),
	AK_LIST(struct room_state, stop_ids),
	AK_FIELDS_END
};

static const struct ak_parameter room_parameters[] = {
	{ .name = "duration", .label = "Duration", .type = AK_DURATION, .required = true,
	  .default_value = "60s" },
	{ .name = "where", .label = "Where", .type = AK_STRING, .default_value = "start" },
	{ .name = "stopIds", .label = "To be stopped", .type = AK_STRING_ARRAY },
	AK_PARAMETERS_END
};

/* Makes the file where this is asked for: in "prepare", "start" or "work". */
static int
put(struct ak_call *call, struct room_state *s, const char *where)
{
	const char *directory;
	int fd;

	if (strncmp(s->where, where, strlen(where)) != 0)
		return 0;
	directory = ak_directory(call);
	if (directory == NULL || ak_format(call, s->path, sizeof(s->path), "%s/%s", directory,
	    where) == -1)
		return -1;
	fd = open(s->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1)
		return ak_errno(call, "Failed to make %s", s->path);
	(void)close(fd);
	/* In prepare it is saved with its success. */
	return ak_save(call);
}

static void
tell(struct ak_call *call, const char *word, int result)
{
	ak_message(call, AK_INFO, "%s: %s", word, result == 0 ? "asked" : strerror(errno));
}

static void
ask(struct ak_call *call, const struct room_state *s)
{
	int64_t i;

	for (i = 0; i < s->stop_ids.count; i++) {
		const char *id = s->stop_ids.item[i];

		if (strcmp(id, "all") == 0)
			tell(call, id, ak_stop_all(call, "all at once"));
		else if (strcmp(id, "silent") == 0)
			tell(call, id, ak_stop(call, ak_execution_id(call), ""));
		else
			tell(call, id, ak_stop(call, strcmp(id, "own") == 0 ?
			    ak_execution_id(call) : id, "enough of it"));
	}
}

static int
room_prepare(struct ak_call *call, void *state)
{
	struct room_state *s = state;

	if (ak_config_keep(call, "where", "stopIds", NULL) == -1 || put(call, s, "prepare") == -1)
		return -1;
	return strcmp(s->where, "prepare-fail") == 0 ? ak_error(call, "asked to fail") : 0;
}

static int
room_start(struct ak_call *call, void *state)
{
	struct room_state *s = state;

	if (put(call, s, "start") == -1)
		return -1;
	if (strcmp(s->where, "start-die") == 0)
		_exit(1);
	ask(call, s);
	return strcmp(s->where, "start-fail") == 0 ? ak_error(call, "asked to fail") : 0;
}

static int
room_work(struct ak_call *call, void *state)
{
	struct room_state *s = state;

	if (put(call, s, "work") == -1)
		return -1;
	ask(call, s);
	while (ak_work_wait(call, 60000) == 0)
		;
	return 0;
}

/* Says what is there: it must be, until stop() is over. */
static int
room_look(struct ak_call *call, void *state)
{
	const struct room_state *s = state;
	const char *directory = ak_directory(call);

	if (directory == NULL)
		return -1;
	ak_message(call, AK_INFO, "%s %s", access(directory, F_OK) == 0 ? "there:" : "missing:",
	    directory);
	if (s->path[0] != '\0')
		ak_message(call, AK_INFO, "file %s", access(s->path, F_OK) == 0 ? "there" :
		    "missing");
	return 0;
}

static const char *
or_null(const char *argument)
{
	return strcmp(argument, "-") == 0 ? NULL : argument;
}

int
room_stop_in(char *const arguments[])
{
	return ak_stop_in(arguments[0], or_null(arguments[1]), or_null(arguments[2])) == 0 ? 0 :
	    errno;
}

const struct ak_action action_room = {
	.id = "org.actionkit.test.room",
	.label = "Room",
	.version = "1",
	.description = "Has a directory of its own, and asks for stops.",
	.kind = AK_OTHER,
	.time_control = AK_EXTERNAL,
	.parameters = room_parameters,
	.state = AK_STATE(struct room_state, room_fields),
	.prepare = room_prepare,
	.start = room_start,
	.status = room_look,
	.stop = room_look,
};

const struct ak_action action_room_work = {
	.id = "org.actionkit.test.room-work",
	.label = "Room of a worker",
	.version = "1",
	.description = "The same in work().",
	.kind = AK_OTHER,
	.time_control = AK_EXTERNAL,
	.parameters = room_parameters,
	.state = AK_STATE(struct room_state, room_fields),
	.prepare = room_prepare,
	.work = room_work,
	.stop = room_look,
};
