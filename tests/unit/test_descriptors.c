/*
 * test_descriptors.c: what is the server's lies high, is missed when it is gone, and is not in
 * the children of action code.
 */
#include "config.h"

#include "core/base/descriptors.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define HIGH 512
#define PATH_BYTES 64

static char path[PATH_BYTES];
static char names[DESCRIPTORS_NAMES_BYTES];

static void
make_file(void)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/ak-test-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(close(fd), 0);
}

static int
open_file(void)
{
	int fd = open(path, O_RDWR);

	ck_assert_int_ne(fd, -1);
	return fd;
}

/* Whether another process could lock the file (POSIX). */
static bool
is_free(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(fcntl(open(path, O_RDWR), F_SETLK, &lock) == 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status) == 1;
}

START_TEST(lies_high)
{
	int low = open_file(), high = descriptor_own_file(low, path);

	ck_assert_int_ge(high, HIGH);
	ck_assert_int_eq(fcntl(low, F_GETFD), -1);
	ck_assert_int_eq(fcntl(high, F_GETFD), FD_CLOEXEC);
	ck_assert(descriptor_is_own(high));
	ck_assert_int_eq(descriptors_check(DESCRIPTORS_SAME, names, sizeof(names)), 0);
	ck_assert_int_eq(descriptor_close(high), 0);
	ck_assert(!descriptor_is_own(high));
	ck_assert_int_eq(descriptors_check(DESCRIPTORS_SAME, names, sizeof(names)), 0);
	ck_assert(!descriptors_lost());
	unlink(path);
}
END_TEST

START_TEST(low_limits)
{
	static const rlim_t limits[] = { 400, 100, 33, 20 };
	static const int least[] = { 256, 64, 32, 3 };

	for (size_t i = 0; i < UNIT_COUNT(limits); i++) {
		struct rlimit limit = { limits[i], limits[i] };
		int fd;

		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
		fd = descriptor_own_file(open_file(), path);
		ck_assert_int_ge(fd, least[i]);
		ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
		ck_assert_int_eq(descriptor_close(fd), 0);
	}
	unlink(path);
}
END_TEST

START_TEST(lost_file_is_opened_anew)
{
	int fd = descriptor_own_file(open_file(), path), other;

	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(descriptors_check(DESCRIPTORS_SAME, names, sizeof(names)), -1);
	ck_assert_str_eq(names, path + sizeof("/tmp/") - 1);
	ck_assert(descriptors_lost());
	ck_assert_uint_eq(descriptor_losses(fd), 1);
	ck_assert_int_eq(descriptors_check(DESCRIPTORS_SAME, names, sizeof(names)), 0);

	other = open("/dev/null", O_RDWR);
	ck_assert_int_eq(dup2(other, fd), fd);
	ck_assert_int_eq(descriptors_check(DESCRIPTORS_SAME, names, sizeof(names)), -1);
	ck_assert_uint_eq(descriptor_losses(fd), 2);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_assert_int_eq(truncate(path, 0), 0);

	/* Another file has its name now. */
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(unlink(path), 0);
	make_file();
	ck_assert_int_eq(descriptors_check(DESCRIPTORS_SAME, names, sizeof(names)), -1);
	ck_assert(!descriptor_is_own(fd));
	unlink(path);
}
END_TEST

START_TEST(lost_lock_is_noticed)
{
	int fd = descriptor_own_lock(open_file(), path), other = open_file();

	ck_assert_int_eq(descriptors_check(DESCRIPTORS_SAME, names, sizeof(names)), 0);
	ck_assert_int_eq(dup2(other, fd), fd);
	ck_assert_int_eq(descriptors_check(DESCRIPTORS_SAME, names, sizeof(names)), -1);
	ck_assert_uint_eq(descriptor_losses(fd), 1);
	ck_assert_int_eq(descriptors_check(DESCRIPTORS_SAME, names, sizeof(names)), 0);
	unlink(path);
}
END_TEST

START_TEST(lost_socket)
{
	int ends[2], one, two;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	one = descriptor_own(ends[0], "one");
	two = descriptor_own(ends[1], "two");
	ck_assert_int_eq(dup2(one, two), two);
	ck_assert_int_eq(descriptors_check(DESCRIPTORS_SAME, names, sizeof(names)), -1);
	ck_assert_str_eq(names, "two");
	ck_assert(descriptor_is_own(one));
	ck_assert(!descriptor_is_own(two));
	ck_assert_int_eq(close(one), 0);
	ck_assert_int_eq(descriptors_check(DESCRIPTORS_SAME, names, sizeof(names)), -1);
	ck_assert_str_eq(names, "one");
	unlink(path);
}
END_TEST

START_TEST(quick_look)
{
	int file = descriptor_own_file(open_file(), path);
	char lock_path[] = "/tmp/ak-test-lock-XXXXXX";
	int lock = descriptor_own_lock(mkstemp(lock_path), lock_path);
	int other = open("/dev/null", O_RDWR);

	ck_assert_int_eq(descriptors_check(DESCRIPTORS_OPEN, names, sizeof(names)), 0);
	ck_assert_int_eq(dup2(other, file), file);
	ck_assert_int_eq(descriptors_check(DESCRIPTORS_OPEN, names, sizeof(names)), 0);
	ck_assert_int_eq(close(file), 0);
	ck_assert_int_eq(descriptors_check(DESCRIPTORS_OPEN, names, sizeof(names)), -1);
	ck_assert_str_eq(names, path + sizeof("/tmp/") - 1);
	ck_assert_int_eq(dup2(other, lock), lock);
	ck_assert_int_eq(descriptors_check(DESCRIPTORS_OPEN, names, sizeof(names)), -1);
	ck_assert_str_eq(names, lock_path + sizeof("/tmp/") - 1);
	unlink(lock_path);
	unlink(path);
}
END_TEST

START_TEST(second_open_keeps_locks)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int first = descriptor_own_file(open_file(), path), second;

	ck_assert_int_eq(fcntl(first, F_SETLK, &lock), 0);
	ck_assert(!is_free());
	second = descriptor_own_file(open_file(), path);
	ck_assert_int_lt(second, HIGH);
	ck_assert(descriptor_is_own(second));
	ck_assert(!is_free());
	unlink(path);
}
END_TEST

START_TEST(not_in_children)
{
	int fd, status;
	pid_t pid;

	ck_assert_int_eq(descriptors_guard(), 0);
	fd = descriptor_own_file(open_file(), path);
	ck_assert(!descriptors_in_child());
	pid = fork();
	if (pid == 0)
		_exit(fcntl(fd, F_GETFD) == -1 && fcntl(STDERR_FILENO, F_GETFD) != -1 &&
		    descriptors_in_child());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 1);
	ck_assert_int_ne(fcntl(fd, F_GETFD), -1);
	unlink(path);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		lies_high, low_limits, lost_file_is_opened_anew, lost_lock_is_noticed,
		lost_socket, quick_look, second_open_keeps_locks, not_in_children, NULL
	};

	return unit_main("descriptors", make_file, tests);
}
