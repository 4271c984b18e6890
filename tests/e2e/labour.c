/*
 * labour.c: org.actionkit.test.labour, an action with work(), which misbehaves as the tests ask
 * it to.
 *
 * start() makes `effect-<id>`; work() appends a byte to `work-<id>` in every round, counts them in
 * the state, and tells metrics; stop() removes the effect.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/e2e/extension.h"

extern char **environ;

#define TROUBLE_BYTES 16
#define FOREVER_S 3600
#define BITE_BYTES (1024 * 1024)

struct labour_state {
	char directory[DIRECTORY_BYTES];
	char trouble[TROUBLE_BYTES];
	int64_t pause_ms;
	int64_t metrics;
	int64_t trouble_round;
	int64_t rounds;
	bool verdict;
	bool meddles;
	bool progress;
};

static const struct ak_field labour_fields[] = {
	AK_TEXT(struct labour_state, directory),
	AK_TEXT(struct labour_state, trouble),
	AK_INT(struct labour_state, pause_ms),
	AK_INT(struct labour_state, metrics),
	AK_INT(struct labour_state, trouble_round),
	AK_INT(struct labour_state, rounds),
	AK_BOOL(struct labour_state, verdict),
	AK_BOOL(struct labour_state, meddles),
	AK_BOOL(struct labour_state, progress),
	AK_FIELDS_END
};

static const struct ak_parameter labour_parameters[] = {
	{ .name = "duration", .label = "Duration", .type = AK_DURATION, .required = true,
	  .default_value = "60s" },
	{ .name = "directory", .label = "Directory", .type = AK_STRING, .required = true },
	{ .name = "trouble", .label = "Trouble", .type = AK_STRING },
	{ .name = "trouble_round", .label = "In which round", .type = AK_INTEGER,
	  .default_value = "3" },
	{ .name = "pause", .label = "Pause", .type = AK_INTEGER, .default_value = "20" },
	{ .name = "metrics", .label = "Metrics per round", .type = AK_INTEGER,
	  .default_value = "1" },
	{ .name = "verdict", .label = "stop() judges", .type = AK_BOOLEAN,
	  .default_value = "false" },
	{ .name = "progress", .label = "Commits each round", .type = AK_BOOLEAN,
	  .default_value = "true" },
	{ .name = "meddles", .label = "status() changes the state", .type = AK_BOOLEAN,
	  .default_value = "false" },
	AK_PARAMETERS_END
};

static int
labour_prepare(struct ak_call *call, void *state)
{
	struct labour_state *s = state;

	snprintf(s->directory, sizeof(s->directory), "%s", ak_config_string(call, "directory"));
	snprintf(s->trouble, sizeof(s->trouble), "%s",
	    ak_config_has(call, "trouble") ? ak_config_string(call, "trouble") : "");
	s->pause_ms = ak_config_integer(call, "pause");
	s->metrics = ak_config_integer(call, "metrics");
	s->trouble_round = ak_config_integer(call, "trouble_round");
	s->verdict = ak_config_boolean(call, "verdict");
	s->meddles = ak_config_boolean(call, "meddles");
	s->progress = ak_config_boolean(call, "progress");
	return 0;
}

static int
labour_start(struct ak_call *call, void *state)
{
	const struct labour_state *s = state;
	char path[PATH_MAX];

	if (note(call, s->directory, "start", "begin", 0) == -1)
		return -1;
	if (path_make(s->directory, "effect-", ak_execution_id(call), path) == -1 ||
	    append(path, "", NULL) == -1)
		return ak_errno(call, "Failed to make the effect");
	if (strcmp(s->trouble, "start") == 0)
		return ak_error(call, "start() was told to fail");
	return note(call, s->directory, "start", "end", 0);
}

/* A child that goes on for long, whatever it is told. */
static void
leave_child(bool own_session, bool close_all)
{
	if (fork() != 0)
		return;
	signal(SIGTERM, SIG_IGN);
	if (own_session)
		setsid();
	if (close_all)
		closefrom(STDERR_FILENO + 1);
	for (;;)
		sleep(FOREVER_S);
}

/* A grandchild whose parent is gone. */
static void
leave_grandchild(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		leave_child(true, false);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* Takes memory until it is killed. */
static _Noreturn void
eat(void)
{
	for (;;) {
		char *bite = malloc(BITE_BYTES);

		if (bite == NULL)
			abort();
		memset(bite, 1, BITE_BYTES);
	}
}

/* What the config asked for: whether it is to go on. */
static bool
trouble(struct ak_call *call, const struct labour_state *s, int *ret_result)
{
	char *const argv[] = { (char *)"sleep", (char *)"600", NULL };
	const char *kind = s->trouble;
	pid_t pid;

	*ret_result = 0;
	if (s->rounds != s->trouble_round)
		return true;
	if (strcmp(kind, "return") == 0)
		return false;
	if (strcmp(kind, "fail") == 0) {
		*ret_result = ak_error(call, "work() was told to fail");
		return false;
	}
	if (strcmp(kind, "failed") == 0) {
		*ret_result = ak_failed(call, "work() found what it was told to find");
		return false;
	}
	if (strcmp(kind, "abort") == 0) {
		fprintf(stderr, "about to abort\n");
		abort();
	}
	if (strcmp(kind, "kill") == 0)
		raise(SIGKILL);
	if (strcmp(kind, "eat") == 0)
		eat();
	if (strcmp(kind, "exit") == 0)
		_exit(7);
	if (strcmp(kind, "stubborn") == 0)
		for (;;)
			sleep(FOREVER_S);
	if (strcmp(kind, "child") == 0)
		leave_child(false, false);
	if (strcmp(kind, "session") == 0)
		leave_child(true, false);
	if (strcmp(kind, "closed") == 0)
		leave_child(false, true);
	if (strcmp(kind, "escape") == 0)
		leave_child(true, true);
	if (strcmp(kind, "grandchild") == 0)
		leave_grandchild();
	if (strcmp(kind, "spawn") == 0)
		(void)posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (strcmp(kind, "child_return") == 0) {
		leave_child(true, false);
		return false;
	}
	return true;
}

static int
labour_work(struct ak_call *call, void *state)
{
	struct labour_state *s = state;
	char path[PATH_MAX], number[32];
	const struct ak_label labels[] = { { "number", number }, AK_LABELS_END };
	int64_t told = 0;
	int result = 0;

	if (note(call, s->directory, "work", "begin", s->rounds) == -1 ||
	    path_make(s->directory, "work-", ak_execution_id(call), path) == -1)
		return -1;
	ak_message(call, AK_INFO, "Working");
	while (ak_work_wait(call, s->pause_ms) == 0) {
		if (append(path, ".", NULL) == -1)
			return ak_errno(call, "Failed to work");
		for (int64_t i = 0; i < s->metrics; i++) {
			snprintf(number, sizeof(number), "%" PRId64, told++);
			ak_metric(call, "told", (double)told, labels);
		}
		s->rounds++;
		if (s->progress)
			(void)ak_progress(call);
		if (!trouble(call, s, &result))
			break;
	}
	ak_message(call, AK_INFO, "Worked");
	if (note(call, s->directory, "work", "end", s->rounds) == -1)
		return -1;
	return result;
}

static int
labour_status(struct ak_call *call, void *state)
{
	struct labour_state *s = state;
	struct ak_work_end end;

	if (s->meddles)
		s->rounds = -1;
	if (ak_work_ended(call, &end))
		ak_message(call, AK_DEBUG, "Ended: %d %d %d", (int)end.how, end.signal,
		    end.exit_status);
	return 0;
}

static int
labour_stop(struct ak_call *call, void *state)
{
	const struct labour_state *s = state;
	char path[PATH_MAX];

	if (s->directory[0] == '\0')
		return 0;
	if (note(call, s->directory, "stop", "begin", s->rounds) == -1)
		return -1;
	if (path_make(s->directory, "effect-", ak_execution_id(call), path) == -1 ||
	    (unlink(path) == -1 && errno != ENOENT))
		return ak_errno(call, "Failed to remove the effect");
	ak_message(call, AK_INFO, "Stopped");
	if (s->verdict)
		ak_verdict(call, &(struct ak_error_details){ .status = AK_FAILED },
		    "Only %" PRId64 " rounds", s->rounds);
	return note(call, s->directory, "stop", "end", s->rounds);
}

const struct ak_action action_labour = {
	.id = "org.actionkit.test.labour",
	.label = "Labour",
	.version = "1.0.0",
	.description = "Works until it is stopped.",
	.kind = AK_OTHER,
	.time_control = AK_EXTERNAL,
	.parameters = labour_parameters,
	.state = AK_STATE(struct labour_state, labour_fields),
	.state_version = 1,
	.call_interval = "1s",
	.prepare = labour_prepare,
	.start = labour_start,
	.work = labour_work,
	.status = labour_status,
	.stop = labour_stop,
};
