/*
 * test_holder.c: who holds a lock is found, and what cannot be seen is said.
 */
#include "config.h"

#include "core/base/holder.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define BYTE 4711
#define NOBODY 65534
#define PATH_BYTES 64

static char path[PATH_BYTES];
static char text[HOLDER_TEXT_BYTES];
static pid_t child;

static void
make_file(void)
{
	snprintf(path, sizeof(path), "/tmp/ak-test-XXXXXX");
	ck_assert_int_ne(mkstemp(path), -1);
}

static int
open_file(void)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	return fd;
}

/* A child that was forked while fd was open, and keeps it; here it is closed. */
static void
keep_in_child(int fd)
{
	int ends[2];
	char ready;

	ck_assert_int_eq(pipe(ends), 0);
	child = fork();
	ck_assert_int_ne(child, -1);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "a (name)\n");
		(void)!write(ends[1], "x", 1);
		pause();
		_exit(0);
	}
	ck_assert_int_eq(read(ends[0], &ready, 1), 1);
	close(fd);
}

static void
end_child(void)
{
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	unlink(path);
}

static void
check_name(void)
{
	char want[HOLDER_TEXT_BYTES];

	snprintf(want, sizeof(want), "process %d (a (name))", (int)child);
	ck_assert_str_eq(text, want);
}

static bool
is_child(void *context, pid_t pid)
{
	return pid == *(const pid_t *)context;
}

START_TEST(of_the_file)
{
	int fd = open_file(), look = open_file();

	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	keep_in_child(fd);
	ck_assert(holder_find(look, HOLDER_FLOCK, HOLDER_FLOCK, NULL, NULL, text));
	check_name();
	ck_assert(!holder_find(look, HOLDER_FLOCK, HOLDER_FLOCK, is_child, &child, text));
	/* It is not one of fcntl(). */
	ck_assert(holder_find(look, BYTE, BYTE, NULL, NULL, text));
	ck_assert_ptr_null(strstr(text, "name"));
	end_child();
}
END_TEST

START_TEST(of_a_byte)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = BYTE, .l_len = 1 };
	int fd = open_file(), look = open_file();

	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	keep_in_child(fd);
	ck_assert(holder_find(look, BYTE, BYTE, NULL, NULL, text));
	check_name();
	ck_assert(holder_find(look, BYTE + 1, BYTE + 1, NULL, NULL, text));
	ck_assert_ptr_null(strstr(text, "name"));
	ck_assert(holder_find(look, HOLDER_FLOCK, HOLDER_FLOCK, NULL, NULL, text));
	ck_assert_ptr_null(strstr(text, "name"));
	end_child();
}
END_TEST

START_TEST(of_all_bytes)
{
	struct flock lock = { .l_type = F_WRLCK };
	int fd = open_file(), look = open_file();

	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	keep_in_child(fd);
	ck_assert(holder_find(look, BYTE, BYTE, NULL, NULL, text));
	check_name();
	end_child();
}
END_TEST

START_TEST(other_users)
{
	int fd = open_file(), look = open_file(), status;
	pid_t pid;

	if (geteuid() == 0) {
		ck_assert_int_eq(flock(fd, LOCK_EX), 0);
		keep_in_child(fd);
		pid = fork();
		if (pid == 0) {
			if (setgid(NOBODY) == -1 || setuid(NOBODY) == -1)
				_exit(1);
			_exit(!holder_find(look, HOLDER_FLOCK, HOLDER_FLOCK, NULL, NULL, text) ||
			    strstr(text, "cannot be seen: ") == NULL ||
			    strstr(text, "of other users could not be looked at") == NULL);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
		end_child();
	}
	unlink(path);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		of_the_file, of_a_byte, of_all_bytes, other_users, NULL
	};

	return unit_main("holder", make_file, tests);
}
