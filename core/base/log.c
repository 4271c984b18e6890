/*
 * log.c: makes a line of a message and writes it to stderr.
 */
#include "config.h"

#include "core/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/utf8.h"

/* What a pipe takes at once, or not at all. */
#define LOG_LINE_BYTES PIPE_BUF
/* Kept free for what ends a cut line. */
#define LOG_END_BYTES 16
/* Request ids come from outside; beyond this they would leave no room for the message. */
#define LOG_REQUEST_BYTES 256
#define LOG_STREAM_BYTES 64
#define LOG_NUMBER_BYTES 24

struct line {
	char text[LOG_LINE_BYTES];
	size_t length;
	bool cut;
};

static const char *const level_names[] = {
	[LOG_LEVEL_TRACE] = "TRACE",
	[LOG_LEVEL_DEBUG] = "DEBUG",
	[LOG_LEVEL_INFO] = "INFO",
	[LOG_LEVEL_WARN] = "WARN",
	[LOG_LEVEL_ERROR] = "ERROR",
};
static const char *const json_level_names[] = {
	[LOG_LEVEL_TRACE] = "trace",
	[LOG_LEVEL_DEBUG] = "debug",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_ERROR] = "error",
};
static const char *const format_names[] = {
	[LOG_FORMAT_TEXT] = "text",
	[LOG_FORMAT_JSON] = "json",
};

/* Those of syslog, as sd-daemon(3) has them. */
static const char *const priorities[] = {
	[LOG_LEVEL_TRACE] = "<7>",
	[LOG_LEVEL_DEBUG] = "<7>",
	[LOG_LEVEL_INFO] = "<6>",
	[LOG_LEVEL_WARN] = "<4>",
	[LOG_LEVEL_ERROR] = "<3>",
};

#define LEVELS (sizeof(level_names) / sizeof(level_names[0]))
#define FORMATS (sizeof(format_names) / sizeof(format_names[0]))

static enum log_level least_level = LOG_LEVEL_INFO;
static enum log_format line_format = LOG_FORMAT_TEXT;
static const char *process = "actionkit";
static const char *request;
static const struct log_subject *subject;
static int output = STDERR_FILENO;

int
log_level_parse(const char *text, enum log_level *ret_level)
{
	size_t i;

	for (i = 0; i < LEVELS; i++)
		if (strcasecmp(text, level_names[i]) == 0) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	return -1;
}

int
log_format_parse(const char *text, enum log_format *ret_format)
{
	size_t i;

	for (i = 0; i < FORMATS; i++)
		if (strcasecmp(text, format_names[i]) == 0) {
			*ret_format = (enum log_format)i;
			return 0;
		}
	return -1;
}

const char *
log_level_name(enum log_level level)
{
	return json_level_names[level];
}

const char *
log_format_name(enum log_format format)
{
	return format_names[format];
}

void
log_init(enum log_level level, enum log_format format)
{
	least_level = level;
	line_format = format;
}

void
log_process(const char *name)
{
	process = name;
}

void
log_output(int fd)
{
	output = fd;
}

void
log_request(const char *request_id)
{
	request = request_id;
}

void
log_subject(const struct log_subject *about)
{
	subject = about;
}

/*
 * Whether stderr is the journal, as systemd.exec(5) says: JOURNAL_STREAM has its device and inode.
 * Both are the same as long as a process lives, and its children's.
 */
static bool
is_journal(void)
{
	static int known = -1;
	const char *stream = getenv("JOURNAL_STREAM");
	char own[LOG_STREAM_BYTES];
	struct stat status;

	if (known == -1) {
		known = 0;
		if (stream != NULL && fstat(STDERR_FILENO, &status) == 0) {
			snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)status.st_dev,
			    (uintmax_t)status.st_ino);
			known = strcmp(own, stream) == 0;
		}
	}
	return known == 1;
}

/* Appends, unless the line is full; leaves room for end bytes. */
static void
append(struct line *line, const char *text, size_t length, size_t end)
{
	if (line->cut || length > sizeof(line->text) - end - line->length) {
		line->cut = true;
		return;
	}
	memcpy(line->text + line->length, text, length);
	line->length += length;
}

static void
append_text(struct line *line, const char *text)
{
	append(line, text, strlen(text), LOG_END_BYTES);
}

/* How many bytes from here on stand for themselves in any format, and have room. */
static size_t
plain_bytes(const struct line *line, const char *text, size_t length)
{
	size_t room = sizeof(line->text) - LOG_END_BYTES - line->length, bytes = 0;

	while (bytes < length && bytes < room && text[bytes] >= ' ' && text[bytes] <= '~' &&
	    text[bytes] != '"' && text[bytes] != '\\')
		bytes++;
	return bytes;
}

/* Appends what may come from anywhere, so that it can neither end nor forge a line. */
static void
append_foreign(struct line *line, const char *text, size_t length)
{
	size_t at, bytes;
	char escape[UTF8_ESCAPE_BYTES];
	char c;

	for (at = 0; at < length; at += bytes == 0 ? 1 : bytes) {
		bytes = plain_bytes(line, text + at, length - at);
		if (bytes > 0) {
			append(line, text + at, bytes, LOG_END_BYTES);
			continue;
		}
		bytes = utf8_character(text + at, length - at);
		c = text[at];
		if (bytes == 0) {
			append_text(line, UTF8_REPLACEMENT);
			continue;
		}
		escape[0] = '\0';
		if (c == '\n')
			strcpy(escape, "\\n");
		else if (utf8_is_unseen(utf8_point(text + at, bytes)))
			utf8_escape(utf8_point(text + at, bytes), escape);
		else if (line_format == LOG_FORMAT_JSON && (c == '"' || c == '\\'))
			snprintf(escape, sizeof(escape), "\\%c", c);
		if (escape[0] != '\0')
			append_text(line, escape);
		else
			append(line, text + at, bytes, LOG_END_BYTES);
	}
}

static void
append_end(struct line *line, const char *end)
{
	bool cut = line->cut;

	line->cut = false;
	if (cut)
		append(line, "...", 3, 0);
	append(line, end, strlen(end), 0);
}

static void
write_line(const struct line *line)
{
	ssize_t done;

	do
		done = write(output, line->text, line->length);
	while (done == -1 && errno == EINTR);
}

static void
append_request(struct line *line)
{
	size_t length = strlen(request);

	append_foreign(line, request, utf8_cut(request, length, LOG_REQUEST_BYTES));
}

static void
append_member(struct line *line, const char *name, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	append_text(line, ",\"");
	append_text(line, name);
	append_text(line, "\":\"");
	append_foreign(line, value, strlen(value));
	append_text(line, "\"");
}

static void
append_number(struct line *line, const char *name, int64_t value)
{
	char text[LOG_NUMBER_BYTES];

	snprintf(text, sizeof(text), "%" PRId64, value);
	append_text(line, ",\"");
	append_text(line, name);
	append_text(line, "\":");
	append_text(line, text);
}

static void
append_subject(struct line *line)
{
	append_member(line, "execution", subject->execution);
	append_member(line, "action", subject->action);
	append_member(line, "verb", subject->verb);
	if (subject->status == 0)
		return;
	append_number(line, "status", subject->status);
	append_number(line, "duration_ms", subject->duration_ms);
}

static AK_PRINTF(2, 0) void
log_line(enum log_level level, const char *format, va_list arguments)
{
	/* Longer than a line, so that a message cut here is cut there before its end. */
	char message[LOG_LINE_BYTES + LOG_END_BYTES];
	char time[CLOCK_RFC3339_BYTES], pid[16];
	struct line line = { .length = 0 };
	int saved = errno;
	size_t length;

	if (level < least_level)
		return;
	if (vsnprintf(message, sizeof(message), format, arguments) < 0)
		message[0] = '\0';
	length = strlen(message);
	clock_rfc3339(clock_wall_ms(), time);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());

	if (is_journal())
		append_text(&line, priorities[level]);
	if (line_format == LOG_FORMAT_JSON) {
		append_text(&line, "{\"time\":\"");
		append_text(&line, time);
		append_text(&line, "\",\"level\":\"");
		append_text(&line, json_level_names[level]);
		append_text(&line, "\",\"process\":\"");
		append_foreign(&line, process, strlen(process));
		append_text(&line, "\",\"pid\":");
		append_text(&line, pid);
		if (request != NULL) {
			append_text(&line, ",\"request_id\":\"");
			append_request(&line);
			append_text(&line, "\"");
		}
		if (subject != NULL)
			append_subject(&line);
		append_text(&line, ",\"message\":\"");
		append_foreign(&line, message, length);
		append_end(&line, "\"}\n");
	} else {
		append_text(&line, time);
		append_text(&line, " ");
		append_text(&line, level_names[level]);
		append_text(&line, " ");
		append_foreign(&line, process, strlen(process));
		append_text(&line, "[");
		append_text(&line, pid);
		append_text(&line, "]");
		if (request != NULL) {
			append_text(&line, " ");
			append_request(&line);
		}
		append_text(&line, ": ");
		append_foreign(&line, message, length);
		append_end(&line, "\n");
	}
	write_line(&line);
	errno = saved;
}

#define LOG_FUNCTION(name_, level_) \
	void \
	name_(const char *format, ...) \
	{ \
		va_list arguments; \
	\
		va_start(arguments, format); \
		log_line(level_, format, arguments); \
		va_end(arguments); \
	}

LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)

void
log_out_of_memory(void)
{
	log_error("out of memory");
	abort();
}
