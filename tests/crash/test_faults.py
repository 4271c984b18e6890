#!/usr/bin/env python3
"""Disk, database and processes fail: every call is answered truly, every effect undone.

FAULTS_DEPTH=full injects errors at every call of the store up to a limit; otherwise at a few.
The figures are printed last.
"""

import contextlib
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "../e2e"))

from harness import (  # noqa: E402
    EX_CONFIG, Execution, Server, Skip, at_once, check, clean_environment, contains, equal,
    kill, run, test, title, wait_for, TESTS)
from test_points import ACTION, CRASH, Judge  # noqa: E402

FULL = os.environ.get("FAULTS_DEPTH") == "full"
DISK_BYTES = 24 * 1024 * 1024
BALLAST_BYTES = 4 * 1024 * 1024
CALLS_MAX = 40          # of one name in one request, more than there are
CALLS_SHORT = (1, 2)
INJECTIONS = (
    ("pwrite64", "EIO"), ("pwrite64", "ENOSPC"), ("pwrite64", "EINTR"),
    ("pread64", "EIO"), ("fdatasync", "EIO"), ("flock", "EINTR"), ("fcntl", "EINTR"),
)

UNLOCKS = range(1, CALLS_MAX + 1) if FULL else (3,)     # of the calls of fcntl

tried = [0]             # faults that were brought about


def crash_execution(server):
    return Execution(server, CRASH, {"duration": 60000, "directory": server.effects})


def started(server):
    execution = crash_execution(server)
    execution.prepare().ok()
    execution.start().ok()
    return execution


def judged(server, execution):
    judge = Judge(server, execution)
    judge.end()
    judge.whole()
    equal(judge.wrong, [], "violations")


@contextlib.contextmanager
def disk():
    """A state directory on a small disk of its own."""
    directory = tempfile.mkdtemp(prefix="ak-disk-")
    try:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0750",
                           "tmpfs", directory], check=False, capture_output=True).returncode:
            raise Skip("nothing can be mounted here")
        try:
            yield directory
        finally:
            subprocess.run(["umount", "-l", directory], check=False)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def server_on(directory, **options):
    with Server(ACTION, serve=False, **options) as server:
        server.state_dir = directory
        server.database = os.path.join(directory, "actionkit.db")
        server.serve()
        yield server


def fill(directory):
    """Writes until nothing more fits."""
    with open(os.path.join(directory, "filler"), "wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while file.write(b"x" * size):
                    pass


def ballast(directory):
    return os.path.getsize(os.path.join(directory, "ballast"))


@test
def disk_full():
    """A full disk: nothing begins, and what runs can be stopped and is recorded"""
    with disk() as directory, server_on(directory) as server:
        wait_for(lambda: ballast(directory) == BALLAST_BYTES, "the ballast")
        executions = [started(server) for _ in range(3)]
        fill(directory)
        tried[0] += 1

        def refused():
            return crash_execution(server).prepare().status == 507
        wait_for(refused, "a prepare that finds the disk full")
        equal(ballast(directory), BALLAST_BYTES, "the ballast after a prepare")
        for execution in executions:
            execution.stop().ok()
            equal(execution.phase(), "stopped", "phase")
        equal(ballast(directory), 0, "the ballast after a stop")
        os.unlink(os.path.join(directory, "filler"))
        for execution in executions:
            judged(server, execution)
        judged(server, started(server))


@test
def disk_full_term():
    """A full disk: SIGTERM stops everything, and the server leaves with status 0"""
    with disk() as directory, server_on(directory) as server:
        wait_for(lambda: ballast(directory) == BALLAST_BYTES, "the ballast")
        execution = started(server)
        fill(directory)
        tried[0] += 1
        server.signal(signal.SIGTERM)
        equal(server.wait_exit(), 0, "status of serve")
        equal(execution.phase(), "stopped", "phase")


@test
def disk_read_only():
    """A read-only disk: serve refuses it, and undoes everything when it can be written"""
    with disk() as directory, server_on(directory) as server:
        execution = started(server)

        def mount(mode):
            equal(subprocess.run(["mount", "-o", f"remount,{mode}", directory], check=False,
                                 capture_output=True).returncode, 0, "remount")
        # What has a file open for writing keeps a disk from it.
        server.kill_all()
        mount("ro")
        tried[0] += 1
        server.serve(ready=False)
        check(server.wait_exit() != 0, "serve ended with status 0")
        mount("rw")
        server.serve()
        judged(server, execution)


def spoil(change):
    """The database is changed while nobody serves: the agent's stop goes by its own state."""
    with Server(ACTION) as server:
        execution = started(server)
        server.kill_all()
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(server.database + suffix)
        change(server.database)
        tried[0] += 1
        server.serve(ready=False)
        wait_for(lambda: server.get("/").status == 200, "somebody who serves")
        execution.stop().ok()
        equal([name for name in os.listdir(server.effects) if name != "log"], [], "effects")
        # A database that cannot be read lets nobody leave with a good conscience.
        server.unclean = True


@test
def database_corrupt():
    """A database that is none: the agent can still stop what it started"""
    def change(path):
        with open(path, "r+b") as file:
            file.write(b"\xa5" * os.path.getsize(path))
    spoil(change)


@test
def database_truncated():
    """A truncated database: the agent can still stop what it started"""
    spoil(lambda path: os.truncate(path, 5000))


@test
def database_newer():
    """A database of a newer schema: serve refuses to touch it"""
    with Server(ACTION) as server:
        execution = started(server)
        version = server.query("PRAGMA user_version")[0]["user_version"]
        server.kill_all()
        server.write("PRAGMA user_version = 99")
        tried[0] += 1
        server.serve(ready=False)
        equal(server.wait_exit(), EX_CONFIG, "status of serve")
        contains(server.log(), "newer actionkit", "log")
        server.write(f"PRAGMA user_version = {version}")
        server.serve()
        judged(server, execution)


@test
def foreign_writer():
    """A foreign writer holds the database for longer than deadlines: 503, then as if not"""
    with Server(ACTION) as server:
        execution, other = started(server), crash_execution(server)
        other.prepare().ok()
        connection = sqlite3.connect(server.database, timeout=10, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        tried[0] += 1
        deadline = {"Request-Timeout": "1"}
        replies = at_once([lambda: execution.stop(deadline), lambda: other.start(deadline)])
        equal([reply.status for reply in replies], [503, 503], "status")
        equal(execution.status().ok()["completed"], False, "completed")
        connection.execute("ROLLBACK")
        connection.close()
        judged(server, execution)
        equal(other.phase(), "prepared", "phase of what was not started")
        judged(server, other)


@test
def errors_of_calls():
    """System calls of the store that fail: true answers, everything undone"""
    if not shutil.which("strace"):
        raise Skip("there is no strace")
    points = range(1, CALLS_MAX + 1) if FULL else CALLS_SHORT
    with Server(ACTION, responders=1, stop_retry="100ms",
                environment={"ASAN_OPTIONS": "detect_leaks=0"}) as server:
        for name, error in INJECTIONS:
            for verb, before in (("start", ("prepare",)), ("stop", ("prepare", "start"))):
                for at in points:
                    if not inject(server, name, error, at, verb, before):
                        break


def inject(server, name, error, at, verb, before):
    """Whether there was such a call."""
    execution = crash_execution(server)
    for call in before:
        getattr(execution, call)().ok()
    responder = server.wait_responders()[0]
    log = os.path.join(server.dir, "strace.log")
    with open(log, "w", encoding="utf-8") as file:
        tracer = subprocess.Popen(
            ["strace", "-p", str(responder), "-e", f"trace={name}",
             "-e", f"inject={name}:error={error}:when={at}"],
            stderr=file, env=clean_environment())

    def trace():
        with open(log, encoding="utf-8") as file:
            return file.read()
    wait_for(lambda: "attached" in trace() or tracer.poll() is not None, "strace")
    if tracer.poll() is not None:
        raise Skip(f"strace cannot trace here: {trace()}")
    judge = Judge(server, execution)
    reply = getattr(execution, verb)()
    tracer.terminate()
    tracer.wait()
    # It may have closed the database, which is opened again by the next request.
    wait_for(lambda: server.get("/health/readiness").status == 200, "readiness")
    if "INJECTED" not in trace():
        judge.end()
        return False
    tried[0] += 1
    judge.need(reply.status == 200 or reply.status >= 409, f"{reply!r}")
    if verb == "stop" and reply.status == 200:
        judge.need(execution.phase() == "stopped", f"told stopped: {execution.row()}")
    judge.ask_again(verb)
    judge.end()
    judge.whole()
    equal(judge.wrong, [], f"violations, {name} {error} at call {at} of {verb}")
    return True


@test
def unlock_fails():
    """A lock of the database that cannot be let go holds up nobody for long"""
    if not shutil.which("strace"):
        raise Skip("there is no strace")
    with Server(ACTION, responders=1, stop_retry="100ms",
                environment={"ASAN_OPTIONS": "detect_leaks=0"}) as server:
        for at in UNLOCKS:
            inject(server, "fcntl", "EINTR", at, "start", ("prepare",))


@test
def forks_fail():
    """The reaper cannot fork: it tries again"""
    if not shutil.which("strace"):
        raise Skip("there is no strace")
    with Server(ACTION, environment={"ASAN_OPTIONS": "detect_leaks=0"}) as server:
        execution = started(server)
        log = os.path.join(server.dir, "strace.log")
        with open(log, "w", encoding="utf-8") as file:
            tracer = subprocess.Popen(
                ["strace", "-p", str(server.reaper()), "-e", "trace=clone,clone3,fork,vfork",
                 "-e", "inject=clone,clone3,fork,vfork:error=EAGAIN:when=1..2"],
                stderr=file, env=clean_environment())

        def trace():
            with open(log, encoding="utf-8") as file:
                return file.read()
        wait_for(lambda: "attached" in trace() or tracer.poll() is not None, "strace")
        if tracer.poll() is not None:
            raise Skip(f"strace cannot trace here: {trace()}")
        server.operator_stop(execution, "without a fork")
        execution.wait_phase("stopped")
        tracer.terminate()
        tracer.wait()
        equal(trace().count("INJECTED"), 2, "forks that failed")
        tried[0] += 2
        judged(server, execution)


@test
def descriptors_used_up():
    """A responder without descriptors: errors, and everything undone when there are some"""
    with Server(ACTION, responders=1) as server:
        execution = started(server)
        responder = server.wait_responders()[0]
        count = len(os.listdir(f"/proc/{responder}/fd"))
        before = resource.prlimit(responder, resource.RLIMIT_NOFILE)
        for spare in (1, 2, 3):
            resource.prlimit(responder, resource.RLIMIT_NOFILE, (count + spare, before[1]))
            tried[0] += 1
            reply = crash_execution(server).prepare({"Request-Timeout": "2"})
            check(reply.status in (200, 500, 502, 503), f"prepare: {reply!r}")
            if execution.phase() == "running":
                reply = execution.stop({"Request-Timeout": "2"})
                check(reply.status in (200, 500, 502, 503), f"stop: {reply!r}")
        resource.prlimit(responder, resource.RLIMIT_NOFILE, before)
        judged(server, execution)


@test
def handlers_hang():
    """A responder that hangs in any handler is killed, and everything undone"""
    with Server(handler_timeout="1s", stop_timeout="1s", stop_retry="100ms") as server:
        for handler, before in (("prepare", ()), ("start", ("prepare",)),
                                ("status", ("prepare", "start")),
                                ("stop", ("prepare", "start"))):
            execution = server.effect(**{f"{handler}_trouble": "hang"})
            for call in before:
                getattr(execution, call)().ok()
            tried[0] += 1
            reply = getattr(execution, handler)()
            if handler == "start":
                check(reply.failed(), "no error of start")
            elif handler == "stop":
                check(reply.status in (200, 500, 503), f"{handler}: {reply!r}")
            else:
                reply.refused(500, "took too long")
            wait_for(lambda: execution.stop().status == 200, "a stop that succeeds")
            equal(execution.phase(), "stopped", f"phase after {handler} hung")
            check(not execution.exists(), f"the effect is left after {handler} hung")


@test
def reaper_stopped():
    """A reaper that is stopped for longer than a heartbeat: another one does its work"""
    if not FULL:
        raise Skip("takes a heartbeat; make faults")
    with Server() as server:
        execution = server.running()
        old = server.reaper()
        kill(old, signal.SIGSTOP)
        tried[0] += 1
        row = execution.wait_phase("stopped")
        equal(row["stop_reason"], "heartbeat timeout", "reason")
        check(not execution.exists(), "the effect is left")


def main():
    chosen = [function for function in TESTS
              if not sys.argv[1:] or function.__name__ in sys.argv[1:]]
    print(f"1..{len(chosen)}", flush=True)
    violations = 0
    for number, function in enumerate(chosen, 1):
        passed, directive, notes = run(function)
        violations += not passed
        print(f"{'ok' if passed else 'not ok'} {number} - {title(function)}{directive}")
        for line in notes:
            print(f"# {line}")
        sys.stdout.flush()
    print(f"# faults: {tried[0]} faults tried, violations {violations}")
    sys.exit(1 if violations else 0)


main()
