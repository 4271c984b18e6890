/*
 * test_kit.c: libactionkit-test: finds the mistakes of faulty.c, runs work(), and says what is
 * wrong with how it is used.
 */
/* The actions are within their program. */
int faulty_main(int argc, char **argv);
#define main faulty_main
#include "tests/crash/faulty.c"
#undef main

#include "kit/actionkit-test.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "tests/unit/unit.h"

#define WORDS_BYTES 4096

static char directory[] = "/tmp/ak-kit-XXXXXX", config[WORDS_BYTES];

/* Files in the directory. */
static int
files(void)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	int count = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static void
clean_up(void)
{
	char command[WORDS_BYTES];

	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command) != 0)
		fprintf(stderr, "%s is left\n", directory);
}

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	atexit(clean_up);
	snprintf(config, sizeof(config), "{\"duration\": 60000, \"directory\": \"%s\"}",
	    directory);
}

static const struct ak_action *
action(const char *name)
{
	size_t i;

	for (i = 0; i < UNIT_COUNT(actions); i++)
		if (strcmp(strrchr(actions[i].id, '-') + 1, name) == 0)
			return &actions[i];
	ck_abort_msg("no action %s", name);
}

static struct ak_test *
prepared(const char *name)
{
	struct ak_test *test = ak_test_new(action(name));

	ck_assert_int_eq(ak_test_prepare(test, config, NULL), 0);
	return test;
}

/* What is left of an action whose start() dies at its end, when it is stopped. */
START_TEST(test_death)
{
	static const struct {
		const char *name;
		int left;
	} rows[] = { { "none", 0 }, { "late", 1 }, { "memory", 1 } };
	int before = 0;

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct ak_test *test = prepared(rows[i].name);

		ak_test_die_at_end(test);
		ck_assert_int_eq(ak_test_start(test), AK_TEST_DIED);
		ck_assert_int_eq(files(), before + 1);
		ck_assert_int_eq(ak_test_stop(test), 0);
		before += rows[i].left;
		ck_assert_int_eq(files(), before);
		ak_test_free(test);
	}
}
END_TEST

/* Who saves before its effect dies before it; who never saves comes to its end. */
START_TEST(test_death_at_save)
{
	struct ak_test *test = prepared("none");

	ak_test_die_at_save(test, 1);
	ck_assert_int_eq(ak_test_start(test), AK_TEST_DIED);
	ck_assert_int_eq(files(), 0);
	ck_assert_str_ne(ak_test_state(test, "path"), "\"\"");
	ck_assert_int_eq(ak_test_stop(test), 0);
	ak_test_free(test);

	test = prepared("late");
	ak_test_die_at_save(test, 1);
	ck_assert_int_eq(ak_test_start(test), 0);
	ck_assert_int_eq(ak_test_stop(test), 0);
	ck_assert_int_eq(files(), 0);
	ak_test_free(test);
}
END_TEST

/* A stop() that dies when it has done everything runs again, and that of "once" never succeeds. */
START_TEST(test_stop_again)
{
	struct ak_test *test = prepared("once");

	ck_assert_int_eq(ak_test_start(test), 0);
	ak_test_die_at_end(test);
	ck_assert_int_eq(ak_test_stop(test), AK_TEST_DIED);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(ak_test_stop(test), -1);
		ck_assert_ptr_nonnull(strstr(ak_test_error(test), "Failed to remove"));
		ck_assert_str_eq(ak_test_phase(test), "stopping");
	}
	ak_test_free(test);

	test = prepared("none");
	ck_assert_int_eq(ak_test_start(test), 0);
	ak_test_die_at_end(test);
	ck_assert_int_eq(ak_test_stop(test), AK_TEST_DIED);
	ck_assert_int_eq(ak_test_stop(test), 0);
	/* The third one is not called. */
	ck_assert_int_eq(ak_test_stop(test), 0);
	ak_test_free(test);
}
END_TEST

START_TEST(test_small_state)
{
	struct ak_test *test = prepared("small");

	ck_assert_int_eq(ak_test_start(test), 0);
	ck_assert_int_eq(ak_test_stop(test), 0);
	ck_assert_int_eq(files(), 1);
	ak_test_free(test);
}
END_TEST

/* Its effect is there only after 300 ms, which pass at once. */
START_TEST(test_work)
{
	struct ak_test *test = prepared("slow");

	ck_assert_int_eq(ak_test_start(test), 0);
	ck_assert_int_eq(files(), 0);
	ck_assert_int_eq(ak_test_status(test), 0);
	ck_assert(!ak_test_completed(test));
	ck_assert_int_eq(ak_test_work(test, 3600000), 0);
	ck_assert_int_eq(files(), 1);
	ck_assert_int_eq(ak_test_status(test), 0);
	ck_assert(ak_test_completed(test));
	ck_assert_int_eq(ak_test_stop(test), 0);
	ck_assert_int_eq(files(), 0);
	ak_test_free(test);

	/* Without it the worker ends before its first line. */
	test = prepared("slow");
	ck_assert_int_eq(ak_test_start(test), 0);
	ck_assert_int_eq(ak_test_stop(test), 0);
	ck_assert_int_eq(files(), 0);
	ak_test_free(test);
}
END_TEST

/* A worker that is killed: what it has made is undone, and the action has errored. */
START_TEST(test_work_dies)
{
	struct ak_test *test = prepared("slow");

	ck_assert_int_eq(ak_test_start(test), 0);
	ak_test_die_at_end(test);
	ck_assert_int_eq(ak_test_work(test, 1000), AK_TEST_DIED);
	ck_assert_int_eq(files(), 1);
	ck_assert_int_eq(ak_test_status(test), -1);
	ck_assert(ak_test_completed(test));
	ck_assert_str_eq(ak_test_error_status(test), "errored");
	ck_assert_int_eq(ak_test_stop(test), 0);
	ck_assert_int_eq(files(), 0);
	ak_test_free(test);
}
END_TEST

static int
killed_start(struct ak_call *call, void *state)
{
	(void)call;
	(void)state;
	(void)raise(SIGKILL);
	return 0;
}

static int
checking_work(struct ak_call *call, void *state)
{
	(void)state;
	while (ak_work_wait(call, SLOW_MS) == 0)
		ak_message(call, AK_INFO, "Looked");
	return ak_failed(call, "It is not as it should be");
}

static const struct ak_action own[] = {
	FAULTY("killed", "Kills its process", killed_start, NULL, sound_stop),
	FAULTY("check", "Fails in work()", NULL, checking_work, sound_stop),
};

/* A handler that should die at a save, and is killed before, has failed. */
START_TEST(test_killed)
{
	struct ak_test *test = ak_test_new(&own[0]);

	ck_assert_int_eq(ak_test_prepare(test, config, NULL), 0);
	ak_test_die_at_save(test, 1);
	ck_assert_int_eq(ak_test_start(test), -1);
	ck_assert_str_eq(ak_test_error(test), "start() was killed: SIGKILL");
	ck_assert_str_eq(ak_test_phase(test), "starting");
	ck_assert_int_eq(ak_test_stop(test), 0);
	ak_test_free(test);
}
END_TEST

/* What work() has come to is no failure of the stop. */
START_TEST(test_verdict)
{
	struct ak_test *test = ak_test_new(&own[1]);
	size_t looks;

	ck_assert_int_eq(ak_test_prepare(test, config, NULL), 0);
	ck_assert_int_eq(ak_test_start(test), 0);
	ck_assert_int_eq(ak_test_work(test, 100 * SLOW_MS), -1);
	ck_assert_str_eq(ak_test_error(test), "It is not as it should be");
	/* What the machine takes for it is part of that time. */
	looks = ak_test_message_count(test, "Looked");
	ck_assert_uint_gt(looks, 0);
	ck_assert_uint_lt(looks, 100);
	ck_assert_int_eq(ak_test_stop(test), 0);
	ck_assert_str_eq(ak_test_error(test), "It is not as it should be");
	ck_assert_str_eq(ak_test_error_status(test), "failed");
	ck_assert_uint_eq(ak_test_message_count(test, "Looked"), looks);
	ck_assert_str_eq(ak_test_phase(test), "stopped");
	ak_test_free(test);
}
END_TEST

START_TEST(test_clock)
{
	struct ak_test *test = ak_test_new(action("none"));
	struct timespec before, after;
	time_t wall = time(NULL);

	clock_gettime(CLOCK_MONOTONIC, &before);
	ak_test_advance(test, INT64_C(86400500));
	clock_gettime(CLOCK_MONOTONIC, &after);
	ck_assert_int_ge(after.tv_sec - before.tv_sec, 86400);
	ck_assert_int_lt(after.tv_sec - before.tv_sec, 87000);
	ck_assert_int_lt(after.tv_nsec, 1000000000);
	ck_assert_int_ge(time(NULL) - wall, 86400);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	ck_assert_int_lt(after.tv_sec, 3600);
	ak_test_free(test);
	ck_assert_int_lt(time(NULL) - wall, 3600);
}
END_TEST

static void
start_too_early(void)
{
	(void)ak_test_start(ak_test_new(action("none")));
}

static void
start_after_failure(void)
{
	struct ak_test *test = ak_test_new(action("none"));

	if (ak_test_prepare(test, "{}", NULL) == -1)
		(void)ak_test_start(test);
}

static void
broken_json(void)
{
	(void)ak_test_prepare(ak_test_new(action("none")), "{\"duration\": }", NULL);
}

static void
no_object(void)
{
	(void)ak_test_prepare(ak_test_new(action("none")), "{}", "[]");
}

static void
no_field(void)
{
	(void)ak_test_state(prepared("none"), "pth");
}

static void
no_metric(void)
{
	(void)ak_test_metric(prepared("none"), "rate", 0);
}

static void
no_regex(void)
{
	(void)ak_test_message_regex(prepared("none"), "(");
}

static void
no_work(void)
{
	(void)ak_test_work(prepared("none"), 1000);
}

static void
work_too_early(void)
{
	(void)ak_test_work(prepared("slow"), 1000);
}

static void
no_query(void)
{
	(void)ak_test_query(prepared("none"), NULL, NULL);
}

static void
no_save(void)
{
	ak_test_die_at_save(prepared("none"), 0);
}

static void
clock_back(void)
{
	ak_test_advance(prepared("none"), -1);
}

static void
wrong_table(void)
{
	static struct ak_action wrong;

	wrong = *action("none");
	wrong.label = NULL;
	ak_test_free(ak_test_new(&wrong));
}

static const struct {
	void (*mistake)(void);
	const char *words;
} mistakes[] = {
	{ start_too_early, "ak_test_start: before an ak_test_prepare() that has succeeded\n" },
	{ start_after_failure, "ak_test_start: before an ak_test_prepare() that has succeeded\n" },
	{ broken_json, "ak_test_prepare: config: byte 14: " },
	{ no_object, "ak_test_prepare: target: must be a JSON object\n" },
	{ no_field, "ak_test_state: the state has no field pth: {" },
	{ no_metric, "ak_test_metric: there are 0 metrics rate, and none at 0\n" },
	{ no_regex, "ak_test_message_regex: (: is no regular expression\n" },
	{ no_work, "ak_test_work: the action has no work()\n" },
	{ work_too_early, "ak_test_work: there is no worker: before a start" },
	{ no_query, "ak_test_query: the action has no query_metrics()\n" },
	{ no_save, "ak_test_die_at_save: 0: saves are counted from 1\n" },
	{ clock_back, "ak_test_advance: clocks do not go back\n" },
	{ wrong_table, "ak_test_new: the tables have the mistakes above\n" },
};

/* Each ends its process with abort(), after a line that says what is wrong. */
START_TEST(test_misuse)
{
	char said[WORDS_BYTES];
	FILE *words = tmpfile();
	size_t length;
	int status;
	pid_t pid;

	ck_assert_ptr_nonnull(words);
	pid = fork();
	if (pid == 0) {
		dup2(fileno(words), STDERR_FILENO);
		mistakes[_i].mistake();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	rewind(words);
	length = fread(said, 1, sizeof(said) - 1, words);
	said[length] = '\0';
	fclose(words);
	ck_assert_msg(strstr(said, mistakes[_i].words) != NULL, "%s", said);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("kit");
	TCase *tcase = tcase_create("kit");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, test_death);
	tcase_add_test(tcase, test_death_at_save);
	tcase_add_test(tcase, test_stop_again);
	tcase_add_test(tcase, test_small_state);
	tcase_add_test(tcase, test_work);
	tcase_add_test(tcase, test_work_dies);
	tcase_add_test(tcase, test_killed);
	tcase_add_test(tcase, test_verdict);
	tcase_add_test(tcase, test_clock);
	tcase_add_loop_test(tcase, test_misuse, 0, (int)UNIT_COUNT(mistakes));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
