#!/usr/bin/env python3
"""The table "State machine over HTTP": every call in every phase, and repeated calls."""

import contextlib
import signal

from harness import (
    CHECK, CLAIM, EFFECT, FLASH, IN_ORDER, SLOW, Execution, Later, Server, at_once, check,
    check_start_died, check_stopped_by_extension, contains, equal, kill, main, test, wait_for)


def handlers(execution):
    """Names of the handlers that ran, in order."""
    return [note.handler for note in execution.notes(edge="begin")]


@contextlib.contextmanager
def reaper_asleep(server):
    """The reaper does nothing meanwhile, so that a phase can be looked at."""
    pid = server.reaper()
    kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        kill(pid, signal.SIGCONT)


def refuses_prepare(execution):
    before = execution.row()
    execution.prepare().refused(409)
    equal(execution.row(), before, "row after a prepare that was refused")


# Unknown id

@test
def unknown_start():
    """Unknown id, start: adopts the request's state"""
    with Server() as server:
        known = server.effect(undo_value=12)
        known.prepare().ok()
        execution = server.effect()
        execution.state = known.state
        execution.start().ok()
        row = execution.row()
        equal((row["phase"], row["action"]), ("running", EFFECT), "row")
        check(execution.exists(), "no effect")
        execution.stop().ok()
        equal(execution.undo_values(), [12], "undo value")


@test
def unknown_status():
    """Unknown id, status: runs with the request's state"""
    with Server() as server:
        known = server.running()
        execution = server.effect()
        execution.state = dict(known.state, polls=41)
        status = execution.status().ok()
        equal((status["completed"], status["state"]["polls"]), (False, 42), "status")
        equal(execution.notes("status", "begin")[0].value, 42, "polls in status()")
        known.stop().ok()


@test
def unknown_stop():
    """Unknown id, stop: adopts the request's state and undoes"""
    with Server() as server:
        known = server.running(undo_value=13)
        execution = server.effect()
        execution.state = known.state
        execution.stop().ok()
        row = execution.row()
        equal((row["phase"], row["stop_by"]), ("stopped", "agent"), "row")
        equal(execution.undo_values(), [13], "undo value")
        execution.stop().ok()
        equal(len(execution.notes("stop", "begin")), 1, "calls of stop()")
        known.stop().ok()


@test
def unknown_with_wrong_state():
    """Unknown id, a state that does not fit: refused, with the name of the member"""
    with Server() as server:
        execution = server.effect()
        for verb in ("start", "status", "stop"):
            reply = execution.call(verb, {"state": {"undo": "seven"}})
            reply.refused(400, "undo")
        equal(execution.row(), None, "row")


@test
def unknown_stop_fails():
    """Unknown id, stop that fails: 500, and the reaper repeats it"""
    with Server(stop_retry="200ms") as server:
        known = server.effect(stop_trouble="fail", stop_trouble_count=2)
        known.prepare().ok()
        execution = server.effect()
        execution.state = known.state
        execution.stop().refused(500, "stop was told to fail")
        execution.wait_phase("stopped")
        equal(len(execution.notes("stop", "begin")), 3, "calls of stop()")
        known.config["stop_trouble"] = "none"
        known.prepare().ok()
        known.stop().ok()


# Prepared

@test
def prepared_again():
    """Prepared, prepare: runs again and replaces"""
    with Server() as server:
        execution = server.effect(undo_value=1)
        execution.prepare().ok()
        equal(execution.prepare(undo_value=2).ok()["state"]["undo_value"], 2, "state")
        contains(execution.row()["state"], '"undo_value":2', "state of the row")
        equal(handlers(execution), ["prepare", "prepare"], "handlers")
        execution.start().ok()
        execution.stop().ok()
        equal(execution.undo_values(), [2], "undo value")


@test
def prepared_then_fails():
    """Prepared, prepare that fails: nothing is left of the first one either"""
    with Server() as server:
        execution = server.effect()
        execution.prepare().ok()
        error = execution.prepare(prepare_trouble="fail").failed()
        equal(error["title"], "prepare was told to fail", "title")
        equal(server.query("SELECT id FROM active"), [], "active")
        check(execution.events(), "no event is left")
        execution.prepare(prepare_trouble="none").ok()
        execution.stop().ok()


@test
def prepare_fails():
    """A prepare that fails: error and state in the reply, no row, no claim, an event"""
    with Server() as server:
        execution = server.effect(prepare_trouble="fail")
        reply = execution.prepare()
        equal(reply.failed()["status"], "errored", "status of the error")
        equal(reply.json()["state"]["directory"], server.effects, "state as it was left")
        equal(server.query("SELECT id FROM executions"), [], "rows")
        check(execution.events(), "no event is left")


@test
def prepared_status():
    """Prepared, status: runs status()"""
    with Server() as server:
        execution = server.effect()
        execution.prepare().ok()
        equal(execution.status().ok()["completed"], False, "completed")
        equal(handlers(execution), ["prepare", "status"], "handlers")
        equal(execution.phase(), "prepared", "phase")
        execution.stop().ok()


@test
def prepared_stop():
    """Prepared, stop: runs stop(); start afterwards is refused"""
    with Server() as server:
        execution = server.effect()
        execution.prepare().ok()
        execution.stop().ok()
        equal(handlers(execution), ["prepare", "stop"], "handlers")
        execution.start().refused(409)
        equal(handlers(execution), ["prepare", "stop"], "handlers")


@test
def prepared_and_stop_wanted():
    """Prepared, a stop is wanted: start is refused with 409"""
    with Server() as server:
        execution = server.effect()
        execution.prepare().ok()
        server.write("UPDATE executions SET stop_by = 'extension', "
                     "stop_reason = 'operator: wait' WHERE id = ?", execution.id)
        execution.start().refused(409)
        equal(execution.notes("start"), [], "calls of start()")
        execution.stop()
        execution.wait_phase("stopped")


@test
def state_of_the_database_wins():
    """The state in the database wins over the state in the request"""
    with Server() as server:
        execution = server.effect(undo_value=3)
        execution.prepare().ok()
        execution.state = {"directory": "/nowhere", "undo_value": 666}
        execution.start().ok()
        execution.state = {}
        equal(execution.status().ok()["state"]["undo"], 3, "state in the reply of status")
        execution.state = None
        execution.stop().ok()
        equal(execution.undo_values(), [3], "undo value")


# Starting, while start() runs

@test
def starting():
    """Starting: prepare 409, status not completed, start waits for the stored result"""
    with Server() as server:
        execution = server.effect(start_trouble="hang", start_ms=2500)
        execution.prepare().ok()
        call = Later(execution.start)
        execution.wait_note("start", "begin")
        equal(execution.phase(), "starting", "phase")
        refuses_prepare(execution)
        status = execution.status().ok()
        equal(status["completed"], False, "completed")
        equal(status["state"]["directory"], server.effects, "state as it is")
        execution.start({"Request-Timeout": "0.5"}).refused(409)
        second = execution.start()
        first = call.result()
        first.ok()
        equal(second.json(), first.json(), "reply of the second start")
        equal(handlers(execution), ["prepare", "start"], "handlers")
        execution.stop().ok()


# Starting, after the process died that ran start()

@test
def starting_free():
    """Starting, nobody runs it: prepare 409, start an error, status as is, stop stops"""
    with Server() as server:
        execution = server.effect(start_trouble="kill", start_point="after")
        execution.prepare().ok()
        with reaper_asleep(server):
            check_start_died(execution.start())
            equal(execution.phase(), "starting", "phase")
            refuses_prepare(execution)
            again = execution.start()
            check(again.status == 409 or again.failed(), f"start: {again!r}")
            status = execution.status()
            equal(status.json()["completed"], False, "completed")
            equal(execution.notes("stop"), [], "calls of stop()")
            execution.stop()
            equal(len(execution.notes("stop", "end")), 1, "calls of stop()")
            equal(execution.phase(), "stopped", "phase")
        equal(len(execution.notes("start", "begin")), 1, "calls of start()")
        check(not execution.exists(), "the effect is still there")


# Running

@test
def running():
    """Running: prepare 409, start the stored result, status and stop run"""
    with Server() as server:
        execution = server.effect()
        execution.prepare().ok()
        first = execution.start().ok()
        refuses_prepare(execution)
        equal(execution.start().ok(), first, "reply of the second start")
        execution.status().ok()
        equal(execution.start().ok(), first, "reply of the third start")
        equal(execution.phase(), "running", "phase")
        equal(handlers(execution), ["prepare", "start", "status"], "handlers")
        execution.stop().ok()


@test
def failed_start_repeated():
    """The stored result of a start that failed is its error"""
    with Server() as server:
        execution = server.effect(start_trouble="fail")
        execution.prepare().ok()
        first = execution.start()
        equal(first.failed()["title"], "start was told to fail", "title")
        equal(execution.start().json(), first.json(), "reply of the second start")
        equal(execution.phase(), "running", "phase")
        equal(handlers(execution), ["prepare", "start"], "handlers")
        execution.stop().ok()


@test
def status_fails():
    """A status that fails: 200 with its error and the state as it was left, kept"""
    for trouble, kind in (("fail", "errored"), ("failed", "failed")):
        with Server() as server:
            execution = server.running(status_trouble=trouble, status_after=1)
            execution.status().ok()
            reply = execution.status()
            equal(reply.failed()["status"], kind, "status of the error")
            equal(reply.json()["state"]["polls"], 2, "state in the reply")
            contains(execution.row()["state"], '"polls":2', "state of the row")
            equal(execution.phase(), "running", "phase")
            execution.stop().ok()


@test
def status_completes():
    """A status that says completed leaves the stop to the agent"""
    with Server() as server:
        execution = server.running(status_trouble="complete")
        equal(execution.status().ok()["completed"], True, "completed")
        equal(execution.phase(), "running", "phase")
        execution.stop().ok()
        check(not execution.exists(), "the effect is still there")


# Stopping, while stop() runs

@test
def stopping_for_the_agent():
    """Stopping for the agent: 409 for prepare and start, status as is, stop waits"""
    with Server() as server:
        execution = server.running(stop_delay=2500)
        call = Later(execution.stop)
        execution.wait_note("stop", "begin")
        equal(execution.phase(), "stopping", "phase")
        refuses_prepare(execution)
        execution.start().refused(409)
        equal(execution.status().ok()["completed"], False, "completed")
        execution.stop({"Request-Timeout": "0.3"}).refused(503)
        second = execution.stop()
        equal(second.json(), call.result().ok(), "reply of the second stop")
        equal(handlers(execution), ["prepare", "start", "stop"], "handlers")


@test
def stopping_for_the_extension():
    """Stopping for the extension: start says so, stop waits and says so"""
    with Server() as server:
        execution = server.running(stop_delay=2500)
        server.operator_stop(execution, "now")
        execution.wait_note("stop", "begin")
        refuses_prepare(execution)
        contains(execution.start().failed()["title"],
                 "Action was stopped by extension: operator: now", "start")
        equal(execution.status().ok()["completed"], False, "completed")
        equal(execution.phase(), "stopping", "phase")
        equal(execution.stop().failed()["title"],
              "Action was stopped by extension: operator: now", "stop")
        equal(handlers(execution), ["prepare", "start", "stop"], "handlers")
        check_stopped_by_extension(execution, "operator: now")


# Stopping, between two attempts

@test
def stopping_free():
    """Stopping, nobody runs it: status warns, stop wakes the reaper; 500 if it is late"""
    with Server(stop_retry="60s") as server:
        execution = server.running(stop_trouble="fail", stop_trouble_count=1)
        execution.stop().refused(500, "stop was told to fail")
        with reaper_asleep(server):
            equal(execution.phase(), "stopping", "phase")
            refuses_prepare(execution)
            execution.start().refused(409)
            status = execution.status().ok()
            equal(status["completed"], False, "completed")
            check(any(message["level"] == "warn" and
                      "stop was told to fail" in message["message"]
                      for message in status["messages"]), f"no warning: {status}")
            late = execution.stop({"Request-Timeout": "0.5"})
            late.refused(500, "stop was told to fail")
            equal(len(execution.notes("stop", "begin")), 1, "calls of stop()")
        execution.stop().ok()
        equal(execution.phase(), "stopped", "phase")


# Stopped

@test
def stopped_by_the_agent():
    """Stopped by the agent: 409 for prepare and start, status completed, stop stored"""
    with Server() as server:
        execution = server.running()
        first = execution.stop().ok()
        for _ in range(2):
            refuses_prepare(execution)
            execution.start().refused(409)
            status = execution.status().ok()
            equal((status["completed"], "error" in status), (True, False), "status")
            equal(execution.stop().ok(), first, "reply of the second stop")
        equal(handlers(execution), ["prepare", "start", "stop"], "handlers")


@test
def stopped_by_the_extension():
    """Stopped by the extension: start, status and stop say so, also after a restart"""
    with Server() as server:
        execution = server.running()
        server.operator_stop(execution, "that is why")
        title = "Action was stopped by extension: operator: that is why"
        for _ in range(2):
            check_stopped_by_extension(execution, "operator: that is why")
            refuses_prepare(execution)
            equal(execution.start().failed()["title"], title, "start")
            server.kill_all()
            server.serve()
        equal(handlers(execution), ["prepare", "start", "stop"], "handlers")


# Others

@test
def known_under_another_action():
    """An id that another action has: 409 for every call that touches its row"""
    with Server() as server:
        execution = server.running()
        other = server.effect(SLOW)
        other.id = execution.id
        for call in (other.prepare, other.start, other.status, other.stop):
            call().refused(409)
        equal(execution.phase(), "running", "phase")
        execution.stop().ok()
        for call in (other.prepare, other.start, other.status, other.stop):
            call().refused(409)
        equal(handlers(execution), ["prepare", "start", "stop"], "handlers")


@test
def ids_of_upper_case():
    """An id in upper case is the same execution"""
    with Server() as server:
        execution = server.running()
        execution.id = execution.id.upper()
        execution.stop().ok()
        execution.id = execution.id.lower()
        equal(execution.phase(), "stopped", "phase")
        equal(len(server.query("SELECT id FROM executions")), 1, "rows")


@test
def query_in_every_phase():
    """query answers in every phase, also for an unknown id, and touches no row"""
    with Server() as server:
        execution = Execution(server, CHECK, {"directory": server.effects, "polls": 1})

        def ask():
            before = execution.row()
            reply = execution.ask({"factor": 3}).ok()
            equal([(metric["name"], metric["value"]) for metric in reply["metrics"]],
                  [("answer", 63)], "metrics")
            equal(execution.row(), before, "row")
        ask()
        execution.prepare().ok()
        ask()
        execution.start().ok()
        ask()
        equal(execution.status().ok()["completed"], True, "completed")
        equal(execution.phase(), "stopped", "phase")
        ask()
        execution.ask({"trouble": "fail"}).refused(500, "query_metrics was told to fail")
        execution.ask({"factor": -1}).refused(422, "factor")


@test
def ends_with_its_status():
    """Without stop(): over when status says completed or error, and answers as before"""
    ends = {"complete": None, "fail": "errored", "failed": "failed"}
    with Server() as server:
        for end, kind in ends.items():
            execution = Execution(
                server, CHECK, {"directory": server.effects, "polls": 2, "end": end})
            execution.prepare().ok()
            execution.start().ok()
            equal(execution.status().ok()["completed"], False, "completed")
            last = execution.status().json()
            equal((last.get("error") or {}).get("status"), kind, "error")
            row = execution.row()
            equal((row["phase"], row["stop_by"]), ("stopped", "action"), f"after {end}")
            again = execution.status().json()
            equal((again["completed"], (again.get("error") or {}).get("status")),
                  (last["completed"], kind), "status repeated")
        execution.call("stop", {}).refused(404)


@test
def ends_with_its_start():
    """Instantaneous: over with its start, whose result is stored"""
    with Server() as server:
        for trouble in ("none", "fail"):
            execution = Execution(
                server, FLASH, {"directory": server.effects, "start_trouble": trouble})
            body = {"executionId": execution.id, "config": execution.config}
            server.request("PUT", "/flash/get-ready", body).ok()
            path = f"/{FLASH}/start"
            first = server.request("DELETE", path, {"executionId": execution.id})
            equal(first.status, 200, f"{first!r}")
            equal("error" in first.json(), trouble == "fail", "error")
            row = execution.row()
            equal((row["phase"], row["stop_by"]), ("stopped", "action"), "row")
            second = server.request("DELETE", path, {"executionId": execution.id})
            check(second.status == 409 or second.json() == first.json(), f"{second!r}")
        with open(f"{server.effects}/log", encoding="utf-8") as file:
            equal(len([line for line in file if " start begin " in line]), 2,
                  "calls of start()")


@test
def starts_at_once():
    """Twenty starts at once are one start"""
    with Server(responders=8) as server:
        execution = server.effect(start_trouble="hang", start_ms=300)
        execution.prepare().ok()
        replies = at_once([execution.start] * 20)
        for reply in replies:
            reply.ok()
            equal(reply.json(), replies[0].json(), "reply")
        equal(len(execution.notes("start", "begin")), 1, "calls of start()")
        execution.stop().ok()


@test
def prepares_at_once():
    """Ten prepares at once leave one execution"""
    with Server(responders=8) as server:
        execution = server.effect(prepare_trouble="hang", prepare_ms=20)
        for reply in at_once([execution.prepare] * 10):
            reply.ok()
        equal(len(server.query("SELECT id FROM executions")), 1, "rows")
        execution.stop().ok()


@test
def start_against_stop():
    """start and stop at once: whoever wins, nothing is left"""
    with Server(responders=8) as server:
        for _ in range(20):
            execution = server.effect(start_trouble="hang", start_ms=10, stop_delay=10)
            execution.prepare().ok()
            start, stop = at_once([execution.start, execution.stop])
            stop.ok()
            check(start.status in (200, 409), f"{start!r}")
            equal(execution.phase(), "stopped", "phase")
            check(not execution.exists(), f"the effect is there: {execution.notes()}")
            ran = IN_ORDER if start.status == 200 else IN_ORDER[-2:]
            equal(execution.edges("start", "stop"), ran, "what ran")


@test
def claims():
    """A resource is claimed until its execution is stopped, or its prepare failed"""
    with Server() as server:
        def claim(**knobs):
            return Execution(server, CLAIM, {"duration": 60000, "resource": "netdev:eth0",
                                             "directory": server.effects, **knobs})
        first, second, third = claim(), claim(), claim(in_start=True)
        first.prepare().ok()
        first.prepare().ok()
        error = second.prepare().failed()
        equal(error["title"], "In use by another execution", "title")
        for word in ("Claim (org.actionkit.test.claim) holds netdev:eth0 since 20",
                     "which was prepared and is not started yet", first.id):
            contains(error["detail"], word, "detail")
        equal(second.row(), None, "row of the second")
        third.prepare().ok()
        error = third.start().failed()
        equal(error["title"], "In use by another execution", "title of start")
        contains(error["detail"], first.id, "detail of start")
        first.start().ok()
        contains(second.prepare().failed()["detail"], ", which runs: execution ", "detail")
        server.write("UPDATE executions SET experiment_key = 'ADM-7' WHERE id = ?", first.id)
        contains(second.prepare().failed()["detail"], " of experiment ADM-7 holds ", "detail")
        claim(resource="netdev:eth1").prepare().ok()
        equal(sorted(row["resource"] for row in server.query("SELECT * FROM claims")),
              ["netdev:eth0", "netdev:eth1"], "claims")
        first.stop().ok()
        third.stop().ok()
        second.prepare().ok()
        equal(server.query("SELECT execution FROM claims WHERE resource = 'netdev:eth0'"),
              [{"execution": second.id}], "claim")
        server.operator_stop(None, "the end")
        wait_for(lambda: not server.query("SELECT * FROM claims"), "the end of claims")


@test
def action_is_gone():
    """A row whose action the program does not have is kept, and logged as an error"""
    with Server() as server:
        execution = server.running()
        server.kill_all()
        server.write("UPDATE executions SET action = 'org.example.gone' WHERE id = ?",
                     execution.id)
        server.serve()
        wait_for(lambda: any(execution.id in line and " ERROR " in line
                             for line in server.log().splitlines()),
                 "an error logged", 10)
        equal(execution.phase(), "running", "phase")
        server.running().stop().ok()
        server.write("UPDATE executions SET action = ?", EFFECT)
        execution.stop().ok()


main()
