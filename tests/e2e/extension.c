/*
 * extension.c: an extension as somebody else would write it, whose actions misbehave as the
 * tests ask them to.
 *
 * The config of an execution says what goes wrong, in which handler and at which point. What
 * happened can be read in the directory that the config names: `effect-<id>` is there
 * while the effect is, `stops-<id>` has a byte per call of stop(), and `log` has a line per
 * begin and end of a handler. Troubles of stop() are over for all when `healed` is there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/e2e/extension.h"

/* Itself, "stop-in" and what room_stop_in() takes. */
#define STOP_IN_ARGUMENTS 5

extern char **environ;

#define TROUBLE_BYTES 16
#define RESOURCE_BYTES 64
#define FILE_BYTES 1024
#define LINE_BYTES 256
#define FOREVER_MS 3600000
#define STOPS_MAX 1000000
#define DESCRIPTORS_MAX 1024
#define FEW_DESCRIPTORS 256
#define SHORT_MS 200
#define LOCK_FILE "/executions.lock"
#define STRAY_FILE "stray"	/* in the directory where the server was started */

/*
 * What the actions share
 */

static void
sleep_ms(int64_t ms)
{
	struct timespec left = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000
	};

	while (nanosleep(&left, &left) == -1 && errno == EINTR)
		;
}

int
path_make(const char *directory, const char *name, const char *id,
    char ret_path[PATH_MAX])
{
	if (directory[0] == '\0') {
		errno = ENOENT;
		return -1;
	}
	if (snprintf(ret_path, PATH_MAX, "%s/%s%s", directory, name, id) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

int
append(const char *path, const char *text, int64_t *ret_size)
{
	struct stat status;
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd == -1)
		return -1;
	if (write(fd, text, strlen(text)) == -1 || fstat(fd, &status) == -1) {
		close(fd);
		return -1;
	}
	close(fd);
	if (ret_size)
		*ret_size = status.st_size;
	return 0;
}

int
note(struct ak_call *call, const char *directory, const char *handler, const char *edge,
    int64_t value)
{
	char path[PATH_MAX], line[LINE_BYTES];
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	snprintf(line, sizeof(line), "%" PRId64 " %ld %s %s %s %" PRId64 "\n",
	    (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, (long)getpid(),
	    ak_execution_id(call), handler, edge, value);
	if (path_make(directory, "log", "", path) == -1 ||
	    append(path, line, NULL) == -1)
		return ak_errno(call, "Failed to write the log in \"%s\"", directory);
	return 0;
}

/* Tells what cannot be told, in every way there is. */
static int
report_badly(struct ak_call *call)
{
	const struct ak_message_details no_level = { .level = (enum ak_level)5 };
	const struct ak_metric_details late = { .timestamp_ms = -1 };
	char key[100];
	int result = 0;

	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	ak_metric(call, "ratio", NAN, NULL);
	ak_metric(call, NULL, 1, NULL);
	ak_metric_as(call, "late", 1, &late);
	ak_message(call, (enum ak_level)9, "no level");
	ak_message_as(call, &no_level, "no level");
	ak_summary(call, AK_ERROR, "no level of a summary");
	result |= ak_artifact(call, NULL, "", 0);
	result |= ak_artifact(call, "none", NULL, 1);
	result |= ak_artifact_file(call, "gone", "/nonexistent");
	result |= ak_artifact_file(call, "device", "/dev/null");
	result |= ak_modify_string(call, AK_SET_PROPERTY, "", "x");
	result |= ak_modify_string(call, AK_SET_PROPERTY, key, "x");
	result |= ak_modify_double(call, AK_SET_PROPERTY, "k", INFINITY);
	result |= ak_modify_json(call, AK_SET_PROPERTY, "k", "{");
	result |= ak_modify_integer(call, (enum ak_modification)7, "k", 1);
	return result;
}

/*
 * What code does to descriptors that it has not opened
 */

/* A child that does nothing, but lives: of fork(), or of a call that no library sees. */
static pid_t
leave_child(bool seen, int64_t ms)
{
	sigset_t none;
	pid_t pid = seen ? fork() : (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid != 0)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	sleep_ms(ms);
	_exit(0);
}

/* A child that is executed without fork(). */
static void
spawn_child(void)
{
	char *const argv[] = { (char *)"sleep", (char *)"600", NULL };
	pid_t pid;

	(void)posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
}

static void
close_up_to(int most)
{
	for (int fd = STDERR_FILENO + 1; fd < most; fd++)
		close(fd);
}

/* Puts another file in the place of all that is open. */
static void
replace_all(const char *path)
{
	int file = open(path, O_RDWR | O_CREAT, 0644);

	for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS_MAX; fd++)
		if (fd != file && fcntl(fd, F_GETFD) != -1)
			dup2(file, fd);
}

/* Closes the lock of this execution; or has the same file there, but not its lock. */
static void
let_lock_go(bool again)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	DIR *directory = opendir("/proc/self/fd");
	int found = -1, other;
	ssize_t length;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		length = readlinkat(dirfd(directory), entry->d_name, path, sizeof(path) - 1);
		if (length < (ssize_t)strlen(LOCK_FILE))
			continue;
		path[length] = '\0';
		if (strcmp(path + length - strlen(LOCK_FILE), LOCK_FILE) != 0)
			continue;
		found = atoi(entry->d_name);
		break;
	}
	if (directory != NULL)
		closedir(directory);
	if (found == -1)
		abort();
	if (!again) {
		close(found);
		return;
	}
	other = open(path, O_RDWR);
	dup2(other, found);
	close(other);
}

/* Returns whether it was something of that kind. */
static bool
meddle(const char *kind)
{
	if (strcmp(kind, "fork") == 0)
		leave_child(true, FOREVER_MS);
	else if (strcmp(kind, "clone") == 0)
		leave_child(false, FOREVER_MS);
	else if (strcmp(kind, "spawn") == 0)
		spawn_child();
	else if (strcmp(kind, "fork_short") == 0)
		leave_child(true, SHORT_MS);
	else if (strcmp(kind, "fork_die") == 0 && leave_child(true, FOREVER_MS) != 0)
		raise(SIGKILL);
	else if (strcmp(kind, "clone_die") == 0 && leave_child(false, FOREVER_MS) != 0)
		raise(SIGKILL);
	else if (strcmp(kind, "fork_return") == 0)
		(void)!fork();
	else if (strcmp(kind, "close_few") == 0)
		close_up_to(FEW_DESCRIPTORS);
	else if (strcmp(kind, "close") == 0)
		close_up_to(DESCRIPTORS_MAX);
	else if (strcmp(kind, "closefrom") == 0)
		closefrom(STDERR_FILENO + 1);
	else if (strcmp(kind, "close_lock") == 0)
		let_lock_go(false);
	else if (strcmp(kind, "reopen_lock") == 0)
		let_lock_go(true);
	else
		return false;
	return true;
}

/* As a wrong pointer does it, also where sanitizers have a handler for that. */
static void
fault(void)
{
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

/* Does what the config asked for. A hang that is not killed goes on as if nothing were. */
static int
trouble(struct ak_call *call, const char *kind, int64_t ms, const char *handler)
{
	if (strcmp(kind, "hang") == 0)
		sleep_ms(ms);
	else if (strcmp(kind, "crash") == 0)
		abort();
	else if (strcmp(kind, "segv") == 0)
		fault();
	else if (strcmp(kind, "exit") == 0)
		exit(0);
	else if (strcmp(kind, "kill") == 0)
		raise(SIGKILL);
	else if (strcmp(kind, "fail") == 0)
		return ak_error(call, "%s was told to fail", handler);
	else if (strcmp(kind, "failed") == 0)
		return ak_failed(call, "%s found what it was told to find", handler);
	else if (strcmp(kind, "complete") == 0)
		ak_completed(call);
	else if (strcmp(kind, "report") == 0)
		return report_badly(call);
	else if (strcmp(kind, "dup2") == 0)
		replace_all(STRAY_FILE);
	else
		meddle(kind);
	return 0;
}

/* Keeps the text of a parameter in a member of the state. */
static int
keep(struct ak_call *call, const char *parameter, char *ret_text, size_t size)
{
	const char *text = ak_config_string(call, parameter);

	if (text && strlen(text) >= size)
		return ak_error(call, "%s is longer than %zu bytes", parameter,
		    size - 1);
	snprintf(ret_text, size, "%s", text ? text : "");
	return 0;
}

static const struct ak_option troubles[] = {
	{ "Nothing", "none" },
	{ "Take the time of its _ms parameter", "hang" },
	{ "Abort", "crash" },
	{ "Use a wrong pointer", "segv" },
	{ "Exit as if all were well", "exit" },
	{ "Be killed", "kill" },
	{ "Fail with a technical error", "fail" },
	{ "Fail as a check does", "failed" },
	{ "Say completed (status only)", "complete" },
	{ "Report what cannot be reported", "report" },
	{ "Fork a child that stays", "fork" },
	{ "Execute a child without fork()", "spawn" },
	{ "Fork a child that soon ends", "fork_short" },
	{ "Fork a child that stays, and die", "fork_die" },
	{ "Fork a child that comes back, too", "fork_return" },
	{ "Make a child that stays without fork()", "clone" },
	{ "Make a child that stays without fork(), and die", "clone_die" },
	{ "Close some descriptors", "close_few" },
	{ "Close all descriptors one by one", "close" },
	{ "Close all descriptors at once", "closefrom" },
	{ "Put another file in the place of all descriptors", "dup2" },
	{ "Close the lock of the execution", "close_lock" },
	{ "Open the lock of the execution anew", "reopen_lock" },
	AK_OPTIONS_END
};

#define PARAMETER_DURATION \
	{ .name = "duration", .label = "Duration", .type = AK_DURATION, \
	  .required = true, .default_value = "60s" }
#define PARAMETER_DIRECTORY \
	{ .name = "directory", .label = "Directory", .type = AK_STRING, \
	  .required = true }
#define PARAMETER_TROUBLE(name_) \
	{ .name = name_, .label = name_, .type = AK_STRING, \
	  .default_value = "none", .options = troubles }
#define PARAMETER_INTEGER(name_, default_) \
	{ .name = name_, .label = name_, .type = AK_INTEGER, \
	  .default_value = default_ }

/*
 * org.actionkit.test.effect: every handler, and everything that can go wrong in one
 */

struct effect_state {
	char directory[DIRECTORY_BYTES];
	char start_trouble[TROUBLE_BYTES];
	char start_point[TROUBLE_BYTES];	/* of its trouble: one of points */
	char status_trouble[TROUBLE_BYTES];
	char stop_trouble[TROUBLE_BYTES];
	int64_t start_ms;
	int64_t status_ms;
	int64_t stop_ms;
	int64_t stop_trouble_count;	/* the first stops that have the trouble */
	int64_t start_delay;		/* before the effect, where its trouble is before it */
	int64_t stop_delay;		/* ms that every stop takes */
	int64_t status_after;		/* polls before its trouble begins */
	bool save;			/* undo is saved before the effect */
	int64_t undo_value;
	int64_t undo;			/* undo_value, once start() has set it */
	int64_t polls;
	char file[FILE_BYTES];		/* the paths of files, or empty */
	char data[FILE_BYTES];
	char file_name[FILE_BYTES];	/* as the client called it */
	int64_t file_size;
};

static const struct ak_field effect_fields[] = {
	AK_TEXT(struct effect_state, directory),
	AK_TEXT(struct effect_state, start_trouble),
	AK_TEXT(struct effect_state, start_point),
	AK_TEXT(struct effect_state, status_trouble),
	AK_TEXT(struct effect_state, stop_trouble),
	AK_INT(struct effect_state, start_ms),
	AK_INT(struct effect_state, status_ms),
	AK_INT(struct effect_state, stop_ms),
	AK_INT(struct effect_state, stop_trouble_count),
	AK_INT(struct effect_state, start_delay),
	AK_INT(struct effect_state, stop_delay),
	AK_INT(struct effect_state, status_after),
	AK_BOOL(struct effect_state, save),
	AK_INT(struct effect_state, undo_value),
	AK_INT(struct effect_state, undo),
	AK_INT(struct effect_state, polls),
	AK_TEXT(struct effect_state, file),
	AK_TEXT(struct effect_state, data),
	AK_TEXT(struct effect_state, file_name),
	AK_INT(struct effect_state, file_size),
	AK_FIELDS_END
};

static const struct ak_option points[] = {
	{ "Before all", "first" },
	{ "Before the effect", "before" },
	{ "After the effect", "after" },
	AK_OPTIONS_END
};

static const char *const data_types[] = { ".json", ".tar.gz", NULL };

static const struct ak_parameter effect_parameters[] = {
	PARAMETER_DURATION,
	PARAMETER_DIRECTORY,
	PARAMETER_TROUBLE("prepare_trouble"),
	PARAMETER_INTEGER("prepare_ms", "3600000"),
	PARAMETER_TROUBLE("start_trouble"),
	{ .name = "start_point", .label = "Point of start's trouble", .type = AK_STRING,
	  .default_value = "before", .options = points },
	PARAMETER_INTEGER("start_ms", "3600000"),
	PARAMETER_TROUBLE("status_trouble"),
	PARAMETER_INTEGER("status_ms", "3600000"),
	PARAMETER_INTEGER("status_after", "0"),
	PARAMETER_TROUBLE("stop_trouble"),
	PARAMETER_INTEGER("stop_ms", "3600000"),
	PARAMETER_INTEGER("stop_trouble_count", "1"),
	PARAMETER_INTEGER("start_delay", "0"),
	PARAMETER_INTEGER("stop_delay", "0"),
	{ .name = "save", .label = "Save", .type = AK_BOOLEAN, .default_value = "true" },
	PARAMETER_INTEGER("undo_value", "4711"),
	{ .name = "file", .label = "File", .type = AK_FILE },
	{ .name = "data", .label = "Data", .type = AK_FILE,
	  .accepted_file_types = data_types },
	AK_PARAMETERS_END
};

/* Keeps where the files are, and what is known of one of them. */
static int
keep_files(struct ak_call *call, struct effect_state *s)
{
	const char *file = ak_config_file(call, "file"), *data = ak_config_file(call, "data");
	const char *name = ak_config_file_name(call, "file");

	if ((file != NULL) != ak_config_has(call, "file"))
		return ak_error(call, "ak_config_has() and ak_config_file() differ");
	snprintf(s->file, sizeof(s->file), "%s", file == NULL ? "" : file);
	snprintf(s->data, sizeof(s->data), "%s", data == NULL ? "" : data);
	snprintf(s->file_name, sizeof(s->file_name), "%s", name == NULL ? "" : name);
	s->file_size = ak_config_file_size(call, "file");
	return 0;
}

static int
effect_prepare(struct ak_call *call, void *state)
{
	struct effect_state *s = state;
	const char *kind = ak_config_string(call, "prepare_trouble");

	if (keep(call, "directory", s->directory, sizeof(s->directory)) == -1 ||
	    keep(call, "start_trouble", s->start_trouble,
	    sizeof(s->start_trouble)) == -1 ||
	    keep(call, "start_point", s->start_point, sizeof(s->start_point)) == -1 ||
	    keep(call, "status_trouble", s->status_trouble,
	    sizeof(s->status_trouble)) == -1 ||
	    keep(call, "stop_trouble", s->stop_trouble, sizeof(s->stop_trouble)) == -1)
		return -1;
	s->start_ms = ak_config_integer(call, "start_ms");
	s->status_ms = ak_config_integer(call, "status_ms");
	s->status_after = ak_config_integer(call, "status_after");
	s->stop_ms = ak_config_integer(call, "stop_ms");
	s->stop_trouble_count = ak_config_integer(call, "stop_trouble_count");
	s->start_delay = ak_config_integer(call, "start_delay");
	s->stop_delay = ak_config_integer(call, "stop_delay");
	s->save = ak_config_boolean(call, "save");
	s->undo_value = ak_config_integer(call, "undo_value");
	if (keep_files(call, s) == -1)
		return -1;
	if (note(call, s->directory, "prepare", "begin", 0) == -1 ||
	    trouble(call, kind ? kind : "none", ak_config_integer(call, "prepare_ms"),
	    "prepare") == -1)
		return -1;
	ak_message(call, AK_INFO, "prepared in %s", s->directory);
	return note(call, s->directory, "prepare", "end", 0);
}

static int
effect_make(struct ak_call *call, const struct effect_state *s)
{
	char path[PATH_MAX];

	if (path_make(s->directory, "effect-", ak_execution_id(call), path) == -1 ||
	    append(path, "effect\n", NULL) == -1)
		return ak_errno(call, "Failed to make the effect in \"%s\"",
		    s->directory);
	return note(call, s->directory, "start", "effect", s->undo);
}

static int
effect_start(struct ak_call *call, void *state)
{
	struct effect_state *s = state;
	bool after = strcmp(s->start_point, "after") == 0;
	bool first = strcmp(s->start_point, "first") == 0;

	if (note(call, s->directory, "start", "begin", 0) == -1)
		return -1;
	s->undo = s->undo_value;
	if (first && trouble(call, s->start_trouble, s->start_ms, "start") == -1)
		return -1;
	if (s->save && ak_save(call) == -1)
		return -1;
	if (after && effect_make(call, s) == -1)
		return -1;
	if (!first && trouble(call, s->start_trouble, s->start_ms, "start") == -1)
		return -1;
	if (!after)
		sleep_ms(s->start_delay);
	if (!after && effect_make(call, s) == -1)
		return -1;
	ak_message(call, AK_INFO, "started with undo value %" PRId64, s->undo);
	ak_metric(call, "started", 1, NULL);
	return note(call, s->directory, "start", "end", s->undo);
}

static int
effect_status(struct ak_call *call, void *state)
{
	struct effect_state *s = state;

	s->polls++;
	if (note(call, s->directory, "status", "begin", s->polls) == -1)
		return -1;
	if (s->polls > s->status_after &&
	    trouble(call, s->status_trouble, s->status_ms, "status") == -1)
		return -1;
	ak_message(call, AK_DEBUG, "poll %" PRId64, s->polls);
	ak_metric(call, "polls", (double)s->polls, NULL);
	return note(call, s->directory, "status", "end", s->polls);
}

static int
effect_stop(struct ak_call *call, void *state)
{
	struct effect_state *s = state;
	char path[PATH_MAX];
	int64_t stops;

	/* Of what nobody has prepared there is nothing to undo. */
	if (s->directory[0] == '\0')
		return 0;
	if (note(call, s->directory, "stop", "begin", s->undo) == -1)
		return -1;
	if (s->file[0] != '\0' && access(s->file, R_OK) == -1)
		return ak_errno(call, "The file was removed before stop()");
	if (path_make(s->directory, "stops-", ak_execution_id(call), path) == -1 ||
	    append(path, ".", &stops) == -1)
		return ak_errno(call, "Failed to count the stops in \"%s\"",
		    s->directory);
	if (path_make(s->directory, "healed", "", path) == -1)
		return ak_errno(call, "Failed to name \"healed\"");
	if (stops <= s->stop_trouble_count && access(path, F_OK) == -1 &&
	    trouble(call, s->stop_trouble, s->stop_ms, "stop") == -1)
		return -1;
	sleep_ms(s->stop_delay);
	if (path_make(s->directory, "effect-", ak_execution_id(call), path) == -1 ||
	    (unlink(path) == -1 && errno != ENOENT))
		return ak_errno(call, "Failed to remove the effect");
	ak_message(call, AK_INFO, "stopped with undo value %" PRId64, s->undo);
	return note(call, s->directory, "stop", "end", s->undo);
}

#define EFFECT(id_, label_) \
	.id = id_, \
	.label = label_, \
	.version = "1.0.0", \
	.description = "Makes a file, and removes it at the end.", \
	.kind = AK_ATTACK, \
	.time_control = AK_EXTERNAL, \
	.parameters = effect_parameters, \
	.state = AK_STATE(struct effect_state, effect_fields), \
	.prepare = effect_prepare, \
	.start = effect_start, \
	.stop = effect_stop

static const struct ak_action action_effect = {
	EFFECT("org.actionkit.test.effect", "Effect"),
	.call_interval = "1s",
	.status = effect_status,
};

/* The same with a heartbeat of forty seconds. */
static const struct ak_action action_slow = {
	EFFECT("org.actionkit.test.slow", "Effect with rare polls"),
	.call_interval = "10s",
	.status = effect_status,
};

/* The same without status(): its endpoint is added. */
static const struct ak_action action_quiet = {
	EFFECT("org.actionkit.test.quiet", "Effect without status"),
};

/*
 * org.actionkit.test.flash: instantaneous, nothing to stop, endpoints of its own
 */

struct flash_state {
	char directory[DIRECTORY_BYTES];
	char start_trouble[TROUBLE_BYTES];
};

static const struct ak_field flash_fields[] = {
	AK_TEXT(struct flash_state, directory),
	AK_TEXT(struct flash_state, start_trouble),
	AK_FIELDS_END
};

static const struct ak_parameter flash_parameters[] = {
	PARAMETER_DIRECTORY,
	PARAMETER_TROUBLE("start_trouble"),
	AK_PARAMETERS_END
};

static int
flash_prepare(struct ak_call *call, void *state)
{
	struct flash_state *s = state;

	if (keep(call, "directory", s->directory, sizeof(s->directory)) == -1)
		return -1;
	return keep(call, "start_trouble", s->start_trouble, sizeof(s->start_trouble));
}

static int
flash_start(struct ak_call *call, void *state)
{
	struct flash_state *s = state;

	if (note(call, s->directory, "start", "begin", 0) == -1 ||
	    trouble(call, s->start_trouble, FOREVER_MS, "start") == -1)
		return -1;
	ak_summary(call, AK_INFO, "It flashed");
	return note(call, s->directory, "start", "end", 0);
}

static const struct ak_action action_flash = {
	.id = "org.actionkit.test.flash",
	.label = "Flash",
	.version = "1.0.0",
	.description = "Writes a line, and is over.",
	.kind = AK_OTHER,
	.time_control = AK_INSTANTANEOUS,
	.parameters = flash_parameters,
	.state = AK_STATE(struct flash_state, flash_fields),
	.prepare_endpoint = { .method = "PUT", .path = "/flash/get-ready" },
	.start_endpoint = { .method = "DELETE" },
	.prepare = flash_prepare,
	.start = flash_start,
};

/*
 * org.actionkit.test.check: ends by itself, nothing to stop, answers metric queries
 */

struct check_state {
	char directory[DIRECTORY_BYTES];
	char end[TROUBLE_BYTES];
	int64_t polls;
	int64_t polls_wanted;
};

static const struct ak_field check_fields[] = {
	AK_TEXT(struct check_state, directory),
	AK_TEXT(struct check_state, end),
	AK_INT(struct check_state, polls),
	AK_INT(struct check_state, polls_wanted),
	AK_FIELDS_END
};

static const struct ak_parameter check_parameters[] = {
	PARAMETER_DIRECTORY,
	{ .name = "polls", .label = "Polls", .type = AK_INTEGER, .default_value = "2",
	  .min = AK_LIMIT(1), .max = AK_LIMIT(STOPS_MAX) },
	{ .name = "end", .label = "End", .type = AK_STRING,
	  .default_value = "complete", .options = troubles },
	AK_PARAMETERS_END
};

static int
check_prepare(struct ak_call *call, void *state)
{
	struct check_state *s = state;

	s->polls_wanted = ak_config_integer(call, "polls");
	if (keep(call, "directory", s->directory, sizeof(s->directory)) == -1)
		return -1;
	return keep(call, "end", s->end, sizeof(s->end));
}

static int
check_start(struct ak_call *call, void *state)
{
	struct check_state *s = state;

	return note(call, s->directory, "start", "begin", s->polls_wanted);
}

static int
check_status(struct ak_call *call, void *state)
{
	static const struct ak_label labels[] = {
		{ "what", "polls" },
		AK_LABELS_END
	};
	struct check_state *s = state;

	s->polls++;
	ak_metric(call, "polls", (double)s->polls, labels);
	if (s->polls < s->polls_wanted)
		return 0;
	ak_summary(call, AK_WARN, "Over after %" PRId64 " polls", s->polls);
	return trouble(call, s->end, FOREVER_MS, "status");
}

static const struct ak_parameter query_parameters[] = {
	{ .name = "factor", .label = "Factor", .type = AK_INTEGER,
	  .default_value = "2", .min = AK_LIMIT(0) },
	PARAMETER_TROUBLE("trouble"),
	AK_PARAMETERS_END
};

static const struct ak_metrics check_metrics = {
	.call_interval = "1s",
	.parameters = query_parameters,
};

static int
check_query(struct ak_call *call, void *state)
{
	const char *kind = ak_config_string(call, "trouble");

	(void)state;
	ak_metric(call, "answer", 21.0 * (double)ak_config_integer(call, "factor"), NULL);
	return trouble(call, kind ? kind : "none", FOREVER_MS, "query_metrics");
}

static const struct ak_action action_check = {
	.id = "org.actionkit.test.check",
	.label = "Check",
	.version = "1.0.0",
	.description = "Counts its polls, and ends as it is told.",
	.kind = AK_CHECK,
	.time_control = AK_INTERNAL,
	.parameters = check_parameters,
	.state = AK_STATE(struct check_state, check_fields),
	.call_interval = "1s",
	.metrics = &check_metrics,
	.prepare = check_prepare,
	.start = check_start,
	.status = check_status,
	.query_metrics = check_query,
};

/*
 * org.actionkit.test.claim: takes a resource
 */

struct claim_state {
	char directory[DIRECTORY_BYTES];
	char resource[RESOURCE_BYTES];
	bool in_start;
};

static const struct ak_field claim_fields[] = {
	AK_TEXT(struct claim_state, directory),
	AK_TEXT(struct claim_state, resource),
	AK_BOOL(struct claim_state, in_start),
	AK_FIELDS_END
};

static const struct ak_parameter claim_parameters[] = {
	PARAMETER_DURATION,
	PARAMETER_DIRECTORY,
	{ .name = "resource", .label = "Resource", .type = AK_STRING, .required = true },
	{ .name = "in_start", .label = "In start()", .type = AK_BOOLEAN,
	  .default_value = "false" },
	AK_PARAMETERS_END
};

static int
claim_prepare(struct ak_call *call, void *state)
{
	struct claim_state *s = state;

	if (keep(call, "directory", s->directory, sizeof(s->directory)) == -1 ||
	    keep(call, "resource", s->resource, sizeof(s->resource)) == -1)
		return -1;
	s->in_start = ak_config_boolean(call, "in_start");
	return s->in_start ? 0 : ak_claim(call, "%s", s->resource);
}

static int
claim_start(struct ak_call *call, void *state)
{
	struct claim_state *s = state;

	if (s->in_start && ak_claim(call, "%s", s->resource) == -1)
		return -1;
	return note(call, s->directory, "start", "end", 0);
}

static int
claim_stop(struct ak_call *call, void *state)
{
	struct claim_state *s = state;

	if (s->directory[0] == '\0')
		return 0;
	return note(call, s->directory, "stop", "end", 0);
}

static const struct ak_action action_claim = {
	.id = "org.actionkit.test.claim",
	.label = "Claim",
	.version = "1.0.0",
	.description = "Takes a resource until it is stopped.",
	.kind = AK_LOAD_TEST,
	.time_control = AK_EXTERNAL,
	.parameters = claim_parameters,
	.state = AK_STATE(struct claim_state, claim_fields),
	.prepare = claim_prepare,
	.start = claim_start,
	.stop = claim_stop,
};

/*
 * org.actionkit.test.broken: mistakes that registration must report all at once
 */

static const struct ak_parameter broken_parameters[] = {
	{ .name = "twice", .label = "First", .type = AK_STRING },
	{ .name = "twice", .label = "Second", .type = AK_STRING },
	{ .name = "unlabelled", .type = AK_STRING },
	AK_PARAMETERS_END
};

static const struct ak_action action_broken = {
	.id = "org.actionkit.test.broken",
	.version = "1.0.0",
	.description = "Cannot be registered.",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.parameters = broken_parameters,
	.stop = claim_stop,
};

extern const struct ak_action action_everything;

/*
 * A discovery that does what the lines of a file say, the file that TEST_DISCOVERY names:
 * "target ID", "pair KEY=VALUE" of it, "many N" targets, "fail TEXT", "sleep MS", "crash", or what
 * meddle() knows.
 * Of no such variable, there is none.
 */
static int
do_line(struct ak_call *call, const char *word, char *rest)
{
	char id[32];
	long i;

	if (strcmp(word, "target") == 0)
		return ak_discovered(call, rest, rest);
	if (strcmp(word, "pair") == 0) {
		char *value = strchr(rest, '=');

		*value++ = '\0';
		return ak_discovered_attribute(call, rest, value);
	}
	if (strcmp(word, "fail") == 0)
		return ak_error(call, "%s", rest);
	if (strcmp(word, "sleep") == 0)
		sleep_ms(atol(rest));
	if (strcmp(word, "crash") == 0)
		abort();
	if (strcmp(word, "many") != 0) {
		meddle(word);
		return 0;
	}
	for (i = atol(rest); i > 0; i--) {
		(void)snprintf(id, sizeof(id), "target-%06ld", i);
		if (ak_discovered(call, id, id) == -1 ||
		    ak_discovered_attribute(call, "test.name", id) == -1 ||
		    ak_discovered_attribute(call, "test.parity", i % 2 ? "odd" : "even") == -1)
			return -1;
	}
	return 0;
}

static int
test_discover(struct ak_call *call)
{
	FILE *file = fopen(getenv("TEST_DISCOVERY"), "re");
	char line[512], word[16];
	int result = 0, used;

	if (file == NULL)
		return ak_errno(call, "Failed to open the file of the test");
	while (result == 0 && fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%15s %n", word, &used) == 1)
			result = do_line(call, word, line + used);
	}
	(void)fclose(file);
	return result;
}

static const struct ak_column test_columns[] = {
	{ .attribute = "test.name" },
	AK_COLUMNS_END
};
static const struct ak_order test_order[] = {
	{ "test.name", AK_DESCENDING },
	AK_ORDER_END
};
static const struct ak_target_type test_type = {
	.id = "test.thing", .version = "1", .label = { "Thing", "Things" },
	.columns = test_columns, .order = test_order,
};
static const struct ak_discovery discovery_test = {
	.id = "test.things", .target_type = &test_type, .discover = test_discover,
};

int
main(int argc, char **argv)
{
	if (argc == STOP_IN_ARGUMENTS && strcmp(argv[1], "stop-in") == 0)
		return room_stop_in(argv + 2);
	ak_register(&action_effect);
	ak_register(&action_slow);
	ak_register(&action_quiet);
	ak_register(&action_flash);
	ak_register(&action_check);
	ak_register(&action_claim);
	ak_register(&action_everything);
	ak_register(&action_labour);
	ak_register(&action_programs);
	ak_register(&action_room);
	ak_register(&action_room_work);
	ak_register(&action_needy);
	ak_register(&action_guarded);
	if (getenv("TEST_BROKEN_TABLE"))
		ak_register(&action_broken);
	if (getenv("TEST_DISCOVERY"))
		ak_register_discovery(&discovery_test);
	return ak_main(argc, argv);
}
