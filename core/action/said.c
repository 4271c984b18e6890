/*
 * said.c: what a program says on one of its outputs, as text or as messages. Persists nothing.
 */
#include "config.h"

#include "core/action/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/text.h"

static void
keep_text(struct said *said, const char *text, size_t length)
{
	char *longer;

	if (length > AK_EXEC_TEXT_BYTES_MAX - said->length) {
		said->too_much = true;
		return;
	}
	longer = realloc(said->text, said->length + length + 1);
	if (longer == NULL)
		log_out_of_memory();
	said->text = longer;
	memcpy(longer + said->length, text, length);
	said->length += length;
	longer[said->length] = '\0';
}

static void
tell_times(const struct said *said, const struct said_line *line)
{
	if (said->how == AK_EXEC_MESSAGES && line->times > 1)
		ak_message(said->call, said->level, "%s (said %zu times)", line->text,
		    line->times);
}

/* Whether it was said before. */
static bool
know_again(struct said *said, const char *text)
{
	for (size_t i = 0; i < said->known_count; i++) {
		if (strcmp(said->known[i].text, text) != 0)
			continue;
		said->known[i].times++;
		return true;
	}
	if (said->known_count == SAID_KNOWN_MAX) {
		tell_times(said, &said->known[0]);
		free(said->known[0].text);
		memmove(&said->known[0], &said->known[1],
		    (SAID_KNOWN_MAX - 1) * sizeof(said->known[0]));
		said->known_count--;
	}
	said->known[said->known_count++] = (struct said_line){
		.text = text_repair(text, strlen(text)), .times = 1
	};
	return false;
}

static void
end_line(struct said *said)
{
	char text[SAID_LINE_BYTES + 1];
	size_t length = said->line_length;

	said->line_length = 0;
	if (length > 0 && said->line[length - 1] == '\r')
		length--;
	if (length == 0)
		return;
	memcpy(text, said->line, length);
	text[length] = '\0';
	if (said->once && know_again(said, text))
		return;
	if (said->how == AK_EXEC_MESSAGES && said->lines++ < SAID_LINES_MAX)
		ak_message(said->call, said->level, "%s", text);
}

static void
add_to_line(struct said *said, const char *text, size_t length)
{
	size_t room = sizeof(said->line) - said->line_length;

	memcpy(said->line + said->line_length, text, length < room ? length : room);
	said->line_length += length < room ? length : room;
}

void
said_add(struct said *said, const char *text, size_t length)
{
	const char *end;

	tail_add(said->tail, text, length);
	if (said->how == AK_EXEC_TEXT)
		keep_text(said, text, length);
	if (said->how != AK_EXEC_MESSAGES && !said->once)
		return;
	while ((end = memchr(text, '\n', length)) != NULL) {
		add_to_line(said, text, (size_t)(end - text));
		end_line(said);
		length -= (size_t)(end - text) + 1;
		text = end + 1;
	}
	add_to_line(said, text, length);
}

void
said_end(struct said *said)
{
	end_line(said);
	for (size_t i = 0; i < said->known_count; i++)
		tell_times(said, &said->known[i]);
	if (said->how == AK_EXEC_MESSAGES && said->lines > SAID_LINES_MAX)
		ak_message(said->call, said->level, "... and %zu more lines",
		    said->lines - SAID_LINES_MAX);
}

/* Appends a line where it has room. */
static size_t
add_detail(char *text, size_t used, const struct said_line *line)
{
	const char *between = used == 0 ? "" : "\n";
	size_t left = SAID_DETAIL_BYTES - used;
	int length;

	if (line->times > 1)
		length = snprintf(text + used, left, "%s%s (said %zu times)", between,
		    line->text, line->times);
	else
		length = snprintf(text + used, left, "%s%s", between, line->text);
	return length < 0 || (size_t)length >= left ? SAID_DETAIL_BYTES - 1 :
	    used + (size_t)length;
}

/* What a line takes in the detail, at most. */
static size_t
size_of(const struct said_line *line)
{
	return strlen(line->text) + sizeof("\n (said 18446744073709551615 times)");
}

void
said_detail(const struct said *said, char ret_text[SAID_DETAIL_BYTES])
{
	size_t first = said->known_count, used = 0;

	ret_text[0] = '\0';
	/* The last ones that have room together, and the very last one whatever it takes. */
	while (first > 0 && used + size_of(&said->known[first - 1]) < SAID_DETAIL_BYTES)
		used += size_of(&said->known[--first]);
	if (first == said->known_count && first > 0)
		first--;
	used = 0;
	for (size_t i = first; i < said->known_count; i++)
		used = add_detail(ret_text, used, &said->known[i]);
}

void
said_done(struct said *said)
{
	for (size_t i = 0; i < said->known_count; i++)
		free(said->known[i].text);
	said->known_count = 0;
}
