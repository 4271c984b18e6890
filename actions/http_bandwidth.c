/*
 * http_bandwidth.c: downloads again and again, in a worker, and judges how fast, second by second.
 * Its state keeps how many seconds were as required so far; what the step has come to is said by
 * stop(). There is nothing to undo.
 */
#include <actionkit.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "actions/clocks.h"
#include "actions/http_client.h"
#include "actions/text.h"

#define BANDWIDTH_CONCURRENT_MAX 50
#define BANDWIDTH_PERCENT 100
#define BANDWIDTH_WINDOW_NS INT64_C(1000000000)
#define BANDWIDTH_LAST_NS INT64_C(500000000)	/* what is shorter at the end says nothing */
#define BANDWIDTH_PAUSE_MIN_NS INT64_C(100000000)	/* after an error; doubled with each */
#define BANDWIDTH_PAUSE_MAX_NS INT64_C(1000000000)
#define BANDWIDTH_KINDS_MAX 8		/* of answers, and of errors, that a window tells apart */
#define BANDWIDTH_TEXT_BYTES 512
#define BANDWIDTH_GOOD_MIN 200
#define BANDWIDTH_GOOD_MAX 299
#define BITS_PER_BYTE 8.0
#define BITS_PER_MBIT 1e6
#define MS_PER_S 1000

struct bandwidth_state {
	struct http_settings http;
	int64_t success_rate;		/* of the windows, in percent */
	int64_t min_bits, max_bits;	/* a second; 0: no bound */
	bool fail_early;
	int64_t expected;		/* how many windows there are to be */
	int64_t windows, good;		/* so far */
	int64_t bytes;
	int64_t answered;		/* requests with an answer as it should be */
	int64_t errors;
	struct http_request request;
};

static const struct ak_field bandwidth_fields[] = {
	AK_STRUCT(struct bandwidth_state, http, http_settings_fields),
	AK_INT(struct bandwidth_state, success_rate),
	AK_INT(struct bandwidth_state, min_bits),
	AK_INT(struct bandwidth_state, max_bits),
	AK_BOOL(struct bandwidth_state, fail_early),
	AK_INT(struct bandwidth_state, expected),
	AK_INT(struct bandwidth_state, windows),
	AK_INT(struct bandwidth_state, good),
	AK_INT(struct bandwidth_state, bytes),
	AK_INT(struct bandwidth_state, answered),
	AK_INT(struct bandwidth_state, errors),
	AK_LOCAL(struct bandwidth_state, request, http_request_fields),
	AK_FIELDS_END
};

static const struct ak_parameter bandwidth_parameters[] = {
	{ .name = "requestHeader", .label = "Request", .type = AK_HEADER },
	HTTP_URL_PARAMETER,
	HTTP_HEADERS_PARAMETER,
	{
		.name = "maxConcurrent",
		.label = "Concurrent requests",
		.description = "So many downloads go on at a time.",
		.type = AK_INTEGER,
		.required = true,
		.default_value = "5",
		.min = AK_LIMIT(1),
		.max = AK_LIMIT(BANDWIDTH_CONCURRENT_MAX),
	},
	{
		.name = "duration",
		.label = "Duration",
		.type = AK_DURATION,
		.required = true,
		.default_value = "10s",
		.min = AK_LIMIT(MS_PER_S),
	},
	{ .name = "resultLine", .label = "-", .type = AK_SEPARATOR },
	{ .name = "resultHeader", .label = "Result", .type = AK_HEADER },
	{
		.name = "successRate",
		.label = "Required success rate",
		.description = "In how many percent of the seconds the bandwidth must be within "
		    "the bounds.",
		.type = AK_PERCENTAGE,
		.required = true,
		.default_value = "100",
		.min = AK_LIMIT(0),
		.max = AK_LIMIT(BANDWIDTH_PERCENT),
	},
	{
		.name = "minBandwidth",
		.label = "Minimum bandwidth",
		.description = "All downloads together, at least.",
		.type = AK_BITRATE,
	},
	{
		.name = "maxBandwidth",
		.label = "Maximum bandwidth",
		.description = "All downloads together, at most.",
		.type = AK_BITRATE,
	},
	{ .name = "clientLine", .label = "-", .type = AK_SEPARATOR },
	{ .name = "clientHeader", .label = "HTTP client", .type = AK_HEADER },
	HTTP_CLIENT_PARAMETERS,
	{
		.name = "failEarly",
		.label = "Fail early",
		.description = "End as soon as the success rate can no longer be reached.",
		.type = AK_BOOLEAN,
		.default_value = "false",
		.advanced = true,
	},
	AK_PARAMETERS_END
};

#define BANDWIDTH_METRIC "bandwidth"

static const struct ak_chart_group bandwidth_groups[] = {
	{ "Within the bounds", "success", AK_MATCH_FALLBACK, NULL, NULL },
	{ "Errors", "warn", AK_MATCH_NOT_EMPTY, "error", NULL },
	{ "Outside", "warn", AK_MATCH_EQUALS, "within_threshold", "false" },
	AK_CHART_GROUPS_END
};

static const struct ak_chart_content bandwidth_content[] = {
	{ "URL", "url", NULL },
	{ "Downloaded", "bytes_downloaded", "bytes" },
	{ "Answers", "http_status", NULL },
	{ "Errors", "error", NULL },
	AK_CHART_CONTENT_END
};

static const struct ak_widget bandwidth_widgets[] = {
	{
		.type = AK_WIDGET_LINE_CHART,
		.title = "Download bandwidth",
		.line_chart = {
			.metric = BANDWIDTH_METRIC,
			.from = "url",
			.mode = AK_CHART_SELECT,
			.groups = bandwidth_groups,
			.show_summary = true,
			.value_title = "Bandwidth",
			.value_unit = "Mbit/s",
			.content = bandwidth_content,
		},
	},
	AK_WIDGETS_END
};

static int
bandwidth_prepare(struct ak_call *call, void *state)
{
	struct bandwidth_state *s = state;
	bool has_min = ak_config_has(call, "minBandwidth");
	bool has_max = ak_config_has(call, "maxBandwidth");

	if (http_client_prepare(call, NULL, NULL, &s->http, &s->request) == -1)
		return -1;
	s->min_bits = has_min ? ak_config_bitrate(call, "minBandwidth") : 0;
	s->max_bits = has_max ? ak_config_bitrate(call, "maxBandwidth") : 0;
	if (s->min_bits == 0 && s->max_bits == 0)
		return ak_error(call, "minBandwidth or maxBandwidth: there is nothing to check "
		    "without one of them");
	if (s->max_bits > 0 && s->min_bits > s->max_bits)
		return ak_error(call, "minBandwidth: %s is more than maxBandwidth %s",
		    ak_config_string(call, "minBandwidth"), ak_config_string(call, "maxBandwidth"));
	s->success_rate = ak_config_integer(call, "successRate");
	s->fail_early = ak_config_boolean(call, "failEarly");
	s->expected = ak_config_duration(call, "duration") / MS_PER_S;
	return 0;
}

/* How often something came in a window: an answer's status, a kind of error. */
struct bandwidth_kind {
	char text[CURL_ERROR_SIZE];
	int64_t times;
};

struct bandwidth_window {
	int64_t began_ns;
	int64_t bytes, requests, errors;
	bool is_used;			/* something was under way in it */
	bool all_expected;		/* each status was as it should be */
	struct bandwidth_kind statuses[BANDWIDTH_KINDS_MAX], faults[BANDWIDTH_KINDS_MAX];
};

struct bandwidth {
	struct ak_call *call;
	struct bandwidth_state *state;
	struct http_client client;
	char *url;
	struct bandwidth_window window;
	int64_t pause_ns, paused_until_ns;
};

/* What is beyond the room counts as the last kind. */
static void
bandwidth_count(struct bandwidth_kind kinds[BANDWIDTH_KINDS_MAX], const char *text)
{
	struct bandwidth_kind *kind = kinds;

	while (kind->times > 0 && strcmp(kind->text, text) != 0 &&
	    kind < kinds + BANDWIDTH_KINDS_MAX - 1)
		kind++;
	if (kind->times++ == 0)
		(void)snprintf(kind->text, sizeof(kind->text), "%s", text);
}

/* "200 (12), 503 (1)" */
static void
bandwidth_list(const struct bandwidth_kind kinds[BANDWIDTH_KINDS_MAX],
    char text[BANDWIDTH_TEXT_BYTES])
{
	struct text list = { .at = text, .left = BANDWIDTH_TEXT_BYTES };
	size_t i;

	text[0] = '\0';
	for (i = 0; i < BANDWIDTH_KINDS_MAX && kinds[i].times > 0; i++)
		text_put(&list, "%s%s (%" PRId64 ")", i == 0 ? "" : ", ", kinds[i].text,
		    kinds[i].times);
}

static void
bandwidth_data(void *context, const struct http_exchange *exchange, const char *data, size_t size)
{
	struct bandwidth *b = context;

	(void)exchange;
	(void)data;
	b->window.bytes += (int64_t)size;
}

static void
bandwidth_wait_after_error(struct bandwidth *b)
{
	int64_t now_ns = clocks_ns(CLOCK_BOOTTIME);

	/* Those that fail together are one fault. */
	if (now_ns < b->paused_until_ns)
		return;
	b->paused_until_ns = now_ns + b->pause_ns;
	b->pause_ns = b->pause_ns > BANDWIDTH_PAUSE_MAX_NS / 2 ? BANDWIDTH_PAUSE_MAX_NS :
	    b->pause_ns * 2;
}

static void
bandwidth_done(void *context, const struct http_exchange *exchange, CURLcode result)
{
	struct bandwidth *b = context;
	bool is_good = exchange->status >= BANDWIDTH_GOOD_MIN &&
	    exchange->status <= BANDWIDTH_GOOD_MAX;
	char status[BANDWIDTH_KINDS_MAX * 2];

	b->window.requests++;
	if (exchange->status != 0) {
		(void)snprintf(status, sizeof(status), "%ld", exchange->status);
		bandwidth_count(b->window.statuses, status);
		b->window.all_expected = b->window.all_expected && is_good;
	}
	if (result != CURLE_OK)
		bandwidth_count(b->window.faults, curl_easy_strerror(result));
	if (result == CURLE_OK && is_good) {
		b->state->answered++;
		b->pause_ns = BANDWIDTH_PAUSE_MIN_NS;
		return;
	}
	b->window.errors++;
	bandwidth_wait_after_error(b);
}

static const struct http_events bandwidth_events = {
	.data = bandwidth_data,
	.done = bandwidth_done,
};

static void
bandwidth_tell(const struct bandwidth *b, double bits, int64_t ns, bool is_good)
{
	const struct bandwidth_window *window = &b->window;
	char bytes[BANDWIDTH_TEXT_BYTES], duration[BANDWIDTH_TEXT_BYTES];
	char requests[BANDWIDTH_TEXT_BYTES], errors[BANDWIDTH_TEXT_BYTES];
	char statuses[BANDWIDTH_TEXT_BYTES], faults[BANDWIDTH_TEXT_BYTES];
	const struct ak_label labels[] = {
		{ "url", b->url },
		{ "bytes_downloaded", bytes },
		{ "duration_ms", duration },
		{ "request_count", requests },
		{ "error_count", errors },
		{ "within_threshold", is_good ? "true" : "false" },
		{ "http_status", statuses },
		{ "expected_http_status", window->all_expected ? "true" : "false" },
		{ "error", faults },
		AK_LABELS_END
	};

	(void)snprintf(bytes, sizeof(bytes), "%" PRId64, window->bytes);
	(void)snprintf(duration, sizeof(duration), "%" PRId64, ns / NS_PER_MS);
	(void)snprintf(requests, sizeof(requests), "%" PRId64, window->requests);
	(void)snprintf(errors, sizeof(errors), "%" PRId64, window->errors);
	bandwidth_list(window->statuses, statuses);
	bandwidth_list(window->faults, faults);
	ak_metric(b->call, BANDWIDTH_METRIC, bits / BITS_PER_MBIT, labels);
}

static void
bandwidth_begin_window(struct bandwidth *b, int64_t now_ns)
{
	b->window = (struct bandwidth_window){
		.began_ns = now_ns, .is_used = b->client.active > 0, .all_expected = true
	};
}

/* A window that nothing was under way in, for the pause after an error, says nothing. */
static void
bandwidth_end_window(struct bandwidth *b, int64_t now_ns)
{
	struct bandwidth_state *s = b->state;
	int64_t ns = now_ns - b->window.began_ns;
	double bits = (double)b->window.bytes * BITS_PER_BYTE * (double)NS_PER_S / (double)ns;
	bool is_good = (b->window.bytes > 0 || b->window.errors == 0) &&
	    bits >= (double)s->min_bits && (s->max_bits == 0 || bits <= (double)s->max_bits);

	if (b->window.is_used) {
		s->windows++;
		s->good += is_good;
		s->bytes += b->window.bytes;
		s->errors += b->window.errors;
		bandwidth_tell(b, bits, ns, is_good);
	}
	bandwidth_begin_window(b, now_ns);
	(void)ak_progress(b->call);
}

static bool
bandwidth_is_lost(const struct bandwidth_state *s)
{
	return s->fail_early && (double)(s->windows - s->good) * BANDWIDTH_PERCENT >
	    (double)s->expected * (double)(BANDWIDTH_PERCENT - s->success_rate);
}

static int
bandwidth_download(struct bandwidth *b)
{
	struct bandwidth_state *s = b->state;
	int64_t now_ns = clocks_ns(CLOCK_BOOTTIME), until_ns;
	bool ends = false;

	bandwidth_begin_window(b, now_ns);
	while (!ends) {
		while (now_ns >= b->paused_until_ns && http_client_begin(&b->client))
			b->window.is_used = true;
		until_ns = b->window.began_ns + BANDWIDTH_WINDOW_NS;
		if (b->paused_until_ns > now_ns && b->paused_until_ns < until_ns)
			until_ns = b->paused_until_ns;
		ends = http_client_wait(b->call, &b->client, until_ns - now_ns);
		now_ns = clocks_ns(CLOCK_BOOTTIME);
		if (now_ns - b->window.began_ns >= (ends ? BANDWIDTH_LAST_NS : BANDWIDTH_WINDOW_NS))
			bandwidth_end_window(b, now_ns);
		if (bandwidth_is_lost(s))
			return ak_failed(b->call, "A success rate of %" PRId64 " %% can no longer "
			    "be reached: the bandwidth was out of its bounds in %" PRId64 " of %"
			    PRId64 " seconds", s->success_rate, s->windows - s->good,
			    s->expected);
	}
	return 0;
}

static int
bandwidth_work(struct ak_call *call, void *state)
{
	static struct bandwidth b;
	struct bandwidth_state *s = state;

	b.call = call;
	b.state = s;
	b.pause_ns = BANDWIDTH_PAUSE_MIN_NS;
	b.client = (struct http_client){
		.settings = &s->http, .request = &s->request, .events = &bandwidth_events,
		.context = &b, .is_stream = true
	};
	b.url = http_client_public_url(s->request.url);
	if (b.url == NULL)
		return ak_error(call, "Out of memory");
	return http_client_open(call, &b.client) == -1 ? -1 : bandwidth_download(&b);
}

static void
bandwidth_conclude(struct ak_call *call, const struct bandwidth_state *s, bool judges)
{
	const struct ak_error_details failed = { .status = AK_FAILED };
	double mbit = s->windows == 0 ? 0 :
	    (double)s->bytes * BITS_PER_BYTE / (double)s->windows / BITS_PER_MBIT;
	bool is_good = s->windows > 0 && (double)s->good * BANDWIDTH_PERCENT >=
	    (double)s->success_rate * (double)s->windows;

	ak_summary(call, is_good && s->errors == 0 ? AK_INFO : AK_WARN, "%.2f Mbit/s, within the "
	    "bounds in %" PRId64 " of %" PRId64 " seconds; %" PRId64 " downloads, %" PRId64
	    " errors", mbit, s->good, s->windows, s->answered, s->errors);
	if (!judges)
		return;
	if (s->windows == 0)
		ak_verdict(call, &failed, "Nothing was measured: the step was too short");
	else if (s->bytes == 0 && s->answered == 0 && s->errors > 0)
		ak_verdict(call, &failed, "Nothing was downloaded: each request failed");
	else if (!is_good)
		ak_verdict(call, &failed, "The bandwidth was within its bounds in %" PRId64 " of %"
		    PRId64 " seconds, %" PRId64 " %% are required", s->good, s->windows,
		    s->success_rate);
}

static int
bandwidth_stop(struct ak_call *call, void *state)
{
	const struct bandwidth_state *s = state;
	struct ak_work_end end = { .how = AK_WORK_COMPLETED };
	bool ended = ak_work_ended(call, &end);

	if (ended || s->windows > 0)
		bandwidth_conclude(call, s, end.how == AK_WORK_COMPLETED);
	return 0;
}

const struct ak_action action_http_bandwidth = {
	.id = "org.actionkit.http-bandwidth",
	.label = "HTTP bandwidth",
	.version = "1.0.0",
	.description = "Downloads from a URL again and again, and checks how fast that is.",
	.technology = "HTTP",
	.kind = AK_CHECK,
	.time_control = AK_EXTERNAL,
	.parameters = bandwidth_parameters,
	.widgets = bandwidth_widgets,
	.state = AK_STATE(struct bandwidth_state, bandwidth_fields),
	.call_interval = "1s",
	.prepare = bandwidth_prepare,
	.work = bandwidth_work,
	.stop = bandwidth_stop,
};
