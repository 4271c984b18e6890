/*
 * reserved.c: what actions that fill disks or memory must leave to the server.
 */
#include "config.h"

#include <sys/stat.h>
#include <unistd.h>

#include "core/action/call.h"

#define RESERVED_MIN_BYTES (INT64_C(64) * 1024 * 1024)
/* Of all memory, at most one part in so many. */
#define RESERVED_MEMORY_PART 10

int64_t
ak_reserved_space(const struct ak_call *call, const char *path)
{
	struct stat own, other;

	if (call->state_dir == NULL || stat(call->state_dir, &own) == -1 ||
	    stat(path, &other) == -1 || own.st_dev != other.st_dev)
		return 0;
	return call->reserved_bytes > RESERVED_MIN_BYTES ? call->reserved_bytes :
	    RESERVED_MIN_BYTES;
}

int64_t
ak_reserved_memory(const struct ak_call *call)
{
	int64_t most = (int64_t)sysconf(_SC_PHYS_PAGES) / RESERVED_MEMORY_PART *
	    sysconf(_SC_PAGESIZE);

	return call->reserved_memory_bytes < most ? call->reserved_memory_bytes : most;
}
