/*
 * needs.c: what an action needs of the machine, and whether it is there. Persists nothing.
 */
#include "config.h"

#include "core/action/needs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/program.h"

#define LINE_BYTES 1024
#define PATH_BYTES 512
#define CAPABILITIES_LINE "CapEff:\t"

/* By their numbers, linux/capability.h. */
static const char *const capabilities[] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID",
	"CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW",
	"CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
	"CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
	"CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ",
	"CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE"
};

#define CAPABILITIES (int)(sizeof(capabilities) / sizeof(capabilities[0]))

static int
capability_number(const char *name)
{
	for (int i = 0; i < CAPABILITIES; i++)
		if (strcmp(capabilities[i], name) == 0)
			return i;
	return -1;
}

/* Major and minor version: "5.16". */
static bool
read_version(const char *text, long *ret_major, long *ret_minor)
{
	char *end;

	*ret_major = strtol(text, &end, 10);
	if (end == text || *end != '.')
		return false;
	text = end + 1;
	*ret_minor = strtol(text, &end, 10);
	return end != text && (*end == '\0' || *end == '.' || *end == '-');
}

bool
needs_name_valid(const struct ak_need *need)
{
	long major, minor;

	switch (need->kind) {
	case AK_NEED_CAPABILITY:
		return capability_number(need->name) != -1;
	case AK_NEED_PROGRAM:
		return need->name[0] != '\0' && (need->name[0] == '/' ||
		    strchr(need->name, '/') == NULL);
	case AK_NEED_PATH:
		return need->name[0] == '/';
	case AK_NEED_MODULE:
		return need->name[0] != '\0' && strchr(need->name, '/') == NULL;
	case AK_NEED_LINUX:
		return read_version(need->name, &major, &minor);
	}
	return false;
}

/* Calls with each line of a file until it is found; false, too, where it cannot be read. */
static bool
find_line(const char *path, bool (*is_it)(const char *line, const char *name), const char *name,
    bool *ret_readable)
{
	char line[LINE_BYTES];
	FILE *file = fopen(path, "re");
	bool found = false;

	*ret_readable = file != NULL;
	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL)
		found = is_it(line, name);
	if (file != NULL)
		(void)fclose(file);
	return found;
}

static bool
is_effective(const char *line, const char *name)
{
	size_t length = strlen(CAPABILITIES_LINE);

	return strncmp(line, CAPABILITIES_LINE, length) == 0 &&
	    (strtoull(line + length, NULL, 16) >> capability_number(name) & 1) != 0;
}

/* In the names of module files '-' is as good as '_'. */
static bool
is_same_module(const char *text, const char *name)
{
	for (; *name != '\0'; text++, name++)
		if (*text != *name && !(strchr("-_", *text) != NULL && *text != '\0' &&
		    strchr("-_", *name) != NULL))
			return false;
	return strncmp(text, ".ko", strlen(".ko")) == 0;
}

/* "kernel/net/sched/sch_netem.ko.xz: ...", in modules.dep and modules.builtin. */
static bool
is_module(const char *line, const char *name)
{
	size_t length = strcspn(line, ":\n");

	while (length > 0 && line[length - 1] != '/')
		length--;
	return is_same_module(line + length, name);
}

/* Loaded, built in, or there to be loaded. Where no list can be read that is not known. */
static bool
has_module(const char *name)
{
	static const char *const lists[] = { "modules.builtin", "modules.dep" };
	char path[PATH_BYTES];
	struct utsname system;
	bool readable, all_readable = true;

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	if (access(path, F_OK) == 0 || uname(&system) == -1)
		return true;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		snprintf(path, sizeof(path), "/lib/modules/%s/%s", system.release, lists[i]);
		if (find_line(path, is_module, name, &readable))
			return true;
		all_readable = all_readable && readable;
	}
	return !all_readable;
}

static bool
has_linux(const char *version)
{
	long major, minor, own_major, own_minor;
	struct utsname system;

	if (uname(&system) == -1 || !read_version(version, &major, &minor) ||
	    !read_version(system.release, &own_major, &own_minor))
		return true;
	return own_major > major || (own_major == major && own_minor >= minor);
}

static bool
is_there(const struct ak_need *need)
{
	char path[PATH_MAX];
	bool readable, found;

	switch (need->kind) {
	case AK_NEED_CAPABILITY:
		found = find_line("/proc/self/status", is_effective, need->name, &readable);
		return found || !readable;
	case AK_NEED_PROGRAM:
		return program_find(need->name, path);
	case AK_NEED_PATH:
		return access(need->name, F_OK) == 0;
	case AK_NEED_MODULE:
		return has_module(need->name);
	case AK_NEED_LINUX:
		return has_linux(need->name);
	}
	return true;
}

static void
say(FILE *out, const struct ak_need *need)
{
	switch (need->kind) {
	case AK_NEED_CAPABILITY:
		fprintf(out, "%s, which this process has not (AmbientCapabilities in the unit)",
		    need->name);
		break;
	case AK_NEED_PROGRAM:
		fprintf(out, "the program %s", need->name);
		break;
	case AK_NEED_PATH:
		fprintf(out, "%s, which is not there", need->name);
		break;
	case AK_NEED_MODULE:
		fprintf(out, "the kernel module %s", need->name);
		break;
	case AK_NEED_LINUX:
		fprintf(out, "Linux %s or newer", need->name);
		break;
	}
	if (need->package != NULL)
		fprintf(out, " (package %s)", need->package);
	if (need->what_for != NULL)
		fprintf(out, " for %s", need->what_for);
}

/* How many are missing, and which. */
static size_t
find_missing(const struct ak_action *action, enum needs_wanted wanted,
    const struct ak_need *ret_missing[AK_NEEDS_MAX])
{
	const struct ak_need *need = action->needs;
	size_t count = 0;

	for (; need != NULL && need->name != NULL; need++)
		if (need->optional == (wanted == NEEDS_OPTIONAL) && count < AK_NEEDS_MAX &&
		    !is_there(need))
			ret_missing[count++] = need;
	return count;
}

static void
say_all(FILE *out, const struct ak_need *const *missing, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fputs(i == 0 ? "" : i + 1 < count ? ", " : ", and ", out);
		say(out, missing[i]);
	}
}

static void
name_all(FILE *out, const struct ak_need *const *missing, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s%s", i == 0 ? "" : ", ",
		    missing[i]->kind == AK_NEED_LINUX ? "Linux " : "", missing[i]->name);
}

/* What tell() writes of all that is missing; NULL if nothing is. */
static char *
text_of(const struct ak_action *action, enum needs_wanted wanted, const char *before,
    void (*tell)(FILE *out, const struct ak_need *const *missing, size_t count))
{
	const struct ak_need *missing[AK_NEEDS_MAX];
	size_t count = find_missing(action, wanted, missing), size;
	char *text = NULL;
	FILE *out;

	if (count == 0)
		return NULL;
	out = open_memstream(&text, &size);
	if (out == NULL)
		log_out_of_memory();
	if (before != NULL)
		fprintf(out, "%s %s ", action->id, before);
	tell(out, missing, count);
	if (fclose(out) != 0)
		log_out_of_memory();
	return text;
}

char *
needs_missing(const struct ak_action *action)
{
	return text_of(action, NEEDS_REQUIRED, "needs", say_all);
}

char *
needs_missing_names(const struct ak_action *action, enum needs_wanted wanted)
{
	return text_of(action, wanted, NULL, name_all);
}
