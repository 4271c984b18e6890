/*
 * program.h: begins programs that are not ours.
 */
#ifndef CORE_BASE_PROGRAM_H
#define CORE_BASE_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/* Where programs are looked for, never in a PATH that was inherited. */
#define PROGRAM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Borrowed; the descriptors stay the caller's. */
struct program {
	const char *path;		/* absolute */
	const char *const *argv;	/* both end with NULL */
	const char *const *environment;
	const char *directory;		/* where it begins */
	int input, output, errors;	/* its standard descriptors */
	int kept;			/* one more that it inherits, or -1 */
};

/*
 * The file of a program, by a name without slash or an absolute path. Whether there is one that
 * may be executed; if not, errno.
 */
bool program_find(const char *name, char ret_path[PATH_MAX]);

/*
 * Executes it in a process group of its own, with default signals and nothing else open. It dies
 * with the process that calls, but for what it has forked itself. Returns its pid, to be waited
 * for, or -1 and errno.
 */
pid_t program_begin(const struct program *program);

#endif
