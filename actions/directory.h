/*
 * directory.h: a directory that an action puts something into, and its file system, for actions
 * that must find both again to remove it.
 */
#ifndef ACTIONS_DIRECTORY_H
#define ACTIONS_DIRECTORY_H

#include <stdint.h>
#include <sys/statfs.h>

#include <actionkit.h>

#define DIRECTORY_PATH_BYTES 1024
#define DIRECTORY_NAME_BYTES 64

struct directory {
	const char *path;		/* without links */
	int64_t filesystem;		/* f_fsid of statfs(2), */
	int64_t type, blocks;		/* f_type and f_blocks */
};

/* Its members in an action's state, their rows in the table of its fields, and it, of a state. */
#define DIRECTORY_MEMBERS \
	char path[DIRECTORY_PATH_BYTES]; \
	int64_t filesystem; \
	int64_t type, blocks
#define DIRECTORY_FIELDS(type_) \
	AK_TEXT(type_, path), \
	AK_INT(type_, filesystem), \
	AK_INT(type_, type), \
	AK_INT(type_, blocks)
#define DIRECTORY_OF(state_) \
	((struct directory){ (state_)->path, (state_)->filesystem, (state_)->type, \
	    (state_)->blocks })

/*
 * In prepare(): takes an absolute path, and where it leads to, as directory->path (of
 * DIRECTORY_PATH_BYTES). Returns 0, or -1 with the call's error where files cannot be made there;
 * nothing is written for that.
 */
int directory_find(struct ak_call *call, const char *wanted, char path[DIRECTORY_PATH_BYTES],
    struct statfs *ret_fs);

int64_t directory_filesystem(const struct statfs *fs);

/* It, open; -1 with the call's error. */
int directory_open(struct ak_call *call, const char *path, struct statfs *ret_fs);

/* Whether files can be made there. Returns 0, or -1 with the call's error. */
int directory_check(struct ak_call *call, const char *path, const struct statfs *fs);

/*
 * In stop(): removes what has this name in it, a file, or a directory of ours with all that is
 * below; links are not followed. Tells what it has done. Returns 0 where nothing is left, or -1
 * with the call's error, also where another file system is in its place.
 */
int directory_remove(struct ak_call *call, const struct directory *directory, const char *name);

#endif
