#!/usr/bin/env python3
"""org.actionkit.pause-process on real processes: the whole way through nginx."""

import os
import shutil

from harness import (
    ACTIONKIT, PAUSE, Execution, Server, Victim, check, contains, equal, install, main,
    proc_start_time, test)

PHASES = ["prepared", "starting", "running", "stopping", "stopped"]


def pause(server, **config):
    return Execution(server, PAUSE, {"duration": 60000, **config})


def named_victim(server, name):
    """A process with a name of its own: a copy of sleep."""
    path = os.path.join(server.dir, name)
    install(path, shutil.which("sleep"))
    return Victim(path, "600")


@test
def describes_itself():
    """It is listed, and its description has every endpoint"""
    with Server(ACTIONKIT) as server:
        actions = server.get("/").ok()["actions"]
        check({"method": "GET", "path": f"/{PAUSE}"} in actions, f"not listed: {actions}")
        description = server.get(f"/{PAUSE}").ok()
        equal(description["id"], PAUSE, "id")
        equal(description["kind"], "attack", "kind")
        equal(description["timeControl"], "external", "time control")
        for verb in ("prepare", "start", "status", "stop"):
            equal(description[verb]["method"], "POST", f"method of {verb}")
            equal(description[verb]["path"], f"/{PAUSE}/{verb}", f"path of {verb}")
        parameters = {row["name"]: row for row in description["parameters"]}
        equal(parameters["duration"]["type"], "duration", "type of duration")
        check({"pid", "name"} <= set(parameters), f"parameters: {parameters}")


@test
def pauses_by_pid():
    """prepare, start, status, stop by pid; /proc says T, then S; the row walks along"""
    with Server(ACTIONKIT) as server, Victim() as victim:
        execution = pause(server, pid=victim.pid)
        execution.prepare().ok()
        equal(victim.state(), "S", "after prepare")
        equal(execution.phase(), "prepared", "after prepare")
        execution.start().ok()
        victim.wait_state("T")
        equal(execution.phase(), "running", "after start")
        equal(execution.status().ok()["completed"], False, "completed")
        words = server.sqlite3("select * from active")
        for word in (execution.id, PAUSE, "running", "runs until it is stopped"):
            contains(words, word, "select * from active")
        execution.stop().ok()
        victim.wait_state("S")
        row = execution.row()
        equal((row["phase"], row["stop_by"]), ("stopped", "agent"), "after stop")
        equal([event["phase"] for event in execution.events()], PHASES, "events")
        equal(server.sqlite3("select * from active"), "", "active after stop")
        contains(server.sqlite3("select * from history"), execution.id, "history")
        equal(execution.status().ok()["completed"], True, "status after stop")


@test
def pauses_by_name():
    """By exact name: a longer name with the same beginning is left alone"""
    name = f"ak-{os.getpid() % 100000}"
    with Server(ACTIONKIT) as server, \
            named_victim(server, name) as victim, \
            named_victim(server, name + "-not") as other:
        execution = pause(server, name=name)
        execution.prepare().ok()
        execution.start().ok()
        victim.wait_state("T")
        equal(other.state(), "S", "the other one")
        execution.stop().ok()
        victim.wait_state("S")
        error = pause(server, name=name[:-1]).prepare().failed()
        contains(f"{error['title']} {error.get('detail')}", name[:-1], "error")


@test
def refuses_what_is_not_there():
    """No such process, neither pid nor name, both"""
    with Server(ACTIONKIT) as server, Victim() as victim:
        gone = Victim()
        gone.close()
        error = pause(server, pid=gone.pid).prepare().failed()
        contains(f"{error['title']} {error.get('detail')}", str(gone.pid), "error")
        pause(server).prepare().failed()
        pause(server, pid=victim.pid, name="sleep").prepare().failed()
        equal(server.query("SELECT id FROM active"), [], "rows of refused executions")
        equal(victim.state(), "S", "a victim that nobody named")


@test
def refuses_relatives():
    """pid 1, the processes of the server and its ancestors, in prepare and in start"""
    with Server(ACTIONKIT) as server:
        relatives = {
            "pid 1": 1,
            "supervisor": server.process.pid,
            "responder": server.wait_responders()[0],
            "reaper": server.reaper(),
            "parent of the supervisor": os.getpid(),
            "ancestor": os.getppid(),
        }
        for who, pid in relatives.items():
            reply = pause(server, pid=pid).prepare()
            check(reply.status == 422 or reply.failed(), f"{who}: {reply!r}")
            adopted = pause(server)
            adopted.state = {"pid": pid, "start_time": proc_start_time(pid)}
            adopted.start().failed()
            adopted.stop().ok()
        equal(server.query("SELECT id FROM active WHERE phase = 'prepared'"), [],
              "rows of refused executions")


@test
def victim_dies():
    """A victim that died while it was paused leaves nothing to undo"""
    with Server(ACTIONKIT) as server, Victim() as victim:
        execution = pause(server, pid=victim.pid)
        execution.prepare().ok()
        execution.start().ok()
        victim.close()
        execution.stop().ok()
        equal(execution.phase(), "stopped", "phase")


@test
def leaves_a_stranger_alone():
    """A pid with another start time is another process: start() and stop() leave it"""
    with Server(ACTIONKIT) as server, Victim() as victim:
        adopted = pause(server)
        adopted.state = {"pid": victim.pid, "start_time": proc_start_time(victim.pid) - 1}
        adopted.start().failed()
        equal(victim.state(), "S", "after start")
        adopted.stop().ok()


main()
