#!/usr/bin/env python3
"""The action cpu-speed, on a copy of the kernel's tree that only its server sees."""

import os

from harness import (ACTIONKIT, Execution, Server, check, contains, equal, main, said, skip_all,
                     test)

SPEED = "org.actionkit.cpu-speed"
CPU = "/sys/devices/system/cpu"
# Least and most that it can, and the limits that it has, in kHz.
POLICIES = {"policy0": (800000, 3600000, 800000, 3600000),
            "policy4": (400000, 3000000, 900000, 1500000)}
FILES = ("cpuinfo_min_freq", "cpuinfo_max_freq", "scaling_min_freq", "scaling_max_freq")


# The first argument is the tree, the rest is executed.
WITH_TREE = f"""mount -t tmpfs none {CPU}
mkdir {CPU}/cpufreq
mount --bind "$1" {CPU}/cpufreq
shift
exec "$@\""""


class Machine(Server):
    """A server on a machine with these policies."""

    def __init__(self, policies=POLICIES, **options):
        self.policies = policies
        super().__init__(ACTIONKIT, **options)

    def arrange(self):
        self.tree = os.path.join(self.dir, "cpufreq")
        os.mkdir(self.tree)
        for policy, values in self.policies.items():
            os.mkdir(os.path.join(self.tree, policy))
            for name, value in zip(FILES, values):
                self.set(policy, name, value)
            self.set(policy, "scaling_cur_freq", values[2])
        self.prefix = ["unshare", "-m", "--propagation", "private", "sh", "-ec", WITH_TREE, "sh",
                       self.tree]

    def set(self, policy, name, value):
        with open(os.path.join(self.tree, policy, name), "w", encoding="ascii") as file:
            file.write(f"{value}\n")

    def limits(self, policy):
        values = []
        for name in FILES[2:]:
            with open(os.path.join(self.tree, policy, name), encoding="ascii") as file:
                values.append(int(file.read()))
        return tuple(values)

    def all_limits(self):
        return {policy: self.limits(policy) for policy in sorted(os.listdir(self.tree))}

    def execution(self, least=1000, most=2000, **config):
        return Execution(self, SPEED, {"duration": 60000, "minFreq": least,
                                              "maxFreq": most, **config})


BEFORE = {policy: values[2:] for policy, values in POLICIES.items()}
AFTER = {policy: (1000000, 2000000) for policy in POLICIES}


@test
def there_and_back():
    """Limits of each policy, told, and after the stop as they were: not those of the hardware"""
    with Machine() as machine:
        execution = machine.execution().begun()
        equal(machine.all_limits(), AFTER, "limits")
        metrics = {metric["metric"]["freq_type"]: metric["value"]
                   for metric in execution.status().ok()["metrics"]}
        equal(metrics, {"Current": 850, "Minimum": 1000, "Maximum": 2000}, "metrics")
        contains(machine.execution().prepare().failed()["title"], "In use by another", "title")
        execution.stop().ok()
        equal(machine.all_limits(), BEFORE, "limits")
        machine.set("policy0", "scaling_max_freq", 1700000)
        execution.stop().ok()
        equal(machine.limits("policy0"), (800000, 1700000), "limits after a second stop")


@test
def refused():
    """What a policy cannot do is refused by its name; so is a machine without any"""
    with Machine() as machine:
        for limits, words in (((2000, 1000), "minFreq"), ((500, 1000), "policy0 is from 800"),
                              ((1000, 3500), "policy4 is from 400 to 3000 MHz")):
            contains(machine.execution(*limits).prepare().failed()["title"], words, str(limits))
        equal(machine.all_limits(), BEFORE, "limits")
    with Machine({}) as machine:
        contains(machine.execution().prepare().failed()["title"], "offers no control", "title")
    if not os.path.exists(os.path.join(CPU, "cpufreq")):
        with Server(ACTIONKIT) as server:
            reply = Execution(server, SPEED, {"duration": 60000, "minFreq": 1, "maxFreq": 2})
            contains(str(reply.prepare().json()), "control of CPU frequency", "error")


@test
def changed_by_others():
    """What somebody else has set meanwhile stays, and is told; a policy that is gone is none"""
    with Machine() as machine:
        execution = machine.execution().begun()
        machine.set("policy4", "scaling_max_freq", 1200000)
        for name in os.listdir(os.path.join(machine.tree, "policy0")):
            os.unlink(os.path.join(machine.tree, "policy0", name))
        reply = execution.stop().ok()
        contains(said(reply), "policy4 was changed by somebody else", "messages")
        contains(said(reply), "policy0 is gone", "messages")
        equal(machine.limits("policy4"), (1000000, 1200000), "limits")


@test
def everything_dies():
    """SIGKILL for everything, also with a record of a start that died half-way: set back"""
    with Machine() as machine:
        execution = machine.execution().begun()
        machine.kill_all()
        # As a driver that rounds would leave it, had start() not come to read it back.
        machine.write("UPDATE executions SET state = json_set(state, '$.confirmed', "
                             "json('false')) WHERE id = ?", execution.id)
        machine.set("policy0", "scaling_min_freq", 1000123)
        machine.serve()
        machine.operator_stop(execution, "the end")
        execution.wait_phase("stopped")
        equal(machine.all_limits(), BEFORE, "limits")


@test
def other_states():
    """Another boot is nothing to undo, and a hostile state leads to no other file"""
    with Machine(unclean=True) as machine:
        boot = open("/proc/sys/kernel/random/boot_id", encoding="ascii").read().strip()
        mark = os.path.join(machine.dir, "scaling_min_freq")
        with open(mark, "w", encoding="ascii") as file:
            file.write("1\n")
        for number, (policy, of) in enumerate((
                ("policy0 1 2 800000 3600000", "another boot"), ("../../../.. 1 2 1 1", boot),
                (f"{machine.dir} 1 2 1 1", boot), ("policy0", boot), ("", boot),
                ("policy9 1 2 3 4", boot))):
            execution = machine.execution()
            execution.id = execution.id[:-4] + f"{number:04d}"
            execution.state = {"boot": of, "changed": True, "confirmed": True,
                               "policies": [policy]}
            execution.stop()
            equal(machine.all_limits(), BEFORE, f"limits after {policy}")
        check(open(mark, encoding="ascii").read() == "1\n", "a foreign file was written")


if os.geteuid() != 0 or os.system("unshare -m true 2>/dev/null"):
    skip_all("needs a namespace of mounts")
main()
