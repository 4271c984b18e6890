#!/usr/bin/env python3
"""`prove` finds the mistake in each action of faulty.c, and nothing in the one without."""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../e2e"))

from harness import (  # noqa: E402
    Skip, check, clean_environment, contains, equal, main, pids, proc_read, program_path, test)

FAULTY = program_path("CRASH_FAULTY", "tests/crash/faulty")
FULL = os.environ.get("CRASH_DEPTH") == "full"
LONG_S = 300
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

    def prove(self, name, *options, before=()):
        """Exit status, and what is printed."""
        done = subprocess.run(
            [*before, FAULTY, "prove", f"org.actionkit.test.faulty-{name}",
             "--set", f"directory={self.effects}",
             "--effect", f"! grep -rqs $EXECUTION {self.effects}", *options],
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
        kills = re.search(r"^at random +(\d+) kills, 0 violations$", text, re.MULTILINE)
        check(kills and int(kills[1]) > 0, f"kills: {text}")
        # Who is traced can trace nobody else's children.
        code, text = place.prove("none", "--only", "life", before=(
            "strace", "-f", "-o", "/dev/null", "-e", "trace=none"))
        contains(text, "cannot be traced here", "the output")
        equal(code, 0, f"exit status: {text}")
        place.gone()


@test
def refused():
    """A wrong command line is refused, by what is wrong"""
    with Place() as place:
        for name, options, word in (
                ("nothing", (), "no such action"),
                ("none", ("--only", "nowhere"), "nowhere"),
                ("none", ("--only", "life:3"), "life:3"),
                ("none", ("--set", "color=red"), "color"),
                ("none", ("--set", "duration=soon"), "soon"),
                ("none", ("--file", "directory=/etc/passwd"), "directory"),
                ("none", ("--random", "soon"), "soon")):
            code, text = place.prove(name, *options)
            equal(code, EX_USAGE, f"exit status of {name} {options}: {text}")
            contains(text, word, f"{name} {options}")
        equal(place.servers(), [], "directories that are left")


if __name__ == "__main__":
    main()
