#!/usr/bin/env python3
"""Any two processes are killed at the same moment, at random moments: somebody undoes.

Of supervisor, reaper, standby, responders, stoppers, keeper and body of a worker two are chosen by
chance, while an execution is started, runs or is stopped. If the supervisor lives the server must
come to rest and stop what it is told to; if not, the guard must stop everything and leave. PAIRS
says how many; the figures are printed last.
"""

import collections
import concurrent.futures
import os
import random
import signal
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from crash import ACTION, Crash, Judge, Labour  # noqa: E402
from harness import (  # noqa: E402
    Later, Server, end_all, kill_at_once, wait_for)

PAIRS = int(os.environ.get("PAIRS", "24"))
AT_ONCE = 4             # servers
RESPONDERS = 2
MOMENT_MAX_S = 0.05     # from the call to the kill
GRACE = "100ms"


class Tally:
    """What all servers have tried."""

    def __init__(self):
        self.guard = threading.Lock()
        self.left = PAIRS
        self.pairs = collections.Counter()
        self.wrong = []

    def take(self):
        with self.guard:
            self.left -= 1
            return self.left >= 0

    def count(self, pair):
        with self.guard:
            self.pairs[pair] += 1

    def blame(self, what, wrong):
        with self.guard:
            self.wrong += [f"{what}: {text}" for text in wrong]


def names_of(server):
    """Who is who, of all that live."""
    names = {server.process.pid: "supervisor"}
    reaper, reapers = server.reaper(), server.reapers()
    keepers, bodies = server.named("ak-worker"), server.named("ak-work")
    for pid in server.processes():
        if pid in names:
            continue
        if pid in reapers:
            names[pid] = "reaper" if pid == reaper else "standby"
        elif pid in keepers:
            names[pid] = "keeper"
        elif pid in bodies:
            names[pid] = "body or its program"
        else:
            names[pid] = "responder or stopper"
    return names


def choose(names):
    """Two processes; the few who undo as often as the many who answer."""
    roles = collections.defaultdict(list)
    for pid, name in names.items():
        roles[name].append(pid)
    chosen = {random.choice(roles[random.choice(sorted(roles))])}
    while len(chosen) < min(2, len(names)):
        chosen.add(random.choice(roles[random.choice(sorted(roles))]))
    return sorted(chosen)


def at_rest(server):
    """The server is whole again."""
    wait_for(lambda: server.standby() and len(server.responders()) == RESPONDERS,
             "a whole server")


def begin(server):
    """An execution in some part of its life, and the call that is being answered."""
    execution = random.choice((Crash, Labour))(server)
    execution.prepare().ok()
    verb = random.choice(("start", "status", "stop", "operator"))
    if verb != "start":
        execution.start().ok()
    if verb == "operator":
        server.operator_stop(execution, "pairs")
        return execution, None
    return execution, Later(getattr(execution, verb))


def try_pair(server):
    """Kills a pair; its names, and what is wrong then."""
    execution, call = begin(server)
    time.sleep(random.uniform(0, MOMENT_MAX_S))     # the moment is what is tried
    names = names_of(server)
    chosen = choose(names)
    kill_at_once(chosen)
    pair = " and ".join(sorted(names[pid] for pid in chosen))
    if call:
        call.result()
    judge = Judge(server, execution)
    if server.process.pid in chosen:
        server.process.wait()
        wait_for(lambda: execution.phase() == "stopped", f"the guard's stop ({pair})")
        judge.need(not execution.effects(), "the guard has left the effect")
        server.wait_gone()
        server.serve()
    else:
        server.operator_stop(execution, "pairs")
        wait_for(lambda: execution.phase() == "stopped", f"its stop ({pair})")
        judge.need(not execution.effects(), "the effect is left")
    at_rest(server)
    judge.end()
    return pair, judge.wrong


def work(tally):
    with Server(ACTION, responders=RESPONDERS, grace=GRACE, stop_retry="100ms",
                log_level="info") as server:
        while tally.take():
            pair, wrong = try_pair(server)
            tally.count(pair)
            tally.blame(pair, wrong)
        judge = Judge(server, None)
        judge.whole()
        tally.blame("at the end", judge.wrong)


def main():
    print("1..1", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(end_all() or 1))
    tally = Tally()
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=AT_ONCE)
    try:
        for future in [pool.submit(work, tally) for _ in range(AT_ONCE)]:
            future.result()
    except AssertionError as fault:
        tally.wrong += [str(fault), *getattr(fault, "diagnostics", [])]
    finally:
        end_all()
    for text in tally.wrong:
        print(f"# {text}")
    for pair, count in sorted(tally.pairs.items()):
        print(f"# {count} times {pair}")
    print(f"{'not ok' if tally.wrong else 'ok'} 1 - two processes killed at the same moment")
    print(f"# pairs: {sum(tally.pairs.values())} pairs killed, violations {len(tally.wrong)}")
    sys.exit(1 if tally.wrong else 0)


main()
