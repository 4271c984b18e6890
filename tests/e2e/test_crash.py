#!/usr/bin/env python3
"""Whatever is killed, what was started is stopped, with the state that was saved."""

import os
import signal

from harness import (
    ACTIONKIT, Later, Server, Victim, alive, boot_ms, check, check_start_died,
    check_stopped_by_extension, command, contains, equal, kill, main, paused, test, wait_for)

DIED = "responder died while starting"


@test
def responders_killed():
    """SIGKILL for all responders between start and stop: stop works"""
    with Server(ACTIONKIT) as server, Victim() as victim:
        execution = paused(server, victim, 60000)
        killed = server.wait_responders()
        for pid in killed:
            kill(pid)
        wait_for(lambda: not any(map(alive, killed)), "the end of those killed")
        fresh = server.wait_responders()
        equal(set(fresh) & set(killed), set(), "pids of killed responders")
        equal(execution.status().ok()["completed"], False, "completed")
        equal(victim.state(), "T", "the victim")
        execution.stop().ok()
        victim.wait_state("S")


@test
def responders_killed_again_and_again():
    """Responders that die young are started again, all of them"""
    with Server() as server:
        execution = server.running()
        for _ in range(5):
            for pid in server.wait_responders():
                kill(pid)
        server.wait_responders()
        execution.stop().ok()


@test
def reaper_killed():
    """SIGKILL for the reaper: it is back, and stops what is wanted"""
    with Server() as server:
        execution = server.running()
        killed = server.reaper()
        kill(killed)
        wait_for(lambda: server.reaper() not in (None, killed), "a new reaper")
        server.operator_stop(execution, "after the kill")
        check_stopped_by_extension(execution, "operator: after the kill")
        equal(len(execution.notes("stop", "end")), 1, "calls of stop()")


@test
def reaper_hangs():
    """A reaper that does nothing any more is replaced"""
    with Server() as server:
        execution = server.running()
        hung = server.reaper()
        kill(hung, signal.SIGSTOP)
        wait_for(lambda: server.reaper() not in (None, hung), "a new reaper")
        check(not alive(hung), "the old reaper lives")
        server.operator_stop(execution, "after the hang")
        check_stopped_by_extension(execution, "operator: after the hang")


@test
def everything_killed():
    """SIGKILL for everything: after serve, status and stop work"""
    with Server(ACTIONKIT) as server, Victim() as victim:
        execution = paused(server, victim, 60000)
        server.kill_all()
        equal(server.get("/").status, 502, "status while nobody serves")
        server.serve()
        equal(victim.state(), "T", "the victim")
        status = execution.status().ok()
        equal(status["completed"], False, "completed")
        execution.stop().ok()
        victim.wait_state("S")
        equal(execution.row()["stop_by"], "agent", "stop_by")


@test
def everything_killed_without_state():
    """After serve, the state of the database serves an agent that has lost its own"""
    with Server() as server:
        execution = server.running(undo_value=99)
        server.kill_all()
        server.serve()
        execution.state = None
        execution.stop().ok()
        equal(execution.undo_values(), [99], "undo value in stop()")
        check(not execution.exists(), "the effect is still there")


def start_dies(trouble, point, how, **knobs):
    with Server() as server:
        execution = server.effect(start_trouble=trouble, start_point=point, undo_value=77,
                                  **knobs)
        execution.prepare().ok()
        check_start_died(execution.start(), how)
        check_stopped_by_extension(execution, DIED)
        equal(execution.undo_values(), [77], "undo value in stop()")
        check(not execution.exists(), "the effect is still there")
        equal(len(execution.notes("start", "begin")), 1, "calls of start()")
        equal(server.query("SELECT id FROM active"), [], "active")
        server.running().stop().ok()


@test
def start_aborts_before_effect():
    """start() aborts after ak_save(): stop() gets what was saved"""
    start_dies("crash", "before", "crashed: SIGABRT")


@test
def start_aborts_after_effect():
    """start() aborts after its effect: stop() gets what was saved, and undoes it"""
    start_dies("crash", "after", "crashed: SIGABRT")


@test
def start_is_killed_after_effect():
    """start() is killed after its effect: stop() gets what was saved, and undoes it"""
    start_dies("kill", "after", "was killed: SIGKILL")


@test
def start_dies_unsaved():
    """start() that saved nothing: stop() is called with the state of prepare()"""
    with Server() as server:
        execution = server.effect(start_trouble="kill", save=False, undo_value=77)
        execution.prepare().ok()
        check_start_died(execution.start())
        check_stopped_by_extension(execution, DIED)
        equal(execution.undo_values(), [0], "undo value")


@test
def responder_killed_in_start():
    """SIGKILL for the responder that is in start(): undone with what was saved"""
    with Server() as server:
        execution = server.effect(start_trouble="hang", start_point="after", undo_value=5)
        execution.prepare().ok()
        call = Later(execution.start)
        note = execution.wait_note("start", "effect")
        equal(execution.phase(), "starting", "phase while start() runs")
        equal(execution.row()["runner_pid"], note.pid, "runner_pid")
        kill(note.pid)
        check_start_died(call.result())
        check_stopped_by_extension(execution, DIED)
        equal(execution.undo_values(), [5], "undo value")
        check(not execution.exists(), "the effect is still there")


@test
def everything_killed_in_start():
    """SIGKILL for everything while start() runs: the next serve undoes it"""
    with Server() as server:
        execution = server.effect(start_trouble="hang", start_point="after", undo_value=6)
        execution.prepare().ok()
        call = Later(execution.start)
        execution.wait_note("start", "effect")
        server.kill_all()
        call.result().refused(502)
        check(execution.exists(), "the effect is gone without stop()")
        server.serve()
        check_stopped_by_extension(execution, DIED)
        equal(execution.undo_values(), [6], "undo value")


@test
def everything_killed_in_stop():
    """SIGKILL for everything while stop() runs: the next serve repeats it"""
    with Server() as server:
        execution = server.running(stop_trouble="hang", stop_trouble_count=1)
        call = Later(execution.stop)
        execution.wait_note("stop", "begin")
        equal(execution.phase(), "stopping", "phase while stop() runs")
        server.kill_all()
        call.result().refused(502)
        check(execution.exists(), "the effect is gone")
        server.serve()
        row = execution.wait_phase("stopped")
        equal(row["stop_by"], "agent", "stop_by")
        check(not execution.exists(), "the effect is still there")
        equal(len(execution.notes("stop", "begin")), 2, "calls of stop()")
        execution.stop().ok()
        equal(execution.status().ok()["completed"], True, "completed")


@test
def prepare_crashes():
    """prepare() that dies leaves nothing behind, and the responder is replaced"""
    with Server() as server:
        for trouble, how in (("crash", "crashed: SIGABRT"), ("kill", "was killed: SIGKILL")):
            execution = server.effect(prepare_trouble=trouble)
            execution.prepare().refused(500, f"prepare() {how}")
            equal(len(execution.notes("prepare", "begin")), 2, "calls of prepare()")
            equal(execution.row(), None, "row")
        server.wait_responders()
        execution.prepare(prepare_trouble="none").ok()
        execution.start().ok()
        execution.stop().ok()


@test
def status_crashes():
    """status() that dies is tried twice, and costs its request only"""
    with Server() as server:
        execution = server.running(status_trouble="crash", status_after=1)
        execution.status().ok()
        execution.status().refused(500, "status() crashed: SIGABRT")
        equal(len(execution.notes("status", "begin")), 3, "calls of status()")
        execution.status().refused(500, "status() crashed: SIGABRT")
        equal(len(execution.notes("status", "begin")), 5, "calls of status()")
        equal(execution.phase(), "running", "phase")
        execution.stop().ok()


@test
def handler_hangs():
    """A handler that outlives its deadline is killed a little after it, and only then"""
    with Server(handler_timeout="1s") as server:
        execution = server.running(status_trouble="hang")
        begin = boot_ms()
        execution.status().refused(500, "status() was over its 1s")
        equal(len(execution.notes("status", "begin")), 1, "calls of status()")
        took = boot_ms() - begin
        check(1000 <= took < 10000, f"killed after {took} ms")
        begin = boot_ms()
        execution.status({"Request-Timeout": "0.3"}).refused(500, "status() was over its 300ms")
        took = boot_ms() - begin
        check(300 <= took < 10000, f"killed after {took} ms")
        equal(execution.phase(), "running", "phase")
        execution.stop().ok()


@test
def words_for_deaths():
    """How code of an action ended its process: in the log with the action's id, and in replies"""
    with Server(handler_timeout="1s", stop_timeout="1s") as server:
        for handler, trouble, how in (
                ("prepare", "segv", "crashed: SIGSEGV"),
                ("prepare", "exit", "ended its process: exit(0)"),
                ("prepare", "hang", "was over its 1s"),
                ("start", "segv", "crashed: SIGSEGV"),
                ("start", "exit", "ended its process: exit(0)"),
                ("start", "hang", "was over its 1s"),
                ("status", "exit", "ended its process: exit(0)"),
                ("stop", "segv", "crashed: SIGSEGV"),
                ("stop", "exit", "ended its process: exit(0)"),
                ("stop", "hang", "was over its 1s")):
            execution = server.effect(**{f"{handler}_trouble": trouble})
            if handler == "prepare":
                execution.prepare().refused(500, f"prepare() {how}")
            else:
                execution.prepare().ok()
            if handler == "start":
                check_start_died(execution.start(), how)
            elif handler != "prepare":
                execution.start().ok()
            if handler == "status":
                execution.status().refused(500, f"status() {how}")
            # In a stopper, whose failure is in the row.
            if handler == "stop":
                server.operator_stop(execution, "enough")
                wait_for(lambda: execution.row()["last_error"] == f"stop() {how}",
                         f"a stop() that {how}: {execution.row()['last_error']}")
                said = f"stop of execution {execution.id} of {execution.action} failed, "
                contains(server.log(), said, "log")
                execution.heal()
                execution.wait_phase("stopped")
                os.unlink(os.path.join(server.effects, "healed"))
            else:
                said = f"{handler}() of {execution.action}, execution {execution.id}, {how}"
                wait_for(lambda: said in server.log(), said)
        # In a responder, whose failure the attempt after it writes down.
        for trouble, how in (("segv", "crashed: SIGSEGV"), ("exit", "ended its process: exit(0)"),
                             ("hang", "was over its 1s")):
            execution = server.running(stop_trouble=trouble)
            execution.stop().ok()
            equal(execution.row()["last_error"], f"stop() {how}", "last error")
            contains([event["why"] for event in execution.events()], f"stop() {how}", "events")
            contains(command("show", execution.id, server=server).out, f"stop() {how}", "show")
            contains(server.log(), f"stop() of {execution.action}, execution {execution.id}, {how}",
                     "log")
        failed = command("run", execution.action, "--set", "duration=1s", "--set",
                         f"directory={server.effects}", "--set", "start_trouble=segv",
                         server=server, status=2)
        contains(failed.out + failed.err, "start() crashed: SIGSEGV", "run")


@test
def everything_killed_under_load():
    """SIGKILL for everything under load, three times: all that took effect is undone"""
    with Server() as server:
        executions = []
        over = []

        def live():
            while not over:
                execution = server.effect()
                executions.append(execution)
                for call in execution.life():
                    call()
        load = [Later(live) for _ in range(4)]
        for goal in (20, 40, 60):
            wait_for(lambda goal=goal: len(executions) >= goal, f"{goal} executions")
            server.kill_all()
            server.serve()
        over.append(True)
        for part in load:
            part.result()
        server.operator_stop(None, "the end")
        wait_for(lambda: not server.query("SELECT id FROM active"), "the end of all")
        for execution in executions:
            check(not execution.exists(), f"the effect of {execution.id} is still there")
            effects = execution.notes("start", "effect")
            check(len(effects) <= 1, f"start() ran twice: {execution.notes()}")
            check(not effects or execution.notes("stop", "end"),
                  f"stop() did not run: {execution.notes()}")


main()
