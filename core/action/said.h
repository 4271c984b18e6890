/*
 * said.h: what a program says on one of its outputs.
 */
#ifndef CORE_ACTION_SAID_H
#define CORE_ACTION_SAID_H

#include <stdbool.h>
#include <stddef.h>

#include "core/action/tail.h"
#include "core/actionkit.h"

/* Of a line, what is beyond is left out. */
#define SAID_LINE_BYTES 4096
/* That are told one by one; more are only counted. */
#define SAID_LINES_MAX 1000
/* So many different lines are known again; these are what an error has as its detail. */
#define SAID_KNOWN_MAX 32
#define SAID_DETAIL_BYTES 2048

/* A line, and how often it was said. */
struct said_line {
	char *text;
	size_t times;
};

struct said {
	struct ak_call *call;
	enum ak_exec_output how;
	enum ak_level level;		/* of the messages */
	char *text;			/* all of it, for AK_EXEC_TEXT; or NULL */
	size_t length;
	bool too_much;			/* more than AK_EXEC_TEXT_BYTES_MAX */
	struct tail *tail;		/* takes all of it as well */
	char line[SAID_LINE_BYTES];	/* the one that has not ended */
	size_t line_length;
	size_t lines;			/* told, or counted */
	bool once;			/* lines that are equal are told once */
	struct said_line known[SAID_KNOWN_MAX];	/* the last ones, oldest first */
	size_t known_count;
};

void said_add(struct said *said, const char *text, size_t length);

/* There is no more: tells the last line, and what was only counted. */
void said_end(struct said *said);

/* The last lines, each with how often it was said; "" if there are none. */
void said_detail(const struct said *said, char ret_text[SAID_DETAIL_BYTES]);

/* Frees it, but for text. */
void said_done(struct said *said);

#endif
