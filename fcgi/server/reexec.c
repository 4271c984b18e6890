/*
 * reexec.c: finds this program's file, tests it, and executes it in place.
 */
#include "config.h"

#include "fcgi/server/reexec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/log.h"

#define INHERIT_VARIABLE "ACTIONKIT_INHERIT"
/* The path of the program before: a script may have executed this one. */
#define FORMER_VARIABLE "ACTIONKIT_FORMER"
/* A number of 32 bits, its sign and a space. */
#define INHERIT_NUMBER_BYTES 12
#define INHERIT_FIXED_NUMBERS 5
#define INHERIT_BYTES \
	((SCOREBOARD_SLOTS + INHERIT_FIXED_NUMBERS) * INHERIT_NUMBER_BYTES + 1)
#define DELETED_SUFFIX " (deleted)"
/* argv[0], "serve", "--test" and NULL. */
#define EXTRA_ARGUMENTS 4

static char program[PATH_MAX];
static int serve_argc;
static char **serve_argv;
static const struct server_options *serve_options;

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

static void
search_program(const char *name, const char *path)
{
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

/*
 * The path that it was started by, not the file behind it: an installation may make a
 * symbolic link point to another one. One that was gone back to is not at its path any more.
 */
static void
find_program(void)
{
	const char *name = program_invocation_name;

	if (getenv(INHERIT_VARIABLE) != NULL && *name == '/' && strlen(name) < sizeof(program))
		memcpy(program, name, strlen(name) + 1);
	else
		search_program(name, getenv("PATH"));
}

void
reexec_remember(int argc, char **argv, const struct server_options *options)
{
	serve_options = options;
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
set_inheritance(const struct inheritance *inheritance)
{
	const struct sockets *sockets = &inheritance->sockets;
	char text[INHERIT_BYTES];
	size_t length = 0, i;

	append_number(text, &length, getpid());
	append_number(text, &length, sockets->instance);
	append_number(text, &length, sockets->lock);
	append_number(text, &length, sockets->listener);
	append_number(text, &length, inheritance->former);
	for (i = 0; i < inheritance->count; i++)
		append_number(text, &length, inheritance->responders[i]);
	if (setenv(INHERIT_VARIABLE, text, 1) == -1)
		log_out_of_memory();
	server_options_hand_over(serve_options);
}

/* The test sees the pid of its parent there. */
int
reexec_test(struct children *children, struct err *err)
{
	char **argv = make_argv(true);
	struct inheritance none = { .sockets = SOCKETS_NONE, .former = -1 };
	int result;

	set_inheritance(&none);
	result = children_test(children, program, argv, err);
	unsetenv(INHERIT_VARIABLE);
	free(argv);
	return result;
}

bool
reexec_goes_on(void)
{
	const char *text = getenv(INHERIT_VARIABLE);

	return text != NULL && strtol(text, NULL, 10) == getpid();
}

bool
reexec_is_test(void)
{
	const char *text = getenv(INHERIT_VARIABLE);

	return text != NULL && strtol(text, NULL, 10) == getppid();
}

int
reexec(const struct sockets *sockets, const struct children *children, struct err *err)
{
	struct inheritance inheritance = { .sockets = *sockets };
	char **argv = make_argv(false);

	/* Not closed in the program that is executed; without it there is no way back. */
	inheritance.former = open("/proc/self/exe", O_PATH);
	inheritance.count = children_responders(children, inheritance.responders);
	set_inheritance(&inheritance);
	if (setenv(FORMER_VARIABLE, program, 1) == -1)
		log_out_of_memory();
	if (socket_close_on_exec(sockets, false) == 0)
		execv(program, argv);
	err_sys(err, ERR_INTERNAL, "%s", program);
	socket_close_on_exec(sockets, true);
	unsetenv(INHERIT_VARIABLE);
	reexec_stay(&inheritance);
	free(argv);
	return -1;
}

int
reexec_back(const struct inheritance *inheritance, struct err *err)
{
	struct inheritance handed = *inheritance;
	char **argv = make_argv(false), *former = getenv(FORMER_VARIABLE);

	if (former != NULL)
		argv[0] = former;
	handed.former = -1;
	set_inheritance(&handed);
	if (socket_close_on_exec(&handed.sockets, false) == 0)
		fexecve(inheritance->former, argv, environ);
	err_sys(err, ERR_INTERNAL, "the program before %s", program);
	socket_close_on_exec(&handed.sockets, true);
	unsetenv(INHERIT_VARIABLE);
	free(argv);
	return -1;
}

void
reexec_stay(const struct inheritance *inheritance)
{
	unsetenv(FORMER_VARIABLE);
	if (inheritance->former != -1)
		close(inheritance->former);
}

bool
reexec_inherited(struct inheritance *ret_inheritance)
{
	struct inheritance inheritance = { .sockets = SOCKETS_NONE };
	const char *text = getenv(INHERIT_VARIABLE);
	char *rest;
	long number;

	if (!reexec_goes_on()) {
		unsetenv(INHERIT_VARIABLE);
		return false;
	}
	strtol(text, &rest, 10);
	inheritance.sockets.instance = (int)strtol(rest, &rest, 10);
	inheritance.sockets.lock = (int)strtol(rest, &rest, 10);
	inheritance.sockets.listener = (int)strtol(rest, &rest, 10);
	inheritance.former = (int)strtol(rest, &rest, 10);
	while (*rest != '\0' && inheritance.count < SCOREBOARD_SLOTS) {
		number = strtol(rest, &rest, 10);
		inheritance.responders[inheritance.count++] = (pid_t)number;
	}
	socket_close_on_exec(&inheritance.sockets, true);
	/* The kernel names a program by its path, and this one was executed without any. */
	if (inheritance.former == -1)
		prctl(PR_SET_NAME, program_invocation_short_name);
	else
		fcntl(inheritance.former, F_SETFD, FD_CLOEXEC);
	unsetenv(INHERIT_VARIABLE);
	*ret_inheritance = inheritance;
	return true;
}
