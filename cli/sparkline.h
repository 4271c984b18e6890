/*
 * sparkline.h: a metric in one line.
 */
#ifndef CLI_SPARKLINE_H
#define CLI_SPARKLINE_H

#include <stddef.h>

#define SERIES_SHOWN 60			/* the newest values */

struct series {
	char *name;			/* owned */
	double values[SERIES_SHOWN];	/* a ring */
	size_t count;			/* all that were added */
	double least, most, last;
};

/* A value that is finite. */
void series_add(struct series *series, double value);
/* Name, line, least, most and last value. */
void series_print(const struct series *series);
void series_done(struct series *series);

#endif
