/*
 * actionkit-test.h: tests of one action, in the process of the test, without server and network.
 *
 *	struct ak_test *test = ak_test_new(&my_action);
 *
 *	assert(ak_test_prepare(test, "{\"duration\": 30000}", NULL) == 0);
 *	assert(ak_test_start(test) == 0);
 *	assert(ak_test_message(test, "Made *") != NULL);
 *	assert(ak_test_stop(test) == 0);
 *	ak_test_free(test);
 *
 * Build it with: cc test.c $(pkg-config --cflags --libs actionkit-test), and without libactionkit:
 * all of that is in it. The calls go where those of an agent go, and what they persist is in a
 * database in a directory of its own. So prepare() is refused what the server refuses, stop() gets
 * what was saved, and nothing of an action runs that would not run in the server.
 *
 * A test is one execution. It can be used with Check, and with assert() alone: what a handler does,
 * and what is refused to an agent, is returned. A mistake in the use of these functions (a start
 * before a prepare, a field that the state does not have, JSON that cannot be read) is told on
 * standard error in a line that names the function, and ends the process as assert() does, with
 * abort(). A test that expects a failure does not pass because of a mistake in itself.
 *
 * Texts that are handed out belong to the test. They are valid until its next call (prepare, start,
 * status, stop, query, work), or ak_test_free().
 */
#ifndef ACTIONKIT_TEST_H
#define ACTIONKIT_TEST_H

#include <actionkit.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The test of an action: one execution, its database, and what its last call came to. */
struct ak_test;

/* What the next one calls. */
AK_API struct ak_test *ak_test_new_as(const struct ak_action *action,
    const struct ak_layout *layout) AK_USE_RESULT;

/*
 * A test of an action (borrowed), owned, to be freed with ak_test_free(). Mistakes in its tables
 * are all told, and end the process: serve would not begin with them.
 */
static inline AK_USE_RESULT struct ak_test *
ak_test_new(const struct ak_action *action)
{
	AK_LAYOUT_;

	return ak_test_new_as(action, &layout);
}

/*
 * Frees a test, and removes its directory; NULL is fine. It does not stop what was started. What a
 * process leaves behind that exits without it is removed then; not after abort().
 */
AK_API void ak_test_free(struct ak_test *test);

/*
 * Calls
 *
 * Each is made as an agent makes it, with the state that the last reply had. It returns 0; -1 where
 * the handler has failed or the call was refused: ak_test_error() says why; or AK_TEST_DIED where
 * the handler has died as it was told to.
 */
#define AK_TEST_DIED 1

/*
 * prepare: config and target are JSON objects of the protocol: {"duration": 30000}, and
 * {"name": "a", "attributes": {"host.hostname": ["a"]}}. NULL: {}, and no target. The config is
 * checked by the table of parameters first; a file is its content in base64.
 */
AK_API int ak_test_prepare(struct ak_test *test, const char *config, const char *target)
    AK_NONNULL(1);

/*
 * start, status and stop. Not before a prepare that has succeeded. stop() that has failed, or died,
 * is tried again by the next ak_test_stop(), as the reaper would. One that has succeeded is not
 * called again: its reply is. Where it has succeeded ak_test_stop() returns 0, and ak_test_error()
 * is what ak_verdict(), or work(), has come to.
 */
AK_API int ak_test_start(struct ak_test *test) AK_NONNULL(1);
AK_API int ak_test_status(struct ak_test *test) AK_NONNULL(1);
AK_API int ak_test_stop(struct ak_test *test) AK_NONNULL(1);

/* query, at any time; config and target as in ak_test_prepare(). */
AK_API int ak_test_query(struct ak_test *test, const char *config, const char *target)
    AK_NONNULL(1);

/*
 * Runs work() in this process, once, after a start: until it returns, or ms milliseconds are over
 * and it must end, as a stop would tell it. ak_work_wait() passes the time of the test's clock
 * without sleeping; a program that it runs takes the time that it takes. What work() told is in
 * ak_test_message() and the others now, and once more with the next status or stop, as the agent
 * gets it. Where it is not called, the worker of the execution has ended before its first line.
 */
AK_API int ak_test_work(struct ak_test *test, int64_t ms) AK_NONNULL(1);

/*
 * What the last call came to
 */

/*
 * Why it failed: title, detail and status ("errored", "failed") of the error that the agent gets;
 * NULL where there is none.
 */
AK_API const char *ak_test_error(const struct ak_test *test) AK_NONNULL(1);
AK_API const char *ak_test_error_detail(const struct ak_test *test) AK_NONNULL(1);
AK_API const char *ak_test_error_status(const struct ak_test *test) AK_NONNULL(1);

/*
 * A message that matches a pattern of fnmatch(3) ("Made *"), or in which a POSIX extended regular
 * expression is found ("^Made .*-[0-9]+$"): its text, the first one; NULL if there is none.
 */
AK_API const char *ak_test_message(const struct ak_test *test, const char *pattern)
    AK_NONNULL(1, 2);
AK_API const char *ak_test_message_regex(const struct ak_test *test, const char *regex)
    AK_NONNULL(1, 2);

/* How many messages match a pattern of fnmatch(3): "*" is all. */
AK_API size_t ak_test_message_count(const struct ak_test *test, const char *pattern)
    AK_NONNULL(1, 2);

/* How many metrics have this name; and the value of one at index, which must be there. */
AK_API size_t ak_test_metric_count(const struct ak_test *test, const char *name)
    AK_NONNULL(1, 2);
AK_API double ak_test_metric(const struct ak_test *test, const char *name, size_t index)
    AK_NONNULL(1, 2);

/* The value of a label of that metric; NULL if it does not have it. */
AK_API const char *ak_test_metric_label(const struct ak_test *test, const char *name,
    size_t index, const char *label) AK_NONNULL(1, 2, 4);

/*
 * The data of the artifact with this label, with a NUL behind it, and its size in bytes (ret_size
 * may be NULL); NULL if there is none.
 */
AK_API const char *ak_test_artifact(struct ak_test *test, const char *label, size_t *ret_size)
    AK_NONNULL(1, 2);

/* Whether it has said that the action is over: ak_completed(), or work() that has ended. */
AK_API bool ak_test_completed(const struct ak_test *test) AK_NONNULL(1);

/* The text of ak_summary(); NULL if there is none. */
AK_API const char *ak_test_summary(const struct ak_test *test) AK_NONNULL(1);

/* All of the reply, as the agent gets it: a JSON object. For what has no function here. */
AK_API const char *ak_test_reply(const struct ak_test *test) AK_NONNULL(1);

/*
 * The execution
 */

/* Its id, as ak_execution_id(). */
AK_API const char *ak_test_execution(const struct ak_test *test) AK_NONNULL(1);

/*
 * Where it is: "none" (not prepared, or nobody knows it any more), "prepared", "starting",
 * "running", "stopping", "stopped".
 */
AK_API const char *ak_test_phase(const struct ak_test *test) AK_NONNULL(1);

/*
 * The state as it is kept, and as stop() would get it now: all of it as a JSON object, or of one
 * field its value as JSON text: 30, true, "text" with its quotes. A field within a struct is named
 * with a dot: "time.started_ms". Where the database was lost it is what the agent has. NULL before
 * a prepare that has succeeded.
 */
AK_API const char *ak_test_state(const struct ak_test *test, const char *field)
    AK_NONNULL(1);

/* What it has claimed, in the order of the names; NULL beyond the end. */
AK_API const char *ak_test_claim(struct ak_test *test, size_t index) AK_NONNULL(1);

/*
 * The clock
 */

/*
 * Advances all clocks of this process by ms milliseconds, at once: those of clock_gettime(2),
 * gettimeofday(2) and time(2), whoever asks them, but for those of processor time. They go on from
 * there, until the last test of the process is freed: then they are the system's again, for what
 * measures how long tests take. What sleeps, or waits with a timeout, does that as long as before;
 * programs that are executed have the system's clock.
 */
AK_API void ak_test_advance(struct ak_test *test, int64_t ms) AK_NONNULL(1);

/*
 * Deaths
 */

/*
 * The next call has its handler die as if it were killed right after its ak_save() of this number
 * (1 is the first): that state is kept, and nothing that comes after it happens. So the call is
 * made by a child that the test forks: what the handler left in memory is gone with it, and a
 * debugger has to follow it there. A handler that does not save so often goes on to its end, and
 * the call returns 0 or -1: count up until it does, and each save had its turn.
 */
AK_API void ak_test_die_at_save(struct ak_test *test, int number) AK_NONNULL(1);

/* The same when the handler has returned, before anything of that is kept. */
AK_API void ak_test_die_at_end(struct ak_test *test) AK_NONNULL(1);

/*
 * The database is lost, and an empty one takes its place. The next stop gets the state that the
 * agent has: that of the last reply, without what is AK_LOCAL().
 */
AK_API void ak_test_lose_database(struct ak_test *test) AK_NONNULL(1);

#ifdef __cplusplus
}
#endif

#endif
