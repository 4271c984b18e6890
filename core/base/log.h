/*
 * log.h: lines for the operator, on stderr.
 *
 * One line per event: who, what, cause. Text lines read
 *	2026-11-22T18:00:00.000Z INFO responder[4711] request-id: message
 * and JSON lines carry the same as members time, level, process, pid, request_id, message, and
 * what they are about: execution, action, verb, status, duration_ms. Where stderr is the journal
 * (JOURNAL_STREAM), a line begins with its priority, "<6>", which the journal takes off.
 *
 * A line is written with one write(2) of at most PIPE_BUF bytes, so that lines of several
 * processes never mix; a longer message is cut. Control characters are escaped, and bytes that
 * are no UTF-8 replaced. errno is kept.
 */
#ifndef CORE_BASE_LOG_H
#define CORE_BASE_LOG_H

#include <stdint.h>

#include "core/actionkit.h"

enum log_level {
	LOG_LEVEL_TRACE = 0,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR
};
enum log_format {
	LOG_FORMAT_TEXT = 0,
	LOG_FORMAT_JSON
};

/* Reads a level's name (trace, debug, info, warn, error; any case). 0, or -1. */
int log_level_parse(const char *text, enum log_level *ret_level);
/* Reads a format's name (text, json; any case). 0, or -1. */
int log_format_parse(const char *text, enum log_format *ret_format);

/* The names of the two, as they are read. */
const char *log_level_name(enum log_level level);
const char *log_format_name(enum log_format format);

void log_init(enum log_level level, enum log_format format);
/* Names this process in the lines ("reaper"); borrowed. */
void log_process(const char *name);
/* What lines are about; what is not known is NULL or 0, and left out. */
struct log_subject {
	const char *execution;	/* UUID */
	const char *action;	/* id */
	const char *verb;	/* "start" */
	int status;		/* of the HTTP reply */
	int64_t duration_ms;	/* of the request, with status only */
};

/* Puts a subject into JSON lines, until it is set to NULL; borrowed. */
void log_subject(const struct log_subject *subject);

/* Where lines go from now on, instead of stderr; borrowed. */
void log_output(int fd);
/* Puts the request's id into the lines, until it is set to NULL; borrowed. */
void log_request(const char *request_id);

void log_debug(const char *format, ...) AK_PRINTF(1, 2);
void log_info(const char *format, ...) AK_PRINTF(1, 2);
void log_warn(const char *format, ...) AK_PRINTF(1, 2);
void log_error(const char *format, ...) AK_PRINTF(1, 2);

/* Where memory is out and that is fatal: a line, then abort(). */
_Noreturn void log_out_of_memory(void);

#endif
