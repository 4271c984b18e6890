/*
 * file_sweep.c: the reaper's look at the files that are on disk. It persists their removal.
 */
#include "config.h"

#include "core/reaper/file_sweep.h"

#include <dirent.h>
#include <errno.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/file_tree.h"
#include "core/base/log.h"
#include "core/base/uuid_text.h"
#include "core/store/files.h"
#include "core/store/loss.h"

/* How often the reaper looks, how long, and when again after a failure. */
#define SWEEP_EVERY_MS 2000
#define SWEEP_FOR_MS 200
#define SWEEP_AGAIN_MS 60000

struct sweep {
	struct session *session;
	int64_t deadline_ms;
	int result;			/* so far; -1: err says why */
	struct err *err;
};

/* Looks at one entry of the directory fd: 0, 1 if there was no time, or -1 and sweep->err. */
typedef int look(struct sweep *sweep, int fd, const char *name);

/* Takes fd. What cannot be removed does not keep the others. */
static void
look_at_all(struct sweep *sweep, int fd, look *look_at)
{
	DIR *directory = fdopendir(fd);
	struct dirent *entry;
	int result;

	if (directory == NULL)
		log_out_of_memory();
	while (sweep->result != 1 && (entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		result = clock_boot_ms() >= sweep->deadline_ms ? 1 :
		    look_at(sweep, fd, entry->d_name);
		if (result != 0)
			sweep->result = result;
	}
	closedir(directory);
}

/* Whoever makes such a directory looks whether it is there still when it has the flock. */
static int
look_at_incoming(struct sweep *sweep, int fd, const char *name)
{
	int directory = file_tree_open(fd, name, false, sweep->err), result = 0;

	if (directory == -1)
		return sweep->err->sys == ENOENT ? 0 : -1;
	if (flock(directory, LOCK_EX | LOCK_NB) == 0) {
		log_info("removing files of a request whose process died");
		result = file_tree_remove(fd, name, sweep->deadline_ms, sweep->err);
	}
	close(directory);
	return result;
}

/* Only what is named like an execution is ours. */
static bool
is_execution(const char *name)
{
	char id[UUID_TEXT_BYTES];

	return uuid_text_parse(name, id) == 0;
}

static int
look_at_execution(struct sweep *sweep, int fd, const char *name)
{
	struct session *session = sweep->session;
	int kept, held, result;

	(void)fd;
	if (!is_execution(name))
		return 0;
	/* Without the lock: most of them have rows. */
	kept = files_kept(&session->store, name, sweep->err);
	if (kept != 0)
		return kept == 1 ? 0 : -1;
	held = lock_take(&session->lock, name, 0, sweep->err);
	if (held != 0)
		return held == 1 ? 0 : -1;
	result = files_settle(&session->store, session->options->state_dir, name,
	    sweep->deadline_ms, sweep->err);
	lock_drop(&session->lock);
	if (result == 0)
		log_info("removed files of execution %s, which has none", name);
	return result;
}

int
file_sweep(struct session *session, int64_t deadline_ms, struct err *err)
{
	struct sweep sweep = { .session = session, .deadline_ms = deadline_ms, .err = err };
	int files = files_open(session->options->state_dir, false, err), incoming;
	int64_t lost;

	if (files == -1)
		return err->sys == ENOENT ? 0 : -1;
	incoming = file_tree_open(files, FILES_INCOMING_DIR, false, err);
	if (incoming != -1)
		look_at_all(&sweep, incoming, look_at_incoming);
	else if (err->sys != ENOENT)
		sweep.result = -1;
	/* The agent of an execution whose record is lost can still stop it, and needs them. */
	lost = loss_read(&session->store, err);
	if (lost == 0) {
		look_at_all(&sweep, files, look_at_execution);
	} else {
		close(files);
		if (lost == -1)
			sweep.result = -1;
	}
	return sweep.result;
}

void
file_sweep_round(struct session *session, int64_t *at_ms)
{
	int64_t now_ms = clock_boot_ms();
	struct err err;
	int result;

	if (now_ms < *at_ms)
		return;
	/* Not for long at once: stops must not wait for it. */
	result = file_sweep(session, now_ms + SWEEP_FOR_MS, &err);
	if (result == -1)
		log_warn("files: %s", err.msg);
	*at_ms = result == 1 ? 0 :
	    clock_boot_ms() + (result == -1 ? SWEEP_AGAIN_MS : SWEEP_EVERY_MS);
}

void
file_sweep_last(struct session *session, bool alone)
{
	struct err err;

	if (session->store.db != NULL && file_sweep(session,
	    alone ? INT64_MAX : clock_boot_ms() + SWEEP_FOR_MS, &err) == -1)
		log_warn("files: %s", err.msg);
}
