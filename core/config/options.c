/*
 * options.c: the table of the options that core reads.
 */
#include "config.h"

#include "core/config/options.h"

#include "core/config/option_values.h"

/* Room for the names of the files below the state directory. */
#define STATE_DIR_ROOM_BYTES 128

#define MEMBER(name_) OPTION_MEMBER(struct options, name_)

const struct option options_table[] = {
	{ .name = "state-dir", .argument = "DIR", .preset = OPTIONS_STATE_DIR_DEFAULT,
	  .help = "Directory of the database. Made if it is missing.",
	  .parse = option_path, MEMBER(state_dir),
	  .max = OPTIONS_PATH_BYTES - STATE_DIR_ROOM_BYTES, .fixed = true },
	{ .name = "handler-timeout", .argument = "DURATION", .preset = "30s",
	  .help = "Longest that a prepare, start, status or query may take.",
	  .parse = option_duration, MEMBER(handler_timeout_ms),
	  .min = OPTION_TIMEOUT_MIN_MS, .max = OPTION_TIMEOUT_MAX_MS },
	{ .name = "stop-timeout", .argument = "DURATION", .preset = "60s",
	  .help = "Longest that one attempt to stop may take.",
	  .parse = option_duration, MEMBER(stop_timeout_ms),
	  .min = OPTION_TIMEOUT_MIN_MS, .max = OPTION_TIMEOUT_MAX_MS },
	{ .name = "grace", .argument = "DURATION", .preset = "30s",
	  .help = "How long the reaper waits for a new supervisor until it stops all "
	    "executions and ends.",
	  .parse = option_duration, MEMBER(grace_ms), .max = OPTION_TIMEOUT_MAX_MS },
	{ .name = "never-started", .argument = "DURATION", .preset = "5m",
	  .help = "Age at which a prepared execution that was not started is stopped.",
	  .parse = option_duration, MEMBER(never_started_ms),
	  .min = OPTION_TIMEOUT_MIN_MS, .max = OPTION_KEEP_MAX_MS },
	{ .name = "stop-retry", .argument = "DURATION", .preset = "1s",
	  .help = "Pause after the first failed attempt to stop. Doubled up to 60s, 5m "
	    "after 10 attempts.",
	  .parse = option_duration, MEMBER(stop_retry_ms),
	  .min = OPTION_TIMEOUT_MIN_MS, .max = OPTION_TIMEOUT_MAX_MS },
	{ .name = "retention", .argument = "DURATION", .preset = "7d",
	  .help = "How long stopped executions are kept.",
	  .parse = option_duration, MEMBER(retention_ms), .max = OPTION_KEEP_MAX_MS },
	{ .name = "max-file", .argument = "SIZE", .preset = "2GiB",
	  .help = "Largest file that a prepare may bring.",
	  .parse = option_size, MEMBER(max_file_bytes), .max = OPTION_TIB },
	{ .name = "max-files", .argument = "COUNT", .preset = "16",
	  .help = "Most files that a prepare may bring.",
	  .parse = option_count, MEMBER(max_files), .max = OPTIONS_FILES_MAX },
	{ .name = "max-upload", .argument = "SIZE", .preset = "4GiB",
	  .help = "Most bytes that all files of a prepare may have. nginx has a limit of "
	    "its own.",
	  .parse = option_size, MEMBER(max_upload_bytes), .max = OPTION_TIB },
	{ .name = "keep-free", .argument = "SIZE", .preset = "256MiB",
	  .help = "What every prepare leaves free where the state directory is.",
	  .parse = option_size, MEMBER(keep_free_bytes), .max = OPTION_TIB },
	{ .name = "memory-reserve", .argument = "SIZE", .preset = "512MiB",
	  .help = "What actions that fill the memory leave available, but at most a tenth of "
	    "it all.",
	  .parse = option_size, MEMBER(memory_reserve_bytes), .max = OPTION_TIB },
	{ .name = "workers", .argument = "COUNT", .preset = "64",
	  .help = "Most executions that may have a worker, which is two processes and what these "
	    "begin. More are refused.",
	  .parse = option_count, MEMBER(workers), .max = OPTIONS_WORKERS_MAX },
	{ .name = "allow-file-url", .argument = "PREFIX", .separator = " ",
	  .help = "Files may be downloaded from URLs that begin like this one. May be "
	    "repeated; the variable is a list with spaces. None if it is not given.",
	  .parse = option_file_url, MEMBER(allow_file_url) },
	{ .name = "host-type", .argument = "TYPE", .preset = AK_TARGET_HOST,
	  .help = "Type of this host as a target, in its discovery and in actions: "
	    AK_TARGET_HOST ", or com.steadybit.extension_host.host in place of extension-host.",
	  .parse = option_host_type, MEMBER(discovery.host_type) },
	{ .name = "discover-host", .argument = "ANSWER", .preset = "yes",
	  .help = "Whether this host is told as a target: yes or no.",
	  .parse = option_yes_no, MEMBER(discovery.host) },
	{ .name = "hostname", .argument = "NAME", .also = "STEADYBIT_EXTENSION_HOSTNAME",
	  .help = "How this host is called as a target. In a container, that of the machine. The "
	    "system's name if it is not given.",
	  .parse = option_attribute_value, MEMBER(discovery.host_name) },
	{ .name = "domainname", .argument = "NAME",
	  .help = "Its name with the domain. From /etc/hosts if it is not given.",
	  .parse = option_attribute_value, MEMBER(discovery.domain_name) },
	{ .name = "discovery-group", .argument = "NAME",
	  .also = "STEADYBIT_EXTENSION_DISCOVERY_GROUP",
	  .help = "steadybit.group of all targets. None if it is not given.",
	  .parse = option_attribute_value, MEMBER(discovery.group) },
	{ .name = "exclude-attribute", .argument = "KEY", .separator = ",",
	  .also = "STEADYBIT_EXTENSION_DISCOVERY_ATTRIBUTES_EXCLUDES_HOST",
	  .help = "An attribute that is not told of targets; with a * at its end, all that "
	    "begin so. May be repeated; the variable is a list with commas.",
	  .parse = option_attribute_exclude, MEMBER(discovery.exclude_attribute) },
	{ .name = "log-level", .argument = "LEVEL", .preset = "info",
	  .also = "STEADYBIT_LOG_LEVEL", .parse_also = option_kit_log_level,
	  .help = "trace, debug, info, warn or error.",
	  .parse = option_log_level, MEMBER(log_level) },
	{ .name = "log-format", .argument = "FORMAT", .preset = "text",
	  .also = "STEADYBIT_LOG_FORMAT", .parse_also = option_kit_log_format,
	  .help = "text or json.",
	  .parse = option_log_format, MEMBER(log_format) },
	OPTIONS_END
};
