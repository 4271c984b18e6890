#!/usr/bin/env python3
"""Missed heartbeats, and executions that are prepared and never started.

All at once, because each takes the time of four intervals of five seconds. Where something
must not happen within that time, it is over when a witness has missed its heartbeat.
"""

import signal
import time

from harness import (
    ACTIONKIT, CHECK, FLASH, QUIET, SLOW, Execution, Server, Victim, boot_ms, check,
    check_stopped_by_extension, command, contains, equal, main, paused, test, wait_for)

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


def poll_late(execution):
    """A status call that comes after half of the heartbeat; when it was made."""
    move_deadline(execution, HEARTBEAT_MS // 2)
    last = boot_ms()
    equal(execution.status().ok()["completed"], False, "completed")
    return last


def move_deadline(execution, ms):
    """As if the heartbeat would be missed in so many ms, or has been."""
    execution.server.write("UPDATE executions SET due_at = ? WHERE id = ?",
                           boot_ms() + ms, execution.id)


def witness_missed(witness):
    """Waits until one that began with the others has missed its heartbeat."""
    equal(witness.wait_phase("stopped")["stop_reason"], TIMEOUT, "reason of the witness")


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
        check_missed(execution, poll_late(execution))


@test
def status_without_change_stops():
    """The same for an action whose status() leaves the state as it is"""
    with Server(ACTIONKIT) as server, Victim() as victim:
        execution = paused(server, victim)
        last = poll_late(execution)
        victim.wait_state("S")
        took = boot_ms() - last
        check(HEARTBEAT_MS <= took <= HEARTBEAT_MS + LATE_MS, f"stop() after {took} ms")
        check_stopped_by_extension(execution, TIMEOUT)


@test
def status_keeps_it_alive():
    """Status calls keep it alive past 4 intervals"""
    with Server() as server:
        execution, witness = server.running(), server.running()

        def polled():
            equal(execution.status().ok()["completed"], False, "completed")
            return witness.phase() == "stopped"
        wait_for(polled, "the witness to be stopped")
        witness_missed(witness)
        equal(execution.phase(), "running", "phase")
        check(execution.exists(), "the effect is gone")
        execution.stop().ok()


@test
def longer_interval():
    """A longer call interval allows longer pauses"""
    with Server() as server:
        executions = [server.running(SLOW), server.running(QUIET)]
        witness_missed(server.running())
        for execution in executions:
            equal(execution.phase(), "running", "phase")
            execution.stop().ok()


@test
def prepared_has_no_heartbeat():
    """The heartbeat runs from start's reply: what is prepared is left alone"""
    with Server() as server:
        execution = server.effect()
        execution.prepare().ok()
        witness_missed(server.running())
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
        server.kill_all()
        # As if it had lasted until after the heartbeat.
        move_deadline(execution, -LATE_MS)
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


OVER = "duration is over, the agent did not stop it"
INTERVAL_MS = 5000      # that the agent is given to stop it: the shortest heartbeat


@test
def outlasts_its_duration():
    """An external action whose agent is gone is stopped an interval after its duration"""
    with Server() as server:
        execution = server.running(duration=1000)
        since = boot_ms()
        note = execution.wait_note("stop", "begin")
        took = note.ms - since
        check(1000 + INTERVAL_MS - LATE_MS <= took <= 1000 + INTERVAL_MS + LATE_MS,
              f"stop() after {took} ms")
        check_stopped_by_extension(execution, OVER)
        check(not execution.exists(), "the effect is still there")


@test
def outlasts_it_although_polled():
    """So it is where status is asked, but stop is not; its end is shown"""
    with Server() as server:
        execution = server.running(duration=1000)
        row = execution.row()
        equal(row["duration"], 1000, "duration")
        ends_ms = row["ends_at"]
        check(abs(ends_ms - boot_ms() - 1000 - INTERVAL_MS) < LATE_MS, f"ends at {ends_ms}")
        contains(command("show", execution.id, server=server).out, "ends_at", "show")
        while execution.phase() == "running":
            check(boot_ms() < ends_ms + LATE_MS, "it goes on")
            execution.status()
            time.sleep(0.2)
        check_stopped_by_extension(execution, OVER)


@test
def ends_in_time():
    """An agent that stops it in time sees nothing of that, nor does a longer duration"""
    with Server() as server:
        short, long = server.running(duration=1000), server.running(duration=3600000)
        time.sleep(1)
        check("error" not in short.stop().ok(), "an error of stop")
        equal(short.row()["stop_by"], "agent", "who has stopped it")
        equal(long.phase(), "running", "phase of the longer one")
        long.stop().ok()


@test
def without_an_end():
    """What is internal has no such end, however its parameter is called"""
    with Server() as server:
        execution = Execution(server, CHECK, {"directory": server.effects, "polls": 1000})
        execution.prepare().ok()
        execution.start().ok()
        equal((execution.row()["duration"], execution.row()["ends_at"]), (0, 0), "row")
        execution.stop()


@test
def after_a_restart():
    """An end that has come while nobody served: the agent has an interval to stop it"""
    with Server(grace="30s") as server:
        execution = server.running(duration=1000)
        server.signal(signal.SIGQUIT)
        server.wait_exit()
        time.sleep(1.5)
        server.serve()
        since = boot_ms()
        check("error" not in execution.stop().ok(), "an error of stop")
        check(boot_ms() - since < INTERVAL_MS, "it took too long")
        equal(execution.row()["stop_by"], "agent", "who has stopped it")


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
