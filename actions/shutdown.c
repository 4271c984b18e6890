/*
 * shutdown.c: reboots this host, or turns it off. Nothing can be undone, and nothing is kept: that
 * the execution was starting is recorded before, and after the boot it is over.
 */
#define _GNU_SOURCE		/* close_range() */
#include <actionkit.h>

#include <signal.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actions/this_host.h"

#define SHUTDOWN_PAUSE_S 3		/* so that the reply gets out */
#define SHUTDOWN_SYSTEMD "/run/systemd/system"
#define SHUTDOWN_SYSTEMCTL "/bin/systemctl"
/* The inode of the first namespace of processes, which no container is in. */
#define SHUTDOWN_FIRST_NAMESPACE 0xEFFFFFFCU

struct shutdown_state {
	bool reboots;
};

static const struct ak_field shutdown_fields[] = {
	AK_BOOL(struct shutdown_state, reboots),
	AK_FIELDS_END
};

static const struct ak_parameter shutdown_parameters[] = {
	{
		.name = "reboot",
		.label = "Reboot",
		.description = "Boot again; otherwise the machine stays off.",
		.type = AK_BOOLEAN,
		.required = true,
		.default_value = "true",
	},
	AK_PARAMETERS_END
};

static const struct ak_need shutdown_needs[] = {
	{ .kind = AK_NEED_CAPABILITY, .name = "CAP_SYS_BOOT" },
	{ .kind = AK_NEED_PROGRAM, .name = "systemctl", .package = "systemd",
	  .what_for = "ending services first", .optional = true },
	AK_NEEDS_END
};

static int
shutdown_prepare(struct ak_call *call, void *state)
{
	struct shutdown_state *s = state;
	struct stat st;

	if (this_host_check(call) == -1)
		return -1;
	if (stat("/proc/self/ns/pid", &st) == -1)
		return ak_errno(call, "Failed to find out whether this is a container");
	if (st.st_ino != SHUTDOWN_FIRST_NAMESPACE)
		return ak_error(call, "This server runs in a container: it cannot shut the host "
		    "down");
	s->reboots = ak_config_boolean(call, "reboot");
	return 0;
}

static void
shutdown_now(bool reboots)
{
	if (access(SHUTDOWN_SYSTEMD, F_OK) == 0)
		(void)execl(SHUTDOWN_SYSTEMCTL, "systemctl", "--no-block",
		    reboots ? "reboot" : "poweroff", (char *)NULL);
	/* Without systemd, or where it cannot be asked. */
	sync();
	(void)reboot(reboots ? RB_AUTOBOOT : RB_POWER_OFF);
}

/* Nobody's child, and without any descriptor of the server. */
static _Noreturn void
shutdown_later(bool reboots)
{
	sigset_t none;

	if (fork() != 0)
		_exit(0);
	(void)setsid();
	(void)close_range(0, ~0U, 0);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGTERM, SIG_IGN);
	(void)sleep(SHUTDOWN_PAUSE_S);
	shutdown_now(reboots);
	_exit(1);
}

static int
shutdown_start(struct ak_call *call, void *state)
{
	const struct shutdown_state *s = state;
	pid_t child = fork();

	if (child == -1)
		return ak_errno(call, "Failed to begin");
	if (child == 0)
		shutdown_later(s->reboots);
	(void)waitpid(child, NULL, 0);
	ak_message(call, AK_INFO, s->reboots ? "The host reboots in %d seconds" :
	    "The host turns itself off in %d seconds", SHUTDOWN_PAUSE_S);
	return 0;
}

const struct ak_action action_shutdown = {
	.id = "org.actionkit.shutdown",
	.label = "Shut down",
	.version = "1.0.0",
	.description = "Reboots the host, or turns it off. What else runs on it is stopped first.",
	.technology = THIS_HOST_TECHNOLOGY,
	.category = "State",
	.kind = AK_ATTACK,
	.time_control = AK_INSTANTANEOUS,
	.parameters = shutdown_parameters,
	.target_selection = &this_host_targets,
	.flags = AK_GUARDED,
	.state = AK_STATE(struct shutdown_state, shutdown_fields),
	.needs = shutdown_needs,
	.prepare = shutdown_prepare,
	.start = shutdown_start,
};
