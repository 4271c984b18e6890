#!/usr/bin/env python3
"""A stop() that fails, hangs or crashes is repeated until it works."""

import fcntl
import os
import signal
import sqlite3
import subprocess

from harness import (
    IN_ORDER, Later, Server, alive, boot_ms, check, check_stopped_by_extension, contains,
    equal, main, test, wait_for)

FAILED = "stop was told to fail"
DAY_MS = 24 * 3600 * 1000


def check_recorded(server, execution):
    """A stop that failed must be seen everywhere."""
    row = execution.row()
    equal(row["phase"], "stopping", "phase")
    check(row["stop_attempts"] >= 1, f"stop_attempts {row['stop_attempts']}")
    contains(row["last_error"], FAILED, "last_error")
    failing = server.query("SELECT * FROM failing")
    equal([line["id"] for line in failing], [execution.id], "view failing")
    contains(failing[0]["last_error"], FAILED, "view failing")
    contains(server.sqlite3("select * from active"), "is being stopped, attempt",
             "view active")
    wait_for(lambda: execution.id in server.get("/health/readiness").body.decode(),
             "readiness to name the execution")


@test
def reports_badly():
    """No fault in what stop() reports fails it: each is a warning in reply and log"""
    wrong = ("ak_metric: the value of ratio", "ak_metric: the name", "ak_metric_as: -1",
             "ak_message: 9 is not a level", "ak_message_as: 5 is not a level", "ak_summary:",
             "no label", "\"none\": it has no data", "/nonexistent", "/dev/null",
             "the key is missing", "the key has 99", "the value of k is not a finite",
             "is not JSON", "7 is not a modification")
    with Server(stop_retry="500ms") as server:
        execution = server.running(stop_trouble="report", stop_trouble_count=1)
        warnings = [message["message"] for message in execution.stop().ok()["messages"]
                    if message["level"] == "warn"]
        equal(len(warnings), len(wrong), f"warnings: {warnings}")
        for text, warning in zip(wrong, warnings):
            contains(warning, text, "warning")
            contains(server.log(), "WARN responder", "log")
            contains(server.log(), f"execution {execution.id}: {warning}", "log")
        row = execution.row()
        equal((row["phase"], row["stop_attempts"]), ("stopped", 1), "row")
        # By the reaper, too: TERM does not wait for what is undone.
        server.running(stop_trouble="report", stop_trouble_count=1)
        server.signal(signal.SIGTERM)
        equal(server.wait_exit(), 0, "exit status")


@test
def fails_three_times():
    """Fails three times, then works: the reaper retries, it is recorded and stopped"""
    with Server(stop_retry="500ms") as server:
        execution = server.running(stop_trouble="fail", stop_trouble_count=3)
        execution.stop().refused(500, FAILED)
        check_recorded(server, execution)
        row = execution.wait_phase("stopped")
        equal((row["stop_by"], row["stop_attempts"]), ("agent", 4), "row")
        equal(len(execution.notes("stop", "begin")), 4, "calls of stop()")
        equal(len(execution.notes("stop", "end")), 1, "calls of stop() that worked")
        check(not execution.exists(), "the effect is still there")
        times = [note.ms for note in execution.notes("stop", "begin")]
        pauses = [after - before for before, after in zip(times, times[1:])]
        for pause, least in zip(pauses, (500, 1000, 2000)):
            check(least <= pause < least + 3000, f"pauses between attempts: {pauses} ms")
        equal(server.query("SELECT * FROM failing"), [], "view failing afterwards")
        history = server.query("SELECT * FROM history")[0]
        equal(history["stop_attempts"], 4, "history")
        whys = [event["why"] or "" for event in execution.events()]
        equal(len([why for why in whys if FAILED in why]), 3, f"failures: {whys}")
        execution.stop().ok()
        status = execution.status().ok()
        equal(status["completed"], True, "completed")


@test
def fails_for_the_reaper():
    """The same when the extension stops it; status warns meanwhile"""
    with Server(stop_retry="1s") as server:
        execution = server.running(stop_trouble="fail", stop_trouble_count=3)
        server.operator_stop(execution, "please")
        wait_for(lambda: execution.row()["last_error"], "a failure")
        check_recorded(server, execution)
        status = execution.status().ok()
        equal(status["completed"], False, "completed")
        warnings = [message["message"] for message in status.get("messages", [])
                    if message["level"] == "warn"]
        check(any(FAILED in text for text in warnings), f"warnings: {warnings}")
        check_stopped_by_extension(execution, "operator: please")
        equal(len(execution.notes("stop", "begin")), 4, "calls of stop()")


@test
def hangs():
    """Hangs twice: killed at --stop-timeout, an attempt each, the reaper lives"""
    with Server(stop_timeout="1s", stop_retry="200ms") as server:
        execution = server.running(stop_trouble="hang", stop_trouble_count=2)
        other = server.running()
        reaper = server.reaper()
        server.operator_stop(execution, "hang")
        wait_for(lambda: execution.row()["last_error"], "a failure")
        other.stop().ok()
        row = execution.wait_phase("stopped")
        equal(row["stop_attempts"], 3, "stop_attempts")
        equal(server.reaper(), reaper, "the reaper")
        begins = execution.notes("stop", "begin")
        equal(len({note.pid for note in begins}), 3, f"processes of stop(): {begins}")
        for before, after in zip(begins, begins[1:]):
            took = after.ms - before.ms
            check(1000 <= took < 8000, f"next attempt after {took} ms")
        check(not execution.exists(), "the effect is still there")


@test
def hangs_for_the_agent():
    """Hangs when the agent stops it: its request ends, the reaper goes on"""
    with Server(stop_timeout="1s", stop_retry="200ms") as server:
        execution = server.running(stop_trouble="hang", stop_trouble_count=1)
        begin = boot_ms()
        execution.stop().ok()
        check(boot_ms() - begin < 10000, "stop took too long")
        row = execution.wait_phase("stopped")
        equal(row["stop_by"], "agent", "stop_by")
        check(row["last_error"], "no last_error")
        check(not execution.exists(), "the effect is still there")
        execution.stop().ok()


@test
def crashes():
    """Crashes twice: an attempt each, the reaper lives"""
    for trouble in ("crash", "kill"):
        with Server(stop_retry="200ms") as server:
            execution = server.running(stop_trouble=trouble, stop_trouble_count=2)
            reaper = server.reaper()
            server.operator_stop(None, "crash")
            row = execution.wait_phase("stopped")
            equal((row["stop_attempts"], row["stop_reason"]), (3, "operator: crash"),
                  "row")
            check(row["last_error"], "no last_error")
            equal(server.reaper(), reaper, "the reaper")
            equal(len(execution.notes("stop", "begin")), 3, "calls of stop()")
            check(not execution.exists(), "the effect is still there")


@test
def crashes_for_the_agent():
    """Crashes when the agent stops it: the reaper repeats it"""
    with Server(stop_retry="200ms") as server:
        execution = server.running(stop_trouble="crash", stop_trouble_count=1)
        execution.stop().ok()
        row = execution.wait_phase("stopped")
        equal(row["stop_by"], "agent", "stop_by")
        equal(len(execution.notes("stop", "begin")), 2, "calls of stop()")
        execution.stop().ok()


@test
def agent_insists():
    """The agent's repeated stop wakes the reaper, and waits for its result"""
    with Server(stop_retry="30s") as server:
        execution = server.running(stop_trouble="fail", stop_trouble_count=2)
        execution.stop().refused(500, FAILED)
        begin = boot_ms()
        execution.stop().refused(500, FAILED)
        execution.stop().ok()
        check(boot_ms() - begin < 15000, "the reaper was not woken")
        equal(len(execution.notes("stop", "begin")), 3, "calls of stop()")
        equal(execution.phase(), "stopped", "phase")


@test
def start_hangs_and_agent_stops():
    """start() hangs, the agent asks to stop: killed at its deadline, then stopped"""
    with Server(handler_timeout="2s") as server:
        execution = server.effect(start_trouble="hang")
        execution.prepare().ok()
        call = Later(execution.start)
        note = execution.wait_note("start", "begin")
        stop = execution.stop()
        call.result().refused(409)
        check(stop.status == 200, f"{stop!r}")
        stops = execution.notes("stop", "begin")
        check(stops and stops[0].ms >= note.ms + 2000,
              f"stop() while start() ran: {execution.notes()}")
        execution.wait_phase("stopped")
        # Who is dead does not go on.
        wait_for(lambda: not alive(note.pid), "the end of the process in start()")
        check(not execution.exists(), "start() took effect after the stop")
        equal(execution.notes("start", "effect"), [], "effects of start()")
        equal(len(execution.notes("stop", "end")), 1, "calls of stop()")


@test
def slow_start_and_agent_stops():
    """start() is slow, the agent asks to stop: it ends first, then stop() runs"""
    with Server() as server:
        execution = server.effect(start_trouble="hang", start_ms=1500)
        execution.prepare().ok()
        call = Later(execution.start)
        execution.wait_note("start", "begin")
        execution.stop().ok()
        call.result().ok()
        equal(execution.edges("start", "stop"), IN_ORDER, "what ran")
        check(not execution.exists(), "the effect is still there")


@test
def slow_start_and_operator_stops():
    """start() is slow, an operator asks to stop: noted, and done when start() is over"""
    with Server() as server:
        execution = server.effect(start_trouble="hang", start_ms=2500)
        execution.prepare().ok()
        call = Later(execution.start)
        execution.wait_note("start", "begin")
        server.operator_stop(execution, "too slow")
        wait_for(lambda: execution.row()["stop_reason"], "the wish to be noted")
        equal(execution.phase(), "starting", "phase")
        call.result()
        check_stopped_by_extension(execution, "operator: too slow")
        equal(execution.edges("start", "stop"), IN_ORDER, "what ran")
        check(not execution.exists(), "the effect is still there")


@test
def attempts_that_cannot_begin():
    """Attempts that fail before stop() count, slow down, and end when they can begin"""
    with Server(stop_retry="200ms") as server:
        execution = server.running()
        lock = os.path.join(server.state_dir, "executions.lock")
        os.rename(lock, lock + ".away")
        os.mkdir(lock)
        server.operator_stop(execution, "cannot begin")
        wait_for(lambda: execution.row()["stop_attempts"] >= 4, "four attempts")
        os.rmdir(lock)
        os.rename(lock + ".away", lock)
        execution.wait_phase("stopped")
        failures = [event["at"] for event in execution.events()
                    if "could not be run" in (event["why"] or "")]
        check(failures[3] - failures[2] >= 800, f"times of the attempts: {failures}")
        equal(len(execution.notes("stop", "begin")), 1, "calls of stop()")
        check(not execution.exists(), "the effect is left")


@test
def operator_stops_one():
    """An operator's row, by the sqlite3 program, stops one execution within seconds"""
    with Server() as server:
        execution, other = server.running(), server.running()
        begin = boot_ms()
        subprocess.run(
            ["sqlite3", "-cmd", ".timeout 5000", server.database,
             "INSERT INTO stop_requests (execution, reason) "
             f"VALUES ('{execution.id}', 'it hurts')"], check=True, timeout=30)
        check_stopped_by_extension(execution, "operator: it hurts")
        took = execution.notes("stop", "begin")[0].ms - begin
        check(took < 3000, f"stop() only after {took} ms")
        equal(other.phase(), "running", "the other execution")
        wait_for(lambda: server.query("SELECT handled_at FROM stop_requests")[0]
                 ["handled_at"], "handled_at")
        other.stop().ok()


@test
def operator_stops_all():
    """An operator's row without an execution stops all of them"""
    with Server() as server:
        executions = [server.running() for _ in range(5)]
        prepared = server.effect()
        prepared.prepare().ok()
        server.operator_stop(None, "all of it")
        for execution in executions + [prepared]:
            check_stopped_by_extension(execution, "operator: all of it")
            equal(len(execution.notes("stop", "end")), 1, "calls of stop()")
        server.running().stop().ok()


@test
def operator_stops_what_began_later():
    """A row for all is for all that there are when the reaper reads it"""
    with Server() as server:
        server.kill_all()
        with open(os.path.join(server.state_dir, "reaper.lock"), "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)    # the reaper has to wait
            server.serve(ready=False)
            wait_for(lambda: server.get("/").status == 200, "a responder")
            server.operator_stop(None, "none is left")
            later = server.running()
        check_stopped_by_extension(later, "operator: none is left")
        server.running().stop().ok()


@test
def operator_stops_what_is_not_there():
    """A row for an execution that is unknown or over does no harm"""
    with Server() as server:
        over = server.running()
        over.stop().ok()
        server.operator_stop(server.effect(), "unknown")
        server.operator_stop(over, "over")
        wait_for(lambda: not server.query(
            "SELECT id FROM stop_requests WHERE handled_at IS NULL"), "handled_at")
        equal(over.row()["stop_by"], "agent", "stop_by")
        equal(len(over.notes("stop", "end")), 1, "calls of stop()")


@test
def stop_finds_start_failed():
    """A start() that failed half-way is undone by the agent's stop"""
    with Server() as server:
        execution = server.effect(start_trouble="fail", start_point="after")
        execution.prepare().ok()
        error = execution.start().failed()
        equal((error["title"], error["status"]), ("start was told to fail", "errored"),
              "error of start")
        check(execution.exists(), "no effect")
        execution.stop().ok()
        check(not execution.exists(), "the effect is still there")


@test
def old_history_goes():
    """What was stopped longer ago than --retention is forgotten, what is active is not"""
    with Server() as server:
        active, execution = server.running(), server.running()
        execution.stop().ok()
        recent = server.running()
        recent.stop().ok()
        server.write("UPDATE executions SET changed_at = changed_at - ?1, "
                     "created_at = created_at - ?1 WHERE id IN (?2, ?3)",
                     7 * DAY_MS + 1000, execution.id, active.id)
        server.write("UPDATE events SET at = at - ? WHERE execution IN (?, ?)",
                     7 * DAY_MS + 1000, execution.id, active.id)
        server.kill_all()
        server.serve()
        wait_for(lambda: not execution.row(), "the end of its row")
        wait_for(lambda: not execution.events(), "the end of its events")
        equal(recent.phase(), "stopped", "phase of a recent execution")
        equal(active.phase(), "running", "phase of an active execution")
        check(active.events(), "no events of an active execution")
        check(recent.events(), "no events of a recent execution")
        active.stop().ok()


@test
def events_of_a_clock_that_was_ahead():
    """Events from the future keep none that are behind them, and go when their time is over"""
    with Server() as server:
        ahead, execution, recent = (server.running() for _ in range(3))
        for one in (ahead, execution, recent):
            one.stop().ok()
        server.write("UPDATE executions SET changed_at = changed_at - ? WHERE id <> ?",
                     7 * DAY_MS + 1000, recent.id)
        # In this order, as if each had been there alone.
        server.write("UPDATE events SET id = id + 1000 * CASE execution WHEN ?1 THEN 1 "
                     "WHEN ?2 THEN 2 ELSE 3 END, at = at + CASE execution WHEN ?1 THEN ?3 "
                     "WHEN ?2 THEN -?3 ELSE 0 END", ahead.id, execution.id, 7 * DAY_MS + 1000)
        server.kill_all()
        server.serve()
        wait_for(lambda: not execution.events(), "the end of its events")
        check(recent.events(), "no events of a recent execution")
        check(ahead.events(), "no events of the future")


@test
def database_is_as_it_says():
    """The tables are STRICT and refuse what cannot be"""
    with Server() as server:
        execution = server.running()
        for change in ("phase = 'flying'", "state = '{'", "phase = 'stopped'"):
            try:
                server.write(f"UPDATE executions SET {change} WHERE id = ?", execution.id)
            except sqlite3.IntegrityError:
                continue
            raise AssertionError(f"the database took {change}")
        execution.stop().ok()


main()
