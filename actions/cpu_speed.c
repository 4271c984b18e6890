/*
 * cpu_speed.c: limits the frequency of all processors, and sets the limits back that were there.
 * Its state keeps these for each policy of the kernel, before they are changed, and what they were
 * changed to.
 */
#include <actionkit.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions/this_boot.h"
#include "actions/this_host.h"

#define CPU_SPEED_POLICIES "/sys/devices/system/cpu/cpufreq"
#define CPU_SPEED_POLICY "policy"
#define CPU_SPEED_POLICIES_MAX 512
#define CPU_SPEED_POLICY_BYTES 96
#define CPU_SPEED_NAME_BYTES 32
#define CPU_SPEED_PATH_BYTES 128
#define CPU_SPEED_NUMBER_BYTES 32
#define KHZ_PER_MHZ 1000

#define CPU_SPEED_MIN "scaling_min_freq"
#define CPU_SPEED_MAX "scaling_max_freq"

struct cpu_speed_state {
	char boot[THIS_BOOT_BYTES];	/* the kernel forgets the limits with it */
	int64_t min_khz, max_khz;	/* wanted */
	/* "policy0 MIN MAX MIN MAX": as it was, and as it was read back once it was changed */
	AK_TEXT_LIST(CPU_SPEED_POLICIES_MAX, CPU_SPEED_POLICY_BYTES) policies;
	bool changed;			/* the limits may have been changed, */
	bool confirmed;			/* and all of them have been, and read back */
};

static const struct ak_field cpu_speed_fields[] = {
	AK_TEXT(struct cpu_speed_state, boot),
	AK_INT(struct cpu_speed_state, min_khz),
	AK_INT(struct cpu_speed_state, max_khz),
	AK_LIST(struct cpu_speed_state, policies),
	AK_BOOL(struct cpu_speed_state, changed),
	AK_BOOL(struct cpu_speed_state, confirmed),
	AK_FIELDS_END
};

static const struct ak_parameter cpu_speed_parameters[] = {
	{
		.name = "minFreq",
		.label = "Minimum frequency in MHz",
		.type = AK_INTEGER,
		.required = true,
		.default_value = "1000",
		.min = AK_LIMIT(1),
		.max = AK_LIMIT(INT32_MAX),
	},
	{
		.name = "maxFreq",
		.label = "Maximum frequency in MHz",
		.type = AK_INTEGER,
		.required = true,
		.default_value = "2000",
		.min = AK_LIMIT(1),
		.max = AK_LIMIT(INT32_MAX),
	},
	{
		.name = "duration",
		.label = "Duration",
		.description = "How long the frequency is limited.",
		.type = AK_DURATION,
		.required = true,
		.default_value = "60s",
		.min = AK_LIMIT(1000),
	},
	AK_PARAMETERS_END
};

static const struct ak_need cpu_speed_needs[] = {
	{ .kind = AK_NEED_PATH, .name = CPU_SPEED_POLICIES,
	  .what_for = "control of CPU frequency, which this machine does not offer" },
	{ .kind = AK_NEED_CAPABILITY, .name = "CAP_DAC_OVERRIDE" },
	AK_NEEDS_END
};

#define CPU_SPEED_METRIC "cpu_freq"
#define CPU_SPEED_TYPE "freq_type"

static const struct ak_widget cpu_speed_widgets[] = {
	{
		.type = AK_WIDGET_LINE_CHART,
		.title = "CPU frequency",
		.line_chart = {
			.metric = CPU_SPEED_METRIC,
			.from = CPU_SPEED_TYPE,
			.mode = AK_CHART_SELECT,
			.value_title = "Frequency",
			.value_unit = "MHz",
		},
	},
	AK_WIDGETS_END
};

/* A policy, and its limits in kHz. */
struct policy {
	char name[CPU_SPEED_NAME_BYTES];
	int64_t min, max;		/* as they were */
	int64_t own_min, own_max;	/* as we have set them */
};

static void
policy_path(const char *policy, const char *file, char path[CPU_SPEED_PATH_BYTES])
{
	(void)snprintf(path, CPU_SPEED_PATH_BYTES, "%s/%s/%s", CPU_SPEED_POLICIES, policy, file);
}

/* The number in a file of a policy; -1 and errno. */
static int64_t
policy_read(const char *policy, const char *file)
{
	char path[CPU_SPEED_PATH_BYTES], text[CPU_SPEED_NUMBER_BYTES];
	ssize_t length;
	int fd;

	policy_path(policy, file, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	length = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (length <= 0)
		return -1;
	text[length] = '\0';
	return strtoll(text, NULL, 10);
}

static int
policy_write(const char *policy, const char *file, int64_t khz)
{
	char path[CPU_SPEED_PATH_BYTES];
	int fd, result, saved;

	policy_path(policy, file, path);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd == -1)
		return -1;
	result = dprintf(fd, "%" PRId64 "\n", khz) < 0 ? -1 : 0;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return result;
}

/* The kernel refuses a minimum above the maximum, also in between. Returns 0, or -1 and errno. */
static int
policy_set(const char *policy, int64_t min, int64_t max)
{
	int64_t now_max = policy_read(policy, CPU_SPEED_MAX);

	if (now_max == -1)
		return -1;
	if (max > now_max)
		return policy_write(policy, CPU_SPEED_MAX, max) == -1 ? -1 :
		    policy_write(policy, CPU_SPEED_MIN, min);
	return policy_write(policy, CPU_SPEED_MIN, min) == -1 ? -1 :
	    policy_write(policy, CPU_SPEED_MAX, max);
}

static bool
policy_is_name(const char *name)
{
	size_t length = strlen(CPU_SPEED_POLICY);

	return strncmp(name, CPU_SPEED_POLICY, length) == 0 && name[length] != '\0' &&
	    strlen(name) < CPU_SPEED_NAME_BYTES &&
	    strspn(name + length, "0123456789") == strlen(name + length);
}

static void
policy_keep(const struct policy *policy, char text[CPU_SPEED_POLICY_BYTES])
{
	(void)snprintf(text, CPU_SPEED_POLICY_BYTES, "%s %" PRId64 " %" PRId64 " %" PRId64 " %"
	    PRId64, policy->name, policy->min, policy->max, policy->own_min, policy->own_max);
}

static bool
policy_parse(const char *text, struct policy *ret_policy)
{
	return sscanf(text, "%31s %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, ret_policy->name,
	    &ret_policy->min, &ret_policy->max, &ret_policy->own_min,
	    &ret_policy->own_max) == 5 && policy_is_name(ret_policy->name);
}

/* Calls see() for each, until it returns -1. Returns 0, or -1 with the call's error. */
static int
policies_each(struct ak_call *call, int (*see)(struct ak_call *call, struct cpu_speed_state *s,
    const char *name), struct cpu_speed_state *s)
{
	DIR *folder = opendir(CPU_SPEED_POLICIES);
	const struct dirent *entry;
	int result = 0;

	if (folder == NULL)
		return ak_errno(call, "Failed to open %s", CPU_SPEED_POLICIES);
	while (result == 0 && (entry = readdir(folder)) != NULL)
		if (policy_is_name(entry->d_name))
			result = see(call, s, entry->d_name);
	(void)closedir(folder);
	return result;
}

/* Processors of one machine may differ: each must be able to. */
static int
policy_check(struct ak_call *call, struct cpu_speed_state *s, const char *name)
{
	int64_t min = policy_read(name, "cpuinfo_min_freq");
	int64_t max = policy_read(name, "cpuinfo_max_freq");

	if (min == -1 || max == -1)
		return ak_errno(call, "Failed to read the frequencies of %s", name);
	if (s->min_khz < min || s->max_khz > max)
		return ak_error(call, "%s is from %" PRId64 " to %" PRId64 " MHz: it cannot be "
		    "from %" PRId64 " to %" PRId64, name, min / KHZ_PER_MHZ, max / KHZ_PER_MHZ,
		    s->min_khz / KHZ_PER_MHZ, s->max_khz / KHZ_PER_MHZ);
	if (s->policies.count == CPU_SPEED_POLICIES_MAX)
		return ak_error(call, "There are more than %d policies", CPU_SPEED_POLICIES_MAX);
	s->policies.count++;
	return 0;
}

static int
cpu_speed_prepare(struct ak_call *call, void *state)
{
	struct cpu_speed_state *s = state;

	if (this_host_check(call) == -1 || this_boot(call, s->boot) == -1)
		return -1;
	s->min_khz = ak_config_integer(call, "minFreq") * KHZ_PER_MHZ;
	s->max_khz = ak_config_integer(call, "maxFreq") * KHZ_PER_MHZ;
	if (s->min_khz > s->max_khz)
		return ak_error(call, "minFreq: is more than maxFreq");
	if (policies_each(call, policy_check, s) == -1)
		return -1;
	if (s->policies.count == 0)
		return ak_error(call, "This machine offers no control of CPU frequency");
	/* Only the count was of interest. */
	s->policies.count = 0;
	return ak_claim(call, "cpufreq");
}

static int
policy_note(struct ak_call *call, struct cpu_speed_state *s, const char *name)
{
	struct policy policy = { .own_min = s->min_khz, .own_max = s->max_khz };

	(void)snprintf(policy.name, sizeof(policy.name), "%.*s", CPU_SPEED_NAME_BYTES - 1, name);
	policy.min = policy_read(name, CPU_SPEED_MIN);
	policy.max = policy_read(name, CPU_SPEED_MAX);
	if (policy.min == -1 || policy.max == -1)
		return ak_errno(call, "Failed to read the limits of %s", name);
	if (s->policies.count == CPU_SPEED_POLICIES_MAX)
		return ak_error(call, "There are more than %d policies", CPU_SPEED_POLICIES_MAX);
	policy_keep(&policy, s->policies.item[s->policies.count++]);
	return 0;
}

static int
cpu_speed_start(struct ak_call *call, void *state)
{
	struct cpu_speed_state *s = state;
	struct policy policy;
	int64_t i;

	if (s->min_khz < 1 || s->min_khz > s->max_khz)
		return ak_error(call, "This execution was not prepared");
	s->policies.count = 0;
	if (policies_each(call, policy_note, s) == -1)
		return -1;
	s->changed = true;
	if (ak_save(call) == -1)
		return -1;
	for (i = 0; i < s->policies.count; i++) {
		if (!policy_parse(s->policies.item[i], &policy))
			return ak_error(call, "A policy cannot be read: %s", s->policies.item[i]);
		if (policy_set(policy.name, s->min_khz, s->max_khz) == -1)
			return ak_errno(call, "Failed to limit %s", policy.name);
		/* Drivers round. */
		policy.own_min = policy_read(policy.name, CPU_SPEED_MIN);
		policy.own_max = policy_read(policy.name, CPU_SPEED_MAX);
		policy_keep(&policy, s->policies.item[i]);
	}
	s->confirmed = true;
	ak_message(call, AK_INFO, "Limited %" PRId64 " policies to %" PRId64 " to %" PRId64 " MHz",
	    s->policies.count, s->min_khz / KHZ_PER_MHZ, s->max_khz / KHZ_PER_MHZ);
	return 0;
}

static void
tell_frequency(struct ak_call *call, const char *type, double khz)
{
	const struct ak_label labels[] = { { CPU_SPEED_TYPE, type }, AK_LABELS_END };

	ak_metric(call, CPU_SPEED_METRIC, khz / KHZ_PER_MHZ, labels);
}

/* The mean of what they run at, the least and the most that they may. */
static int
cpu_speed_status(struct ak_call *call, void *state)
{
	const struct cpu_speed_state *s = state;
	int64_t sum = 0, count = 0, least = INT64_MAX, most = 0, i;
	struct policy policy;

	for (i = 0; i < s->policies.count; i++) {
		int64_t now, min, max;

		if (!policy_parse(s->policies.item[i], &policy))
			continue;
		now = policy_read(policy.name, "scaling_cur_freq");
		min = policy_read(policy.name, CPU_SPEED_MIN);
		max = policy_read(policy.name, CPU_SPEED_MAX);
		if (now == -1 || min == -1 || max == -1)
			continue;
		sum += now;
		count++;
		least = min < least ? min : least;
		most = max > most ? max : most;
	}
	if (count == 0)
		return 0;
	tell_frequency(call, "Current", (double)sum / (double)count);
	tell_frequency(call, "Minimum", (double)least);
	tell_frequency(call, "Maximum", (double)most);
	return 0;
}

/*
 * Sets a policy back, unless somebody else has changed it since. Where start() died half-way it is
 * not known what the driver made of our limits: then they are set back in any case.
 */
static int
policy_undo(struct ak_call *call, const struct cpu_speed_state *s, const struct policy *policy)
{
	int64_t min = policy_read(policy->name, CPU_SPEED_MIN);
	int64_t max = policy_read(policy->name, CPU_SPEED_MAX);

	if (min == -1 || max == -1) {
		if (errno != ENOENT)
			return ak_errno(call, "Failed to read the limits of %s", policy->name);
		ak_message(call, AK_INFO, "%s is gone", policy->name);
		return 0;
	}
	if (min == policy->min && max == policy->max)
		return 0;
	if (s->confirmed && (min != policy->own_min || max != policy->own_max)) {
		ak_message(call, AK_WARN, "%s was changed by somebody else: it stays at %" PRId64
		    " to %" PRId64 " MHz", policy->name, min / KHZ_PER_MHZ, max / KHZ_PER_MHZ);
		return 0;
	}
	if (policy_set(policy->name, policy->min, policy->max) == -1)
		return ak_errno(call, "Failed to set %s back", policy->name);
	return 0;
}

static int
cpu_speed_stop(struct ak_call *call, void *state)
{
	const struct cpu_speed_state *s = state;
	struct policy policy;
	int64_t i;
	int result = 0;

	if (!s->changed)
		return 0;
	if (!this_boot_is(s->boot)) {
		ak_message(call, AK_INFO, "The machine was booted: its limits are those of before");
		return 0;
	}
	/* One that fails is no reason to leave the others. */
	for (i = 0; i < s->policies.count; i++)
		if (!policy_parse(s->policies.item[i], &policy))
			result = ak_error(call, "A policy cannot be read: %s", s->policies.item[i]);
		else if (policy_undo(call, s, &policy) == -1)
			result = -1;
	if (result == 0)
		ak_message(call, AK_INFO, "Set %" PRId64 " policies back", s->policies.count);
	return result;
}

const struct ak_action action_cpu_speed = {
	.id = "org.actionkit.cpu-speed",
	.label = "Limit CPU speed",
	.version = "1.0.0",
	.description = "Limits the frequency of all processors, until the end.",
	.technology = THIS_HOST_TECHNOLOGY,
	.category = "Resource",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.parameters = cpu_speed_parameters,
	.target_selection = &this_host_targets,
	.widgets = cpu_speed_widgets,
	.state = AK_STATE(struct cpu_speed_state, cpu_speed_fields),
	.call_interval = "5s",
	.needs = cpu_speed_needs,
	.prepare = cpu_speed_prepare,
	.start = cpu_speed_start,
	.status = cpu_speed_status,
	.stop = cpu_speed_stop,
};
