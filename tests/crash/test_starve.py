#!/usr/bin/env python3
"""Memory, or what the kernel has of anything, runs out: every effect is undone.

FAULTS_DEPTH=full tries every allocation and every call; otherwise a few are tried. The
figures are printed last.
"""

import contextlib
import mmap
import os
import resource
import signal
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from crash import (  # noqa: E402
    ACTION, Crash, FULL, Judge, Strace, TRACED, faults_main, judged, started, tried)
from harness import (  # noqa: E402
    Server, Skip, check, equal, kill, proc_start_time, test, wait_for)

RESPONDERS = 8          # one that has died young is not started again at once
RESPONDERS_FEW = 2
POINTS_SHORT = 6
SILENT_MAX = 2 * RESPONDERS     # tries without a failure: no process allocates that often
STARTED = ("prepare", "start")
SPARE_BYTES = (0, 64 << 10, 256 << 10, 1 << 20)

# What a process calls to open the database, the gate and the locks, and to use them.
OPENING = ("openat", "mmap", "fcntl", "pread64", *(
    ("brk", "flock", "pwrite64", "newfstatat", "fstat", "timer_create", "ftruncate",
     "fdatasync") if FULL else ()))
OPENINGS_MAX = 40 if FULL else 1


class Memory:
    """See struct orders in nomem.c."""

    FORMAT = "7i"

    def __init__(self, server):
        self.path = server.environment["CRASH_NOMEM"]
        with open(self.path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), struct.calcsize(self.FORMAT))

    def order(self, armed, pid=-1, parent=-1, exempt=-1, at=0):
        # Armed last.
        self.map[:] = struct.pack(self.FORMAT, 0, pid, parent, exempt, at, 0, 0)
        self.map[:4] = struct.pack("i", armed)

    def end(self):
        """How many allocations there were, and which process got none."""
        *_, count, failed = struct.unpack(self.FORMAT, self.map[:])
        self.order(0)
        return count, failed


@contextlib.contextmanager
def server_without_memory():
    if os.environ.get("AK_INSTRUMENT"):
        raise Skip("sanitizers have allocation functions of their own")
    with Server(ACTION, serve=False, responders=RESPONDERS, stop_retry="100ms",
                log_level="info") as server:
        server.environment["CRASH_NOMEM"] = os.path.join(server.dir, "nomem")
        with open(server.environment["CRASH_NOMEM"], "wb") as file:
            file.write(bytes(struct.calcsize(Memory.FORMAT)))
        server.serve()
        yield server, Memory(server)


def each_allocation(attempt):
    """Lets each fail until no process makes so many, or some. They differ in how many."""
    count, _ = attempt(0)
    check(count > 0, "nothing was allocated")
    silent = failures = 0
    points = range(1, sys.maxsize) if FULL else \
        sorted({round(1 + i * count / POINTS_SHORT) for i in range(POINTS_SHORT)})
    for at in points:
        _, failed = attempt(at)
        failures += bool(failed)
        silent = 0 if failed else silent + 1
        if silent > SILENT_MAX:
            break
    check(failures > 0, "no allocation has failed")
    tried[0] += failures


def try_call(server, memory, verb, before, at):
    """An allocation of the responder that answers a call; the count, and whether it failed."""
    execution = Crash(server)
    for call in before:
        getattr(execution, call)().ok()
    wait_for(lambda: len(server.responders()) > RESPONDERS // 2, "some responders")
    reaper = wait_for(server.reaper, "a reaper")
    memory.order(1, parent=server.process.pid, exempt=reaper, at=at)
    reply = getattr(execution, verb)()
    count, failed = memory.end()
    judge = Judge(server, execution)
    judge.now()
    judge.need(reply.status == 200 or reply.status >= 409, f"{reply!r}")
    judge.ask_again(verb)
    judge.end()
    equal(judge.wrong, [], f"violations, allocation {at} of {verb}")
    return count, failed


def allocations(verb, *before):
    with server_without_memory() as (server, memory):
        each_allocation(lambda at: try_call(server, memory, verb, before, at))
        judged(server, started(server))


@test
def allocations_of_prepare():
    """No memory at any allocation of prepare"""
    allocations("prepare")


@test
def allocations_of_start():
    """No memory at any allocation of start"""
    allocations("start", "prepare")


@test
def allocations_of_status():
    """No memory at any allocation of status"""
    allocations("status", *STARTED)


@test
def allocations_of_stop():
    """No memory at any allocation of stop"""
    allocations("stop", *STARTED)


def try_reaper(server, memory, at, **whose):
    execution = started(server)
    reaper = wait_for(server.reaper, "a reaper")
    memory.order(1, at=at, **{key: reaper for key in whose})
    server.operator_stop(execution, "starved")
    kill(reaper, signal.SIGUSR1)
    execution.wait_phase("stopped")
    count, failed = memory.end()
    wait_for(server.reaper, "a reaper")
    judge = Judge(server, execution)
    judge.end()
    equal(judge.wrong, [], f"violations, allocation {at}")
    return count, failed


def reaper_allocations(**whose):
    with server_without_memory() as (server, memory):
        each_allocation(lambda at: try_reaper(server, memory, at, **whose))


@test
def allocations_of_stopper():
    """No memory at any allocation of a stopper: it is tried again"""
    reaper_allocations(parent=True)


@test
def allocations_of_reaper():
    """No memory at any allocation of the reaper: it is tried again"""
    reaper_allocations(pid=True)


def fail_opening(server, victim, name, error, at, cause):
    """Calls of a process, and of the children that it forks, fail; whether there was one."""
    execution = started(server)
    strace = Strace(server, [victim], name, f"error={error}:when={at}")
    cause(execution, strace)
    failed = strace.end()
    wait_for(lambda: server.reaper() and len(server.children()) == RESPONDERS_FEW + 2,
             "all children")
    judge = Judge(server, execution)
    judge.end()
    judge.whole()
    equal(judge.wrong, [], f"violations, {name} {error} at call {at}")
    return failed


def openings(victim, cause):
    if os.environ.get("AK_INSTRUMENT"):
        raise Skip("sanitizers do not survive a want of memory")
    with Server(ACTION, responders=RESPONDERS_FEW, stop_retry="100ms", log_level="info",
                environment=TRACED) as server:
        for name in OPENING:
            for at in range(1, OPENINGS_MAX + 1):
                if not fail_opening(server, victim(server), name, "ENOMEM", at,
                                    lambda *what: cause(server, *what)):
                    break
                tried[0] += 1


@test
def opening_responder():
    """A responder that begins without memory in the kernel: another one answers"""
    def cause(server, execution, strace):
        old = server.responders()
        kill(min(old, key=proc_start_time))
        wait_for(lambda: strace.count() or
                 len(set(server.responders()) - set(old)) == 1, "a successor")
    openings(lambda server: server.process.pid, cause)


@test
def opening_stopper():
    """A reaper and stoppers without memory in the kernel: it is tried again"""
    def cause(server, execution, strace):
        server.operator_stop(execution, "starved")
        wait_for(lambda: strace.count() or execution.phase() == "stopped", "its stop")
    openings(lambda server: wait_for(server.reaper, "a reaper"), cause)


@test
def opening_for_a_stop():
    """A database that cannot be opened for want of anything: no stop without its record"""
    with Server(ACTION, responders=1, stop_retry="100ms", environment=TRACED) as server:
        for error in ("ENOMEM", "EMFILE", "ENFILE"):
            for at in range(1, OPENINGS_MAX + 2):
                execution = started(server)
                responder = server.wait_responders()
                strace = Strace(server, responder, "pwrite64", "error=EIO:when=1")
                Crash(server).prepare()
                check(strace.end(), "the database was not closed")
                strace = Strace(server, responder, "openat", f"error={error}:when={at}")
                reply = execution.stop()
                phase = execution.phase()
                failed = strace.end()
                check(reply.status in (500, 503) or phase == "stopped",
                      f"{error} at call {at}: told {reply!r} in phase {phase}")
                judged(server, execution)
                if not failed:
                    break
                tried[0] += 1


@test
def address_space():
    """A responder whose address space is used up: errors, and everything undone"""
    if os.environ.get("AK_INSTRUMENT"):
        raise Skip("sanitizers need an address space of terabytes")
    for spare in SPARE_BYTES:
        with Server(ACTION, responders=1) as server:
            execution = started(server)
            responder = server.wait_responders()[0]
            with open(f"/proc/{responder}/statm", encoding="ascii") as file:
                used = int(file.read().split()[0]) * mmap.PAGESIZE
            resource.prlimit(responder, resource.RLIMIT_AS,
                             (used + spare, resource.RLIM_INFINITY))
            tried[0] += 1
            for _ in range(3):
                other = Crash(server)
                other.config["note"] = "x" * (64 << 10)
                reply = other.prepare({"Request-Timeout": "5"})
                check(reply.status in (200, 500, 502, 503), f"prepare: {reply!r}")
            judged(server, execution)


if __name__ == "__main__":
    faults_main()
