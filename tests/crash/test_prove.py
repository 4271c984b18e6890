#!/usr/bin/env python3
"""`prove` finds the mistake in each action of faulty.c, and nothing in the one without.

CRASH_DEPTH=full also proves the actions of this tree, apart from these: shutdown and stop-process
have no effect that can be undone, cpu-speed needs a /sys of its own, and time-travel a clock of
its own: test_points.py kills it at every call. Without it one is proved, at some calls.
"""

import glob
import os
import http.server
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../e2e"))

from harness import (  # noqa: E402
    ACTIONKIT, EXTENSION, Skip, Victim, check, clean_environment, contains, equal, main, pids,
    proc_read, program_path, test)
from network import DEVICE, IN_SYS, WIRE, require  # noqa: E402

FAULTY = program_path("CRASH_FAULTY", "tests/crash/faulty")
FULL = os.environ.get("CRASH_DEPTH") == "full"
LONG_S = 3000 if FULL else 300
EX_USAGE = 64


class Place:
    """A directory for effects, one for servers, and a way to prove there."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="ak-", dir="/tmp")
        self.effects = os.path.join(self.dir, "effects-of-this-action")
        self.tmp = os.path.join(self.dir, "tmp")
        os.mkdir(self.effects)
        os.mkdir(self.tmp)
        return self

    def __exit__(self, *fault):
        shutil.rmtree(self.dir, ignore_errors=True)

    def prove(self, name, *options, before=(), first=""):
        """Exit status, and what is printed; first: what the command that looks does before."""
        return self.run(
            *before, FAULTY, "prove", f"org.actionkit.test.faulty-{name}",
            "--set", f"directory={self.effects}",
            "--effect", f"{first}! grep -rqs $EXECUTION {self.effects}", *options)

    def run(self, *command):
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, check=False, timeout=LONG_S,
            env={**clean_environment(), "TMPDIR": self.tmp, "AK_TEST": self.dir,
                 "ASAN_OPTIONS": "detect_leaks=0"})
        return done.returncode, done.stdout

    def servers(self):
        return glob.glob(os.path.join(self.tmp, "ak-prove-*"))

    def gone(self):
        """Nothing that was begun here lives."""
        mark = f"AK_TEST={self.dir}\0".encode()
        equal([pid for pid in pids() if mark in proc_read(pid, "environ")], [], "left over")


def found(name, parts, *words):
    """The mistake shows, with a line that shows it again, and a server to look into."""
    with Place() as place:
        code, text = place.prove(name, *([] if FULL else ["--only", parts]))
        equal(code, 1, f"exit status: {text}")
        for word in words:
            contains(text, word, "the output")
        check(place.servers(), "no directory of a server is kept")
        contains(text, place.servers()[0][:-6], "the output")
        again = re.search(r"again: .* --only (\S+)$", text, re.MULTILINE)
        check(again, f"no line that repeats it: {text}")
        for left in glob.glob(os.path.join(place.effects, "*")):
            os.unlink(left)
        code, text = place.prove(name, "--only", again[1])
        equal(code, 1, f"exit status of {again[0]}: {text}")
        place.gone()


@test
def none():
    """An action without a mistake is proved"""
    with Place() as place:
        code, text = place.prove("none", *([] if FULL else [
            "--only", "life,again,unstarted,beside,killed,lost,start,stopper:200"]))
        equal(code, 0, f"exit status: {text}")
        points = re.search(r"^start\(\) +(\d+) points, 0 violations$", text, re.MULTILINE)
        check(points and int(points[1]) > 50, f"points of start(): {text}")
        contains(text, " 0 violations, ", "the output")
        equal(place.servers(), [], "directories that are left")
        equal(os.listdir(place.effects), [], "effects that are left")
        place.gone()


@test
def without_stop():
    """Actions without stop() are proved as far as they go: a check, and what is over at once"""
    with Place() as place:
        for name, parts in (("check", ["life", "again", "start:20", "status:10"]),
                            ("flash", ["life", "again", "start:20"])):
            code, text = place.run(EXTENSION, "prove", f"org.actionkit.test.{name}", "--set",
                                   f"directory={place.effects}", "--effect", "none",
                                   *([] if FULL else ["--only", ",".join(parts)]))
            equal(code, 0, f"exit status: {text}")
            contains(text, " 0 violations, ", "the output")
        equal(place.servers(), [], "directories that are left")
        place.gone()


@test
def slow():
    """The effect of a worker may come after start() has said yes, be it at once the first time"""
    with Place() as place:
        looked = os.path.join(place.dir, "looked")
        code, text = place.prove("slow", *([] if FULL else ["--only", "beside"]),
                                 first=f"mkdir {looked} 2>/dev/null && sleep 1; ")
        equal(code, 0, f"exit status: {text}")
        place.gone()


@test
def late():
    """An undo record that is saved after the effect is found, by the name of the call"""
    found("late", "life,start", "start: killed at call ", "the effect is left")


@test
def once():
    """A stop() that is not idempotent is found"""
    found("once", "life,unstarted,lost", "lost: stop() fails again and again", "Failed to remove")


@test
def foreign():
    """A stop() that undoes what another execution did is found"""
    found("foreign", "life,beside", "beside: the effect of another execution is gone")


@test
def child():
    """A process that start() forgets is found"""
    found("child", "life", "life: a process is left: ")


@test
def small():
    """A state that is too small for what stop() must know is found"""
    found("small", "life", "life: the effect is left")


@test
def memory():
    """What stop() must know, and only the memory of the process knows, is found"""
    found("memory", "life,stopper:0,killed", "killed: the effect is left",
          "stopper: the effect is left")


@test
def chance():
    """Where processes cannot be traced it kills at random, and says so"""
    if not shutil.which("strace"):
        raise Skip("there is no strace")
    with Place() as place:
        code, text = place.prove("none", "--random", "2s")
        equal(code, 0, f"exit status: {text}")
        kills = re.search(r"^at random +(\d+) points, 0 violations$", text, re.MULTILINE)
        check(kills and int(kills[1]) > 0, f"kills: {text}")
        # Who is traced can trace nobody else's children.
        code, text = place.prove("none", "--only", "life", before=(
            "strace", "-f", "-o", "/dev/null", "-e", "trace=none"))
        contains(text, "cannot be traced here", "the output")
        equal(code, 0, f"exit status: {text}")
        place.gone()


@test
def unreached():
    """A call that --only names and no life reaches is no kill point, and said to be none"""
    with Place() as place:
        code, text = place.prove("none", "--only", "again,start:5000", "--json")
        equal(code, 2, f"exit status: {text}")
        told = json.loads(text)
        [note] = told.pop("notes")
        contains(note, "start() was not killed: call 5000 was not reached", "the note")
        check(told.pop("tookMs") > 0, "tookMs")
        equal(told, {
            "action": "org.actionkit.test.faulty-none", "killPoints": 0, "violationCount": 0,
            "interrupted": False, "violations": [], "parts": [
                {"name": "life", "title": "a life without a fault", "violations": 0},
                {"name": "again", "title": "each reply is lost, and asked for again",
                 "violations": 0},
                {"name": "start", "title": "start()", "points": 0, "violations": 0,
                 "everyNthCall": 1, "cut": False}]}, "what is told")
        # Some of those around the last one are beyond it.
        calls = int(re.search(r"It has about (\d+)$", note)[1])
        code, text = place.prove("none", "--only", f"start:{calls}")
        equal(code, 0, f"exit status: {text}")
        points = int(re.search(r"^start\(\) +(\d+) points", text, re.MULTILINE)[1])
        check(0 < points < 25, f"points near the last call: {text}")
        contains(text, f": {points} kill points, 0 violations, ", "the output")
        place.gone()


@test
def as_json():
    """With --json it prints one object, with what is wrong and how to see it again"""
    with Place() as place:
        code, text = place.prove("late", "--only", "start", "--json")
        equal(code, 1, f"exit status: {text}")
        told = json.loads(text)
        equal(told["violationCount"], len(told["violations"]), "violationCount")
        equal(told["parts"][-1]["violations"], len(told["violations"]), "of start()")
        equal(told["parts"][-1]["points"], told["killPoints"], "killPoints")
        for violation in told["violations"]:
            equal(violation["part"], "start", "part")
            equal(violation["wrong"], ["the effect is left: --effect does not end with 0"],
                  "wrong")
            check(re.fullmatch("[a-z_0-9]+", violation["callName"]), f"{violation}")
            check(violation["directory"] in place.servers(), f"{violation}")
            check(violation["again"].endswith(f" --only start:{violation['call']}") and
                  "--json" not in violation["again"], f"{violation}")
        place.gone()


@test
def refused():
    """A wrong command line is refused, by all that is wrong"""
    with Place() as place:
        for name, options, words in (
                ("nothing", (), ("no such action",)),
                ("none", ("--only", "nowhere"), ("nowhere",)),
                ("none", ("--only", "life:3"), ("life:3",)),
                ("none", ("--set", "color=red"), ("color",)),
                ("none", ("--set", "duration=soon"), ("duration",)),
                ("none", ("--file", "directory=/etc/passwd"), ("directory",)),
                ("none", ("--random", "soon"), ("soon",)),
                ("none", ("--only", "nowhere", "--set", "color=red", "--set", "duration=soon",
                          "--set", "x", "--file", "y=z"),
                 ("nowhere", "color", "duration", "x: must be", "--file y"))):
            code, text = place.prove(name, *options)
            equal(code, EX_USAGE, f"exit status of {name} {options}: {text}")
            for word in words:
                contains(text, word, f"{name} {options}")
        equal(place.servers(), [], "directories that are left")


# Actions of this tree: settings, and what says that the effect is gone. {} is a directory, or what
# else a function below has for it.
PROCESSES = '! grep -qzxs "AK_EXECUTION=$EXECUTION" /proc/[0-9]*/environ'
NETWORK = (f'test -z "$(nft list tables; ip -o link show type ifb; '
           f'tc filter show dev {DEVICE} egress; tc qdisc show dev {DEVICE} clsact)"')
TREE = {
    "example": ((), "none"),
    "example-check": ((), "none"),
    "stress-io": (("path={}", "mode=read_write", "workers=1", "mbytes_per_worker=1"),
                  "! test -e {}/.ak-stress-$EXECUTION"),
    "stress-cpu": (("workers=1", "cpuLoad=1"), PROCESSES),
    "stress-memory": (("percentage=1",), PROCESSES),
    "fill-memory": (("mode=absolute", "size=1", "unit=MiB"), "none"),
}
NETWORKS = {
    "network-blackhole": (), "network-block-dns": (), "network-loss": ("percentage=100",),
    "network-delay": (), "network-corruption": (), "network-bandwidth": ("bandwidth=1mbit",),
    "tcp-reset": (),
}
HTTP = {
    "http-check-periodic": (), "http-check-fixed": (), "http-bandwidth": ("minBandwidth=1kbit",),
}
NEED_NETEM = ("network-delay", "network-corruption")


def proved(place, name, settings, effect, *options, before=()):
    """An action of this tree has no violation."""
    code, text = place.run(
        *before, ACTIONKIT, "prove", f"org.actionkit.{name}", "--effect", effect,
        *(word for setting in settings for word in ("--set", setting)), *options)
    equal(code, 0, f"exit status: {text}")
    contains(text, " 0 violations, ", "the output")
    equal(place.servers(), [], "directories that are left")
    place.gone()


@test
def fill_disk():
    """fill-disk is proved"""
    with Place() as place:
        proved(place, "fill-disk", (f"path={place.effects}", "mode=MB_TO_FILL", "size=1"),
               f"! test -e {place.effects}/.ak-fill-$EXECUTION",
               *([] if FULL else ["--only", "again,unstarted,beside,killed,lost,start:70"]))


def has_netem():
    return subprocess.run(["unshare", "-n", "tc", "qdisc", "add", "dev", "lo", "root", "netem"],
                          check=False, capture_output=True).returncode == 0


if FULL:
    def of_tree(name):
        def function():
            with Place() as place:
                settings, effect = TREE[name]
                if name.startswith("stress") and not shutil.which("stress-ng"):
                    raise Skip("there is no stress-ng")
                proved(place, name, [word.replace("{}", place.effects) for word in settings],
                       effect.replace("{}", place.effects))
        function.__doc__ = f"{name} is proved"
        function.__name__ = name.replace("-", "_")
        test(function)

    def of_network(name):
        def function():
            require()
            if name in NEED_NETEM and not has_netem():
                raise Skip("the kernel has no netem")
            with Place() as place:
                proved(place, name, NETWORKS[name], NETWORK,
                       before=("unshare", "-n", *IN_SYS, "sh", "-ec", WIRE, "sh"))
        function.__doc__ = f"{name} is proved"
        function.__name__ = name.replace("-", "_")
        test(function)

    for action in TREE:
        of_tree(action)
    for action in NETWORKS:
        of_network(action)

    @test
    def run_script():
        """run-script is proved"""
        with Place() as place:
            script = os.path.join(place.dir, "script")
            with open(script, "w", encoding="ascii") as file:
                file.write("sleep 600 & sleep 600")
            proved(place, "run-script", (), PROCESSES, "--file", f"file={script}")

    @test
    def pause_process():
        """pause-process is proved"""
        with Place() as place, Victim() as victim:
            proved(place, "pause-process", (f"pid={victim.pid}",),
                   f"! grep -q '^State:.T' /proc/{victim.pid}/status")

    def of_http(name):
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

        class Site(http.server.ThreadingHTTPServer):
            def handle_error(self, *arguments):
                """Who asks is killed all the time."""

        def function():
            with Place() as place, Site(("127.0.0.1", 0), Quiet) as site:
                threading.Thread(target=site.serve_forever, daemon=True).start()
                proved(place, name, (f"url=http://127.0.0.1:{site.server_port}/", *HTTP[name]),
                       "none")
                site.shutdown()
        function.__doc__ = f"{name} is proved"
        function.__name__ = name.replace("-", "_")
        test(function)

    for action in HTTP:
        of_http(action)


if __name__ == "__main__":
    main()
