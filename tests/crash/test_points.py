#!/usr/bin/env python3
"""One process is killed at its Nth system call, for every N: every effect is undone.

A scenario is a part of the life of an execution, run while one process is counted by
killat.c. After each kill the server must come to rest by itself, and tell the truth; what
does not hold is a violation. CRASH_DEPTH=full tries every N until the part completes without
a kill; otherwise a few points are tried. The figures are printed last.
"""

import base64
import concurrent.futures
import glob
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../e2e"))

from harness import (  # noqa: E402
    Execution, Later, Server, Victim, alive, end_all, kill, proc_start_time, proc_state,
    program_path, skip_all, wait_for)

ACTION = program_path("CRASH_ACTION", "tests/crash/action")
KILLAT = program_path("CRASH_KILLAT", "tests/crash/killat")
CRASH = "org.actionkit.test.crash"
FULL = os.environ.get("CRASH_DEPTH") == "full"
SHORT_POINTS = 5
UPLOAD_BYTES = 20000
INTEGRITY_EVERY = 25
AT_ONCE = 4             # parts, each with a server of its own
TICKS = os.sysconf("SC_CLK_TCK")
LIVED_MIN_S = 1.1       # see LIVED_MIN_MS in children.c


def uptime_s():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Killer:
    """killat on a process: counts, and kills at the Nth call (0: never)."""

    def __init__(self, pid, at, children):
        self.pid = pid
        self.process = subprocess.Popen(
            [KILLAT, str(pid), str(at), *(["children"] if children else [])],
            stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            self.process.wait()
            raise PermissionError("killat cannot trace")

    def done(self):
        return self.process.poll() is not None

    def end(self):
        """Whether it has killed; and the number of the call, or how many it counted."""
        if not self.done():
            self.process.terminate()
        word, number = self.process.communicate()[0].split()
        return word == "killed", int(number)


class Crash(Execution):
    """An execution with a file: as text, or uploaded."""

    def __init__(self, server):
        super().__init__(server, CRASH, {
            "duration": 60000, "directory": server.effects,
            "file": base64.b64encode(b"a file").decode()})

    def send(self):
        return self.upload(("file", os.urandom(UPLOAD_BYTES), "a file"))


class Part:
    """A part of a life during which one process is killed."""

    def __init__(self, name, before, verb=None, victim="responder", children=False):
        self.name = name
        self.before = before        # the calls that lead to it
        self.verb = verb            # the call that it is, or None: a stop by the extension
        self.victim = victim
        self.children = children

    def pid(self, server):
        if self.victim == "responder":
            pid = server.wait_responders()[0]
        elif self.victim == "reaper":
            pid = wait_for(server.reaper, "a reaper")
        else:
            return server.process.pid
        # One that dies young is started again after a growing pause.
        wait_for(lambda: uptime_s() - proc_start_time(pid) / TICKS > LIVED_MIN_S, "its age")
        return pid

    def run(self, server, execution, killer):
        """Returns when what is counted is over."""
        if self.verb:
            Later(getattr(execution, self.verb)).result()
            wait_for(lambda: killer.done() or proc_state(killer.pid) in ("S", None),
                     "the end of the request")
        elif self.victim == "supervisor":
            server.signal(signal.SIGTERM)
            wait_for(lambda: killer.done() or not alive(killer.pid), "the way out")
        else:
            server.operator_stop(execution, "crash")
            kill(killer.pid, signal.SIGUSR1)
            wait_for(lambda: killer.done() or execution.phase() == "stopped", "its stop")


START = Part("start, responder", ("prepare",), "start")
PARTS = (
    Part("prepare, responder", (), "prepare"),
    Part("prepare with an upload, responder", (), "send"),
    Part("prepare again, with an upload, responder", ("prepare",), "send"),
    START,
    Part("status, responder", ("prepare", "start"), "status"),
    Part("stop, responder", ("prepare", "start"), "stop"),
    Part("stop of the extension, stopper", ("prepare", "start"), None, "reaper", True),
    Part("stop of the extension, reaper", ("prepare", "start"), None, "reaper"),
    Part("SIGTERM, supervisor", ("prepare", "start"), None, "supervisor"),
)


def effects(server, execution):
    return glob.glob(os.path.join(server.effects, f"effect-{execution.id}-*"))


def lines(server, execution, what):
    try:
        with open(os.path.join(server.effects, "log"), encoding="utf-8") as file:
            return file.read().splitlines().count(f"{execution.id} {what}")
    except FileNotFoundError:
        return 0


class Judge:
    """What must hold after a kill; notes what does not."""

    def __init__(self, server, execution):
        self.server = server
        self.execution = execution
        self.wrong = []

    def need(self, condition, text):
        if not condition:
            self.wrong.append(text)

    def now(self):
        """What holds at any moment, of an execution that nobody is at."""
        row = self.execution.row()
        phase = row and row["phase"]
        there = effects(self.server, self.execution)
        self.need(not there or phase in ("starting", "running", "stopping"),
                  f"an effect in phase {phase}")
        for file in self.server.query("SELECT path FROM files"):
            self.need(os.path.exists(file["path"]), "a row without a file")
        if phase == "running" and not row["stop_by"]:
            self.need(effects(self.server, self.execution) or
                      self.execution.phase() != "running", "running without an effect")

    def ask_again(self, verb):
        """The agent has lost the reply, and asks again."""
        reply = getattr(self.execution, verb)()
        self.need(reply.status in (200, 409, 503), f"{verb} again: {reply!r}")
        if reply.status != 200 or reply.json().get("error"):
            return
        there = effects(self.server, self.execution)
        if verb == "start":
            self.need(there, "start says yes, and there is no effect")
        if verb == "stop":
            self.need(not there, "stop says yes, and the effect is there")

    def end(self):
        """The agent stops it for good; then nothing is left."""
        def told():
            reply = self.execution.stop()
            return reply.status == 200
        wait_for(told, "a stop that succeeds")
        self.need(self.execution.phase() == "stopped",
                  f"told stopped in phase {self.execution.phase()}")
        self.need(not effects(self.server, self.execution), "the effect is left")
        phases = [event["phase"] for event in self.execution.events()]
        self.need(phases.count("stopped") == 1, f"stopped in the events: {phases}")
        self.need("starting" not in phases or lines(self.server, self.execution, "stop"),
                  "stop() did not run")
        self.need(lines(self.server, self.execution, "start") <= 1, "start() ran twice")
        self.files()
        status = self.execution.status().json()
        self.need(status.get("completed") is True, f"status after the end: {status}")

    def files(self):
        """Files have rows, rows have files, at the latest after the reaper's next look."""
        try:
            self.server.check_files()
        except AssertionError as fault:
            self.need(False, str(fault))

    def whole(self):
        """What must hold of the server."""
        result = self.server.query("PRAGMA integrity_check")[0]["integrity_check"]
        self.need(result == "ok", f"integrity_check: {result}")
        self.files()
        left = self.server.query("SELECT resource FROM claims")
        self.need(not left, f"claims of nobody: {left}")


def try_point(server, part, at):
    """Returns whether it was killed, at which call (or how many there were), what is wrong."""
    execution = Crash(server)
    for verb in part.before:
        getattr(execution, verb)().ok()
    killer = Killer(part.pid(server), at, part.children)
    part.run(server, execution, killer)
    killed, number = killer.end()
    judge = Judge(server, execution)
    if part.victim == "supervisor":
        # Nobody serves: the guard undoes everything, and leaves.
        wait_for(lambda: execution.phase() == "stopped", "the guard's stop")
        server.process.wait()
        server.wait_gone()
        judge.now()
        server.serve()
    elif killed:
        server.wait_responders()
        wait_for(server.reaper, "a reaper")
        judge.now()
        if part.verb:
            judge.ask_again(part.verb)
    judge.end()
    if at % INTEGRITY_EVERY == 0:
        judge.whole()
    return killed, number, judge.wrong


def points_of(server, part, late):
    """Numbers to try: all, or some of as many as there are."""
    if FULL and not late:
        yield from range(1, sys.maxsize)
    _, count, _ = try_point(server, part, 0)
    if late:
        yield from sorted(range(1, count + 1), key=lambda at: abs(at - count // 2))
        return
    step = max(count / SHORT_POINTS, 1)
    yield from sorted({round(1 + i * step) for i in range(SHORT_POINTS)})


def try_part(part, late=False):
    """Returns kills, and violations as texts. late: until the first, with the mistake."""
    kills, violations = 0, []
    # Leaks cannot be looked for in a process that is traced.
    environment = {"ASAN_OPTIONS": "detect_leaks=0",
                   **({"CRASH_SAVE_LATE": "1"} if late else {})}
    with Server(ACTION, environment=environment, responders=1, grace="100ms",
                stop_retry="100ms", log_level="info") as server:
        for at in points_of(server, part, late):
            killed, number, wrong = try_point(server, part, at)
            kills += killed
            violations += [f"{part.name}: killed at call {at} (number {number}): {text}"
                           for text in wrong]
            if late and violations or not late and FULL and not killed:
                break
    return kills, violations


def can_trace():
    with Victim() as victim:
        try:
            Killer(victim.pid, 0, False).end()
        except PermissionError:
            return False
    return True


def report(number, name, good, notes):
    print(f"{'ok' if good else 'not ok'} {number} - {name}")
    for line in notes:
        print(f"# {line}")
    sys.stdout.flush()


def main():
    if not can_trace():
        skip_all("a process cannot be traced here")
    print(f"1..{len(PARTS) + 1}", flush=True)
    kills, violations, good = 0, 0, True
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=AT_ONCE)
    futures = [pool.submit(try_part, part) for part in PARTS]
    late = pool.submit(try_part, START, late=True)
    try:
        for number, part in enumerate(PARTS, 1):
            tried, wrong = futures[number - 1].result()
            kills += tried
            violations += len(wrong)
            good = good and tried > 0 and not wrong
            report(number, part.name, tried > 0 and not wrong,
                   [f"{tried} kill points, {len(wrong)} violations", *wrong])
        # The mistake that must be found.
        tried, wrong = late.result()
        report(len(PARTS) + 1, "an undo record that is saved after the effect is found",
               bool(wrong), [f"{tried} kill points until the first violation", *wrong])
        good = good and bool(wrong)
    finally:
        end_all()
    print(f"# crash: {kills} kill points tried, violations {violations}")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
