#!/usr/bin/env python3
"""What actions need, which of them must be asked for, and what of a state stays here."""

import ctypes

from harness import (EFFECT, Effect, Server, check, command, contains, equal,
                     main, test)

NEEDY = "org.actionkit.test.needy"
GUARDED = "org.actionkit.test.guarded"
MISSING = (f"{NEEDY} needs the program no-such-program (package nowhere) for what it does, "
           "/proc/no-such-path, which is not there, and Linux 99.0 or newer")
CAPABILITY = ("CAP_SYS_NICE, which this process has not (AmbientCapabilities in the unit)")
WORD = "vanilla"
PR_CAPBSET_DROP = 24        # linux/prctl.h, linux/capability.h
CAP_SYS_NICE = 23


def offered(server):
    return [action["path"] for action in server.get("/").json()["actions"]]


@test
def missing():
    """A prepare is told all that is missing at once, and leaves nothing"""
    with Server() as server:
        execution = Effect(server, NEEDY, {"duration": 60000})
        execution.prepare().refused(500, MISSING)
        equal(execution.phase(), None, "phase")
        check(f"/{NEEDY}" in offered(server), "the action is not listed")


def drop_capability():
    """For a child that is root; others have none."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_SYS_NICE, 0, 0, 0)


@test
def missing_capability():
    """A capability is looked for in what is effective"""
    with Server(before=drop_capability) as server:
        reply = Effect(server, NEEDY, {"duration": 60000}).prepare()
        reply.refused(500, f", and {CAPABILITY}")


@test
def told_to_operators():
    """check and actions say what is missing, and what would be better"""
    with Server() as server:
        found = command("check", "--json", server=server).json()
        details = [finding["detail"] for finding in found if finding["check"] == "needs"]
        check(MISSING in details, f"not in {details}")
        check(f"{GUARDED}: ready, but would do more with no-such-helper; not offered unless "
              "--enable-action names it" in details, f"not in {details}")
        check(f"{EFFECT}: ready" in details, f"not in {details}")
        listed = command("actions", server=server).out
        line = next(line for line in listed.splitlines() if line.startswith(NEEDY))
        contains(line, "no-such-program, /proc/no-such-path, Linux 99.0", "actions")


@test
def guarded():
    """A guarded action is offered only where it is named, beside others or alone"""
    for named, others in ((None, True), ("all", True), (GUARDED, False),
                          (f"all,{GUARDED}", True), (f"{GUARDED},{EFFECT}", True)):
        environment = {"ACTIONKIT_ENABLE_ACTION": named or ""}
        with Server(environment=environment) as server:
            there = offered(server)
            equal(f"/{GUARDED}" in there, named is not None and GUARDED in named,
                  f"guarded with {named}")
            equal(f"/{EFFECT}" in there, others, f"others with {named}")
            reply = Effect(server, GUARDED, {"duration": 60000}).prepare()
            if f"/{GUARDED}" in there:
                reply.ok()
            else:
                reply.refused(404, GUARDED)


@test
def stays_here():
    """A local field is kept in the database, and in no reply"""
    with Server(enable_action=GUARDED) as server:
        execution = Effect(server, GUARDED, {"duration": 60000, "word": WORD})
        reply = execution.prepare().ok()
        equal(reply["state"], {"known": "known"}, "state of prepare")
        for reply in (execution.start().ok(), execution.status().ok(), execution.stop().ok()):
            equal(reply.get("state", {"known": "known"}), {"known": "known"}, "state")
            contains([message["message"] for message in reply["messages"]],
                     f"known and {WORD}", "what the handler knows")
        contains(server.query("SELECT state FROM executions WHERE id = ?",
                              execution.id)[0]["state"], WORD, "the database")


main()
