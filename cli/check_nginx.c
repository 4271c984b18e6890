/*
 * check_nginx.c: reads nginx's configuration for what concerns our socket. Knows of its language
 * what that takes: words, quotes, comments, blocks, include. Persists nothing.
 */
#include "config.h"

#include "cli/check_nginx.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "core/base/duration.h"

#define WORD_BYTES 512
#define WORDS_MAX 3			/* of a directive, those behind are of no interest */
#define BLOCKS_MAX 32
#define INCLUDES_MAX 16			/* files that include each other */
#define PASSES_MAX 128
#define READ_TIMEOUT_MS 60000		/* where nothing is said */

struct block {
	char upstream[WORD_BYTES];	/* the name of one; or "" */
	char pass[WORD_BYTES];		/* of fastcgi_pass; or "" */
	int64_t read_ms;		/* -1: not said here */
	size_t first;			/* of the passes that are in it */
};

struct pass {
	char to[WORD_BYTES];
	int64_t read_ms;		/* -1: not said in the blocks around it that were read */
};

struct reading {
	const char *socket;
	char folder[WORD_BYTES];	/* of the first file: where includes are looked for */
	char words[WORDS_MAX][WORD_BYTES];
	size_t words_count;
	struct block blocks[BLOCKS_MAX];
	size_t depth, includes;
	char upstream[WORD_BYTES];	/* that leads to our socket */
	struct pass passes[PASSES_MAX];
	size_t passes_count;
};

/* "1h30m", "500ms", "60" are times of nginx: seconds where there is no unit. 0 of another text. */
static int64_t
read_time(const char *text)
{
	char with_unit[WORD_BYTES + 1];
	size_t length = strlen(text);
	int64_t ms;

	snprintf(with_unit, sizeof(with_unit), "%s%s", text,
	    length > 0 && isdigit((unsigned char)text[length - 1]) ? "s" : "");
	return duration_parse(with_unit, &ms) == -1 ? 0 : ms;
}

static bool
is_our_socket(const struct reading *reading, const char *address)
{
	return strncmp(address, "unix:", strlen("unix:")) == 0 &&
	    strcmp(address + strlen("unix:"), reading->socket) == 0;
}

static void read_file(struct reading *reading, const char *path);

static void
read_included(struct reading *reading, const char *pattern)
{
	char path[2 * WORD_BYTES];
	glob_t found;
	size_t i;

	snprintf(path, sizeof(path), "%s%s%s", *pattern == '/' ? "" : reading->folder,
	    *pattern == '/' ? "" : "/", pattern);
	if (glob(path, 0, NULL, &found) != 0)
		return;
	for (i = 0; i < found.gl_pathc; i++)
		read_file(reading, found.gl_pathv[i]);
	globfree(&found);
}

/* A directive that ends with ";". */
static void
take_directive(struct reading *reading)
{
	const char *name = reading->words[0];
	struct block *block = &reading->blocks[reading->depth];
	char value[WORD_BYTES];

	if (reading->words_count < 2)
		return;
	memcpy(value, reading->words[1], sizeof(value));
	if (strcmp(name, "include") == 0)
		read_included(reading, value);
	else if (strcmp(name, "fastcgi_read_timeout") == 0)
		block->read_ms = read_time(value);
	else if (strcmp(name, "fastcgi_pass") == 0)
		snprintf(block->pass, sizeof(block->pass), "%s", value);
	else if (strcmp(name, "server") == 0 && *block->upstream != '\0' &&
	    is_our_socket(reading, value))
		memcpy(reading->upstream, block->upstream, sizeof(reading->upstream));
}

static void
begin_block(struct reading *reading)
{
	struct block *block;

	if (reading->depth + 1 == BLOCKS_MAX)
		return;
	block = &reading->blocks[++reading->depth];
	*block = (struct block){ .read_ms = -1, .first = reading->passes_count };
	if (reading->words_count > 1 && strcmp(reading->words[0], "upstream") == 0)
		snprintf(block->upstream, sizeof(block->upstream), "%s", reading->words[1]);
}

/* Its time holds for what is in it and has none of its own, wherever it stands. */
static void
end_block(struct reading *reading)
{
	const struct block *block = &reading->blocks[reading->depth];
	size_t i;

	if (*block->pass != '\0' && reading->passes_count < PASSES_MAX) {
		memcpy(reading->passes[reading->passes_count].to, block->pass, WORD_BYTES);
		reading->passes[reading->passes_count++].read_ms = -1;
	}
	for (i = block->first; i < reading->passes_count; i++)
		if (reading->passes[i].read_ms < 0)
			reading->passes[i].read_ms = block->read_ms;
	if (reading->depth > 0)
		reading->depth--;
}

static void
take_word(struct reading *reading, const char *word)
{
	if (*word == '\0')
		return;
	if (reading->words_count < WORDS_MAX)
		snprintf(reading->words[reading->words_count++], WORD_BYTES, "%s", word);
}

/* To the end of a quoted word, or of a comment. */
static void
read_on(FILE *file, int end, char *word, size_t *length)
{
	int c;

	while ((c = getc(file)) != EOF && c != end) {
		if (c == '\\' && end != '\n')
			c = getc(file);
		if (word != NULL && c != EOF && *length < WORD_BYTES - 1)
			word[(*length)++] = (char)c;
	}
}

static void
take_mark(struct reading *reading, int mark)
{
	if (mark == ';')
		take_directive(reading);
	else if (mark == '{')
		begin_block(reading);
	else
		end_block(reading);
	reading->words_count = 0;
}

static void
read_file(struct reading *reading, const char *path)
{
	char word[WORD_BYTES];
	size_t length = 0;
	FILE *file;
	int c;

	if (reading->includes == INCLUDES_MAX || (file = fopen(path, "re")) == NULL)
		return;
	reading->includes++;
	reading->words_count = 0;
	while ((c = getc(file)) != EOF) {
		if (!isspace(c) && strchr(";{}#", c) == NULL) {
			if (c == '"' || c == '\'')
				read_on(file, c, word, &length);
			else if (length < WORD_BYTES - 1)
				word[length++] = (char)c;
			continue;
		}
		word[length] = '\0';
		take_word(reading, word);
		length = 0;
		if (c == '#')
			read_on(file, '\n', NULL, &length);
		else if (!isspace(c))
			take_mark(reading, c);
	}
	fclose(file);
	reading->includes--;
}

bool
check_nginx(const char *file, const char *socket, int64_t *ret_read_ms)
{
	static struct reading reading;
	const struct pass *pass;
	bool found = false;
	const char *slash = strrchr(file, '/');
	size_t i;

	reading = (struct reading){ .socket = socket };
	reading.blocks[0].read_ms = READ_TIMEOUT_MS;
	snprintf(reading.folder, sizeof(reading.folder), "%.*s",
	    slash == NULL ? 1 : (int)(slash - file), slash == NULL ? "." : file);
	read_file(&reading, file);
	reading.depth = 0;
	end_block(&reading);
	for (i = 0; i < reading.passes_count; i++) {
		pass = &reading.passes[i];
		if (!is_our_socket(&reading, pass->to) &&
		    (*reading.upstream == '\0' || strcmp(pass->to, reading.upstream) != 0))
			continue;
		if (!found || pass->read_ms < *ret_read_ms)
			*ret_read_ms = pass->read_ms;
		found = true;
	}
	return found;
}
