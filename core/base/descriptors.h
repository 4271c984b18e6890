/*
 * descriptors.h: the descriptors that are the server's own, beside those of action code.
 *
 * A handler runs in a process of the server, and may close what is not its own, put something
 * else in its place, or fork a child that keeps it: a lock would then be nobody's or outlive its
 * holder, and a commit would go into a stranger's file. So all that the server opens in such a
 * process lies high, above what loops over small numbers reach and what open() gives anew;
 * after each handler it is looked at whether it still is what it was; and a child that a handler
 * forks has it closed.
 */
#ifndef CORE_BASE_DESCRIPTORS_H
#define CORE_BASE_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>

/* For the names of all that can be lost. */
#define DESCRIPTORS_NAMES_BYTES 512

/*
 * Makes an open descriptor one of the server's: moves it high, has it closed on exec, and remembers
 * what it is. name says that in words; borrowed for as long as it is open. Returns its new
 * number, or the old one where there is no room above. To be closed with descriptor_close().
 */
int descriptor_own(int fd, const char *name);

/*
 * The same for a file, which is named by the end of its path, and opened anew where it is found
 * lost. Of a lock file (never read or written where it stands) another open() of it is told
 * apart, too: that has none of its locks.
 */
int descriptor_own_file(int fd, const char *path);
int descriptor_own_lock(int fd, const char *path);

/* Closes it, and what close() returns; legal for one that is not the server's. */
int descriptor_close(int fd);

/* Somebody else has closed it on purpose. */
void descriptor_forget(int fd);

/* Whether it lies where open() gives nothing out. */
bool descriptor_is_high(int fd);

/* Whether it is one of the server's, and was not found lost. */
bool descriptor_is_own(int fd);

/* How often it was found lost and was opened anew; 0 for one that is not the server's. */
unsigned int descriptor_losses(int fd);

/* How close a look is. */
enum descriptors_look {
	DESCRIPTORS_OPEN,	/* all are open, and locks are what they were: quick */
	DESCRIPTORS_SAME	/* all are what they were */
};

/*
 * Looks at all. Returns 0, or -1 and the names of those that were lost since the last look; files
 * among them are open again, without their locks.
 */
int descriptors_check(enum descriptors_look how, char *ret_names, size_t size);

/* Whether a check has ever failed: this process is to end soon. */
bool descriptors_lost(void);

/*
 * For a process that is to run code of actions: it writes its log to a descriptor of its own, and
 * what it forks from now on has the server's closed. 0, or -1 and errno.
 */
int descriptors_guard(void);

/* Whether this is a child that code of an action has forked from such a process. */
bool descriptors_in_child(void);

/* Closes all: for a child that is to open its own. */
void descriptors_drop(void);

#endif
