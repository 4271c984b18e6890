#!/usr/bin/env python3
"""The action time-travel, on a clock that only its server believes in, in a network of its own."""

import ctypes
import errno
import os
import shutil
import struct
import subprocess
import time

from harness import (ACTIONKIT, TOP_BUILDDIR, Execution, Server, Skip, check, contains, equal,
                     install, main, program_path, skip_all, test, wait_for)

TRAVEL = "org.actionkit.time-travel"
FAKE = program_path("FAKE_CLOCK", os.path.join(TOP_BUILDDIR, "tests/e2e/.libs/fake_clock.so"))
NS_PER_S = 10 ** 9
NEAR_S = 1
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


def forbid_the_real_one():
    """For a child: the kernel refuses to set the clock, whatever the rights of it and its own."""
    settime, settimeofday = {"x86_64": (227, 164), "aarch64": (112, 170)}[os.uname().machine]
    code = b"".join(struct.pack("HBBI", *line) for line in (
        (0x20, 0, 0, 0),                    # load the number of the system call
        (0x15, 1, 0, settime), (0x15, 0, 1, settimeofday),
        (0x06, 0, 0, 0x00050000 | errno.EPERM), (0x06, 0, 0, 0x7fff0000)))
    program = ctypes.create_string_buffer(code, len(code))
    filter_ = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(program))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or \
            libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter_, 0, 0):
        raise OSError(ctypes.get_errno(), "the clock cannot be protected")
    try:
        time.clock_settime(time.CLOCK_REALTIME, time.time())
    except PermissionError:
        return
    raise OSError(errno.EPERM, "the clock is not protected")


class Travel:
    """A server with such a clock and network."""

    def __init__(self, **options):
        self.server = Server(ACTIONKIT, serve=False, enable_action=TRAVEL,
                             before=forbid_the_real_one, **options)
        self.clock = os.path.join(self.server.dir, "clock")
        with open(self.clock, "wb") as file:
            file.write(bytes(8))
        program = os.path.join(self.server.dir, "program")
        install(program, more=f"#!/bin/sh\nAK_FAKE_CLOCK={self.clock} LD_PRELOAD={FAKE} "
                              f'exec unshare -n {ACTIONKIT} "$@"\n')
        self.server.program = program

    def __enter__(self):
        try:
            self.server.serve()
        except BaseException as fault:
            self.server.__exit__(type(fault), fault, None)
            raise
        return self

    def __exit__(self, *fault):
        return self.server.__exit__(*fault)

    def begun(self, **config):
        execution = self.execution(**config)
        execution.prepare().ok()
        execution.start().ok()
        return execution

    def execution(self, **config):
        return Execution(self.server, TRAVEL, {"duration": 60000, "offset": 3600000, **config})

    def shift(self):
        """Seconds by which its clock is wrong."""
        with open(self.clock, "rb") as file:
            return struct.unpack("q", file.read(8))[0] / NS_PER_S

    def set(self, seconds):
        with open(self.clock, "r+b") as file:
            file.write(struct.pack("q", seconds * NS_PER_S))

    def tables(self):
        """What is in the network of the server, as text."""
        return subprocess.run(["nsenter", "-t", str(self.server.process.pid), "-n", "nft", "list",
                               "ruleset"], check=True, capture_output=True, text=True).stdout


def near(got, want, what):
    check(abs(got - want) < NEAR_S, f"{what}: {got} instead of {want}")


def texts(reply):
    return " ".join(message["message"] for message in reply.get("messages", []))


@test
def there_and_back():
    """An hour ahead without NTP; right, and NTP back, after the stop, and after a second one"""
    with Travel() as travel:
        execution = travel.begun()
        near(travel.shift(), 3600, "shift")
        contains(travel.tables(), f'comment "actionkit {execution.id}"', "tables")
        contains(travel.tables(), "udp dport 123 drop", "tables")
        check("set the clock" not in texts(execution.status().ok()), "status")
        second = travel.execution()
        contains(second.prepare().failed()["title"], "In use by another execution", "title")
        contains(texts(execution.stop().ok()), "right again", "messages")
        near(travel.shift(), 0, "shift")
        equal(travel.tables(), "", "tables")
        execution.stop().ok()
        near(travel.shift(), 0, "shift after a second stop")
        execution = travel.begun(offset=1000, disableNtp=False)
        near(travel.shift(), 1, "shift")
        equal(travel.tables(), "", "tables")
        execution.stop().ok()
        near(travel.shift(), 0, "shift")


@test
def set_by_others():
    """Whoever sets the clock meanwhile is left alone, and told of"""
    with Travel() as travel:
        execution = travel.begun()
        travel.set(-500)
        contains(texts(execution.status().ok()), "Somebody has set the clock", "status")
        contains(texts(execution.stop().ok()), "left as it is", "stop")
        near(travel.shift(), -500, "shift")
        equal(travel.tables(), "", "tables")
        travel.set(0)
        execution = travel.begun()
        travel.set(0)
        check("left as it is" not in texts(execution.stop().ok()), "a clock that is right")


@test
def everything_dies():
    """SIGKILL for everything: the next server sets the clock right, once"""
    with Travel() as travel:
        # The network dies with its last process; the clock does not.
        execution = travel.begun()
        travel.server.kill_all()
        near(travel.shift(), 3600, "shift")
        travel.server.serve()
        travel.server.operator_stop(execution, "the end")
        execution.wait_phase("stopped")
        near(travel.shift(), 0, "shift")


@test
def missed_heartbeat():
    """An agent that does not come back: the clock of the boot, and not this one, says when"""
    with Travel() as travel:
        execution = travel.begun(duration=1000)
        travel.server.write("UPDATE executions SET due_at = 1 WHERE id = ?", execution.id)
        wait_for(lambda: execution.phase() == "stopped", "the end")
        near(travel.shift(), 0, "shift")


@test
def other_states():
    """Another boot, no start, and states that do not come from us"""
    with Travel(unclean=True) as travel:
        execution = travel.execution()
        execution.prepare().ok()
        execution.stop().ok()
        good = {"boot": open("/proc/sys/kernel/random/boot_id", encoding="ascii").read().strip(),
                "offset_ms": 3600000, "real_ns": 0, "boot_ns": 0, "blocks_ntp": True,
                "shifted": True}
        for number, change in enumerate(({"boot": "another"}, {"boot": ""}, {"offset_ms": 0},
                                         {"real_ns": -2 ** 63, "boot_ns": 2 ** 63 - 1},
                                         {"offset_ms": 2 ** 63 - 1})):
            hostile = travel.execution()
            hostile.id = hostile.id[:-4] + f"{number:04d}"
            hostile.state = {**good, **change}
            hostile.stop()
            near(travel.shift(), 0, f"shift after {change}")
        contains(travel.execution(offset=11 * 366 * 86400000).prepare().failed()["title"],
                 "more than 10 years", "title")


def can_run():
    if os.geteuid() != 0 or not shutil.which("nft"):
        raise Skip("needs root and nft")
    with open("/proc/self/status", encoding="ascii") as file:
        effective = [int(line.split()[1], 16) for line in file if line.startswith("CapEff")][0]
    if not effective >> 25 & 1:
        raise Skip("needs CAP_SYS_TIME")
    if not os.path.exists(FAKE):
        raise Skip("there is no clock to be set")


try:
    can_run()
except Skip as reason:
    skip_all(reason)
main()
