#!/usr/bin/env python3
"""Agents at work while processes are killed every second: every effect is undone.

One, or two at the same moment.

SOAK_SECONDS, SOAK_AGENTS, SOAK_EXECUTIONS and SOAK_RESPONDERS say how long and how many. Every
call must be answered with the truth or with an error that may be tried again; at the end
nothing may be left: no effect, row, claim, process or descriptor. The figures are printed last.
"""

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
    Later, Server, alive, end_all, kill_at_once, proc_read, wait_for)

SECONDS = float(os.environ.get("SOAK_SECONDS", "20"))
AGENTS = int(os.environ.get("SOAK_AGENTS", "8"))
EXECUTIONS = int(os.environ.get("SOAK_EXECUTIONS", "400"))
RESPONDERS = int(os.environ.get("SOAK_RESPONDERS", "4"))
KILL_EVERY_S = 1
RETRY_PAUSE_S = 0.05
CALLS = 5                       # of an execution, with the pauses around them
PAUSE_S = SECONDS * AGENTS / EXECUTIONS / CALLS
SUPERVISOR_PART = 8             # one kill in so many is the supervisor's
RETRYABLE = (409, 500, 502, 503, 504)
DESCRIPTORS_MAX = 24            # of one process at rest
MEMORY_MAX_KIB = 65536


class Soak:
    def __init__(self, server):
        self.server = server
        self.until = time.monotonic() + SECONDS
        self.guard = threading.Lock()
        self.wrong = []
        self.executions = []
        self.calls = self.retries = self.kills = 0

    def over(self):
        return time.monotonic() > self.until

    def violation(self, text):
        with self.guard:
            self.wrong.append(text)

    def call(self, execution, verb):
        """Asks until there is an answer that needs no other; it, or None at the end."""
        time.sleep(random.uniform(0, 2 * PAUSE_S))
        while True:
            reply = getattr(execution, verb)()
            with self.guard:
                self.calls += 1
                self.retries += reply.status != 200
            if reply.status == 200:
                return reply.json()
            if reply.status not in RETRYABLE:
                self.violation(f"{verb} {execution.id}: {reply!r}")
                return None
            # What has begun and is to be stopped is never started again: no use to ask.
            if self.over() or (verb != "stop" and reply.status == 409):
                return None
            time.sleep(RETRY_PAUSE_S)

    def live(self):
        execution = random.choice((Crash, Crash, Labour))(self.server)
        with self.guard:
            self.executions.append(execution)
        if not self.call(execution, random.choice(execution.begins)):
            return
        begun = self.call(execution, "start")
        if begun and not begun.get("error") and not execution.effects():
            row = execution.row()
            if row["phase"] == "running" and not row["stop_by"]:
                self.violation(f"start {execution.id}: yes, and there is no effect")
        for _ in range(random.randrange(3)):
            self.call(execution, "status")
        # An agent that is gone is replaced by the heartbeat.
        if random.randrange(10) and self.call(execution, "stop") and \
                execution.effects():
            self.violation(f"stop {execution.id}: yes, and the effect is there")

    def agent(self):
        while not self.over():
            self.live()

    def chaos(self):
        while not self.over():
            time.sleep(KILL_EVERY_S)
            server = self.server
            others = [pid for pid in server.processes() if pid != server.process.pid]
            random.shuffle(others)
            chosen = others[:random.choice((1, 2))]
            if not random.randrange(SUPERVISOR_PART):
                chosen = [server.process.pid, *chosen[1:]]
            kill_at_once(chosen)
            if server.process.pid in chosen:
                server.process.wait()
                server.serve(ready=False)
            self.kills += len(chosen)

    def at_rest(self):
        """What must hold when all is over."""
        self.server.operator_stop(None, "the end")
        wait_for(lambda: not self.server.query("SELECT id FROM active"), "the end of all", 120)
        for execution in self.executions:
            if execution.row() is None and not execution.effects():
                continue
            judge = Judge(self.server, execution)
            judge.end()
            self.wrong += [f"{execution.id}: {text}" for text in judge.wrong]
        judge = Judge(self.server, None)
        judge.whole()
        self.wrong += judge.wrong
        for pid in self.server.processes():
            count = len(os.listdir(f"/proc/{pid}/fd"))
            memory = [int(line.split()[1]) for line in proc_read(pid, "status").splitlines()
                      if line.startswith(b"VmRSS:")]
            if count > DESCRIPTORS_MAX:
                self.wrong.append(f"process {pid} has {count} descriptors")
            if not os.environ.get("AK_INSTRUMENT") and memory and memory[0] > MEMORY_MAX_KIB:
                self.wrong.append(f"process {pid} has {memory[0]} KiB")


def main():
    print("1..1", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(end_all() or 1))
    with Server(ACTION, responders=RESPONDERS, stop_retry="100ms",
                log_level="info") as server:
        soak = Soak(server)
        parts = [Later(soak.agent) for _ in range(AGENTS)] + [Later(soak.chaos)]
        for part in parts:
            part.result(SECONDS + 300)
        if not alive(server.process.pid):
            server.serve(ready=False)
        server.wait_ready()
        soak.at_rest()
    for text in soak.wrong:
        print(f"# {text}")
    print(f"{'not ok' if soak.wrong else 'ok'} 1 - agents at work while processes are killed")
    print(f"# soak: {SECONDS:.0f} s, {len(soak.executions)} executions, {soak.calls} calls, "
          f"{soak.retries} tried again, {soak.kills} processes killed, "
          f"violations {len(soak.wrong)}")
    sys.exit(1 if soak.wrong else 0)


main()
