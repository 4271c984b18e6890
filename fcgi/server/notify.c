/*
 * notify.c: the protocol of sd_notify(3): datagrams to the socket named in NOTIFY_SOCKET.
 */
#include "config.h"

#include "fcgi/server/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"

#define SOCKET_VARIABLE "NOTIFY_SOCKET"
#define WATCHDOG_VARIABLE "WATCHDOG_USEC"
#define WATCHDOG_PID_VARIABLE "WATCHDOG_PID"
#define TEXT_BYTES 512
/* Numbers may change all the time; people look less often. */
#define STATUS_EVERY_MS 1000
#define EXTEND_EVERY_MS 5000
#define EXTEND_BY_MS 20000

/* Of one datagram. */
struct text {
	char bytes[TEXT_BYTES];
	size_t length;
};

static AK_PRINTF(2, 3) void
append(struct text *text, const char *format, ...)
{
	size_t room = sizeof(text->bytes) - text->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text->bytes + text->length, room, format, arguments);
	va_end(arguments);
	if (length > 0 && (size_t)length < room)
		text->length += (size_t)length;
}

/* Returns 0, or -1 with errno. */
static int
send_text(const char *path, const struct text *text)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(path);
	ssize_t sent = -1;
	int fd, saved;

	if (length >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, length);
	/* A name that begins with @ is in no file system. */
	if (*path == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	sent = sendto(fd, text->bytes, text->length, MSG_NOSIGNAL | MSG_DONTWAIT,
	    (const struct sockaddr *)&address,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
	saved = errno;
	close(fd);
	errno = saved;
	return sent == -1 ? -1 : 0;
}

/* The time within which systemd wants to hear from this process; 0: it does not. */
static int64_t
watchdog_ms(void)
{
	const char *us = getenv(WATCHDOG_VARIABLE), *pid = getenv(WATCHDOG_PID_VARIABLE);

	if (us == NULL || (pid != NULL && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	return strtoll(us, NULL, 10) / CLOCK_US_PER_MS;
}

static void
append_state(struct text *text, enum notify_state state)
{
	switch (state) {
	case NOTIFY_STARTING:
		return;
	case NOTIFY_READY:
		append(text, "READY=1\n");
		return;
	case NOTIFY_RELOADING:
		/* Where HUP comes from systemd (Type=notify-reload), this must be later. */
		append(text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\n", clock_monotonic_us());
		return;
	case NOTIFY_STOPPING:
		append(text, "STOPPING=1\n");
		return;
	}
}

void
notify_tell(struct notify *notify, const struct notify_news *news)
{
	const char *path = getenv(SOCKET_VARIABLE);
	int64_t now_ms = clock_boot_ms(), watchdog = watchdog_ms();
	bool status = strcmp(notify->status, news->status) != 0 &&
	    (news->state != notify->told || now_ms - notify->status_ms >= STATUS_EVERY_MS);
	bool feed = news->fine && watchdog > 0 && now_ms - notify->fed_ms >= watchdog / 2;
	bool extend = news->state == NOTIFY_STOPPING &&
	    now_ms - notify->extended_ms >= EXTEND_EVERY_MS;
	struct text text = { .length = 0 };

	if (path == NULL || *path == '\0')
		return;
	if (news->state != notify->told)
		append_state(&text, news->state);
	if (status)
		append(&text, "STATUS=%s\n", news->status);
	if (feed)
		append(&text, "WATCHDOG=1\n");
	if (extend)
		append(&text, "EXTEND_TIMEOUT_USEC=%d\n", EXTEND_BY_MS * CLOCK_US_PER_MS);
	if (text.length == 0)
		return;
	if (send_text(path, &text) == -1) {
		if (!notify->failed)
			log_warn(SOCKET_VARIABLE " %s: systemd cannot be told how it goes: %s; "
			    "this is tried again", path, strerror(errno));
		notify->failed = true;
		return;
	}
	notify->failed = false;
	notify->told = news->state;
	if (status) {
		memcpy(notify->status, news->status, sizeof(notify->status));
		notify->status_ms = now_ms;
	}
	if (feed)
		notify->fed_ms = now_ms;
	if (extend)
		notify->extended_ms = now_ms;
}

void
notify_forget(void)
{
	unsetenv(SOCKET_VARIABLE);
	unsetenv(WATCHDOG_VARIABLE);
	unsetenv(WATCHDOG_PID_VARIABLE);
}
