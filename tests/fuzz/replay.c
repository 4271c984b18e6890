/*
 * replay.c: runs a fuzz target over files, without a fuzzer: those that are named, or the
 * corpus of the target that the program is named after.
 */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define PATH_BYTES 1024
#define INPUT_MAX_BYTES (1024 * 1024)

static void
run_file(const char *path)
{
	static uint8_t input[INPUT_MAX_BYTES];
	uint8_t *copy;
	size_t size;
	FILE *file;

	/* Said before it runs: it may be the last. */
	printf("# %s\n", path);
	fflush(stdout);
	file = fopen(path, "rb");
	if (file == NULL) {
		printf("Bail out! %s cannot be read\n", path);
		exit(EXIT_FAILURE);
	}
	size = fread(input, 1, sizeof(input), file);
	fclose(file);
	/* So that the sanitizer sees its end. */
	copy = malloc(size == 0 ? 1 : size);
	if (copy == NULL)
		exit(EXIT_FAILURE);
	memcpy(copy, input, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static int
visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Returns how many inputs there were. */
static int
run_corpus(const char *target)
{
	const char *top = getenv("top_srcdir");
	char directory[PATH_BYTES], path[2 * PATH_BYTES];
	struct dirent **entries;
	int count, i;

	snprintf(directory, sizeof(directory), "%s/tests/fuzz/corpus/%s",
	    top == NULL ? "." : top, target);
	count = scandir(directory, &entries, visible, alphasort);
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
		run_file(path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return count;
}

int
main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *target = slash == NULL ? argv[0] : slash + 1;
	int count = argc - 1, i;

	LLVMFuzzerInitialize(&argc, &argv);
	for (i = 1; i < argc; i++)
		run_file(argv[i]);
	if (argc == 1)
		count = run_corpus(target);
	printf("1..1\n%s 1 - %s: %d inputs\n", count > 0 ? "ok" : "not ok", target, count);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
