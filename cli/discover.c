/*
 * discover.c: `actionkit discover`: what the discoveries of this program find here, or those of
 * an extension, over HTTP.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/arguments.h"
#include "cli/http.h"
#include "cli/output.h"
#include "core/action/describe_discovery.h"
#include "core/action/discover.h"
#include "core/action/discovery.h"
#include "core/action/registry.h"
#include "core/action/verify.h"
#include "core/base/clock.h"

#define DISCOVER_VALUES_MAX 1000000
#define HTTP_OK 200L
#define DISCOVER_GIVEN_MAX 64
#define DISCOVER_NAME_BYTES 64

struct search {
	struct arguments *arguments;
	const char *id;			/* of the only discovery that is wanted, or NULL */
	struct http_target where;	/* its url NULL: in this process */
	bool json;
	struct http http;
	size_t found;			/* discoveries that were asked */
	bool failed;			/* one of them at least */
};

static void
fail(struct search *search, const struct err *err)
{
	arguments_fail(search->arguments, err);
	search->failed = true;
}

static void
print_values(const char *key, struct json_object *values)
{
	size_t i;

	printf("  ");
	output_text(key);
	for (i = 0; i < json_count(values); i++) {
		fputs(i == 0 ? "  " : ", ", stdout);
		output_text(json_string(json_element(values, i)));
	}
	putchar('\n');
}

static void
print_target(struct json_object *target, const char *interval)
{
	struct json_object *attributes = json_member(target, "attributes");

	printf("%s", output_style(STYLE_STRONG));
	output_text(json_member_string(target, "label"));
	printf("%s  ", output_style(STYLE_PLAIN));
	output_text(json_member_string(target, "targetType"));
	printf(" every ");
	output_text(interval);
	putchar('\n');
	if (!json_object_is_type(attributes, json_type_object))
		return;
	json_object_object_foreach(attributes, key, values)
		print_values(key, values);
}

/* What a discovery of this description has found: the text of a DiscoveryData. */
static void
print_found(struct search *search, struct json_object *description, const char *text,
    size_t length)
{
	const char *interval = json_member_string(json_member(description, "discover"),
	    "callInterval");
	struct json_object *data = NULL, *targets;
	struct err err;
	size_t i;

	if (json_parse_within(text, length, DISCOVER_VALUES_MAX, &data, &err) == -1) {
		err_wrap(&err, "%s", json_member_string(description, "id"));
		fail(search, &err);
		return;
	}
	if (search->json) {
		output_json(data);
		return;
	}
	targets = json_member(data, "targets");
	for (i = 0; i < json_count(targets); i++)
		print_target(json_element(targets, i), interval == NULL ? "?" : interval);
	if (json_count(targets) == 0)
		output_error("%s: no targets", json_member_string(description, "id"));
	json_object_put(data);
}

static bool
is_wanted(const struct search *search, const char *id)
{
	return id != NULL && (search->id == NULL || strcmp(search->id, id) == 0);
}

static void
discover_here(struct search *search, const struct server_options *options)
{
	struct json_object *description, *error = NULL;
	const struct ak_discovery *discovery;
	struct err err;
	size_t i, length;
	char *text;

	for (i = 0; i < registry_discoveries(); i++) {
		discovery = registry_discovery_at(i);
		if (!discovery_offered(discovery) || !is_wanted(search, discovery->id))
			continue;
		search->found++;
		if (discover(discovery, clock_boot_ms() + options->core.handler_timeout_ms,
		    &text, &length, &error, &err) == -1) {
			err_wrap(&err, "%s", discovery->id);
			fail(search, &err);
			json_object_put(error);
			continue;
		}
		description = discovery_json(discovery, "");
		print_found(search, description, text, length);
		json_object_put(description);
		free(text);
	}
}

/* The reply to a GET: its object, and its text where it is wanted; both owned. 0, or -1. */
static int
get(struct search *search, const char *path, struct json_object **ret_object,
    char **ret_text, struct err *err)
{
	struct http_reply reply;
	const char *detail;
	int result;

	*ret_object = NULL;
	if (path == NULL || *path != '/')
		return err_set(err, ERR_INTERNAL, "there is no path to ask for it");
	if (http_call(&search->http, "GET", path, NULL, NULL, 0, &reply, err) == -1)
		return -1;
	result = json_parse_within(reply.body == NULL ? "" : reply.body, reply.length,
	    DISCOVER_VALUES_MAX, ret_object, err);
	if (reply.status != HTTP_OK) {
		detail = json_member_string(*ret_object, "detail");
		result = err_set(err, ERR_INTERNAL, "%s: status %ld%s%s", path, reply.status,
		    detail == NULL ? "" : ": ", detail == NULL ? "" : detail);
	} else if (result == -1) {
		err_wrap(err, "%s", path);
	}
	if (result == -1) {
		json_object_put(*ret_object);
		*ret_object = NULL;
	} else if (ret_text != NULL) {
		*ret_text = reply.body;
		reply.body = NULL;
	}
	http_reply_done(&reply);
	return result;
}

/* Asks the discovery that a reference of the list names, if it is wanted. */
static void
discover_reference(struct search *search, struct json_object *reference)
{
	struct json_object *description, *data;
	struct err err;
	char *text;

	if (get(search, json_member_string(reference, "path"), &description, NULL, &err) == -1) {
		fail(search, &err);
		return;
	}
	if (is_wanted(search, json_member_string(description, "id"))) {
		search->found++;
		if (get(search, json_member_string(json_member(description, "discover"),
		    "path"), &data, &text, &err) == 0) {
			print_found(search, description, text, strlen(text));
			json_object_put(data);
			free(text);
		} else {
			fail(search, &err);
		}
	}
	json_object_put(description);
}

/* 0, or -1 with the exit status in arguments->status. */
static int
discover_there(struct search *search)
{
	struct json_object *index, *list;
	struct err err;
	size_t i;

	if (http_open(&search->http, &search->where, &err) == -1) {
		search->arguments->status =
		    arguments_refuse(search->arguments, "%s", err.msg);
		return -1;
	}
	if (get(search, "/", &index, NULL, &err) == -1) {
		fail(search, &err);
	} else {
		list = json_member(index, "discoveries");
		for (i = 0; i < json_count(list); i++)
			discover_reference(search, json_element(list, i));
		json_object_put(index);
	}
	http_close(&search->http);
	return 0;
}

static const struct cli_option options[] = {
	HTTP_OPTIONS("Ask the discoveries of an extension, as an agent does."),
	{ 't', "host-type", "TYPE", "This and the next as with serve." },
	{ 'd', "discover-host", "ANSWER", "" },
	{ 'n', "hostname", "NAME", "" },
	{ 'D', "domainname", "NAME", "" },
	{ 'g', "discovery-group", "NAME", "" },
	{ 'x', "exclude-attribute", "KEY", "" },
	{ 'j', "json", NULL, "Print what is served, a line for each discovery." },
	CLI_OPTIONS_END
};

/* What serve would be given: its options that are among ours. */
struct given {
	char names[DISCOVER_GIVEN_MAX][DISCOVER_NAME_BYTES];
	char *argv[2 * DISCOVER_GIVEN_MAX + 2];
	int argc;
};

static int
give(struct search *search, struct given *given, int key)
{
	const struct cli_option *option;
	char *name = given->names[given->argc / 2];

	if (given->argc / 2 == DISCOVER_GIVEN_MAX) {
		search->arguments->status = arguments_refuse(search->arguments,
		    "there are more than %d options", DISCOVER_GIVEN_MAX);
		return -1;
	}
	for (option = options; option->key != key; option++)
		;
	snprintf(name, DISCOVER_NAME_BYTES, "--%s", option->name);
	given->argv[given->argc++] = name;
	/* getopt-like parsers do not write to it. */
	given->argv[given->argc++] = (char *)(uintptr_t)search->arguments->value;
	return 0;
}

/* 0, or -1 with the exit status in arguments->status. */
static int
read_arguments(struct search *search, struct server_options *ret_options)
{
	static char program[] = "discover";
	struct given given = { .argv = { program }, .argc = 1 };
	const struct option_mistakes mistakes = {
		.report = arguments_tell_mistake, .context = search->arguments
	};
	struct err err;
	int key;

	while ((key = arguments_next(search->arguments)) > 0)
		switch (key) {
		case 'j':
			search->json = true;
			break;
		default:
			if (http_take_option(&search->where, key, search->arguments->value))
				break;
			if (give(search, &given, key) == -1)
				return -1;
		}
	if (key == -1)
		return -1;
	if (search->arguments->operand_count > 1) {
		search->arguments->status = arguments_refuse(search->arguments,
		    "no more than one discovery can be named");
		return -1;
	}
	if (search->arguments->operand_count == 1)
		search->id = search->arguments->operands[0];
	if (search->where.unix_socket != NULL && search->where.url == NULL)
		search->where.url = "http://localhost";
	if (server_options_parse(given.argc, given.argv, ret_options, &mistakes) == -1) {
		search->arguments->status = EX_USAGE;
		return -1;
	}
	if (discovery_options_apply(&ret_options->core.discovery, &err) == -1) {
		search->arguments->status = arguments_refuse(search->arguments, "%s", err.msg);
		return -1;
	}
	return 0;
}

static void
find_mistake(void *context, const char *mistake)
{
	const struct search *search = context;

	output_error("%s: %s", search->arguments->subcommand->name, mistake);
}

static int
discover_run(struct arguments *arguments)
{
	static struct server_options options_of_serve;
	struct search search = { .arguments = arguments };
	struct err err;

	if (read_arguments(&search, &options_of_serve) == -1)
		return arguments->status;
	log_init(options_of_serve.core.log_level, options_of_serve.core.log_format);
	if (search.where.url != NULL) {
		if (discover_there(&search) == -1)
			return arguments->status;
	} else {
		if (verify_registry(find_mistake, &search) > 0)
			return EXIT_FAILURE;
		discover_here(&search, &options_of_serve);
	}
	if (search.found == 0 && !search.failed) {
		if (search.id == NULL)
			err_set(&err, ERR_NOT_FOUND, "there are no discoveries");
		else
			err_set(&err, ERR_NOT_FOUND, "%s: there is no such discovery",
			    search.id);
		fail(&search, &err);
	}
	return search.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct subcommand subcommand_discover = {
	.name = "discover",
	.help = "show the targets that are discovered",
	.operands = "[ID]",
	.about = "Runs the discoveries of this program, or the one with this id, without a\n"
	    "server, and shows what they find: a line for each target, and one for each of\n"
	    "its attributes. With --url it asks those of an extension.\n\n"
	    "Exit status: 0; 1 if one failed, or there is none; 64 for a wrong command line.",
	.options = options,
	.run = discover_run,
};
