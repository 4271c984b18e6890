#!/usr/bin/env python3
"""Missed heartbeats, and executions that are prepared and never started.

All at once, because each takes the time of four intervals of five seconds.
"""

import time

from harness import (
    ACTIONKIT, CHECK, FLASH, PAUSE, QUIET, SLOW, Execution, Server, Victim, boot_ms,
    check, check_stopped_by_extension, equal, main, test, wait_for)

HEARTBEAT_MS = 20000    # four intervals of 5 s, the shortest
LATE_MS = 3000          # the reaper looks every second; the rest is for a loaded machine
TIMEOUT = "heartbeat timeout"


def check_missed(execution, since_ms):
    """Waits for the end of the execution, which must come after so many ms."""
    note = execution.wait_note("stop", "begin")
    took = note.ms - since_ms
    check(HEARTBEAT_MS <= took <= HEARTBEAT_MS + LATE_MS, f"stop() after {took} ms")
    check_stopped_by_extension(execution, TIMEOUT)
    check(not execution.exists(), "the effect is still there")
    equal(len(execution.notes("stop", "begin")), 1, "calls of stop()")


def poll_until(execution, end_ms):
    """Status calls, one a second, until a boot time; when the last one was made."""
    last = boot_ms()
    while boot_ms() < end_ms:
        last = boot_ms()
        equal(execution.status().ok()["completed"], False, "completed")
        wait_for(lambda last=last: boot_ms() >= last + 1000, "the next poll")
    return last


@test
def no_status_at_all():
    """No status call for 4 intervals after start: undone, and the next status says so"""
    with Server() as server:
        execution = server.running()
        check_missed(execution, boot_ms())


@test
def status_stops():
    """Status calls that stop: undone 4 intervals after the last one"""
    with Server() as server:
        execution = server.running()
        last = poll_until(execution, boot_ms() + 4000)
        check_missed(execution, last)


@test
def status_without_change_stops():
    """The same for an action whose status() leaves the state as it is"""
    with Server(ACTIONKIT) as server, Victim() as victim:
        execution = Execution(server, PAUSE, {"duration": 600000, "pid": victim.pid})
        execution.prepare().ok()
        execution.start().ok()
        victim.wait_state("T")
        last = poll_until(execution, boot_ms() + 4000)
        victim.wait_state("S")
        took = boot_ms() - last
        check(HEARTBEAT_MS <= took <= HEARTBEAT_MS + LATE_MS, f"stop() after {took} ms")
        check_stopped_by_extension(execution, TIMEOUT)


@test
def status_keeps_it_alive():
    """Status calls keep it alive past 4 intervals"""
    with Server() as server:
        execution = server.running()
        poll_until(execution, boot_ms() + HEARTBEAT_MS + 2 * LATE_MS)
        equal(execution.phase(), "running", "phase")
        check(execution.exists(), "the effect is gone")
        execution.stop().ok()


@test
def longer_interval():
    """A longer call interval allows longer pauses"""
    with Server() as server:
        executions = [server.running(SLOW), server.running(QUIET)]
        end = boot_ms() + HEARTBEAT_MS + 2 * LATE_MS
        wait_for(lambda: boot_ms() >= end, "the shortest heartbeat to be over")
        for execution in executions:
            equal(execution.phase(), "running", "phase")
            execution.stop().ok()


@test
def prepared_has_no_heartbeat():
    """The heartbeat runs from start's reply: what is prepared is left alone"""
    with Server() as server:
        execution = server.effect()
        execution.prepare().ok()
        end = boot_ms() + HEARTBEAT_MS + 2 * LATE_MS
        wait_for(lambda: boot_ms() >= end, "the shortest heartbeat to be over")
        equal(execution.phase(), "prepared", "phase")
        execution.start().ok()
        execution.stop().ok()


@test
def failed_start():
    """A start that failed: nobody stops it, the heartbeat does"""
    with Server() as server:
        execution = server.effect(start_trouble="fail", start_point="after")
        execution.prepare().ok()
        execution.start().failed()
        equal(execution.phase(), "running", "phase")
        check(execution.exists(), "no effect")
        check_missed(execution, boot_ms())


@test
def action_without_stop():
    """An action without stop() ends when its heartbeat is missed"""
    with Server() as server:
        execution = Execution(server, CHECK, {"directory": server.effects, "polls": 99})
        execution.prepare().ok()
        execution.start().ok()
        row = execution.wait_phase("stopped")
        equal(row["stop_reason"], TIMEOUT, "reason")


@test
def outage():
    """After an outage of ours the heartbeat counts from the moment we serve again"""
    with Server() as server:
        execution = server.running()
        begin = boot_ms()
        wait_for(lambda: boot_ms() >= begin + 10000, "half of the heartbeat")
        server.kill_all()
        wait_for(lambda: boot_ms() >= begin + 13000, "the outage to last")
        again = boot_ms()
        server.serve()
        note = execution.wait_note("stop", "begin")
        took = note.ms - again
        check(HEARTBEAT_MS <= took <= HEARTBEAT_MS + LATE_MS + 2000,
              f"stop() {took} ms after serve")
        check_stopped_by_extension(execution, TIMEOUT)


@test
def clock_of_the_wall():
    """Times in the views are of the wall clock"""
    with Server() as server:
        execution = server.running()
        text = server.query("SELECT due, created FROM active")[0]
        now = time.strftime("%Y-%m-%dT%H:", time.gmtime())
        later = time.strftime("%Y-%m-%dT%H:", time.gmtime(time.time() + 60))
        for name in ("due", "created"):
            check(text[name].startswith((now, later)) and text[name].endswith("Z"),
                  f"{name}: {text[name]}")
        execution.stop().ok()


@test
def never_started():
    """What is prepared and never started is stopped, with stop()"""
    with Server(never_started="2s") as server:
        execution = server.effect()
        begin = boot_ms()
        execution.prepare().ok()
        note = execution.wait_note("stop", "begin")
        took = note.ms - begin
        check(2000 <= took <= 2000 + LATE_MS, f"stop() after {took} ms")
        check_stopped_by_extension(execution, "never started")
        equal(execution.notes("start"), [], "calls of start()")
        title = execution.start().failed()["title"]
        equal(title, "Action was stopped by extension: never started", "start afterwards")


@test
def never_started_without_stop():
    """The same for an action that has nothing to stop"""
    with Server(never_started="1s") as server:
        execution = Execution(server, FLASH, {"directory": server.effects})
        execution.paths["prepare"] = "/flash/get-ready"
        reply = server.request("PUT", "/flash/get-ready",
                               {"executionId": execution.id, "config": execution.config})
        reply.ok()
        row = execution.wait_phase("stopped")
        equal(row["stop_reason"], "never started", "reason")


main(workers=16)
