#!/usr/bin/env python3
"""stop: an operator ends executions, learns what came of it, and can give a stop up."""

import uuid

from harness import (
    ACTIONKIT, Command, Later, Server, both_ways, check, check_stopped_by_extension,
    command, contains, equal, main, test)

EX_USAGE = 64
FAILED = "stop was told to fail"


@test
def mistakes():
    """A wrong command line is refused, and nothing happens"""
    for arguments, what in (
            ((), "the id of one execution"),
            (("x",), "x: is not the id"),
            (("--all", uuid.uuid4()), "the id of one execution"),
            (("--all", "--abandon", "--reason", "x"), "for one execution only"),
            (("--abandon", uuid.uuid4()), "needs a --reason"),
            (("--all", "--timeout", "soon"), "must be a duration"),
            (("--all", "--reason", "x" * 600), "at most 511 bytes")):
        contains(command("stop", *arguments, status=EX_USAGE).err, what, "mistake")
    with Server() as server:
        contains(command("stop", uuid.uuid4(), server=server, status=1).err,
                 "no such execution", "unknown id")
        equal(server.query("SELECT * FROM stop_requests"), [], "requests")


@test
def one():
    """One execution is stopped, the others go on; stopping it again changes nothing"""
    with Server() as server:
        other, execution = server.running(), server.running()
        piped = command("stop", execution.id.upper(), "--reason", "enough", server=server)
        contains(piped.out, "stopped", "outcome")
        contains(piped.out, "operator: enough", "reason")
        check(not execution.exists(), "the effect is still there")
        check_stopped_by_extension(execution, "operator: enough")
        equal(other.phase(), "running", "the other")
        both_ways("stop", execution.id, "--reason", "again", server=server)
        equal(execution.row()["stop_reason"], "operator: enough", "reason")
        found = command("stop", other.id, "--json", server=server).json()
        equal([(row["id"], row["outcome"]) for row in found], [(other.id, "stopped")],
              "JSON")
        contains(found[0]["stop_reason"], "operator: stopped by ", "default reason")


@test
def all_of_them():
    """--all stops all, and says so of each"""
    with Server() as server:
        executions = [server.running() for _ in range(4)]
        done = server.running()
        done.stop().ok()
        found = command("stop", "--all", "--reason", "fire", "--json", server=server).json()
        equal({row["id"]: row["outcome"] for row in found},
              {execution.id: "stopped" for execution in executions}, "outcomes")
        for execution in executions:
            check(not execution.exists(), "an effect is still there")
            equal(execution.row()["stop_reason"], "operator: fire", "reason")
        equal(done.row()["stop_by"], "agent", "the one that was stopped before")
        equal(command("stop", "--all", "--json", server=server).json(), [], "nothing left")
        server.kill_all()
        equal(command("stop", "--all", "--json", server=server).json(), [], "without server")
        equal(server.query("SELECT * FROM stop_requests WHERE handled_at IS NULL"), [],
              "requests that would stop what a later server starts")


@test
def failing():
    """A stop that fails is told with its error, and asked for again is tried again"""
    with Server(stop_retry="60s") as server:
        execution = server.running(stop_trouble="fail", stop_trouble_count=2)
        for attempt in (1, 2):
            piped = command("stop", execution.id, server=server, status=1)
            contains(piped.out, "failing", "outcome")
            contains(piped.out, FAILED, "error")
            equal(execution.row()["stop_attempts"], attempt, "attempts")
        contains(command("stop", execution.id, server=server).out, "stopped", "outcome")


@test
def too_slow():
    """--timeout ends the wait, not the stop"""
    with Server() as server:
        execution = server.running(stop_delay=3000)
        piped = command("stop", execution.id, "--timeout", "500ms", server=server, status=1)
        contains(piped.out, "waiting", "outcome")
        execution.wait_phase("stopped")


@test
def without_reaper():
    """Without a server the request stays, and the next server takes it"""
    with Server() as server:
        execution = server.running()
        server.kill_all()
        failed = command("stop", execution.id, "--reason", "later", server=server, status=1)
        contains(failed.err, "No reaper is alive", "message")
        contains(failed.out, "waiting", "outcome")
        server.serve()
        check_stopped_by_extension(execution, "operator: later")


def failing_forever(server):
    """An execution whose stop() has failed, and will."""
    execution = server.running(stop_trouble="fail", stop_trouble_count=1000)
    execution.stop().refused(500, FAILED)
    return execution


@test
def abandons():
    """--abandon ends a stop that cannot succeed; history, events and the agent are told"""
    with Server(stop_retry="60s") as server:
        execution = failing_forever(server)
        piped = command("stop", "--abandon", execution.id, "--reason", "host is gone",
                        server=server)
        contains(piped.out, "operator: abandoned: host is gone", "outcome")
        check_stopped_by_extension(execution, "operator: abandoned: host is gone")
        contains(execution.row()["last_error"], FAILED, "last_error")
        event = execution.events()[-1]
        equal((event["phase"], event["who"]), ("stopped", "operator"), "event")
        for word in ("host is gone", "stopped by the agent", FAILED):
            contains(event["why"], word, "event")
        check(execution.exists(), "the effect is gone: who undid it?")
        calls = len(execution.notes("stop", "begin"))
        equal(server.query("SELECT * FROM failing"), [], "view failing")
        contains(command("stop", "--abandon", execution.id, "--reason", "x",
                         server=server, status=1).err, "stopped already", "again")
        equal(len(execution.notes("stop", "begin")), calls, "calls of stop()")


@test
def abandons_only_stops():
    """What runs cannot be abandoned, nor what nobody knows"""
    with Server() as server:
        execution = server.running()
        failed = command("stop", "--abandon", execution.id, "--reason", "x",
                         server=server, status=1)
        contains(failed.err, "cannot abandon an execution that is running", "message")
        equal(execution.phase(), "running", "phase")
        contains(command("stop", "--abandon", uuid.uuid4(), "--reason", "x",
                         server=server, status=1).err, "no such execution", "unknown")
        execution.stop().ok()


@test
def abandons_beside_an_attempt():
    """--abandon waits for the attempt under way, and respects that it succeeds"""
    with Server(unclean=True) as server:
        execution = server.running(stop_delay=1500)
        stop = Later(execution.stop)
        execution.wait_note("stop", "begin")
        waiting = Command("stop", "--abandon", execution.id, "--reason", "x", server=server)
        stop.result().ok()
        contains(waiting.wait(1).err, "stopped already", "message")
        equal(execution.row()["stop_by"], "agent", "stop_by")
        slow = server.running(stop_delay=60000)
        Later(slow.stop)
        slow.wait_note("stop", "begin")
        contains(command("stop", "--abandon", slow.id, "--reason", "x", "--timeout", "300ms",
                         server=server, status=1).err, "somebody is still at it", "message")


@test
def abandons_what_nobody_knows():
    """An execution whose action the program does not have can be abandoned while it runs"""
    with Server() as server:
        execution = server.running()
        server.kill_all()
        command("stop", "--abandon", execution.id, "--reason", "retired", server=server,
                program=ACTIONKIT)
        row = execution.row()
        equal((row["phase"], row["stop_reason"]),
              ("stopped", "operator: abandoned: retired"), "row")


main()
