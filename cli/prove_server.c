/*
 * prove_server.c: begins, kills and ends a private server, whose directory it persists.
 */
#include "config.h"

#include "cli/prove_server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/prove_ask.h"
#include "core/base/clock.h"
#include "core/base/file_tree.h"
#include "core/base/process.h"
#include "core/store/store.h"

#define SERVER_READY_MS 30000
#define SERVER_LEAVE_MS 30000
#define SERVER_POLL_MS 1
#define SERVER_REMOVE_MS 10000
#define DIR_TEMPLATE "/ak-prove-XXXXXX"
#define DESCENT_MAX 64			/* parents on the way up to this process */

void
prove_server_ended(void *context, pid_t pid)
{
	struct prove_server *server = context;

	if (pid == server->pid)
		server->pid = 0;
}

void
prove_server_reap(struct prove_server *server)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
		prove_server_ended(server, pid);
}

static bool
descends_from_us(int64_t pid)
{
	int generations;

	for (generations = 0; pid > 1 && generations < DESCENT_MAX; generations++) {
		pid = process_parent(pid);
		if (pid == getpid())
			return true;
	}
	return false;
}

/* Calls visit() for each descendant, until it says false. */
static void
each_descendant(bool (*visit)(void *context, pid_t pid), void *context)
{
	const struct dirent *entry;
	DIR *proc = opendir("/proc");
	int64_t pid;

	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		pid = strtoll(entry->d_name, NULL, 10);
		if (pid > 1 && descends_from_us(pid) && !visit(context, (pid_t)pid))
			break;
	}
	if (proc != NULL)
		closedir(proc);
}

static bool
stop_one(void *context, pid_t pid)
{
	(void)context;
	kill(pid, SIGSTOP);
	return true;
}

static bool
kill_one(void *context, pid_t pid)
{
	(void)context;
	kill(pid, SIGKILL);
	return true;
}

void
prove_server_kill(struct prove_server *server)
{
	pid_t pid;

	/* Twice: what was forked between two looks. */
	each_descendant(stop_one, NULL);
	each_descendant(stop_one, NULL);
	for (;;) {
		each_descendant(kill_one, NULL);
		pid = waitpid(-1, NULL, __WALL);
		if (pid == -1 && errno != EINTR)
			break;
		prove_server_ended(server, pid);
	}
	server->pid = 0;
}

void
prove_server_lose(const struct prove_server *server)
{
	static const char *const files[] = { STORE_FILE, STORE_LOG_FILE, STORE_INDEX_FILE };
	int fd = open(server->state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	size_t i;

	for (i = 0; fd != -1 && i < sizeof(files) / sizeof(files[0]); i++)
		unlinkat(fd, files[i], 0);
	if (fd != -1)
		close(fd);
}

/* In the child. */
_Noreturn static void
serve(const struct prove_server *server)
{
	char program[PATH_MAX], log[PROVE_SOCKET_BYTES];
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	int fd;

	snprintf(log, sizeof(log), "%s/log", server->dir);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, FILE_TREE_FILE_MODE);
	if (fd != -1) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
	/* Signals of a terminal are for us; without us it is to undo what runs. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	process_default_signals();
	if (length > 0) {
		program[length] = '\0';
		execl(program, program, "serve", "--socket", server->socket, "--state-dir",
		    server->state_dir, "--enable-action", server->action, "--responders", "1",
		    "--grace", "100ms", "--stop-retry", "100ms", "--max-body", "64MiB",
		    (char *)NULL);
	}
	process_exit(EXIT_FAILURE);
}

static bool
answers(const struct prove_server *server)
{
	struct ask_reply reply;
	struct err unused;
	bool good;

	if (ask(server->socket, "GET", "/health/liveness", NULL, &reply, &unused) == -1)
		return false;
	good = reply.status == 200;
	ask_reply_done(&reply);
	return good;
}

int
prove_server_begin(struct prove_server *server, struct err *err)
{
	int64_t until_ms = clock_boot_ms() + SERVER_READY_MS;

	if (server->pid == 0) {
		server->pid = fork();
		if (server->pid == 0)
			serve(server);
		if (server->pid == -1) {
			server->pid = 0;
			return err_sys(err, ERR_INTERNAL, "fork");
		}
	}
	while (!answers(server) || prove_server_reaper(server) == 0) {
		prove_server_reap(server);
		if (server->pid == 0 || clock_boot_ms() > until_ms)
			return err_set(err, ERR_INTERNAL,
			    "the server does not begin: %s/log says why", server->dir);
		clock_sleep_ms(SERVER_POLL_MS);
	}
	return 0;
}

int
prove_server_new(struct prove_server *server, const char *action, struct err *err)
{
	const char *tmp = getenv("TMPDIR");

	*server = (struct prove_server){ .action = action };
	if (tmp == NULL || *tmp != '/' || strlen(tmp) + sizeof(DIR_TEMPLATE) > PROVE_DIR_BYTES)
		tmp = "/tmp";
	snprintf(server->dir, sizeof(server->dir), "%s" DIR_TEMPLATE, tmp);
	if (mkdtemp(server->dir) == NULL) {
		err_sys(err, ERR_INTERNAL, "%s", server->dir);
		server->dir[0] = '\0';
		return -1;
	}
	snprintf(server->socket, sizeof(server->socket), "%s/fcgi.sock", server->dir);
	snprintf(server->state_dir, sizeof(server->state_dir), "%s/state", server->dir);
	return prove_server_begin(server, err);
}

static void
remove_directory(struct prove_server *server)
{
	char *name = strrchr(server->dir, '/');
	struct err unused;
	int fd;

	*name++ = '\0';
	fd = open(server->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1) {
		(void)file_tree_remove(fd, name, clock_boot_ms() + SERVER_REMOVE_MS, &unused);
		close(fd);
	}
}

void
prove_server_end(struct prove_server *server, bool keep)
{
	int64_t until_ms = clock_boot_ms() + SERVER_LEAVE_MS;

	if (server->pid > 0 && !keep)
		kill(server->pid, SIGTERM);
	while (server->pid > 0 && !keep && clock_boot_ms() < until_ms) {
		prove_server_reap(server);
		clock_sleep_ms(SERVER_POLL_MS);
	}
	prove_server_kill(server);
	if (server->dir[0] != '\0' && !keep)
		remove_directory(server);
	server->dir[0] = '\0';
	if (server->board != NULL)
		munmap((void *)(uintptr_t)server->board, sizeof(*server->board));
	server->board = NULL;
}

/* It is there as long as the directory, whoever serves in it. */
static const struct scoreboard *
board_of(struct prove_server *server)
{
	struct err unused;

	if (server->board == NULL)
		server->board = scoreboard_map_readonly(server->state_dir, &unused);
	return server->board;
}

pid_t
prove_server_responder(struct prove_server *server)
{
	const struct scoreboard *board = board_of(server);
	const struct scoreboard_slot *slot;
	int i;

	for (i = 0; board != NULL && i < board->slots_used; i++) {
		slot = &board->slots[i];
		if (slot->mode == SLOT_IDLE && slot->requests > 0 &&
		    process_parent(slot->pid) == server->pid)
			return slot->pid;
	}
	return 0;
}

pid_t
prove_server_reaper(struct prove_server *server)
{
	const struct scoreboard *board = board_of(server);
	pid_t pid = board == NULL ? 0 : board->reaper_pid;
	const struct scoreboard_reaper *reaper = pid == 0 ? NULL :
	    scoreboard_reaper_of(board, pid);

	return reaper != NULL && scoreboard_reaper_lives(reaper) && reaper->at_work != 0 ? pid : 0;
}

struct search {
	const struct prove_server *server;
	pid_t apart;
	const char *name;
	pid_t found;
};

static bool
is_other(void *context, pid_t pid)
{
	struct search *search = context;
	const struct prove_server *server = search->server;

	if (pid == server->pid || pid == search->apart ||
	    (search->name != NULL ? !process_has_name(pid, search->name) :
	    server->board != NULL && scoreboard_lists(server->board, pid)))
		return true;
	search->found = pid;
	return false;
}

pid_t
prove_server_other(const struct prove_server *server, pid_t apart)
{
	struct search search = { .server = server, .apart = apart };

	each_descendant(is_other, &search);
	return search.found;
}

pid_t
prove_server_named(const struct prove_server *server, const char *name)
{
	struct search search = { .server = server, .name = name };

	each_descendant(is_other, &search);
	return search.found;
}
