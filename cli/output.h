/*
 * output.h: what is printed for people and for programs.
 *
 * Colours, cut lines and everything else that moves a cursor are for a terminal only. Texts
 * of others cannot move it: their control characters are shown as escapes.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/json.h"

enum style {
	STYLE_PLAIN,		/* ends any other */
	STYLE_STRONG,
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD
};

#define OUTPUT_AGE_BYTES 32

/* Whether standard output is a terminal that understands escape sequences. */
bool output_terminal(void);
/* Its width in columns. */
size_t output_columns(void);
/* The escape sequence of a style; empty where there are no colours. */
const char *output_style(enum style style);
/* Whether people see characters beyond ASCII. */
bool output_unicode(void);

/* A copy of text in one line: control characters escaped, no invalid UTF-8; owned. */
char *output_clean(const char *text);
/* Prints text that way; NULL as "-". */
void output_text(const char *text);

/* Prints JSON in one line, and releases it. */
void output_json(struct json_object *value);

/* Time as people say it: "850ms", "12s", "3m12s", "5h3m", "2d4h". Not negative. */
void output_age(int64_t ms, char ret_text[OUTPUT_AGE_BYTES]);

/*
 * A table: cells are copied, row by row. On a terminal lines are cut at its width; the
 * header is always printed, so that a program can count on it.
 */
#define TABLE_COLUMNS_MAX 10

struct table {
	const char *const *headers;	/* NULL ends them */
	size_t columns;
	char **cells;
	size_t count;
};

void table_init(struct table *table, const char *const *headers);
void table_cell(struct table *table, const char *text);
void table_cell_number(struct table *table, int64_t number);
void table_print(const struct table *table);
void table_done(struct table *table);

#endif
