/*
 * notify.h: tells systemd (Type=notify) how it goes. Does nothing without systemd.
 */
#ifndef FCGI_SERVER_NOTIFY_H
#define FCGI_SERVER_NOTIFY_H

#include <stdint.h>

void notify_ready(void);
void notify_stopping(void);
/* While it takes its time to stop: systemd must wait this long from now. */
void notify_extend(int64_t ms);
/* In children: they, and what they start, have nothing to tell. */
void notify_forget(void);

#endif
