/*
 * body.c: the process that runs work(). Commits what that tells, saves and comes to.
 */
#include "config.h"

#include "core/keeper/body.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/action/registry.h"
#include "core/action/state.h"
#include "core/base/clock.h"
#include "core/base/descriptors.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "core/base/text.h"
#include "core/calls/directory.h"
#include "core/calls/session.h"
#include "core/calls/stop_request.h"
#include "core/calls/visit.h"
#include "core/store/outbox.h"
#include "core/worker/spawn.h"

/* What is told is committed when it is so old, or so much. */
#define BODY_TELL_MS 100
#define BODY_TELL_ITEMS 256
/* What waits for a database that cannot be written; what is told beyond is lost. */
#define BODY_WAITING_BYTES (1024 * 1024)
/* How long a transaction waits for others, and one that failed for the next try. */
#define BODY_PATIENCE_MS 2000
#define BODY_AGAIN_MS 500

struct item {
	struct item *next;
	enum outbox_kind kind;
	size_t length;
	char body[];
};

struct body {
	struct session *session;
	struct visit visit;
	const struct worker_id *keeper;
	struct item *first, **last;	/* what waits to be committed */
	size_t items, bytes;
	int64_t since_ms;		/* boot time of the first of them */
	int64_t again_ms;		/* no transaction is tried before; 0 */
	int64_t lost;			/* not committed yet */
	char *told;			/* the last one, for people */
	int64_t rows, total_bytes;	/* of the outbox, at most; see has_room() */
	bool over;			/* the execution is stopped: nothing is kept any more */
	bool told_failure;
};

static void
forget_items(struct body *body)
{
	struct item *item;

	while ((item = body->first) != NULL) {
		body->first = item->next;
		free(item);
	}
	body->last = &body->first;
	body->items = body->bytes = 0;
	body->lost = 0;
}

/*
 * Whether the outbox takes one more. It was measured before and has had what this process added
 * since; what the agent has taken meanwhile is seen only where it seems to be full.
 */
static int
has_room(struct body *body, const struct item *item, bool *measured, struct err *err)
{
	struct store *store = &body->session->store;

	if (body->rows + 1 > OUTBOX_ROWS_MAX ||
	    body->total_bytes + (int64_t)item->length > OUTBOX_BYTES_MAX) {
		if (!*measured && outbox_measure(store, body->visit.id, &body->rows,
		    &body->total_bytes, err) == -1)
			return -1;
		*measured = true;
	}
	return body->rows < OUTBOX_ROWS_MAX &&
	    body->total_bytes + (int64_t)item->length <= OUTBOX_BYTES_MAX;
}

static int
write_items(struct body *body, struct err *err)
{
	struct store *store = &body->session->store;
	int64_t lost = body->lost;
	bool measured = false;
	int room;

	if (body->items == 0 && lost == 0)
		return 0;
	for (const struct item *item = body->first; item != NULL; item = item->next) {
		room = has_room(body, item, &measured, err);
		if (room == -1)
			return -1;
		if (room == 0) {
			lost++;
			continue;
		}
		if (outbox_add(store, body->visit.id, item->kind, item->body, err) == -1)
			return -1;
		body->rows++;
		body->total_bytes += (int64_t)item->length;
	}
	return worker_note(store, body->visit.id, body->told, lost, err);
}

/* end, error: how it ended; NULL while it works. state: NULL, it is left. */
static int
write_all(struct body *body, const char *state, const struct ak_work_end *end,
    const char *error, struct err *err)
{
	struct visit *visit = &body->visit;
	struct store *store = &body->session->store;

	if (visit->row.phase == PHASE_NONE || visit->row.phase == PHASE_STOPPED) {
		body->over = true;
		return err_set(err, ERR_PHASE, "execution %s is over", visit->id);
	}
	if (write_items(body, err) == -1)
		return -1;
	if (state != NULL && strcmp(state, visit->row.state) != 0 &&
	    execution_keep_state(store, visit->id, visit->row.phase, state,
	    visit->state_version, err) == -1)
		return -1;
	return end == NULL ? 0 :
	    worker_end(store, visit->id, body->keeper, end, error, err);
}

static int
commit(struct body *body, enum store_durability durability, const char *state,
    const struct ak_work_end *end, const char *error, struct err *err)
{
	struct visit *visit = &body->visit;
	int result;

	visit->deadline_ms = clock_boot_ms() + BODY_PATIENCE_MS;
	result = visit_begin(visit, durability, err);
	if (result == 0)
		result = store_end(&body->session->store,
		    write_all(body, state, end, error, err), err);
	session_settle(body->session, result, err);
	if (result == 0 || body->over)
		forget_items(body);
	if (result == -1 && !body->over && !body->told_failure)
		log_warn("what the worker of execution %s told waits: %s", visit->id, err->msg);
	body->told_failure = result == -1;
	body->again_ms = result == -1 ? clock_boot_ms() + BODY_AGAIN_MS : 0;
	return result;
}

/* One that is larger than all goes alone. */
static bool
has_place(const struct body *body, size_t length)
{
	return body->bytes == 0 || body->bytes + length <= BODY_WAITING_BYTES;
}

static void
add_item(struct body *body, enum outbox_kind kind, struct json_object *value)
{
	size_t length;
	const char *text = json_text(value, &length);
	struct item *item;
	struct err err;

	if (!body->over && !body->told_failure && !has_place(body, length))
		(void)commit(body, STORE_NORMAL, NULL, NULL, NULL, &err);
	if (body->over)
		return;
	if (!has_place(body, length)) {
		body->lost++;
		return;
	}
	item = malloc(sizeof(*item) + length + 1);
	if (item == NULL)
		log_out_of_memory();
	item->next = NULL;
	item->kind = kind;
	item->length = length;
	memcpy(item->body, text, length + 1);
	*body->last = item;
	body->last = &item->next;
	if (body->items++ == 0)
		body->since_ms = clock_boot_ms();
	body->bytes += length;
	if (kind == OUTBOX_MESSAGE)
		text_set(&body->told, json_member_string(value, "message"));
	else if (kind == OUTBOX_SUMMARY)
		text_set(&body->told, json_member_string(value, "text"));
}

static void
take_array(struct body *body, enum outbox_kind kind, struct json_object **array)
{
	for (size_t i = 0; i < json_count(*array); i++)
		add_item(body, kind, json_element(*array, i));
	json_object_put(*array);
	*array = NULL;
}

static void
take_told(struct body *body)
{
	struct ak_call *call = &body->visit.call;

	take_array(body, OUTBOX_MESSAGE, &call->messages);
	take_array(body, OUTBOX_METRIC, &call->metrics);
	take_array(body, OUTBOX_ARTIFACT, &call->artifacts);
	take_array(body, OUTBOX_MODIFICATION, &call->modifications);
	if (call->summary != NULL)
		add_item(body, OUTBOX_SUMMARY, call->summary);
	json_object_put(call->summary);
	call->summary = NULL;
	call->artifacts_size = 0;
	call->metrics_dropped = false;
}

/* Hook of the call: what was told is taken, and committed when it is time. */
static int64_t
tell(struct ak_call *call)
{
	struct body *body = call->keeper;
	int64_t now_ms = clock_boot_ms(), due_ms;
	struct err err;

	take_told(body);
	if (body->items == 0)
		return INT64_MAX;
	due_ms = body->items >= BODY_TELL_ITEMS || body->bytes >= BODY_WAITING_BYTES / 2 ?
	    now_ms : body->since_ms + BODY_TELL_MS;
	if (due_ms < body->again_ms)
		due_ms = body->again_ms;
	if (due_ms > now_ms)
		return due_ms - now_ms;
	return commit(body, STORE_NORMAL, NULL, NULL, NULL, &err) == 0 || body->over ? INT64_MAX :
	    BODY_AGAIN_MS;
}

static int
save(struct body *body, enum store_durability durability, struct err *err)
{
	struct visit *visit = &body->visit;
	struct json_object *json;
	int result;

	take_told(body);
	json = state_to_json(visit->action, visit->state, visit->state_json, err);
	if (json == NULL)
		return -1;
	result = commit(body, durability, json_text(json, NULL), NULL, NULL, err);
	json_object_put(json);
	return result;
}

/* Hooks: ak_progress(), ak_save(). */
static int
progress(struct ak_call *call, struct err *err)
{
	return save(call->keeper, STORE_NORMAL, err);
}

static int
save_state(struct ak_call *call, struct err *err)
{
	return save(call->keeper, STORE_FULL, err);
}

/* Hook: ak_directory(). */
static int
get_directory(struct ak_call *call, const char **ret_path, struct err *err)
{
	struct body *body = call->keeper;

	body->visit.deadline_ms = clock_boot_ms() + BODY_PATIENCE_MS;
	return directory_get(&body->visit, ret_path, err);
}

/* Hook: ak_stop(), ak_stop_all(). */
static int
ask_stop(struct ak_call *call, const char *execution, const char *reason, struct err *err)
{
	struct body *body = call->keeper;

	return stop_request_of_action(body->session, body->visit.action->id, execution, reason,
	    clock_boot_ms() + BODY_PATIENCE_MS, err);
}

static int end_event;

static void
on_term(int number)
{
	const uint64_t one = 1;
	int saved = errno;

	if (process_passes_on(number))
		return;
	/* Fails where it is told for the 2^64th time, or the action has closed it. */
	if (write(end_event, &one, sizeof(one)) == -1)
		errno = saved;
}

/*
 * After SIGTERM the descriptor can be read, and stays so. It has a handler, and is not blocked:
 * what work() executes would have it blocked, too.
 */
static int
open_end(struct err *err)
{
	struct sigaction action = { .sa_handler = on_term, .sa_flags = SA_RESTART };
	sigset_t none;

	process_outlives();
	end_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (end_event == -1)
		return err_sys(err, ERR_INTERNAL, "eventfd");
	end_event = descriptor_own(end_event, "the end of the work");
	sigaction(SIGTERM, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return end_event;
}

static bool
wait_for_end(struct ak_call *call, int64_t ms)
{
	struct pollfd polled = { .fd = call->end_fd, .events = POLLIN };

	return poll(&polled, 1, ms < 0 ? 0 : ms > INT_MAX ? INT_MAX : (int)ms) == 1;
}

/* A score that protects the server is not for what people run in it. */
static void
be_as_killable_as_others(void)
{
	char score[16] = "";
	int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);

	if (fd == -1)
		return;
	if (read(fd, score, sizeof(score) - 1) > 0 && atoi(score) < 0 && write(fd, "0", 1) != 1)
		log_warn("oom_score_adj: %s", strerror(errno));
	close(fd);
}

/* Makes this process one for work(): 0 and what can be read when it must end, or -1. */
static int
become_body(int errors, int *ret_end, struct err *err)
{
	/* The log goes where it went, and what the code of the action says to the keeper. */
	if (descriptors_guard() == -1 ||
	    pthread_atfork(NULL, NULL, process_default_signals) != 0 ||
	    dup2(errors, STDERR_FILENO) == -1)
		return err_sys(err, ERR_INTERNAL, "descriptors");
	be_as_killable_as_others();
	*ret_end = open_end(err);
	return *ret_end == -1 ? -1 : 0;
}

static int
begin(struct body *body, const struct body_job *job, struct err *err)
{
	struct visit *visit = &body->visit;
	struct ak_call *call = &visit->call;

	if (session_need_store(body->session, err) == -1 ||
	    execution_load(&body->session->store, visit->id, &visit->row, NULL, err) == -1)
		return -1;
	visit->action = job->action;
	if (visit->action == NULL && visit->row.action != NULL)
		visit->action = registry_find(visit->row.action);
	if (visit->action == NULL || visit->action->work == NULL)
		return err_set(err, ERR_INTERNAL, "this program has no work for it");
	call->action = visit->action;
	call->verb = VERB_WORK;
	call->execution = visit->id;
	call->deadline_ms = INT64_MAX;
	if (visit_fill(visit, err) == -1)
		return -1;
	call->keeper = body;
	call->tell = tell;
	call->progress = progress;
	call->save = save_state;
	call->get_directory = get_directory;
	call->ask_stop = ask_stop;
	call->wait = job->wait;
	call->end_fd = job->end_fd;
	call->kept_fd = job->kept_fd;
	call->end_grace_ms = spawn_grace_ms(body->session->options) / 2;
	return outbox_measure(&body->session->store, visit->id, &body->rows, &body->total_bytes,
	    err);
}

/* What it has come to is written, however long that takes: unless it is killed over it. */
static void
write_end(struct body *body, const struct ak_work_end *end, const char *state)
{
	const char *error = body->visit.call.error == NULL ? NULL :
	    json_text(body->visit.call.error, NULL);
	struct err err;

	while (commit(body, STORE_NORMAL, state, end, error, &err) == -1 && !body->over)
		clock_sleep_ms(BODY_AGAIN_MS);
}

static void
work(struct body *body)
{
	struct visit *visit = &body->visit;
	struct ak_call *call = &visit->call;
	struct ak_work_end end = { .how = AK_WORK_COMPLETED };
	struct json_object *json;
	const char *status;
	struct err err;

	(void)call_run(call);
	take_told(body);
	json = state_to_json(visit->action, visit->state, visit->state_json, &err);
	if (json == NULL)
		call_error(call, "The state cannot be saved", err.msg);
	status = json_member_string(call->error, "status");
	if (call->error != NULL)
		end.how = status != NULL && strcmp(status, "failed") == 0 ? AK_WORK_FAILED :
		    AK_WORK_ERRORED;
	write_end(body, &end, json == NULL ? NULL : json_text(json, NULL));
	json_object_put(json);
}

int
body_work(const struct body_job *job, struct err *err)
{
	const struct ak_work_end unbegun = { .how = AK_WORK_ERRORED };
	struct body body = {
		.session = job->session, .keeper = job->keeper,
		.visit = { .session = job->session, .id = job->execution }
	};
	int result = 0;

	body.last = &body.first;
	if (begin(&body, job, err) == 0) {
		work(&body);
	} else if (body.visit.row.phase == PHASE_NONE) {
		result = -1;
	} else {
		log_error("worker of execution %s: %s", job->execution, err->msg);
		call_error(&body.visit.call, "The work cannot begin", err->msg);
		write_end(&body, &unbegun, NULL);
	}
	visit_end(&body.visit);
	free(body.told);
	return result;
}

int
body_main(const struct options *options, const char *execution,
    const struct worker_id *keeper, const struct lock *lock, int errors)
{
	struct session session;
	struct body_job job = {
		.session = &session, .execution = execution, .keeper = keeper,
		.kept_fd = lock->fd, .wait = wait_for_end
	};
	struct err err;
	int result;

	process_name(SPAWN_BODY_NAME);
	result = become_body(errors, &job.end_fd, &err);
	if (result == 0)
		result = session_open(&session, options, NULL, &err);
	if (result == 0) {
		result = body_work(&job, &err);
		session_close(&session);
	}
	if (result == -1)
		log_error("worker of execution %s: %s", execution, err.msg);
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
