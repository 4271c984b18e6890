/*
 * options.h: the options that core reads, whoever runs it. What only a server reads is in the
 * server's own table (fcgi/).
 */
#ifndef CORE_CONFIG_OPTIONS_H
#define CORE_CONFIG_OPTIONS_H

#include <stdint.h>

#include "core/base/log.h"
#include "core/config/discovery_options.h"
#include "core/config/option_table.h"

#define OPTIONS_PATH_BYTES 512
#define OPTIONS_FILES_MAX 64	/* as many as an action has parameters */
#define OPTIONS_WORKERS_MAX 4096
#define OPTIONS_STATE_DIR_DEFAULT "/var/lib/actionkit"

/* All times in milliseconds, all sizes in bytes. */
struct options {
	char state_dir[OPTIONS_PATH_BYTES];
	int64_t handler_timeout_ms;
	int64_t stop_timeout_ms;
	int64_t grace_ms;
	int64_t never_started_ms;
	int64_t stop_retry_ms;		/* first pause between two attempts to stop */
	int64_t retention_ms;
	int64_t max_file_bytes;		/* one file of a prepare */
	int64_t max_files;		/* how many files of a prepare */
	int64_t max_upload_bytes;	/* all of them */
	int64_t keep_free_bytes;	/* what files leave free in their file system */
	int64_t memory_reserve_bytes;	/* what actions that fill memory leave available */
	int64_t workers;		/* how many may be at work */
	struct option_list allow_file_url; /* what files may be downloaded from */
	struct discovery_options discovery;
	enum log_level log_level;
	enum log_format log_format;
};

/* Its rows address a struct options. */
extern const struct option options_table[];

#endif
