/*
 * new.c: `new`: writes the files that an action of one's own begins with.
 */
#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/texts.h"

#define NEW_NAME_MAX 40
#define NEW_ID_BYTES 128
#define NEW_FILE_MODE 0644
#define NEW_PROGRAM_MODE 0755
#define NEW_DIR_MODE 0755

/* What is written. */
static const struct {
	const char *file, *source;
	mode_t mode;
} files[] = {
	{ "@NAME@.c", "action.c.in", NEW_FILE_MODE },
	{ "test_@NAME@.c", "test.c.in", NEW_FILE_MODE },
	{ "Makefile", "makefile.in", NEW_FILE_MODE },
	{ "test.sh", "test.sh.in", NEW_PROGRAM_MODE },
	{ ".gitignore", "gitignore.in", NEW_FILE_MODE },
};
#define FILES (sizeof(files) / sizeof(files[0]))

/* The directory, made if it is missing; a descriptor, or -1. */
static int
open_empty(const char *path, struct err *err)
{
	const struct dirent *entry;
	bool empty = true;
	DIR *directory;
	int fd;

	if (mkdir(path, NEW_DIR_MODE) == -1 && errno != EEXIST)
		return err_sys(err, ERR_USAGE, "%s", path);
	directory = opendir(path);
	if (directory == NULL)
		return err_sys(err, ERR_USAGE, "%s", path);
	while ((entry = readdir(directory)) != NULL)
		empty = empty && (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0);
	fd = empty ? fcntl(dirfd(directory), F_DUPFD_CLOEXEC, 0) :
	    err_set(err, ERR_USAGE, "%s: is not empty", path);
	closedir(directory);
	return fd;
}

/* A file that is not there yet. */
static int
write_file(int directory, const char *name, mode_t mode, const char *text, struct err *err)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	size_t length = strlen(text);
	ssize_t written;

	if (fd == -1)
		return err_sys(err, ERR_INTERNAL, "%s", name);
	written = write(fd, text, length);
	if (close(fd) == -1 || written == -1)
		return err_sys(err, ERR_INTERNAL, "%s", name);
	if ((size_t)written != length)
		return err_set(err, ERR_INTERNAL, "%s: is cut", name);
	return 0;
}

static int
write_files(int directory, const char *name, const char *id, struct err *err)
{
	char identifier[NEW_NAME_MAX + 1], label[NEW_NAME_MAX + 1];
	const struct text_word words[] = {
		{ "@NAME@", name }, { "@IDENT@", identifier }, { "@LABEL@", label }, { "@ID@", id },
		{ NULL, NULL }
	};
	size_t i;
	char *file, *text;
	int result = 0;

	snprintf(identifier, sizeof(identifier), "%s", name);
	for (i = 0; identifier[i] != '\0'; i++)
		if (identifier[i] == '-')
			identifier[i] = '_';
	snprintf(label, sizeof(label), "%s", name);
	label[0] = (char)toupper((unsigned char)label[0]);
	for (i = 0; result == 0 && i < FILES; i++) {
		file = texts_fill(files[i].file, words);
		text = texts_fill(texts_find(files[i].source), words);
		result = write_file(directory, file, files[i].mode, text, err);
		free(text);
		free(file);
	}
	return result;
}

static bool
is_name(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length <= NEW_NAME_MAX && islower((unsigned char)*name) &&
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0' &&
	    name[length - 1] != '-';
}

/* As the registration of actions wants it. */
static bool
is_id(const char *id)
{
	return *id != '\0' && strlen(id) < NEW_ID_BYTES && id[strspn(id,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0';
}

static int
run_new(struct arguments *arguments)
{
	char preset[NEW_ID_BYTES];
	const char *name, *id = NULL, *directory = NULL;
	struct err err;
	int key, fd, result;

	while ((key = arguments_next(arguments)) > 0)
		if (key == 'i')
			id = arguments->value;
		else
			directory = arguments->value;
	if (key == -1)
		return arguments->status;
	if (arguments->operand_count != 1)
		return arguments_refuse(arguments, "the name of one action is needed");
	name = arguments->operands[0];
	if (!is_name(name))
		return arguments_refuse(arguments, "%s: must be lower-case letters, digits and "
		    "\"-\", a letter first, at most %d", name, NEW_NAME_MAX);
	snprintf(preset, sizeof(preset), "org.example.%s", name);
	if (id == NULL)
		id = preset;
	if (!is_id(id))
		return arguments_refuse(arguments, "--id %s: must be letters, digits and \"._-\"",
		    id);
	if (directory == NULL)
		directory = name;
	fd = open_empty(directory, &err);
	if (fd == -1)
		return arguments_fail(arguments, &err);
	result = write_files(fd, name, id, &err);
	close(fd);
	if (result == -1)
		return arguments_fail(arguments, &err);
	printf("%s has the action %s, and its tests. Try:\n  cd %s\n  make check\n  make prove\n",
	    directory, id, directory);
	return EXIT_SUCCESS;
}

static const struct cli_option options_of_new[] = {
	{ 'd', "directory", "DIR", "Where, if not in NAME; made if it is missing." },
	{ 'i', "id", "ID", "Of the action, if not org.example.NAME." },
	CLI_OPTIONS_END
};

const struct subcommand subcommand_new = {
	.name = "new",
	.help = "begin an action of one's own: source, tests, Makefile",
	.operands = "NAME",
	.about = "Writes an action that works, to be changed into one's own, into an empty\n"
	    "directory: its source, its tests and a Makefile. `make check` tests it, `make\n"
	    "prove` kills it at every system call, `make nginx` writes what nginx needs.\n\n"
	    "Exit status: 0; 1 if the directory is not empty, or cannot be written; 64 for a\n"
	    "wrong command line.",
	.options = options_of_new,
	.run = run_new,
};
