/*
 * test_incoming.c: names, base64 and URLs of files; writing them within limits; what a sweep
 * removes, and what it leaves.
 */
#include "config.h"

#include "core/base/text.h"
#include "core/calls/incoming.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/base64.h"
#include "core/base/clock.h"
#include "core/base/file_name.h"
#include "core/base/file_tree.h"
#include "core/base/url.h"
#include "core/reaper/file_sweep.h"
#include "core/store/execution.h"
#include "core/store/files.h"
#include "tests/unit/unit.h"

#define PATH_BYTES 512
#define NAME_BYTES 24
#define ONE "11111111-1111-4111-8111-111111111111"
#define TWO "22222222-2222-4222-8222-222222222222"

static struct options options;
static struct scoreboard scoreboard;
static struct err err;

static const struct ak_parameter parameters[] = {
	{ .name = "text", .type = AK_STRING },
	{ .name = "file", .type = AK_FILE },
	{ .name = "other", .type = AK_FILE },
	AK_PARAMETERS_END
};

static void
clean_up(void)
{
	char command[PATH_BYTES * 2];

	snprintf(command, sizeof(command), "rm -rf '%s'", options.state_dir);
	if (system(command) != 0)
		fprintf(stderr, "%s is left\n", options.state_dir);
}

static void
setup(void)
{
	options = (struct options){
		.max_file_bytes = 100, .max_files = 2, .max_upload_bytes = 150
	};
	snprintf(options.state_dir, sizeof(options.state_dir), "/tmp/ak-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(options.state_dir));
	atexit(clean_up);
}

static int
entries(const char *name)
{
	char path[PATH_BYTES * 2];
	DIR *directory;
	struct dirent *entry;
	int count = 0;

	snprintf(path, sizeof(path), "%s/%s", options.state_dir, name);
	directory = opendir(path);
	if (directory == NULL)
		return -1;
	while ((entry = readdir(directory)) != NULL)
		count += strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0;
	closedir(directory);
	return count;
}

START_TEST(test_names)
{
	static const struct {
		const char *text, *name;
	} rows[] = {
		{ "a.txt", "a.txt" }, { "../../a", "a" }, { "/etc/passwd", "passwd" },
		{ "C:\\x\\a.txt", "a.txt" }, { ".bashrc", "bashrc" }, { "-rf", "rf" },
		{ "a b\n;$c", "a_b___c" }, { "\xc3\xbc", "__" }, { "\xff", "_" }, { "", "" },
		{ "..", "" }, { "a/", "" }, { "a/..", "" }, { "---", "" },
		{ "0123456789012345678901234567", "01234567890123456789012" },
		{ "012345678901234567890123.json", "012345678901234567.json" },
		{ "a.0123456789012345678901234567", "a.012345678901234567890" },
	};
	char name[NAME_BYTES];

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		file_name_clean(rows[i].text, name, sizeof(name));
		ck_assert_str_eq(name, rows[i].name);
	}
	ck_assert(file_name_is_dots("") && file_name_is_dots("...") &&
	    file_name_is_dots("a/..") && file_name_is_dots("a\\"));
	ck_assert(!file_name_is_dots("a") && !file_name_is_dots("../a") &&
	    !file_name_is_dots(".a"));
}
END_TEST

START_TEST(test_base64)
{
	unsigned char data[64], back[BASE64_SIZE(BASE64_LENGTH(64))];
	char text[BASE64_LENGTH(64) + 1];

	for (size_t size = 0; size <= sizeof(data); size++) {
		memset(back, 0, sizeof(back));
		for (size_t i = 0; i < size; i++)
			data[i] = (unsigned char)(i * 37 + size);
		base64_encode(data, size, text);
		ck_assert_int_eq(base64_decode(text, strlen(text), NULL), (ssize_t)size);
		ck_assert_int_eq(base64_decode(text, strlen(text), back), (ssize_t)size);
		ck_assert_mem_eq(data, back, size);
	}
	ck_assert_int_eq(base64_decode("eA=", 3, NULL), -1);
	ck_assert_int_eq(base64_decode("=", 1, NULL), -1);
	ck_assert_int_eq(base64_decode("====", 4, NULL), -1);
	ck_assert_int_eq(base64_decode("e===", 4, NULL), -1);
	ck_assert_int_eq(base64_decode("eA=A", 4, NULL), -1);
	ck_assert_int_eq(base64_decode("e\0AA", 4, NULL), -1);
}
END_TEST

static bool
is_allowed(const char *prefix, const char *text)
{
	const char *fault;
	CURLU *url = url_parse(text, &fault);
	bool allowed = url != NULL && url_allowed(url, &prefix, 1);

	curl_url_cleanup(url);
	return allowed;
}

START_TEST(test_urls)
{
	static const char *const good[][2] = {
		{ "https://a.example", "https://a.example/x/y?q=1" },
		{ "https://a.example", "HTTPS://A.Example:443" },
		{ "https://a.example/", "https://a.example" },
		{ "http://a.example:81/b", "http://a.example:81/b" },
		{ "http://a.example:81/b", "http://a.example:81/b/c" },
		{ "http://a.example:81/b/", "http://a.example:81/b/c" },
		{ "http://127.0.0.1", "http://127.1/x" },
	};
	static const char *const bad[][2] = {
		{ "https://a.example", "https://a.example.evil" },
		{ "https://a.example", "https://a.example@evil.example/" },
		{ "https://a.example", "https://u:p@a.example/" },
		{ "https://a.example", "https://evil.example/https://a.example" },
		{ "https://a.example", "https://evil.example\\@a.example/" },
		{ "https://a.example", "http://a.example/" },
		{ "https://a.example", "https://a.example:444/" },
		{ "https://a.example", "https://xa.example/" },
		{ "https://a.example", "ftp://a.example/" },
		{ "https://a.example", "file:///etc/passwd" },
		{ "https://a.example/b", "https://a.example/bc" },
		{ "https://a.example/b", "https://a.example/" },
		{ "https://a.example/b", "https://a.example/B" },
		{ "https://a.example/b/", "https://a.example/b" },
		{ "https://a.example/b", "https://a.example/b/../c" },
		{ "https://a.example/b", "https://a.example/b/%2e%2e/c" },
		{ "https://a.example/b", "https://a.example/b/%2E./c" },
		{ "https://a.example/b", "https://a.example/b%2f..%2fc" },
		{ "https://a.example/b", "https://a.example/b/..%5cc" },
		{ "https://a.example/b", "https://a.example/b\\..\\c" },
	};

	for (size_t i = 0; i < UNIT_COUNT(good); i++)
		ck_assert_msg(is_allowed(good[i][0], good[i][1]), "%s", good[i][1]);
	for (size_t i = 0; i < UNIT_COUNT(bad); i++)
		ck_assert_msg(!is_allowed(bad[i][0], bad[i][1]), "%s", bad[i][1]);
}
END_TEST

START_TEST(test_writing)
{
	struct incoming incoming;
	char data[101];

	memset(data, 'x', sizeof(data));
	incoming_init(&incoming, &options, parameters);
	ck_assert_int_eq(incoming_begin(&incoming, "nothing", "a", &err), -1);
	ck_assert_int_eq(incoming_begin(&incoming, "text", "a", &err), -1);
	ck_assert_int_eq(incoming_begin(&incoming, "file", "..", &err), -1);
	ck_assert_int_eq(err.code, ERR_REQUEST);
	/* Nothing is made for what is refused. */
	ck_assert_int_eq(entries("files"), -1);

	ck_assert_int_eq(incoming_begin(&incoming, "file", "a\xff", &err), 0);
	ck_assert_int_eq(incoming_write(&incoming, data, 100, &err), 0);
	ck_assert_int_eq(incoming_write(&incoming, data, 1, &err), -1);
	ck_assert_int_eq(err.code, ERR_TOO_LARGE);
	ck_assert_str_eq(err.msg, "file: the file has more than 100 bytes (--max-file)");
	ck_assert_int_eq(incoming_end(&incoming, &err), 0);
	ck_assert_int_eq(incoming_begin(&incoming, "file", "b", &err), -1);
	ck_assert_int_eq(err.code, ERR_REQUEST);
	ck_assert_int_eq(incoming_begin(&incoming, "other", "b", &err), 0);
	ck_assert_int_eq(incoming_write(&incoming, data, 51, &err), -1);
	ck_assert_str_eq(err.msg,
	    "other: all files have more than 150 bytes (--max-upload)");
	ck_assert_int_eq(incoming_write(&incoming, data, 50, &err), 0);
	ck_assert_str_eq(incoming_find(&incoming, "file")->name, "a_");
	ck_assert_str_eq(incoming_find(&incoming, "file")->original_name,
	    "a\xef\xbf\xbd");
	ck_assert_int_eq(incoming_find(&incoming, "other")->size, 50);
	ck_assert_int_eq(entries("files/incoming"), 1);
	incoming_done(&incoming);
	ck_assert_int_eq(entries("files/incoming"), 0);
	incoming_done(&incoming);

	options.keep_free_bytes = INT64_MAX / 2;
	ck_assert_int_eq(incoming_begin(&incoming, "file", "a", &err), -1);
	ck_assert_int_eq(err.code, ERR_FULL);
	incoming_done(&incoming);
	ck_assert_int_eq(entries("files/incoming"), 0);
}
END_TEST

/* Writes one file, which is not ended. */
static void
write_one(struct incoming *incoming)
{
	incoming_init(incoming, &options, parameters);
	ck_assert_msg(incoming_begin(incoming, "file", "a", &err) == 0, "%s", err.msg);
	ck_assert_int_eq(incoming_write(incoming, "abc", 3, &err), 0);
}

static void
open_session(struct session *session)
{
	ck_assert_msg(store_make_ready(options.state_dir, 0, 0, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(session_open(session, &options, &scoreboard, &err), 0);
}

START_TEST(test_sweep)
{
	static const struct ak_action action = { .id = "x", .version = "1" };
	struct execution row = { .phase = PHASE_NONE };
	struct incoming live, one, two;
	struct session session, other;
	char path[PATH_BYTES * 2];
	pid_t pid;

	open_session(&session);
	open_session(&other);
	ck_assert_int_eq(file_sweep(&session, INT64_MAX, &err), 0);

	/* A process dies with a half of a file. */
	pid = fork();
	if (pid == 0) {
		write_one(&live);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(entries("files/incoming"), 1);
	write_one(&live);
	ck_assert_int_eq(file_sweep(&session, INT64_MAX, &err), 0);
	ck_assert_int_eq(entries("files/incoming"), 1);
	ck_assert_int_eq(incoming_write(&live, "def", 3, &err), 0);

	/* One with rows, one without. */
	write_one(&one);
	ck_assert_int_eq(incoming_end(&one, &err), 0);
	ck_assert_msg(incoming_move(&one, ONE, &err) == 0, "%s", err.msg);
	write_one(&two);
	ck_assert_int_eq(incoming_end(&two, &err), 0);
	ck_assert_int_eq(incoming_move(&two, TWO, &err), 0);
	execution_init(&row, ONE, &action);
	row.phase = PHASE_PREPARED;
	text_set(&row.state, "{}");
	ck_assert_int_eq(store_begin(&session.store, STORE_NORMAL, INT64_MAX, &err), 0);
	ck_assert_int_eq(execution_write(&session.store, &row, "test", NULL, &err), 0);
	ck_assert_int_eq(files_add(&session.store, ONE, "file", "/x", "a", 3, &err), 0);
	ck_assert_int_eq(store_commit(&session.store, &err), 0);

	/* Somebody is at it; there is no time; and then there is. */
	ck_assert_int_eq(lock_take(&other.lock, TWO, 0, &err), 0);
	ck_assert_int_eq(file_sweep(&session, INT64_MAX, &err), 0);
	ck_assert_int_eq(entries("files/" TWO), 1);
	lock_drop(&other.lock);
	ck_assert_int_eq(file_sweep(&session, clock_boot_ms(), &err), 1);
	ck_assert_int_eq(entries("files/" TWO), 1);
	/* What an action has put there goes, too; where a link leads to does not. */
	snprintf(path, sizeof(path), "%s/files/%s/more", options.state_dir, TWO);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/files/%s/more/link", options.state_dir, TWO);
	ck_assert_int_eq(symlink(options.state_dir, path), 0);
	snprintf(path, sizeof(path), "%s/files/mine", options.state_dir);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(file_sweep(&session, INT64_MAX, &err), 0);
	ck_assert_int_eq(entries("files/" TWO), -1);
	ck_assert_int_eq(entries("files/" ONE), 1);
	ck_assert_int_eq(entries("files/mine"), 0);

	/* Stopped: no rows, and no directory. */
	ck_assert_int_eq(files_kept(&session.store, ONE, &err), 1);
	ck_assert_int_eq(store_begin(&session.store, STORE_NORMAL, INT64_MAX, &err), 0);
	row.phase = PHASE_STOPPED;
	row.stop_by = STOP_BY_AGENT;
	text_set(&row.stop_reason, "x");
	ck_assert_int_eq(execution_write(&session.store, &row, "test", NULL, &err), 0);
	ck_assert_int_eq(store_commit(&session.store, &err), 0);
	ck_assert_int_eq(files_settle(&session.store, options.state_dir, ONE, INT64_MAX, &err), 0);
	ck_assert_int_eq(entries("files"), 2);

	execution_done(&row);
	incoming_done(&live);
	incoming_done(&one);
	incoming_done(&two);
	session_close(&session);
	session_close(&other);
}
END_TEST

START_TEST(test_tree)
{
	char path[PATH_BYTES * 2];
	int fd = open(options.state_dir, O_RDONLY | O_DIRECTORY), top;

	/* A link in the place of a directory is not followed. */
	ck_assert_int_eq(symlinkat("/tmp", fd, "link"), 0);
	ck_assert_int_eq(file_tree_open(fd, "link", true, &err), -1);
	ck_assert_int_eq(file_tree_remove(fd, "link", INT64_MAX, &err), 0);
	ck_assert_int_eq(file_tree_remove(fd, "link", INT64_MAX, &err), 0);
	ck_assert_int_eq(access("/tmp", F_OK), 0);
	ck_assert_int_eq(symlinkat("/tmp", fd, FILES_DIR), 0);
	ck_assert_int_eq(files_open(options.state_dir, true, &err), -1);

	top = file_tree_open(fd, "deep", true, &err);
	for (int depth = 0, at = top; depth < 100; depth++)
		at = file_tree_open(at, "d", true, &err);
	ck_assert_int_eq(file_tree_remove(fd, "deep", INT64_MAX, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.msg, "too deep"));
	snprintf(path, sizeof(path), "rm -r %s/deep", options.state_dir);
	ck_assert_int_eq(system(path), 0);
	close(fd);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		test_names, test_base64, test_urls, test_writing, test_sweep, test_tree, NULL
	};

	return unit_main("incoming", setup, tests);
}
