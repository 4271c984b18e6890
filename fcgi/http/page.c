/*
 * page.c: answers the operator's page. Persists that an operator wants an execution stopped, or
 * gives it up.
 */
#include "config.h"

#include "fcgi/http/page.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/uuid_text.h"
#include "core/calls/abandon.h"
#include "core/calls/stop_request.h"
#include "core/store/execution.h"
#include "core/view/list.h"
#include "core/view/processes.h"
#include "core/view/show.h"
#include "fcgi/http/http_err.h"
#include "fcgi/http/query_string.h"

/* Rows of one reply: a page shows some dozen. */
#define PAGE_COUNT 100
#define PAGE_COUNT_MAX 200
#define PAGE_FROM_MAX INT64_C(1000000000)
#define PAGE_SEARCH_BYTES 128
#define PAGE_WHICH_BYTES 16
#define PAGE_ID_BYTES 64
#define PAGE_OPERATOR_BYTES 64
/* How long a stop waits for other writers, and abandon for an attempt that is under way. */
#define PAGE_WAIT_MS 5000

static const struct {
	const char *name;
	enum list_which which;
} lists[] = {
	{ "active", LIST_ACTIVE }, { "failing", LIST_FAILING }, { "history", LIST_HISTORY }
};

#define LISTS (sizeof(lists) / sizeof(lists[0]))

static int
read_which(const char *query, enum list_which *ret_which, struct err *err)
{
	char name[PAGE_WHICH_BYTES];
	size_t i;

	if (query_string_text(query, "which", name, sizeof(name), err) == -1)
		return -1;
	for (i = 0; i < LISTS; i++)
		if (strcmp(name, lists[i].name) == 0) {
			*ret_which = lists[i].which;
			return 0;
		}
	return err_set(err, ERR_REQUEST, "which: must be active, failing or history");
}

static int
answer_list(struct responder *responder, const struct body *body, struct json_object **ret_json,
    struct err *err)
{
	const char *query = body->request->query;
	struct store *store = &responder->session.store;
	struct list_window window = { .count = 0 };
	struct json_object *rows;
	char search[PAGE_SEARCH_BYTES];
	enum list_which which = LIST_ACTIVE;
	int64_t total;

	if (read_which(query, &which, err) == -1 ||
	    query_string_number(query, "from", 0, PAGE_FROM_MAX, &window.from, err) == -1 ||
	    query_string_number(query, "count", PAGE_COUNT, PAGE_COUNT_MAX, &window.count,
	    err) == -1 || query_string_text(query, "search", search, sizeof(search), err) == -1)
		return -1;
	window.search = search[0] == '\0' ? NULL : search;
	if (session_need_store(&responder->session, err) == -1 ||
	    list_count(store, which, window.search, &total, err) == -1)
		return -1;
	rows = list_read(store, which, &window, err);
	if (rows == NULL)
		return -1;
	*ret_json = json_new_object();
	json_add_int(*ret_json, "total", total);
	json_add_int(*ret_json, "from", window.from);
	json_add(*ret_json, "rows", rows);
	return 0;
}

/* An id of the page is a whole one. */
static int
read_id(const char *text, char ret_id[UUID_TEXT_BYTES], struct err *err)
{
	if (text == NULL || uuid_text_parse(text, ret_id) != 0)
		return err_set(err, ERR_REQUEST, "id: must be the id of an execution");
	return 0;
}

static int
answer_show(struct responder *responder, const struct body *body, struct json_object **ret_json,
    struct err *err)
{
	char text[PAGE_ID_BYTES], id[UUID_TEXT_BYTES];
	struct json_object *found;

	if (query_string_text(body->request->query, "id", text, sizeof(text), err) == -1 ||
	    read_id(text, id, err) == -1 || session_need_store(&responder->session, err) == -1)
		return -1;
	found = show_read(&responder->session.store, id, err);
	if (found == NULL)
		return -1;
	if (json_member(found, "execution") == NULL &&
	    json_object_array_length(json_member(found, "events")) == 0) {
		json_object_put(found);
		return err_set(err, ERR_NOT_FOUND, "%s: there is no such execution", id);
	}
	*ret_json = found;
	return 0;
}

static int
answer_status(struct responder *responder, const struct body *body, struct json_object **ret_json,
    struct err *err)
{
	const struct request *request = body->request;
	struct json_object *status;

	status = processes_read(responder->site->options->core.state_dir, err);
	if (status == NULL)
		return -1;
	json_add_string(status, "version", PACKAGE_VERSION);
	json_add_bool(status, "may_stop", request->part == PART_PAGE_STOP &&
	    request->operator != NULL);
	json_add_string(status, "operator", request->operator);
	*ret_json = status;
	return 0;
}

/* Who does it is on record, so it must be somebody. */
static int
check_operator(const struct request *request, struct err *err)
{
	const char *c, *operator = request->operator;

	if (request->part != PART_PAGE_STOP)
		return err_set(err, HTTP_ERR_ORIGIN, "nginx's snippet does not let this page stop "
		    "anything");
	if (operator == NULL)
		return err_set(err, HTTP_ERR_ORIGIN, "nginx does not say who you are: "
		    "only who is known may stop anything");
	for (c = operator; *c != '\0' && !iscntrl((unsigned char)*c); c++)
		continue;
	if (*c != '\0' || c - operator >= PAGE_OPERATOR_BYTES)
		return err_set(err, HTTP_ERR_ORIGIN, "the name of the user has control characters, "
		    "or more than %d bytes", PAGE_OPERATOR_BYTES - 1);
	return 0;
}

/* {"id", "reason"}, owned; the reason is borrowed from it. NULL and err. */
static struct json_object *
read_wish(const struct body *body, char ret_id[UUID_TEXT_BYTES], const char **ret_reason,
    struct err *err)
{
	struct json_object *object = NULL;
	size_t length;
	char *text;
	int parsed;

	if (body_read(body, &text, &length, err) == -1)
		return NULL;
	parsed = json_parse(text, length, &object, err);
	free(text);
	if (parsed == -1) {
		err_wrap(err, "body");
		return NULL;
	}
	*ret_reason = json_member_string(object, "reason");
	if (*ret_reason == NULL || **ret_reason == '\0')
		err_set(err, ERR_REQUEST, "reason: missing");
	else if (strlen(*ret_reason) >= STOP_REASON_BYTES)
		err_set(err, ERR_REQUEST, "reason: at most %d bytes", STOP_REASON_BYTES - 1);
	else if (read_id(json_member_string(object, "id"), ret_id, err) == 0)
		return object;
	json_object_put(object);
	return NULL;
}

static int
check_is_known(struct store *store, const char *id, struct err *err)
{
	struct execution row = { .id = "" };
	int result = execution_load(store, id, &row, NULL, err);

	if (result == 0 && row.phase == PHASE_NONE)
		result = err_set(err, ERR_NOT_FOUND, "%s: there is no such execution", id);
	execution_done(&row);
	return result;
}

static int
answer_wish(struct responder *responder, const struct body *body, bool give_up,
    struct json_object **ret_json, struct err *err)
{
	const char *operator = body->request->operator, *reason;
	struct session *session = &responder->session;
	int64_t deadline_ms, request_id;
	struct json_object *wish;
	char id[UUID_TEXT_BYTES];
	int result = -1;

	if (check_operator(body->request, err) == -1)
		return -1;
	wish = read_wish(body, id, &reason, err);
	if (wish == NULL)
		return -1;
	deadline_ms = clock_boot_ms() + PAGE_WAIT_MS;
	if (session_need_store(session, err) == 0 &&
	    check_is_known(&session->store, id, err) == 0)
		result = give_up ? abandon(session, id, operator, reason, deadline_ms, err) :
		    stop_request_add(&session->store, id, operator, reason, deadline_ms,
		    &request_id, err);
	if (result == 0) {
		log_info("%s of execution %s by operator %s: %s", give_up ? "abandon" : "stop", id,
		    operator, reason);
		*ret_json = json_new_object();
		json_add_string(*ret_json, "status", give_up ? "abandoned" : "asked");
	}
	json_object_put(wish);
	return result;
}

static int
answer_stop(struct responder *responder, const struct body *body, struct json_object **ret_json,
    struct err *err)
{
	return answer_wish(responder, body, false, ret_json, err);
}

static int
answer_abandon(struct responder *responder, const struct body *body,
    struct json_object **ret_json, struct err *err)
{
	return answer_wish(responder, body, true, ret_json, err);
}

static const struct {
	const char *path, *method;
	int (*answer)(struct responder *responder, const struct body *body,
	    struct json_object **ret_json, struct err *err);
} pages[] = {
	{ "/list", "GET", answer_list },
	{ "/show", "GET", answer_show },
	{ "/status", "GET", answer_status },
	{ "/stop", "POST", answer_stop },
	{ "/abandon", "POST", answer_abandon }
};

#define PAGES (sizeof(pages) / sizeof(pages[0]))

int
page_answer(struct responder *responder, const struct body *body, struct reply *ret_reply,
    const char **ret_allow, struct err *err)
{
	const struct request *request = body->request;
	struct json_object *json = NULL;
	size_t i = 0;
	int result;

	while (i < PAGES && strcmp(request->path, pages[i].path) != 0)
		i++;
	if (i == PAGES)
		return err_set(err, ERR_NOT_FOUND, "%s: there is no such path", request->path);
	if (strcmp(request->method, pages[i].method) != 0) {
		*ret_allow = pages[i].method;
		return err_set(err, HTTP_ERR_METHOD, "%s: allows %s only, not %s", request->path,
		    *ret_allow, request->method);
	}
	scoreboard_busy(responder->slot, request_deadline(request,
	    responder->site->options->core.handler_timeout_ms), "page %s", request->path);
	result = pages[i].answer(responder, body, &json, err);
	session_settle(&responder->session, result, err);
	if (result == 0)
		reply_json(ret_reply, 200, json);
	return result;
}
