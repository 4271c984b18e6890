/*
 * options.c: the table of the options of `actionkit serve`, and who wins: the command
 * line, the environment, the default.
 */
#include "config.h"

#include "core/config/options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "core/config/option_values.h"

#define ENVIRONMENT_PREFIX "ACTIONKIT_"
#define ENVIRONMENT_BYTES 64
#define LABEL_BYTES (OPTIONS_PATH_BYTES + ENVIRONMENT_BYTES)
#define HELP_INDENT "      "
#define HELP_COLUMNS 78

/* sun_path with its NUL: 107 characters. */
#define SOCKET_PATH_BYTES sizeof(((struct sockaddr_un *)0)->sun_path)
/* Room for the names of the files below the state directory. */
#define STATE_DIR_ROOM_BYTES 128

#define SECOND_MS INT64_C(1000)
#define DAY_MS (24 * 3600 * SECOND_MS)
#define TIMEOUT_MIN_MS 1
#define TIMEOUT_MAX_MS DAY_MS
#define KEEP_MAX_MS (3650 * DAY_MS)
#define BODY_MIN_BYTES OPTION_KIB
#define BODY_MAX_BYTES (OPTION_KIB * OPTION_KIB * OPTION_KIB)
#define FILE_MAX_BYTES (OPTION_KIB * OPTION_KIB * OPTION_KIB * OPTION_KIB)


#define MEMBER(name_) \
	.offset = offsetof(struct options, name_), \
	.size = sizeof(((struct options *)0)->name_)

static const struct option table[] = {
	{ .name = "socket", .argument = "PATH", .preset = OPTIONS_SOCKET_DEFAULT,
	  .help = "Where nginx connects. Its mode is 0660.",
	  .parse = option_path, MEMBER(socket), .max = SOCKET_PATH_BYTES - 1 },
	{ .name = "socket-group", .argument = "GROUP",
	  .help = "Group of the socket: nginx's. Its own if it is not given.",
	  .parse = option_group, MEMBER(socket_group) },
	{ .name = "state-dir", .argument = "DIR", .preset = OPTIONS_STATE_DIR_DEFAULT,
	  .help = "Directory of the database. Created with mode 0750 if it is missing.",
	  .parse = option_path, MEMBER(state_dir),
	  .max = OPTIONS_PATH_BYTES - STATE_DIR_ROOM_BYTES },
	{ .name = "base-path", .argument = "PATH",
	  .help = "What nginx serves this extension below: \"/chaos\". The FastCGI "
	    "parameter ACTIONKIT_BASE_PATH wins.",
	  .parse = option_base_path, MEMBER(base_path) },
	{ .name = "responders", .argument = "COUNT", .preset = "8",
	  .help = "Processes that answer requests, one at a time each.",
	  .parse = option_count, MEMBER(responders),
	  .min = 1, .max = OPTIONS_RESPONDERS_MAX },
	{ .name = "handler-timeout", .argument = "DURATION", .preset = "30s",
	  .help = "Longest that a prepare, start, status or query may take.",
	  .parse = option_duration, MEMBER(handler_timeout_ms),
	  .min = TIMEOUT_MIN_MS, .max = TIMEOUT_MAX_MS },
	{ .name = "stop-timeout", .argument = "DURATION", .preset = "60s",
	  .help = "Longest that one attempt to stop may take.",
	  .parse = option_duration, MEMBER(stop_timeout_ms),
	  .min = TIMEOUT_MIN_MS, .max = TIMEOUT_MAX_MS },
	{ .name = "body-timeout", .argument = "DURATION", .preset = "60s",
	  .help = "Longest wait for the next part of a request.",
	  .parse = option_duration, MEMBER(body_timeout_ms),
	  .min = TIMEOUT_MIN_MS, .max = TIMEOUT_MAX_MS },
	{ .name = "shutdown-timeout", .argument = "DURATION", .preset = "60s",
	  .help = "How long SIGTERM waits for all executions to be stopped.",
	  .parse = option_duration, MEMBER(shutdown_timeout_ms),
	  .min = TIMEOUT_MIN_MS, .max = TIMEOUT_MAX_MS },
	{ .name = "grace", .argument = "DURATION", .preset = "30s",
	  .help = "How long the reaper waits for a new supervisor until it stops all "
	    "executions and ends.",
	  .parse = option_duration, MEMBER(grace_ms), .max = TIMEOUT_MAX_MS },
	{ .name = "never-started", .argument = "DURATION", .preset = "1h",
	  .help = "Age at which a prepared execution that was not started is stopped.",
	  .parse = option_duration, MEMBER(never_started_ms),
	  .min = TIMEOUT_MIN_MS, .max = KEEP_MAX_MS },
	{ .name = "stop-retry", .argument = "DURATION", .preset = "1s",
	  .help = "Pause after the first failed attempt to stop. Doubled up to 60s, 5m "
	    "after 10 attempts.",
	  .parse = option_duration, MEMBER(stop_retry_ms),
	  .min = TIMEOUT_MIN_MS, .max = TIMEOUT_MAX_MS },
	{ .name = "retention", .argument = "DURATION", .preset = "7d",
	  .help = "How long stopped executions are kept.",
	  .parse = option_duration, MEMBER(retention_ms), .max = KEEP_MAX_MS },
	{ .name = "max-body", .argument = "SIZE", .preset = "4MiB",
	  .help = "Longest JSON of a request.",
	  .parse = option_size, MEMBER(max_body_bytes),
	  .min = BODY_MIN_BYTES, .max = BODY_MAX_BYTES },
	{ .name = "max-file", .argument = "SIZE", .preset = "2GiB",
	  .help = "Largest file that a prepare may bring.",
	  .parse = option_size, MEMBER(max_file_bytes), .max = FILE_MAX_BYTES },
	{ .name = "max-files", .argument = "COUNT", .preset = "16",
	  .help = "Most files that a prepare may bring.",
	  .parse = option_count, MEMBER(max_files), .max = OPTIONS_FILES_MAX },
	{ .name = "max-upload", .argument = "SIZE", .preset = "4GiB",
	  .help = "Most bytes that all files of a prepare may have. nginx has a limit of "
	    "its own.",
	  .parse = option_size, MEMBER(max_upload_bytes), .max = FILE_MAX_BYTES },
	{ .name = "keep-free", .argument = "SIZE", .preset = "256MiB",
	  .help = "What files leave free in the file system of the state directory.",
	  .parse = option_size, MEMBER(keep_free_bytes), .max = FILE_MAX_BYTES },
	{ .name = "allow-file-url", .argument = "PREFIX", .separator = " ",
	  .help = "Files may be downloaded from URLs that begin like this one. May be "
	    "repeated; the variable is a list with spaces. None if it is not given.",
	  .parse = option_file_url, MEMBER(allow_file_url) },
	{ .name = "enable-action", .argument = "ID", .separator = ",",
	  .help = "Offer this action only. May be repeated; the variable is a list with "
	    "commas. The others can still be stopped.",
	  .parse = option_action, MEMBER(enable_action) },
	{ .name = "log-level", .argument = "LEVEL", .preset = "info",
	  .also = "STEADYBIT_LOG_LEVEL",
	  .help = "trace, debug, info, warn or error.",
	  .parse = option_log_level },
	{ .name = "log-format", .argument = "FORMAT", .preset = "text",
	  .also = "STEADYBIT_LOG_FORMAT",
	  .help = "text or json.",
	  .parse = option_log_format },
	{ .name = "test",
	  .help = "Check the options and the actions, then exit: 0 if all is well, else "
	    "78.",
	  .parse = option_flag, MEMBER(test) },
	{ .name = "help",
	  .help = "Print this text.",
	  .parse = option_help },
};

#define OPTIONS (sizeof(table) / sizeof(table[0]))

/* What the variables of lists were split into; options point into these. */
static char *environment_lists[OPTIONS];

static void
environment_name(const struct option *option, char ret_name[ENVIRONMENT_BYTES])
{
	char *c;

	snprintf(ret_name, ENVIRONMENT_BYTES, "%s%s", ENVIRONMENT_PREFIX, option->name);
	for (c = ret_name; *c != '\0'; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

static int
apply(const struct option *option, const char *label, const char *text,
    struct options *options, struct err *err)
{
	if (option->parse(option, text, options, err) == -1)
		return err_wrap(err, "%s", label);
	return 0;
}

static int
apply_list(const struct option *option, const char *label, const char *text,
    struct options *options, struct err *err)
{
	char **copy = &environment_lists[option - table];
	char *rest, *item;

	free(*copy);
	rest = *copy = strdup(text);
	if (rest == NULL)
		log_out_of_memory();
	while ((item = strsep(&rest, option->separator)) != NULL)
		if (apply(option, label, item, options, err) == -1)
			return -1;
	return 0;
}

/* An empty variable is as good as none. */
static int
apply_environment(const struct option *option, struct options *options, struct err *err)
{
	char name[ENVIRONMENT_BYTES], label[LABEL_BYTES];
	const char *text, *source = name;

	if (option->argument == NULL)
		return 0;
	environment_name(option, name);
	text = getenv(name);
	if ((text == NULL || *text == '\0') && option->also != NULL) {
		source = option->also;
		text = getenv(source);
	}
	if (text == NULL || *text == '\0')
		return 0;
	snprintf(label, sizeof(label), "%s=%s", source, text);
	if (option->separator != NULL)
		return apply_list(option, label, text, options, err);
	return apply(option, label, text, options, err);
}

static const struct option *
find(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < OPTIONS; i++)
		if (strlen(table[i].name) == length &&
		    strncmp(table[i].name, name, length) == 0)
			return &table[i];
	return NULL;
}

/* Reads the argument at *index and moves it behind the option's value. */
static int
apply_argument(int argc, char **argv, int *index, struct options *options,
    struct err *err)
{
	const char *argument = argv[*index], *name, *text = NULL;
	const struct option *option;
	char label[LABEL_BYTES];
	size_t length;

	if (strncmp(argument, "--", 2) != 0 || argument[2] == '\0')
		return err_set(err, ERR_USAGE, "%s: unexpected argument", argument);
	name = argument + 2;
	length = strcspn(name, "=");
	option = find(name, length);
	if (option == NULL)
		return err_set(err, ERR_USAGE, "--%.*s: unknown option", (int)length,
		    name);
	if (name[length] == '=')
		text = name + length + 1;
	if (option->argument == NULL && text != NULL)
		return err_set(err, ERR_USAGE, "--%s: takes no value", option->name);
	if (option->argument != NULL && text == NULL) {
		if (*index + 1 >= argc)
			return err_set(err, ERR_USAGE, "--%s: needs a value",
			    option->name);
		text = argv[++*index];
	}
	++*index;
	snprintf(label, sizeof(label), "--%s %s", option->name, text == NULL ? "" : text);
	return apply(option, label, text, options, err);
}

/* Drops the first items of a list, if others follow them. */
static void
drop_replaced(struct option_list *list, size_t first)
{
	if (list->count <= first)
		return;
	list->count -= first;
	memmove(list->items, list->items + first, list->count * sizeof(list->items[0]));
}

int
options_parse(int argc, char **argv, struct options *ret_options, struct err *err)
{
	struct options options = { .responders = 0 };
	size_t from_environment[OPTIONS] = { 0 };
	size_t i;
	int index;

	for (index = 1; index < argc; index++)
		if (strcmp(argv[index], "--help") == 0)
			return 1;
	for (i = 0; i < OPTIONS; i++)
		if (table[i].preset != NULL &&
		    apply(&table[i], table[i].name, table[i].preset, &options, err) == -1)
			return -1;
	for (i = 0; i < OPTIONS; i++)
		if (apply_environment(&table[i], &options, err) == -1)
			return -1;

	/* A list on the command line replaces the one of the environment. */
	for (i = 0; i < OPTIONS; i++)
		if (table[i].separator != NULL)
			from_environment[i] = option_list_of(&table[i], &options)->count;
	for (index = 1; index < argc;)
		if (apply_argument(argc, argv, &index, &options, err) == -1)
			return -1;
	for (i = 0; i < OPTIONS; i++)
		if (table[i].separator != NULL)
			drop_replaced(option_list_of(&table[i], &options),
			    from_environment[i]);
	*ret_options = options;
	return 0;
}

const char *
options_name(size_t index)
{
	return index < OPTIONS ? table[index].name : NULL;
}

/* Fills lines with words, so that they are read in a terminal. */
static void
print_wrapped(FILE *out, const char *text)
{
	size_t column = 0, length;

	for (; *text != '\0'; text += length + (text[length] == ' ')) {
		length = strcspn(text, " ");
		if (column == 0 || column + 1 + length > HELP_COLUMNS) {
			fprintf(out, "%s" HELP_INDENT, column == 0 ? "" : "\n");
			column = strlen(HELP_INDENT);
		} else {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", (int)length, text);
		column += length;
	}
	fputc('\n', out);
}

void
options_help(FILE *out)
{
	char name[ENVIRONMENT_BYTES];
	const struct option *option;

	for (option = table; option < table + OPTIONS; option++) {
		fprintf(out, "  --%s%s%s\n", option->name,
		    option->argument == NULL ? "" : " ",
		    option->argument == NULL ? "" : option->argument);
		print_wrapped(out, option->help);
		if (option->argument == NULL)
			continue;
		environment_name(option, name);
		fprintf(out, HELP_INDENT);
		if (option->preset != NULL)
			fprintf(out, "Default: %s. ", option->preset);
		fprintf(out, "Environment: %s%s%s\n", name,
		    option->also == NULL ? "" : ", ",
		    option->also == NULL ? "" : option->also);
	}
}
