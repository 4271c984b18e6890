/*
 * prove_tell.h: what `prove` shows: a line for each part and for what is wrong, as it comes, with a
 * line of progress on a terminal; or one JSON object at its end.
 */
#ifndef CLI_PROVE_TELL_H
#define CLI_PROVE_TELL_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/prove.h"

struct prove_tell {
	bool json;
	char *again;			/* the command line up to --only, owned */
	/* Private from here on. */
	bool drawn;			/* a line of progress is there */
	int64_t begin_ms, drawn_ms;	/* boot time */
	struct json_object *parts, *violations, *notes; /* for programs */
};

void tell_init(struct prove_tell *tell, char *again);
void tell_done(struct prove_tell *tell);

/* A line of progress, not more often than eyes can follow. */
void tell_progress(struct prove_tell *tell, const char *format, ...) AK_PRINTF(2, 3);

/* A line about all of it. */
void tell_note(struct prove_tell *tell, const char *format, ...) AK_PRINTF(2, 3);

/*
 * What a try has shown: where it was, what is wrong, and how to see that again. at and number as of
 * point_try().
 */
void tell_violation(struct prove_tell *tell, const struct prove *prove, const struct part *part,
    long at, bool killed, long number);

/* How a part ended. */
struct part_end {
	const char *name, *title;
	long points;			/* kills; -1: the part has none */
	long violations;
	long every;			/* call was tried; 1: all */
	bool cut;			/* it has shown enough, and no more was looked for */
};
void tell_part(struct prove_tell *tell, const struct part_end *end);

/* The end of all. */
void tell_end(struct prove_tell *tell, const char *action, long points, long violations);

#endif
