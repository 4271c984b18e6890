/*
 * state_path.h: where a file of the state directory is.
 */
#ifndef CORE_BASE_STATE_PATH_H
#define CORE_BASE_STATE_PATH_H

/* More than an option may have, with room for every name below the directory. */
#define STATE_PATH_BYTES 1024

/* state_dir/name; a longer path is cut, which no option lets come about. */
void state_path(const char *state_dir, const char *name, char ret_path[STATE_PATH_BYTES]);

/* The directory that a path is in: "." where it names none. */
void state_path_parent(const char *path, char ret_parent[STATE_PATH_BYTES]);

#endif
