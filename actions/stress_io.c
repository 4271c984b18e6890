/*
 * stress_io.c: keeps a disk busy with stress-ng, in a worker. Its files are in a directory of their
 * own: the state keeps where, before it is made, and the execution names it. stress-ng that was
 * killed leaves its files; they are removed with the directory.
 */
#include <actionkit.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "actions/directory.h"
#include "actions/machine.h"
#include "actions/stress_ng.h"
#include "actions/this_host.h"

#define STRESS_IO_WORKERS_MAX 256
#define STRESS_IO_MODE_BYTES 32
#define STRESS_IO_NUMBER_BYTES 32
#define STRESS_IO_SPARE_MIB 64		/* that stay free beside what it needs */
#define STRESS_IO_MIB_MAX (INT64_C(1) << 30)

#define STRESS_IO_BOTH "read_write_and_flush"
#define STRESS_IO_READ_WRITE "read_write"
#define STRESS_IO_FLUSH "flush"

struct stress_io_state {
	DIRECTORY_MEMBERS;		/* where its own directory is */
	bool made;			/* that may be there */
	char mode[STRESS_IO_MODE_BYTES];
	int64_t workers;
	int64_t mib;			/* of each */
	int64_t duration_ms;
};

static const struct ak_field stress_io_fields[] = {
	DIRECTORY_FIELDS(struct stress_io_state),
	AK_BOOL(struct stress_io_state, made),
	AK_TEXT(struct stress_io_state, mode),
	AK_INT(struct stress_io_state, workers),
	AK_INT(struct stress_io_state, mib),
	AK_INT(struct stress_io_state, duration_ms),
	AK_FIELDS_END
};

static const struct ak_option stress_io_modes[] = {
	{ "Read, write and flush", STRESS_IO_BOTH },
	{ "Read and write", STRESS_IO_READ_WRITE },
	{ "Flush", STRESS_IO_FLUSH },
	AK_OPTIONS_END
};

static const struct ak_parameter stress_io_parameters[] = {
	{
		.name = "mode",
		.label = "Mode",
		.type = AK_STRING,
		.required = true,
		.default_value = STRESS_IO_BOTH,
		.options = stress_io_modes,
	},
	{
		.name = "workers",
		.label = "Workers",
		.description = "How many processes read and write; 0 is one for each processor.",
		.type = AK_STRESSNG_WORKERS,
		.required = true,
		.default_value = "0",
	},
	STRESS_NG_DURATION,
	{
		.name = "path",
		.label = "Path",
		.description = "A directory of the disk.",
		.type = AK_STRING,
		.required = true,
		.default_value = "/",
		.max_length = DIRECTORY_PATH_BYTES - 1,
	},
	{
		.name = "mbytes_per_worker",
		.label = "MB per worker",
		.description = "How much each writes before it begins anew; twice that in mode "
		    STRESS_IO_BOTH ".",
		.type = AK_INTEGER,
		.required = true,
		.default_value = "1024",
		.min = AK_LIMIT(1),
		.max = AK_LIMIT(STRESS_IO_MIB_MAX),
	},
	AK_PARAMETERS_END
};

static const struct ak_need stress_io_needs[] = {
	STRESS_NG_NEED,
	AK_NEEDS_END
};

static void
stress_io_name(const struct ak_call *call, char name[DIRECTORY_NAME_BYTES])
{
	(void)snprintf(name, DIRECTORY_NAME_BYTES, ".ak-stress-%s", ak_execution_id(call));
}

static bool
stress_io_does(const struct stress_io_state *s, const char *mode)
{
	return strcmp(s->mode, mode) == 0 || strcmp(s->mode, STRESS_IO_BOTH) == 0;
}

static int64_t
stress_io_needs_mib(const struct stress_io_state *s)
{
	int64_t kinds = stress_io_does(s, STRESS_IO_READ_WRITE) +
	    stress_io_does(s, STRESS_IO_FLUSH);

	return s->workers * s->mib * kinds;
}

static int
stress_io_check_space(struct ak_call *call, const struct stress_io_state *s,
    const struct statfs *fs)
{
	int64_t free_mib = (int64_t)fs->f_bavail * fs->f_bsize / MACHINE_MIB;
	int64_t reserved_mib = ak_reserved_space(call, s->path) / MACHINE_MIB;

	if (reserved_mib < STRESS_IO_SPARE_MIB)
		reserved_mib = STRESS_IO_SPARE_MIB;
	if (stress_io_needs_mib(s) + reserved_mib <= free_mib)
		return 0;
	return ak_error(call, "It needs %" PRId64 " MB in %s, and %" PRId64 " that stay free; %"
	    PRId64 " MB are free", stress_io_needs_mib(s), s->path, reserved_mib, free_mib);
}

static int
stress_io_prepare(struct ak_call *call, void *state)
{
	struct stress_io_state *s = state;
	struct statfs fs;

	if (this_host_check(call) == -1 ||
	    directory_find(call, ak_config_string(call, "path"), s->path, &fs) == -1)
		return -1;
	s->filesystem = directory_filesystem(&fs);
	s->type = fs.f_type;
	s->blocks = (int64_t)fs.f_blocks;
	(void)snprintf(s->mode, sizeof(s->mode), "%s", ak_config_string(call, "mode"));
	s->mib = ak_config_integer(call, "mbytes_per_worker");
	s->duration_ms = ak_config_duration(call, "duration");
	if (stress_ng_take_workers(call, STRESS_IO_WORKERS_MAX, &s->workers) == -1)
		return -1;
	if (stress_io_check_space(call, s, &fs) == -1)
		return -1;
	ak_message(call, AK_INFO, "%" PRId64 " workers in %s, %" PRId64 " MB in all", s->workers,
	    s->path, stress_io_needs_mib(s));
	return 0;
}

static int
stress_io_start(struct ak_call *call, void *state)
{
	struct stress_io_state *s = state;
	char name[DIRECTORY_NAME_BYTES];
	struct statfs fs;
	int directory, result = 0;

	if (s->path[0] != '/' || s->workers < 1 || s->mib < 1)
		return ak_error(call, "This execution was not prepared");
	stress_io_name(call, name);
	directory = directory_open(call, s->path, &fs);
	if (directory == -1)
		return -1;
	s->made = true;
	if (ak_save(call) == -1)
		result = -1;
	else if (mkdirat(directory, name, 0700) == -1)
		result = ak_errno(call, "Failed to make %s/%s", s->path, name);
	(void)close(directory);
	return result;
}

static int
stress_io_work(struct ak_call *call, void *state)
{
	const struct stress_io_state *s = state;
	char name[DIRECTORY_NAME_BYTES], path[DIRECTORY_PATH_BYTES + DIRECTORY_NAME_BYTES];
	char workers[STRESS_IO_NUMBER_BYTES], size[STRESS_IO_NUMBER_BYTES];
	const char *arguments[STRESS_NG_ARGUMENTS_MAX] = { NULL };
	size_t count = 0;

	stress_io_name(call, name);
	(void)snprintf(path, sizeof(path), "%s/%s", s->path, name);
	(void)snprintf(workers, sizeof(workers), "%" PRId64, s->workers);
	(void)snprintf(size, sizeof(size), "%" PRId64 "m", s->mib);
	if (stress_io_does(s, STRESS_IO_READ_WRITE)) {
		arguments[count++] = "--hdd";
		arguments[count++] = workers;
		arguments[count++] = "--hdd-bytes";
		arguments[count++] = size;
	}
	if (stress_io_does(s, STRESS_IO_FLUSH)) {
		arguments[count++] = "--iomix";
		arguments[count++] = workers;
		arguments[count++] = "--iomix-bytes";
		arguments[count++] = size;
	}
	return stress_ng_run(call, path, arguments, s->duration_ms, false);
}

static int
stress_io_stop(struct ak_call *call, void *state)
{
	const struct stress_io_state *s = state;
	char name[DIRECTORY_NAME_BYTES];

	if (!s->made)
		return 0;
	stress_io_name(call, name);
	return directory_remove(call, &DIRECTORY_OF(s), name);
}

const struct ak_action action_stress_io = {
	.id = "org.actionkit.stress-io",
	.label = "Stress IO",
	.version = "1.0.0",
	.description = "Keeps a disk busy, with stress-ng, by files that are removed at the end.",
	.technology = THIS_HOST_TECHNOLOGY,
	.category = "Resource",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.parameters = stress_io_parameters,
	.target_selection = &this_host_targets,
	.state = AK_STATE(struct stress_io_state, stress_io_fields),
	.call_interval = "5s",
	.needs = stress_io_needs,
	.prepare = stress_io_prepare,
	.start = stress_io_start,
	.work = stress_io_work,
	.stop = stress_io_stop,
};
