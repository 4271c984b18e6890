/*
 * sparkline.c: draws the newest values of a metric with eight heights.
 */
#include "config.h"

#include "cli/sparkline.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/output.h"

#define HEIGHTS 8

static const char *const bars[HEIGHTS] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char *const ascii[HEIGHTS] = { "_", ".", "-", "~", "=", "+", "*", "#" };

void
series_add(struct series *series, double value)
{
	value += 0.0;		/* -0 */
	if (series->count == 0 || value < series->least)
		series->least = value;
	if (series->count == 0 || value > series->most)
		series->most = value;
	series->last = value;
	series->values[series->count++ % SERIES_SHOWN] = value;
}

/* By halves: the range of two finite values may be infinite. */
static int
height_of(const struct series *series, double value)
{
	double range = series->most / 2 - series->least / 2;
	double part = range > 0 ? (value / 2 - series->least / 2) / range : 0;

	return part >= 1 ? HEIGHTS - 1 : part > 0 ? (int)(part * (HEIGHTS - 1)) : 0;
}

void
series_print(const struct series *series)
{
	const char *const *heights = output_unicode() ? bars : ascii;
	size_t i = series->count > SERIES_SHOWN ? series->count - SERIES_SHOWN : 0;
	int height;

	output_text(series->name);
	putchar(' ');
	for (; i < series->count; i++) {
		height = height_of(series, series->values[i % SERIES_SHOWN]);
		fputs(heights[height], stdout);
	}
	printf(" min %g max %g last %g\n", series->least, series->most, series->last);
}

void
series_done(struct series *series)
{
	free(series->name);
}
