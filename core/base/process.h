/*
 * process.h: processes named by pid and start time, and what every child of ours does first.
 */
#ifndef CORE_BASE_PROCESS_H
#define CORE_BASE_PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * For a child that must not outlive its parent: asks for SIGKILL at the parent's death, and
 * exits at once if parent (its pid, taken before fork) is dead already.
 */
void process_die_with_parent(pid_t parent);

/* Waits for the end of a child, whatever signals come. Its status; ret_status may be NULL. */
void process_wait(pid_t pid, int *ret_status);

/*
 * Whether the process that pid and start time (ak_process_start_time()) name still runs; one
 * that only waits for its parent to take note of its end does not.
 */
bool process_lives(int64_t pid, int64_t start_time);

/*
 * A descriptor of a process, which can be read when it has ended; closed on exec. -1 and errno on
 * failure.
 */
int process_open(pid_t pid);

/* The session, or the parent, of a process that runs; -1 if there is none. */
int64_t process_session(int64_t pid);
int64_t process_parent(int64_t pid);

/* Whether it runs the same program file as this process. */
bool process_is_same_program(int64_t pid);

/*
 * Names this process in the lines of the log and, as "ak-NAME", for ps, top and pgrep. name
 * is borrowed, and longer than 12 bytes it is cut for the latter.
 */
void process_name(const char *name);

/*
 * Whether it was begun with a variable of its environment, "NAME=value"; false, too, where that
 * cannot be read.
 */
bool process_has_variable(int64_t pid, const char *variable);

/* Whether another process has named itself so. */
bool process_has_name(int64_t pid, const char *name);

/*
 * Ends a child that must not run what its parent has registered for its own exit. All that
 * do not return from main() or exit() end here.
 */
_Noreturn void process_exit(int status);

/* Whether a signal is one that a process raises by a mistake of its own (SIGSEGV, SIGABRT ...). */
bool process_is_fault(int number);

/*
 * What code did whose process ended with that status of waitpid(): "crashed: SIGSEGV", "was killed:
 * SIGKILL", "ended its process: exit(0)".
 */
#define PROCESS_END_BYTES 64
void process_end_text(int wait_status, char ret_text[PROCESS_END_BYTES]);

/*
 * A file that grows beyond RLIMIT_FSIZE is an error of the write (EFBIG), not the end of this
 * process. What it executes has the default again.
 */
void process_outlive_file_limit(void);

/*
 * Restores default signal handlers, but for that, and an empty mask: for a child that runs action
 * code.
 */
void process_default_signals(void);

/*
 * For a process that blocks its signals, and runs code of actions: what that code executes, by
 * whatever means, must have none blocked, or it would not end when it is told to. So none is while
 * that code runs. _outlive_signals(), once, has them end nothing; between _let_signals() and
 * _hold_signals() they come, and a SIGTERM that came is pending afterwards.
 */
void process_outlive_signals(void);
/*
 * For handlers: whether this is another process than that which had called _outlives(), as a clone
 * that the library did not see has them. Then the signal does there what it does by default.
 */
void process_outlives(void);
bool process_passes_on(int number);
void process_let_signals(sigset_t *ret_mask);
void process_hold_signals(const sigset_t *mask);

#endif
