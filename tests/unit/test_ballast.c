/*
 * test_ballast.c: the ballast is made, given up once, and made again.
 */
#include "config.h"

#include "core/store/ballast.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define PATH_BYTES 128

static char directory[64];

static void
make_directory(void)
{
	snprintf(directory, sizeof(directory), "/tmp/ak-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static long
size(void)
{
	char path[PATH_BYTES];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", directory, BALLAST_FILE);
	return stat(path, &status) == 0 ? (long)status.st_size : -1;
}

START_TEST(ballast_is_given_up_once)
{
	char path[PATH_BYTES];
	struct err err;

	ck_assert(!ballast_release(directory));
	for (int round = 0; round < 2; round++) {
		ck_assert_msg(ballast_keep(directory, &err) == 0, "%s", err.msg);
		ck_assert_int_eq(size(), BALLAST_BYTES);
		ck_assert(ballast_release(directory));
		ck_assert_int_eq(size(), 0);
		ck_assert(!ballast_release(directory));
	}
	snprintf(path, sizeof(path), "%s/%s", directory, BALLAST_FILE);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(directory), 0);
	ck_assert_int_eq(ballast_keep(directory, &err), -1);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = { ballast_is_given_up_once, NULL };

	return unit_main("ballast", make_directory, tests);
}
