/*
 * extension.h: what the actions of the test extension share.
 */
#ifndef TESTS_E2E_EXTENSION_H
#define TESTS_E2E_EXTENSION_H

#include <limits.h>
#include <stdint.h>

#include <actionkit.h>

#define DIRECTORY_BYTES 256

/*
 * Writes DIRECTORY/<name><id>; returns 0, or -1 with errno. An empty state has no directory:
 * what was written for it would lie in /.
 */
int path_make(const char *directory, const char *name, const char *id,
    char ret_path[PATH_MAX]);

/* Appends text to a file with one write(), and tells how large the file is then. */
int append(const char *path, const char *text, int64_t *ret_size);

/* Notes in the log: boot time in ms, pid, execution, handler, edge, value. */
int note(struct ak_call *call, const char *directory, const char *handler, const char *edge,
    int64_t value);

/*
 * STATE_DIR ID REASON, where "-" stands for NULL: what a process that is no server asks for by
 * ak_stop_in(). Returns 0 or errno.
 */
int room_stop_in(char *const arguments[]);

extern const struct ak_action action_labour;
extern const struct ak_action action_guarded;
extern const struct ak_action action_needy;
extern const struct ak_action action_programs;
extern const struct ak_action action_room;
extern const struct ak_action action_room_work;

#endif
