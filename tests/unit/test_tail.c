/*
 * test_tail.c: the last bytes of an output, in rings of every size, written in parts of every size.
 */
#include "config.h"

#include "core/action/tail.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#define TEXT "abcdefghijklmnopqrstuvwxyz"

START_TEST(test_all)
{
	size_t length = strlen(TEXT), room, part, written, kept, size;

	for (room = 1; room <= length + 1; room++) {
		for (part = 1; part <= length; part++) {
			struct tail tail = { .room = room };
			char *text;

			for (written = 0; written + part <= length; written += part)
				tail_add(&tail, TEXT + written, part);
			tail_add(&tail, TEXT + written, length - written);
			kept = room < length ? room : length;
			text = tail_take(&tail, &size);
			ck_assert_uint_eq(size, kept);
			ck_assert_str_eq(text, TEXT + length - kept);
			free(text);
			ck_assert_ptr_null(tail_take(&tail, &size));
			ck_assert_uint_eq(size, 0);
		}
	}
}
END_TEST

START_TEST(test_none)
{
	struct tail tail = { .room = 0 };
	size_t size;

	tail_add(&tail, TEXT, strlen(TEXT));
	ck_assert_ptr_null(tail_take(&tail, &size));
	tail.room = 1;
	tail_add(&tail, TEXT, 0);
	ck_assert_ptr_null(tail_take(&tail, &size));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = { test_all, test_none, NULL };

	return unit_main("tail", NULL, tests);
}
