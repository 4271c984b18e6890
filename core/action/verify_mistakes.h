/*
 * verify_mistakes.h: what verify.c and its parts stand on: where we are, the list of mistakes, and
 * the checks of what all tables have.
 */
#ifndef CORE_ACTION_VERIFY_MISTAKES_H
#define CORE_ACTION_VERIFY_MISTAKES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/actionkit.h"

#define VERIFY_WHERE_BYTES 1024

struct verify {
	void (*report)(void *context, const char *mistake);
	void *context;
	size_t mistakes;
	bool endless;			/* a table has no end: nothing goes over tables again */
	char where[VERIFY_WHERE_BYTES];	/* "org.example.x: parameter \"pid\": " */
};

/* Reports a mistake, with where we are before it. */
void verify_mistake(struct verify *verify, const char *format, ...) AK_PRINTF(2, 3);

/* Goes one step in; returns what verify_leave() wants to get out again. */
size_t verify_enter(struct verify *verify, const char *format, ...) AK_PRINTF(2, 3);
void verify_leave(struct verify *verify, size_t outer);

/*
 * Checks that a text is there, if it must be, is UTF-8, and has at most max characters. An
 * empty one is as good as none. Returns whether all is well.
 */
bool verify_text(struct verify *verify, const char *member, const char *text,
    bool required, size_t max);

/*
 * Checks that an enum is 0, which is absent, or one of 1 to last. Returns whether all is well.
 */
bool verify_enum(struct verify *verify, const char *member, int value, int last);

/* Reports that a row (from 0 on) of a table is none, because the table's end is missing. */
void verify_no_row(struct verify *verify, size_t row, const char *what, const char *end);

/*
 * Whether that row can be one: what is behind a table without an end is something else, whose
 * numbers are hardly ever addresses that can be read, or goes on for too long. Else that is
 * reported, and the table is over. pointers are those that the row has; what: "an option".
 */
#define VERIFY_IS_ROW(verify_, row_, what_, end_, ...) \
	verify_is_row(verify_, (size_t)(row_), what_, end_, (const void *const[]){ __VA_ARGS__ }, \
	    sizeof((const void *const[]){ __VA_ARGS__ }) / sizeof(const void *))
bool verify_is_row(struct verify *verify, size_t row, const char *what, const char *end,
    const void *const *pointers, size_t count);

/* A hint, which may be absent. */
void verify_hint(struct verify *verify, const struct ak_hint *hint);

#endif
