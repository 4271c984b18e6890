/*
 * answers.c: what the last call of a test has come to. Persists nothing.
 */
#include "config.h"

#include <fnmatch.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/base64.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/store/execution.h"
#include "kit/kit.h"

/* The execution as it is kept now. */
void
kit_look(struct ak_test *test)
{
	struct execution row = { .phase = PHASE_NONE };
	struct json_object *state = NULL;
	struct err err;

	if (session_need_store(&test->session, &err) == -1 ||
	    execution_load(&test->session.store, test->execution, &row, NULL, &err) == -1 ||
	    (row.state != NULL && json_parse(row.state, strlen(row.state), &state, &err) == -1))
		kit_broken("the test's database", &err);
	test->phase = row.phase;
	if (row.phase == PHASE_NONE)
		state = json_object_get(test->agent_state);
	json_object_put(test->state);
	test->state = state;
	execution_done(&row);
}

int
kit_take(struct ak_test *test, struct kit_answer answer)
{
	struct json_object *reply = NULL, *state;
	struct err err;

	test->dies_at = KIT_LIVES;
	json_object_put(test->reply);
	test->reply = NULL;
	text_set(&test->reply_text, NULL);
	text_set(&test->text, NULL);
	if (answer.text != NULL && json_parse_within(answer.text, strlen(answer.text),
	    JSON_VALUES_ANY, &reply, &err) == -1)
		kit_broken("the reply", &err);
	if (answer.result == -1) {
		/* What is refused is an error alone. */
		test->reply = json_new_object();
		json_add(test->reply, "error", reply);
	} else {
		test->reply = reply == NULL ? json_new_object() : reply;
	}
	free(answer.text);
	state = json_member(test->reply, "state");
	if (state != NULL) {
		json_object_put(test->agent_state);
		test->agent_state = json_object_get(state);
	}
	kit_look(test);
	return answer.result == 0 && json_member(test->reply, "error") != NULL ? -1 :
	    answer.result;
}

static const char *
error_member(const struct ak_test *test, const char *name)
{
	return json_member_string(json_member(test->reply, "error"), name);
}

const char *
ak_test_error(const struct ak_test *test)
{
	return error_member(test, "title");
}

const char *
ak_test_error_detail(const struct ak_test *test)
{
	return error_member(test, "detail");
}

const char *
ak_test_error_status(const struct ak_test *test)
{
	return error_member(test, "status");
}

/* The text of a message at index; NULL beyond the end. */
static const char *
message_at(const struct ak_test *test, size_t index)
{
	struct json_object *messages = json_member(test->reply, "messages");

	return index >= json_count(messages) ? NULL :
	    json_member_string(json_element(messages, index), "message");
}

const char *
ak_test_message(const struct ak_test *test, const char *pattern)
{
	const char *text;

	for (size_t i = 0; (text = message_at(test, i)) != NULL; i++)
		if (fnmatch(pattern, text, 0) == 0)
			return text;
	return NULL;
}

const char *
ak_test_message_regex(const struct ak_test *test, const char *regex)
{
	const char *text, *found = NULL;
	regex_t compiled;

	if (regcomp(&compiled, regex, REG_EXTENDED | REG_NOSUB) != 0)
		kit_misuse(__func__, "%s: is no regular expression", regex);
	for (size_t i = 0; found == NULL && (text = message_at(test, i)) != NULL; i++)
		if (regexec(&compiled, text, 0, NULL, 0) == 0)
			found = text;
	regfree(&compiled);
	return found;
}

size_t
ak_test_message_count(const struct ak_test *test, const char *pattern)
{
	const char *text;
	size_t count = 0;

	for (size_t i = 0; (text = message_at(test, i)) != NULL; i++)
		count += fnmatch(pattern, text, 0) == 0;
	return count;
}

/* The metric of this name at index, and how many there are before it or in all; or NULL. */
static struct json_object *
find_metric(const struct ak_test *test, const char *name, size_t index, size_t *ret_count)
{
	struct json_object *metrics = json_member(test->reply, "metrics"), *metric;
	const char *own;

	*ret_count = 0;
	for (size_t i = 0; i < json_count(metrics); i++) {
		metric = json_element(metrics, i);
		own = json_member_string(metric, "name");
		if (own == NULL || strcmp(own, name) != 0)
			continue;
		if (*ret_count == index)
			return metric;
		++*ret_count;
	}
	return NULL;
}

size_t
ak_test_metric_count(const struct ak_test *test, const char *name)
{
	size_t count;

	(void)find_metric(test, name, SIZE_MAX, &count);
	return count;
}

static struct json_object *
metric_at(const struct ak_test *test, const char *function, const char *name, size_t index)
{
	size_t count;
	struct json_object *metric = find_metric(test, name, index, &count);

	if (metric == NULL)
		kit_misuse(function, "there are %zu metrics %s, and none at %zu", count, name,
		    index);
	return metric;
}

double
ak_test_metric(const struct ak_test *test, const char *name, size_t index)
{
	return json_object_get_double(json_member(metric_at(test, __func__, name, index),
	    "value"));
}

const char *
ak_test_metric_label(const struct ak_test *test, const char *name, size_t index,
    const char *label)
{
	return json_member_string(json_member(metric_at(test, __func__, name, index), "metric"),
	    label);
}

const char *
ak_test_artifact(struct ak_test *test, const char *label, size_t *ret_size)
{
	struct json_object *artifacts = json_member(test->reply, "artifacts"), *artifact;
	const char *data, *own;
	ssize_t size;

	for (size_t i = 0; i < json_count(artifacts); i++) {
		artifact = json_element(artifacts, i);
		own = json_member_string(artifact, "label");
		data = json_member_string(artifact, "data");
		if (own == NULL || data == NULL || strcmp(own, label) != 0)
			continue;
		free(test->text);
		test->text = malloc(BASE64_SIZE(strlen(data)) + 1);
		if (test->text == NULL)
			log_out_of_memory();
		size = base64_decode(data, strlen(data), test->text);
		if (size == -1)
			size = 0;
		test->text[size] = '\0';
		if (ret_size != NULL)
			*ret_size = (size_t)size;
		return test->text;
	}
	return NULL;
}

bool
ak_test_completed(const struct ak_test *test)
{
	return json_object_get_boolean(json_member(test->reply, "completed"));
}

const char *
ak_test_summary(const struct ak_test *test)
{
	return json_member_string(json_member(test->reply, "summary"), "text");
}

const char *
ak_test_reply(const struct ak_test *test)
{
	return json_text(test->reply, NULL);
}

const char *
ak_test_execution(const struct ak_test *test)
{
	return test->execution;
}

const char *
ak_test_phase(const struct ak_test *test)
{
	return phase_name(test->phase);
}

const char *
ak_test_state(const struct ak_test *test, const char *field)
{
	struct json_object *value = test->state;
	char *name, *rest, *part;

	if (value == NULL)
		return NULL;
	if (field == NULL)
		return json_text(value, NULL);
	name = rest = strdup(field);
	if (name == NULL)
		log_out_of_memory();
	while ((part = strsep(&rest, ".")) != NULL)
		if (!json_object_is_type(value, json_type_object) ||
		    !json_object_object_get_ex(value, part, &value))
			kit_misuse(__func__, "the state has no field %s: %s", field,
			    json_text(test->state, NULL));
	free(name);
	return value == NULL ? "null" : json_text(value, NULL);
}

const char *
ak_test_claim(struct ak_test *test, size_t index)
{
	struct store *store = &test->session.store;
	sqlite3_stmt *claims;
	struct err err;
	int found;

	text_set(&test->text, NULL);
	claims = session_need_store(&test->session, &err) == -1 ? NULL :
	    store_prepare(store, "SELECT resource FROM claims WHERE execution = ?1 "
	    "ORDER BY resource LIMIT 1 OFFSET ?2", &err);
	if (claims == NULL)
		kit_broken("the test's database", &err);
	sqlite3_bind_text(claims, 1, test->execution, -1, SQLITE_STATIC);
	sqlite3_bind_int64(claims, 2, (sqlite3_int64)index);
	found = store_step(store, claims, &err);
	if (found == -1)
		kit_broken("the test's database", &err);
	if (found == 1)
		text_set(&test->text, (const char *)sqlite3_column_text(claims, 0));
	sqlite3_reset(claims);
	return test->text;
}
