/*
 * kit.h: what the files of libactionkit-test share: a test, and one call of it.
 */
#ifndef KIT_KIT_H
#define KIT_KIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/action/description.h"
#include "core/actionkit.h"
#include "core/base/json.h"
#include "core/base/uuid_text.h"
#include "core/calls/session.h"
#include "core/config/options.h"
#include "core/config/scoreboard.h"
#include "core/store/lifecycle.h"
#include "core/store/lock.h"
#include "core/store/worker.h"
#include "kit/actionkit-test.h"

/* Where the handler of the next call dies. */
#define KIT_LIVES 0
#define KIT_AT_END (-1)

struct ak_test {
	struct ak_test *next;		/* of those that live in this process */
	pid_t process;			/* that made it, and removes its directory */
	const struct ak_action *action;
	struct options options;		/* with the state directory, which is its own */
	struct scoreboard *scoreboard;	/* in memory: nobody else looks */
	struct session session;
	char execution[UUID_TEXT_BYTES];
	bool prepared;			/* prepare has succeeded */
	int dies_at;			/* the number of a save, KIT_LIVES or KIT_AT_END */

	/* Of a worker that has begun, and runs when ak_test_work() is called. */
	bool works;
	struct lock byte;		/* of workers.lock; as its keeper holds it */
	struct worker_id worker;

	/* What the last call has left; owned. */
	struct json_object *reply;	/* never NULL */
	char *reply_text;		/* the same as it was */
	struct json_object *agent_state; /* of the last reply that had one, or NULL */
	struct json_object *state;	/* as it is kept, or NULL */
	enum phase phase;
	char *text;			/* handed out */
};

/* A mistake in the use of a function, named first: a line on standard error, and abort(). */
_Noreturn void kit_misuse(const char *function, const char *format, ...) AK_PRINTF(2, 3);

/* The same where something fails that has nothing to do with the action. */
_Noreturn void kit_broken(const char *what, const struct err *err);

/* Opens and closes the database of the test and its locks. */
void kit_open(struct ak_test *test);
void kit_close(struct ak_test *test);

/* Has this process treat what action code forks as the server does; once for each process. */
void kit_guard(void);

/* What came of a call. */
struct kit_answer {
	int result;			/* 0, -1, AK_TEST_DIED */
	char *text;			/* of the reply, or of an ActionKitError; owned */
};

/* A call that failed with err, as a client is told. */
struct kit_answer kit_fail(const struct err *err);

/* Makes a call in this process: the request is a JSON object, borrowed. */
struct kit_answer kit_ask(struct ak_test *test, const struct ak_action *action, enum verb verb,
    struct json_object *request);
/* Runs work() in this process; the answer is all that it told. */
struct kit_answer kit_work(struct ak_test *test, const struct ak_action *action, int64_t ms);

/* One of them in a child, where the handler dies as test->dies_at says. */
struct kit_answer kit_die(struct ak_test *test, enum verb verb, struct json_object *request,
    int64_t ms);

/* Takes what came of a call, and looks what is kept of the execution. What a call returns. */
int kit_take(struct ak_test *test, struct kit_answer answer);
void kit_look(struct ak_test *test);

/* Session's hook: a worker that runs when ak_test_work() is called. */
int kit_spawn(struct spawn *spawn, const struct options *options, const char *execution,
    struct err *err);
/* Whether start() has begun one. */
void kit_look_for_worker(struct ak_test *test);
/* Ends one that has not ended, as a stop does. */
void kit_end_worker(struct ak_test *test);

/* Milliseconds by which the clocks of this process are ahead. */
int64_t kit_clock(void);
void kit_clock_advance(int64_t ms);
void kit_clock_reset(void);

#endif
