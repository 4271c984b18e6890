#!/usr/bin/env python3
"""Programs that handlers and work() run: what they get, tell, and leave behind."""

import os
import signal

from harness import (Effect, Later, Server, alive, boot_ms, check, contains, equal, kill, main,
                     pids, proc_read, test, wait_for)

PROGRAMS = "org.actionkit.test.programs"
TEXT_BYTES_MAX = 1024 * 1024
STANDARD_SIGNALS = 2 ** 31 - 1


class Programs(Effect):
    """An execution that runs a program in one of its handlers."""

    def running(self):
        """Pids of its programs, which know whose they are, and of what they have begun."""
        mine = f"AK_EXECUTION={self.id}".encode()
        return {pid for pid in pids() if alive(pid) and
                mine in proc_read(pid, "environ").split(b"\0")}

    def wait_running(self, count=1):
        return wait_for(lambda: len(self.running()) >= count and self.running(),
                        f"{count} programs")


def programs(server, handler, *command, **knobs):
    """A prepared one, and the reply of its prepare."""
    execution = Programs(server, PROGRAMS, {
        "duration": 60000, "directory": server.effects, "handler": handler,
        "command": list(command), **knobs})
    return execution, execution.prepare()


def shell(server, handler, script, **knobs):
    return programs(server, handler, "sh", "-c", script, **knobs)


def messages(reply):
    return [(message["level"], message["message"]) for message in reply.get("messages", [])]


def told_by_start(server, script, **knobs):
    """What the start of one that runs a script tells."""
    execution, prepared = shell(server, "start", script, **knobs)
    prepared.ok()
    reply = execution.start().ok()
    execution.stop().ok()
    return messages(reply)


@test
def in_every_handler():
    """Programs run in each handler, and their exit status is what the handler comes to"""
    with Server() as server:
        for status, fails in (("0", False), ("3", True)):
            for handler in ("prepare", "start", "status", "stop", "work"):
                execution, reply = shell(server, handler,
                                         f"echo told >&2; [ -e {server.dir}/go ] || exit {status}")
                if handler != "prepare":
                    reply.ok()
                    reply = execution.start()
                if handler == "status":
                    reply.ok()
                    reply = execution.status()
                if handler == "stop":
                    reply.ok()
                    reply = execution.stop()
                if handler == "work":
                    reply.ok()
                    if fails:
                        reply = wait_for(lambda: (last := execution.status()).json()["completed"]
                                         and last, "the end of work()")
                if fails:
                    error = reply.json().get("error") or reply.json()
                    equal(error["title"], "sh: exit status 3", f"title in {handler}")
                    equal(error["detail"], "told", "detail")
                else:
                    reply.ok()
                with open(f"{server.dir}/go", "w", encoding="ascii"):
                    pass
                if handler != "prepare":
                    wait_for(lambda: execution.stop().status == 200, "the stop")
                os.unlink(f"{server.dir}/go")


@test
def what_they_get():
    """A new environment, one directory, no shell, nothing open, default signals"""
    with Server(environment={"PATH": os.environ["PATH"], "SECRET": "x"}) as server:
        execution, prepared = programs(server, "start", "env", out="text", looks=True,
                                       environment=["LANG=de_DE", "MINE=1 2"])
        prepared.ok()
        (_, said), = messages(execution.start().ok())
        variables = sorted(said.split("[")[1].split("]")[0].split())
        equal(variables, sorted([
            "LANG=de_DE", "MINE=1", "2", f"AK_EXECUTION={execution.id}",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]),
            "environment")
        execution.stop().ok()
        execution, prepared = programs(server, "start", "ls", "/proc/self/fd", out="messages")
        prepared.ok()
        # Its three, the lock of the execution, and what it reads.
        equal(len(messages(execution.start().ok())), 5, "descriptors")
        execution.stop().ok()
        told = told_by_start(server, "pwd; exec grep -E 'Sig(Blk|Ign)' /proc/self/status",
                             out="messages")
        equal(told[0][1], "/", "directory")
        for _, line in told[1:]:
            # Real-time signals are libc's, or whoever started us has had them ignored.
            equal(int(line.split("\t")[1], 16) & STANDARD_SIGNALS, 0, line)
        equal(told_by_start(server, "cat", input="two\nlines", out="messages"),
              [("info", "two"), ("info", "lines")], "input")
        equal(told_by_start(server, "cat", out="messages"), [], "without input")


@test
def not_there():
    """A program that cannot be run is an error that names it, also where its end is looked at"""
    with Server() as server:
        script = os.path.join(server.dir, "script")
        with open(script, "w", encoding="ascii") as file:
            file.write("#!/nowhere\n")
        for name, title, detail in (
                ("no-such-program", "The program no-such-program is not there",
                 "No such file or directory"),
                ("./sh", "The program ./sh is not there", "Invalid argument"),
                ("/etc/passwd", "The program /etc/passwd is not there", "Permission denied"),
                ("/tmp", "The program /tmp is not there", "Permission denied"),
                (script, f"The program {script} cannot be run", "No such file or directory")):
            if name == script:
                os.chmod(script, 0o755)
            _, reply = programs(server, "prepare", name, looks=True)
            error = reply.failed()
            equal((error["title"], error["detail"]), (title, detail), name)


@test
def how_they_end():
    """Exit status, signal and timeout are told to who looks, and are errors where nobody does"""
    with Server() as server:
        for script, knobs, end, title in (
                ("exit 7", {}, "end 7 0 0", "sh: exit status 7"),
                ("kill -SEGV $$", {}, "end -1 11 0", "sh: killed by signal 11"),
                ("sleep 60", {"timeout": 100}, "end -1 9 1", "sh: not ended within 1")):
            (_, said), = told_by_start(server, script, looks=True, **knobs)
            contains(said, end, script)
            _, reply = shell(server, "prepare", script, **knobs)
            contains(reply.failed()["title"], title, script)


@test
def deadline():
    """Without a timeout it is killed in time for its handler to say so"""
    with Server(handler_timeout="2s") as server:
        began = boot_ms()
        execution, reply = shell(server, "prepare", "sleep 60 & wait")
        contains(reply.failed()["title"], "sh: not ended within 1", "title")
        check(boot_ms() - began < 1900, f"it took {boot_ms() - began} ms")
        equal(execution.running(), set(), "programs")


@test
def what_they_say():
    """Text, or messages: a line each; errors that repeat are told once, with how often"""
    with Server() as server:
        equal(told_by_start(server, "printf 'one\\r\\n\\ntwo\\n\\377'; sleep 0.1; echo three >&2",
                            out="messages", err="messages"),
              [("info", "one"), ("info", "two"), ("warn", "three"), ("info", "\ufffd")],
              "lines")
        (_, said), = told_by_start(server, "echo out; echo err >&2; echo more >&2",
                                   out="text", err="text", looks=True)
        equal(said, "end 0 0 0 4 9 [out\n] [err\nmore\n]", "texts")
        repeated = "for i in 1 2 3; do echo again >&2; done; echo else >&2"
        equal(told_by_start(server, repeated, err="messages"),
              [("warn", "again"), ("warn", "else"), ("warn", "again (said 3 times)")],
              "lines that are equal")
        _, reply = shell(server, "prepare", f"{repeated}; exit 1")
        equal(reply.failed()["detail"], "again (said 3 times)\nelse", "detail")
        _, reply = shell(server, "prepare", "seq 1 2000 >&2; exit 1")
        lines = reply.failed()["detail"].split("\n")
        equal((lines[-1], 10 < len(lines) < 33), ("2000", True), "the end of a long story")


@test
def too_much():
    """More than 1 MiB of text kills the program; more than 1000 lines are counted"""
    with Server() as server:
        (_, said), = told_by_start(server, f"head -c {TEXT_BYTES_MAX} /dev/zero", out="text",
                                   looks=True)
        contains(said, f"end 0 0 0 {TEXT_BYTES_MAX} 0", "text of 1 MiB")
        execution, reply = shell(server, "prepare", "cat /dev/zero", out="text", looks=True)
        contains(reply.failed()["title"], f"sh: it wrote more than {TEXT_BYTES_MAX} bytes",
                 "title")
        equal(execution.running(), set(), "programs")
        told = told_by_start(server, "seq 1 1234", out="messages")
        equal(len(told), 1001, "messages")
        equal(told[-1], ("info", "... and 234 more lines"), "the last one")
        (_, line), = told_by_start(server, "head -c 10000 /dev/zero | tr '\\0' x",
                                   out="messages")
        equal(line, "x" * 4096, "a long line")


@test
def leaves_something():
    """What a program has left in its group ends with it, and is not waited for"""
    with Server() as server:
        execution, reply = shell(server, "start", "sleep 60 & echo done", out="messages")
        reply.ok()
        began = boot_ms()
        equal(messages(execution.start().ok()), [("info", "done")], "told")
        check(boot_ms() - began < 5000, "the child was waited for")
        wait_for(lambda: not execution.running(), "the end of the child")
        execution.stop().ok()


@test
def handler_dies():
    """A program dies with its handler; nothing is undone while anything of it lives"""
    with Server() as server:
        mark = os.path.join(server.dir, "mark")
        # The child is in another group, and does not die with its parent.
        execution, reply = shell(server, "start",
                                 f"setsid sh -c 'trap \"\" TERM; while :; do date >>{mark}; "
                                 "sleep 0.01; done' & wait")
        reply.ok()
        start = Later(execution.start)
        execution.wait_running(3)
        program = execution.running()
        kill(int(execution.wait_note("start", "begin").pid))
        start.result()
        execution.wait_phase("stopped")
        size = os.path.getsize(mark)
        check(not any(map(alive, program)), "a program lives")
        contains(server.log(), "which a handler that died has left", "log")
        equal(os.path.getsize(mark), size, "what it writes")
        equal(len(execution.notes("stop", "begin")), 1, "calls of stop()")


@test
def end_of_work():
    """The end is passed on to a program of work(): SIGTERM, and SIGKILL; that is no error"""
    with Server(stop_timeout="6s") as server:
        for script, words in (("trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.01; "
                               "done", ["up", "bye", "Worked"]),
                              ("trap '' TERM; echo up; while :; do sleep 0.01; done",
                               ["up", "Worked"])):
            execution, reply = shell(server, "work", script, out="messages")
            reply.ok()
            execution.start().ok()
            execution.wait_running()
            told = wait_for(lambda: messages(execution.status().ok()), "up")
            reply = execution.stop().ok()
            equal([text for _, text in told + messages(reply)], words, "told")
            equal(execution.running(), set(), "programs")


@test
def keeper_dies():
    """What work() runs is killed before stop(), also where nobody is left who has begun it"""
    with Server() as server:
        execution, reply = shell(server, "work", "trap '' TERM; setsid sleep 600 & wait")
        reply.ok()
        execution.start().ok()
        execution.wait_running(2)
        keeper, = server.query("SELECT pid FROM workers WHERE execution = ?", execution.id)
        kill(keeper["pid"], signal.SIGKILL)
        execution.stop()
        equal(execution.phase(), "stopped", "phase")
        equal(execution.running(), set(), "programs")


main()
