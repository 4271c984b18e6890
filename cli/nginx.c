/*
 * nginx.c: `nginx`: the two snippets for an extension behind an nginx, filled in.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/arguments.h"
#include "cli/texts.h"
#include "fcgi/http/base_path.h"

#define NGINX_LINE_BYTES 512
#define NGINX_NAME_MAX 64

/* The comment that a file begins with is about copying it by hand. */
static const char *
behind_comment(const char *text)
{
	while (*text == '#')
		text = strchrnul(text, '\n') + 1;
	while (*text == '\n')
		text++;
	return text;
}

static void
print_filled(const char *file, const struct text_word *words)
{
	char *filled = texts_fill(behind_comment(texts_find(file)), words);

	fputs(filled, stdout);
	free(filled);
}

/* In the files it is "actionkit", at the root. part: "http", "server", or NULL for both. */
static void
print_parts(const struct server_options *options, const char *name, const char *part)
{
	char upstream[NGINX_LINE_BYTES], pass[NGINX_LINE_BYTES], location[NGINX_LINE_BYTES];
	char base_path[NGINX_LINE_BYTES];
	const struct text_word words[] = {
		{ "@SOCKET@", options->socket },
		{ "@RUN_DIR@", texts_nginx_dir },
		{ "upstream actionkit {", upstream },
		{ "fastcgi_pass actionkit;", pass },
		{ "location / {", location },
		{ "ACTIONKIT_BASE_PATH \"\";", base_path },
		{ NULL, NULL }
	};

	snprintf(upstream, sizeof(upstream), "upstream %s {", name);
	snprintf(pass, sizeof(pass), "fastcgi_pass %s;", name);
	snprintf(location, sizeof(location), "location %s/ {", options->base_path);
	snprintf(base_path, sizeof(base_path), "ACTIONKIT_BASE_PATH \"%s\";",
	    options->base_path);
	if (part == NULL || strcmp(part, "http") == 0) {
		printf("# In the http block.\n");
		print_filled("actionkit-upstream.conf.in", words);
	}
	if (part == NULL)
		putchar('\n');
	if (part == NULL || strcmp(part, "server") == 0) {
		printf("# In a server block; of several extensions in one block, only the first "
		    "includes the errors.\n");
		print_filled("actionkit.conf.in", words);
	}
}

/* What would mean something to nginx. */
static bool
is_plain(const char *text, const char *more)
{
	for (; *text != '\0'; text++)
		if (!isalnum((unsigned char)*text) && strchr(more, *text) == NULL)
			return false;
	return true;
}

static int
run_nginx(struct arguments *arguments)
{
	static struct server_options options;
	const char *socket = NULL, *prefix = NULL, *name = "actionkit", *part = NULL;
	const struct option_mistakes mistakes = {
		.report = arguments_tell_mistake, .context = arguments
	};
	int key;

	while ((key = arguments_next(arguments)) > 0)
		switch (key) {
		case 's':
			socket = arguments->value;
			break;
		case 'p':
			prefix = strcmp(arguments->value, "/") == 0 ? "" : arguments->value;
			break;
		case 'b':
			part = arguments->value;
			break;
		default:
			name = arguments->value;
		}
	if (key == -1)
		return arguments->status;
	if (prefix != NULL && base_path_fault(prefix) != NULL)
		return arguments_refuse(arguments, "--prefix %s: %s", prefix,
		    base_path_fault(prefix));
	if (arguments_serve_options(&options, &mistakes, "--socket", socket, "--base-path", prefix,
	    NULL) == -1)
		return EX_USAGE;
	if (*options.socket != '/' || !is_plain(options.socket, "/.@:=+, _-"))
		return arguments_refuse(arguments, "--socket %s: must be an absolute path of "
		    "letters, digits and \"/.@:=+, _-\"", options.socket);
	if (*name == '\0' || strlen(name) > NGINX_NAME_MAX || !is_plain(name, "._-"))
		return arguments_refuse(arguments, "--name %s: must be at most %d letters, "
		    "digits, \"._-\"", name, NGINX_NAME_MAX);
	if (part != NULL && strcmp(part, "http") != 0 && strcmp(part, "server") != 0)
		return arguments_refuse(arguments, "--block %s: must be http or server", part);
	print_parts(&options, name, part);
	return EXIT_SUCCESS;
}

static const struct cli_option options_of_nginx[] = {
	{ 's', "socket", "PATH", "Of serve; or ACTIONKIT_SOCKET." },
	{ 'p', "prefix", "PATH", "What it is served below, if not \"/\": \"/chaos\"." },
	{ 'b', "block", "BLOCK", "That for this one alone: http or server." },
	{ 'n', "name", "NAME", "Of the upstream. Default: actionkit." },
	CLI_OPTIONS_END
};

const struct subcommand subcommand_nginx = {
	.name = "nginx",
	.help = "print the configuration for an nginx in front",
	.about = "Prints two snippets: one for the http block of nginx, which knows the socket,\n"
	    "and one for a server block. They are those that are installed, filled in. Each\n"
	    "extension behind the same nginx needs a name of its own.\n\n"
	    "Exit status: 0; 64 for a wrong command line.",
	.options = options_of_nginx,
	.run = run_nginx,
};
