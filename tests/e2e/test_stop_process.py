#!/usr/bin/env python3
"""The action stop-process, on processes that are really there."""

import os
import signal
import sys
import tempfile

from harness import (ACTIONKIT, Execution, Server, Victim, check, contains, equal, main, proc_read,
                     test, texts, wait_for)

STOP = "org.actionkit.stop-process"
# Tests run beside one another: names are of one test only, and have at most 15 characters.
MINE = f"v{os.getpid()}"


def stopping(server, process, **config):
    return Execution(server, STOP, {"duration": 60000, "delay": 50, "process": str(process),
                                    **config}).begun()


def copy_of_sleep(directory, name):
    """A program of this name, which ignores SIGTERM as a shell would do."""
    path = os.path.join(directory, name)
    with open(path, "w", encoding="ascii") as file:
        file.write(f"#!{sys.executable}\nimport signal, sys, time\n"
                   "if 'deaf' in sys.argv:\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                   "open('/proc/self/comm', 'w').write(sys.argv[1])\ntime.sleep(600)\n")
    os.chmod(path, 0o755)
    return path


class Named(Victim):
    """A process of that name."""

    def __init__(self, program, name, *more):
        super().__init__(sys.executable, program, name, *more)
        # It may be stopped as soon as it has its name.
        wait_for(lambda: self.comm() == name or self.ended(), f"a process named {name}")

    def __enter__(self):
        return self

    def comm(self):
        return proc_read(self.pid, "comm").decode().strip()

    def ended(self):
        return self.process.poll() is not None


@test
def by_name():
    """All with a part of the name are stopped, and those that come later; others are not"""
    with tempfile.TemporaryDirectory() as directory, Server(ACTIONKIT) as server:
        program = copy_of_sleep(directory, "sleeper")
        with Named(program, MINE + "n-one") as one, Named(program, MINE + "n-two") as two, \
                Named(program, MINE + "other") as other:
            execution = stopping(server, MINE + "n-")
            wait_for(lambda: one.ended() and two.ended(), "the end of both")
            with Named(program, MINE + "n-three") as three:
                wait_for(three.ended, "the end of one that came later")
            reply = execution.stop().ok()
            check(not other.ended(), "another process was stopped")
            equal(one.process.returncode, -signal.SIGTERM, "signal")
            equal(reply["summary"]["text"], "Stopped 3 processes", f"summary of {texts(reply)}")


@test
def by_pid():
    """The one process of a pid; when it has ended the work is over"""
    with Server(ACTIONKIT) as server, Victim() as victim:
        execution = stopping(server, victim.pid)
        wait_for(lambda: victim.process.poll() is not None, "its end")
        told = []

        def completed():
            told.append(execution.status().ok())
            return told[-1]["completed"]
        wait_for(completed, "completed")
        contains(texts(*told), f"Process {victim.pid} has ended", "messages")
        equal([metric["value"] for reply in told for metric in reply.get("metrics", [])][-1], 1,
              "metric")
        execution.stop().ok()


@test
def gracefully_or_not():
    """SIGTERM first, and SIGKILL in the next round; or SIGKILL at once"""
    with tempfile.TemporaryDirectory() as directory, Server(ACTIONKIT) as server:
        program = copy_of_sleep(directory, "sleeper")
        for graceful, deaf, expected in ((True, True, signal.SIGKILL),
                                         (True, False, signal.SIGTERM),
                                         (False, False, signal.SIGKILL)):
            with Named(program, MINE + "deaf", *(["deaf"] if deaf else [])) as victim:
                execution = stopping(server, MINE + "deaf", graceful=graceful)
                wait_for(victim.ended, "its end")
                equal(victim.process.returncode, -expected, f"graceful {graceful}")
                reply = execution.stop().ok()
                equal(reply["summary"]["text"], "Stopped 1 processes",
                      f"summary of {texts(reply)}, process {victim.pid}")


@test
def spared():
    """pid 1, ourselves, threads of the kernel, the agent and its ancestors are never stopped"""
    with tempfile.TemporaryDirectory() as directory, Server(ACTIONKIT) as server, \
            Named(copy_of_sleep(directory, "sleeper"), MINE + "agent") as agent:
        for pid, words in ((1, "must not be stopped"), (server.process.pid, "must not be"),
                           (2, "thread of the kernel"), (2 ** 22 + 1, "There is no process"),
                           (10 ** 30, "There is no process")):
            execution = Execution(server, STOP, {"duration": 60000, "process": str(pid)})
            contains(execution.prepare().failed()["title"], words, f"pid {pid}")
        context = {"agentPid": agent.pid}
        for pid in (agent.pid, os.getpid()):
            reply = server.post(f"/{STOP}/prepare", {
                "executionId": execution.id, "executionContext": context,
                "config": {"duration": 60000, "process": str(pid)}})
            contains(reply.failed()["title"], "the agent", f"agent {pid}")
        # By name they are skipped; the reply warns where nothing else is found.
        reply = server.post(f"/{STOP}/prepare", {
            "executionId": execution.id, "executionContext": context,
            "config": {"duration": 60000, "process": MINE + "agent"}}).ok()
        contains(texts(reply), f'No process is named "{MINE}agent" yet', "messages")


@test
def other_hosts():
    """The target of a request must be this host"""
    with Server(ACTIONKIT, hostname="here") as server:
        for name, good in (("HERE", True), ("there", False)):
            reply = server.post(f"/{STOP}/prepare", {
                "executionId": "0cd0c3f2-96b0-4a86-a0d4-bff6ec0d6d1b",
                "config": {"duration": 60000, "process": MINE + "none"},
                "target": {"name": "x", "attributes": {"host.hostname": [name]}}})
            if good:
                reply.ok()
            else:
                equal(reply.failed()["title"], "The target is there, this is here", "title")


@test
def survives():
    """Killed with everything, it stops nobody any more; the next server completes the record"""
    with tempfile.TemporaryDirectory() as directory, Server(ACTIONKIT) as server:
        program = copy_of_sleep(directory, "sleeper")
        execution = stopping(server, MINE + "late")
        server.kill_all()
        with Named(program, MINE + "late") as victim:
            server.serve()
            wait_for(lambda: execution.status().json()["completed"], "completed")
            check(not victim.ended(), "somebody goes on")
            equal(execution.stop().failed()["title"], "The worker died", "result")


main()
