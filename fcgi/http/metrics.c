/*
 * metrics.c: writes the metrics: what the scoreboard counts, what the database knows, and how much
 * space there is. Persists nothing.
 */
#include "config.h"

#include "fcgi/http/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/action/description.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/store/store.h"
#include "core/view/space_used.h"
#include "fcgi/http/http_err.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
/* Executions by action and phase; beyond this many pairs they are in the sum only. */
#define METRICS_SERIES_MAX "1000"
#define US_DIGITS 6

static const char select_executions[] =
    "SELECT action, phase, count(*) FROM executions WHERE phase <> 'stopped' "
    "GROUP BY action, phase ORDER BY count(*) DESC, action, phase LIMIT " METRICS_SERIES_MAX;
static const char select_numbers[] =
    "SELECT (SELECT coalesce(sum(size), 0) FROM files), "
    "(SELECT count(*) FROM workers WHERE ended IS NULL), (SELECT lost FROM runtime)";

static const char *const kind_names[COUNTERS_KINDS] = {
	[COUNTERS_DISCOVER] = "discover",
	[COUNTERS_OTHER] = "other"
};

static const char *
kind_name(int kind)
{
	return kind < VERB_COUNT ? verb_name((enum verb)kind) : kind_names[kind];
}

static void
family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP actionkit_%s %s\n# TYPE actionkit_%s %s\n", name, help, name, type);
}

static void
gauge(FILE *out, const char *name, const char *help, int64_t value)
{
	family(out, name, "gauge", help);
	fprintf(out, "actionkit_%s %" PRId64 "\n", name, value);
}

static void
gauge_ms(FILE *out, const char *name, const char *help, int64_t ms)
{
	family(out, name, "gauge", help);
	fprintf(out, "actionkit_%s %" PRId64 ".%03" PRId64 "\n", name, ms / CLOCK_MS_PER_S,
	    ms % CLOCK_MS_PER_S);
}

static void
counter(FILE *out, const char *name, const char *help, uint64_t value)
{
	family(out, name, "counter", help);
	fprintf(out, "actionkit_%s %" PRIu64 "\n", name, value);
}

/* The value of a label, which may be anything. */
static void
label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (; *value != '\0'; value++) {
		if (*value == '\n')
			fputs("\\n", out);
		else if (*value == '"' || *value == '\\')
			fprintf(out, "\\%c", *value);
		else
			fputc(*value, out);
	}
	fputc('"', out);
}

static void
write_build(FILE *out)
{
	family(out, "build_info", "gauge", "The program that serves.");
	fputs("actionkit_build_info{", out);
	label(out, "version", PACKAGE_VERSION);
	fputs("} 1\n", out);
}

static void
write_responders(FILE *out, const struct scoreboard *scoreboard)
{
	static const char *const names[] = {
		[SLOT_BOOTING] = "booting", [SLOT_IDLE] = "idle", [SLOT_BUSY] = "busy",
		[SLOT_LEAVING] = "leaving"
	};
	int counts[SLOT_LEAVING + 1] = { 0 };
	int32_t mode;

	for (int i = 0; i < scoreboard->slots_used; i++) {
		mode = scoreboard->slots[i].mode;
		if (scoreboard->slots[i].pid != 0 && mode > SLOT_FREE && mode <= SLOT_LEAVING)
			counts[mode]++;
	}
	family(out, "responders", "gauge", "Responders, by what they are at.");
	for (mode = SLOT_BOOTING; mode <= SLOT_LEAVING; mode++)
		fprintf(out, "actionkit_responders{mode=\"%s\"} %d\n", names[mode], counts[mode]);
}

static void
write_requests(FILE *out, const struct counters_sum *sum)
{
	family(out, "requests_total", "counter", "Requests answered, by verb and HTTP status.");
	for (int kind = 0; kind < COUNTERS_KINDS; kind++)
		for (int i = 0; i < COUNTERS_STATUSES; i++)
			if (sum->replies[kind][i].count > 0)
				fprintf(out, "actionkit_requests_total{verb=\"%s\",status=\"%"
				    PRId64 "\"} %" PRIu64 "\n", kind_name(kind),
				    sum->replies[kind][i].status, sum->replies[kind][i].count);
}

static void
write_seconds(FILE *out, uint64_t us)
{
	fprintf(out, "%" PRIu64 ".%0*" PRIu64, us / CLOCK_US_PER_S, US_DIGITS,
	    us % CLOCK_US_PER_S);
}

static void
write_durations(FILE *out, const struct counters_sum *sum)
{
	static const char name[] = "actionkit_request_duration_seconds";
	uint64_t below;

	family(out, "request_duration_seconds", "histogram",
	    "Time from the first byte of a request to its reply, by verb.");
	for (int kind = 0; kind < COUNTERS_KINDS; kind++) {
		below = 0;
		for (int i = 0; i < COUNTERS_BUCKETS; i++) {
			below += sum->buckets[kind][i];
			fprintf(out, "%s_bucket{verb=\"%s\",le=\"%g\"} %" PRIu64 "\n", name,
			    kind_name(kind), (double)counters_limits_us[i] / CLOCK_US_PER_S,
			    below);
		}
		/* They are not read at one moment. */
		if (below < sum->count[kind])
			below = sum->count[kind];
		fprintf(out, "%s_bucket{verb=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", name,
		    kind_name(kind), below);
		fprintf(out, "%s_sum{verb=\"%s\"} ", name, kind_name(kind));
		write_seconds(out, sum->took_us[kind]);
		fprintf(out, "\n%s_count{verb=\"%s\"} %" PRIu64 "\n", name, kind_name(kind), below);
	}
}

static void
write_events(FILE *out, const struct counters *counters)
{
	static const struct {
		enum counters_event event;
		const char *by;
	} stops[] = {
		{ COUNTERS_STOPS_AGENT, "agent" },
		{ COUNTERS_STOPS_ACTION, "action" },
		{ COUNTERS_STOPS_EXTENSION, "extension" },
		{ COUNTERS_STOPS_OPERATOR, "operator" },
		{ COUNTERS_STOPS_ABANDONED, "abandoned" }
	};

	family(out, "starts_total", "counter", "Calls of start(), by what came of them.");
	fprintf(out, "actionkit_starts_total{result=\"succeeded\"} %" PRIu64 "\n",
	    counters->events[COUNTERS_STARTS]);
	fprintf(out, "actionkit_starts_total{result=\"failed\"} %" PRIu64 "\n",
	    counters->events[COUNTERS_START_FAILURES]);
	family(out, "stops_total", "counter", "Executions stopped, by who wanted it first; "
	    "abandoned: given up by an operator.");
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		fprintf(out, "actionkit_stops_total{by=\"%s\"} %" PRIu64 "\n", stops[i].by,
		    counters->events[stops[i].event]);
	counter(out, "stop_failures_total", "Attempts to stop that failed or died.",
	    counters->events[COUNTERS_STOP_FAILURES]);
	counter(out, "heartbeats_missed_total", "Executions stopped since their agent was silent.",
	    counters->events[COUNTERS_HEARTBEATS_MISSED]);
}

static void
write_server(FILE *out, const struct scoreboard *scoreboard)
{
	int64_t now_ms = clock_boot_ms();
	int standing_by = 0;

	for (int i = 0; i < SCOREBOARD_REAPERS; i++)
		standing_by += scoreboard->reapers[i].at_work == 0 &&
		    scoreboard_reaper_lives(&scoreboard->reapers[i]);
	gauge_ms(out, "uptime_seconds", "Since the server began; HUP does not count.",
	    now_ms - scoreboard->serving_since_ms);
	gauge(out, "generation", "Grows with every start and every HUP.", scoreboard->generation);
	gauge(out, "draining", "Whether it shuts down, and refuses to begin anything.",
	    scoreboard->draining != 0);
	gauge_ms(out, "reaper_beat_age_seconds",
	    "Since the last sign of life of the reaper at work.",
	    now_ms - scoreboard->reaper_beat_ms);
	gauge(out, "standbys", "Reapers that stand by.", standing_by);
	gauge(out, "executions_active", "Executions that are not stopped.", scoreboard->active);
	gauge(out, "executions_failing", "Of these, whose last attempt to stop has failed.",
	    scoreboard->failing);
}

static void
write_space(FILE *out, const char *state_dir)
{
	static const struct {
		const char *name, *help;
	} sizes[] = {
		{ "database_bytes", "Size of the database." },
		{ "database_log_bytes", "Size of its write-ahead log." },
		{ "ballast_bytes", "Space kept for a full disk; 0: given up." },
		{ "free_bytes", "Space left where the state directory is." }
	};
	struct json_object *space = space_used(state_dir);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		gauge(out, sizes[i].name, sizes[i].help,
		    json_object_get_int64(json_member(space, sizes[i].name)));
	json_object_put(space);
}

static int
write_executions(FILE *out, struct store *store, struct err *err)
{
	sqlite3_stmt *get = store_prepare(store, select_executions, err);
	int found;

	if (get == NULL)
		return -1;
	family(out, "executions", "gauge", "Executions that are not stopped, by action and phase.");
	while ((found = store_step(store, get, err)) == 1) {
		fputs("actionkit_executions{", out);
		label(out, "action", (const char *)sqlite3_column_text(get, 0));
		fputc(',', out);
		label(out, "phase", (const char *)sqlite3_column_text(get, 1));
		fprintf(out, "} %d\n", sqlite3_column_int(get, 2));
	}
	return found;
}

static int
write_numbers(FILE *out, struct store *store, struct err *err)
{
	sqlite3_stmt *get = store_prepare(store, select_numbers, err);

	if (get == NULL || store_step(store, get, err) != 1)
		return -1;
	gauge(out, "files_bytes", "Size of the files of executions.", sqlite3_column_int64(get, 0));
	gauge(out, "workers", "Workers that have not ended.", sqlite3_column_int64(get, 1));
	gauge(out, "executions_lost", "Executions that a lost database knew, not dealt with.",
	    sqlite3_column_int64(get, 2));
	sqlite3_reset(get);
	return 0;
}

/* In a session that is open, or can be opened; whether all could be read. */
static bool
write_database(FILE *out, struct session *session)
{
	struct err err;
	int result = session_need_store(session, &err);

	if (result == 0)
		result = write_executions(out, &session->store, &err);
	if (result == 0)
		result = write_numbers(out, &session->store, &err);
	session_settle(session, result, &err);
	if (result == -1)
		log_debug("metrics: %s", err.msg);
	return result == 0;
}

int
metrics_answer(struct responder *responder, const struct request *request,
    struct reply *ret_reply, const char **ret_allow, struct err *err)
{
	const struct scoreboard *scoreboard = responder->site->scoreboard;
	static struct counters_sum sum;
	size_t length = 0;
	char *text = NULL;
	bool readable;
	FILE *out;

	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
		*ret_allow = "GET, HEAD";
		return err_set(err, HTTP_ERR_METHOD, "metrics: allows %s only, not %s", *ret_allow,
		    request->method);
	}
	out = open_memstream(&text, &length);
	if (out == NULL)
		log_out_of_memory();
	counters_sum(&scoreboard->counters, &sum);
	write_build(out);
	write_server(out, scoreboard);
	write_responders(out, scoreboard);
	write_requests(out, &sum);
	write_durations(out, &sum);
	write_events(out, &scoreboard->counters);
	write_space(out, responder->site->options->core.state_dir);
	readable = write_database(out, &responder->session);
	gauge(out, "database_readable", "Whether the database could be read for this.", readable);
	if (fclose(out) == EOF)
		log_out_of_memory();
	reply_take_bytes(ret_reply, 200, text, length);
	ret_reply->media_type = METRICS_TYPE;
	return 0;
}
