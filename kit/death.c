/*
 * death.c: handlers that die where the test says: at a save, or at their end. What was committed
 * until then is persisted.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/action/call.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "kit/kit.h"

/* What the child says of the call; shared with it. */
struct fate {
	bool answered, died;
	int result;
	int64_t clock_ms;
};

/* In the child: the handlers that are replaced, and where they die. */
static struct {
	const struct ak_action *action;
	struct fate *fate;
	int at;
	int saves;
	int (*save)(struct ak_call *call, struct err *err);
} death;

static _Noreturn void
die(void)
{
	death.fate->died = true;
	death.fate->clock_ms = kit_clock();
	process_exit(EXIT_FAILURE);
}

static int
save_and_die(struct ak_call *call, struct err *err)
{
	if (death.save(call, err) == -1)
		return -1;
	if (++death.saves == death.at)
		die();
	return 0;
}

static int
run(int (*handler)(struct ak_call *, void *), struct ak_call *call, void *state)
{
	int result;

	death.save = call->save;
	if (call->save != NULL)
		call->save = save_and_die;
	result = handler(call, state);
	if (death.at == KIT_AT_END)
		die();
	call->save = death.save;
	return result;
}

/* One for each handler, for it is told by its place in the table. */
#define HANDLER(name_) \
	static int \
	run_##name_(struct ak_call *call, void *state) \
	{ \
		return run(death.action->name_, call, state); \
	}
HANDLER(prepare)
HANDLER(start)
HANDLER(status)
HANDLER(stop)
HANDLER(query_metrics)
HANDLER(work)

static struct ak_action
mortal(const struct ak_action *action)
{
	struct ak_action copy = *action;

	copy.prepare = action->prepare == NULL ? NULL : run_prepare;
	copy.start = action->start == NULL ? NULL : run_start;
	copy.status = action->status == NULL ? NULL : run_status;
	copy.stop = action->stop == NULL ? NULL : run_stop;
	copy.query_metrics = action->query_metrics == NULL ? NULL : run_query_metrics;
	copy.work = action->work == NULL ? NULL : run_work;
	return copy;
}

/* In the child. */
static _Noreturn void
make_call(struct ak_test *test, enum verb verb, struct json_object *request, int64_t ms,
    struct fate *fate, int answers)
{
	static struct ak_action action;
	struct kit_answer answer;
	size_t length;

	kit_guard();
	kit_open(test);
	death.action = test->action;
	death.fate = fate;
	death.at = test->dies_at;
	action = mortal(test->action);
	if (verb == VERB_WORK)
		answer = kit_work(test, &action, ms);
	else
		answer = kit_ask(test, &action, verb, request);
	length = strlen(answer.text);
	fate->result = answer.result;
	fate->clock_ms = kit_clock();
	fate->answered = write(answers, answer.text, length) == (ssize_t)length;
	free(answer.text);
	process_exit(EXIT_SUCCESS);
}

static struct kit_answer
read_answer(int answers, int result)
{
	struct kit_answer answer = { .result = result };
	struct stat status;

	if (fstat(answers, &status) == -1)
		return answer;
	answer.text = calloc(1, (size_t)status.st_size + 1);
	if (answer.text == NULL)
		log_out_of_memory();
	if (pread(answers, answer.text, (size_t)status.st_size, 0) != status.st_size)
		answer.text[0] = '\0';
	return answer;
}

/* Its process is gone, and that was not what the test has wanted. */
static struct kit_answer
crashed(enum verb verb, int wait_status)
{
	char how[PROCESS_END_BYTES];
	struct err err;

	process_end_text(wait_status, how);
	err_set(&err, ERR_HANDLER, "%s() %s", verb_name(verb), how);
	return kit_fail(&err);
}

struct kit_answer
kit_die(struct ak_test *test, enum verb verb, struct json_object *request, int64_t ms)
{
	struct kit_answer answer = { .result = AK_TEST_DIED };
	struct fate *fate = mmap(NULL, sizeof(*fate), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int answers = memfd_create("answer", MFD_CLOEXEC), status = 0;
	struct err err;
	pid_t pid = -1;

	/* A process that inherits an open database loses commits. */
	kit_close(test);
	if (fate != MAP_FAILED && answers != -1)
		pid = fork();
	if (pid == -1) {
		err_sys(&err, ERR_INTERNAL, "fork");
		kit_broken("a handler that dies", &err);
	}
	if (pid == 0)
		make_call(test, verb, request, ms, fate, answers);
	process_wait(pid, &status);
	kit_open(test);
	if (fate->answered)
		answer = read_answer(answers, fate->result);
	else if (!fate->died)
		answer = crashed(verb, status);
	if (fate->clock_ms > kit_clock())
		kit_clock_advance(fate->clock_ms - kit_clock());
	munmap(fate, sizeof(*fate));
	close(answers);
	return answer;
}

void
ak_test_die_at_save(struct ak_test *test, int number)
{
	if (number < 1)
		kit_misuse(__func__, "%d: saves are counted from 1", number);
	test->dies_at = number;
}

void
ak_test_die_at_end(struct ak_test *test)
{
	test->dies_at = KIT_AT_END;
}
