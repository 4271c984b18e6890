#!/usr/bin/env python3
"""Without a supervisor the reaper stays as guard: it waits for the grace, then undoes."""

import signal

from harness import (
    ACTIONKIT, Later, Server, Victim, alive, boot_ms, check, check_stopped_by_extension,
    contains, equal, kill, main, paused, test, wait_for)

GONE = "supervisor gone"
GRACE_S = 2
TOLERANCE_MS = 500      # for the tests themselves, on a loaded machine


def check_undone_in_time(server, victim, execution, begin):
    victim.wait_state("S")
    took = boot_ms() - begin
    check(took >= GRACE_S * 1000, f"undone after {took} ms, before the grace was over")
    check(took <= GRACE_S * 1000 + 1000 + TOLERANCE_MS, f"undone only after {took} ms")
    row = execution.wait_phase("stopped")
    equal((row["stop_by"], row["stop_reason"]), ("extension", GONE), "row")
    server.wait_gone()


@test
def supervisor_killed():
    """SIGKILL for the supervisor, no restart: undone within grace plus a second"""
    with Server(ACTIONKIT, grace=f"{GRACE_S}s") as server, Victim() as victim:
        execution = paused(server, victim)
        responders = server.wait_responders()
        begin = boot_ms()
        server.kill_supervisor()
        wait_for(lambda: not any(map(alive, responders)), "the death of the responders")
        check_undone_in_time(server, victim, execution, begin)
        contains(server.sqlite3("select * from history"), GONE, "history")
        server.serve()
        check_stopped_by_extension(execution, GONE)


@test
def supervisor_killed_then_serve():
    """SIGKILL for the supervisor, serve in time: still paused, then stoppable"""
    with Server(ACTIONKIT, grace="60s") as server, Victim() as victim:
        execution = paused(server, victim)
        guards = server.reapers()
        server.kill_supervisor()
        server.serve()
        wait_for(lambda: not any(map(alive, guards)), "the old reapers to leave")
        equal(victim.state(), "T", "the victim")
        equal(execution.status().ok()["completed"], False, "completed")
        execution.stop().ok()
        victim.wait_state("S")


@test
def supervisor_and_stop_fail():
    """A guard whose stop() fails goes on until it works"""
    with Server(grace="1s", stop_retry="200ms") as server:
        execution = server.running(stop_trouble="fail", stop_trouble_count=3)
        server.kill_supervisor()
        row = execution.wait_phase("stopped")
        equal(row["stop_reason"], GONE, "reason")
        equal(len(execution.notes("stop", "begin")), 4, "calls of stop()")
        check(not execution.exists(), "the effect is still there")
        server.wait_gone()


@test
def quit_then_serve():
    """QUIT, then serve in time: still paused, then stoppable"""
    with Server(ACTIONKIT, grace="60s") as server, Victim() as victim:
        execution = paused(server, victim)
        guards = server.reapers()
        server.signal(signal.SIGQUIT)
        equal(server.wait_exit(), 0, "exit status")
        equal(set(server.processes()), guards, "what is left")
        equal(victim.state(), "T", "the victim")
        server.serve()
        wait_for(lambda: not any(map(alive, guards)), "the old reapers to leave")
        equal(victim.state(), "T", "the victim")
        equal(execution.phase(), "running", "phase")
        equal(execution.status().ok()["completed"], False, "completed")
        execution.stop().ok()
        victim.wait_state("S")
        equal(execution.row()["stop_by"], "agent", "stop_by")


@test
def quit_without_serve():
    """QUIT without serve: undone after the grace, and nothing is left"""
    with Server(ACTIONKIT, grace=f"{GRACE_S}s") as server, Victim() as victim:
        execution = paused(server, victim)
        begin = boot_ms()
        server.signal(signal.SIGQUIT)
        equal(server.wait_exit(), 0, "exit status")
        check_undone_in_time(server, victim, execution, begin)


@test
def quit_lets_requests_end():
    """QUIT lets a request that is being answered come to its end"""
    with Server(grace="60s") as server:
        execution = server.effect(start_trouble="hang", start_ms=1000)
        execution.prepare().ok()
        call = Later(execution.start)
        execution.wait_note("start", "begin")
        server.signal(signal.SIGQUIT)
        call.result().ok()
        equal(server.wait_exit(), 0, "exit status")
        equal(execution.phase(), "running", "phase")
        server.serve()
        execution.stop().ok()


def others(server, *known):
    """The reapers that are none of these, once there are two of them."""
    return wait_for(lambda: len(found := server.reapers() - set(known)) == 2 and found,
                    "a pair of reapers")


def hang(pids):
    for pid in pids:
        kill(pid, signal.SIGSTOP)


def go_on(pids):
    for pid in pids:
        kill(pid, signal.SIGCONT)


@test
def three_pairs():
    """Of three pairs the newest takes over; the others leave, even with the lock in hand"""
    with Server() as server:
        execution = server.running()
        old = others(server)
        hang(old)
        server.signal(signal.SIGHUP)
        middle = others(server, *old)
        hang(middle)
        server.signal(signal.SIGHUP)
        newest = others(server, *old, *middle)
        hang(newest)
        # The lock goes to the middle ones, who see that they are not needed any more.
        go_on(old)
        for pid in old:
            kill(pid, signal.SIGTERM)
        wait_for(lambda: not any(map(alive, old)), "the end of the old ones")
        go_on(middle)
        wait_for(lambda: not any(map(alive, middle)), "the middle ones to leave")
        go_on(newest)
        wait_for(lambda: server.reaper() in newest, "one of the newest at work")
        server.operator_stop(execution, "three")
        check_stopped_by_extension(execution, "operator: three")
        equal(server.reapers(), newest, "who is left")


@test
def everything_but_the_guard_is_idle():
    """A guard with nothing to guard leaves after the grace"""
    with Server(grace="1s") as server:
        server.running().stop().ok()
        server.kill_supervisor()
        server.wait_gone()


main()
