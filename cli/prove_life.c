/*
 * prove_life.c: one execution from its agent's side, and what must hold after its end.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>

#include "cli/prove.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "core/store/lifecycle.h"
#include "core/view/rows.h"

#define LIFE_POLL_MS 2
#define LIFE_STOP_MS 90000		/* a stop() may take some time, and be tried again */
#define LIFE_STOP_ATTEMPTS 4		/* that fail: it will not succeed */
#define LIFE_STOP_REASON "it is proved"
#define LIFE_COMES_MS 3000
#define LIFE_REST_MS 2000		/* until what is left at the end counts */
#define LIFE_SQL_BYTES 256
#define LIFE_NAME_BYTES 32

void
prove_wrong(struct prove *prove, const char *format, ...)
{
	va_list values;
	char *text;

	va_start(values, format);
	if (vasprintf(&text, format, values) == -1)
		log_out_of_memory();
	va_end(values);
	if (prove->wrong_count < PROVE_WRONG_MAX)
		prove->wrong[prove->wrong_count++] = text;
	else
		free(text);
}

void
life_init(struct life *life, struct prove *prove)
{
	*life = (struct life){ .prove = prove };
	uuid_text_random(life->id);
}

void
life_done(struct life *life)
{
	json_object_put(life->state);
	life->state = NULL;
}

static struct json_object *
new_body(const struct life *life, enum verb verb)
{
	struct json_object *body = json_new_object();

	json_add_string(body, "executionId", life->id);
	if (verb == VERB_PREPARE) {
		json_add(body, "config", json_object_get(life->prove->config));
		if (life->prove->target != NULL)
			json_add(body, "target", json_object_get(life->prove->target));
	} else {
		json_add(body, "state", life->state == NULL ? json_new_object() :
		    json_object_get(life->state));
	}
	return body;
}

int
life_call(struct life *life, enum verb verb, struct ask_reply *ret_reply)
{
	struct json_object *body = new_body(life, verb), *state;
	char path[DESCRIPTION_PATH_BYTES];
	const char *method;
	struct err err;
	int result;

	description_endpoint(life->prove->action, verb, &method, path);
	result = ask(life->prove->server.socket, method, path, body, ret_reply, &err);
	json_object_put(body);
	if (result == -1) {
		*ret_reply = (struct ask_reply){ .status = 0 };
		prove_wrong(life->prove, "%s: %s", verb_name(verb), err.msg);
		life->prove->broken = true;
		return -1;
	}
	state = json_member(ret_reply->body, "state");
	if (ret_reply->status == 200 && state != NULL) {
		json_object_put(life->state);
		life->state = json_object_get(state);
	}
	return ret_reply->status;
}

static void
note_refusal(struct life *life, enum verb verb, const struct ask_reply *reply)
{
	struct json_object *error = json_member(reply->body, "error");
	const char *title, *detail;

	if (error == NULL)
		error = reply->body;
	title = json_member_string(error, "title");
	detail = json_member_string(error, "detail");
	prove_wrong(life->prove, "%s fails: HTTP %d: %s%s%s", verb_name(verb), reply->status,
	    title == NULL ? "no reply" : title, detail == NULL ? "" : ": ",
	    detail == NULL ? "" : detail);
}

int
life_must(struct life *life, enum verb verb)
{
	struct ask_reply reply;
	int status = life_call(life, verb, &reply);
	bool good = status == 200 && json_member(reply.body, "error") == NULL;

	if (!good && status != -1)
		note_refusal(life, verb, &reply);
	ask_reply_done(&reply);
	return good ? 0 : -1;
}

bool
life_effect_gone(const struct life *life)
{
	int status = -1, null;
	pid_t pid;

	if (life->prove->effect == NULL)
		return true;
	pid = fork();
	if (pid == 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		process_default_signals();
		setenv("EXECUTION", life->id, 1);
		execl("/bin/sh", "sh", "-c", life->prove->effect, (char *)NULL);
		process_exit(EXIT_FAILURE);
	}
	if (pid > 0)
		process_wait(pid, &status);
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

bool
life_effect_comes(const struct life *life)
{
	int64_t until_ms = clock_boot_ms();

	if (life->prove->effect == NULL)
		return true;
	if (life->prove->action->work != NULL)
		until_ms += LIFE_COMES_MS;
	while (life_effect_gone(life)) {
		if (clock_boot_ms() >= until_ms)
			return false;
		clock_sleep_ms(LIFE_POLL_MS);
	}
	return true;
}

/* The rows of a query about the execution; owned, NULL where it cannot be read. */
static struct json_object *
look_up(const struct life *life, const char *sql)
{
	struct json_object *rows = NULL;
	struct store store;
	struct err unused;

	if (store_open_readonly(&store, life->prove->server.state_dir, &unused) == -1)
		return NULL;
	rows = rows_read(&store, sql, life->id, &unused);
	store_close(&store);
	return rows;
}

/* Whether it is over: stopped, or it will never be. */
static bool
is_over(struct life *life, bool late)
{
	struct json_object *rows = look_up(life,
	    "SELECT phase, stop_attempts, last_error FROM executions WHERE id = ?1");
	struct json_object *row = json_element(rows, 0);
	const char *phase = json_member_string(row, "phase");
	const char *error = json_member_string(row, "last_error");
	int64_t attempts = 0;
	bool over = phase != NULL && strcmp(phase, phase_name(PHASE_STOPPED)) == 0;

	json_whole(json_member(row, "stop_attempts"), &attempts);
	if (!over && phase != NULL && error != NULL && (attempts >= LIFE_STOP_ATTEMPTS || late)) {
		prove_wrong(life->prove, "stop() fails again and again: %s", error);
		life->prove->broken = over = true;
	} else if (!over && late) {
		prove_wrong(life->prove, "it is %s, and stays so", phase == NULL ? "not known" :
		    phase);
		life->prove->broken = over = true;
	}
	json_object_put(rows);
	return over;
}

static void
stop_until_over(struct life *life)
{
	int64_t until_ms = clock_boot_ms() + LIFE_STOP_MS;
	struct ask_reply reply;
	int status;

	do {
		status = life_call(life, VERB_STOP, &reply);
		ask_reply_done(&reply);
		if (status == -1)
			return;
		prove_server_reap(&life->prove->server);
		if (status != 200)
			clock_sleep_ms(LIFE_POLL_MS);
	} while (!prove_interrupted() && !is_over(life, clock_boot_ms() > until_ms));
}

/* Of an action without the call stop: by others than its agent. */
static void
stop_as_operator(struct life *life)
{
	const char *state_dir = life->prove->server.state_dir;
	int64_t until_ms = clock_boot_ms() + LIFE_STOP_MS;
	bool asked = false;

	do {
		if (!asked && ak_stop_in(state_dir, life->id, LIFE_STOP_REASON) == 0) {
			asked = true;
			/* Without it the reaper looks once a second. */
			kill(life->prove->server.pid, SIGUSR1);
		} else if (!asked && errno == ESRCH) {
			return;
		}
		prove_server_reap(&life->prove->server);
		clock_sleep_ms(LIFE_POLL_MS);
	} while (!prove_interrupted() && !is_over(life, clock_boot_ms() > until_ms));
}

static int64_t
count(const struct life *life, const char *table, const char *condition)
{
	char sql[LIFE_SQL_BYTES];
	struct json_object *rows;
	int64_t number = 0;

	snprintf(sql, sizeof(sql), "SELECT count(*) AS number FROM %s WHERE execution = ?1%s%s",
	    table, condition == NULL ? "" : " AND phase = ", condition == NULL ? "" : condition);
	rows = look_up(life, sql);
	json_whole(json_member(json_element(rows, 0), "number"), &number);
	json_object_put(rows);
	return number;
}

/* As ps shows it. */
static void
name_process(pid_t pid, char ret_name[LIFE_NAME_BYTES])
{
	char path[LIFE_NAME_BYTES];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
	file = fopen(path, "re");
	if (file == NULL || fgets(ret_name, LIFE_NAME_BYTES, file) == NULL)
		snprintf(ret_name, LIFE_NAME_BYTES, "?");
	if (file != NULL)
		fclose(file);
	ret_name[strcspn(ret_name, "\n")] = '\0';
}

/* Processes that end are given the time for that. */
static void
look_for_processes(struct life *life)
{
	int64_t until_ms = clock_boot_ms() + LIFE_REST_MS;
	struct prove_server *server = &life->prove->server;
	char name[LIFE_NAME_BYTES];
	pid_t other;

	while ((other = prove_server_other(server, 0)) != 0 && clock_boot_ms() < until_ms) {
		prove_server_reap(server);
		clock_sleep_ms(LIFE_POLL_MS);
	}
	if (other == 0)
		return;
	name_process(other, name);
	prove_wrong(life->prove, "a process is left: %ld, %s", (long)other, name);
	life->prove->broken = true;
}

void
life_look(struct life *life)
{
	struct prove *prove = life->prove;

	if (!life_effect_gone(life)) {
		prove_wrong(prove, "the effect is left: --effect does not end with 0");
		prove->broken = true;
	}
	if (count(life, "claims", NULL) > 0)
		prove_wrong(prove, "a claim is left");
	if (count(life, "files", NULL) > 0)
		prove_wrong(prove, "a file of its config is left");
	if (description_has(prove->action, VERB_STOP) &&
	    count(life, "events", "'starting'") > 0 &&
	    count(life, "events", "'stopping'") == 0)
		prove_wrong(prove, "stop() did not run");
	look_for_processes(life);
}

void
life_end(struct life *life)
{
	if (description_has(life->prove->action, VERB_STOP))
		stop_until_over(life);
	else
		stop_as_operator(life);
	if (!prove_interrupted())
		life_look(life);
}
