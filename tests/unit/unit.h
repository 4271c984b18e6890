/*
 * unit.h: the main() of a unit test.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <stddef.h>

#include <check.h>

#define UNIT_COUNT(table_) (sizeof(table_) / sizeof((table_)[0]))

/*
 * Runs the tests (a list that ends with NULL), each in a process of its own and after setup()
 * (may be NULL), and reports them as TAP. Returns what main() returns.
 */
static inline int
unit_main(const char *name, void (*setup)(void), const TTest *const tests[])
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner;
	int failed;

	if (setup != NULL)
		tcase_add_checked_fixture(tcase, setup, NULL);
	for (; *tests != NULL; tests++)
		tcase_add_test(tcase, *tests);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}

#endif
