/*
 * table.c: columns that line up, and what becomes of those that have no room.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "core/base/log.h"
#include "core/base/utf8.h"

#define TABLE_GAP 2		/* columns between two cells, and before what is below a row */
#define TABLE_NUMBER_BYTES 24
#define TABLE_NOTHING "-"

/* How a table is printed. */
struct layout {
	size_t room;			/* columns of a line */
	bool shortened;			/* ids are */
	bool below[TABLE_COLUMNS_MAX];	/* which columns have no room in the row */
	size_t widths[TABLE_COLUMNS_MAX];
	size_t last;			/* column of the row: nothing stands behind it */
};

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
	struct table_cell *cells = reallocarray(table->cells, table->count + 1,
	    sizeof(*cells));

	if (cells == NULL)
		log_out_of_memory();
	table->cells = cells;
	cells[table->count++] = (struct table_cell){
		.text = output_clean(text == NULL || *text == '\0' ? TABLE_NOTHING : text)
	};
}

void
table_cell_id(struct table *table, const char *id, const char *enough)
{
	table_cell(table, id);
	if (id != NULL && enough != NULL)
		table->cells[table->count - 1].enough = strlen(enough);
}

void
table_cell_number(struct table *table, int64_t number)
{
	char text[TABLE_NUMBER_BYTES];

	snprintf(text, sizeof(text), "%" PRId64, number);
	table_cell(table, text);
}

/* Bytes of a cell as it is shown. */
static size_t
shown_bytes(const struct table_cell *cell, const struct layout *layout)
{
	size_t length = strlen(cell->text);

	return layout->shortened && cell->enough > 0 && cell->enough < length ?
	    cell->enough : length;
}

/* Ids are ASCII. */
static size_t
shown_width(const struct table_cell *cell, const struct layout *layout)
{
	size_t bytes = shown_bytes(cell, layout);

	return cell->text[bytes] == '\0' ? output_width(cell->text) : bytes;
}

/* Of each column; returns that of a whole line. */
static size_t
measure(const struct table *table, struct layout *layout)
{
	size_t i, width, sum = 0;

	for (i = 0; i < table->columns; i++)
		layout->widths[i] = output_width(table->headers[i]);
	for (i = 0; i < table->count; i++) {
		width = shown_width(&table->cells[i], layout);
		if (width > layout->widths[i % table->columns])
			layout->widths[i % table->columns] = width;
	}
	for (i = 0; i < table->columns; i++)
		sum += layout->widths[i] + (i == 0 ? 0 : TABLE_GAP);
	return sum;
}

static void
arrange(const struct table *table, struct layout *layout)
{
	size_t i, used;

	if (measure(table, layout) > layout->room) {
		layout->shortened = true;
		measure(table, layout);
	}
	used = layout->widths[0];
	for (i = 1; i < table->columns; i++) {
		layout->below[i] = used + TABLE_GAP + layout->widths[i] > layout->room;
		if (layout->below[i])
			continue;
		used += TABLE_GAP + layout->widths[i];
		layout->last = i;
	}
}

static void
pad(size_t columns)
{
	printf("%*s", (int)columns, "");
}

static void
print_header(const struct table *table, const struct layout *layout)
{
	size_t i;

	fputs(output_style(STYLE_STRONG), stdout);
	for (i = 0; i < table->columns; i++) {
		if (layout->below[i])
			continue;
		fputs(table->headers[i], stdout);
		if (i != layout->last)
			pad(layout->widths[i] - output_width(table->headers[i]) + TABLE_GAP);
	}
	printf("%s\n", output_style(STYLE_PLAIN));
}

/* Bytes of the beginning of a text for a line of so many columns: some, whole words if possible. */
static size_t
line_bytes(const char *text, size_t columns)
{
	size_t end = output_fit(text, columns), word = end;

	while (text[end] != '\0' && word > 0 && text[word] != ' ')
		word--;
	if (word > 0)
		return word;
	return end > 0 ? end : utf8_character(text, strlen(text));
}

/*
 * A value that has no room in its row: behind the name of its column, in lines of its own, unless
 * they were so short that the terminal had better break them.
 */
static void
print_below(const char *header, const char *text, size_t room)
{
	size_t indent = output_width(header) + 2 * TABLE_GAP, bytes;
	size_t line = room < 2 * indent ? SIZE_MAX : room - indent;

	pad(TABLE_GAP);
	printf("%s%s%s", output_style(STYLE_STRONG), header, output_style(STYLE_PLAIN));
	pad(TABLE_GAP);
	for (; *text != '\0'; text += bytes + strspn(text + bytes, " ")) {
		bytes = line_bytes(text, line);
		fwrite(text, 1, bytes, stdout);
		putchar('\n');
		if (text[bytes + strspn(text + bytes, " ")] != '\0')
			pad(indent);
	}
}

static void
print_row(const struct table *table, const struct layout *layout,
    const struct table_cell *cells)
{
	size_t i;

	for (i = 0; i < table->columns; i++) {
		if (layout->below[i])
			continue;
		fwrite(cells[i].text, 1, shown_bytes(&cells[i], layout), stdout);
		if (i != layout->last)
			pad(layout->widths[i] - shown_width(&cells[i], layout) + TABLE_GAP);
	}
	putchar('\n');
	for (i = 0; i < table->columns; i++)
		if (layout->below[i] && strcmp(cells[i].text, TABLE_NOTHING) != 0)
			print_below(table->headers[i], cells[i].text, layout->room);
}

void
table_print(const struct table *table)
{
	struct layout layout = {
		.room = output_terminal() ? output_columns() : SIZE_MAX
	};
	size_t i;

	arrange(table, &layout);
	print_header(table, &layout);
	for (i = 0; i + table->columns <= table->count; i += table->columns)
		print_row(table, &layout, table->cells + i);
}

void
table_done(struct table *table)
{
	size_t i;

	for (i = 0; i < table->count; i++)
		free(table->cells[i].text);
	free(table->cells);
	*table = (struct table){ .headers = NULL };
}
