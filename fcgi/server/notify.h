/*
 * notify.h: tells systemd (Type=notify, WatchdogSec=) how it goes. Does nothing without systemd.
 */
#ifndef FCGI_SERVER_NOTIFY_H
#define FCGI_SERVER_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#define NOTIFY_STATUS_BYTES 256

enum notify_state {
	NOTIFY_STARTING,
	NOTIFY_READY,
	NOTIFY_RELOADING,	/* READY must follow, or STOPPING */
	NOTIFY_STOPPING		/* systemd is asked for more time, again and again */
};

/* How it goes. */
struct notify_news {
	enum notify_state state;
	bool fine;		/* the watchdog may be fed, where there is one */
	char status[NOTIFY_STATUS_BYTES]; /* for people: a line */
};

/* What systemd knows; begins with zeros. */
struct notify {
	enum notify_state told;
	char status[NOTIFY_STATUS_BYTES];
	int64_t status_ms;	/* boot times at which it was told last */
	int64_t fed_ms;
	int64_t extended_ms;
	bool failed;		/* what came last could not be told, and the log says so */
};

/*
 * To be called again and again: tells what is news, and no more. Never waits: what cannot be told
 * now is told by a later call.
 */
void notify_tell(struct notify *notify, const struct notify_news *news);

/* In children: they, and what they start, have nothing to tell. */
void notify_forget(void);

#endif
