/*
 * socket.c: opens the listening socket and takes the locks. In the file system it
 * leaves the lock files, and, while it serves, the socket.
 */
#include "config.h"

#include "fcgi/server/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/state_file.h"
#include "core/base/state_path.h"
#include "fcgi/server/state_dir.h"

#define SOCKET_DIR_MODE 0755
#define SOCKET_MODE 0660
/* A full backlog is an error for nginx at once; the kernel has a limit of its own. */
#define SOCKET_BACKLOG 4096
#define SOCKET_LOCK_SUFFIX ".lock"
#define SYSTEMD_FIRST_FD 3

#define LOCK_PATH_BYTES (OPTIONS_PATH_BYTES + 32)

/* Takes the lock of a file. what is said of another server that holds it. */
static int
lock_file(const char *path, const char *what, int *ret_fd, struct err *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd;

	/* Who only reads must not be able to keep us out. */
	fd = state_file_open(path, O_RDWR, STATE_PRIVATE);
	if (fd == -1)
		return err_sys(err, ERR_USAGE, "%s", path);
	if (fcntl(fd, F_SETLK, &lock) == 0) {
		*ret_fd = fd;
		return 0;
	}
	if (errno != EAGAIN && errno != EACCES)
		err_sys(err, ERR_USAGE, "%s", path);
	else if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK &&
	    lock.l_pid > 0)
		err_set(err, ERR_USAGE, "another server (pid %ld) uses this %s",
		    (long)lock.l_pid, what);
	else
		err_set(err, ERR_USAGE, "another server uses this %s", what);
	close(fd);
	return -1;
}

int
socket_lock_state(struct sockets *sockets, const struct server_options *options,
    struct err *err)
{
	char path[STATE_PATH_BYTES];

	if (state_dir_make(options, err) == -1)
		return -1;
	state_path(options->core.state_dir, SOCKET_INSTANCE_FILE, path);
	if (lock_file(path, "state directory", &sockets->instance, err) == -1)
		return err_wrap(err, "state-dir %s", options->core.state_dir);
	return 0;
}

pid_t
socket_state_holder(const char *state_dir, struct err *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[STATE_PATH_BYTES];
	int fd, result;

	state_path(state_dir, SOCKET_INSTANCE_FILE, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return errno == ENOENT ? 0 : err_sys(err, ERR_USAGE, "%s", path);
	result = fcntl(fd, F_GETLK, &lock);
	if (result == -1)
		err_sys(err, ERR_USAGE, "%s", path);
	close(fd);
	if (result == -1)
		return -1;
	return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

static int
environment_number(const char *name)
{
	const char *text = getenv(name);

	return text == NULL ? 0 : atoi(text);
}

static int
check_listener(int fd, struct err *err)
{
	int domain, listens;
	socklen_t domain_size = sizeof(domain), listens_size = sizeof(listens);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_size) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) == -1)
		return err_sys(err, ERR_USAGE, "LISTEN_FDS: descriptor %d", fd);
	if (domain != AF_UNIX || listens == 0)
		return err_set(err, ERR_USAGE,
		    "LISTEN_FDS: descriptor %d is not a listening unix socket", fd);
	return 0;
}

/* Returns 0; 1 if systemd passes none; or -1. */
static int
listen_systemd(struct sockets *sockets, struct err *err)
{
	int count = environment_number("LISTEN_FDS");
	bool ours = environment_number("LISTEN_PID") == getpid();
	int fd = SYSTEMD_FIRST_FD, flags;

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (!ours || count == 0)
		return 1;
	if (count != 1)
		return err_set(err, ERR_USAGE, "LISTEN_FDS=%d: must be one socket", count);
	if (check_listener(fd, err) == -1)
		return -1;
	flags = fcntl(fd, F_GETFL);
	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
		return err_sys(err, ERR_USAGE, "LISTEN_FDS: descriptor %d", fd);
	sockets->listener = fd;
	return 0;
}

/* The lock is held: a socket that is there belongs to nobody. */
static int
remove_stale(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		return errno == ENOENT ? 0 : err_sys(err, ERR_USAGE, "socket %s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ERR_USAGE, "socket %s: is there and is not a socket",
		    path);
	if (unlink(path) == -1)
		return err_sys(err, ERR_USAGE, "socket %s", path);
	return 0;
}

static int
give_to_group(const struct server_options *options, struct err *err)
{
	const char *name = options->socket_group;

	if (*name != '\0' &&
	    chown(options->socket, (uid_t)-1, server_options_gid(name)) == -1)
		return server_options_not_given("socket-group", name, options->socket, err);
	return 0;
}

/* Nobody can connect before listen(): by then mode and group are right. */
static int
bind_socket(int fd, const struct server_options *options, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path, options->socket, strlen(options->socket) + 1);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == -1)
		return err_sys(err, ERR_USAGE, "socket %s", options->socket);
	if (give_to_group(options, err) == -1)
		goto fail;
	if (chmod(options->socket, SOCKET_MODE) == -1 ||
	    listen(fd, SOCKET_BACKLOG) == -1) {
		err_sys(err, ERR_USAGE, "socket %s", options->socket);
		goto fail;
	}
	return 0;
fail:
	unlink(options->socket);
	return -1;
}

static int
listen_own(struct sockets *sockets, const struct server_options *options, struct err *err)
{
	char path[LOCK_PATH_BYTES];
	int fd;

	/* Below /run nothing survives a boot. */
	if (strcmp(options->socket, SERVER_SOCKET_DEFAULT) == 0) {
		snprintf(path, sizeof(path), "%s", options->socket);
		*strrchr(path, '/') = '\0';
		if (mkdir(path, SOCKET_DIR_MODE) == -1 && errno != EEXIST)
			return err_sys(err, ERR_USAGE, "socket %s: %s", options->socket,
			    path);
	}
	snprintf(path, sizeof(path), "%s%s", options->socket, SOCKET_LOCK_SUFFIX);
	if (lock_file(path, "socket", &sockets->lock, err) == -1)
		return err_wrap(err, "socket %s", options->socket);
	if (remove_stale(options->socket, err) == -1)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return err_sys(err, ERR_USAGE, "socket");
	if (bind_socket(fd, options, err) == -1) {
		close(fd);
		return -1;
	}
	sockets->listener = fd;
	return 0;
}

int
socket_listen(struct sockets *sockets, const struct server_options *options, struct err *err)
{
	int result = listen_systemd(sockets, err);

	return result == 1 ? listen_own(sockets, options, err) : result;
}

int
socket_close_on_exec(const struct sockets *sockets, bool close_them)
{
	const int fds[] = { sockets->instance, sockets->lock, sockets->listener };
	size_t i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] != -1 &&
		    fcntl(fds[i], F_SETFD, close_them ? FD_CLOEXEC : 0) == -1)
			return -1;
	return 0;
}

static void
close_one(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
socket_close(struct sockets *sockets, const struct server_options *options)
{
	if (sockets->lock != -1 && sockets->listener != -1)
		unlink(options->socket);
	close_one(&sockets->listener);
	close_one(&sockets->lock);
	close_one(&sockets->instance);
}
