#!/usr/bin/env python3
"""Readiness and check say what is true of the database; one that is lost is not lost in silence."""

import contextlib
import os
import sqlite3

from harness import (
    Server, check, command, contains, equal, kill_at_once, main, server_on, small_disk,
    test, wait_for)

READINESS = "/health/readiness"
MIB = 1024 * 1024
DISK_BYTES = 64 * MIB
# As in core/store/fitness.h.
LOG_WARN_BYTES = 64 * MIB
LOG_MAX_BYTES = 256 * MIB


def wait_unready(server, *words):
    """Waits until it says that it is not ready, and why."""
    reply = wait_for(lambda: (found := server.get(READINESS)).status == 503 and found,
                     "the end of readiness")
    reply.refused(503, *words)
    wait_for(lambda: "not ready: " in server.log(), "the log to say so")


def wait_ready(server):
    wait_for(lambda: server.get(READINESS).status == 200, "readiness")


def wait_answer(server):
    wait_for(lambda: server.get("/health/liveness").status == 200, "liveness")


def failed_check(server, **options):
    environment = {"ACTIONKIT_" + name.upper(): value for name, value in options.items()}
    return command("check", "--socket", server.socket, server=server, status=1,
                   environment=environment).out


@contextlib.contextmanager
def reading(server):
    """While somebody reads the database as it is now."""
    connection = sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)
    try:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM executions").fetchall()
        yield
    finally:
        connection.close()


def remove_database(server):
    for name in os.listdir(server.state_dir):
        if name.startswith("actionkit.db"):
            os.remove(os.path.join(server.state_dir, name))


def check_serves(server, execution):
    """What was active before is stopped by its agent, and new ones can be had."""
    execution.stop().ok()
    check(not execution.exists(), "the effect is still there")
    server.effect().life()


def copy(database, path):
    with contextlib.closing(sqlite3.connect(database)) as source, \
            contextlib.closing(sqlite3.connect(path)) as target:
        source.backup(target)


def replace_database(server, other):
    backup = os.path.join(server.state_dir, "backup")
    copy(other.database, backup)
    remove_database(server)
    os.rename(backup, server.database)


@test
def space_is_short():
    """Less than --keep-free is left: readiness, check and every prepare say so, stops work"""
    with small_disk(DISK_BYTES) as directory, \
            server_on(directory, keep_free="16MiB") as server:
        execution = server.running()
        filler = os.path.join(directory, "filler")
        with open(filler, "wb") as file:
            file.write(b"x" * (DISK_BYTES - 18 * MIB))
        wait_unready(server, "--keep-free")
        server.effect().prepare().refused(507, "--keep-free")
        contains(failed_check(server, keep_free="16MiB"), "--keep-free", "check")
        execution.stop().ok()
        check(not execution.exists(), "the effect is still there")
        os.remove(filler)
        wait_ready(server)
        server.effect().life()


@test
def disk_is_full():
    """Not one more page can be written: readiness and check say so"""
    with small_disk(DISK_BYTES) as directory, server_on(directory, keep_free=0) as server:
        # The log cannot begin anew and so needs new pages.
        with reading(server):
            filler = os.open(os.path.join(directory, "filler"), os.O_WRONLY | os.O_CREAT)
            with contextlib.suppress(OSError):
                while True:
                    os.write(filler, b"x" * 4096)
            os.close(filler)
            wait_for(lambda: server.effect().prepare().status == 507, "a prepare to be refused")
            wait_unready(server, "full")
            contains(failed_check(server, keep_free="0"), "full", "check")
        os.remove(os.path.join(directory, "filler"))
        wait_ready(server)


@test
def neighbour_holds_the_lock():
    """Somebody holds SQLite's lock: readiness and check say so, and get over it"""
    with Server() as server:
        neighbour = sqlite3.connect(server.database, isolation_level=None)
        try:
            neighbour.execute("BEGIN IMMEDIATE")
            wait_unready(server, "locked")
            contains(failed_check(server), "locked", "check")
        finally:
            neighbour.close()
        wait_ready(server)
        wait_for(lambda: "ready again" in server.log(), "the log to say so")


@test
def tried_once_a_second():
    """However often it is asked, readiness writes no more than once a second"""
    with Server() as server:
        tried = set()
        began, ended = [], []
        for _ in range(200):
            row = server.query("SELECT tried_at, (julianday('now') - 2440587.5) * 86400000 "
                               "AS now FROM runtime")[0]
            tried.add(row["tried_at"])
            (ended if began else began).append(row["now"])
            equal(server.get(READINESS).status, 200, "readiness")
        most = (ended[-1] - began[0]) / 1000 + 2
        check(0 < len(tried) <= most, f"{len(tried)} times, at most {most} are right")


@test
def removed_under_the_server():
    """rm actionkit.db* under a server: put back with all that is in it, and said so"""
    with Server() as server:
        execution = server.running()
        remove_database(server)
        wait_for(lambda: os.path.exists(server.database), "the database")
        equal(execution.wait_phase("running")["id"], execution.id, "the row")
        wait_for(lambda: "actionkit.db was removed: put back what was in it" in server.log(),
                 "the log to say so")
        wait_ready(server)
        check_serves(server, execution)


@test
def removed_while_nobody_looks():
    """The reapers die, then the database is removed: whoever needs it next puts it back"""
    with Server() as server:
        execution = server.running()
        server.wait_responders()
        kill_at_once([server.process.pid])
        server.process.wait()
        os.remove(server.database)
        wait_for(lambda: os.path.exists(server.database), "the database")
        server.serve()
        equal(execution.wait_phase("running")["id"], execution.id, "the row")
        check_serves(server, execution)


@test
def removed_then_reloaded():
    """rm and HUP: nothing is lost"""
    with Server() as server:
        execution = server.running()
        remove_database(server)
        server.signal(1)
        wait_for(lambda: "generation 2" in server.log(), "the reload")
        equal(execution.wait_phase("running")["id"], execution.id, "the row")
        wait_ready(server)
        check_serves(server, execution)


def lost_before_a_start(leave):
    """leave(path) says what is at the path of the database then."""
    with Server() as server:
        execution = server.effect(duration=600000)
        execution.upload(("file", b"what stop() needs", "a")).ok()
        execution.start().ok()
        wait_counted(server)
        server.kill_all()
        remove_database(server)
        leave(server.database)
        check_lost(server, execution)


@test
def removed_before_a_start():
    """Nobody had it open any more: an error, not ready, and agents can stop what they know"""
    lost_before_a_start(lambda path: None)


@test
def emptied_before_a_start():
    """The same with a database of no bytes"""
    lost_before_a_start(lambda path: open(path, "wb").close())


def wait_counted(server):
    wait_for(lambda: command("status", "--json", server=server).json().get("active") == 1,
             "the reaper to count it")


def check_lost(server, execution):
    server.serve(ready=False)
    wait_answer(server)
    wait_unready(server, "1 executions active", "--forget-lost")
    contains(server.log(), "the database was lost with 1 executions active", "log")
    contains(failed_check(server), "--forget-lost", "check")
    server.effect().life()
    kept = execution.state["file"]
    check(os.path.exists(kept), "the file of what is lost is gone")
    execution.stop().ok()
    check(not execution.exists(), "the effect is still there")
    contains(command("recover", "--forget-lost", server=server).out, "1 lost", "recover")
    wait_ready(server)
    wait_for(lambda: not server.files_on_disk(), "the end of the files")


@test
def replaced_under_the_server():
    """Another database is put in its place: what it does not know is lost, and said so"""
    with Server() as other, Server() as server:
        other.running().stop().ok()
        execution = server.running()
        replace_database(server, other)
        wait_unready(server, "1 executions active", "--forget-lost")
        check_serves(server, execution)
        equal(command("recover", "--forget-lost", "--json", server=server).json(),
              {"forgotten": 1}, "recover")
        wait_ready(server)


@test
def replaced_before_a_stop():
    """... and who has the old one open when he is asked to stop goes by what the agent says"""
    with Server() as other, Server(responders=1) as server:
        other.running().stop().ok()
        execution = server.running()
        replace_database(server, other)
        execution.stop().ok()
        check(not execution.exists(), "the effect is still there")


@test
def nobody_watches():
    """check fails where executions are active, and neither a server nor a reaper is there"""
    with Server() as server:
        server.running()
        server.kill_all()
        contains(failed_check(server), "1 active, and nobody watches over them", "check")
        server.serve()
        command("check", "--socket", server.socket, server=server)


@test
def reader_stays():
    """Who reads for long lets the log grow: a warning that names him, then not ready"""
    with Server() as server, reading(server):
        server.write("CREATE TABLE ballast (bytes BLOB)")
        server.write("INSERT INTO ballast VALUES (zeroblob(?))", LOG_WARN_BYTES)
        wait_for(lambda: "actionkit.db-wal has grown to " in server.log(), "the warning")
        line = next(line for line in server.log().splitlines() if "has grown to" in line)
        contains(line, f"process {os.getpid()} (", "the reader")
        equal(server.get(READINESS).status, 200, "readiness")
        server.write("INSERT INTO ballast VALUES (zeroblob(?))",
                     LOG_MAX_BYTES - LOG_WARN_BYTES)
        wait_unready(server, "actionkit.db-wal has grown to", "reads the database for long")


@test
def reader_fills_the_disk():
    """... and when it leaves less than --keep-free nothing is prepared any more"""
    with small_disk(DISK_BYTES) as directory, \
            server_on(directory, keep_free="24MiB") as server, reading(server):
        execution = server.running()
        server.write("CREATE TABLE ballast (bytes BLOB)")
        server.write("INSERT INTO ballast VALUES (zeroblob(?))", DISK_BYTES - 24 * MIB)
        wait_unready(server, "--keep-free")
        server.effect().prepare().refused(507, "--keep-free")
        execution.stop().ok()


main()
