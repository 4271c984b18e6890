"""A server with a clock of its own, which may be set without harm, in a network of its own."""

import ctypes
import errno
import os
import shutil
import struct
import subprocess
import time

from harness import ACTIONKIT, TOP_BUILDDIR, Server, Skip, program_path

FAKE = program_path("FAKE_CLOCK", os.path.join(TOP_BUILDDIR, "tests/e2e/.libs/fake_clock.so"))
NS_PER_S = 10 ** 9
CAP_SYS_TIME = 25
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


def require():
    """Skips the test where there can be no such server."""
    if os.geteuid() != 0 or not shutil.which("nft"):
        raise Skip("needs root and nft")
    with open("/proc/self/status", encoding="ascii") as file:
        [effective] = [int(line.split()[1], 16) for line in file if line.startswith("CapEff")]
    if not effective >> CAP_SYS_TIME & 1:
        raise Skip("needs CAP_SYS_TIME")
    if os.environ.get("AK_INSTRUMENT") or not os.path.exists(FAKE):
        raise Skip("there is no clock to be set")


class ClockServer(Server):
    """Given the id of an action that must be asked for."""

    def __init__(self, action, **options):
        super().__init__(ACTIONKIT, enable_action=action, before=forbid_the_real_one,
                         prefix=["unshare", "-n"], **options)

    def arrange(self):
        self.clock = os.path.join(self.dir, "clock")
        self.set_clock(0)
        self.environment = {**self.environment, "AK_FAKE_CLOCK": self.clock, "LD_PRELOAD": FAKE}

    def shift(self):
        """Seconds by which its clock is wrong."""
        with open(self.clock, "rb") as file:
            return struct.unpack("q", file.read(8))[0] / NS_PER_S

    def set_clock(self, seconds):
        with open(self.clock, "r+b" if os.path.exists(self.clock) else "wb") as file:
            file.write(struct.pack("q", seconds * NS_PER_S))

    def tables(self):
        """What is in its network, as text."""
        return subprocess.run(["nsenter", "-t", str(self.process.pid), "-n", "nft", "list",
                               "ruleset"], check=True, capture_output=True, text=True).stdout
