/*
 * server_options.c: the table of the options that only a server reads.
 */
#include "config.h"

#include "fcgi/http/server_options.h"

#include <errno.h>
#include <grp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "core/action/registry.h"
#include "core/config/option_values.h"
#include "fcgi/http/origin.h"

/* sun_path with its NUL: 107 characters. */
#define SOCKET_PATH_BYTES sizeof(((struct sockaddr_un *)0)->sun_path)
#define BODY_MIN_BYTES OPTION_KIB
#define BODY_MAX_BYTES OPTION_GIB
#define VALUES_MIN 1000
#define VALUES_MAX 10000000

#define MEMBER(name_) OPTION_MEMBER(struct server_options, name_)

_Static_assert(offsetof(struct server_options, core) == 0, "core's rows would miss it");

/* A name, or a number. */
static int
read_group(const struct option *option, const char *text, void *member, struct err *err)
{
	int64_t gid;
	const char *rest = option_digits(text, UINT32_MAX - 1, &gid);

	if (strlen(text) >= option->size)
		return err_set(err, ERR_USAGE, "is too long");
	if ((rest == NULL || *rest != '\0') && *text != '\0' && getgrnam(text) == NULL)
		return err_set(err, ERR_USAGE, "there is no such group");
	memcpy(member, text, strlen(text) + 1);
	return 0;
}

static int
read_base_path(const struct option *option, const char *text, void *member,
    struct err *err)
{
	const char *fault = base_path_fault(text);

	(void)option;
	if (fault != NULL)
		return err_set(err, ERR_USAGE, "%s", fault);
	memcpy(member, text, strlen(text) + 1);
	return 0;
}

static int
read_action(const struct option *option, const char *text, void *member, struct err *err)
{
	(void)option;
	if (registry_find(text) == NULL && strcmp(text, REGISTRY_ALL) != 0)
		return err_set(err, ERR_USAGE, "there is no such action");
	return option_list_add(text, member, err);
}

static int
read_origin(const struct option *option, const char *text, void *member, struct err *err)
{
	const char *fault = origin_fault(text);

	(void)option;
	if (fault != NULL)
		return err_set(err, ERR_USAGE, "%s", fault);
	return option_list_add(text, member, err);
}

static const struct option server_table[] = {
	{ .name = "socket", .argument = "PATH", .preset = SERVER_SOCKET_DEFAULT,
	  .help = "Where nginx connects. Its mode is 0660.",
	  .parse = option_path, MEMBER(socket), .max = SOCKET_PATH_BYTES - 1, .fixed = true },
	{ .name = "socket-group", .argument = "GROUP",
	  .help = "Group of the socket: nginx's. Its own if it is not given.",
	  .parse = read_group, MEMBER(socket_group), .fixed = true },
	{ .name = "state-group", .argument = "GROUP",
	  .help = "Group that may read the state directory, and can hold up its writers. "
	    "Nobody but the service's user may if it is not given.",
	  .parse = read_group, MEMBER(state_group) },
	{ .name = "base-path", .argument = "PATH",
	  .help = "What nginx serves this extension below: \"/chaos\". The FastCGI "
	    "parameter ACTIONKIT_BASE_PATH wins.",
	  .parse = read_base_path, MEMBER(base_path) },
	{ .name = "responders", .argument = "COUNT", .preset = "8",
	  .help = "Processes that answer requests, one at a time each.",
	  .parse = option_count, MEMBER(responders),
	  .min = 1, .max = SERVER_RESPONDERS_MAX },
	{ .name = "body-timeout", .argument = "DURATION", .preset = "60s",
	  .help = "Longest wait for the next part of a request.",
	  .parse = option_duration, MEMBER(body_timeout_ms),
	  .min = OPTION_TIMEOUT_MIN_MS, .max = OPTION_TIMEOUT_MAX_MS },
	{ .name = "request-timeout", .argument = "DURATION", .preset = "10m",
	  .help = "Longest wait for the web server in one request, all pauses together: to send "
	    "it, and to take the reply.",
	  .parse = option_duration, MEMBER(request_timeout_ms),
	  .min = OPTION_TIMEOUT_MIN_MS, .max = OPTION_TIMEOUT_MAX_MS },
	{ .name = "shutdown-timeout", .argument = "DURATION", .preset = "60s",
	  .help = "How long SIGTERM waits for all executions to be stopped.",
	  .parse = option_duration, MEMBER(shutdown_timeout_ms),
	  .min = OPTION_TIMEOUT_MIN_MS, .max = OPTION_TIMEOUT_MAX_MS },
	{ .name = "max-body", .argument = "SIZE", .preset = "4MiB",
	  .help = "Longest JSON of a request.",
	  .parse = option_size, MEMBER(max_body_bytes),
	  .min = BODY_MIN_BYTES, .max = BODY_MAX_BYTES },
	{ .name = "max-values", .argument = "COUNT", .preset = "100000",
	  .help = "Most values in the JSON of a request: objects, arrays, texts, numbers, booleans "
	    "and nulls. Each takes up to some 300 bytes of memory.",
	  .parse = option_count, MEMBER(max_values), .min = VALUES_MIN, .max = VALUES_MAX },
	{ .name = "allow-origin", .argument = "ORIGIN", .separator = ",",
	  .help = "Take requests of web pages of this origin: \"https://ops.example\". May be "
	    "repeated; the variable is a list with commas. All other requests that carry an "
	    "Origin are refused.",
	  .parse = read_origin, MEMBER(allow_origin) },
	{ .name = "enable-action", .argument = "ID", .separator = ",",
	  .help = "Offer this action only; \"all\" stands for all that need not be named. May "
	    "be repeated; the variable is a list with commas. The others can still be stopped. "
	    "Guarded actions, which do harm that cannot be undone, are offered only where they "
	    "are named.",
	  .parse = read_action, MEMBER(enable_action) },
	OPTIONS_END
};

/* Last in the help. */
static const struct option command_table[] = {
	{ .name = "options", .argument = "FILE", .preset = SERVER_OPTIONS_DEFAULT,
	  .help = "File with lines \"option value\", of all options above. It need not be there "
	    "unless it is named here. Environment and command line win over it. Read again at HUP.",
	  .parse = option_path, MEMBER(options_file), .max = OPTIONS_PATH_BYTES - 1,
	  .names_file = true },
	{ .name = "test",
	  .help = "Check the options, the actions and the state directory, its database too, "
	    "then exit: 0 if a server would start, else 78. Nothing is changed.",
	  .parse = option_flag, MEMBER(test) },
	{ .name = "help", .help = "Print this text." },
	OPTIONS_END
};

static const struct option *const tables[] = {
	server_table, options_table, command_table, NULL
};

int
server_options_parse(int argc, char **argv, struct server_options *ret_options,
    const struct option_mistakes *mistakes)
{
	struct server_options options = { .responders = 0 };
	int result = option_table_parse(tables, argc, argv, &options, mistakes);

	if (result == 0)
		*ret_options = options;
	return result;
}

void
server_options_hand_over(const struct server_options *options)
{
	option_table_hand_over(tables, options);
}

void
server_options_take_over(struct server_options *options,
    void (*differs)(const char *name, const char *kept, const char *said))
{
	option_table_take_over(tables, options, differs);
}

const char *
server_options_name(size_t index)
{
	const struct option *option = option_table_at(tables, index);

	return option == NULL ? NULL : option->name;
}

gid_t
server_options_gid(const char *group)
{
	const struct group *found = getgrnam(group);

	return found != NULL ? found->gr_gid : (gid_t)strtoul(group, NULL, 10);
}

int
server_options_not_given(const char *option, const char *group, const char *path,
    struct err *err)
{
	if (errno == EPERM)
		return err_set(err, ERR_USAGE, "%s %s: the service's user is no member of this "
		    "group, and so may not give it %s: `usermod -aG` makes it one", option, group,
		    path);
	return err_sys(err, ERR_USAGE, "%s %s: %s", option, group, path);
}

void
server_options_help(FILE *out)
{
	option_table_help(tables, out);
}

void
server_options_enable(const struct server_options *options)
{
	for (size_t i = 0; i < options->enable_action.count; i++)
		registry_enable(options->enable_action.items[i]);
}
