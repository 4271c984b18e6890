/*
 * http_check.c: asks an HTTP server again and again, in a worker, and judges its answers: so many a
 * second for as long as the step lasts, or so many in all. Its state keeps how they were judged so
 * far; what the step has come to is said by stop(). There is nothing to undo.
 */
#include <actionkit.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "actions/clocks.h"
#include "actions/http_client.h"
#include "actions/status_codes.h"
#include "actions/text.h"

#define CHECK_CODES_BYTES 256
#define CHECK_MODE_BYTES 16
#define CHECK_LABEL_BYTES 16
#define CHECK_SUMMARY_BYTES 256
#define CHECK_RATE_MAX 1000		/* requests a second */
#define CHECK_PERCENT 100
#define CHECK_HUNDREDTHS 10000		/* of a percent, in one */
#define CHECK_PROGRESS_MS 500
/*
 * A request that cannot begin so long after it is due is missed: the server is too slow for so many
 * at a time. What is shorter is our own, such as another process in our way.
 */
#define CHECK_LATE_NS INT64_C(100000000)

struct check_local {
	struct http_request request;
	char contains[HTTP_CONTENT_BYTES + 1];
};

struct check_state {
	struct http_settings http;
	int64_t interval_ns;		/* from one request to the next */
	int64_t total;			/* of them; 0: as long as the step lasts */
	int64_t duration_ms;
	int64_t expected;		/* how many there are to be */
	int64_t success_rate;		/* required, in percent */
	char status_codes[CHECK_CODES_BYTES];
	char time_mode[CHECK_MODE_BYTES];
	int64_t time_ms;
	bool fail_early;
	int64_t due;			/* so far; each is in one of the others, or under way */
	int64_t success;
	int64_t failed;
	int64_t missed;			/* of a rate: it could not begin in time */
	int64_t unsent;			/* of an amount: the time was over */
	int64_t cancelled;		/* under way when the step was over */
	struct check_local local;
};

static const struct ak_field check_local_fields[] = {
	AK_STRUCT(struct check_local, request, http_request_fields),
	AK_TEXT(struct check_local, contains),
	AK_FIELDS_END
};

static const struct ak_field check_fields[] = {
	AK_STRUCT(struct check_state, http, http_settings_fields),
	AK_INT(struct check_state, interval_ns),
	AK_INT(struct check_state, total),
	AK_INT(struct check_state, duration_ms),
	AK_INT(struct check_state, expected),
	AK_INT(struct check_state, success_rate),
	AK_TEXT(struct check_state, status_codes),
	AK_TEXT(struct check_state, time_mode),
	AK_INT(struct check_state, time_ms),
	AK_BOOL(struct check_state, fail_early),
	AK_INT(struct check_state, due),
	AK_INT(struct check_state, success),
	AK_INT(struct check_state, failed),
	AK_INT(struct check_state, missed),
	AK_INT(struct check_state, unsent),
	AK_INT(struct check_state, cancelled),
	AK_LOCAL(struct check_state, local, check_local_fields),
	AK_FIELDS_END
};

static const struct ak_option check_methods[] = {
	{ "GET", "GET" },
	{ "POST", "POST" },
	{ "PUT", "PUT" },
	{ "PATCH", "PATCH" },
	{ "HEAD", "HEAD" },
	{ "DELETE", "DELETE" },
	AK_OPTIONS_END
};

#define CHECK_ANY_TIME "NO_VERIFICATION"
#define CHECK_SHORTER "SHORTER_THAN"
#define CHECK_LONGER "LONGER_THAN"

static const struct ak_option check_time_modes[] = {
	{ "No verification", CHECK_ANY_TIME },
	{ "Shorter than", CHECK_SHORTER },
	{ "Longer than", CHECK_LONGER },
	AK_OPTIONS_END
};

/* What both have, before and behind what is their own. */
#define CHECK_REQUEST_PARAMETERS \
	{ .name = "requestHeader", .label = "Request", .type = AK_HEADER }, \
	{ \
		.name = "method", \
		.label = "Method", \
		.type = AK_STRING, \
		.required = true, \
		.default_value = "GET", \
		.options = check_methods, \
	}, \
	HTTP_URL_PARAMETER, \
	{ \
		.name = "body", \
		.label = "Body", \
		.description = "Sent as it is, not with HEAD. Its type is said in the headers.", \
		.type = AK_TEXTAREA, \
		.max_length = HTTP_CONTENT_BYTES, \
	}, \
	HTTP_HEADERS_PARAMETER, \
	{ .name = "repetitionLine", .label = "-", .type = AK_SEPARATOR }, \
	{ .name = "repetitionHeader", .label = "Repetition", .type = AK_HEADER }

#define CHECK_RESULT_PARAMETERS \
	{ .name = "resultLine", .label = "-", .type = AK_SEPARATOR }, \
	{ .name = "resultHeader", .label = "Result", .type = AK_HEADER }, \
	{ \
		.name = "successRate", \
		.label = "Required success rate", \
		.description = "How many percent of the answers must be as required.", \
		.type = AK_PERCENTAGE, \
		.required = true, \
		.default_value = "100", \
		.min = AK_LIMIT(0), \
		.max = AK_LIMIT(CHECK_PERCENT), \
	}, \
	{ \
		.name = "statusCode", \
		.label = "Required status codes", \
		.description = "Codes and ranges, separated by \";\": 200-299;404. With error, " \
		    "no answer is as required, too.", \
		.type = AK_STRING, \
		.required = true, \
		.default_value = "200-299", \
		.max_length = CHECK_CODES_BYTES - 1, \
	}, \
	{ \
		.name = "responsesContains", \
		.label = "Body must contain", \
		.type = AK_TEXTAREA, \
		.max_length = HTTP_CONTENT_BYTES, \
	}, \
	{ \
		.name = "responseTimeMode", \
		.label = "Check response time", \
		.type = AK_STRING, \
		.default_value = CHECK_ANY_TIME, \
		.options = check_time_modes, \
	}, \
	{ \
		.name = "responseTime", \
		.label = "Required response time", \
		.description = "From the last byte that was sent to the first one of the answer.", \
		.type = AK_DURATION, \
		.default_value = "500ms", \
		.min = AK_LIMIT(0), \
	}, \
	{ .name = "clientLine", .label = "-", .type = AK_SEPARATOR }, \
	{ .name = "clientHeader", .label = "HTTP client", .type = AK_HEADER }, \
	{ \
		.name = "maxConcurrent", \
		.label = "Concurrent requests", \
		.description = "At most so many at a time.", \
		.type = AK_INTEGER, \
		.default_value = "5", \
		.min = AK_LIMIT(1), \
		.max = AK_LIMIT(HTTP_CONCURRENT_MAX), \
		.advanced = true, \
	}, \
	HTTP_CLIENT_PARAMETERS, \
	{ \
		.name = "failEarly", \
		.label = "Fail early", \
		.description = "End as soon as the success rate can no longer be reached.", \
		.type = AK_BOOLEAN, \
		.default_value = "false", \
		.advanced = true, \
	}, \
	AK_PARAMETERS_END

static const struct ak_parameter check_periodic_parameters[] = {
	CHECK_REQUEST_PARAMETERS,
	{
		.name = "requestsPerSecond",
		.label = "Requests per second",
		.type = AK_INTEGER,
		.required = true,
		.default_value = "1",
		.min = AK_LIMIT(1),
		.max = AK_LIMIT(CHECK_RATE_MAX),
	},
	{
		.name = "duration",
		.label = "Duration",
		.type = AK_DURATION,
		.required = true,
		.default_value = "10s",
		.min = AK_LIMIT(1),
	},
	CHECK_RESULT_PARAMETERS
};

static const struct ak_parameter check_fixed_parameters[] = {
	CHECK_REQUEST_PARAMETERS,
	{
		.name = "numberOfRequests",
		.label = "Number of requests",
		.type = AK_INTEGER,
		.required = true,
		.default_value = "1",
		.min = AK_LIMIT(1),
		.hint = { AK_HINT_INFO, "The first is sent at once, the others spread evenly." },
	},
	{
		.name = "duration",
		.label = "Duration",
		.type = AK_DURATION,
		.required = true,
		.default_value = "2s",
		.min = AK_LIMIT(1),
	},
	CHECK_RESULT_PARAMETERS
};

#define CHECK_METRIC "response_time"
#define CHECK_URL "url"
#define CHECK_STATUS "http_status"
#define CHECK_ERROR "error"
#define CHECK_STATUS_GOOD "expected_http_status"
#define CHECK_BODY_GOOD "response_constraints_fulfilled"
#define CHECK_TIME_GOOD "response_time_constraints_fulfilled"

static const struct ak_chart_group check_groups[] = {
	{ "As required", "success", AK_MATCH_FALLBACK, NULL, NULL },
	{ "No answer", "warn", AK_MATCH_NOT_EMPTY, CHECK_ERROR, NULL },
	{ "Other status", "warn", AK_MATCH_EQUALS, CHECK_STATUS_GOOD, "false" },
	{ "Other body", "warn", AK_MATCH_EQUALS, CHECK_BODY_GOOD, "false" },
	{ "Other response time", "warn", AK_MATCH_EQUALS, CHECK_TIME_GOOD, "false" },
	AK_CHART_GROUPS_END
};

static const struct ak_chart_content check_content[] = {
	{ "URL", CHECK_URL, NULL },
	{ "Status", CHECK_STATUS, NULL },
	{ "Error", CHECK_ERROR, NULL },
	AK_CHART_CONTENT_END
};

static const struct ak_widget check_widgets[] = {
	{
		.type = AK_WIDGET_LINE_CHART,
		.title = "HTTP responses",
		.line_chart = {
			.metric = CHECK_METRIC,
			.from = CHECK_URL,
			.mode = AK_CHART_SELECT,
			.groups = check_groups,
			.show_summary = true,
			.value_title = "Response time",
			.value_unit = "ms",
			.content = check_content,
		},
	},
	AK_WIDGETS_END
};

static int
check_take(struct ak_call *call, struct check_state *s)
{
	const char *contains = ak_config_string(call, "responsesContains");
	const char *method = ak_config_string(call, "method");
	const char *body = ak_config_string(call, "body");
	struct status_codes codes;

	if (http_client_prepare(call, method, body, &s->http, &s->local.request) == -1)
		return -1;
	(void)snprintf(s->local.contains, sizeof(s->local.contains), "%s",
	    contains == NULL ? "" : contains);
	(void)snprintf(s->status_codes, sizeof(s->status_codes), "%s",
	    ak_config_string(call, "statusCode"));
	if (!status_codes_read(s->status_codes, &codes))
		return ak_error(call, "statusCode: \"%s\" is not understood: it has codes from %d "
		    "to %d, ranges such as 200-299, or error, separated by \";\"", s->status_codes,
		    STATUS_CODE_MIN, STATUS_CODE_MAX);
	(void)snprintf(s->time_mode, sizeof(s->time_mode), "%s",
	    ak_config_string(call, "responseTimeMode"));
	s->time_ms = ak_config_duration(call, "responseTime");
	s->success_rate = ak_config_integer(call, "successRate");
	s->fail_early = ak_config_boolean(call, "failEarly");
	s->duration_ms = ak_config_duration(call, "duration");
	return 0;
}

static int
check_periodic_prepare(struct ak_call *call, void *state)
{
	struct check_state *s = state;
	int64_t rate = ak_config_integer(call, "requestsPerSecond");

	if (check_take(call, s) == -1)
		return -1;
	s->interval_ns = NS_PER_S / rate;
	s->expected = s->duration_ms > INT64_MAX / CHECK_RATE_MAX ? INT64_MAX :
	    s->duration_ms * rate / (NS_PER_S / NS_PER_MS);
	if (s->expected == 0)
		s->expected = 1;
	return 0;
}

static int
check_fixed_prepare(struct ak_call *call, void *state)
{
	struct check_state *s = state;

	if (check_take(call, s) == -1)
		return -1;
	s->total = s->expected = ak_config_integer(call, "numberOfRequests");
	if (s->total > s->duration_ms)
		return ak_error(call, "numberOfRequests: %" PRId64 " within %" PRId64 " ms are "
		    "more than one per millisecond", s->total, s->duration_ms);
	s->interval_ns = s->duration_ms > INT64_MAX / NS_PER_MS ? INT64_MAX :
	    s->duration_ms * NS_PER_MS / s->total;
	return 0;
}

/* Looks for a text in what arrives part by part, in constant memory (Knuth, Morris, Pratt). */
struct check_search {
	size_t matched;			/* so much of it has just been seen */
	bool found;
};

struct check {
	struct ak_call *call;
	struct check_state *state;
	struct http_client client;
	struct status_codes codes;
	char *url;			/* as people may see it */
	int64_t began_ns;
	int64_t sent;
	size_t contains_length;
	size_t fallback[HTTP_CONTENT_BYTES + 1];	/* what is still matched after so much */
	struct check_search searches[HTTP_CONCURRENT_MAX];
};

static void
check_search_prepare(struct check *check)
{
	const char *text = check->state->local.contains;
	size_t i, matched = 0;

	check->contains_length = strlen(text);
	for (i = 1; i < check->contains_length; i++) {
		while (matched > 0 && text[i] != text[matched])
			matched = check->fallback[matched];
		matched += text[i] == text[matched];
		check->fallback[i + 1] = matched;
	}
}

static void
check_answer_begins(void *context, const struct http_exchange *exchange)
{
	struct check *check = context;

	check->searches[exchange->slot] = (struct check_search){ .matched = 0 };
}

static void
check_answer_data(void *context, const struct http_exchange *exchange, const char *data,
    size_t size)
{
	struct check *check = context;
	struct check_search *search = &check->searches[exchange->slot];
	const char *text = check->state->local.contains, *end = data + size;

	if (check->contains_length == 0)
		return;
	for (; data < end && !search->found; data++) {
		while (search->matched > 0 && *data != text[search->matched])
			search->matched = check->fallback[search->matched];
		search->matched += *data == text[search->matched];
		search->found = search->matched == check->contains_length;
	}
}

static bool
check_time_is_good(const struct check_state *s, int64_t time_ns)
{
	int64_t limit_ns = s->time_ms > INT64_MAX / NS_PER_MS ? INT64_MAX : s->time_ms * NS_PER_MS;

	if (strcmp(s->time_mode, CHECK_SHORTER) == 0)
		return time_ns <= limit_ns;
	return strcmp(s->time_mode, CHECK_LONGER) != 0 || time_ns >= limit_ns;
}

static void
check_tell(const struct check *check, int64_t time_ns, const struct ak_label *labels)
{
	ak_metric(check->call, CHECK_METRIC, (double)time_ns / (double)NS_PER_MS, labels);
}

static const char *
check_word(bool is_good)
{
	return is_good ? "true" : "false";
}

static bool
check_judge_answer(struct check *check, const struct http_exchange *exchange, bool is_whole)
{
	int64_t time_ns = exchange->answered_ns - exchange->sent_ns;
	bool status = status_codes_have(&check->codes, exchange->status);
	bool body = check->contains_length == 0 ||
	    (is_whole && check->searches[exchange->slot].found);
	bool in_time = check_time_is_good(check->state, time_ns);
	char code[CHECK_LABEL_BYTES];
	const struct ak_label labels[] = {
		{ CHECK_URL, check->url },
		{ CHECK_STATUS, code },
		{ CHECK_STATUS_GOOD, check_word(status) },
		{ CHECK_BODY_GOOD, check_word(body) },
		{ CHECK_TIME_GOOD, check_word(in_time) },
		AK_LABELS_END
	};

	(void)snprintf(code, sizeof(code), "%ld", exchange->status);
	check_tell(check, time_ns < 0 ? 0 : time_ns, labels);
	return status && body && in_time;
}

static bool
check_judge_error(const struct check *check, const struct http_exchange *exchange, CURLcode result)
{
	const struct ak_label labels[] = {
		{ CHECK_URL, check->url },
		{ CHECK_ERROR, curl_easy_strerror(result) },
		{ CHECK_STATUS_GOOD, check_word(check->codes.has_error) },
		AK_LABELS_END
	};

	check_tell(check, clocks_ns(CLOCK_BOOTTIME) - exchange->begun_ns, labels);
	return check->codes.has_error;
}

/* An answer whose body breaks off is one, with a body that contains nothing. */
static bool
check_is_answer(const struct http_exchange *exchange, CURLcode result)
{
	return exchange->status != 0 && (result == CURLE_OK || result == CURLE_PARTIAL_FILE ||
	    result == CURLE_RECV_ERROR || result == CURLE_BAD_CONTENT_ENCODING);
}

static void
check_done(void *context, const struct http_exchange *exchange, CURLcode result)
{
	struct check *check = context;
	bool is_good = check_is_answer(exchange, result) ?
	    check_judge_answer(check, exchange, result == CURLE_OK) :
	    check_judge_error(check, exchange, result);

	check->state->success += is_good;
	check->state->failed += !is_good;
}

static const struct http_events check_events = {
	.begins = check_answer_begins,
	.data = check_answer_data,
	.done = check_done,
};

/* Begins what is due. What finds no place waits, but of a rate only for a while. */
static void
check_begin(struct check *check, int64_t now_ns)
{
	struct check_state *s = check->state;

	s->due = (now_ns - check->began_ns) / s->interval_ns + 1;
	if (s->total > 0 && s->due > s->total)
		s->due = s->total;
	while (check->sent + s->missed < s->due) {
		int64_t due_ns = check->began_ns + (check->sent + s->missed) * s->interval_ns;

		if (s->total == 0 && now_ns - due_ns > CHECK_LATE_NS)
			s->missed++;
		else if (http_client_begin(&check->client))
			check->sent++;
		else
			return;
	}
}

/* How long nothing is due. */
static int64_t
check_pause_ns(const struct check *check, int64_t now_ns)
{
	const struct check_state *s = check->state;
	int64_t pause_ns = CHECK_PROGRESS_MS * NS_PER_MS, next_ns;

	if (s->total == 0 || s->due < s->total) {
		next_ns = s->interval_ns - (now_ns - check->began_ns) % s->interval_ns;
		pause_ns = next_ns < pause_ns ? next_ns : pause_ns;
	}
	if (s->total > 0) {
		next_ns = check->began_ns + s->duration_ms * NS_PER_MS - now_ns;
		pause_ns = next_ns < pause_ns ? next_ns : pause_ns;
	}
	return pause_ns;
}

/* An amount is over when all are answered, or its time is. */
static bool
check_is_over(const struct check *check, int64_t now_ns)
{
	const struct check_state *s = check->state;

	return s->total > 0 && (s->success + s->failed == s->total ||
	    now_ns - check->began_ns >= s->duration_ms * NS_PER_MS);
}

/* Whether the rate that is required cannot be had any more, whatever comes. */
static bool
check_is_lost(const struct check_state *s)
{
	return s->fail_early && (double)s->failed * CHECK_PERCENT >
	    (double)s->expected * (double)(CHECK_PERCENT - s->success_rate);
}

static int
check_ask(struct check *check)
{
	struct check_state *s = check->state;
	int64_t now_ns = clocks_ns(CLOCK_BOOTTIME), saved_ns = now_ns;
	bool ends = false;

	check->began_ns = now_ns;
	while (!ends && !check_is_over(check, now_ns)) {
		check_begin(check, now_ns);
		ends = http_client_wait(check->call, &check->client, check_pause_ns(check, now_ns));
		if (check_is_lost(s))
			return ak_failed(check->call, "A success rate of %" PRId64 " %% can no "
			    "longer be reached: %" PRId64 " of %" PRId64 " requests have failed",
			    s->success_rate, s->failed, s->expected);
		now_ns = clocks_ns(CLOCK_BOOTTIME);
		if (now_ns - saved_ns >= CHECK_PROGRESS_MS * NS_PER_MS) {
			saved_ns = now_ns;
			(void)ak_progress(check->call);
		}
	}
	return 0;
}

static int
check_work(struct ak_call *call, void *state)
{
	static struct check check;
	struct check_state *s = state;
	int result;

	check.call = call;
	check.state = s;
	if (s->interval_ns <= 0 || s->total < 0 || s->duration_ms > INT64_MAX / NS_PER_MS ||
	    !status_codes_read(s->status_codes, &check.codes))
		return ak_error(call, "This execution was not prepared");
	check.client = (struct http_client){
		.settings = &s->http, .request = &s->local.request, .events = &check_events,
		.context = &check
	};
	check_search_prepare(&check);
	check.url = http_client_public_url(s->local.request.url);
	if (check.url == NULL)
		return ak_error(call, "Out of memory");
	result = http_client_open(call, &check.client);
	if (result == 0)
		result = check_ask(&check);
	s->cancelled = (int64_t)check.client.active;
	if (s->total > 0)
		s->unsent = s->total - check.sent;
	else
		s->missed = s->due - check.sent;
	return result;
}

static void
check_add(struct text *summary, int64_t count, const char *what)
{
	if (count > 0)
		text_put(summary, ", %" PRId64 " %s", count, what);
}

/* Two digits of the percentage, the rest cut off: all but one of many are not 100. */
static void
check_conclude(struct ak_call *call, const struct check_state *s, bool judges)
{
	const struct ak_error_details failed = { .status = AK_FAILED };
	int64_t total = s->success + s->failed;
	int64_t rate = total == 0 ? 0 :
	    (int64_t)((double)s->success * CHECK_HUNDREDTHS / (double)total);
	char summary[CHECK_SUMMARY_BYTES];
	struct text text = TEXT_IN(summary);
	bool is_good = total > 0 && (double)s->success * CHECK_PERCENT >=
	    (double)s->success_rate * (double)total;

	if (rate == CHECK_HUNDREDTHS && s->failed > 0)
		rate--;
	text_put(&text, "%" PRId64 " of %" PRId64 " answers were as "
	    "required (%" PRId64 ".%02" PRId64 " %%)", s->success, total, rate / CHECK_PERCENT,
	    rate % CHECK_PERCENT);
	check_add(&text, s->missed, "missed: too many were under way");
	check_add(&text, s->unsent, "not sent in time");
	check_add(&text, s->cancelled, "cancelled at the end");
	ak_summary(call, is_good && s->missed + s->unsent == 0 ? AK_INFO : AK_WARN, "%s", summary);
	if (!judges || is_good)
		return;
	if (total == 0)
		ak_verdict(call, &failed, "No request was answered");
	else
		ak_verdict(call, &failed, "The success rate was %" PRId64 ".%02" PRId64 " %% (%"
		    PRId64 " of %" PRId64 "), %" PRId64 " %% are required", rate / CHECK_PERCENT,
		    rate % CHECK_PERCENT, s->success, total, s->success_rate);
}

/* Work that did not come to its end has said, or has had said for it, what it came to. */
static int
check_stop(struct ak_call *call, void *state)
{
	const struct check_state *s = state;
	struct ak_work_end end = { .how = AK_WORK_COMPLETED };
	bool ended = ak_work_ended(call, &end);

	if (ended || s->due > 0)
		check_conclude(call, s, end.how == AK_WORK_COMPLETED);
	return 0;
}

const struct ak_action action_http_check_periodic = {
	.id = "org.actionkit.http-check-periodic",
	.label = "HTTP check (periodic)",
	.version = "1.0.0",
	.description = "Requests a URL so many times a second, and checks the answers.",
	.technology = "HTTP",
	.kind = AK_CHECK,
	.time_control = AK_EXTERNAL,
	.parameters = check_periodic_parameters,
	.widgets = check_widgets,
	.state = AK_STATE(struct check_state, check_fields),
	.call_interval = "1s",
	.prepare = check_periodic_prepare,
	.work = check_work,
	.stop = check_stop,
};

const struct ak_action action_http_check_fixed = {
	.id = "org.actionkit.http-check-fixed",
	.label = "HTTP check (fixed amount)",
	.version = "1.0.0",
	.description = "Requests a URL so many times, and checks the answers.",
	.technology = "HTTP",
	.kind = AK_CHECK,
	.time_control = AK_INTERNAL,
	.parameters = check_fixed_parameters,
	.widgets = check_widgets,
	.state = AK_STATE(struct check_state, check_fields),
	.call_interval = "1s",
	.prepare = check_fixed_prepare,
	.work = check_work,
	.stop = check_stop,
};
