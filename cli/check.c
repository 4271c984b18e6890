/*
 * check.c: `actionkit check`: everything that can be wrong with an installation, looked at
 * without changing anything. It persists when it has tried a commit.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/check_discovery.h"
#include "cli/check_nginx.h"
#include "cli/output.h"
#include "core/action/discovery.h"
#include "core/action/needs.h"
#include "core/action/registry.h"
#include "core/action/verify.h"
#include "core/base/clock.h"
#include "core/base/state_file.h"
#include "core/base/state_path.h"
#include "core/reaper/takeover.h"
#include "core/store/fitness.h"
#include "core/view/rows.h"
#include "fcgi/server/socket.h"
#include "fcgi/server/state_dir.h"

#define CHECK_TEXT_BYTES 2048
#define CHECK_PATH_BYTES 1024
#define OTHERS_MODE 07
/* How long a commit that is tried waits for other writers. */
#define FITNESS_WAIT_MS 3000
#define NGINX_CONF "/etc/nginx/nginx.conf"

enum verdict {
	VERDICT_OK,
	VERDICT_WARN,
	VERDICT_FAIL
};

static const struct {
	const char *name;
	enum style style;
} verdicts[] = {
	[VERDICT_OK] = { "ok", STYLE_GOOD },
	[VERDICT_WARN] = { "warning", STYLE_WARN },
	[VERDICT_FAIL] = { "failed", STYLE_BAD }
};

struct checkup {
	struct server_options options;
	struct json_object *findings;
	pid_t server;		/* 0: none; -1: that could not be told */
	int guarded;		/* whether a reaper is at work; -1: that could not be told */
	bool failed;
};

static void AK_PRINTF(4, 5)
find(struct checkup *checkup, const char *what, enum verdict verdict, const char *format, ...)
{
	struct json_object *finding = json_new_object();
	char text[CHECK_TEXT_BYTES];
	va_list values;

	va_start(values, format);
	vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	json_add_string(finding, "check", what);
	json_add_string(finding, "verdict", verdicts[verdict].name);
	json_add_string(finding, "detail", text);
	json_append(checkup->findings, finding);
	if (verdict == VERDICT_FAIL)
		checkup->failed = true;
}

static void
find_mistake(void *context, const char *mistake)
{
	find(context, "actions", VERDICT_FAIL, "%s", mistake);
}

static size_t
count_offered(void)
{
	size_t count = 0, i;

	for (i = 0; i < registry_count(); i++)
		count += registry_enabled(registry_at(i));
	return count;
}

/* A prepare of this user would be told the same. */
static void
check_needs(struct checkup *checkup, const struct ak_action *action)
{
	const char *guarded = (action->flags & AK_GUARDED) != 0 && !registry_enabled(action) ?
	    "; not offered unless --enable-action names it" : "";
	char *missing = needs_missing(action);
	char *optional = needs_missing_names(action, NEEDS_OPTIONAL);

	if (missing != NULL)
		find(checkup, "needs", VERDICT_WARN, "%s%s", missing, guarded);
	else
		find(checkup, "needs", VERDICT_OK, "%s: ready%s%s%s", action->id,
		    optional == NULL ? "" : ", but would do more with ",
		    optional == NULL ? "" : optional, guarded);
	free(missing);
	free(optional);
}

static void
check_actions(struct checkup *checkup)
{
	size_t i;

	if (verify_registry(find_mistake, checkup) > 0)
		return;
	if (registry_count() == 0)
		find(checkup, "actions", VERDICT_WARN, "this program has none");
	else
		find(checkup, "actions", VERDICT_OK, "%zu, of which %zu are offered",
		    registry_count(), count_offered());
	for (i = 0; i < registry_count(); i++)
		check_needs(checkup, registry_at(i));
}

static void
find_warning(void *context, const char *text)
{
	find(context, "discoveries", VERDICT_WARN, "%s", text);
}

static void
check_discoveries(struct checkup *checkup)
{
	struct err err;
	size_t targets;

	if (discovery_options_apply(&checkup->options.core.discovery, &err) == -1) {
		find(checkup, "discoveries", VERDICT_FAIL, "%s", err.msg);
		return;
	}
	if (discovery_offered_count() == 0)
		return;
	targets = check_discovery(&checkup->options.core, find_warning, checkup);
	find(checkup, "discoveries", VERDICT_OK, "%zu, which find %zu targets",
	    discovery_offered_count(), targets);
}

static const char *
user_name(uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return user == NULL ? "?" : user->pw_name;
}

static const char *
group_name(gid_t gid)
{
	const struct group *group = getgrgid(gid);

	return group == NULL ? "?" : group->gr_name;
}

static void
find_mode(void *context, const char *fault)
{
	find(context, "state directory", VERDICT_FAIL, "%s", fault);
}

/* Who may look at states may see secrets, and who may write can forge them. */
static void
check_modes(struct checkup *checkup, const char *path, const struct stat *st)
{
	unsigned int mode = st->st_mode & ALLPERMS;

	if (state_dir_look(&checkup->options, find_mode, checkup) == 0)
		find(checkup, "state directory", VERDICT_OK, "%s: mode %04o, %s, group %s",
		    path, mode, user_name(st->st_uid), group_name(st->st_gid));
	else if (mode == STATE_DIR_GROUP_MODE && *checkup->options.state_group == '\0')
		find(checkup, "state directory", VERDICT_WARN,
		    "where serve has a --state-group, check needs it too");
}

static bool
check_state_dir(struct checkup *checkup)
{
	const char *path = checkup->options.core.state_dir;
	struct stat st;

	if (stat(path, &st) == -1) {
		find(checkup, "state directory", errno == ENOENT ? VERDICT_WARN :
		    VERDICT_FAIL, "%s: %s%s", path, strerror(errno),
		    errno == ENOENT ? "; serve will make it" : "");
		return false;
	}
	if (!S_ISDIR(st.st_mode)) {
		find(checkup, "state directory", VERDICT_FAIL, "%s: is not a directory", path);
		return false;
	}
	check_modes(checkup, path, &st);
	return true;
}

/* What SQLite itself says; the first line is enough. */
static void
check_integrity(struct checkup *checkup, struct store *store)
{
	struct json_object *rows;
	const char *text;
	struct err err;

	rows = rows_read(store, "PRAGMA quick_check(1)", NULL, &err);
	text = rows == NULL ? err.msg :
	    rows_text(json_object_array_get_idx(rows, 0), "quick_check");
	find(checkup, "database", text != NULL && strcmp(text, "ok") == 0 ? VERDICT_OK :
	    VERDICT_FAIL, "integrity: %s", text);
	json_object_put(rows);
}

static void
check_executions(struct checkup *checkup, struct store *store)
{
	struct json_object *rows, *row;
	const char *id, *action, *fault;
	struct err err;
	size_t i, count;

	rows = rows_read(store, "SELECT id, action, last_error FROM executions "
	    "WHERE phase <> 'stopped' ORDER BY created_at", NULL, &err);
	if (rows == NULL) {
		find(checkup, "executions", VERDICT_FAIL, "%s", err.msg);
		return;
	}
	count = json_object_array_length(rows);
	if (count > 0 && checkup->guarded == 0)
		find(checkup, "executions", VERDICT_FAIL, "%zu active, and nobody watches over "
		    "them: start the server, or run `actionkit recover`", count);
	else
		find(checkup, "executions", VERDICT_OK, "%zu active", count);
	for (i = 0; i < count; i++) {
		row = json_object_array_get_idx(rows, i);
		id = json_member_string(row, "id");
		action = json_member_string(row, "action");
		fault = rows_text(row, "last_error");
		if (registry_find(action) == NULL)
			find(checkup, "executions", VERDICT_FAIL,
			    "%s: this program has no action %s", id, action);
		else if (fault != NULL)
			find(checkup, "executions", VERDICT_WARN, "%s: cannot be stopped: %s",
			    id, fault);
	}
	json_object_put(rows);
}

static bool
is_writable(const char *state_dir)
{
	char path[STATE_PATH_BYTES];

	state_path(state_dir, GATE_FILE, path);
	return faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0;
}

static int
try_commit(struct store *store, struct err *err)
{
	if (store_begin(store, STORE_NORMAL, clock_boot_ms() + FITNESS_WAIT_MS, err) == -1)
		return -1;
	return store_end(store, fitness_note(store, err), err);
}

/* Whether a prepare would succeed; only who may write can try a commit. */
static void
check_fitness(struct checkup *checkup)
{
	const struct options *options = &checkup->options.core;
	struct store store;
	bool tried;
	struct err err;
	int result;

	/* Without a server the files that SQLite needs for it might not be there. */
	tried = checkup->server > 0 && is_writable(options->state_dir);
	result = tried ? store_open(&store, options->state_dir, &err) :
	    store_open_readonly(&store, options->state_dir, &err);
	if (result == 0)
		result = fitness_look(&store, options->state_dir, options->keep_free_bytes, &err);
	if (result == 0 && tried)
		result = try_commit(&store, &err);
	store_close(&store);
	if (result == -1)
		find(checkup, "database", VERDICT_FAIL, "%s", err.msg);
	else
		find(checkup, "database", VERDICT_OK, tried ? "a commit succeeds" :
		    "a commit was not tried");
}

static void
check_database(struct checkup *checkup)
{
	char path[STATE_PATH_BYTES];
	struct store store;
	struct stat st;
	struct err err;
	bool yet;

	state_path(checkup->options.core.state_dir, STORE_FILE, path);
	if (stat(path, &st) == -1) {
		yet = errno == ENOENT && checkup->server == 0 && checkup->guarded == 0;
		find(checkup, "database", yet ? VERDICT_WARN : VERDICT_FAIL, "%s: %s%s", path,
		    strerror(errno), yet ? "; serve will make it" : "");
		return;
	}
	if (store_open_readonly(&store, checkup->options.core.state_dir, &err) == -1) {
		find(checkup, "database", VERDICT_FAIL, "%s", err.msg);
		return;
	}
	check_integrity(checkup, &store);
	check_executions(checkup, &store);
	store_close(&store);
	check_fitness(checkup);
}

static void
check_server(struct checkup *checkup)
{
	const char *state_dir = checkup->options.core.state_dir;
	struct err err;

	checkup->server = socket_state_holder(state_dir, &err);
	checkup->guarded = checkup->server == -1 ? -1 : takeover_held(state_dir, &err);
	if (checkup->guarded == -1)
		find(checkup, "server", VERDICT_FAIL, "%s", err.msg);
	else if (checkup->server == 0)
		find(checkup, "server", VERDICT_WARN, "none uses this state directory%s",
		    checkup->guarded == 1 ? "; a reaper guards it" : "");
	else if (checkup->guarded == 0)
		find(checkup, "server", VERDICT_FAIL, "pid %ld has no reaper",
		    (long)checkup->server);
	else
		find(checkup, "server", VERDICT_OK, "pid %ld", (long)checkup->server);
}

/* To connect would cost a responder two seconds. */
static void
check_socket(struct checkup *checkup)
{
	const char *path = checkup->options.socket;
	unsigned int mode;
	struct stat st;

	if (stat(path, &st) == -1) {
		find(checkup, "socket", errno == ENOENT ? VERDICT_WARN : VERDICT_FAIL,
		    "%s: %s", path, strerror(errno));
		return;
	}
	mode = st.st_mode & ALLPERMS;
	if (!S_ISSOCK(st.st_mode))
		find(checkup, "socket", VERDICT_FAIL, "%s: is not a socket", path);
	else if ((mode & OTHERS_MODE) != 0)
		find(checkup, "socket", VERDICT_FAIL,
		    "%s: mode %04o lets everybody run actions, past nginx", path, mode);
	else
		find(checkup, "socket", VERDICT_OK, "%s: mode %04o, %s, group %s", path,
		    mode, user_name(st.st_uid), group_name(st.st_gid));
}

/* A handler that nginx does not wait for goes on for nobody. */
static void
check_timeouts(struct checkup *checkup, const char *file)
{
	const struct options *core = &checkup->options.core;
	int64_t read_ms, longest_ms = core->handler_timeout_ms + core->stop_timeout_ms;

	if (!check_nginx(file, checkup->options.socket, &read_ms))
		find(checkup, "nginx", VERDICT_OK, "%s: passes nothing to this socket, or cannot "
		    "be read", file);
	else if (read_ms <= longest_ms)
		find(checkup, "nginx", VERDICT_WARN, "%s: fastcgi_read_timeout is %" PRId64 " s, "
		    "and must be more than --handler-timeout and --stop-timeout together, %" PRId64
		    " s: or agents are told 504 while a handler goes on", file,
		    read_ms / CLOCK_MS_PER_S, longest_ms / CLOCK_MS_PER_S);
	else
		find(checkup, "nginx", VERDICT_OK, "%s: fastcgi_read_timeout is %" PRId64 " s",
		    file, read_ms / CLOCK_MS_PER_S);
}

static bool
is_in_path(const char *name)
{
	const char *path = getenv("PATH"), *end;
	char file[CHECK_PATH_BYTES];

	for (; path != NULL && *path != '\0'; path = *end == ':' ? end + 1 : end) {
		end = strchrnul(path, ':');
		snprintf(file, sizeof(file), "%.*s/%s", (int)(end - path), path, name);
		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

static void
check_tools(struct checkup *checkup)
{
	static const char *const tools[] = { "nginx", "sqlite3" };
	size_t i;

	for (i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (is_in_path(tools[i]))
			find(checkup, "tools", VERDICT_OK, "%s", tools[i]);
		else
			find(checkup, "tools", VERDICT_WARN, "%s: not in PATH", tools[i]);
}

static void
print_findings(struct json_object *findings)
{
	const char *detail, *verdict;
	struct json_object *finding;
	enum style style;
	size_t i, k;

	for (i = 0; i < json_object_array_length(findings); i++) {
		finding = json_object_array_get_idx(findings, i);
		verdict = json_member_string(finding, "verdict");
		detail = json_member_string(finding, "detail");
		style = STYLE_PLAIN;
		for (k = 0; k < sizeof(verdicts) / sizeof(verdicts[0]); k++)
			if (strcmp(verdicts[k].name, verdict) == 0)
				style = verdicts[k].style;
		printf("%s%-8s%s %-16s ", output_style(style), verdict,
		    output_style(STYLE_PLAIN), json_member_string(finding, "check"));
		output_text(detail);
		putchar('\n');
	}
}

static void
find_configuration(void *context, const char *mistake)
{
	find(context, "configuration", VERDICT_FAIL, "%s", mistake);
}

/* Without a valid configuration nothing says where to look. */
static void
check_all(struct checkup *checkup, const char *options_file, const char *state_dir,
    const char *state_group, const char *socket, const char *nginx)
{
	const struct option_mistakes mistakes = {
		.report = find_configuration, .context = checkup
	};

	if (arguments_serve_options(&checkup->options, &mistakes, "--options", options_file,
	    "--state-dir", state_dir, "--state-group", state_group, "--socket", socket,
	    NULL) == -1) {
		check_actions(checkup);
		check_tools(checkup);
		return;
	}
	server_options_enable(&checkup->options);
	find(checkup, "configuration", VERDICT_OK, "state directory %s, socket %s",
	    checkup->options.core.state_dir, checkup->options.socket);
	check_actions(checkup);
	if (!checkup->failed)
		check_discoveries(checkup);
	if (check_state_dir(checkup)) {
		check_server(checkup);
		check_database(checkup);
	}
	check_socket(checkup);
	check_timeouts(checkup, nginx);
	check_tools(checkup);
}

static int
check_run(struct arguments *arguments)
{
	static struct checkup checkup;
	const char *options_file = NULL, *state_dir = NULL, *state_group = NULL, *socket = NULL;
	const char *nginx = NGINX_CONF;
	bool json = false;
	int key;

	while ((key = arguments_next(arguments)) != 0)
		switch (key) {
		case 'n':
			nginx = arguments->value;
			break;
		case 'o':
			options_file = arguments->value;
			break;
		case 'S':
			state_dir = arguments->value;
			break;
		case 'g':
			state_group = arguments->value;
			break;
		case 's':
			socket = arguments->value;
			break;
		case 'j':
			json = true;
			break;
		default:
			return arguments->status;
		}
	checkup.findings = json_new_array();
	check_all(&checkup, options_file, state_dir, state_group, socket, nginx);
	if (json)
		output_json(json_object_get(checkup.findings));
	else
		print_findings(checkup.findings);
	json_object_put(checkup.findings);
	return checkup.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static const struct cli_option options_of_check[] = {
	{ 'o', "options", "FILE", "As with serve; or ACTIONKIT_OPTIONS." },
	CLI_STATE_DIR,
	{ 'g', "state-group", "GROUP", "As with serve; or ACTIONKIT_STATE_GROUP." },
	{ 's', "socket", "PATH", "As with serve; or ACTIONKIT_SOCKET." },
	{ 'n', "nginx", "FILE", "nginx's configuration. Default: " NGINX_CONF "." },
	CLI_JSON,
	CLI_OPTIONS_END
};

const struct subcommand subcommand_check = {
	.name = "check",
	.help = "look for what is wrong with the installation",
	.about = "Checks the configuration (options file and environment, as serve reads them),\n"
	    "the tables of the actions and what they need, discoveries, state directory,\n"
	    "database, executions, server, socket, the times of nginx, and tools. It changes\n"
	    "nothing, but while a server runs it tries whether a commit succeeds, where it\n"
	    "may.\n\n"
	    "Exit status: 0; 1 if something has failed, warnings apart; 64 for a wrong\n"
	    "command line.",
	.options = options_of_check,
	.run = check_run,
};
