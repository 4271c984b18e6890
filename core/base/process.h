/*
 * process.h: processes named by pid and start time, and what every child of ours does first.
 */
#ifndef CORE_BASE_PROCESS_H
#define CORE_BASE_PROCESS_H

#include <sys/types.h>

/*
 * For a child that must not outlive its parent: asks for SIGKILL at the parent's death, and
 * exits at once if parent (its pid, taken before fork) is dead already.
 */
void process_die_with_parent(pid_t parent);

/*
 * Names this process in the lines of the log and, as "ak-NAME", for ps, top and pgrep. name
 * is borrowed, and longer than 12 bytes it is cut for the latter.
 */
void process_name(const char *name);

/*
 * Ends a child that must not run what its parent has registered for its own exit. All that
 * do not return from main() or exit() end here.
 */
_Noreturn void process_exit(int status);

/* Restores default signal handlers and an empty mask: for a child that runs action code. */
void process_default_signals(void);

#endif
