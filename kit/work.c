/*
 * work.c: a worker whose work() runs in the process of the test. It persists the row and the outbox
 * of one that runs in its own.
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/keeper/body.h"
#include "core/store/outbox.h"
#include "kit/kit.h"

/* How long a transaction waits; nobody else has any here. */
#define WORK_PATIENCE_MS 5000

/* When work() must end, by the clock of the test, and what it can wait for. */
static struct {
	int fd;
	int64_t until_ms;
} end;

int
kit_spawn(struct spawn *spawn, const struct options *options, const char *execution,
    struct err *err)
{
	(void)options;
	(void)execution;
	spawn->cgroup[0] = '\0';
	/* Nobody waits at it. */
	spawn->gate = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (spawn->gate == -1)
		return err_sys(err, ERR_INTERNAL, "/dev/null");
	return worker_identify(getpid(), &spawn->id, err);
}

/* Holds the byte as its keeper would: a status finds that it lives. */
void
kit_look_for_worker(struct ak_test *test)
{
	struct worker worker = { .there = false };
	struct err err;

	if (test->action->work == NULL || test->works)
		return;
	if (worker_load(&test->session.store, test->execution, &worker, &err) == -1)
		kit_broken("the test's database", &err);
	if (worker.there && !worker.ended) {
		test->works = true;
		test->worker = worker.id;
		if (lock_open(&test->byte, test->options.state_dir, LOCK_WORKERS_FILE,
		    &err) == -1 || lock_take(&test->byte, test->execution, 0, &err) == -1)
			kit_broken("the test's locks", &err);
	}
	worker_done(&worker);
}

/* What inherited the byte keeps it. */
static void
let_go(struct ak_test *test)
{
	lock_close(&test->byte);
	test->byte = (struct lock){ .fd = -1, .offset = -1 };
	test->works = false;
}

void
kit_end_worker(struct ak_test *test)
{
	const struct ak_work_end completed = { .how = AK_WORK_COMPLETED };
	struct store *store = &test->session.store;
	struct err err;

	if (!test->works)
		return;
	if (store_begin(store, STORE_NORMAL, clock_boot_ms() + WORK_PATIENCE_MS, &err) == -1 ||
	    store_end(store, worker_end(store, test->execution, &test->worker, &completed, NULL,
	    &err), &err) == -1)
		kit_broken("the test's database", &err);
	let_go(test);
}

static void
set_end(int64_t left_ms)
{
	struct itimerspec when = { .it_value = clock_timespec(left_ms) };

	if (left_ms <= 0)
		when.it_value = (struct timespec){ .tv_nsec = 1 };
	(void)timerfd_settime(end.fd, 0, &when, NULL);
}

/* Hook: passes the time. */
static bool
wait_for_end(struct ak_call *call, int64_t ms)
{
	struct pollfd polled = { .fd = end.fd, .events = POLLIN };
	int64_t left_ms = end.until_ms - clock_boot_ms();

	(void)call;
	if (ms < 0)
		ms = 0;
	if (left_ms > ms) {
		kit_clock_advance(ms);
		set_end(left_ms - ms);
		return poll(&polled, 1, 0) == 1;
	}
	kit_clock_advance(left_ms > 0 ? left_ms : 0);
	set_end(0);
	return true;
}

static bool
take(void *context, int64_t id, enum outbox_kind kind, const char *body, size_t length)
{
	static const char *const names[OUTBOX_KINDS] = {
		[OUTBOX_MESSAGE] = "messages", [OUTBOX_METRIC] = "metrics",
		[OUTBOX_ARTIFACT] = "artifacts", [OUTBOX_SUMMARY] = "summary",
		[OUTBOX_MODIFICATION] = "modifications"
	};
	struct json_object *told = context, *value;
	struct err err;

	(void)id;
	if (json_parse_within(body, length, JSON_VALUES_ANY, &value, &err) == -1)
		kit_broken("what work() told", &err);
	if (kind == OUTBOX_SUMMARY) {
		json_add(told, names[kind], value);
		return true;
	}
	if (json_member(told, names[kind]) == NULL)
		json_add(told, names[kind], json_new_array());
	json_append(json_member(told, names[kind]), value);
	return true;
}

/* What it has told so far, and how it ended: as a reply says it. */
static struct kit_answer
told_by(struct ak_test *test)
{
	struct kit_answer answer = { .result = 0 };
	struct json_object *told = json_new_object(), *error = NULL;
	struct worker worker = { .there = false };
	struct err err;

	if (outbox_read(&test->session.store, test->execution, 0, take, told, &err) == -1 ||
	    worker_load(&test->session.store, test->execution, &worker, &err) == -1 ||
	    (worker.error != NULL && json_parse(worker.error, strlen(worker.error), &error,
	    &err) == -1))
		kit_broken("the test's database", &err);
	if (error != NULL)
		json_add(told, "error", error);
	json_add_bool(told, "completed", worker.ended);
	text_set(&answer.text, json_text(told, NULL));
	json_object_put(told);
	worker_done(&worker);
	return answer;
}

struct kit_answer
kit_work(struct ak_test *test, const struct ak_action *action, int64_t ms)
{
	struct body_job job = {
		.session = &test->session, .action = action, .execution = test->execution,
		.keeper = &test->worker, .kept_fd = test->byte.fd, .wait = wait_for_end
	};
	struct err err;
	int result;

	end.until_ms = clock_boot_ms() + ms;
	end.fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (end.fd == -1) {
		err_sys(&err, ERR_INTERNAL, "timerfd");
		kit_broken("ak_test_work", &err);
	}
	set_end(ms);
	job.end_fd = end.fd;
	result = body_work(&job, &err);
	close(end.fd);
	return result == -1 ? kit_fail(&err) : told_by(test);
}

int
ak_test_work(struct ak_test *test, int64_t ms)
{
	struct kit_answer answer;

	if (test->action->work == NULL)
		kit_misuse(__func__, "the action has no work()");
	if (!test->works)
		kit_misuse(__func__, "there is no worker: before a start that has succeeded, "
		    "after a stop, or a second time");
	if (ms < 0)
		kit_misuse(__func__, "%lld ms are less than none", (long long)ms);
	lock_pass_on(&test->byte);
	if (test->dies_at == KIT_LIVES) {
		answer = kit_work(test, test->action, ms);
	} else {
		answer = kit_die(test, VERB_WORK, NULL, ms);
		if (answer.result == AK_TEST_DIED) {
			answer = told_by(test);
			answer.result = AK_TEST_DIED;
		}
	}
	let_go(test);
	return kit_take(test, answer);
}
