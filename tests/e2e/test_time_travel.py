#!/usr/bin/env python3
"""The action time-travel, on a clock that only its server believes in, in a network of its own."""

from clock import ClockServer, require
from harness import Execution, Skip, check, contains, equal, main, said, skip_all, test, wait_for

TRAVEL = "org.actionkit.time-travel"
NEAR_S = 1


def travel_server(**options):
    return ClockServer(TRAVEL, **options)


def travel(server, **config):
    return Execution(server, TRAVEL, {"duration": 60000, "offset": 3600000, **config})


def near(got, want, what):
    check(abs(got - want) < NEAR_S, f"{what}: {got} instead of {want}")


@test
def there_and_back():
    """An hour ahead without NTP; right, and NTP back, after the stop, and after a second one"""
    with travel_server() as server:
        execution = travel(server).begun()
        near(server.shift(), 3600, "shift")
        contains(server.tables(), f'comment "actionkit {execution.id}"', "tables")
        contains(server.tables(), "udp dport 123 drop", "tables")
        check("set the clock" not in said(execution.status().ok()), "status")
        second = travel(server)
        contains(second.prepare().failed()["title"], "In use by another execution", "title")
        contains(said(execution.stop().ok()), "right again", "messages")
        near(server.shift(), 0, "shift")
        equal(server.tables(), "", "tables")
        execution.stop().ok()
        near(server.shift(), 0, "shift after a second stop")
        execution = travel(server, offset=1000, disableNtp=False).begun()
        near(server.shift(), 1, "shift")
        equal(server.tables(), "", "tables")
        execution.stop().ok()
        near(server.shift(), 0, "shift")


@test
def set_by_others():
    """Whoever sets the clock meanwhile is left alone, and told of"""
    with travel_server() as server:
        execution = travel(server).begun()
        server.set_clock(-500)
        contains(said(execution.status().ok()), "Somebody has set the clock", "status")
        contains(said(execution.stop().ok()), "left as it is", "stop")
        near(server.shift(), -500, "shift")
        equal(server.tables(), "", "tables")
        server.set_clock(0)
        execution = travel(server).begun()
        server.set_clock(0)
        check("left as it is" not in said(execution.stop().ok()), "a clock that is right")


@test
def everything_dies():
    """SIGKILL for everything: the next server sets the clock right, once"""
    with travel_server() as server:
        # The network dies with its last process; the clock does not.
        execution = travel(server).begun()
        server.kill_all()
        near(server.shift(), 3600, "shift")
        server.serve()
        server.operator_stop(execution, "the end")
        execution.wait_phase("stopped")
        near(server.shift(), 0, "shift")


@test
def missed_heartbeat():
    """An agent that does not come back: the clock of the boot, and not this one, says when"""
    with travel_server() as server:
        execution = travel(server, duration=1000).begun()
        server.write("UPDATE executions SET due_at = 1 WHERE id = ?", execution.id)
        wait_for(lambda: execution.phase() == "stopped", "the end")
        near(server.shift(), 0, "shift")


@test
def other_states():
    """Another boot, no start, and states that do not come from us"""
    with travel_server(unclean=True) as server:
        execution = travel(server)
        execution.prepare().ok()
        execution.stop().ok()
        good = {"boot": open("/proc/sys/kernel/random/boot_id", encoding="ascii").read().strip(),
                "offset_ms": 3600000, "real_ns": 0, "boot_ns": 0, "blocks_ntp": True,
                "shifted": True}
        for number, change in enumerate(({"boot": "another"}, {"boot": ""}, {"offset_ms": 0},
                                         {"real_ns": -2 ** 63, "boot_ns": 2 ** 63 - 1},
                                         {"offset_ms": 2 ** 63 - 1})):
            hostile = travel(server)
            hostile.id = hostile.id[:-4] + f"{number:04d}"
            hostile.state = {**good, **change}
            hostile.stop()
            near(server.shift(), 0, f"shift after {change}")
        contains(travel(server, offset=11 * 366 * 86400000).prepare().failed()["title"],
                 "more than 10 years", "title")


try:
    require()
except Skip as reason:
    skip_all(reason)
main()
