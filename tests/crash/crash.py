"""What the tests under fire share: the action, and the judge of what must hold.

The action (action.c) makes a file whose name only its undo record tells.
"""

import base64
import glob
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../e2e"))

from clock import ClockServer  # noqa: E402
from network import NetServer  # noqa: E402
from harness import (  # noqa: E402
    ACTIONKIT, PATIENCE_S, Execution, Server, Skip, TESTS, alive, clean_environment, equal, pids,
    proc_read, program_path, run, title, wait_for)

ACTION = program_path("CRASH_ACTION", "tests/crash/action")
ACTION_NEXT = program_path("CRASH_ACTION_NEXT", "tests/crash/action_next")
CRASH = "org.actionkit.test.crash"
CRASH_LABOUR = "org.actionkit.test.crash-labour"
WORKERS = ("ak-worker", "ak-work")
UPLOAD_BYTES = 20000
FULL = os.environ.get("FAULTS_DEPTH") == "full"

# Leaks cannot be looked for in a process that is traced.
TRACED = {"ASAN_OPTIONS": "detect_leaks=0"}

tried = [0]             # faults that were brought about


class Attack(Execution):
    """An execution whose effect is a file."""

    effect = "effect-{}-*"  # its name, of the id
    notes = True            # its handlers write into the log
    at_once = True          # it has an effect as soon as it runs

    @staticmethod
    def make_server(**options):
        return Server(ACTION, **options)

    def effects(self):
        """What there is of it, as a list."""
        return glob.glob(os.path.join(self.server.effects, self.effect.format(self.id)))


class Crash(Attack):
    """An execution with a file: as text, or uploaded."""

    begins = ("prepare", "send")

    def __init__(self, server):
        super().__init__(server, CRASH, {
            "duration": 60000, "directory": server.effects,
            "file": base64.b64encode(b"a file").decode()})

    def send(self):
        return self.upload(("file", os.urandom(UPLOAD_BYTES), "a file"))


class Labour(Attack):
    """An execution with a worker, which ends after some rounds, or 0: when it is stopped."""

    begins = ("prepare",)

    def __init__(self, server, rounds=0):
        super().__init__(server, CRASH_LABOUR, {
            "duration": 60000, "directory": server.effects, "rounds": rounds})
        self.told = []          # numbers of the rounds that the agent has heard of
        self.over = False       # a stop was answered; whoever asks again gets the same again

    def call(self, verb, body, headers=None, timeout=PATIENCE_S):
        reply = super().call(verb, body, headers, timeout)
        if reply.status == 200 and not self.over:
            self.told += [metric["value"] for metric in reply.json().get("metrics", [])]
            self.over = verb == "stop"
        return reply

    def worker(self):
        """Its row; None if there is none."""
        rows = self.server.query("SELECT * FROM workers WHERE execution = ?", self.id)
        return rows[0] if rows else None


class Real(Attack):
    """An execution of an action that is offered."""

    notes = False
    name = None
    settings = {}

    def __init__(self, server):
        super().__init__(server, f"org.actionkit.{self.name}", {
            "duration": 60000, **self.settings,
            **({"path": server.effects} if "path" in self.settings else {})})

    @classmethod
    def make_server(cls, **options):
        return Server(ACTIONKIT, enable_action=f"org.actionkit.{cls.name}", **options)


class FillDisk(Real):
    effect = ".ak-fill-{}"
    name = "fill-disk"
    settings = {"path": None, "mode": "MB_TO_FILL", "size": 1}


class StressIo(Real):
    effect = ".ak-stress-{}"
    name = "stress-io"
    settings = {"path": None, "mode": "read_write", "workers": 1, "mbytes_per_worker": 1}


class Processes(Real):
    """One whose effect is what its worker runs."""

    at_once = False

    def effects(self):
        mine = f"AK_EXECUTION={self.id}".encode()
        return [pid for pid in pids() if mine in proc_read(pid, "environ").split(b"\0")] + \
            [pid for pid in self.server.named("ak-work") if alive(pid)]


class FillMemory(Processes):
    name = "fill-memory"
    settings = {"mode": "absolute", "size": 1, "unit": "MiB"}


class RunScript(Processes):
    name = "run-script"
    settings = {"file": base64.b64encode(b"sleep 600 & sleep 600").decode()}


class TimeTravel(Real):
    """On a clock that only its server knows."""

    name = "time-travel"
    settings = {"offset": 3600000}

    @classmethod
    def make_server(cls, **options):
        return ClockServer(f"org.actionkit.{cls.name}", **options)

    def effects(self):
        return [shift for shift in [self.server.shift()] if abs(shift) > 1] + \
            self.server.tables().split()


class Network(Real):
    """In a network that only its server has."""

    @classmethod
    def make_server(cls, **options):
        return NetServer(f"org.actionkit.{cls.name}", **options)

    def effects(self):
        return self.server.left()


class NetworkLoss(Network):
    name = "network-loss"
    settings = {"percentage": 100}


class NetworkBandwidth(Network):
    name = "network-bandwidth"
    settings = {"bandwidth": "1mbit"}


def workers(server):
    return server.named(*WORKERS)


def started(server, kind=Crash):
    execution = kind(server)
    execution.prepare().ok()
    execution.start().ok()
    return execution


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
        there = self.execution.effects()
        self.need(not there or phase in ("starting", "running", "stopping"),
                  f"an effect in phase {phase}")
        for file in self.server.query("SELECT path FROM files"):
            self.need(os.path.exists(file["path"]), "a row without a file")
        # A start() that failed leaves it running, with its error, until it is stopped.
        if phase == "running" and not row["stop_by"] and \
                self.execution.at_once and \
                not json.loads(row["start_result"]).get("error"):
            self.need(self.execution.effects() or
                      self.execution.phase() != "running", "running without an effect")

    def ask_again(self, verb):
        """The agent has lost the reply, and asks again."""
        reply = getattr(self.execution, verb)()
        self.need(reply.status in (200, 409, 503), f"{verb} again: {reply!r}")
        if reply.status != 200 or reply.json().get("error"):
            return
        there = self.execution.effects()
        if verb == "start" and self.execution.at_once:
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
        self.need(not self.execution.effects(), "the effect is left")
        if isinstance(self.execution, Labour):
            self.labour()
        phases = [event["phase"] for event in self.execution.events()]
        self.need(phases.count("stopped") == 1, f"stopped in the events: {phases}")
        self.need("starting" not in phases or not self.execution.notes or
                  lines(self.server, self.execution, "stop"), "stop() did not run")
        self.need(lines(self.server, self.execution, "start") <= 1, "start() ran twice")
        self.files()
        status = self.execution.status().json()
        self.need(status.get("completed") is True, f"status after the end: {status}")

    def labour(self):
        """Of its worker nothing is left, and what it has told was heard once, in order."""
        self.need(not workers(self.server), "the worker lives")
        told = self.execution.told
        self.need(told == list(range(len(told))), f"told: {told}")

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


def judged(server, execution):
    judge = Judge(server, execution)
    judge.end()
    judge.whole()
    equal(judge.wrong, [], "violations")


class Strace:
    """Makes system calls fail: of processes, and of children that they fork meanwhile."""

    def __init__(self, server, pids, names, what):
        if not shutil.which("strace"):
            raise Skip("there is no strace")
        self.path = os.path.join(server.dir, "strace.log")
        with open(self.path, "w", encoding="utf-8") as file:
            self.process = subprocess.Popen(
                ["strace", "-f", "-e", f"trace={names}", "-e", f"inject={names}:{what}",
                 *[word for pid in pids for word in ("-p", str(pid))]],
                stderr=file, env=clean_environment())
        wait_for(lambda: self.text().count("attached") == len(pids) or
                 self.process.poll() is not None, "strace")
        if self.process.poll() is not None:
            raise Skip(f"strace cannot trace here: {self.text()}")

    def text(self):
        with open(self.path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def count(self):
        """How many have failed, or were late."""
        return self.text().count("INJECTED") + self.text().count("DELAYED")

    def end(self):
        self.process.terminate()
        self.process.wait()
        return self.count()


def faults_main():
    """Runs the tests named on the command line, or all; prints the figures last, and exits."""
    chosen = [function for function in TESTS
              if not sys.argv[1:] or function.__name__ in sys.argv[1:]]
    print(f"1..{len(chosen)}", flush=True)
    violations = 0
    for number, function in enumerate(chosen, 1):
        before = tried[0]
        passed, directive, notes = run(function)
        violations += not passed
        notes = [f"{tried[0] - before} faults", *notes]
        print(f"{'ok' if passed else 'not ok'} {number} - {title(function)}{directive}")
        for line in notes:
            print(f"# {line}")
        sys.stdout.flush()
    print(f"# faults: {tried[0]} faults tried, violations {violations}")
    sys.exit(1 if violations else 0)
