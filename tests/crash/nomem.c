/*
 * nomem.c: memory that can run out at any allocation; linked into the test action.
 *
 * With CRASH_NOMEM=FILE in the environment, FILE is shared by all processes of a server and
 * the test: see struct orders. Nothing happens without it. Not for sanitizers, which have
 * allocation functions of their own.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

/* What the test writes (all but count and failed), as native numbers of 32 bits. */
struct orders {
	_Atomic int32_t armed;
	int32_t pid;		/* whose allocations count: this process's, */
	int32_t parent;		/* and those of the children of this one, */
	int32_t except;		/* apart from this one */
	int32_t at;		/* the one that fails, from 1; 0: none, only count */
	_Atomic int32_t count;
	_Atomic int32_t failed;	/* the process in which it did */
};

/* For all libraries, not for this program only. */
#pragma GCC visibility push(default)
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *memory, size_t size);
#pragma GCC visibility pop

/* The C library's own. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static struct orders *orders;

__attribute__((constructor)) static void
open_orders(void)
{
	const char *path = getenv("CRASH_NOMEM");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *memory;

	if (fd == -1)
		return;
	memory = mmap(NULL, sizeof(*orders), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (memory != MAP_FAILED)
		orders = memory;
}

static bool
runs_out(void)
{
	pid_t pid;

	if (orders == NULL || atomic_load(&orders->armed) == 0)
		return false;
	pid = getpid();
	if (pid == orders->except || (pid != orders->pid && getppid() != orders->parent))
		return false;
	if (atomic_fetch_add(&orders->count, 1) + 1 != orders->at)
		return false;
	atomic_store(&orders->failed, pid);
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return runs_out() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return runs_out() ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *memory, size_t size)
{
	return runs_out() ? NULL : __libc_realloc(memory, size);
}

#endif
