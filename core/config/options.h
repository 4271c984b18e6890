/*
 * options.h: the options of `actionkit serve`, from the environment and the command line.
 *
 * One table (options.c) has the name, the default, the meaning and the parser of each;
 * the help text and ACTIONKIT_<NAME> come from it. The command line wins over the
 * environment.
 */
#ifndef CORE_CONFIG_OPTIONS_H
#define CORE_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/err.h"
#include "core/base/log.h"

#define OPTIONS_RESPONDERS_MAX 128
#define OPTIONS_PATH_BYTES 512
#define OPTIONS_LIST_MAX 128
#define OPTIONS_FILES_MAX 64	/* as many as an action has parameters */
#define OPTIONS_SOCKET_DEFAULT "/run/actionkit/fcgi.sock"
#define OPTIONS_STATE_DIR_DEFAULT "/var/lib/actionkit"

/* Borrowed from argv or the environment, in their order. */
struct option_list {
	const char *items[OPTIONS_LIST_MAX];
	size_t count;
};

/* All times in milliseconds, all sizes in bytes. */
struct options {
	char socket[OPTIONS_PATH_BYTES];
	char socket_group[64];		/* empty: the process's own */
	char state_dir[OPTIONS_PATH_BYTES];
	char base_path[OPTIONS_PATH_BYTES]; /* empty, or "/chaos" */
	int64_t responders;
	int64_t handler_timeout_ms;
	int64_t stop_timeout_ms;
	int64_t body_timeout_ms;
	int64_t shutdown_timeout_ms;
	int64_t grace_ms;
	int64_t never_started_ms;
	int64_t stop_retry_ms;		/* first pause between two attempts to stop */
	int64_t retention_ms;
	int64_t max_body_bytes;		/* of JSON */
	int64_t max_file_bytes;		/* one file of a prepare */
	int64_t max_files;		/* how many files of a prepare */
	int64_t max_upload_bytes;		/* all of them */
	int64_t keep_free_bytes;		/* what files leave free in their file system */
	struct option_list allow_file_url; /* what files may be downloaded from */
	struct option_list enable_action;
	enum log_level log_level;
	enum log_format log_format;
	bool test;			/* check options and actions, then exit */
};

/*
 * Fills options from defaults, environment (ACTIONKIT_<NAME>; STEADYBIT_LOG_LEVEL and
 * STEADYBIT_LOG_FORMAT where ours are not set) and argv (argv[0] is skipped; "--name
 * value" or "--name=value"). Returns 0; 1 if --help was asked for (nothing is printed);
 * or -1 with ERR_USAGE and a message that names the option or variable.
 */
int options_parse(int argc, char **argv, struct options *ret_options, struct err *err);

/* What is wrong with a base path (an option, or sent by nginx), in words; NULL: nothing. */
const char *options_base_path_fault(const char *path);

/* The name of an option ("state-dir"), in the order of the help; NULL behind the last. */
const char *options_name(size_t index);

/* Prints one paragraph per option. */
void options_help(FILE *out);

#endif
