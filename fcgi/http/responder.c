/*
 * responder.c: the loop of a responder: wait, accept, answer, finish. What it answers
 * is persisted by core/calls before the reply leaves.
 */
#include "config.h"

#include "fcgi/http/responder.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/coverage.h"
#include "core/base/descriptors.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "fcgi/http/connection.h"
#include "fcgi/http/dispatch.h"

/* Pause when there are no descriptors or memory to accept with. */
#define ACCEPT_BACKOFF_MS 100
/* How often the keeper of an idle connection looks whether somebody waits for it. */
#define KEEP_TICK_MS 10
/* nginx closes first (keepalive_timeout 1s): it does not lose a request to our closing. */
#define KEEP_MAX_MS 3000

enum {
	POLL_SIGNALS,		/* first, so that SIGTERM is seen under load */
	POLL_WORK,		/* the listener, or the connection that is kept */
	POLL_COUNT
};

/*
 * All signals stay blocked but while code of an action runs, so that nothing is cut short. SIGTERM
 * and SIGCHLD are read from the descriptor that is returned. What action code forks has none
 * blocked, and its handlers.
 */
static int
open_signals(void)
{
	sigset_t taken;
	int fd;

	if (pthread_atfork(NULL, NULL, process_default_signals) != 0)
		return -1;
	process_outlive_signals();
	sigemptyset(&taken);
	sigaddset(&taken, SIGTERM);
	sigaddset(&taken, SIGCHLD);
	fd = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd == -1 ? -1 : descriptor_own(fd, "its signals");
}

/*
 * What a handler has forked and left alone is waited for, but only between two requests, so that
 * no handler is robbed of the status that it waits for.
 */
static void
wait_for_children(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
}

/* Takes what came. Returns whether to leave. */
static bool
take_signals(int signals)
{
	struct signalfd_siginfo info;
	bool leave = false;

	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		leave = leave || info.ssi_signo == SIGTERM;
	wait_for_children();
	return leave;
}

/* Accepts a connection. Returns 0; 1 if there was none; or -1 if there can be none any more. */
static int
accept_connection(struct connection *connection, struct pollfd *signals)
{
	static bool starved;	/* said so */
	int fault = connection_accept(connection);

	switch (fault) {
	case 0:
		starved = false;
		return 0;
	case EBADF:
	case EINVAL:
	case ENOTSOCK:
		log_error("accept: %s", strerror(fault));
		return -1;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		if (!starved)
			log_warn("accept: %s", strerror(fault));
		starved = true;
		poll(signals, 1, ACCEPT_BACKOFF_MS);
		return 1;
	default:
		return 1;
	}
}

/*
 * Finishes a request. Returns whether the connection is kept for the next one: not if
 * somebody waits for a responder, for whom a kept connection would have to be given up, and
 * never where something is left to read that would be taken for the next request, or where the
 * process is to end.
 */
static bool
finish_request(struct connection *connection, bool drained)
{
	if (descriptors_lost()) {
		if (descriptor_is_own(connection->fcgi.ipcFd))
			shutdown(connection->fcgi.ipcFd, SHUT_RDWR);
		return false;
	}
	return connection_finish(connection, drained && !connection_others_wait(connection));
}

/*
 * Waits on a kept connection. It is given up when somebody else waits for a responder: all
 * keepers look once in a tick, not at once, so that one who is free comes first. Returns
 * whether there is something to read.
 */
static bool
wait_kept(struct pollfd polled[POLL_COUNT], struct connection *connection)
{
	int64_t until_ms = clock_boot_ms() + KEEP_MAX_MS;
	int ready;

	polled[POLL_WORK].fd = connection->fcgi.ipcFd;
	do {
		ready = poll(polled, POLL_COUNT, KEEP_TICK_MS);
	} while (ready == 0 && clock_boot_ms() < until_ms &&
	    !connection_others_wait(connection));
	if (ready > 0)
		return true;
	connection_close(connection);
	return false;
}

/*
 * Waits for a connection, or on the kept one. Returns 0 when there is something to read or to
 * accept, 1 if not, -1 if it is to leave.
 */
static int
await_work(struct pollfd polled[POLL_COUNT], struct connection *connection, bool *kept)
{
	*kept = *kept && wait_kept(polled, connection);
	if (!*kept) {
		polled[POLL_WORK].fd = connection->listener;
		if (poll(polled, POLL_COUNT, (int)coverage_sleep_ms(-1)) <= 0)
			return 1;
	}
	if (polled[POLL_SIGNALS].revents != 0 && take_signals(polled[POLL_SIGNALS].fd)) {
		if (*kept)
			connection_close(connection);
		return -1;
	}
	return polled[POLL_WORK].revents == 0;
}

static void
serve(struct responder *responder, struct connection *connection, int signals)
{
	struct pollfd polled[POLL_COUNT] = {
		[POLL_SIGNALS] = { .fd = signals, .events = POLLIN },
		[POLL_WORK] = { .events = POLLIN }
	};
	bool kept = false;
	int accepted = 0, work;

	while (accepted != -1 && !descriptors_lost()) {
		scoreboard_idle(responder->slot);
		coverage_follow();
		work = await_work(polled, connection, &kept);
		if (work == -1)
			return;
		if (work == 1)
			continue;
		scoreboard_busy(responder->slot,
		    clock_boot_ms() + responder->site->options->body_timeout_ms, "accept");
		if (!kept) {
			accepted = accept_connection(connection, &polled[POLL_SIGNALS]);
			if (accepted != 0)
				continue;
		}
		kept = false;
		if (connection_read(connection) == -1)
			continue;
		kept = finish_request(connection, dispatch(responder, &connection->fcgi));
		responder->slot->requests++;
		/* Those that ended meanwhile have told nobody. */
		wait_for_children();
	}
}

int
responder_run(const struct site *site, struct scoreboard_slot *slot, int listener)
{
	struct responder responder = { .site = site, .slot = slot };
	struct connection connection;
	struct err err;
	int signals;

	listener = descriptor_own(listener, "the listening socket");
	if (descriptors_guard() == -1 || (signals = open_signals()) == -1) {
		log_error("the responder cannot be set up: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	if (session_open(&responder.session, &site->options->core, site->scoreboard,
	    &err) == -1) {
		log_error("%s", err.msg);
		return err.code == ERR_USAGE ? RESPONDER_EXIT_FOR_GOOD : EXIT_FAILURE;
	}
	log_debug("ready");
	connection_init(&connection, listener, slot, site->options);
	serve(&responder, &connection, signals);
	/*
	 * As if it had died at the request, which the web server may send to another one. What
	 * would be closed here may be somebody else's.
	 */
	if (descriptors_lost())
		process_exit(EXIT_FAILURE);
	slot->mode = SLOT_LEAVING;
	connection_done(&connection);
	session_close(&responder.session);
	index_done(&responder.other_index);
	log_debug("leaving after %lld requests", (long long)slot->requests);
	return EXIT_SUCCESS;
}
