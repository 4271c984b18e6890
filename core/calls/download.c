/*
 * download.c: has a child process download a file into the directory of a request. libcurl
 * runs in the child only, which opens no database and ends with its parent.
 */
#include "config.h"

#include "core/calls/download.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <curl/curl.h>

#include "core/base/clock.h"
#include "core/base/file_name.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "core/base/url.h"

#define DOWNLOAD_REDIRECTS_MAX 5
#define DOWNLOAD_NAME_BYTES 256
/* What is left of the deadline for the reply. */
#define DOWNLOAD_MARGIN_MS 250

#define STATUS_OK_FIRST 200
#define STATUS_OK_LAST 299

/* In the child. */
struct transfer {
	struct incoming *incoming;
	CURL *curl;
	int64_t deadline_ms;
	bool refused;			/* err says why the data is not wanted */
	struct err err;
};

static bool
succeeded(CURL *curl)
{
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	return status >= STATUS_OK_FIRST && status <= STATUS_OK_LAST;
}

static size_t
take_data(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;

	/* What comes with a redirect or an error is not the file. */
	if (!succeeded(transfer->curl))
		return size * count;
	if (incoming_write(transfer->incoming, data, size * count, &transfer->err) == 0)
		return size * count;
	transfer->refused = true;
	return 0;
}

static void
set_up(struct transfer *transfer)
{
	CURL *curl = transfer->curl;

	url_http_only(curl);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
}

/* Follows one URL: 0 at the end, 1 and *ret_next (borrowed) for a redirect, or -1. */
static int
get_one(struct transfer *transfer, const char *text, const char **ret_next)
{
	const struct option_list *prefixes = &transfer->incoming->options->allow_file_url;
	char message[CURL_ERROR_SIZE] = "", shown[URL_PUBLIC_BYTES];
	const char *fault = NULL;
	char *next = NULL;
	CURLU *url = url_parse(text, &fault);
	CURLcode code;
	int64_t left_ms = transfer->deadline_ms - clock_boot_ms();

	url_public(text, shown, sizeof(shown));
	if (url == NULL)
		return err_set(&transfer->err, ERR_CONFIG, "%s: %s", shown, fault);
	if (!url_allowed(url, prefixes->items, prefixes->count)) {
		curl_url_cleanup(url);
		return err_set(&transfer->err, ERR_CONFIG,
		    "%s is not allowed (--allow-file-url)", shown);
	}
	curl_easy_setopt(transfer->curl, CURLOPT_CURLU, url);
	curl_easy_setopt(transfer->curl, CURLOPT_TIMEOUT_MS, left_ms < 1 ? 1L : (long)left_ms);
	curl_easy_setopt(transfer->curl, CURLOPT_ERRORBUFFER, message);
	code = curl_easy_perform(transfer->curl);
	curl_easy_setopt(transfer->curl, CURLOPT_ERRORBUFFER, NULL);
	curl_url_cleanup(url);
	if (transfer->refused)
		return -1;
	if (code != CURLE_OK)
		return err_set(&transfer->err, ERR_CONFIG, "%s: %s", shown,
		    *message == '\0' ? curl_easy_strerror(code) : message);
	if (succeeded(transfer->curl))
		return 0;
	curl_easy_getinfo(transfer->curl, CURLINFO_REDIRECT_URL, &next);
	if (next == NULL)
		return err_set(&transfer->err, ERR_CONFIG, "%s: there is no file", shown);
	*ret_next = next;
	return 1;
}

static int
get(struct transfer *transfer, const char *url)
{
	char *text = NULL, shown[URL_PUBLIC_BYTES];
	const char *next = url;
	int result = 1, redirects;

	for (redirects = 0; result == 1; redirects++) {
		if (redirects > DOWNLOAD_REDIRECTS_MAX) {
			url_public(url, shown, sizeof(shown));
			result = err_set(&transfer->err, ERR_CONFIG,
			    "%s: more than %d redirects", shown, DOWNLOAD_REDIRECTS_MAX);
			break;
		}
		free(text);
		if ((text = strdup(next)) == NULL)
			log_out_of_memory();
		result = get_one(transfer, text, &next);
	}
	free(text);
	return result;
}

/* The child: what it has to say goes through the pipe, nothing is all right. */
static void
run_child(struct incoming *incoming, const char *url, int64_t deadline_ms, int report)
{
	struct transfer transfer = { .incoming = incoming, .deadline_ms = deadline_ms };
	int result = -1;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (transfer.curl = curl_easy_init()) == NULL) {
		err_set(&transfer.err, ERR_INTERNAL, "libcurl cannot be set up");
	} else {
		set_up(&transfer);
		result = get(&transfer, url);
	}
	if (result == -1 &&
	    write(report, &transfer.err, sizeof(transfer.err)) != sizeof(transfer.err))
		_exit(EXIT_FAILURE);
	_exit(result == -1 ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* Waits for the child's report until the deadline. 0: it ended without one. */
static int
await_report(int report, int64_t deadline_ms, struct err *err)
{
	struct pollfd polled = { .fd = report, .events = POLLIN };
	int64_t left_ms = deadline_ms - clock_boot_ms();
	struct err said;
	ssize_t length;

	while (left_ms > 0 && poll(&polled, 1, (int)left_ms) <= 0)
		left_ms = deadline_ms - clock_boot_ms();
	if (left_ms <= 0)
		return err_set(err, ERR_CONFIG, "the download takes too long");
	length = read(report, &said, sizeof(said));
	if (length == 0)
		return 0;
	if (length != sizeof(said))
		return err_set(err, ERR_INTERNAL, "the download cannot be followed");
	*err = said;
	return -1;
}

/* The pipe's reading end and the child's pid; -1 and err. */
static int
fork_child(struct incoming *incoming, const char *url, int64_t deadline_ms, pid_t *ret_pid,
    struct err *err)
{
	pid_t parent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_sys(err, ERR_INTERNAL, "pipe");
	*ret_pid = fork();
	if (*ret_pid == 0) {
		process_die_with_parent(parent);
		process_default_signals();
		/* Not all of libcurl's writes leave the signal out. */
		signal(SIGPIPE, SIG_IGN);
		process_name("download");
		run_child(incoming, url, deadline_ms, ends[1]);
	}
	close(ends[1]);
	if (*ret_pid != -1)
		return ends[0];
	close(ends[0]);
	return err_sys(err, ERR_INTERNAL, "fork");
}

static int
run(struct incoming *incoming, const char *url, int64_t deadline_ms, struct err *err)
{
	struct stat status;
	int report, result, ended = 0;
	pid_t pid = -1;

	report = fork_child(incoming, url, deadline_ms, &pid, err);
	if (report == -1)
		return -1;
	result = await_report(report, deadline_ms + DOWNLOAD_MARGIN_MS / 2, err);
	close(report);
	kill(pid, SIGKILL);
	process_wait(pid, &ended);
	if (result == 0 && !(WIFEXITED(ended) && WEXITSTATUS(ended) == EXIT_SUCCESS))
		result = err_set(err, ERR_INTERNAL, "the download died");
	if (result == 0 && fstat(incoming->file_fd, &status) == -1)
		result = err_sys(err, ERR_INTERNAL, "fstat");
	if (result == 0)
		incoming_wrote(incoming, status.st_size);
	return result;
}

int
download(struct incoming *incoming, const char *parameter, const char *url,
    int64_t deadline_ms, struct err *err)
{
	char name[DOWNLOAD_NAME_BYTES];

	url_file_name(url, name, sizeof(name));
	if (incoming_begin(incoming, parameter, file_name_is_dots(name) ? parameter : name,
	    err) == -1)
		return -1;
	if (run(incoming, url, deadline_ms - DOWNLOAD_MARGIN_MS, err) == 0)
		return incoming_end(incoming, err);
	/* The limits name it themselves. */
	return err->code == ERR_CONFIG ? err_wrap(err, "%s", parameter) : -1;
}
