#!/usr/bin/env python3
"""Connections that nginx keeps: nobody starves, nothing is lost, no body is a request."""

import os
import random
import signal
import threading
import time
import uuid

from fastcgi import Connection, fastcgi_request
from harness import Later, Server, check, check_start_died, equal, kill, main, test

RESPONDERS = 4
LOAD_S = float(os.environ.get("KEPT_SECONDS", "4"))   # of one disturbed load
KILL_EVERY_S = 0.1
HUP_EVERY_S = 1
AGENTS = 6

READS = 32 * 1024               # bytes at a time (RECORDS_BUFFER_BYTES)


@test
def many_on_one():
    """Requests follow each other on one connection, until it idles for 3 s"""
    with Server(responders=1) as server:
        connection = Connection(server)
        for _ in range(20):
            equal(connection.ask(b"GET", b"/"), 200, "status")
            equal(connection.ask(b"GET", b"/nothing"), 404, "status")
        took = connection.wait_closed()
        check(2 < took < 30, f"closed after {took} s")


@test
def idle_ones_give_way():
    """All responders idle on connections that are kept: one gives way at once"""
    with Server(responders=RESPONDERS) as server:
        keepers = [Connection(server) for _ in range(RESPONDERS)]
        for keeper in keepers:
            equal(keeper.ask(b"GET", b"/"), 200, "status")
        waits = []
        for _ in range(20):
            began = time.monotonic()
            keepers.append(Connection(server))
            equal(keepers[-1].ask(b"GET", b"/"), 200, "status")
            waits.append(time.monotonic() - began)
        # A tick is 10 ms; without giving way it would be 3 s.
        check(sorted(waits)[len(waits) // 2] < 1, f"waits: {waits}")


@test
def busy_ones_give_way():
    """Who never lets go of a connection does not hold up others: they take turns"""
    with Server(responders=1) as server:
        over = threading.Event()

        def hold():
            while not over.is_set():
                connection = Connection(server)
                try:
                    while not over.is_set():
                        equal(connection.ask(b"GET", b"/"), 200, "status")
                except (AssertionError, OSError):
                    pass    # given up for others
        holders = [Later(hold) for _ in range(3)]
        waits = []
        for _ in range(20):
            began = time.monotonic()
            equal(Connection(server).ask(b"GET", b"/"), 200, "status")
            waits.append(time.monotonic() - began)
        over.set()
        for holder in holders:
            holder.result()
        check(sorted(waits)[len(waits) // 2] < 1, f"waits: {waits}")


@test
def body_is_no_request():
    """What is left of a refused body is not the next request on the connection"""
    with Server(responders=1) as server:
        forged = str(uuid.uuid4())
        body = f'{{"executionId":"{forged}","config":{{"directory":"{server.effects}"}}}}'
        smuggled = fastcgi_request(
            b"POST", b"/org.actionkit.test.effect/prepare", body.encode())
        for path, status in ((b"/nothing", 404),
                             (b"/org.actionkit.test.effect/start", 415)):
            # It begins where the first read ends.
            honest = fastcgi_request(b"POST", path, smuggled, b"text/plain")
            padding = READS - honest.index(smuggled)
            connection = Connection(server)
            equal(connection.ask(b"POST", path, b"x" * padding + smuggled, b"text/plain"),
                  status, "status of the refusal")
            equal(connection.ask(b"GET", b"/"), 200, "status of the next request")
        # And through nginx, with a body that is cut into many records.
        reply = server.post("/nothing", smuggled * 1000)
        equal(reply.status, 404, "status of an unknown path")
        equal(server.get("/").status, 200, "status of the next request")
        equal(server.query("SELECT * FROM executions"), [], "executions")
        equal(server.query("SELECT * FROM events"), [], "events")


def every(seconds, function, over):
    while not over.wait(seconds):
        function()


def kill_one(server):
    responders = server.children()
    responders.remove(server.reaper())
    kill(random.choice(responders))


def under_load(agent, disturb, every_s, enough):
    """Runs agents for some time and until it is enough, with a disturbance now and then."""
    over = threading.Event()
    disturber = Later(every, every_s, disturb, over)
    until = time.monotonic() + LOAD_S

    def work():
        while time.monotonic() < until or not enough():
            agent()
    agents = [Later(work) for _ in range(AGENTS)]
    try:
        for one in agents:
            one.result()
    finally:
        over.set()
        disturber.result()


@test
def killed_under_status():
    """A responder is killed every 100 ms: status is always answered with 200"""
    with Server(responders=8, unclean=True) as server:
        executions = [server.running() for _ in range(AGENTS)]
        counts = {"calls": 0}

        def agent():
            random.choice(executions).status().ok()
            counts["calls"] += 1
        under_load(agent, lambda: kill_one(server), KILL_EVERY_S,
                   lambda: counts["calls"] > 100)
        for execution in executions:
            execution.stop().ok()


@test
def killed_under_lives():
    """A responder is killed every 100 ms: each start takes effect once, or is undone"""
    with Server(responders=8) as server:
        lives, died = [], []

        def agent():
            execution = server.effect()
            execution.prepare().ok()
            start = execution.start()
            if start.json().get("error"):
                check_start_died(start)
                died.append(execution)
            else:
                execution.status().ok()
                check(execution.exists(), "started without effect")
            equal(execution.stop().status, 200, "status of stop")
            lives.append(execution)
        under_load(agent, lambda: kill_one(server), KILL_EVERY_S, lambda: len(lives) > 10)
        for execution in lives:
            execution.wait_phase("stopped")
            check(len(execution.notes("start", "begin")) <= 1, "start() ran twice")
            check(not execution.exists(), "the effect is still there")


@test
def restarted_under_load():
    """HUP every second under load: no request fails"""
    with Server(responders=RESPONDERS) as server:
        restarts = [0]

        def restart():
            server.signal(signal.SIGHUP)
            restarts[0] += 1

        def agent():
            execution = server.running()
            for _ in range(5):
                execution.status().ok()
            execution.stop().ok()
        under_load(agent, restart, HUP_EVERY_S, lambda: restarts[0] >= LOAD_S - 2)


if __name__ == "__main__":
    main(workers=2)
