#!/usr/bin/env python3
"""Disk, database and processes fail: every call is answered truly, every effect undone.

FAULTS_DEPTH=full injects errors at every call of the store up to a limit; otherwise at a few.
The figures are printed last.
"""

import contextlib
import errno
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

from crash import (  # noqa: E402
    ACTION, ACTION_NEXT, Crash, FULL, Judge, Labour, Strace, TRACED, faults_main,
    judged, started, tried)
from harness import (  # noqa: E402
    EX_CONFIG, Later, Server, Skip, alive, at_once, check, contains, equal, fill, install, kill,
    server_on, small_disk, test, wait_for)

TRUNCATED_BYTES = 5000  # a page, and a part of the next one
DISK_BYTES = 24 * 1024 * 1024
LOOP_BYTES = 32 * 1024 * 1024
SLOW_US = 1500000       # longer than a round of the reaper
BALLAST_BYTES = 4 * 1024 * 1024
CALLS_MAX = 40          # of one name in one request, more than there are
CALLS_SHORT = (1, 2)
INJECTIONS = (
    ("pwrite64", "EIO"), ("pwrite64", "ENOSPC"), ("pwrite64", "EINTR"),
    ("pread64", "EIO"), ("fdatasync", "EIO"), ("flock", "EINTR"), ("fcntl", "EINTR"),
    *((name, "ENOMEM") for name in (
        "pwrite64", "pread64", "fdatasync", "flock", "fcntl", "mmap", "brk", "openat") if FULL),
)

UNLOCKS = range(1, CALLS_MAX + 1) if FULL else (3,)     # of the calls of fcntl


def ballast(directory):
    """Its size; 0 where it is not there yet."""
    path = os.path.join(directory, "ballast")
    return os.path.getsize(path) if os.path.exists(path) else 0


@test
def disk_full():
    """A full disk: nothing begins, and what runs can be stopped and is recorded"""
    with small_disk(DISK_BYTES) as directory, \
            server_on(directory, ACTION, keep_free=0) as server:
        wait_for(lambda: ballast(directory) == BALLAST_BYTES, "the ballast")
        executions = [started(server) for _ in range(3)]
        fill(directory)
        tried[0] += 1

        def refused():
            return Crash(server).prepare().status == 507
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
    with small_disk(DISK_BYTES) as directory, \
            server_on(directory, ACTION, keep_free=0) as server:
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
    with small_disk(DISK_BYTES) as directory, \
            server_on(directory, ACTION, keep_free=0) as server:
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


class LoopDisk:
    """A file system with a disk of its own, which can break."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="ak-disk-")
        self.image = os.path.join(self.dir, "image")
        self.path = os.path.join(self.dir, "disk")

    def __enter__(self):
        os.mkdir(self.path)
        with open(self.image, "wb") as file:
            file.truncate(LOOP_BYTES)
        if not shutil.which("mkfs.ext4") or subprocess.run(
                ["mkfs.ext4", "-q", self.image], check=False).returncode or not self.mount():
            self.__exit__()
            raise Skip("no disk can be made here")
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=False, capture_output=True)
        shutil.rmtree(self.dir, ignore_errors=True)

    def mount(self):
        return subprocess.run(["mount", "-o", "loop,errors=remount-ro", self.image,
                               self.path], check=False, capture_output=True).returncode == 0

    def repair(self):
        # Those who were killed let go of it when their memory is gone.
        wait_for(lambda: subprocess.run(["umount", self.path], check=False,
                                        capture_output=True).returncode == 0, "its release")
        subprocess.run(["fsck.ext4", "-fy", self.image], check=False, capture_output=True)
        check(self.mount(), "the repaired disk cannot be mounted")

    def turn_read_only(self):
        """As after an error that the kernel finds in it, with files open for writing."""
        device = os.path.basename(os.path.realpath(subprocess.run(
            ["findmnt", "-no", "SOURCE", self.path], check=True, capture_output=True,
            text=True).stdout.strip()))
        try:
            with open(f"/sys/fs/ext4/{device}/trigger_fs_error", "w",
                      encoding="ascii") as file:
                file.write("1")
            with open(os.path.join(self.path, "probe"), "w", encoding="ascii"):
                pass
        except FileNotFoundError:
            raise Skip("a file system cannot be made to fail here") from None
        except OSError as fault:
            equal(fault.errno, errno.EROFS, "error of a write")
        else:
            raise Skip("the file system does not turn read-only here")


@test
def disk_turns_read_only():
    """A disk turns read-only under a server: nothing begins, agents can undo, nothing is lost"""
    with LoopDisk() as loop, \
            server_on(loop.path, ACTION, keep_free=0, stop_retry="100ms") as server:
        executions = [started(server) for _ in range(3)]
        loop.turn_read_only()
        tried[0] += 1
        for _ in range(2 * server.options["responders"]):
            reply = Crash(server).prepare()
            check(reply.status in (500, 503), f"prepare: {reply!r}")
        # It cannot be recorded, so it can be undone only from what the agent knows.
        wait_for(lambda: executions[0].stop().status == 200, "a stop without its record")
        equal(executions[0].effects(), [], "effects of what an agent has stopped")
        equal(len(executions[1].effects()), 1, "effects of another")
        server.kill_all()
        loop.repair()
        # What a stop() may need was on the disk before its start() began.
        equal([os.path.getsize(row["path"]) if os.path.exists(row["path"]) else None
               for row in server.query("SELECT path FROM files")],
              [len(b"a file")] * len(executions), "sizes of the files")
        server.serve()
        for execution in executions:
            judged(server, execution)


@test
def writes_refused():
    """No write is let through for a while: nothing begins, stops run, then all goes on"""
    with Server(ACTION, stop_retry="100ms", environment=TRACED) as server:
        executions = [started(server) for _ in range(3)]
        strace = Strace(server, server.processes(), "pwrite64,ftruncate,fallocate",
                        "error=EROFS")
        server_refuses = [Crash(server).prepare() for _ in range(8)]
        replies = [execution.stop() for execution in executions[:2]]
        there = [len(execution.effects()) for execution in executions]
        failed = strace.end()
        check(failed, "no write was refused")
        tried[0] += failed
        equal({reply.status for reply in server_refuses}, {500}, "status of prepare")
        equal([reply.status for reply in replies], [200, 200], "status of stop")
        equal(there, [0, 0, 1], "effects while nothing can be recorded")
        for execution in executions:
            judged(server, execution)


def spoil(change):
    """The database is changed while nobody serves: the agent's stop goes by its own state."""
    with Server(ACTION) as server:
        execution = started(server)
        # Before the first checkpoint the file is empty, and as good as new without its log.
        wait_for(lambda: os.path.getsize(server.database) > TRUNCATED_BYTES, "a checkpoint")
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
    spoil(lambda path: os.truncate(path, TRUNCATED_BYTES))


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


def schema_version(server):
    return server.query("PRAGMA user_version")[0]["user_version"]


def migrated_server():
    """A server whose program can be replaced by one with a migration more."""
    server = Server(ACTION, serve=False, stop_retry="100ms")
    server.program = os.path.join(server.dir, "program")
    install(server.program, ACTION)
    return server


@test
def hup_across_a_migration():
    """SIGHUP with a newer schema under load: no call fails, executions go on"""
    with migrated_server() as server:
        server.serve()
        execution, version = started(server), schema_version(server)
        over, failed = [], []

        def live():
            while not over:
                other = Crash(server)
                failed.extend(reply for reply in [call() for call in other.life()]
                              if reply.status != 200 or reply.json().get("error"))
        load = [Later(live) for _ in range(2)]
        old = server.processes()
        install(server.program, ACTION_NEXT)
        server.signal(signal.SIGHUP)
        wait_for(lambda: [pid for pid in old if alive(pid)] == [server.process.pid],
                 "the old ones to leave")
        over.append(True)
        for part in load:
            part.result()
        tried[0] += 1
        equal(failed, [], "calls that failed")
        equal(schema_version(server), version + 1, "schema version")
        equal(execution.status().ok()["completed"], False, "completed")
        judged(server, execution)


@test
def old_stopper_after_a_migration():
    """An old reaper cannot stop what is of a newer schema: the new one does"""
    with migrated_server() as server:
        server.serve()
        execution, version = started(server), schema_version(server)
        # As the new supervisor does before it forks.
        server.write("ALTER TABLE executions ADD COLUMN next INTEGER")
        server.write(f"PRAGMA user_version = {version + 1}")
        tried[0] += 1
        server.operator_stop(execution, "in between")
        wait_for(lambda: "newer actionkit has used it" in server.log(), "a refusal")
        equal(execution.status().ok()["completed"], False, "completed")
        equal(len(execution.effects()), 1, "effects")
        install(server.program, ACTION_NEXT)
        server.signal(signal.SIGHUP)
        row = execution.wait_phase("stopped")
        equal(row["stop_reason"], "operator: in between", "reason")
        judged(server, execution)


@test
def foreign_writer():
    """A foreign writer holds the database for longer than deadlines: stops run, no start"""
    with Server(ACTION) as server:
        execution, other = started(server), Crash(server)
        other.prepare().ok()
        connection = sqlite3.connect(server.database, timeout=10, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        tried[0] += 1
        deadline = {"Request-Timeout": "1"}
        replies = at_once([lambda: execution.stop(deadline), lambda: other.start(deadline)])
        equal([reply.status for reply in replies], [200, 503], "status")
        equal(execution.effects(), [], "effects while nothing can be recorded")
        equal(execution.status().status, 200, "status of what is not recorded")
        connection.execute("ROLLBACK")
        connection.close()
        judged(server, execution)
        equal(other.phase(), "prepared", "phase of what was not started")
        judged(server, other)


@test
def errors_of_calls():
    """System calls of the store that fail: true answers, everything undone"""
    points = range(1, CALLS_MAX + 1) if FULL else CALLS_SHORT
    with Server(ACTION, responders=1, stop_retry="100ms", environment=TRACED) as server:
        for name, error in INJECTIONS:
            for verb, before in (("start", ("prepare",)), ("stop", ("prepare", "start"))):
                for at in points:
                    if not inject(server, name, error, at, verb, before):
                        break


def inject(server, name, error, at, verb, before):
    """Whether there was such a call."""
    execution = Crash(server)
    for call in before:
        getattr(execution, call)().ok()
    strace = Strace(server, server.wait_responders(), name, f"error={error}:when={at}")
    judge = Judge(server, execution)
    reply = getattr(execution, verb)()
    failed = strace.end()
    # It may have closed the database, which is opened again by the next request.
    wait_for(lambda: server.get("/health/readiness").status == 200, "readiness")
    if not failed:
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
    with Server(ACTION, responders=1, stop_retry="100ms", environment=TRACED) as server:
        for at in UNLOCKS:
            inject(server, "fcntl", "EINTR", at, "start", ("prepare",))


@test
def forks_fail():
    """The reaper cannot fork: it tries again"""
    with Server(ACTION, environment=TRACED) as server:
        execution = started(server)
        strace = Strace(server, [server.reaper()], "clone,clone3,fork,vfork",
                        "error=EAGAIN:when=1..2")
        server.operator_stop(execution, "without a fork")
        execution.wait_phase("stopped")
        equal(strace.end(), 2, "forks that failed")
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
            reply = Crash(server).prepare({"Request-Timeout": "2"})
            check(reply.status in (200, 500, 502, 503), f"prepare: {reply!r}")
            if execution.phase() == "running":
                reply = execution.stop({"Request-Timeout": "2"})
                check(reply.status in (200, 500, 502, 503), f"stop: {reply!r}")
        resource.prlimit(responder, resource.RLIMIT_NOFILE, before)
        judged(server, execution)


@test
def halted_slowly():
    """A worker that a stop has killed has not died, however long the stop takes to say so"""
    with Server(ACTION, stop_timeout="5s", environment=TRACED) as server:
        execution = started(server, Labour)
        kill(execution.worker()["pid"], signal.SIGSTOP)
        # Between the kill and the look at who is left the reaper looks, too.
        strace = Strace(server, server.named("ak-responder"), "clock_nanosleep",
                        f"delay_exit={SLOW_US}")
        reply = execution.stop()
        tried[0] += strace.end()
        check(not reply.json().get("error"), f"stop: {reply!r}")
        equal(execution.worker()["ended"], "completed", "its end")


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
                reply.refused(500, "was over its 1s")
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


if __name__ == "__main__":
    if FULL:
        import test_clock   # noqa: F401
        import test_starve  # noqa: F401
    faults_main()
