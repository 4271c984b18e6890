#!/usr/bin/env python3
"""The wall clock is set by an hour while a server runs: no execution notices.

The figures are printed last.
"""

import datetime
import glob
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from crash import (  # noqa: E402
    ACTION, Crash, faults_main, judged, started, tried)
from harness import (  # noqa: E402
    EXTENSION, Later, Server, Skip, boot_ms, check, equal, test, wait_for)

HOUR_S = 3600
ISO_BYTES = len("2026-01-01T00:00:00.000Z")
NEVER_STARTED_MS = 4000
HEARTBEAT_MS = 20000
RETRY_MS = 2000
LATE_MS = 10000         # on a loaded machine; an hour is far from it
TOLERANCE_S = 60


def faketime():
    if os.environ.get("AK_INSTRUMENT"):
        raise Skip("sanitizers refuse libfaketime")
    found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    if not found:
        raise Skip("there is no libfaketime (Debian: apt-get install libfaketime)")
    return found[0]


class Clock:
    """The wall clock of a server, and of it alone."""

    def __init__(self, server):
        self.path = os.path.join(server.dir, "clock")
        self.shift_s = 0
        self.set(0)
        server.environment.update(
            LD_PRELOAD=faketime(), FAKETIME_TIMESTAMP_FILE=self.path, FAKETIME_NO_CACHE="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1")

    def set(self, shift_s):
        self.shift_s = shift_s
        with open(self.path + ".new", "w", encoding="ascii") as file:
            file.write(f"{shift_s:+d}\n")
        os.replace(self.path + ".new", self.path)

    def shows(self, text, ahead_s=0):
        """Whether an ISO time is about now, or so many seconds ahead."""
        equal(len(text), ISO_BYTES, f"length of {text}")
        then = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
        return abs(then - time.time() - self.shift_s - ahead_s) < TOLERANCE_S


def server_with_clock(program, **options):
    faketime()
    server = Server(program, serve=False, log_level="info", **options)
    clock = Clock(server)
    return server, clock


def a_round_passes(server):
    """Until the reaper has looked at everything with the new time."""
    marker = started(server)
    server.operator_stop(marker, "a round")
    marker.wait_phase("stopped")


def ended_after(execution, since_ms, least_ms, reason):
    """Waits until the extension has stopped it, neither early nor late."""
    row = execution.wait_phase("stopped")
    took = boot_ms() - since_ms
    equal(row["stop_reason"], reason, "reason")
    check(least_ms <= took < least_ms + LATE_MS, f"{reason} after {took} ms")


@test
def jumps():
    """The clock jumps by an hour, there and back: nothing is stopped early or late"""
    server, clock = server_with_clock(ACTION, never_started=f"{NEVER_STARTED_MS}ms")
    with server:
        server.serve()
        polled = started(server)
        silent, since = started(server), boot_ms()
        silent_end = Later(ended_after, silent, since, HEARTBEAT_MS, "heartbeat timeout")
        for shift_s in (HOUR_S, 0, -HOUR_S, 0):
            prepared, prepared_at = Crash(server), boot_ms()
            prepared.prepare().ok()
            clock.set(shift_s)
            tried[0] += 1
            a_round_passes(server)
            equal(polled.status().ok()["completed"], False, "completed")
            ended_after(prepared, prepared_at, NEVER_STARTED_MS, "never started")
            equal(polled.status().ok()["completed"], False, "completed")
        while not silent_end.done():
            equal(polled.status().ok()["completed"], False, "completed")
            silent_end.thread.join(1)
        silent_end.result()
        judged(server, silent)
        judged(server, polled)


@test
def retry_after_a_jump():
    """A stop that failed is tried again in time although the clock was set back"""
    server, clock = server_with_clock(EXTENSION, stop_retry=f"{RETRY_MS}ms")
    with server:
        server.serve()
        execution = server.running(stop_trouble="fail", stop_trouble_count=1)
        server.operator_stop(execution, "a jump")
        failed = execution.wait_note("stop", "begin")
        clock.set(-HOUR_S)
        tried[0] += 1
        execution.wait_phase("stopped")
        again = execution.notes("stop", "begin")[1]
        pause = again.ms - failed.ms
        check(RETRY_MS <= pause < RETRY_MS + LATE_MS, f"tried again after {pause} ms")


@test
def times_after_a_jump():
    """What people read follows the clock: log, views, and when the next thing is due"""
    server, clock = server_with_clock(ACTION)
    with server:
        server.serve()
        execution = started(server)
        for shift_s in (HOUR_S, -HOUR_S):
            clock.set(shift_s)
            tried[0] += 1
            other = started(server)
            row = server.query("SELECT * FROM active WHERE id = ?", other.id)[0]
            check(clock.shows(row["created"]), f"created: {row}")
            wait_for(lambda: clock.shows(
                server.query("SELECT due FROM active WHERE id = ?", execution.id)[0]["due"],
                HEARTBEAT_MS / 1000), "the time when it is due")
            line = [line for line in server.log().splitlines() if other.id in line][-1]
            check(clock.shows(line.split()[0]), f"log: {line}")
            judged(server, other)
        judged(server, execution)


if __name__ == "__main__":
    faults_main()
