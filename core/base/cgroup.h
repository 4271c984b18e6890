/*
 * cgroup.h: cgroups (version 2) below our own, where the platform has given us that to divide
 * (systemd: Delegate=yes). All that is begun in one can be ended at once, whatever it does to hide.
 */
#ifndef CORE_BASE_CGROUP_H
#define CORE_BASE_CGROUP_H

#include <stdbool.h>

#define CGROUP_PATH_BYTES 1024

/* The directory of the cgroup that this process is in; false if there is none to be seen. */
bool cgroup_own(char ret_path[CGROUP_PATH_BYTES]);

/* Where one of this name would be; "" where our own is not ours to divide. */
void cgroup_below(const char *name, char ret_path[CGROUP_PATH_BYTES]);

/* All of these do nothing for "". Makes one, which may be there already; false and errno. */
bool cgroup_make(const char *path);
/* Moves this process into it; what it forks is in it, too. false and errno. */
bool cgroup_enter(const char *path);
/* SIGKILL for all that is in it. */
void cgroup_kill(const char *path);
/* Whether anything is in it. */
bool cgroup_has_any(const char *path);
/* Removes an empty one. */
void cgroup_remove(const char *path);

#endif
