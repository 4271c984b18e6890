#!/usr/bin/env python3
"""TERM, INT, USR1 and HUP to the supervisor."""

import json
import os
import re
import signal

from harness import (
    ACTIONKIT, CHECK, EFFECT, EXTENSION, IN_ORDER, Execution, Later, Server, Victim, alive,
    boot_ms, check, check_stopped_by_extension, command, contains, equal, install, main, paused,
    test, wait_for)


def undoes_and_exits(number):
    name = signal.Signals(number).name
    with Server(ACTIONKIT) as server, Victim() as victim:
        execution = paused(server, victim, 60000)
        server.signal(number)
        equal(server.wait_exit(), 0, "exit status")
        equal(victim.state(), "S", "the victim")
        row = execution.row()
        equal((row["phase"], row["stop_by"], row["stop_reason"]),
              ("stopped", "extension", f"received signal {name}"), "row")
        equal(server.processes(), [], "what is left")
        server.serve()
        check_stopped_by_extension(execution, f"received signal {name}")


@test
def term_undoes():
    """TERM: the process runs again, exit status 0, reason "received signal SIGTERM\""""
    undoes_and_exits(signal.SIGTERM)


@test
def int_undoes():
    """INT: the process runs again, exit status 0, reason "received signal SIGINT\""""
    undoes_and_exits(signal.SIGINT)


@test
def term_undoes_prepared():
    """TERM stops what is only prepared, too"""
    with Server() as server:
        execution = server.effect()
        execution.prepare().ok()
        server.signal(signal.SIGTERM)
        equal(server.wait_exit(), 0, "exit status")
        equal(execution.row()["stop_reason"], "received signal SIGTERM", "reason")
        equal(len(execution.notes("stop", "end")), 1, "calls of stop()")


@test
def answers_while_it_drains():
    """TERM: status and stop are answered meanwhile, prepare and start are not"""
    with Server() as server:
        execution = server.running(stop_trouble="hang", stop_ms=3000)
        prepared = server.effect()
        prepared.prepare().ok()
        unknown = server.effect()
        server.signal(signal.SIGTERM)
        note = execution.wait_note("stop", "begin")
        for call in (unknown.prepare, unknown.start):
            reply = call()
            reply.refused(503)
            check(int(reply.headers["Retry-After"]) >= 1, "Retry-After")
        prepared.start()
        equal(unknown.row(), None, "row of what was refused")
        status = execution.status().json()
        equal((status["completed"], status.get("error")), (False, None), "status")
        stop = execution.stop()
        check(boot_ms() - note.ms >= 3000, "stop was answered before it was over")
        contains(stop.failed()["title"], "received signal SIGTERM", "stop meanwhile")
        equal(server.wait_exit(), 0, "exit status")
        equal(prepared.notes("start"), [], "calls of a start() that was refused")
        equal(len(execution.notes("stop", "begin")), 1, "calls of stop()")
        equal(execution.row()["stop_reason"], "received signal SIGTERM", "reason")


@test
def term_waits_for_start():
    """TERM while start() runs: it ends, and is undone"""
    with Server() as server:
        execution = server.effect(start_trouble="hang", start_ms=1500)
        execution.prepare().ok()
        call = Later(execution.start)
        execution.wait_note("start", "begin")
        server.signal(signal.SIGTERM)
        equal(server.wait_exit(), 0, "exit status")
        call.result()
        row = execution.row()
        equal((row["phase"], row["stop_reason"]), ("stopped", "received signal SIGTERM"),
              "row")
        check(not execution.exists(), "the effect is still there")
        equal(execution.edges("start", "stop"), IN_ORDER, "what ran")


@test
def term_that_cannot_undo():
    """TERM with a stop() that fails: exit status 1 in time, the guard goes on"""
    with Server(shutdown_timeout="2s", stop_retry="200ms") as server:
        execution = server.running(stop_trouble="fail", stop_trouble_count=1000000)
        good = server.running()
        begin = boot_ms()
        server.signal(signal.SIGTERM)
        equal(server.wait_exit(), 1, "exit status")
        took = boot_ms() - begin
        check(2000 <= took < 8000, f"exit after {took} ms")
        equal(good.phase(), "stopped", "the execution that can be stopped")
        row = execution.row()
        equal((row["phase"], row["stop_reason"]), ("stopping", "received signal SIGTERM"),
              "row")
        contains(row["last_error"], "stop was told to fail", "last_error")
        check(server.reaper(), "no guard is left")
        equal(set(server.processes()), server.reapers(), "what is left")
        execution.heal()
        execution.wait_phase("stopped")
        check(not execution.exists(), "the effect is still there")
        server.wait_gone()


@test
def term_without_executions():
    """TERM with nothing to undo: exit status 0 at once"""
    with Server() as server:
        begin = boot_ms()
        server.signal(signal.SIGTERM)
        equal(server.wait_exit(), 0, "exit status")
        check(boot_ms() - begin < 5000, "it took its time")
        equal(server.processes(), [], "what is left")
        check(not os.path.exists(server.socket) or server.get("/").status == 502,
              "the socket is still served")


@test
def usr1_undoes_and_serves():
    """USR1: stopped, still serving"""
    with Server() as server:
        executions = [server.running() for _ in range(3)]
        prepared = server.effect()
        prepared.prepare().ok()
        before = server.wait_responders()
        server.signal(signal.SIGUSR1)
        for execution in executions + [prepared]:
            check_stopped_by_extension(execution, "received signal SIGUSR1")
            equal(len(execution.notes("stop", "end")), 1, "calls of stop()")
        wait_for(lambda: server.log().count("SIGUSR1: done") == 1, "the first sweep")
        server.running().stop().ok()
        server.signal(signal.SIGUSR1)
        wait_for(lambda: server.log().count("SIGUSR1: done") == 2, "the second sweep")
        later = server.running()
        server.signal(signal.SIGUSR1)
        check_stopped_by_extension(later, "received signal SIGUSR1")
        equal(sorted(server.wait_responders()), sorted(before), "responders")
        equal(server.process.poll(), None, "the supervisor's exit")


def lives(server, stop, results):
    """Lives whole lives until stop is not empty; keeps every reply that is no success."""
    while not stop:
        execution = server.effect()
        for call in execution.life():
            reply = call()
            results.append(reply.status)
            if reply.status != 200 or reply.json().get("error"):
                results.append(repr(reply))


@test
def hup_under_load():
    """HUP under load, three times: no failed request, executions go on, new processes"""
    with Server() as server:
        execution = server.running()
        supervisor = server.process.pid
        stop, results = [], []
        load = [Later(lives, server, stop, results) for _ in range(3)]
        for _ in range(3):
            responders, reaper = server.wait_responders(), server.reaper()
            done = len(results)
            server.signal(signal.SIGHUP)
            wait_for(lambda old=responders: not any(map(alive, old)), "the old to leave")
            wait_for(lambda old=reaper: server.reaper() not in (None, old), "a reaper")
            fresh = server.wait_responders()
            equal(set(fresh) & set(responders), set(), "pids of the old generation")
            wait_for(lambda done=done: len(results) > done + 30, "requests after HUP")
            execution.status().ok()
        stop.append(True)
        for part in load:
            part.result()
        equal([result for result in results if result != 200], [], "failed requests")
        equal(server.process.pid, supervisor, "pid of the supervisor")
        equal(server.process.poll(), None, "the supervisor's exit")
        equal(execution.phase(), "running", "phase")
        equal(execution.notes("stop"), [], "calls of stop()")
        execution.stop().ok()
        equal(server.query("SELECT id FROM active"), [], "active")


@test
def hup_while_start_runs():
    """HUP while start() runs: it comes to its end, and its reply to the agent"""
    with Server() as server:
        execution = server.effect(start_trouble="hang", start_ms=2000)
        execution.prepare().ok()
        call = Later(execution.start)
        old = execution.wait_note("start", "begin").pid
        server.signal(signal.SIGHUP)
        call.result().ok()
        wait_for(lambda: not alive(old), "the old responder to leave")
        equal(execution.phase(), "running", "phase")
        execution.status().ok()
        execution.stop().ok()


@test
def hup_takes_the_new_program():
    """HUP runs the program that is at its path by then"""
    with Server(serve=False) as server:
        path = server.program = os.path.join(server.dir, "program")
        install(path, EXTENSION)
        server.serve()
        execution = server.running()
        old = server.wait_responders()
        tag = server.get("/").headers["ETag"]
        install(path, EXTENSION, "another build")
        server.signal(signal.SIGHUP)
        wait_for(lambda: not any(map(alive, old)), "the old responders to leave")
        equal(os.readlink(f"/proc/{server.wait_responders()[0]}/exe"), path,
              "the program of a responder")
        equal(os.stat(f"/proc/{server.process.pid}/exe").st_ino, os.stat(path).st_ino,
              "the program of the supervisor")
        check(server.get("/").headers["ETag"] != tag, "the revision is the old one")
        execution.status().ok()
        execution.stop().ok()


@test
def hup_refuses_a_broken_program():
    """HUP with a program that does not pass --test: the old one goes on, and says so"""
    with Server(serve=False) as server:
        path = server.program = os.path.join(server.dir, "program")
        install(path, EXTENSION)
        server.serve()
        execution = server.running()
        old = server.wait_responders()
        install(path, more="#!/bin/sh\necho broken by the test >&2\nexit 78\n")
        server.signal(signal.SIGHUP)
        wait_for(lambda: "broken by the test" in server.log(), "--test of the program")
        wait_for(lambda: " ERROR " in server.log(), "a line in the log")
        equal(sorted(server.wait_responders()), sorted(old), "responders")
        execution.status().ok()
        execution.stop().ok()


@test
def hup_with_ended_options():
    """HUP of a server whose options end with "--": the program is tested, and executed"""
    with Server(serve=False) as server:
        server.process = server.spawn([*server.arguments(), "--"])
        server.wait_ready()
        execution = server.running()
        old = server.wait_responders()
        server.signal(signal.SIGHUP)
        wait_for(lambda: not any(map(alive, old)), "the old responders to leave")
        execution.status().ok()
        execution.stop().ok()


@test
def hup_then_term():
    """After HUP the other signals and all processes are still in hand"""
    with Server() as server:
        execution = server.running()
        old = server.wait_responders()
        server.signal(signal.SIGHUP)
        wait_for(lambda: not any(map(alive, old)), "the old responders to leave")
        server.signal(signal.SIGTERM)
        equal(server.wait_exit(), 0, "exit status")
        equal(execution.row()["stop_reason"], "received signal SIGTERM", "reason")
        equal(server.processes(), [], "what is left")


@test
def liveness_while_it_drains():
    """TERM: alive, but not ready"""
    with Server() as server:
        equal(server.get("/health/liveness").status, 200, "liveness")
        equal(server.get("/health/readiness").status, 200, "readiness")
        execution = server.running(stop_trouble="hang", stop_ms=3000)
        server.signal(signal.SIGTERM)
        execution.wait_note("stop", "begin")
        equal(server.get("/health/liveness").status, 200, "liveness")
        server.get("/health/readiness").refused(503)
        equal(server.wait_exit(), 0, "exit status")


@test
def check_ends_with_term():
    """TERM ends what has nothing to stop, too"""
    with Server() as server:
        execution = Execution(server, CHECK, {"directory": server.effects, "polls": 9})
        execution.prepare().ok()
        execution.start().ok()
        server.signal(signal.SIGTERM)
        equal(server.wait_exit(), 0, "exit status")
        equal(execution.phase(), "stopped", "phase")


@test
def signal_under_json_log():
    """--log-format json: every line is an object, also around a shutdown"""
    with Server(log_format="json") as server:
        server.running().stop().ok()
        server.signal(signal.SIGTERM)
        equal(server.wait_exit(), 0, "exit status")
        for line in server.log().splitlines():
            entry = json.loads(line)
            check({"time", "level", "process", "pid", "message"} <= set(entry), line)
        contains(server.log(), "SIGTERM", "the log")


@test
def fields_of_the_log():
    """JSON lines have execution, action, verb, status, duration and request id as members"""
    with Server(log_format="json") as server:
        execution, unwanted = server.running(), server.running()
        execution.status(headers={"Request-Id": "mine"}).ok()
        execution.stop().ok()
        server.operator_stop(unwanted, "x")
        unwanted.wait_phase("stopped")
        wait_for(lambda: f"stopped execution {unwanted.id}" in server.log(), "the stopper's line")
        lines = [json.loads(line) for line in server.log().splitlines()]
        answered = {line["verb"]: line for line in lines
                    if line.get("execution") == execution.id and "status" in line}
        equal(set(answered), {"prepare", "start", "status", "stop"}, "verbs")
        for line in answered.values():
            equal((line["action"], line["status"]), (EFFECT, 200), f"{line}")
            check(line["duration_ms"] >= 0 and line["request_id"], f"{line}")
        equal(answered["status"]["request_id"], "mine", "request id")
        check(any(line.get("execution") == unwanted.id and line["process"] == "stopper" and
                  line["verb"] == "stop" and "status" not in line for line in lines), "stopper")


@test
def journal_and_beginning():
    """Lines for the journal have priorities; the first say version, schema and what goes on"""
    with Server(serve=False) as server:
        with open(server.log_file, "wb") as file:
            status = os.fstat(file.fileno())
        server.environment["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}"
        server.serve()
        execution = server.running()
        check(all(re.match("<[3467]>", line) for line in server.log().splitlines()),
              "a line without a priority")
        contains(server.log(), "a new database", "the log")
        version = server.query("PRAGMA user_version")[0]["user_version"]
        number = command("--version", program=ACTIONKIT).out.split()[1]
        contains(server.log(), f"actionkit {number}, schema {version}", "the log")
        server.signal(signal.SIGQUIT)
        server.wait_exit()
        server.serve()
        contains(server.log(), "1 execution is not stopped: it goes on", "the log")
        execution.stop().ok()


main()
