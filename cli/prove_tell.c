/*
 * prove_tell.c: tells what `prove` tries and finds, people at once, programs at the end.
 */
#include "config.h"

#include "cli/prove_tell.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/output.h"
#include "cli/prove_trace.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/log.h"

#define TELL_REDRAW_MS 200
#define TELL_CLEAR "\r\033[K"

void
tell_init(struct prove_tell *tell, char *again)
{
	*tell = (struct prove_tell){
		.again = again, .begin_ms = clock_boot_ms(), .parts = json_new_array(),
		.violations = json_new_array(), .notes = json_new_array()
	};
}

void
tell_done(struct prove_tell *tell)
{
	json_object_put(tell->parts);
	json_object_put(tell->violations);
	json_object_put(tell->notes);
	free(tell->again);
}

void
tell_progress(struct prove_tell *tell, const char *format, ...)
{
	int64_t now_ms = clock_boot_ms();
	va_list values;

	if (tell->json || !output_terminal() || now_ms - tell->drawn_ms < TELL_REDRAW_MS)
		return;
	tell->drawn_ms = now_ms;
	tell->drawn = true;
	fputs(TELL_CLEAR, stdout);
	va_start(values, format);
	vprintf(format, values);
	va_end(values);
	fflush(stdout);
}

static void
clear(struct prove_tell *tell)
{
	if (tell->drawn)
		fputs(TELL_CLEAR, stdout);
	tell->drawn = false;
}

void
tell_note(struct prove_tell *tell, const char *format, ...)
{
	va_list values;
	char *text;

	va_start(values, format);
	if (vasprintf(&text, format, values) == -1)
		log_out_of_memory();
	va_end(values);
	clear(tell);
	json_append(tell->notes, json_new_string(text));
	if (!tell->json)
		printf("%s\n", text);
	fflush(stdout);
	free(text);
}

/* The command that shows it again; free() it. */
static char *
new_again(const struct prove_tell *tell, const struct part *part, long at)
{
	char *text;
	int length;

	if (part->scene != NULL)
		length = asprintf(&text, "%s --only %s", tell->again, part->name);
	else
		length = asprintf(&text, "%s --only %s:%ld", tell->again, part->name, at);
	if (length == -1)
		log_out_of_memory();
	return text;
}

static void
print_violation(const struct prove *prove, const struct part *part, long at, bool killed,
    long number)
{
	char *text;
	size_t i;

	for (i = 0; i < prove->wrong_count; i++) {
		text = output_clean(prove->wrong[i]);
		if (!killed)
			printf("  %s: %s\n", part->name, text);
		else if (prove->by_chance)
			printf("  %s: killed after %ld us: %s\n", part->name, number, text);
		else
			printf("  %s: killed at call %ld, %s: %s\n", part->name, at,
			    trace_call_name(number), text);
		free(text);
	}
	printf("    log and database: %s\n", prove->server.dir);
}

void
tell_violation(struct prove_tell *tell, const struct prove *prove, const struct part *part,
    long at, bool killed, long number)
{
	struct json_object *violation = json_new_object(), *wrong = json_new_array();
	char *again = prove->by_chance ? NULL : new_again(tell, part, at);
	size_t i;

	clear(tell);
	for (i = 0; i < prove->wrong_count; i++)
		json_append(wrong, json_new_string(prove->wrong[i]));
	json_add_string(violation, "part", part->name);
	if (killed && prove->by_chance)
		json_add_int(violation, "afterUs", number);
	if (killed && !prove->by_chance) {
		json_add_int(violation, "call", at);
		json_add_string(violation, "callName", trace_call_name(number));
	}
	json_add(violation, "wrong", wrong);
	json_add_string(violation, "directory", prove->server.dir);
	json_add_string(violation, "again", again);
	json_append(tell->violations, violation);
	if (!tell->json) {
		print_violation(prove, part, at, killed, number);
		if (again != NULL)
			printf("    again: %s\n", again);
		fflush(stdout);
	}
	free(again);
}

static void
print_part(const struct part_end *end)
{
	if (end->points == -1) {
		printf("%-46s %s\n", end->title, end->violations == 0 ? "good" : "1 violation");
		return;
	}
	printf("%-46s %5ld points, %ld violations%s", end->title, end->points, end->violations,
	    end->cut ? ", no more were looked for" : "");
	if (end->every > 1)
		printf(", every %ldth call", end->every);
	putchar('\n');
}

void
tell_part(struct prove_tell *tell, const struct part_end *end)
{
	struct json_object *part = json_new_object();

	clear(tell);
	json_add_string(part, "name", end->name);
	json_add_string(part, "title", end->title);
	if (end->points != -1)
		json_add_int(part, "points", end->points);
	json_add_int(part, "violations", end->violations);
	if (end->points != -1) {
		json_add_int(part, "everyNthCall", end->every);
		json_add_bool(part, "cut", end->cut);
	}
	json_append(tell->parts, part);
	if (!tell->json)
		print_part(end);
	fflush(stdout);
}

void
tell_end(struct prove_tell *tell, const char *action, long points, long violations)
{
	int64_t took_ms = clock_boot_ms() - tell->begin_ms;
	char took[OUTPUT_AGE_BYTES];
	struct json_object *end;

	clear(tell);
	if (!tell->json) {
		output_age(took_ms, took);
		printf("%s: %ld kill points, %ld violations, %s\n", action, points, violations,
		    took);
		return;
	}
	end = json_new_object();
	json_add_string(end, "action", action);
	json_add_int(end, "killPoints", points);
	json_add_int(end, "violationCount", violations);
	json_add_bool(end, "interrupted", prove_interrupted());
	json_add_int(end, "tookMs", took_ms);
	json_add(end, "parts", json_object_get(tell->parts));
	json_add(end, "violations", json_object_get(tell->violations));
	json_add(end, "notes", json_object_get(tell->notes));
	output_json(end);
}
