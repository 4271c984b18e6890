/*
 * err.h: how a function says what went wrong.
 *
 * A function that can fail takes a struct err as its last argument and returns 0 or -1
 * (some add 1 for "there is none", and say so). Where the fault happens it is set; on the
 * way up it is wrapped: "open database: gate: Permission denied". Nothing below an entry
 * point logs.
 */
#ifndef CORE_BASE_ERR_H
#define CORE_BASE_ERR_H

#include "core/actionkit.h"

#define ERR_MESSAGE_BYTES 2048

/* What kind of fault. Whoever is asked over a protocol has one table of what they are in it. */
enum err_code {
	ERR_INTERNAL = 1,	/* a fault of ours or of the system */
	ERR_USAGE,		/* an option or the set-up is wrong; exit 78 */
	ERR_REQUEST,		/* malformed request, missing or invalid member */
	ERR_NOT_FOUND,		/* what is asked for is not there */
	ERR_PHASE,		/* wrong phase for this call */
	ERR_TOO_LARGE,		/* request or file over its limit */
	ERR_CONFIG,		/* config breaks the parameter table */
	ERR_HANDLER,		/* the action's stop() or query_metrics() failed */
	ERR_DRAINING,		/* the server is shutting down; retryable */
	ERR_BUSY,		/* the database is busy, or memory is short; retryable */
	ERR_STOPPING,		/* the stop is not over yet; retryable */
	ERR_FULL,		/* no space left */
	ERR_STORE,		/* the database cannot be used: missing, corrupt */
	ERR_LAST		/* codes of others begin here */
};

struct err {
	int code;		/* enum err_code, or one from ERR_LAST on */
	int sys;		/* errno, or 0 */
	char msg[ERR_MESSAGE_BYTES];
};

/* Sets err to code and message. Always returns -1. */
int err_set(struct err *err, int code, const char *format, ...)
    AK_PRINTF(3, 4);

/* The same with the text of errno appended: "message: No such file or directory". */
int err_sys(struct err *err, int code, const char *format, ...)
    AK_PRINTF(3, 4);

/*
 * What a failed system call means: no space left, a want of memory or descriptors, which may
 * be over with the next call (ERR_BUSY), or what the caller says.
 */
enum err_code err_code_of(int sys, enum err_code otherwise);

/* Puts "prefix: " before the message and keeps the code. Always returns -1. */
int err_wrap(struct err *err, const char *format, ...) AK_PRINTF(2, 3);

#endif
