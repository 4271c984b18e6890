/*
 * output.h: what is printed for people and for programs.
 *
 * Colours, lines that fit and everything else that moves a cursor are for a terminal only. All
 * that others may have said passes through output_clean(), here and in errors: it can neither
 * move the cursor nor make other text look different.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/actionkit.h"
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

/* How many columns a text takes that is clean. */
size_t output_width(const char *text);

/* How many bytes of its beginning fit into so many columns. */
size_t output_fit(const char *text, size_t columns);

/*
 * A copy of text in one line, owned: what utf8_is_unseen() is escaped, and what is no UTF-8
 * replaced. On a terminal for other characters than UTF-8's, all beyond ASCII is escaped: its
 * bytes may be controls there.
 */
char *output_clean(const char *text);
/* The same of at most so many bytes; what is left out is counted at the end. */
char *output_clean_most(const char *text, size_t max_bytes);
/* Prints text that way; NULL as "-". */
void output_text(const char *text);

/* Prints a line to standard error, cleaned. */
void output_error(const char *format, ...) AK_PRINTF(1, 2);

/* Prints JSON in one line, and releases it. What utf8_is_unseen() is escaped in it. */
void output_json(struct json_object *value);

/* Time as people say it: "850ms", "12s", "3m12s", "5h3m", "2d4h". Not negative. */
void output_age(int64_t ms, char ret_text[OUTPUT_AGE_BYTES]);

/*
 * A table: cells are copied, row by row. The header is always printed, so that a program can
 * count on it.
 *
 * Where a terminal is too narrow, ids are shortened first; then, from the left, the columns
 * that still fit stay. The values of the others stand below their row, each behind the name of
 * its column. So no value is ever cut.
 */
#define TABLE_COLUMNS_MAX 10

struct table_cell {
	char *text;			/* owned */
	size_t enough;			/* its first bytes that stand for it; 0: all */
};

struct table {
	const char *const *headers;	/* NULL ends them */
	size_t columns;
	struct table_cell *cells;
	size_t count;
};

void table_init(struct table *table, const char *const *headers);
void table_cell(struct table *table, const char *text);
/* An id whose first bytes (enough) are unique; NULL: not known to be. */
void table_cell_id(struct table *table, const char *id, const char *enough);
void table_cell_number(struct table *table, int64_t number);
void table_print(const struct table *table);
void table_done(struct table *table);

#endif
