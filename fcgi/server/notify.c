/*
 * notify.c: the protocol of sd_notify(3): a datagram to the socket named in
 * NOTIFY_SOCKET.
 */
#include "config.h"

#include "fcgi/server/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/log.h"

#define NOTIFY_VARIABLE "NOTIFY_SOCKET"
#define NOTIFY_TEXT_BYTES 64
#define US_PER_MS 1000

static void
notify(const char *text)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv(NOTIFY_VARIABLE);
	size_t length;
	int fd;

	if (path == NULL || *path == '\0')
		return;
	length = strlen(path);
	if (length >= sizeof(address.sun_path)) {
		log_warn(NOTIFY_VARIABLE " is too long");
		return;
	}
	memcpy(address.sun_path, path, length);
	/* A name that begins with @ is in no file system. */
	if (*path == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || sendto(fd, text, strlen(text), MSG_NOSIGNAL,
	    (const struct sockaddr *)&address,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) == -1)
		log_warn(NOTIFY_VARIABLE " %s: systemd was not told %s", path, text);
	if (fd != -1)
		close(fd);
}

void
notify_ready(void)
{
	notify("READY=1");
}

void
notify_stopping(void)
{
	notify("STOPPING=1");
}

void
notify_extend(int64_t ms)
{
	char text[NOTIFY_TEXT_BYTES];

	snprintf(text, sizeof(text), "EXTEND_TIMEOUT_USEC=%" PRId64, ms * US_PER_MS);
	notify(text);
}

void
notify_forget(void)
{
	unsetenv(NOTIFY_VARIABLE);
}
