#!/usr/bin/env python3
"""The agent and the reaper stop the same execution at once: stop() runs exactly once."""

import random
import signal
import time

from harness import Later, Server, at_once, check, equal, main, test, wait_for

ROUNDS = 10
ROUND = 20              # executions of a round whose order is chance
FIRST_MS = 50           # for the stop() that is under way when another is asked for
SIGNAL_SPREAD_S = 0.03  # the agent's stops of a round are spread over this time
ROW_SPREAD_S = 1.2      # the same where the reaper sees what is asked within a second


def race(server, ask, title, spread):
    """Lets ask() and 20 agents' stops run against each other, ten times.

    Of two more the order is certain: one agent is first, one comes while the reaper is at it.
    """
    moment = spread / 2
    for _ in range(ROUNDS):
        witness = server.running()      # only the reaper stops it
        early, late = [server.running(stop_delay=FIRST_MS) for _ in range(2)]
        executions = [server.effect(stop_delay=2) for _ in range(ROUND)]
        for part in range(0, ROUND, 4):
            at_once([lambda execution=execution: (execution.prepare().ok(),
                                                  execution.start().ok())
                     for execution in executions[part:part + 4]])

        def stop(execution, delay):
            time.sleep(delay)       # not to wait for anything: where to meet
            return execution.stop()

        def reaper(delay):
            time.sleep(delay)
            ask()

        def stop_late(late=late):
            late.wait_note("stop", "begin")
            return late.stop()
        first = Later(early.stop)
        early.wait_note("stop", "begin")
        calls = [lambda execution=execution: stop(execution, random.uniform(0, spread))
                 for execution in executions]
        *replies, last, _ = at_once(calls + [stop_late, lambda: reaper(moment)])
        score = {"agent": 0, "extension": 0}
        for execution, reply in zip([*executions, early, late],
                                    [*replies, first.result(), last]):
            row = execution.wait_phase("stopped")
            notes = execution.notes("stop")
            equal([note.edge for note in notes], ["begin", "end"],
                  f"stop() of {execution.id}")
            check(not execution.exists(), "the effect is still there")
            equal(row["stop_attempts"], 1, "stop_attempts")
            score[row["stop_by"]] += 1
            if row["stop_by"] == "agent":
                reply.ok()
            else:
                equal(reply.failed()["title"], title, "error of stop")
            again = execution.stop()
            equal((again.status, again.json()), (reply.status, reply.json()),
                  "the stop repeated")
        for execution, who in ((early, "agent"), (late, "extension"), (witness, "extension")):
            equal(execution.wait_phase("stopped")["stop_by"], who, "who was first")
        # One that is taken late would stop the executions of the next round, too.
        wait_for(lambda: not server.query(
            "SELECT id FROM stop_requests WHERE handled_at IS NULL"), "the request's end")
        # Move the reaper's moment towards a draw.
        step = spread / 8 if score["extension"] > score["agent"] else -spread / 8
        moment = max(0.0, moment + step)


@test
def agent_against_usr1():
    """The agent and USR1, 200 times"""
    with Server(responders=8) as server:
        race(server, lambda: server.signal(signal.SIGUSR1),
             "Action was stopped by extension: received signal SIGUSR1", SIGNAL_SPREAD_S)


@test
def agent_against_operator():
    """The agent and an operator's row, 200 times"""
    with Server(responders=8) as server:
        race(server, lambda: server.operator_stop(None, "race"),
             "Action was stopped by extension: operator: race", ROW_SPREAD_S)


@test
def agents_against_each_other():
    """Twenty stops of the agent at once are one stop(), and one answer"""
    with Server(responders=8) as server:
        execution = server.running(stop_delay=300)
        replies = at_once([execution.stop] * 20)
        for reply in replies:
            reply.ok()
            equal(reply.json(), replies[0].json(), "reply")
        equal([note.edge for note in execution.notes("stop")], ["begin", "end"], "stop()")


main(workers=1)
