#!/usr/bin/env python3
"""Code of an action that closes what is not its own, or forks what keeps it."""

import fcntl
import os
import re
import time

from harness import (
    EFFECT, Later, Server, alive, at_once, boot_ms, check, check_stopped_by_extension, contains,
    equal, kill, main, open_files, proc_parent, proc_read, proc_state, signals_are_clean, test,
    wait_for)

LOCK = "executions.lock"
OWN = "has closed or replaced what is the server's"
SOON_S = 5              # far less than any timeout


def orphan(server):
    """The process that a handler has left."""
    def left():
        # A stopper that has just begun looks as if it were the reaper.
        ours, reapers = {server.process.pid, *server.children()}, server.reapers()
        found = [pid for pid in server.processes()
                 if pid not in ours and proc_parent(pid) not in reapers]
        return found[0] if len(found) == 1 else None
    return wait_for(left, "the process that the handler has left")


def in_time(call):
    """The reply of a call that must not wait for any timeout."""
    begin = time.monotonic()
    reply = call()
    took = time.monotonic() - begin
    check(took < SOON_S, f"{reply!r} took {took:.1f} s")
    return reply


def impatient(execution, verb, timeout):
    """A call whose client leaves early."""
    return Later(execution.call, verb, {"state": execution.state}, timeout=timeout)


def kept(server, pid):
    """What a process has open that is the server's."""
    return [target for number, target in open_files(pid)
            if target.startswith(server.state_dir) or target.startswith(("socket:", "anon"))]


def ended(server, execution, handler):
    """The process that ran a handler ends, and another one takes its place."""
    pid = execution.notes(handler, "begin")[0].pid
    wait_for(lambda: not alive(pid), f"the end of {pid}")
    server.wait_responders()


@test
def forked_child_has_nothing():
    """A child that a handler forks has no lock, no connection and no database of the server"""
    with Server() as server:
        execution = server.running(start_trouble="fork")
        child = orphan(server)
        equal(kept(server, child), [], "what it has")
        equal(in_time(execution.status).ok()["completed"], False, "status")
        in_time(execution.stop).ok()
        check(alive(child), "the child has ended")
    with Server() as server:
        execution = server.running(stop_trouble="fork")
        server.operator_stop(execution, "fork")
        execution.wait_phase("stopped")
        equal(kept(server, orphan(server)), [], "what a stopper's has")


@test
def forks_and_dies():
    """start() forks without exec and dies: answered and stopped at once, beside the child"""
    with Server() as server:
        execution = server.effect(start_trouble="fork_die", start_point="after")
        execution.prepare().ok()
        contains(in_time(execution.start).failed()["title"], "responder died while starting",
                 "reply")
        child = orphan(server)
        execution.wait_phase("stopped", SOON_S)
        check(not execution.exists(), "the effect is left")
        check(alive(child), "the child has ended")


@test
def next_request_on_its_connection():
    """A responder dies whose handler had forked: no request waits on the connection they had"""
    with Server(responders=2) as server:
        execution = server.running(start_trouble="fork")
        kill(execution.notes("start", "begin")[0].pid)
        for _ in range(8):
            in_time(execution.status).ok()
        in_time(execution.stop).ok()


@test
def kept_by_one_that_nobody_saw():
    """A child made without fork() keeps the connection: closed for it, too"""
    with Server(responders=2) as server:
        execution = server.running(start_trouble="clone")
        check(any(target.startswith("socket:") for target in kept(server, orphan(server))),
              "it has no connection: nothing is tried")
        for _ in range(3):
            # More than one at once: connections are given up for who waits.
            at_once([lambda: in_time(execution.status).ok()] * 6)
        in_time(execution.stop).ok()


@test
def names_who_keeps_a_lock():
    """A child made without fork() keeps the lock of a dead start(): failing, events, log name it"""
    with Server() as server:
        execution = server.effect(start_trouble="clone_die", start_point="after")
        execution.prepare().ok()
        call = impatient(execution, "start", SOON_S)    # the child has its connection as well
        row = wait_for(lambda: server.query("SELECT * FROM failing"), "failing")[0]
        equal(row["id"], execution.id, "failing")
        name = row["last_error"]
        found = re.fullmatch(r"its lock is held by process (\d+) \(ak-responder\)", name)
        check(found, f"who holds it: {name}")
        child = int(found[1])
        check(child not in server.responders(), "it is one of the server's")
        contains([event["why"] for event in execution.events()], name, "events")
        contains(server.log(), f"execution {execution.id} must be stopped, but {name}", "log")
        execution.start({"Request-Timeout": "1"}).refused(
            409, f"is being worked on by process {child} (")
        execution.stop({"Request-Timeout": "1"}).refused(500, name)
        check(execution.exists(), "undone under somebody else's lock")
        kill(child)
        execution.wait_phase("stopped", SOON_S)
        check(not execution.exists(), "the effect is left")
        wait_for(call.done, "the end of the first call")


@test
def names_who_keeps_the_gate():
    """The write gate is held by a stranger: the answer says by whom"""
    with Server() as server:
        with server.gate_held():
            server.effect().prepare({"Request-Timeout": "4"}).refused(
                503, f"held by process {os.getpid()} (")


@test
def names_who_keeps_the_reapers_lock():
    """The reaper's lock is held by a stranger: the log says by whom"""
    with Server(serve=False) as server:
        with open(os.path.join(server.state_dir, "reaper.lock"), "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            server.serve(ready=False)
            wait_for(lambda: f"reaper.lock is held by process {os.getpid()} (" in server.log(),
                     "its name")
        wait_for(server.reaper, "a reaper")


@test
def clients_that_leave():
    """A connection that is closed in the middle of an answer is nothing that a handler lost"""
    with Server(responders=1) as server:
        execution = server.running(status_trouble="hang", status_ms=300)
        for i in range(4):
            call = impatient(execution, "status", 0.1)
            wait_for(call.done, "its patience to end")
            # Nobody else may wait for the responder, or the connection is given up at once.
            wait_for(lambda i=i: len(execution.notes("status", "end")) == 2 * i + 1, "its end")
            in_time(execution.status).ok()
        check(OWN not in server.log(), "an action is blamed for it")
        execution.stop().ok()


@test
def few_are_closed():
    """A handler that closes 3 to 255 meets nothing of the server's"""
    with Server(log_level="info") as server:
        for handler in ("prepare", "start", "status", "stop"):
            execution = server.running(**{f"{handler}_trouble": "close_few"})
            execution.status().ok()
            execution.stop().ok()
        equal("ended with status" in server.log(), False, "a responder ended")


@test
def lock_is_closed():
    """start() closes the lock, or opens it anew: the reply and the log say so; its process ends"""
    with Server() as server:
        for trouble in ("close_lock", "reopen_lock"):
            execution = server.effect(start_trouble=trouble)
            execution.prepare().ok()
            error = execution.start().failed()
            equal((error["title"], error["detail"]),
                  ("Start failed", f"start() {OWN}: {LOCK}"), "error")
            contains(server.log(), f"start() of {EFFECT}, execution {execution.id}, {OWN}: "
                     f"{LOCK}; this process ends", "log")
            ended(server, execution, "start")
            execution.wait_phase("stopped")
            check(not execution.exists(), "the effect is left")


@test
def lock_is_closed_before_the_effect():
    """ak_save() refuses where the lock is lost: the effect is not made"""
    with Server() as server:
        execution = server.effect(start_trouble="close_lock", start_point="first")
        execution.prepare().ok()
        contains(execution.start().failed()["detail"], LOCK, "error")
        check(not execution.notes("start", "effect"), "the effect was made")
        execution.wait_phase("stopped")


@test
def all_are_closed():
    """start() closes or replaces every descriptor: logged, answered by another one, undone"""
    with Server() as server:
        for trouble in ("close", "closefrom", "dup2"):
            execution = server.effect(start_trouble=trouble, start_point="after")
            execution.prepare().ok()
            execution.start().failed()
            ended(server, execution, "start")
            told = [line for line in server.log().splitlines()
                    if f"execution {execution.id}, {OWN}" in line]
            equal(len(told), 1, f"lines: {told}")
            for name in (LOCK, "gate.lock", "actionkit.db", "actionkit.db-wal", "the log",
                         "the listening socket", "the client's connection"):
                contains(told[0], name, trouble)
            equal(execution.stop().status, 200, "status of stop")
            equal(execution.phase(), "stopped", "phase")
            check(not execution.exists(), "the effect is left")
        equal(os.path.getsize(os.path.join(server.dir, "stray")), 0,
              "bytes written where the server's files were")
        equal(server.query("PRAGMA integrity_check")[0]["integrity_check"], "ok", "database")


@test
def other_handlers():
    """prepare() and status() that close every descriptor: told, not tried again and again"""
    with Server() as server:
        execution = server.effect(prepare_trouble="closefrom")
        execution.prepare().refused(500, "prepare() ended the process that ran it")
        equal(len(execution.notes("prepare", "begin")), 2, "calls of prepare()")
        equal(execution.phase(), None, "phase")
        execution = server.running(status_trouble="close_lock")
        contains(execution.status().failed()["detail"], LOCK, "status")
        ended(server, execution, "status")
        equal(execution.phase(), "running", "phase")
        execution.stop().ok()


@test
def stop_of_the_agent():
    """A stop() that closes the lock has failed: the reaper runs it again"""
    with Server(stop_retry="100ms") as server:
        execution = server.running(stop_trouble="close_lock")
        execution.stop().refused(500, f"stop() {OWN}: {LOCK}")
        ended(server, execution, "stop")
        execution.wait_phase("stopped")
        equal(len(execution.undo_values()), 2, "calls of stop()")


@test
def stop_of_the_reaper():
    """The same in a stopper, which closes all: its failure is recorded, the next one succeeds"""
    with Server(stop_retry="100ms") as server:
        execution = server.running(stop_trouble="closefrom")
        server.operator_stop(execution, "descriptors")
        check_stopped_by_extension(execution, "operator: descriptors")
        equal(len(execution.undo_values()), 2, "calls of stop()")
        contains([event["why"] for event in execution.events()
                  if f"stop() {OWN}: " in (event["why"] or "")][0], LOCK, "events")
        equal(server.query("PRAGMA integrity_check")[0]["integrity_check"], "ok", "database")


@test
def comes_back_twice():
    """A handler's child that returns, too, is ended: it answers and commits nothing"""
    with Server() as server:
        execution = server.running(start_trouble="fork_return")
        wait_for(lambda: "came back in a process that it forked" in server.log(), "log")
        equal([event["phase"] for event in execution.events()],
              ["prepared", "starting", "running"], "events")
        execution.stop().ok()


@test
def no_zombies():
    """A handler's child that ends later is waited for, without another request"""
    with Server(responders=1) as server:
        begin = boot_ms()
        for _ in range(3):
            server.running(start_trouble="fork_short")
        responder = server.wait_responders()[0]

        def children():
            return proc_read(responder, f"task/{responder}/children").split()
        check(children() or boot_ms() - begin > 200, "it has no children")
        wait_for(lambda: not children(), "the end of its children", SOON_S)
        wait_for(lambda: proc_state(responder) == "S", "the responder to rest")


@test
def spawned_is_clean():
    """What a handler executes without fork() has no signal blocked or ignored"""
    with Server() as server:
        execution = server.running(start_trouble="spawn", stop_trouble="spawn")
        signals_are_clean(server, "start()")
        server.operator_stop(execution, "spawn")
        signals_are_clean(server, "stop() in a stopper")
        execution.wait_phase("stopped")


main()
