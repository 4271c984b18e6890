/*
 * coverage.h: in a coverage build, lets all processes of a server write their counters.
 *
 * A process counts in its own memory. libgcov adds that to the files of all when the process
 * forks, executes or exits; coverage_follow() does so when somebody asks, coverage_dump()
 * where a process ends otherwise. What a process that is killed has counted since is lost.
 *
 * In other builds all of this is nothing.
 */
#ifndef CORE_BASE_COVERAGE_H
#define CORE_BASE_COVERAGE_H

#include <stdint.h>

#include "core/base/err.h"

#ifdef ENABLE_COVERAGE

/*
 * From now on this process, and those it forks, write below state_dir/coverage/BUILD, unless
 * GCOV_PREFIX says where. build names the program: another one has files of its own. Returns
 * 0, or -1 and err.
 */
int coverage_begin(const char *state_dir, const char *build, struct err *err);

/* Where the files are, below it by the names of the object files; NULL: GCOV_PREFIX rules. */
const char *coverage_directory(void);

/* Writes, if that was asked for since the last time. For the loop of each process. */
void coverage_follow(void);

/* Writes what was counted so far. */
void coverage_dump(void);

/*
 * Before another program is executed in a child: it may be another build, which must not
 * write into the files of this one.
 */
void coverage_part(void);

/*
 * Asks all that follow, and waits until they have, or until_ms (boot time). Returns how many
 * have not.
 */
int coverage_collect(int64_t until_ms);

/* How long a process that follows may sleep that would sleep for ms (negative: for ever). */
int64_t coverage_sleep_ms(int64_t ms);

#else

static inline int
coverage_begin(const char *state_dir, const char *build, struct err *err)
{
	(void)state_dir;
	(void)build;
	(void)err;
	return 0;
}

static inline void
coverage_follow(void)
{
}

static inline void
coverage_dump(void)
{
}

static inline void
coverage_part(void)
{
}

static inline int64_t
coverage_sleep_ms(int64_t ms)
{
	return ms;
}

#endif

#endif
