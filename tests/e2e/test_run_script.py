#!/usr/bin/env python3
"""The action run-script: what a script gets, tells, comes to, and leaves behind."""

import base64
import os

from harness import (ACTIONKIT, Execution, Server, alive, check, contains, equal, main, proc_read,
                     test, wait_for)

SCRIPT = "org.actionkit.run-script"
OUTPUT_BYTES = 5000000


def script_server(**options):
    return Server(ACTIONKIT, enable_action=SCRIPT, **options)


def prepared(server, text, **config):
    execution = Execution(server, SCRIPT, {"duration": 60000, **config})
    return execution, execution.upload(("file", text, "a.sh"))


def begun(server, text, **config):
    execution, reply = prepared(server, text, **config)
    reply.ok()
    execution.start().ok()
    return execution


class Told:
    """All that it tells until its end, and what its stop says."""

    def __init__(self, execution):
        self.replies = []

        def completed():
            self.replies.append(execution.status().json())
            return self.replies[-1]["completed"]
        wait_for(completed, "the end")
        self.stopped = execution.stop().json()
        self.error = self.stopped.get("error")
        self.replies.append(self.stopped)

    def messages(self):
        return [(message["level"], message["message"]) for reply in self.replies
                for message in reply.get("messages") or []]

    def output(self):
        [artifact] = [artifact for reply in self.replies
                      for artifact in reply.get("artifacts") or []]
        equal(artifact["label"], "output.log", "label")
        return base64.b64decode(artifact["data"])


@test
def ends():
    """By itself, with a status, by a signal: what it comes to, and what it has said"""
    with script_server() as server:
        for text, title, kind in (
                ("echo hello\necho oops >&2\n", None, None),
                ("#!/bin/sh\necho hello\necho oops >&2; exit 3", "exit status 3", "failed"),
                ("#! /bin/sh -e\necho hello; echo oops >&2; false; exit 0", "exit status 1",
                 "failed"),
                ("#!/usr/bin/env python3\nimport os, sys\nprint('hello', flush=True)\n"
                 "print('oops', file=sys.stderr, flush=True)\nos.kill(os.getpid(), 9)\n",
                 "killed by signal 9", "errored")):
            told = Told(begun(server, text))
            equal(told.error and told.error.get("status"), kind, text)
            contains(str(told.error), title or "None", text)
            check({("info", "hello"), ("warn", "oops")} <= set(told.messages()),
                  f"{told.messages()}")
            equal(sorted(told.output().splitlines()), [b"hello", b"oops"], "artifact")


@test
def words():
    """Arguments and variables as they are, nothing of ours; not shown to the agent"""
    with script_server(environment={"SECRET": "ours"}) as server:
        execution = begun(
            server, 'for word; do echo "<$word>"; done; env; pwd; cat\n',
            arguments=["a b", "$HOME", "", "-x;y"],
            environment=[{"key": "A_1", "value": "x y=z"}, {"key": "LANG", "value": "C"}])
        check("a b" not in str(execution.state), f"state {execution.state}")
        lines = Told(execution).output().decode().splitlines()
        equal(lines[:4], ["<a b>", "<$HOME>", "<>", "<-x;y>"], "arguments")
        equal(lines[-1], "/", "directory")
        variables = {line.split("=", 1)[0]: line.split("=", 1)[1] for line in lines[4:-1]}
        equal(variables.pop("AK_EXECUTION"), execution.id, "execution")
        for name in ("PWD", "SHLVL", "_", "OLDPWD", "PATH"):
            variables.pop(name, None)
        equal(variables, {"A_1": "x y=z", "LANG": "C"}, "variables")


@test
def much():
    """The last 5 MB of what it writes are an artifact; lines beyond the thousandth are counted"""
    with script_server() as server:
        told = Told(begun(server, "seq 1 1000000\n"))
        output = told.output()
        equal(len(output), OUTPUT_BYTES, "bytes")
        check(output.endswith(b"\n999999\n1000000\n"), "the end is missing")
        messages = [text for level, text in told.messages() if level == "info"]
        contains(messages, "1000", "messages")
        contains(messages, "... and 999000 more lines", "messages")


@test
def stopped():
    """SIGTERM lets it undo what it did; what is deaf is killed, with all it has started"""
    with script_server() as server:
        mark = os.path.join(server.dir, "mark")
        execution = begun(server, f"trap 'rm {mark}; echo undone; exit' TERM\ntouch {mark}\n"
                          "while :; do sleep 0.05; done\n")
        wait_for(lambda: os.path.exists(mark), "the script")
        reply = execution.stop().ok()
        check(not os.path.exists(mark), "it was not asked to end")
        contains([message["message"] for message in reply["messages"]], "undone", "messages")
        contains(base64.b64decode(reply["artifacts"][0]["data"]), b"undone", "artifact")
        equal(server.files_on_disk(), [], "files")
        pid_file = os.path.join(server.dir, "pids")
        execution = begun(server, f"trap '' TERM\nsleep 600 &\necho $$ $! >{pid_file}\n"
                          "setsid sleep 600\n", duration=60000)
        found = wait_for(lambda: os.path.exists(pid_file) and
                         list(map(int, open(pid_file, encoding="ascii").read().split())), "it")
        execution.stop()
        check(not any(map(alive, found)), "it goes on")
        execution.stop()


@test
def refused():
    """What is no script, or cannot be run, and words that cannot be given"""
    with script_server() as server:
        for text, words_ in (("#!/bin/sh\r\necho\r\n", "carriage returns"),
                             ("#!sh\n", "no absolute path"), ("#!/no/such/program\n", "/no/such"),
                             (b"\177ELF\2", "a program, and not a script"),
                             ("#!" + "/" * 300, "longer than 256 bytes")):
            contains(prepared(server, text)[1].failed()["title"], words_, str(text))
        for name in ("PATH", "LD_PRELOAD", "A=B", "1A", "", "AK_EXECUTION"):
            reply = prepared(server, "", environment=[{"key": name, "value": "x"}])[1]
            contains(reply.failed()["title"], "environment", name)
        equal(server.files_on_disk(), [], "files")
    with Server(ACTIONKIT) as server:
        prepared(server, "")[1].refused(404)


@test
def survives():
    """Killed with everything: the next server ends what the script has started"""
    with script_server() as server:
        pid_file = os.path.join(server.dir, "pids")
        execution = begun(server, f"sleep 601 & sleep 602 & echo $! >{pid_file}; wait\n")
        sleeper = int(wait_for(lambda: os.path.exists(pid_file) and
                               open(pid_file, encoding="ascii").read(), "it"))
        server.kill_all()
        contains(proc_read(sleeper, "cmdline"), b"602", "it is gone with its server")
        server.serve()
        server.operator_stop(execution, "the end")
        execution.wait_phase("stopped")
        wait_for(lambda: not alive(sleeper), "the end of what it has started")


main()
