#!/usr/bin/env python3
"""The directory that an execution has of its own, and actions that ask for stops."""

import errno
import os
import stat
import uuid

from harness import (
    Execution, Server, check, check_stopped_by_extension, command, contains, equal, kill, main,
    said, test, wait_for)

ROOM = "org.actionkit.test.room"
WORK = "org.actionkit.test.room-work"
OWN = "own.d"


def room(server, action=ROOM, **config):
    return Execution(server, action, {"duration": 60000, **config})


def own(execution):
    return os.path.join(execution.server.state_dir, "files", execution.id, OWN)


def nothing_left(server):
    """At once, or with the reaper's next look."""
    wait_for(lambda: not server.files_on_disk(), "the directories to be removed")
    equal(server.query("SELECT * FROM files"), [], "rows")


def there(execution, name):
    """The file of a handler, in a directory that has its row."""
    equal([row["path"] for row in execution.files().values()], [own(execution)], "rows")
    check(os.path.exists(os.path.join(own(execution), name)), f"no file {name}")
    equal(stat.S_IMODE(os.stat(own(execution)).st_mode), 0o700, "mode")


@test
def whole_lives():
    """Made in prepare(), start() or work(), seen in all others, gone with the execution"""
    with Server() as server:
        for action, where in ((ROOM, "prepare"), (ROOM, "start"), (WORK, "prepare"),
                              (WORK, "work")):
            execution = room(server, action, where=where).begun()
            wait_for(lambda: os.path.exists(os.path.join(own(execution), where)), where)
            there(execution, where)
            if action == ROOM:
                contains(said(execution.status().ok()), "there: " + own(execution), "status")
            contains(said(execution.stop().ok()), "file there", "stop")
            nothing_left(server)
        # None was made: it has a name all the same.
        execution = room(server, where="nowhere").begun()
        contains(said(execution.stop().ok()), "missing: " + own(execution), "stop")
        nothing_left(server)


@test
def prepared_again():
    """A prepare that is repeated finds nothing of the one before; one that fails leaves nothing"""
    with Server() as server:
        execution = room(server, where="prepare")
        execution.prepare().ok()
        with open(os.path.join(own(execution), "old"), "wb"):
            pass
        execution.prepare().ok()
        there(execution, "prepare")
        check(not os.path.exists(os.path.join(own(execution), "old")), "what was there before")
        equal(execution.prepare(where="prepare-fail").failed()["title"], "asked to fail", "prepare")
        nothing_left(server)
        # Left by one that died, and swept or not: start() begins with an empty one.
        execution = room(server, where="start-fail")
        execution.prepare().ok()
        os.makedirs(os.path.join(own(execution), "old"))
        equal(execution.start().failed()["title"], "asked to fail", "start")
        there(execution, "start")
        check(not os.path.exists(os.path.join(own(execution), "old")), "what was there before")
        execution.stop().ok()
        nothing_left(server)


@test
def whoever_dies():
    """A responder, a worker, all at once, with the database too: nothing is left"""
    with Server() as server:
        execution = room(server, where="start-die")
        execution.prepare().ok()
        execution.start()
        execution.wait_phase("stopped")
        nothing_left(server)
        worker = room(server, WORK, where="work").begun()
        wait_for(lambda: os.path.exists(os.path.join(own(worker), "work")), "the work")
        kill(server.named("ak-work").pop())
        there(worker, "work")
        # That it was killed is told as well, as soon as its keeper has noted it.
        contains(said(worker.stop().json()), "file there", "stop")
        nothing_left(server)
        execution = room(server, where="start").begun()
        server.kill_all()
        server.serve()
        there(execution, "start")
        execution.stop().ok()
        nothing_left(server)
        execution = room(server, where="start").begun()
        server.kill_all()
        for name in os.listdir(server.state_dir):
            if name.startswith("actionkit.db"):
                os.unlink(os.path.join(server.state_dir, name))
        server.serve(ready=False)
        wait_for(lambda: server.get("/").status == 200, "a responder")
        # Nothing is swept: the agent knows it still.
        contains(said(execution.stop().ok()), "file there", "stop")
        command("recover", "--forget-lost", server=server)
        nothing_left(server)


@test
def asked_for():
    """ak_stop() of another, of itself, of all, of nobody; the reaper stops them"""
    with Server() as server:
        other = room(server).begun()
        asks = room(server, stopIds=[other.id.upper(), str(uuid.uuid4()), "x", "silent"])
        asks.prepare().ok()
        text = said(asks.start().ok())
        equal(text.count("asked"), 1, text)
        equal(text.count(os.strerror(3)), 1, text)
        equal(text.count(os.strerror(22)), 2, text)
        check_stopped_by_extension(other, f"action {ROOM}: enough of it")
        equal(asks.row()["stop_by"], None, "who is not asked for")
        again = room(server, stopIds=[other.id])
        again.prepare().ok()
        contains(said(again.start().ok()), "asked", "one that is stopped already")
        itself = room(server, stopIds=["own"])
        itself.prepare().ok()
        contains(said(itself.start().ok()), "own: asked", "start")
        check_stopped_by_extension(itself, f"action {ROOM}: enough of it")
        waits = room(server)
        waits.prepare().ok()
        worker = room(server, WORK, stopIds=["all"]).begun()
        for one in (asks, again, waits, worker):
            check_stopped_by_extension(one, f"action {WORK}: all at once")
        check(waits.start().json().get("error"), "one that was not started yet")


@test
def from_outside():
    """ak_stop_in() by another process: one, all, unknown, no server's directory"""
    def ask(expected, *arguments):
        command("stop-in", *arguments, status=expected)

    with Server() as server:
        one, two = room(server).begun(), room(server).begun()
        ask(0, server.state_dir, one.id, "by hand")
        check_stopped_by_extension(one, "operator: by hand")
        equal(two.phase(), "running", "the other")
        ask(errno.ESRCH, server.state_dir, str(uuid.uuid4()), "why")
        ask(errno.EINVAL, server.state_dir, "x", "why")
        for reason in ("", "a" * 512, "-"):
            ask(errno.EINVAL, server.state_dir, two.id, reason)
        check(command("stop-in", server.dir, two.id, "why", status=None).process.returncode
              not in (0, errno.EINVAL), "no state directory")
        ask(0, server.state_dir, "-", "all")
        check_stopped_by_extension(two, "operator: all")


if __name__ == "__main__":
    main()
