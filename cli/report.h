/*
 * report.h: what a run shows: messages as they come, a line of progress on a terminal, and
 * metrics and the result at its end; or one JSON object at its end.
 *
 * However much an extension says, it fits into some memory and some time; what was left out is
 * said at the end.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/kept.h"
#include "cli/metrics.h"
#include "cli/output.h"
#include "core/base/json.h"

struct report {
	bool json;
	const char *artifacts_dir;	/* NULL: they are not kept */
	const char *phase;		/* borrowed: "starting" */
	int64_t begin_ms;		/* boot time */
	int64_t start_ms;		/* boot time of its start; 0: not yet */
	int64_t duration_ms;		/* 0: not known */
	int64_t sent_bytes, total_bytes; /* of an upload */
	/* Private from here on. */
	bool terminal;
	bool drawn;			/* a line of progress is there */
	int64_t drawn_ms;
	char *last;			/* the last message */
	struct metrics series;		/* for people */
	struct kept messages, metrics, artifacts, modifications; /* for programs */
	size_t budget;			/* bytes that these may still take */
	int64_t messages_left_out, modifications_left_out; /* not shown */
	int64_t artifact_bytes;		/* that were kept */
	struct json_object *summary;
};

void report_init(struct report *report, bool json, const char *artifacts_dir);
void report_done(struct report *report);

/* Takes messages, metrics, artifacts, modifications and summary from a result of the protocol. */
void report_result(struct report *report, struct json_object *result);

/* A line of our own, in the style of a message of that level ("warn", "error"). */
void report_say(struct report *report, const char *level, const char *format, ...)
    AK_PRINTF(3, 4);

/* Draws the line of progress anew, not more often than eyes can follow. */
void report_progress(struct report *report);

/* The end: outcome is "passed", and so on; error (borrowed) may be NULL. */
void report_end(struct report *report, const char *action, const char *execution,
    const char *outcome, enum style style, struct json_object *error);

#endif
