#!/usr/bin/env python3
"""What cannot be recorded: stops run all the same, and what a handler said is told first."""

import contextlib
import fcntl
import os
import resource
import signal
import subprocess
import sys
import time

from harness import (
    EFFECT, PATIENCE_S, Effect, Later, Server, boot_ms, check, command, contains, equal, fill, kill,
    main, server_on, small_disk, test, wait_for)

DISK_BYTES = 24 * 1024 * 1024
BOUND_MS = 8000         # two waits of 3 s for a transaction, and the handler
# What a reader may do: a shared lock on the byte that SQLite's writers lock.
HOLD = """import fcntl, sys
file = open(sys.argv[1], "rb")
fcntl.lockf(file, fcntl.LOCK_SH, 1, 120)
print("held", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def held_by_reader(server):
    """While a member of the group holds up all who write."""
    with subprocess.Popen([sys.executable, "-c", HOLD, server.database + "-shm"], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        try:
            equal(holder.stdout.readline(), "held\n", "the reader's lock")
            yield
        finally:
            holder.stdin.close()
            holder.wait(timeout=PATIENCE_S)


def check_bound(since_ms):
    took = boot_ms() - since_ms
    check(took < BOUND_MS, f"it took {took} ms")


def agents_stop(hold):
    with Server() as server:
        execution = server.running()
        with hold(server):
            since = boot_ms()
            execution.stop().ok()
            check_bound(since)
            check(not execution.exists(), "the effect is still there")
            contains(server.log(), f"stopping execution {execution.id} although that cannot be "
                     "recorded: ", "log")
            equal(execution.phase(), "running", "phase meanwhile")
        server.write("UPDATE executions SET due_at = 1 WHERE id = ?", execution.id)
        execution.wait_phase("stopped")
        check(not execution.exists(), "the effect is there again")


@test
def by_the_agent():
    """A reader holds SQLite's lock: the agent's stop is answered, and recorded later"""
    agents_stop(held_by_reader)


@test
def by_the_agent_with_the_gate_held():
    """The same with the gate in the hands of a neighbour"""
    agents_stop(Server.gate_held)


@test
def by_the_reaper():
    """A missed heartbeat is undone under the lock, and recorded when it is released, once"""
    for hold in (held_by_reader, Server.gate_held):
        with Server() as server:
            execution = server.running()
            server.write("UPDATE executions SET due_at = ? WHERE id = ?", boot_ms() + 1000,
                         execution.id)
            with hold(server):
                execution.wait_note("stop", "end", timeout=PATIENCE_S)
                check(not execution.exists(), "the effect is still there")
                equal(execution.phase(), "running", "phase meanwhile")
            row = execution.wait_phase("stopped")
            equal((row["stop_by"], row["stop_reason"]), ("extension", "heartbeat timeout"),
                  "row")
            equal(len(execution.notes("stop", "begin")), 1, "calls of stop()")


@test
def by_a_signal():
    """TERM under the lock: undone, and recorded when it is released"""
    with Server() as server:
        executions = [server.running() for _ in range(3)]
        with held_by_reader(server):
            server.signal(signal.SIGTERM)
            for execution in executions:
                execution.wait_note("stop", "end", timeout=PATIENCE_S)
                check(not execution.exists(), "the effect is still there")
        equal(server.wait_exit(), 0, "exit status")
        for execution in executions:
            row = execution.row()
            equal((row["phase"], row["stop_reason"]), ("stopped", "received signal SIGTERM"),
                  "row")


@test
def not_what_is_prepared():
    """What was only prepared is not stopped so: a start could begin after it"""
    with Server() as server:
        execution = server.effect()
        execution.prepare().ok()
        with held_by_reader(server):
            since = boot_ms()
            reply = execution.stop()
            check_bound(since)
            reply.refused(503, "was not started")
            check(int(reply.headers["Retry-After"]) >= 1, "Retry-After")
        equal(execution.notes("stop"), [], "calls of stop()")
        execution.stop().ok()
        equal(execution.phase(), "stopped", "phase")


@test
def not_beside_a_start():
    """A stop that cannot be noted waits for the start that runs"""
    with Server() as server:
        execution = server.effect(start_trouble="hang", start_ms=4000)
        execution.prepare().ok()
        starting = Later(execution.start)
        execution.wait_note("start", "begin")
        with held_by_reader(server):
            stopping = Later(execution.stop)
            reply = stopping.result()
            starting.result()
        reply.ok()
        equal([edge for edge in execution.edges("start", "stop")
               if edge[1] in ("begin", "end")][:3],
              [("start", "begin"), ("start", "end"), ("stop", "begin")], "order")
        check(not execution.exists(), "the effect is still there")
        server.write("UPDATE executions SET due_at = 1 WHERE phase <> 'stopped'")
        execution.wait_phase("stopped")


@test
def a_stop_that_fails():
    """One that fails says so, and is repeated by the reaper when the lock is released"""
    with Server(stop_retry="100ms") as server:
        execution = server.running(stop_trouble="fail", stop_trouble_count=1)
        with held_by_reader(server):
            execution.stop().refused(500, "stop was told to fail")
            check(execution.exists(), "the effect is gone")
        server.write("UPDATE executions SET due_at = 1 WHERE id = ?", execution.id)
        execution.wait_phase("stopped")
        check(not execution.exists(), "the effect is still there")


@test
def killed_before_it_is_recorded():
    """Whoever ran stop() dies before it is recorded: it runs once more, and is recorded"""
    with Server() as server:
        execution = server.running()
        server.write("UPDATE executions SET due_at = ? WHERE id = ?", boot_ms() + 1000,
                     execution.id)
        with held_by_reader(server):
            execution.wait_note("stop", "end", timeout=PATIENCE_S)
            for pid in server.named("ak-stopper", "ak-reaper"):
                os.kill(pid, signal.SIGKILL)
        execution.wait_phase("stopped")
        check(not execution.exists(), "the effect is still there")


@test
def start_that_loses_its_lock():
    """start() closes its lock, is overtaken, and makes its effect after that: stopped again"""
    for trouble in ("close_lock", "close", "reopen_lock"):
        with Server() as server:
            execution = server.effect(start_trouble=trouble, start_point="before",
                                      start_delay=2500)
            execution.prepare().ok()
            starting = Later(execution.start)
            execution.wait_note("start", "begin")
            time.sleep(0.5)
            execution.stop()
            starting.result()
            wait_for(lambda: execution.phase() == "stopped" and not execution.exists() and
                     execution.edges("start", "stop")[-1:] == [("stop", "end")],
                     f"the end after {trouble}")


@test
def beyond_the_size_of_a_file():
    """Under ulimit -f nothing dies: what cannot be written is 507, and a stop runs all the same"""
    with Server() as server:
        execution = server.running()
        processes = sorted(server.processes())

        def limit(size):
            for pid in server.processes():
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        limit(1024)
        server.effect().prepare().refused(507)
        server.effect().upload(("file", b"x" * 100000, "name")).refused(507)
        execution.stop()
        wait_for(lambda: not execution.exists(), "the end of the effect")
        equal(sorted(server.processes()), processes, "processes")
        limit(resource.RLIM_INFINITY)
        execution.wait_phase("stopped")
        server.running().stop().ok()
        server.check_files()


def told_first(reply, title, *words):
    """A refusal for want of space that begins with what the handler has said."""
    error = reply.refused(507, "could not be recorded", *words)
    check(error["title"].startswith(title), f"title: {error}")
    equal(error["status"], "errored", "status in it")


def fails_on_a_full_disk(server, disk):
    """A start() that finds the disk full, and whose failure cannot be recorded either; its reply.

    The log of the database may have room of its own: then there is no such reply.
    """
    execution = Effect(server, EFFECT, {
        "duration": 60000, "directory": disk, "start_delay": 500})
    execution.prepare().ok()
    starting = Later(execution.start)
    log = os.path.join(disk, "log")

    def begun():
        with open(log, encoding="utf-8") as file:
            return [line.split()[1] for line in file
                    if f"{execution.id} start begin" in line]
    [pid] = wait_for(begun, "start()")
    kill(int(pid), signal.SIGSTOP)
    fill(disk)
    kill(int(pid), signal.SIGCONT)
    reply = starting.result()
    os.unlink(os.path.join(disk, "filler"))
    execution.stop().ok()
    return reply if reply.status != 200 else None


@test
def what_the_handler_said():
    """On a full disk an agent is told what the handler has said, with the full disk beside it"""
    with small_disk(DISK_BYTES) as disk, server_on(disk, keep_free=0) as server:
        reply = wait_for(lambda: fails_on_a_full_disk(server, disk), "a start without its record")
        told_first(reply, "Failed to ", "No space left on device. This")
        execution = server.running(status_trouble="fail")
        fill(disk)

        def refused(call):
            reply = call()
            return reply if reply.status != 200 else None
        told_first(wait_for(lambda: refused(execution.status), "a status without its record"),
                   "status was told to fail")
        told_first(wait_for(lambda: refused(server.effect(prepare_trouble="fail").prepare),
                            "a prepare without its record"), "prepare was told to fail")
        contains(server.log(), "prepare was told to fail: This could not be recorded: ", "log")
        os.unlink(os.path.join(disk, "filler"))
        execution.stop().ok()


def operator_is_told(hold):
    with Server() as server:
        execution = server.running()
        with hold(server):
            stopping = Later(command, "stop", "--all", server=server, status=1)
            abandoned = command("stop", execution.id, "--abandon", "--reason", "x",
                                server=server, status=1)
            contains(abandoned.err, "by process ", "who is in the way")
            refused = stopping.result()
            contains(refused.err, "by process ", "who is in the way")
            contains(refused.err, f"kill -USR1 {server.process.pid}", "what works")
            server.signal(signal.SIGUSR1)
            wait_for(lambda: not execution.exists(), "the end of the effect")
        execution.wait_phase("stopped")


@test
def operator_under_a_readers_lock():
    """An operator's stop that cannot be noted says who is in the way, and what works"""
    operator_is_told(held_by_reader)


@test
def operator_with_the_gate_held():
    """The same with the gate in the hands of a neighbour"""
    operator_is_told(Server.gate_held)


main()
