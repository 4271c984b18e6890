#!/usr/bin/env python3
"""What systemd is told: datagrams to NOTIFY_SOCKET, from the supervisor alone."""

import mmap
import os
import re
import signal
import socket
import struct
import threading
import time

from harness import (
    EXTENSION, PATIENCE_S, Server, check, contains, equal, install, kill, main, proc_state, test,
    wait_for)

WATCHDOG_US = 1000000
REAPER_BEAT_AT = 48     # in the scoreboard: after what begins struct scoreboard
SILENCE_MS = 40000      # longer than any reaper may be silent
STATUS = re.compile(r"^STATUS=4 responders, (\d+) active, (\d+) failing$")


class Systemd:
    """The other end of NOTIFY_SOCKET; told has each datagram, its lines, once it reads."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind(path)
        self.told = []
        self.senders = set()

    def read(self):
        threading.Thread(target=self.receive, daemon=True).start()
        return self

    def receive(self):
        while True:
            text, more, _, _ = self.socket.recvmsg(4096, 256)
            self.senders.add(struct.unpack("iii", more[0][2])[0])
            self.told.append(text.decode().splitlines())

    def lines(self, since=0):
        return [line for lines in self.told[since:] for line in lines]

    def states(self, since=0):
        """READY, RELOADING and STOPPING, as they came."""
        return [line.removesuffix("=1") for line in self.lines(since)
                if line in ("READY=1", "RELOADING=1", "STOPPING=1")]

    def statuses(self, since=0):
        return [line for line in self.lines(since) if line.startswith("STATUS=")]

    def wait(self, line, since=0):
        """Waits for a line that is, or begins with, this one; how many datagrams there were."""
        return wait_for(
            lambda: next((place + 1 for place in range(since, len(self.told)) if any(
                told.startswith(line) for told in self.told[place])), None),
            f"{line} (told: {self.told[-5:]})")


class NotifyServer(Server):
    """One with such a socket, of which systemd reads from the beginning, unless that is full."""

    def __init__(self, full=False, watchdog=False, **options):
        self.full = full
        super().__init__(serve=False, **options)
        if watchdog:
            self.environment["WATCHDOG_USEC"] = str(WATCHDOG_US)
        self.serve(ready=not full)

    def arrange(self):
        path = os.path.join(self.dir, "notify")
        self.systemd = Systemd(path)
        self.environment = {**self.environment, "NOTIFY_SOCKET": path}
        if not self.full:
            self.systemd.read()
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.setblocking(False)
            try:
                while True:
                    other.sendto(b"X_OTHER=1", path)
            except BlockingIOError:
                pass


def monotonic_us():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


@test
def tells_its_life():
    """READY; RELOADING with its time, then READY; STOPPING and more time; numbers that change"""
    with NotifyServer(unclean=True, stop_retry="100ms") as server:
        systemd = server.systemd
        systemd.wait("STATUS=4 responders, 0 active, 0 failing")
        equal(systemd.states(), ["READY"], "states")
        execution = server.running(stop_trouble="fail", stop_trouble_count=1000000)
        seen = systemd.wait("STATUS=4 responders, 1 active, 0 failing")

        begin = monotonic_us()
        server.signal(signal.SIGHUP)
        at = systemd.wait("RELOADING=1", seen)
        [stamp] = [line for line in systemd.told[at - 1] if line.startswith("MONOTONIC_USEC=")]
        check(begin <= int(stamp.partition("=")[2]) <= monotonic_us(), f"{stamp} of {begin}")
        seen = again = systemd.wait("READY=1", at)
        contains(server.log(), "generation 2", "the log when it is ready")

        execution.stop().refused(500)
        seen = systemd.wait("STATUS=4 responders, 1 active, 1 failing", seen)
        server.signal(signal.SIGTERM)
        seen = systemd.wait("STOPPING=1", seen)
        systemd.wait("STATUS=stopping all executions: 1 active, 1 failing", seen - 1)
        systemd.wait("EXTEND_TIMEOUT_USEC=", seen - 1)
        execution.heal()
        equal(server.wait_exit(), 0, "exit status")
        equal(systemd.states(), ["READY", "RELOADING", "READY", "STOPPING"], "states")
        equal(systemd.senders, {server.process.pid}, "who told it")
        statuses = systemd.statuses(again - 1)
        check(all(old != new for old, new in zip(statuses, statuses[1:])),
              f"told twice: {statuses}")
        check("WATCHDOG=1" not in systemd.lines(), "a watchdog that there is not was fed")


@test
def hup_that_changes_nothing():
    """A program that does not pass its test: READY again, and the status says so until one does"""
    with NotifyServer() as server:
        seen = server.systemd.wait("READY=1")
        program = os.path.join(server.dir, "program")
        install(program, EXTENSION)
        server.signal(signal.SIGTERM)
        equal(server.wait_exit(), 0, "exit status")
        server.program = program
        server.serve()
        seen = server.systemd.wait("READY=1", seen)
        install(program, more="#!/bin/sh\nexit 1\n")
        server.signal(signal.SIGHUP)
        seen = server.systemd.wait("READY=1", server.systemd.wait("RELOADING=1", seen))
        seen = server.systemd.wait("STATUS=4 responders, 0 active, 0 failing, the last SIGHUP "
                                   "changed nothing: the log says why", seen - 1)
        install(program, EXTENSION)
        server.signal(signal.SIGHUP)
        seen = server.systemd.wait("READY=1", seen)
        wait_for(lambda: server.systemd.statuses()[-1] ==
                 "STATUS=4 responders, 0 active, 0 failing", "a status without it")


@test
def leaves_without_stopping():
    """QUIT: STOPPING, and what goes on"""
    with NotifyServer() as server:
        execution = server.running()
        seen = server.systemd.wait("STATUS=4 responders, 1 active, 0 failing")
        server.signal(signal.SIGQUIT)
        server.systemd.wait("STATUS=leaving, executions go on: 1 active, 0 failing", seen)
        equal(server.wait_exit(), 0, "exit status")
        equal(server.systemd.states(), ["READY", "STOPPING"], "states")
        server.serve()
        execution.stop().ok()


@test
def a_start_that_fails():
    """The status says why"""
    with NotifyServer() as server:
        server.systemd.wait("READY=1")
        other = server.spawn(server.arguments())
        equal(other.wait(PATIENCE_S), 78, "exit status of a second one")
        server.systemd.wait(f"STATUS=state-dir {server.state_dir}: another server (pid ")
        equal(server.systemd.states(), ["READY"], "states")


@test
def watchdog():
    """Fed each half of its time, over HUP, too, but not while no reaper gives a sign of life"""
    with NotifyServer(watchdog=True) as server:
        systemd = server.systemd
        seen = systemd.wait("WATCHDOG=1")
        begin = monotonic_us()
        for _ in range(4):
            seen = systemd.wait("WATCHDOG=1", seen)
        check(monotonic_us() - begin >= 3 * WATCHDOG_US // 2, "it is fed all the time")
        server.signal(signal.SIGHUP)
        seen = systemd.wait("READY=1", seen)
        seen = systemd.wait("WATCHDOG=1", seen)

        wait_for(lambda: server.standby() and len(server.reapers()) == 2, "the new pair")
        reapers = server.reapers()
        for pid in reapers:
            kill(pid, signal.SIGSTOP)
        wait_for(lambda: {proc_state(pid) for pid in reapers} == {"T"}, "both to be stopped")
        with open(os.path.join(server.state_dir, "scoreboard"), "r+b") as file:
            board = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        [beat] = struct.unpack_from("q", board, REAPER_BEAT_AT)
        check(abs(beat - time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 10**6) < SILENCE_MS // 2,
              "the reaper's beat is elsewhere in the scoreboard")
        struct.pack_into("q", board, REAPER_BEAT_AT, beat - SILENCE_MS)
        silent = systemd.wait("STATUS=4 responders, 0 active, 0 failing, no reaper", seen)
        begin = monotonic_us()
        wait_for(lambda: monotonic_us() - begin > WATCHDOG_US, "the time to be fed twice")
        check("WATCHDOG=1" not in systemd.lines(silent - 1), "it was fed without a reaper")
        for pid in reapers:
            kill(pid, signal.SIGCONT)
        systemd.wait("WATCHDOG=1", silent)
        wait_for(lambda: systemd.statuses()[-1] == "STATUS=4 responders, 0 active, 0 failing",
                 "a status of a reaper that is there")


@test
def watchdog_of_another():
    """What WATCHDOG_PID gives to another process is not for this one"""
    with NotifyServer(watchdog=True) as server:
        server.signal(signal.SIGTERM)
        equal(server.wait_exit(), 0, "exit status")
        server.environment["WATCHDOG_PID"] = str(os.getpid())
        seen = len(server.systemd.told)
        server.serve()
        server.systemd.wait("READY=1", seen)
        server.signal(signal.SIGTERM)
        equal(server.wait_exit(), 0, "exit status")
        check("WATCHDOG=1" not in server.systemd.lines(seen), "it was fed")


@test
def does_not_wait_for_systemd():
    """A socket that takes nothing holds up nobody, and is told all once it takes it"""
    with NotifyServer(full=True) as server:
        server.wait_ready()
        wait_for(lambda: "serving on" in server.log(), "what it would tell")
        victim = server.wait_responders()[0]
        kill(victim)
        wait_for(lambda: victim not in server.wait_responders(), "another responder")
        server.systemd.read().wait("READY=1")
        server.systemd.wait("STATUS=4 responders, 0 active, 0 failing")
        equal(server.systemd.states(), ["READY"], "states")


@test
def tells_nobody():
    """A socket that is gone is told of once, and the server serves"""
    with NotifyServer() as server:
        server.systemd.wait("READY=1")
        os.unlink(server.environment["NOTIFY_SOCKET"])
        server.signal(signal.SIGHUP)
        wait_for(lambda: "generation 2" in server.log(), "the new generation")
        lines = [line for line in server.log().splitlines() if "systemd cannot be told" in line]
        check(0 < len(lines) <= 2, f"once of each generation: {lines}")


main()
