/*
 * reexec.c: finds this program's file, tests it, and executes it in place.
 */
#include "config.h"

#include "fcgi/server/reexec.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/log.h"

#define INHERIT_VARIABLE "ACTIONKIT_INHERIT"
/* A number of 32 bits, its sign and a space. */
#define INHERIT_NUMBER_BYTES 12
#define INHERIT_FIXED_NUMBERS 4
#define INHERIT_BYTES \
	((SCOREBOARD_SLOTS + INHERIT_FIXED_NUMBERS) * INHERIT_NUMBER_BYTES + 1)
#define DELETED_SUFFIX " (deleted)"
/* argv[0], "serve", "--test" and NULL. */
#define EXTRA_ARGUMENTS 4

static char program[PATH_MAX];
static int serve_argc;
static char **serve_argv;

static bool
is_this_program(const char *path)
{
	struct stat mine, other;

	return stat("/proc/self/exe", &mine) == 0 && stat(path, &other) == 0 &&
	    mine.st_dev == other.st_dev && mine.st_ino == other.st_ino;
}

/* directory/name, made absolute, if it is this program. */
static bool
try_path(const char *directory, const char *name)
{
	char current[PATH_MAX] = "", path[PATH_MAX];
	const char *start = *directory != '\0' ? directory : name;
	int length;

	if (*start != '/' && getcwd(current, sizeof(current)) == NULL)
		return false;
	length = snprintf(path, sizeof(path), "%s%s%s%s%s", current,
	    *current == '\0' ? "" : "/", directory, *directory == '\0' ? "" : "/", name);
	if (length < 0 || (size_t)length >= sizeof(path) || !is_this_program(path))
		return false;
	memcpy(program, path, (size_t)length + 1);
	return true;
}

/*
 * The path that it was started by, not the file behind it: an installation may make a
 * symbolic link point to another one.
 */
static void
find_program(void)
{
	const char *name = program_invocation_name, *path = getenv("PATH");
	char *directories, *rest, *directory;
	bool found = false;
	size_t suffix = strlen(DELETED_SUFFIX), length;
	ssize_t linked;

	if (strchr(name, '/') != NULL) {
		if (try_path("", name))
			return;
	} else if (path != NULL && (directories = rest = strdup(path)) != NULL) {
		while (!found && (directory = strsep(&rest, ":")) != NULL)
			found = try_path(*directory == '\0' ? "." : directory, name);
		free(directories);
		if (found)
			return;
	}
	linked = readlink("/proc/self/exe", program, sizeof(program) - 1);
	length = linked == -1 ? 0 : (size_t)linked;
	program[length] = '\0';
	if (length > suffix && strcmp(program + length - suffix, DELETED_SUFFIX) == 0)
		program[length - suffix] = '\0';
}

void
reexec_remember(int argc, char **argv)
{
	serve_argc = argc;
	serve_argv = argv;
	find_program();
}

/* Owned; the texts are borrowed. */
static char **
make_argv(bool test)
{
	static char test_option[] = "--test";
	char **argv = calloc((size_t)serve_argc + EXTRA_ARGUMENTS, sizeof(*argv));
	int i, count = 0;

	if (argv == NULL)
		log_out_of_memory();
	argv[count++] = program;
	argv[count++] = serve_argv[0];
	/* Before all others: one of them may be "--". */
	if (test)
		argv[count++] = test_option;
	for (i = 1; i < serve_argc; i++)
		argv[count++] = serve_argv[i];
	return argv;
}

int
reexec_test(struct children *children, struct err *err)
{
	char **argv = make_argv(true);
	int result = children_test(children, program, argv, err);

	free(argv);
	return result;
}

static void
append_number(char text[INHERIT_BYTES], size_t *length, long number)
{
	int added = snprintf(text + *length, INHERIT_BYTES - *length, "%s%ld",
	    *length == 0 ? "" : " ", number);

	if (added > 0)
		*length += (size_t)added;
}

/* The first number is this process's pid: others that see the variable are not meant. */
static void
set_inheritance(const struct sockets *sockets, const struct children *children)
{
	char text[INHERIT_BYTES];
	pid_t responders[SCOREBOARD_SLOTS];
	size_t length = 0, count, i;

	append_number(text, &length, getpid());
	append_number(text, &length, sockets->instance);
	append_number(text, &length, sockets->lock);
	append_number(text, &length, sockets->listener);
	count = children_responders(children, responders);
	for (i = 0; i < count; i++)
		append_number(text, &length, responders[i]);
	if (setenv(INHERIT_VARIABLE, text, 1) == -1)
		log_out_of_memory();
}

int
reexec(const struct sockets *sockets, const struct children *children, struct err *err)
{
	char **argv = make_argv(false);

	set_inheritance(sockets, children);
	if (socket_close_on_exec(sockets, false) == 0)
		execv(program, argv);
	err_sys(err, ERR_INTERNAL, "%s", program);
	socket_close_on_exec(sockets, true);
	unsetenv(INHERIT_VARIABLE);
	free(argv);
	return -1;
}

bool
reexec_inherited(struct inheritance *ret_inheritance)
{
	struct inheritance inheritance = { .sockets = SOCKETS_NONE };
	const char *text = getenv(INHERIT_VARIABLE);
	char *rest;
	long number;

	if (text == NULL || strtol(text, &rest, 10) != getpid()) {
		unsetenv(INHERIT_VARIABLE);
		return false;
	}
	inheritance.sockets.instance = (int)strtol(rest, &rest, 10);
	inheritance.sockets.lock = (int)strtol(rest, &rest, 10);
	inheritance.sockets.listener = (int)strtol(rest, &rest, 10);
	while (*rest != '\0' && inheritance.count < SCOREBOARD_SLOTS) {
		number = strtol(rest, &rest, 10);
		inheritance.responders[inheritance.count++] = (pid_t)number;
	}
	socket_close_on_exec(&inheritance.sockets, true);
	unsetenv(INHERIT_VARIABLE);
	*ret_inheritance = inheritance;
	return true;
}
