/*
 * gate.h: a flock with a deadline, and the write gate: one for all writers of a database.
 *
 * SQLite before 3.51.3 can corrupt a database when a checkpoint runs beside a committing
 * writer (the WAL-reset race), and its busy handler starves writers. The gate prevents both:
 * the kernel queues its waiters. Each process opens the gate itself; an inherited descriptor
 * would exclude nobody.
 */
#ifndef CORE_STORE_GATE_H
#define CORE_STORE_GATE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "core/base/err.h"

#define GATE_FILE "gate.lock"

struct gate {
	int fd;			/* -1 while closed; a zeroed gate is not open: use gate_open */
	bool open;
	timer_t alarm;		/* ends a wait at its deadline */
};

/* Opens the lock file of that name below state_dir, created if needed. 0, or -1 with err. */
int gate_open(struct gate *gate, const char *state_dir, const char *file, struct err *err);
void gate_close(struct gate *gate);

/* Waits until deadline_ms (boot time). 0, or -1 with ERR_BUSY when it is over. */
int gate_enter(struct gate *gate, int64_t deadline_ms, struct err *err);
void gate_leave(struct gate *gate);

#endif
