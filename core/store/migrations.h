/*
 * migrations.h: the files of migrations/, embedded by migrations/embed.sh at build time.
 */
#ifndef CORE_STORE_MIGRATIONS_H
#define CORE_STORE_MIGRATIONS_H

#include <stddef.h>

struct migration {
	int version;			/* 1, 2, ... without gaps; PRAGMA user_version */
	const char *name;		/* "0001_executions" */
	const unsigned char *sql;	/* ends with a NUL that size does not count */
	size_t size;
};

extern const struct migration migrations[];
extern const size_t migrations_count;

#endif
