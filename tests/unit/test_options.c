/*
 * test_options.c: defaults, environment and command line of `actionkit serve`.
 */
#include "config.h"

#include "fcgi/http/server_options.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/actionkit.h"
#include "tests/unit/unit.h"

#define ARGUMENTS_MAX 8

static struct server_options options;
static char told[4096];

static void
tell(void *context, const char *mistake)
{
	size_t length = strlen(told);

	(void)context;
	snprintf(told + length, sizeof(told) - length, "%s\n", mistake);
}

static struct option_mistakes mistakes = { .report = tell };

static int
parse(const char *first, ...)
{
	char *argv[ARGUMENTS_MAX + 2] = { (char *)(uintptr_t)"serve" };
	int argc = 1;
	const char *argument;
	va_list arguments;

	va_start(arguments, first);
	for (argument = first; argument != NULL && argc <= ARGUMENTS_MAX;
	    argument = va_arg(arguments, const char *))
		argv[argc++] = (char *)(uintptr_t)argument;
	va_end(arguments);
	told[0] = '\0';
	return server_options_parse(argc, argv, &options, &mistakes);
}

static void
refused(const char *option, const char *value, const char *message)
{
	ck_assert_int_eq(parse(option, value, NULL), -1);
	ck_assert_msg(strstr(told, message) != NULL, "\"%s\" is not in \"%s\"", message,
	    told);
}

/* The options file of this test; it has no name to be removed. */
static void
write_file(const char *text)
{
	static int fd = -1;
	char path[64];

	if (fd == -1)
		fd = memfd_create("options", MFD_CLOEXEC);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert_int_eq(pwrite(fd, text, strlen(text), 0), (ssize_t)strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	setenv("ACTIONKIT_OPTIONS", path, 1);
}

static void
setup(void)
{
	static const struct ak_action actions[] = {
		{ .id = "org.a" }, { .id = "org.b" }, { .id = "org.c" }, { .id = "org.d" },
	};
	size_t i;

	/* Tests run in children: what they set is gone with them. */
	clearenv();
	write_file("");
	for (i = 0; i < UNIT_COUNT(actions); i++)
		ck_assert_int_eq(ak_register(&actions[i]), 0);
}

START_TEST(test_defaults)
{
	ck_assert_int_eq(parse(NULL), 0);
	ck_assert_str_eq(options.socket, "/run/actionkit/fcgi.sock");
	ck_assert_str_eq(options.socket_group, "");
	ck_assert_str_eq(options.core.state_dir, "/var/lib/actionkit");
	ck_assert_str_eq(options.base_path, "");
	ck_assert_int_eq(options.responders, 8);
	ck_assert_int_eq(options.core.handler_timeout_ms, 30000);
	ck_assert_int_eq(options.core.stop_timeout_ms, 60000);
	ck_assert_int_eq(options.body_timeout_ms, 60000);
	ck_assert_int_eq(options.shutdown_timeout_ms, 60000);
	ck_assert_int_eq(options.core.grace_ms, 30000);
	ck_assert_int_eq(options.core.never_started_ms, 300000);
	ck_assert_int_eq(options.core.stop_retry_ms, 1000);
	ck_assert_int_eq(options.core.retention_ms, INT64_C(7) * 86400000);
	ck_assert_int_eq(options.max_body_bytes, 4 * 1024 * 1024);
	ck_assert_int_eq(options.core.max_file_bytes, INT64_C(2) << 30);
	ck_assert_int_eq(options.core.max_files, 16);
	ck_assert_int_eq(options.core.max_upload_bytes, INT64_C(4) << 30);
	ck_assert_int_eq(options.core.keep_free_bytes, 256 << 20);
	ck_assert_int_eq(options.core.memory_reserve_bytes, 512 << 20);
	ck_assert_uint_eq(options.core.allow_file_url.count, 0);
	ck_assert_uint_eq(options.enable_action.count, 0);
	ck_assert_int_eq(options.core.log_level, LOG_LEVEL_INFO);
	ck_assert_int_eq(options.core.log_format, LOG_FORMAT_TEXT);
	ck_assert(!options.test);
}
END_TEST

START_TEST(test_arguments)
{
	ck_assert_int_eq(parse("--responders=3", "--grace", "0", "--test", "--max-body",
	    "64KiB", NULL), 0);
	ck_assert_int_eq(options.responders, 3);
	ck_assert_int_eq(options.core.grace_ms, 0);
	ck_assert_int_eq(options.max_body_bytes, 65536);
	ck_assert(options.test);
	ck_assert_int_eq(parse("--stop-timeout", "1m30s", "--stop-timeout", "2s", NULL), 0);
	ck_assert_int_eq(options.core.stop_timeout_ms, 2000);
}
END_TEST

START_TEST(test_abbreviations)
{
	ck_assert_int_eq(parse("--tes", "--gra=2s", "--state-d", "/srv", NULL), 0);
	ck_assert(options.test);
	ck_assert_int_eq(options.core.grace_ms, 2000);
	ck_assert_str_eq(options.core.state_dir, "/srv");
	/* The whole name of one is the beginning of another. */
	ck_assert_int_eq(parse("--socket", "/s", "--max-file=1", "--", NULL), 0);
	ck_assert_str_eq(options.socket, "/s");
	ck_assert_int_eq(options.core.max_file_bytes, 1);
	ck_assert_int_eq(options.core.max_files, 16);
}
END_TEST

/* What has failed changes nothing. */
START_TEST(test_untouched)
{
	ck_assert_int_eq(parse("--grace", "2s", NULL), 0);
	refused("--grace=3s", "--frobnicate", "--frobnicate: unknown option");
	ck_assert_int_eq(options.core.grace_ms, 2000);
}
END_TEST

/* A program that is no server has the options of core, and no others. */
START_TEST(test_core)
{
	static const struct option *const tables[] = { options_table, NULL };
	static char name[] = "serve", grace[] = "--grace=2s", socket[] = "--socket=/s";
	char *argv[] = { name, grace, socket, NULL };
	struct options core = { .grace_ms = 0 };

	setenv("ACTIONKIT_RESPONDERS", "many", 1);
	ck_assert_int_eq(option_table_parse(tables, 2, argv, &core, &mistakes), 0);
	ck_assert_int_eq(core.grace_ms, 2000);
	ck_assert_str_eq(core.state_dir, "/var/lib/actionkit");
	ck_assert_int_eq(option_table_parse(tables, 3, argv, &core, &mistakes), -1);
	ck_assert_str_eq(told, "--socket: unknown option\n");
}
END_TEST

/* Every row has what the help, the environment and the parser need of it. */
START_TEST(test_rows)
{
	static const struct option *const tables[] = { options_table, NULL };
	const struct option *option;
	const char *name;
	size_t i, j;

	for (i = 0; (option = option_table_at(tables, i)) != NULL; i++) {
		ck_assert(option->parse != NULL);
		ck_assert_ptr_nonnull(option->help);
		ck_assert_ptr_nonnull(option->argument);
	}
	for (i = 0; (name = server_options_name(i)) != NULL; i++)
		for (j = 0; j < i; j++)
			ck_assert_str_ne(name, server_options_name(j));
	ck_assert_uint_gt(i, 20);
}
END_TEST

START_TEST(test_environment)
{
	setenv("ACTIONKIT_STATE_DIR", "/srv/state/", 1);
	setenv("ACTIONKIT_RESPONDERS", "2", 1);
	setenv("ACTIONKIT_BASE_PATH", "", 1);
	setenv("ACTIONKIT_GRACE", "", 1);
	ck_assert_int_eq(parse("--responders", "5", NULL), 0);
	ck_assert_str_eq(options.core.state_dir, "/srv/state");
	ck_assert_int_eq(options.responders, 5);
	ck_assert_int_eq(options.core.grace_ms, 30000);
	setenv("ACTIONKIT_RESPONDERS", "many", 1);
	refused("--grace", "1s", "ACTIONKIT_RESPONDERS=many: must be a number");
}
END_TEST

START_TEST(test_log)
{
	setenv("STEADYBIT_LOG_LEVEL", "WARN", 1);
	setenv("STEADYBIT_LOG_FORMAT", "json", 1);
	ck_assert_int_eq(parse(NULL), 0);
	ck_assert_int_eq(options.core.log_level, LOG_LEVEL_WARN);
	ck_assert_int_eq(options.core.log_format, LOG_FORMAT_JSON);
	setenv("ACTIONKIT_LOG_LEVEL", "debug", 1);
	ck_assert_int_eq(parse(NULL), 0);
	ck_assert_int_eq(options.core.log_level, LOG_LEVEL_DEBUG);
	setenv("STEADYBIT_LOG_FORMAT", "xml", 1);
	ck_assert_int_eq(parse(NULL), 0);
	ck_assert_int_eq(options.core.log_format, LOG_FORMAT_TEXT);
	unsetenv("ACTIONKIT_LOG_LEVEL");
	setenv("STEADYBIT_LOG_LEVEL", "Fatal", 1);
	ck_assert_int_eq(parse(NULL), 0);
	ck_assert_int_eq(options.core.log_level, LOG_LEVEL_ERROR);
	setenv("STEADYBIT_LOG_LEVEL", "loud", 1);
	ck_assert_int_eq(parse(NULL), -1);
	setenv("ACTIONKIT_LOG_FORMAT", "xml", 1);
	setenv("STEADYBIT_LOG_LEVEL", "", 1);
	ck_assert_int_eq(parse(NULL), -1);
	ck_assert_str_eq(told, "ACTIONKIT_LOG_FORMAT=xml: must be one of text, json\n");
}
END_TEST

START_TEST(test_file_urls)
{
	setenv("ACTIONKIT_ALLOW_FILE_URL", "https://a.example http://b.example:81/c/", 1);
	setenv("ACTIONKIT_ENABLE_ACTION", "org.a,org.b", 1);
	ck_assert_int_eq(parse(NULL), 0);
	ck_assert_uint_eq(options.core.allow_file_url.count, 2);
	ck_assert_str_eq(options.core.allow_file_url.items[0], "https://a.example");
	ck_assert_str_eq(options.core.allow_file_url.items[1], "http://b.example:81/c/");
	ck_assert_str_eq(options.enable_action.items[1], "org.b");
	/* A list on the command line replaces only its own variable. */
	ck_assert_int_eq(parse("--allow-file-url", "http://c.example", NULL), 0);
	ck_assert_uint_eq(options.core.allow_file_url.count, 1);
	ck_assert_uint_eq(options.enable_action.count, 2);
	unsetenv("ACTIONKIT_ALLOW_FILE_URL");
	refused("--allow-file-url", "ftp://a.example", "must begin with http");
	refused("--allow-file-url", "a.example", "");
	refused("--allow-file-url", "https://u:p@a.example", "must not name a user");
	refused("--allow-file-url", "https://a.example/?q", "query");
	refused("--allow-file-url", "https://a.example/%2e%2e/b", "escaped");
}
END_TEST

START_TEST(test_actions)
{
	setenv("ACTIONKIT_ENABLE_ACTION", "org.a,org.b", 1);
	ck_assert_int_eq(parse(NULL), 0);
	ck_assert_uint_eq(options.enable_action.count, 2);
	ck_assert_str_eq(options.enable_action.items[0], "org.a");
	ck_assert_str_eq(options.enable_action.items[1], "org.b");
	ck_assert_int_eq(parse("--enable-action", "org.c", "--enable-action=org.d",
	    NULL), 0);
	ck_assert_uint_eq(options.enable_action.count, 2);
	ck_assert_str_eq(options.enable_action.items[0], "org.c");
	ck_assert_str_eq(options.enable_action.items[1], "org.d");
	setenv("ACTIONKIT_ENABLE_ACTION", "org.a,,org.b", 1);
	ck_assert_int_eq(parse(NULL), -1);
	setenv("ACTIONKIT_ENABLE_ACTION", "org.a,org.x", 1);
	ck_assert_int_eq(parse(NULL), -1);
	ck_assert_str_eq(told,
	    "ACTIONKIT_ENABLE_ACTION=org.a,org.x: there is no such action\n");
}
END_TEST

/* File, environment, command line: each replaces what was said before it, lists as a whole. */
START_TEST(test_file)
{
	write_file("# of this host\n\n  \tresponders \t 5  \r\ngrace 1m\nstop-timeout 2m\n"
	    "enable-action org.a\nenable-action org.b\nhostname #1\nstate-dir /srv/a b");
	ck_assert_int_eq(parse(NULL), 0);
	ck_assert_int_eq(options.responders, 5);
	ck_assert_int_eq(options.core.grace_ms, 60000);
	ck_assert_uint_eq(options.enable_action.count, 2);
	ck_assert_str_eq(options.enable_action.items[1], "org.b");
	ck_assert_str_eq(options.core.discovery.host_name, "#1");
	ck_assert_str_eq(options.core.state_dir, "/srv/a b");
	setenv("ACTIONKIT_GRACE", "2m", 1);
	setenv("ACTIONKIT_STOP_TIMEOUT", "3m", 1);
	setenv("ACTIONKIT_ENABLE_ACTION", "org.c", 1);
	ck_assert_int_eq(parse("--stop-timeout", "4m", NULL), 0);
	ck_assert_int_eq(options.responders, 5);
	ck_assert_int_eq(options.core.grace_ms, 120000);
	ck_assert_int_eq(options.core.stop_timeout_ms, 240000);
	ck_assert_uint_eq(options.enable_action.count, 1);
	ck_assert_str_eq(options.enable_action.items[0], "org.c");
	ck_assert_int_eq(parse("--enable-action=org.d", NULL), 0);
	ck_assert_uint_eq(options.enable_action.count, 1);
	ck_assert_str_eq(options.enable_action.items[0], "org.d");
	/* --options wins over its variable. */
	ck_assert_int_eq(parse("--options", "/dev/null", NULL), 0);
	ck_assert_int_eq(options.responders, 8);
}
END_TEST

/* All of them at once, with those of the environment and of the command line. */
START_TEST(test_file_mistakes)
{
	static const char *const wanted[] = {
		":2: grace soon: must be a duration", ":3: frobnicate: unknown option",
		":4: retention: needs a value", ":5: test yes: is for the command line only",
		":6: options /x: is for the command line only",
		":8: responders 4: was said in line 7", ":9: --grace: unknown option",
		":10: enable-action org.x: there is no such action",
		"ACTIONKIT_KEEP_FREE=much: must be a size", "--workers many: must be a number",
	};
	size_t i;

	write_file("# x\ngrace soon\nfrobnicate 1\nretention\ntest yes\noptions /x\n"
	    "responders 3\nresponders 4\n--grace 1s\nenable-action org.x\nmax-files 7\n");
	setenv("ACTIONKIT_KEEP_FREE", "much", 1);
	ck_assert_int_eq(parse("--workers", "many", NULL), -1);
	for (i = 0; i < UNIT_COUNT(wanted); i++)
		ck_assert_msg(strstr(told, wanted[i]) != NULL, "\"%s\" is not in \"%s\"",
		    wanted[i], told);
	/* Who must do what it can takes what is right. */
	mistakes.overlook = true;
	ck_assert_int_eq(parse(NULL), 0);
	ck_assert_int_eq(options.core.max_files, 7);
	ck_assert_int_eq(options.core.grace_ms, 30000);
	ck_assert_int_eq(options.responders, 3);
	ck_assert_int_eq(parse("--workers", "many", NULL), -1);
}
END_TEST

START_TEST(test_file_unreadable)
{
	refused("--options", "/no/such/file", "/no/such/file: No such file");
	refused("--options", "/", "/: Is a directory");
	write_file("grace 1s");
	ck_assert_int_eq(truncate(getenv("ACTIONKIT_OPTIONS"), 20), 0);
	ck_assert_int_eq(parse(NULL), -1);
	ck_assert_ptr_nonnull(strstr(told, "is not a text"));
	ck_assert_int_eq(truncate(getenv("ACTIONKIT_OPTIONS"), 1 << 20), 0);
	ck_assert_int_eq(parse(NULL), -1);
	ck_assert_ptr_nonnull(strstr(told, "is longer than"));
}
END_TEST

static char kept_told[256];

static void
tell_kept(const char *name, const char *kept, const char *said)
{
	size_t length = strlen(kept_told);

	snprintf(kept_told + length, sizeof(kept_told) - length, "%s:%s:%s;", name, kept, said);
}

/* What the next program keeps, whatever the file says by then. */
START_TEST(test_kept)
{
	ck_assert_int_eq(parse("--state-dir=/srv/a", "--socket=/s", NULL), 0);
	server_options_hand_over(&options);
	write_file("state-dir /srv/b\ngrace 1s\n");
	ck_assert_int_eq(parse("--socket=/s", NULL), 0);
	server_options_take_over(&options, tell_kept);
	ck_assert_str_eq(kept_told, "state-dir:/srv/a:/srv/b;");
	ck_assert_str_eq(options.core.state_dir, "/srv/a");
	ck_assert_int_eq(options.core.grace_ms, 1000);
	ck_assert_int_eq(parse(NULL), 0);
	server_options_take_over(&options, tell_kept);
	ck_assert_str_eq(options.core.state_dir, "/srv/b");
}
END_TEST

START_TEST(test_help)
{
	setenv("ACTIONKIT_RESPONDERS", "many", 1);
	ck_assert_int_eq(parse("--frobnicate", "--help", NULL), 1);
	ck_assert_int_eq(parse("--help", "extra", "--socket", NULL), 1);
	ck_assert_int_eq(parse("--hel", NULL), 1);
	/* Then it is a value, or an argument. */
	ck_assert_int_eq(parse("--socket", "--help", NULL), -1);
	unsetenv("ACTIONKIT_RESPONDERS");
	refused("--", "--help", "--help: unexpected argument");
}
END_TEST

START_TEST(test_refused)
{
	refused("--frobnicate", NULL, "--frobnicate: unknown option");
	refused("--frobnicate=1", NULL, "--frobnicate: unknown option");
	refused("--sock", "/x", "--sock: more than one option begins so");
	refused("-t", NULL, "-t: unknown option");
	refused("extra", NULL, "extra: unexpected argument");
	refused("--", "extra", "extra: unexpected argument");
	refused("--", "--test", "--test: unexpected argument");
	refused("--socket", NULL, "--socket: needs a value");
	refused("--grac", NULL, "--grace: needs a value");
	refused("--test=1", NULL, "--test: takes no value");
	refused("--responders", "0", "--responders 0: must be a number from 1 to 128");
	refused("--responders", "129", "from 1 to 128");
	refused("--responders", "99999999999999999999", "from 1 to 128");
	refused("--responders", "-1", "from 1 to 128");
	refused("--responders", "1x", "from 1 to 128");
	refused("--grace", "30", "--grace 30: must be a duration like");
	refused("--handler-timeout", "0", "must be a duration from 1ms to 1d");
	refused("--handler-timeout", "25h", "must be a duration from 1ms to 1d");
	refused("--max-body", "4MB", "--max-body 4MB: must be a size like");
	refused("--max-body", "2GiB", "must be a size like");
	refused("--max-body", "1", "must be a size like");
	refused("--max-body", "", "must be a size like");
	refused("--log-level", "loud", "must be one of trace");
	refused("--socket-group", "no such group here", "there is no such group");
	refused("--state-dir", "", "--state-dir : must not be empty");
}
END_TEST

START_TEST(test_base_path)
{
	ck_assert_int_eq(parse("--base-path", "/chaos/v1.2", NULL), 0);
	ck_assert_str_eq(options.base_path, "/chaos/v1.2");
	ck_assert_int_eq(parse("--base-path", "", NULL), 0);
	refused("--base-path", "chaos", "must start with \"/\"");
	refused("--base-path", "/", "must not end with \"/\"");
	refused("--base-path", "/chaos/", "must not end with \"/\"");
	refused("--base-path", "/a//b", "must not have empty");
	refused("--base-path", "/a/../b", "must not have empty");
	refused("--base-path", "/./b", "must not have empty");
	refused("--base-path", "/a b", "must have letters");
	refused("--base-path", "/a?b", "must have letters");
	ck_assert_int_eq(parse("--base-path", "/...", NULL), 0);
}
END_TEST

START_TEST(test_paths)
{
	char directory[OPTIONS_PATH_BYTES], expected[2 * OPTIONS_PATH_BYTES];
	char long_path[] = "/0123456789012345678901234567890123456789012345678901234567890"
	    "12345678901234567890123456789012345678901234x";

	ck_assert_uint_eq(strlen(long_path), 107);
	ck_assert_int_eq(parse("--socket", long_path, NULL), 0);
	ck_assert_str_eq(options.socket, long_path);
	long_path[0] = 'x';
	refused("--socket", long_path, "at most 107 bytes");

	ck_assert_int_eq(chdir("/usr"), 0);
	ck_assert_ptr_nonnull(getcwd(directory, sizeof(directory)));
	ck_assert_int_eq(parse("--socket", "run/s", "--state-dir", "state///", NULL), 0);
	snprintf(expected, sizeof(expected), "%s/run/s", directory);
	ck_assert_str_eq(options.socket, expected);
	snprintf(expected, sizeof(expected), "%s/state", directory);
	ck_assert_str_eq(options.core.state_dir, expected);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(parse("--socket", "s", "--state-dir", "/", NULL), 0);
	ck_assert_str_eq(options.socket, "/s");
	ck_assert_str_eq(options.core.state_dir, "/");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		test_defaults, test_arguments, test_abbreviations, test_untouched, test_core,
		test_rows, test_environment, test_log, test_file_urls, test_actions,
		test_file, test_file_mistakes, test_file_unreadable, test_kept, test_help,
		test_refused, test_base_path, test_paths, NULL
	};

	return unit_main("options", setup, tests);
}
