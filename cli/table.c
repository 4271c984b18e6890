/*
 * table.c: columns that line up.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "core/base/log.h"
#include "core/base/utf8.h"

#define TABLE_GAP 2		/* columns between two cells */
#define TABLE_NUMBER_BYTES 24

void
table_init(struct table *table, const char *const *headers)
{
	*table = (struct table){ .headers = headers };
	while (headers[table->columns] != NULL && table->columns < TABLE_COLUMNS_MAX)
		table->columns++;
}

void
table_cell(struct table *table, const char *text)
{
	char **cells = reallocarray(table->cells, table->count + 1, sizeof(*cells));

	if (cells == NULL)
		log_out_of_memory();
	table->cells = cells;
	cells[table->count++] = output_clean(text == NULL || *text == '\0' ? "-" : text);
}

void
table_cell_number(struct table *table, int64_t number)
{
	char text[TABLE_NUMBER_BYTES];

	snprintf(text, sizeof(text), "%" PRId64, number);
	table_cell(table, text);
}

/* Bytes of as many characters as fit into columns. */
static size_t
fit(const char *text, size_t columns)
{
	const char *end = text;
	size_t length;

	for (; *end != '\0' && columns > 0; columns--) {
		length = utf8_character(end, strlen(end));
		end += length == 0 ? 1 : length;
	}
	return (size_t)(end - text);
}

/* A line is at most room columns long; the last cell has nothing behind it. */
static void
print_line(const struct table *table, const char *const *cells, const size_t *widths,
    size_t room)
{
	size_t i, count, pad;

	for (i = 0; i < table->columns && room > 0; i++) {
		count = utf8_count(cells[i]);
		if (count > room)
			count = room;
		fwrite(cells[i], 1, fit(cells[i], count), stdout);
		room -= count;
		pad = i + 1 == table->columns ? 0 : widths[i] - count + TABLE_GAP;
		if (pad > room)
			pad = room;
		printf("%*s", (int)pad, "");
		room -= pad;
	}
}

void
table_print(const struct table *table)
{
	size_t widths[TABLE_COLUMNS_MAX], i, width;
	size_t room = output_terminal() ? output_columns() : SIZE_MAX;

	for (i = 0; i < table->columns; i++)
		widths[i] = utf8_count(table->headers[i]);
	for (i = 0; i < table->count; i++) {
		width = utf8_count(table->cells[i]);
		if (width > widths[i % table->columns])
			widths[i % table->columns] = width;
	}
	fputs(output_style(STYLE_STRONG), stdout);
	print_line(table, table->headers, widths, room);
	printf("%s\n", output_style(STYLE_PLAIN));
	for (i = 0; i + table->columns <= table->count; i += table->columns) {
		print_line(table, (const char *const *)table->cells + i, widths, room);
		putchar('\n');
	}
}

void
table_done(struct table *table)
{
	size_t i;

	for (i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	*table = (struct table){ .headers = NULL };
}
