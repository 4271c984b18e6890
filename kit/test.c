/*
 * test.c: a test from its beginning to its end. It persists a state directory, and removes it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/action/registry.h"
#include "core/action/verify.h"
#include "core/base/clock.h"
#include "core/base/descriptors.h"
#include "core/base/file_tree.h"
#include "core/base/log.h"
#include "core/base/state_path.h"
#include "kit/kit.h"

#define TEST_DIR_TEMPLATE "actionkit-test-XXXXXX"

static struct ak_test *living;

/* Its directory with all that is in it. */
static void
remove_directory(const struct ak_test *test)
{
	const char *path = test->options.state_dir, *name = strrchr(path, '/') + 1;
	char parent[STATE_PATH_BYTES];
	struct err err;
	int fd;

	state_path_parent(path, parent);
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || file_tree_remove(fd, name, INT64_MAX, &err) == -1)
		fprintf(stderr, "%s is left behind\n", path);
	if (fd != -1)
		close(fd);
}

/* A process that ends without having freed its tests: their assertions have failed, as a rule. */
static void
clean_up(void)
{
	struct ak_test *test;

	for (test = living; test != NULL; test = test->next)
		if (test->process == getpid())
			remove_directory(test);
}

static _Noreturn void
give_up(const char *before, const char *after)
{
	fprintf(stderr, "%s: %s\n", before, after);
	clean_up();
	abort();
}

void
kit_misuse(const char *function, const char *format, ...)
{
	char text[ERR_MESSAGE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	give_up(function, text);
}

void
kit_broken(const char *what, const struct err *err)
{
	give_up(what, err->msg);
}

static void
tell_mistake(void *context, const char *mistake)
{
	(void)context;
	fprintf(stderr, "%s\n", mistake);
}

/* The registry is the process's: an action is put there once. */
static void
enlist(const struct ak_action *action, const struct ak_layout *layout)
{
	if (action->id != NULL && registry_find(action->id) == action)
		return;
	if (ak_register_as(action, layout) == -1)
		kit_misuse("ak_test_new", "%s", registry_refusal() == NULL ?
		    "the action cannot be registered" : registry_refusal());
	if (verify_registry(tell_mistake, NULL) > 0)
		kit_misuse("ak_test_new", "the tables have the mistakes above");
}

/*
 * As a process of the server does: a child that a handler forks has its descriptors closed, and
 * does not go on with the test. Once in each process.
 */
void
kit_guard(void)
{
	static pid_t guarded;
	struct err err;

	if (guarded == getpid())
		return;
	guarded = getpid();
	log_init(LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
	if (descriptors_guard() == -1 || atexit(clean_up) != 0) {
		err_sys(&err, ERR_INTERNAL, "descriptors");
		kit_broken("ak_test_new", &err);
	}
}

static void
make_directory(struct ak_test *test)
{
	const char *parent = getenv("TMPDIR");
	char *path = test->options.state_dir;
	size_t room = sizeof(test->options.state_dir);
	struct err err;
	int length;

	if (parent == NULL || *parent == '\0')
		parent = "/tmp";
	length = snprintf(path, room, "%s/" TEST_DIR_TEMPLATE, parent);
	if (length < 0 || (size_t)length >= room)
		kit_misuse("ak_test_new", "TMPDIR is too long: %s", parent);
	if (mkdtemp(path) == NULL) {
		err_sys(&err, ERR_INTERNAL, "%s", parent);
		kit_broken("ak_test_new", &err);
	}
}

void
kit_open(struct ak_test *test)
{
	struct err err;

	if (session_open(&test->session, &test->options, test->scoreboard, &err) == -1)
		kit_broken("the test's database", &err);
	test->session.spawn = kit_spawn;
}

void
kit_close(struct ak_test *test)
{
	session_close(&test->session);
}

static void
make_database(const struct ak_test *test)
{
	struct err err;

	if (store_make_ready(test->options.state_dir, clock_boot_ms(), 0, &err) == -1)
		kit_broken("the test's database", &err);
}

struct ak_test *
ak_test_new_as(const struct ak_action *action, const struct ak_layout *layout)
{
	static const struct option *const tables[] = { options_table, NULL };
	struct ak_test *test;

	if (action == NULL)
		kit_misuse("ak_test_new", "there is no action");
	kit_guard();
	enlist(action, layout);
	test = calloc(1, sizeof(*test));
	if (test == NULL || (test->scoreboard = calloc(1, sizeof(*test->scoreboard))) == NULL)
		log_out_of_memory();
	option_table_presets(tables, &test->options);
	test->action = action;
	test->process = getpid();
	test->byte = (struct lock){ .fd = -1, .offset = -1 };
	test->reply = json_new_object();
	uuid_text_random(test->execution);
	make_directory(test);
	test->next = living;
	living = test;
	make_database(test);
	kit_open(test);
	return test;
}

void
ak_test_free(struct ak_test *test)
{
	struct ak_test **link = &living;

	if (test == NULL)
		return;
	while (*link != test)
		link = &(*link)->next;
	*link = test->next;
	if (living == NULL)
		kit_clock_reset();
	lock_close(&test->byte);
	kit_close(test);
	remove_directory(test);
	json_object_put(test->reply);
	json_object_put(test->agent_state);
	json_object_put(test->state);
	free(test->reply_text);
	free(test->text);
	free(test->scoreboard);
	free(test);
}

void
ak_test_lose_database(struct ak_test *test)
{
	static const char *const files[] = { STORE_FILE, STORE_LOG_FILE, STORE_INDEX_FILE };
	char path[STATE_PATH_BYTES];

	kit_end_worker(test);
	kit_close(test);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		state_path(test->options.state_dir, files[i], path);
		if (unlink(path) == -1 && errno != ENOENT)
			kit_misuse(__func__, "%s: %s", path, strerror(errno));
	}
	make_database(test);
	kit_open(test);
	kit_look(test);
}
