/*
 * test_example.c: how an action is tested: example.c, in this process, with Check. Where these are
 * installed it is built with
 *	./icon.sh example_icon example.svg >icon.c
 *	cc test_example.c example.c icon.c $(pkg-config --cflags --libs actionkit-test check)
 *
 * A test is one execution: each begins with ak_test_new(), and is an agent that calls prepare,
 * start, status and stop, and looks what came of it. Check runs each in a process of its own.
 */
#include <actionkit-test.h>

#include <stdlib.h>
#include <string.h>

#include <check.h>

extern const struct ak_action action_example, action_example_check;

#define CONFIG "{\"duration\": 30000, \"brightness\": 20}"

/* What people fill in is checked by the table of parameters, before prepare() runs. */
START_TEST(test_prepare_refuses)
{
	static const struct {
		const char *config, *detail;
	} rows[] = {
		{ "{}", "duration: required" },
		{ "{\"duration\": 30000, \"brightness\": 101}", "brightness: must be at most 100" },
		{ "{\"duration\": \"soon\"}", "duration: must be a duration" },
		{ "{\"duration\": 30000, \"failIn\": \"nowhere else\"}", "failIn: must be one of" },
	};
	struct ak_test *test = ak_test_new(&action_example);
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(ak_test_prepare(test, rows[i].config, NULL), -1);
		ck_assert_str_eq(ak_test_error(test), "Invalid configuration");
		ck_assert_ptr_nonnull(strstr(ak_test_error_detail(test), rows[i].detail));
	}
	/* What prepare() itself refuses leaves nothing behind. */
	ck_assert_int_eq(ak_test_prepare(test, "{\"duration\": 1, \"failIn\": \"prepare\"}",
	    NULL), -1);
	ck_assert_str_eq(ak_test_error(test),
	    "The lamp cannot be dimmed to 50 %: asked to fail in prepare");
	ck_assert_str_eq(ak_test_error_status(test), "errored");
	ck_assert_str_eq(ak_test_phase(test), "none");
	ck_assert_ptr_null(ak_test_claim(test, 0));
	ak_test_free(test);
}
END_TEST

/* A life in which nothing goes wrong. */
START_TEST(test_life)
{
	struct ak_test *test = ak_test_new(&action_example);
	size_t size;

	ck_assert_int_eq(ak_test_prepare(test, CONFIG, "{\"name\": \"ceiling\", "
	    "\"attributes\": {\"host.hostname\": [\"kitchen-1\"]}}"), 0);
	ck_assert_ptr_nonnull(ak_test_message(test, "Target: ceiling, on host kitchen-1"));
	ck_assert_str_eq(ak_test_state(test, "brightness"), "20");
	ck_assert_str_eq(ak_test_state(test, "rooms"), "[\"kitchen\"]");
	ck_assert_ptr_nonnull(ak_test_claim(test, 0));

	ck_assert_int_eq(ak_test_start(test), 0);
	ck_assert_ptr_nonnull(ak_test_message(test, "Dimmed the lamp from 100 % to 20 %"));
	ck_assert_ptr_nonnull(ak_test_message_regex(test, "^At [0-9]+ %$"));
	ck_assert_str_eq(ak_test_summary(test), "The lamp is at 20 %");
	ck_assert_str_eq(ak_test_artifact(test, "lamp.json", &size),
	    "{\"from\":100,\"to\":[20]}");
	ck_assert_uint_eq(size, 22);

	ck_assert_int_eq(ak_test_status(test), 0);
	ck_assert(!ak_test_completed(test));
	ck_assert_uint_eq(ak_test_metric_count(test, "example_lamp_ratio"), 1);
	ck_assert(ak_test_metric(test, "example_lamp_ratio", 0) == 0.2);
	ck_assert_str_eq(ak_test_metric_label(test, "example_lamp_ratio", 0, "room"), "kitchen");

	ck_assert_int_eq(ak_test_stop(test), 0);
	ck_assert_ptr_nonnull(ak_test_message(test, "Set the lamp back to 100 %"));
	ck_assert_str_eq(ak_test_phase(test), "stopped");
	ck_assert_ptr_null(ak_test_claim(test, 0));

	/* How bright the lamp is can be asked when it is over, too. */
	ck_assert_int_eq(ak_test_query(test, "{\"unit\": \"percent\"}", NULL), 0);
	ck_assert(ak_test_metric(test, "example_lamp_brightness", 0) == 100);
	ak_test_free(test);
}
END_TEST

/* Nobody waits for 30 seconds: the clock is put forward. */
START_TEST(test_duration)
{
	struct ak_test *test = ak_test_new(&action_example);

	ck_assert_int_eq(ak_test_prepare(test, CONFIG, NULL), 0);
	ck_assert_int_eq(ak_test_start(test), 0);
	ak_test_advance(test, 15000);
	ck_assert_int_eq(ak_test_status(test), 0);
	ck_assert(!ak_test_completed(test));
	ck_assert(ak_test_metric(test, "example_elapsed_seconds", 0) >= 15);
	ak_test_advance(test, 15000);
	ck_assert_int_eq(ak_test_status(test), 0);
	ck_assert(ak_test_completed(test));
	ck_assert_int_eq(ak_test_stop(test), 0);
	ak_test_free(test);
}
END_TEST

/*
 * start() is killed right after each of its saves, and at its end. stop() then gets what was saved,
 * and must know from that what to undo.
 */
START_TEST(test_start_dies)
{
	struct ak_test *test;
	int result, saves;

	for (saves = 0, result = AK_TEST_DIED; result == AK_TEST_DIED; saves++) {
		test = ak_test_new(&action_example);
		ck_assert_int_eq(ak_test_prepare(test, CONFIG, NULL), 0);
		ak_test_die_at_save(test, saves + 1);
		result = ak_test_start(test);
		if (result == AK_TEST_DIED)
			ck_assert_str_eq(ak_test_phase(test), "starting");
		ck_assert_str_eq(ak_test_state(test, "dimmed"), "true");
		ck_assert_int_eq(ak_test_stop(test), 0);
		ck_assert_ptr_nonnull(ak_test_message(test, "Set the lamp back to 100 %"));
		ak_test_free(test);
	}
	/* The last one came to its end. */
	ck_assert_int_eq(saves, 2);

	test = ak_test_new(&action_example);
	ck_assert_int_eq(ak_test_prepare(test, CONFIG, NULL), 0);
	ak_test_die_at_end(test);
	ck_assert_int_eq(ak_test_start(test), AK_TEST_DIED);
	ck_assert_int_eq(ak_test_stop(test), 0);
	ck_assert_ptr_nonnull(ak_test_message(test, "Set the lamp back to 100 %"));
	ak_test_free(test);
}
END_TEST

/* stop() is killed when it has done everything, and runs again. */
START_TEST(test_stop_dies)
{
	struct ak_test *test = ak_test_new(&action_example);

	ck_assert_int_eq(ak_test_prepare(test, CONFIG, NULL), 0);
	ck_assert_int_eq(ak_test_start(test), 0);
	ak_test_die_at_end(test);
	ck_assert_int_eq(ak_test_stop(test), AK_TEST_DIED);
	ck_assert_str_eq(ak_test_phase(test), "stopping");
	ck_assert_int_eq(ak_test_stop(test), 0);
	ck_assert_str_eq(ak_test_phase(test), "stopped");
	ak_test_free(test);
}
END_TEST

/* stop() without a start(), and after one that failed. */
START_TEST(test_stop_always)
{
	struct ak_test *test = ak_test_new(&action_example);

	ck_assert_int_eq(ak_test_prepare(test, CONFIG, NULL), 0);
	ck_assert_int_eq(ak_test_stop(test), 0);
	ck_assert_ptr_nonnull(ak_test_message(test, "Nothing to undo*"));
	ak_test_free(test);

	test = ak_test_new(&action_example);
	ck_assert_int_eq(ak_test_prepare(test, "{\"duration\": 1, \"failIn\": \"start\"}", NULL),
	    0);
	ck_assert_int_eq(ak_test_start(test), -1);
	ck_assert_str_eq(ak_test_error(test), "Failed to dim the lamp: asked to fail in start");
	ck_assert_str_eq(ak_test_error_detail(test), "Operation not permitted");
	ck_assert_int_eq(ak_test_stop(test), 0);
	ck_assert_ptr_nonnull(ak_test_message(test, "Set the lamp back to 100 %"));
	ak_test_free(test);
}
END_TEST

/* The agent still has the state, and stop() does with that. */
START_TEST(test_database_lost)
{
	struct ak_test *test = ak_test_new(&action_example);

	ck_assert_int_eq(ak_test_prepare(test, CONFIG, NULL), 0);
	ck_assert_int_eq(ak_test_start(test), 0);
	ak_test_lose_database(test);
	ck_assert_str_eq(ak_test_phase(test), "none");
	ck_assert_int_eq(ak_test_stop(test), 0);
	ck_assert_ptr_nonnull(ak_test_message(test, "Set the lamp back to 100 %"));
	ak_test_free(test);
}
END_TEST

/* What is wrong with the system is "failed", and says more than a title. */
START_TEST(test_status_fails)
{
	struct ak_test *test = ak_test_new(&action_example);

	ck_assert_int_eq(ak_test_prepare(test, "{\"duration\": 1, \"failIn\": \"status\"}", NULL),
	    0);
	ck_assert_int_eq(ak_test_start(test), 0);
	ck_assert_int_eq(ak_test_status(test), -1);
	ck_assert_str_eq(ak_test_error(test), "The lamp flickers");
	ck_assert_str_eq(ak_test_error_status(test), "failed");
	ck_assert_str_eq(ak_test_error_detail(test), "asked to fail in status");
	ck_assert_int_eq(ak_test_stop(test), 0);
	ak_test_free(test);
}
END_TEST

/* work() runs for ten seconds, and no second goes by. */
START_TEST(test_work)
{
	struct ak_test *test = ak_test_new(&action_example_check);

	ck_assert_int_eq(ak_test_prepare(test, "{\"duration\": 10000, \"interval\": 1000, "
	    "\"allowed\": 10, \"token\": \"secret\"}", NULL), 0);
	ck_assert_int_eq(ak_test_start(test), 0);
	ck_assert_int_eq(ak_test_work(test, 10500), 0);
	ck_assert_ptr_nonnull(ak_test_message_regex(test, "^Looked [0-9]+ times$"));
	ck_assert_uint_gt(ak_test_metric_count(test, "example_lamp_seen"), 0);
	/* One for each look. */
	ck_assert_uint_eq(ak_test_metric_count(test, "example_lamp_seen"),
	    strtoul(ak_test_state(test, "looks"), NULL, 10));
	/* The token is kept, and no agent is told of it. */
	ck_assert_str_eq(ak_test_state(test, "secrets.token"), "\"secret\"");

	ck_assert_int_eq(ak_test_status(test), 0);
	ck_assert_ptr_null(strstr(ak_test_reply(test), "secret"));
	ck_assert(ak_test_completed(test));
	ck_assert_int_eq(ak_test_stop(test), 0);
	ck_assert_ptr_null(ak_test_error(test));
	ak_test_free(test);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("example");
	TCase *tcase = tcase_create("example");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, test_prepare_refuses);
	tcase_add_test(tcase, test_life);
	tcase_add_test(tcase, test_duration);
	tcase_add_test(tcase, test_start_dies);
	tcase_add_test(tcase, test_stop_dies);
	tcase_add_test(tcase, test_stop_always);
	tcase_add_test(tcase, test_database_lost);
	tcase_add_test(tcase, test_status_fails);
	tcase_add_test(tcase, test_work);
	suite_add_tcase(suite, tcase);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
