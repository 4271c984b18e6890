#!/usr/bin/env python3
"""One process is killed at its Nth system call, for every N: every effect is undone.

A scenario is a part of the life of an execution, run while one process is counted by
killat.c. After each kill the server must come to rest by itself, and tell the truth; what
does not hold is a violation. CRASH_DEPTH=full tries every N until the part completes without
a kill; otherwise a few points are tried. The figures are printed last.
"""

import concurrent.futures
import contextlib
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from crash import (  # noqa: E402
    Crash, FillDisk, FillMemory, Judge, Labour, NetworkBandwidth, NetworkLoss, RunScript,
    StressIo, TimeTravel, TRACED, workers)
from harness import (  # noqa: E402
    Later, Skip, Victim, alive, end_all, kill, proc_parent, proc_start_time,
    proc_state, program_path, skip_all, wait_for)

KILLAT = program_path("CRASH_KILLAT", "tests/crash/killat")
FULL = os.environ.get("CRASH_DEPTH") == "full"
SHORT_POINTS = 5
INTEGRITY_EVERY = 25
PROCESSES = 4           # of a server with one responder
AT_ONCE = 4             # parts, each with a server of its own
TICKS = os.sysconf("SC_CLK_TCK")
LIVED_MIN_S = 1.1       # see LIVED_MIN_MS in children.c


def uptime_s():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Killer:
    """killat on a process, or on a descendant: counts, and kills at a call (0: never)."""

    def __init__(self, pid, at, child=None):
        self.pid = pid
        self.process = subprocess.Popen(
            [KILLAT, str(pid), str(at), *([child] if child else [])],
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


# Who is killed.

def responder_of(server):
    return grown(lambda: server.wait_responders()[0])


def reaper_of(server):
    return grown(server.reaper)


def standby_of(server):
    return grown(server.standby)


def supervisor_of(server):
    return server.process.pid


def keeper_of(server):
    """A body that has just begun still has its name."""
    return wait_for(lambda: [pid for pid in server.named("ak-worker")
                             if os.getsid(pid) == pid], "a worker").pop()


def body_of(server):
    """A program that it is about to run still has its name."""
    keeper = keeper_of(server)
    return wait_for(lambda: [pid for pid in server.named("ak-work")
                             if proc_parent(pid) == keeper], "the body of a worker").pop()


def grown(find):
    """One that dies young is started again after a growing pause; it may die meanwhile."""
    def old():
        pid = find()
        start = pid and proc_start_time(pid)
        return start and uptime_s() - start / TICKS > LIVED_MIN_S and pid
    return wait_for(old, "one that has lived long enough")


def starting_supervisor_of(server):
    """Nothing runs any more but a shell that becomes the supervisor when it is let go."""
    server.kill_all()
    gate = gate_of(server)
    with contextlib.suppress(FileExistsError):
        os.mkfifo(gate)
    server.process = server.spawn(
        ["sh", "-c", 'read -r go <"$0" && exec "$@"', gate, *server.arguments()])
    return server.process.pid


def gate_of(server):
    return os.path.join(server.dir, "gate")


# What happens meanwhile; each returns when what is counted is over.

def call(verb):
    """The agent's call."""
    def happen(server, execution, killer, old):
        Later(getattr(execution, verb)).result()
        wait_for(lambda: killer.done() or proc_state(killer.pid) in ("S", None),
                 "the end of the request")
    return happen


def operator_stop(server, execution, killer, old):
    server.operator_stop(execution, "crash")
    kill(killer.pid, signal.SIGUSR1)
    wait_for(lambda: killer.done() or execution.phase() == "stopped", "its stop")


def labour(server, execution, killer, old):
    """A worker begins, works and is stopped, or ends before that."""
    Later(execution.start).result()
    wait_for(lambda: killer.done() or execution.phase() == "stopped" or
             (execution.worker() or {}).get("ended") or not execution.config["rounds"] and
             execution.status().status == 200 and len(execution.told) > 1, "some rounds")
    labour_stop(server, execution, killer, old)


def labour_stop(server, execution, killer, old):
    Later(execution.stop).result()
    wait_for(lambda: killer.done() or execution.phase() == "stopped" and not workers(server),
             "its stop")


def term(server, execution, killer, old):
    server.signal(signal.SIGTERM)
    wait_for(lambda: killer.done() or not alive(killer.pid), "the way out")


def start_up(server, execution, killer, old):
    # Not for writing only: who is dead already does not read.
    gate = os.open(gate_of(server), os.O_RDWR)
    os.write(gate, b"go\n")
    wait_for(lambda: killer.done() or served_by_others(server, old), "the server")
    os.close(gate)


def restart(server, execution, killer, old):
    """The supervisor starts again what has died."""
    for pid in old - {server.process.pid}:
        kill(pid)
    wait_for(lambda: killer.done() or served_by_others(server, old), "the others")


def reload(server, execution, killer, old):
    server.signal(signal.SIGHUP)
    wait_for(lambda: killer.done() or served_by_others(server, old), "the new ones")


def guard(server, execution, killer, old):
    """The supervisor is gone: the reapers stop everything, and leave."""
    server.kill_supervisor()
    wait_for(lambda: killer.done() or not alive(killer.pid), "the guard's leave")


# Where both reapers may be dead when the supervisor dies: then nobody is left.
UNGUARDED = (start_up, restart)


def served_by_others(server, old):
    """Whether there are a pair of reapers and a responder, and nobody of the old ones."""
    found = [*server.responders(), server.reaper(), server.standby()]
    return len(found) == 3 and None not in found and not set(found) & set(old)


class Part:
    """A part of a life during which one process is killed."""

    def __init__(self, name, before, happen, victim, child=None, verb=None, make=Crash):
        self.name = name
        self.before = before        # the calls that lead to it
        self.happen = happen
        self.victim = victim
        self.child = child          # not the victim itself, but its nth child from then on
        self.verb = verb            # what the agent asks again
        self.make = make            # makes the execution


def call_part(verb, *before, name=None, make=Crash):
    return Part(f"{name or verb}, responder", before, call(verb), responder_of, verb=verb,
                make=make)


def labour_part(name, victim, child=None, rounds=0):
    return Part(name, ("prepare",), labour, victim, child,
                make=labour_of(rounds))


def labour_of(rounds):
    """Executions of so many rounds, made by what knows their server as well."""
    def make(server):
        return Labour(server, rounds)
    make.make_server = Labour.make_server
    return make


STARTED = ("prepare", "start")
# SIGHUP: the first child is the test of the program, then two reapers come, and one responder.
NEW_REAPER = "2"
NEW_STANDBY = "3"
# The first child of a start is the program of start(), the second is between responder and keeper.
KEEPER = "2.1"
BODY = "2.1.1"
ROUNDS = 2

# Actions that are offered; the short form has the first.
REAL = (FillDisk, StressIo, FillMemory, RunScript, TimeTravel, NetworkLoss, NetworkBandwidth)
START = call_part("start", "prepare")
PARTS = (
    call_part("prepare"),
    call_part("send", name="prepare with an upload"),
    call_part("send", "prepare", name="prepare again, with an upload"),
    START,
    call_part("status", *STARTED),
    call_part("stop", *STARTED),
    Part("stop of the extension, stopper", STARTED, operator_stop, reaper_of, "1"),
    Part("stop of the extension, reaper", STARTED, operator_stop, reaper_of),
    Part("SIGTERM, supervisor", STARTED, term, supervisor_of),
    Part("start of the server, supervisor", STARTED, start_up, starting_supervisor_of),
    Part("restart of children, supervisor", STARTED, restart, supervisor_of),
    Part("SIGHUP, supervisor", STARTED, reload, supervisor_of),
    Part("SIGHUP, the old reaper", STARTED, reload, reaper_of),
    Part("SIGHUP, the old standby", STARTED, reload, standby_of),
    Part("SIGHUP, the new reaper", STARTED, reload, supervisor_of, NEW_REAPER),
    Part("SIGHUP, the new standby", STARTED, reload, supervisor_of, NEW_STANDBY),
    Part("no supervisor, the reaper as guard", STARTED, guard, reaper_of),
    Part("no supervisor, the standby of the guard", STARTED, guard, standby_of),
    call_part("start", "prepare", name="start of a worker", make=Labour),
    call_part("status", *STARTED, name="status of a worker", make=Labour),
    call_part("stop", *STARTED, name="stop of a worker", make=Labour),
    Part("stop of a worker, stopper", STARTED, operator_stop, reaper_of, "1", make=Labour),
    Part("stop of a worker, reaper", STARTED, operator_stop, reaper_of, make=Labour),
    Part("stop of a worker, keeper", STARTED, labour_stop, keeper_of, make=Labour),
    Part("stop of a worker, body", STARTED, labour_stop, body_of, make=Labour),
    labour_part("life of a worker, keeper", responder_of, KEEPER),
    labour_part("life of a worker, body", responder_of, BODY),
    labour_part("work that ends, keeper", responder_of, KEEPER, ROUNDS),
    labour_part("work that ends, body", responder_of, BODY, ROUNDS),
    *(part for make in REAL for part in (
        call_part("start", "prepare", name=f"start of {make.name}", make=make),
        call_part("stop", *STARTED, name=f"stop of {make.name}", make=make),
        Part(f"stop of {make.name}, stopper", STARTED, operator_stop, reaper_of, "1",
             make=make))),
)


def settle(server, old):
    """Waits until the server has come to rest, by itself where anybody is left.

    old: processes of which the reaper must be none.
    """
    if alive(server.process.pid):
        wait_for(lambda: len(set(server.processes()) - workers(server)) == PROCESSES and
                 server.responders() and server.reaper() not in (None, *old),
                 "supervisor, responder and reaper, and nobody else")
        return
    server.process.wait()
    server.wait_gone()


def try_point(server, part, at):
    """Returns whether it was killed, at which call (or how many there were), what is wrong."""
    execution = part.make(server)
    for verb in part.before:
        getattr(execution, verb)().ok()
    victim = part.victim(server)
    old = set(server.processes())
    killer = Killer(victim, at, part.child)
    part.happen(server, execution, killer, old)
    killed, number = killer.end()
    settle(server, old if part.happen is reload else ())
    judge = Judge(server, execution)
    judge.now()
    if not alive(server.process.pid):
        judge.need(part.happen in UNGUARDED or execution.phase() == "stopped",
                   f"the guard left it {execution.phase()}")
        server.serve()
    elif killed and part.verb:
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
    violations = []
    try:
        kills = try_points(part, late, violations)
    except Skip as reason:
        return 1, [f"SKIP {reason}"]
    except AssertionError as fault:
        return 0, [*violations, f"{part.name}: {fault}", *getattr(fault, "diagnostics", [])]
    return kills, violations


def try_points(part, late, violations):
    kills = 0
    environment = {**TRACED, **({"CRASH_SAVE_LATE": "1"} if late else {})}
    with part.make.make_server(environment=environment, responders=1, grace="100ms",
                               stop_retry="100ms", log_level="info") as server:
        for at in points_of(server, part, late):
            try:
                killed, number, wrong = try_point(server, part, at)
            except AssertionError as fault:
                raise AssertionError(f"call {at}: {fault}") from fault
            kills += killed
            violations += [f"{part.name}: killed at call {at} (number {number}): {text}"
                           for text in wrong]
            if late and violations or not late and FULL and not killed:
                break
    return kills


def can_trace():
    with Victim() as victim:
        try:
            Killer(victim.pid, 0).end()
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
    # Some of them, by parts of their names.
    chosen = [part for part in PARTS
              if any(word in part.name for word in sys.argv[1:]) or
              not sys.argv[1:] and (FULL or part.make not in REAL[1:])]
    print(f"1..{len(chosen) + 1}", flush=True)
    kills, violations, good = 0, 0, True
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=AT_ONCE)
    futures = [pool.submit(try_part, part) for part in chosen]
    late = pool.submit(try_part, START, late=True)
    try:
        for number, part in enumerate(chosen, 1):
            tried, wrong = futures[number - 1].result()
            kills += tried
            violations += len(wrong)
            good = good and tried > 0 and not wrong
            report(number, part.name, tried > 0 and not wrong,
                   [f"{tried} kill points, {len(wrong)} violations", *wrong])
        # The mistake that must be found.
        tried, wrong = late.result()
        report(len(chosen) + 1, "an undo record that is saved after the effect is found",
               bool(wrong), [f"{tried} kill points until the first violation", *wrong])
        good = good and bool(wrong)
    finally:
        end_all()
    print(f"# crash: {kills} kill points tried, violations {violations}")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
