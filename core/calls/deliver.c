/*
 * deliver.c: takes what a worker told along with the replies of status and stop. It deletes from
 * the outbox what the agent has, and notes what was sent.
 */
#include "config.h"

#include "core/calls/deliver.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/store/outbox.h"
#include "core/worker/death.h"

/* How much goes into one reply. What is larger goes alone. */
struct limits {
	size_t messages, metrics, bytes;
};

static const struct limits status_limits = { 200, 5000, 1024 * 1024 };
/* There is no next one. */
static const struct limits stop_limits = {
	CALL_MESSAGES_MAX, CALL_METRICS_MAX, OUTBOX_BYTES_MAX
};

struct delivery {
	const struct limits *limits;
	struct ak_call *call;		/* whose reply it goes into */
	size_t messages, metrics, bytes;
	int64_t last;			/* id of the last row that is in it */
};

static void
append(struct json_object **array, struct json_object *value)
{
	if (*array == NULL)
		*array = json_new_array();
	json_append(*array, value);
}

static void
put(struct ak_call *call, enum outbox_kind kind, struct json_object *value)
{
	switch (kind) {
	case OUTBOX_MESSAGE:
		append(&call->messages, value);
		return;
	case OUTBOX_METRIC:
		append(&call->metrics, value);
		return;
	case OUTBOX_ARTIFACT:
		append(&call->artifacts, value);
		return;
	case OUTBOX_MODIFICATION:
		append(&call->modifications, value);
		return;
	case OUTBOX_SUMMARY:
		json_object_put(call->summary);
		call->summary = value;
		return;
	case OUTBOX_KINDS:
		break;
	}
	json_object_put(value);
}

/* By one limit after the other, rows between would be told before older ones. */
static bool
take(void *context, int64_t id, enum outbox_kind kind, const char *body, size_t length)
{
	struct delivery *delivery = context;
	const struct limits *limits = delivery->limits;
	struct json_object *value;
	struct err err;

	delivery->messages += kind == OUTBOX_MESSAGE;
	delivery->metrics += kind == OUTBOX_METRIC;
	if (delivery->messages > limits->messages || delivery->metrics > limits->metrics ||
	    (delivery->bytes > 0 && delivery->bytes + length > limits->bytes))
		return false;
	delivery->bytes += length;
	delivery->last = id;
	if (json_parse(body, length, &value, &err) == -1)
		log_warn("outbox %lld: %s", (long long)id, err.msg);
	else
		put(delivery->call, kind, value);
	return true;
}

int
deliver_begin(struct visit *visit, struct err *err)
{
	struct session *session = visit->session;
	struct worker *worker = &visit->worker;
	struct err unwritten;
	int died;

	died = death_look(&session->store, &session->workers, visit->id, worker, err);
	if (died == -1)
		return -1;
	/* The reaper tries it as well. */
	if (died == 1 && death_note(&session->store, visit->id, worker, visit->deadline_ms,
	    &unwritten) == -1)
		log_warn("that the worker of execution %s died: %s", visit->id, unwritten.msg);
	if (worker->there && worker->ended)
		visit->call.work_end = &worker->end;
	return 0;
}

/* Only what has changed is written: a worker that says nothing costs no transaction. */
static int
settle(struct visit *visit, int64_t acknowledged, int64_t sent, struct err *err)
{
	struct store *store = &visit->session->store;
	int told = outbox_has_told(store, visit->id, acknowledged, err);

	if (told == -1)
		return -1;
	if (told == 0 && sent == acknowledged)
		return 0;
	if (session_begin(visit->session, STORE_NORMAL, visit->deadline_ms, err) == -1)
		return -1;
	return store_end(store, outbox_settle(store, visit->id, acknowledged, sent, err), err);
}

static void
tell_end(struct visit *visit)
{
	struct worker *worker = &visit->worker;
	struct ak_call *call = &visit->call;
	struct err err;

	if (!worker->there || !worker->ended)
		return;
	call->completed = true;
	if (call->error == NULL && worker->error != NULL &&
	    json_parse(worker->error, strlen(worker->error), &call->error, &err) == -1)
		call_error(call, "How the work ended cannot be told", err.msg);
}

int
deliver_status(struct visit *visit, struct err *err)
{
	struct delivery delivery = { .limits = &status_limits, .call = &visit->call };
	int64_t acknowledged;
	int all;

	if (!visit->told_known)
		visit->told = visit->worker.sent;
	/* The end was written with or after all that was told: what is there was seen with it. */
	if (!visit->worker.has_told) {
		tell_end(visit);
		return 0;
	}
	acknowledged = delivery.last = visit->told;
	all = outbox_read(&visit->session->store, visit->id, acknowledged, take, &delivery, err);
	if (all == -1)
		return -1;
	visit->told = delivery.last;
	/* Who says what it has can have it again; who does not would get it twice. */
	if (settle(visit, acknowledged, delivery.last, err) == -1 && !visit->told_known)
		return -1;
	if (all == 1)
		tell_end(visit);
	return 0;
}

/* Puts the elements of an array before those of the reply. */
static void
put_before(struct json_object *reply, const char *name, struct json_object *told)
{
	struct json_object *own = json_member(reply, name);

	if (told == NULL)
		return;
	for (size_t i = 0; i < json_count(own); i++)
		json_append(told, json_object_get(json_element(own, i)));
	json_add(reply, name, json_object_get(told));
}

int
deliver_rest(struct visit *visit, char **reply, struct err *err)
{
	struct ak_call told = { .verb = VERB_STOP };
	struct delivery delivery = { .limits = &stop_limits, .call = &told };
	struct json_object *whole;
	int all;

	if (worker_load(&visit->session->store, visit->id, &visit->worker, err) == -1)
		return -1;
	if (!visit->worker.has_told)
		return 0;
	all = outbox_read(&visit->session->store, visit->id,
	    visit->told_known ? visit->told : visit->worker.sent, take, &delivery, err);
	if (all == 0)
		call_message(&told, AK_WARN, "The worker told more than a reply can hold");
	if (all == -1 || delivery.bytes == 0) {
		call_done(&told);
		return all == -1 ? -1 : 0;
	}
	if (json_parse_within(*reply, strlen(*reply), JSON_VALUES_ANY, &whole, err) == 0) {
		put_before(whole, "messages", told.messages);
		put_before(whole, "metrics", told.metrics);
		put_before(whole, "artifacts", told.artifacts);
		put_before(whole, "modifications", told.modifications);
		if (told.summary != NULL && json_member(whole, "summary") == NULL)
			json_add(whole, "summary", json_object_get(told.summary));
		free(*reply);
		*reply = visit_text(whole);
	}
	call_done(&told);
	return 0;
}
