#!/usr/bin/env python3
"""recover: without any server, everything that is left is undone."""

import os
import re
import signal
import subprocess

from harness import (
    ACTIONKIT, PATIENCE_S, Command, Later, Server, Victim, both_ways, check,
    check_stopped_by_extension, clean_environment, command, contains, equal, kill, main, paused,
    proc_read, test, wait_for)

EX_USAGE = 64
FAILED = "stop was told to fail"
REASON = "operator: recover"


@test
def undoes_all():
    """After SIGKILL of everything all effects are undone, in every phase"""
    with Server(stop_retry="60s", responders=6) as server:
        running = [server.running() for _ in range(20)]
        prepared = server.effect()
        prepared.prepare().ok()
        starting = server.effect(start_trouble="hang", start_point="after")
        starting.prepare().ok()
        Later(starting.start)
        starting.wait_note("start", "effect")
        stopping = server.running(stop_trouble="hang")
        Later(stopping.stop)
        stopping.wait_note("stop", "begin")
        kill(server.reaper(), signal.SIGSTOP)   # it would stop the two while all others die
        server.kill_all()
        check(all(one.exists() for one in (*running, starting, stopping)), "no effects")
        recovered = command("recover", "--json", server=server)
        everything = [*running, prepared, starting, stopping]
        equal({row["id"]: row["outcome"] for row in recovered.json()},
              {one.id: "stopped" for one in everything}, "outcomes")
        check(not any(one.exists() for one in everything), "effects are left")
        for one in everything[:-1]:
            row = one.row()
            equal((row["stop_by"], row["stop_reason"]), ("extension", REASON), "row")
            equal(len(one.notes("stop", "end")), 1, "calls of stop()")
        equal(stopping.row()["stop_by"], "agent", "who wanted the last one stopped first")
        equal(server.processes(), [], "processes")
        equal(command("recover", "--json", server=server).json(), [], "nothing is left")
        server.serve()
        check_stopped_by_extension(running[0], REASON)
        stopping.stop().ok()


@test
def continues_a_process():
    """The real thing: a paused process goes on"""
    with Server(ACTIONKIT) as server, Victim() as victim:
        paused(server, victim)
        server.kill_all()
        equal(victim.state(), "T", "the victim")
        command("recover", server=server)
        victim.wait_state("S")


@test
def pipe_and_terminal():
    """The outcome is a table, in colour on a terminal only"""
    with Server(unclean=True) as server:
        server.running()
        server.kill_all()
        both_ways("recover", server=server)
        server.serve()
        server.running(stop_trouble="fail", stop_trouble_count=9)
        server.kill_all()
        piped, shown = both_ways("recover", server=server, status=1)
        for text in (piped.out, shown.out):
            contains(text, "failing", "outcome")
            contains(text, FAILED, "error")


@test
def refuses_beside_a_server():
    """It refuses while a server is alive, and while its reaper guards"""
    with Server(grace="60s") as server:
        execution = server.running()
        failed = command("recover", server=server, status=1)
        contains(failed.err, f"a server with pid {server.process.pid}", "message")
        server.kill_supervisor()
        check(server.reaper(), "no guard")
        failed = command("recover", server=server, status=1)
        contains(failed.err, "the reaper of a server is alive", "message")
        equal(execution.phase(), "running", "phase")
        check(execution.exists(), "the effect is gone")
        for guard in server.reapers():
            kill(guard)
        server.wait_gone()
        command("recover", server=server)
        check(not execution.exists(), "the effect is still there")


@test
def tries_once():
    """A stop() that fails, crashes or hangs is tried once, and told; the others are undone"""
    with Server(unclean=True) as server:
        good = server.running()
        bad = {trouble: server.running(stop_trouble=trouble, stop_trouble_count=1000)
               for trouble in ("fail", "crash", "hang")}
        server.kill_all()
        found = command("recover", "--stop-timeout", "1s", "--json", server=server,
                        status=1).json()
        equal({row["id"]: row["outcome"] for row in found},
              {good.id: "stopped", **{one.id: "failing" for one in bad.values()}},
              "outcomes")
        errors = {row["id"]: row["last_error"] for row in found}
        contains(errors[bad["fail"].id], FAILED, "error")
        contains(errors[bad["crash"].id], "stop() crashed: SIGABRT", "error")
        contains(errors[bad["hang"].id], "stop() was over its 1s", "error")
        for trouble, execution in bad.items():
            equal(len(execution.notes("stop", "begin")), 1, f"attempts: {trouble}")
        equal(server.processes(), [], "processes")


@test
def repeats():
    """With --timeout what fails is repeated, until it works or time is over"""
    with Server(unclean=True) as server:
        execution = server.running(stop_trouble="fail", stop_trouble_count=2)
        server.kill_all()
        environment = {"ACTIONKIT_STOP_RETRY": "100ms"}
        command("recover", "--timeout", "30s", server=server, environment=environment)
        equal(execution.row()["stop_attempts"], 3, "attempts")
        server.serve()
        server.running(stop_trouble="fail", stop_trouble_count=1000)
        server.kill_all()
        contains(command("recover", "--timeout", "1s", server=server, status=1,
                         environment=environment).out, FAILED, "error")


@test
def gives_way_to_a_server():
    """A new server takes over; Ctrl-C ends it after the stops under way"""
    with Server() as server:
        execution = server.running(stop_trouble="fail", stop_trouble_count=3)
        server.kill_all()
        recovering = Command("recover", "--timeout", "60s", server=server,
                             environment={"ACTIONKIT_STOP_RETRY": "60s"})
        wait_for(lambda: execution.row()["last_error"], "the first failure")
        server.serve()
        recovering.wait(1)
        execution.stop()
        execution.wait_phase("stopped")
        slow = server.running(stop_delay=1000)
        server.kill_all()
        recovering = Command("recover", server=server)
        slow.wait_note("stop", "begin")
        recovering.signal(signal.SIGINT)
        recovering.wait(0)
        equal(slow.phase(), "stopped", "phase")


@test
def asked_to_leave_twice():
    """A reaper of a new server that asks it to leave while it tells what it did comes too late"""
    with Server() as server:
        execution = server.running()
        server.kill_all()
        reader, writer = full_pipe()
        with open(reader, "rb") as told:
            process = subprocess.Popen([server.program, "recover"], stdout=writer, env={
                **clean_environment(), "ACTIONKIT_STATE_DIR": server.state_dir})
            os.close(writer)
            wait_for(lambda: execution.phase() == "stopped" and
                     not blocks(process.pid, signal.SIGINT), "it to tell")
            process.send_signal(signal.SIGTERM)
            contains(told.read().decode(), execution.id, "what it tells")
        equal(process.wait(PATIENCE_S), 0, "exit status")


def blocks(pid, number):
    mask = re.search(rb"SigBlk:\s*(\w+)", proc_read(pid, "status"))
    return bool(int(mask[1], 16) & 1 << number - 1)


def full_pipe():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b" " * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
    return reader, writer


@test
def no_database():
    """Where there is no database, it says so and makes none"""
    with Server(serve=False) as server:
        contains(command("recover", server=server, status=1).err, server.state_dir,
                 "message")
        equal(os.listdir(server.state_dir), [], "what is in the state directory")
        contains(command("recover", "--timeout", "x", server=server, status=EX_USAGE).err,
                 "must be a duration", "mistake")
        contains(command("recover", server=server, status=EX_USAGE,
                         environment={"ACTIONKIT_STOP_TIMEOUT": "x"}).err,
                 "ACTIONKIT_STOP_TIMEOUT=x", "mistake")


main()
