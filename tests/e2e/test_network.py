#!/usr/bin/env python3
"""The attacks on the network, seen from outside: what they do, spare, and leave behind."""

import contextlib
import itertools
import os
import shutil
import tempfile
import threading
import time

from harness import (
    Execution, Skip, check, contains, equal, main, said, skip_all, test, wait_for)
from network import DEVICE, HERE, THERE, Connection, Net, Wire, require

BLACKHOLE, DNS, LOSS, DELAY, CORRUPTION, BANDWIDTH, RESET = ALL = tuple(
    f"org.actionkit.{name}" for name in (
        "network-blackhole", "network-block-dns", "network-loss", "network-delay",
        "network-corruption", "network-bandwidth", "tcp-reset"))
LOSE_ALL = {"percentage": 100}
COUNT = 20
# What others have: a firewall, a queue of their own, a place for filters with one in it.
FOREIGN = (
    """nft 'table inet fw {
chain c {
type filter hook input priority 0; tcp dport 1 drop
}
}'""",
    f"tc qdisc add dev {DEVICE} root tbf rate 1gbit burst 64k limit 1m",
    f"tc qdisc add dev {DEVICE} clsact",
    f"tc filter add dev {DEVICE} egress protocol all prio 5 bpf bytecode '1,6 0 0 0'",
    "ip link add br0 type bridge", "ip addr add 172.17.0.1/16 dev br0", "ip link set br0 up",
    "ip link add guest0 type veth peer name guest1", "ip link set guest0 master br0 up",
    "ip link set guest1 up",
    "until ip link show br0 | grep -q 'state UP'; do sleep 0.02; done",
    """nft 'table ip docker {
chain forward {
type filter hook forward priority 0; iifname "br0" oifname "wire0" accept
}
}'""",
)
# What each of them is asked for that can be tried without netem; that is tried in tests/vm.
EACH = (
    (BLACKHOLE, {}), (DNS, {"dnsPort": 53}), (LOSS, {"percentage": 40}),
    (BANDWIDTH, {"bandwidth": "1mbit"}), (RESET, {}))


def attack(wire, action, **config):
    return Execution(wire.server, action, {"duration": 60000, **config})


def same(wire, before, what):
    """The network is as it was, to the byte."""
    lines = zip(before.splitlines(), wire.here.everything().splitlines())
    equal([pair for pair in lines if pair[0] != pair[1]], [], what)
    equal(wire.here.everything(), before, what)


@test
def filters():
    """A table of packets and parameters: what is lost of all, and what arrives"""
    everything = [(address, port) for address in THERE for port in (7001, 7002)]
    with Wire(LOSS) as wire:
        for config, lost in (
                ({}, everything),
                ({"ip": ["10.77.0.2"]}, [row for row in everything if row[0] == THERE[0]]),
                ({"ip": ["10.77.0.77/24", ""]}, [row for row in everything if row[0] == THERE[0]]),
                ({"ip": ["[fd77::2]"]}, [row for row in everything if row[0] == THERE[1]]),
                ({"ip": ["10.78.0.0/16"]}, []),
                ({"port": ["7001"]}, [row for row in everything if row[1] == 7001]),
                ({"port": ["7002-7010"]}, [row for row in everything if row[1] == 7002]),
                ({"port": ["7000-"], "ip": ["10.78.0.1"]}, []),
                ({"port": ["1-7000", "7003-7010"]}, []),
                ({"port": ["1", "*"]}, everything),
                ({"ip": ["fd77::/16"], "port": ["7000-7001"]}, [(THERE[1], 7001)]),
                ({"excludeIp": ["10.77.0.0/24"]},
                 [row for row in everything if row[0] == THERE[1]]),
                ({"ip": ["10.77.0.0/24"], "excludeIp": ["10.77.0.3"]},
                 [row for row in everything if row[0] == THERE[0]]),
                ({"hostname": ["localhost"]}, []),
                ({"networkInterface": [DEVICE]}, everything),
                ({"networkInterface": ["lo"]}, []),
                ({"percentage": 0}, [])):
            execution = attack(wire, LOSS, **{**LOSE_ALL, **config}).begun()
            for address, port in everything:
                equal(wire.arrived(address, port, COUNT, wait=0.1),
                      0 if (address, port) in lost else COUNT, f"{config}: {address} {port}")
            execution.stop().ok()
        equal(wire.arrived(count=COUNT), COUNT, "after all of it")


@test
def never_cut():
    """The agent's endpoints and our front are spared, neighbours and leases as well"""
    with Wire(BLACKHOLE) as wire:
        execution = attack(wire, BLACKHOLE)
        reply = wire.server.post(f"/{BLACKHOLE}/prepare", {
            "executionId": execution.id, "config": execution.config, "executionContext": {
                "restrictedEndpoints": [{
                    "name": "platform", "url": "http://x", "cidr": f"{THERE[0]}/32",
                    "portMin": 7001, "portMax": 7001}]}}).ok()
        contains(said(reply), f"127.0.0.1/32 port {wire.server.port}-{wire.server.port}",
                 "our front")
        execution.state = reply["state"]
        execution.start().ok()
        equal(wire.arrived(port=7001, count=COUNT), COUNT, "to what is restricted")
        equal(wire.arrived(port=7002, count=COUNT, wait=0.1), 0, "to another port")
        equal(wire.arrived(HERE[0], 7002, COUNT, net=wire.there, wait=0.1), 0, "incoming")
        wire.here.run("ip", "neigh", "flush", "all")
        equal(wire.arrived(port=7001, count=COUNT), COUNT, "after its neighbours are forgotten")
        metrics = {metric["metric"]["verdict"]: metric["value"]
                   for metric in execution.status().ok()["metrics"]}
        check(metrics["affected"] >= 2 * COUNT and metrics["spared"] >= 2 * COUNT, f"{metrics}")
        wire.here.run("nft", "flush", "ruleset")
        contains(execution.status().failed()["title"], "removed by something else", "status")
        execution.stop().ok()
        unreadable = wire.server.post(f"/{BLACKHOLE}/prepare", {
            "executionId": execution.id[:-4] + "0000", "config": execution.config,
            "executionContext": {"restrictedEndpoints": [{
                "name": "platform", "url": "http://x", "cidr": "nonsense", "portMin": 1,
                "portMax": 2}]}})
        contains(unreadable.failed()["title"], "must not be cut off from platform", "title")


@test
def refused():
    """What cannot be is refused by its name, and nothing is changed"""
    with Wire(LOSS) as wire:
        before = wire.here.everything()
        for config, words in (
                ({"ip": ["10.0.0.0/33"]}, 'ip: "10.0.0.0/33" is no address'),
                ({"ip": ["10.0.0"]}, "is no address"), ({"port": ["0"]}, "no port from 1"),
                ({"port": ["70000"]}, "no port"), ({"port": ["2-1"]}, "no port"),
                ({"port": ["x"]}, "no port"), ({"hostname": ["a b"]}, "no names: a b"),
                ({"hostname": ["-s"]}, "no names"),
                ({"hostname": ["no.such.host.invalid", "localhost"]}, "no.such.host.invalid"),
                ({"networkInterface": ["none0", DEVICE]}, "there is no none0"),
                ({"networkInterface": ["../lo"]}, "there is no"),
                ({"ip": ["10.1.0.0/16"], "excludeIp": ["10.0.0.0/8"]}, "Nothing is left")):
            reply = attack(wire, LOSS, **{**LOSE_ALL, **config}).prepare()
            contains(reply.failed()["title"], words, str(config))
        same(wire, before, "the network")


@test
def shares():
    """A part is lost, as much as asked; what is DNS is blocked by its port; TCP is reset"""
    with Wire(LOSS) as wire:
        execution = attack(wire, LOSS, percentage=30).begun()
        arrived = wire.arrived(count=2000, pace=0.0005)
        check(1400 - 60 <= arrived <= 1400 + 60, f"{arrived} of 2000 have arrived")
        execution.stop().ok()
    with Wire(DNS, ports=(53, 7001)) as wire:
        execution = attack(wire, DNS, dnsPort=53).begun()
        for address in THERE:
            equal(wire.arrived(address, 53, COUNT, wait=0.1), 0, f"DNS at {address}")
            equal(wire.arrived(address, 7001, COUNT), COUNT, f"other ports of {address}")
        contains(wire.probe("connection", port=53, wait=0.2).get("error"), "imeout", "by TCP")
        execution.stop().ok()
        equal(wire.arrived(port=53, count=COUNT), COUNT, "after the stop")
    with Wire(RESET) as wire:
        execution = attack(wire, RESET, port=["7001"]).begun()
        for address in THERE:
            contains(wire.probe("connection", address)["error"], "Connection", address)
            check("error" not in wire.probe("connection", address, 7002), "another port")
            equal(wire.arrived(address, 7001, COUNT), COUNT, "datagrams")
        contains(wire.probe("connection", HERE[0], net=wire.there)["error"], "Connection", "in")
        execution.stop().ok()
        check("error" not in wire.probe("connection"), "after the stop")


@test
def together():
    """Two on one interface add up, or the second is refused and told which one is there"""
    with Wire(LOSS, BANDWIDTH, BLACKHOLE) as wire:
        loss = attack(wire, LOSS, percentage=30, port=["7001"]).begun()
        narrow = attack(wire, BANDWIDTH, bandwidth="8mbit").begun()
        dark = attack(wire, BLACKHOLE, ip=[THERE[1]]).begun()
        arrived = wire.arrived(count=1000, pace=0.0005)
        check(700 - 60 <= arrived <= 700 + 60, f"{arrived} of 1000 have arrived")
        bits = wire.probe("stream", port=7002, count=1500000)["bits"]
        check(7.2e6 < bits < 8.8e6, f"{bits} bit/s")
        equal(wire.arrived(THERE[1], 7002, COUNT, wait=0.1), 0, "in the blackhole")
        for action, config, first in ((LOSS, LOSE_ALL, loss),
                                      (BANDWIDTH, {"bandwidth": "1mbit"}, narrow)):
            error = attack(wire, action, **config).prepare().failed()
            contains(f"{error}", first.id, f"a second {action}")
            contains(f"{error}", DEVICE, f"a second {action}")
        for execution in (narrow, dark, loss):
            execution.stop().ok()
        equal(wire.arrived(THERE[1], count=COUNT), COUNT, "after all of it")


@test
def slow():
    """The bandwidth is as asked; excluded ones are as fast as before"""
    with Wire(BANDWIDTH) as wire:
        before = wire.here.everything()
        execution = attack(wire, BANDWIDTH, bandwidth="8mbit", port=["7001"]).begun()
        bits = wire.probe("stream", count=1500000)["bits"]
        check(7.2e6 < bits < 8.8e6, f"{bits} bit/s")
        check(wire.probe("stream", port=7002, count=4000000)["bits"] > 20e6, "another port")
        # As if it had been killed before the device got its alias.
        device = f"ak{execution.id.replace('-', '')[:10]}00"
        wire.here.run("ip", "link", "set", "dev", device, "alias", "")
        execution.stop().ok()
        same(wire, before, "the network")


@test
def established():
    """Connections that are there before: cut, reset or spared, and as before after the stop"""
    with Wire(BLACKHOLE, RESET) as wire, \
            Connection(wire.here, THERE[0], 7001) as included, \
            Connection(wire.here, THERE[1], 7001) as also_included, \
            Connection(wire.there, HERE[0], 7001) as incoming, \
            Connection(wire.here, THERE[0], 7002) as excluded:
        execution = attack(wire, BLACKHOLE, port=["7001"]).begun()
        for connection in (included, also_included, incoming):
            contains(str(connection.answer()), "imeout", "through the blackhole")
        check(excluded.answer() < 100, "an excluded one")
        execution.stop().ok()
        for connection in (included, also_included, incoming):
            check(isinstance(connection.answer(5), float), "after the blackhole")
        execution = attack(wire, RESET, port=["7001"]).begun()
        for connection in (included, also_included, incoming):
            contains(str(connection.answer()), "Connection", "reset")
        check(excluded.answer() < 100, "an excluded one")
        execution.stop().ok()


@test
def forwarded():
    """What a router forwards is reset in both families, new and established, by either interface"""
    with Wire(RESET, setup=["sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"]
              ) as wire, contextlib.closing(Net()) as far:
        wire.here.connect("wire2", ("10.78.0.1/24", "fd78::1/64"), far, "wire3",
                          ("10.78.0.2/24", "fd78::2/64"))
        for net, device, routes in ((wire.there, "wire1", {"10.78.0.0/24": HERE[0],
                                                           "fd78::/64": HERE[1]}),
                                    (far, "wire3", {"default": "10.78.0.1", "::/0": "fd78::1"})):
            for prefix, router in routes.items():
                net.run("ip", "route", "add", prefix, "via", router, "dev", device)
        for interfaces in ([], [DEVICE], ["wire2"]):
            with Connection(far, THERE[0], 7001) as old, \
                    Connection(far, THERE[1], 7001) as old_6, \
                    Connection(far, THERE[1], 7002) as excluded:
                execution = attack(wire, RESET, port=["7001"],
                                   networkInterface=interfaces).begun()
                for connection in (old, old_6):
                    contains(str(connection.answer()), "Connection", f"{interfaces}: established")
                for address in THERE:
                    contains(wire.probe("connection", address, net=far).get("error"),
                             "Connection", f"{interfaces}: new, {address}")
                check(excluded.answer() < 100, f"{interfaces}: another port")
                execution.stop().ok()
        for address in THERE:
            check("error" not in wire.probe("connection", address, net=far), "after the stop")


@test
def told():
    """An interface that comes later, and filters of others that come first, are told once"""
    with Wire(LOSS, BANDWIDTH, setup=FOREIGN) as wire:
        execution = attack(wire, BANDWIDTH, bandwidth="1mbit", networkInterface=[DEVICE])
        execution.prepare().ok()
        contains(said(execution.start().ok()), f"{DEVICE} has filters of others", "start")
        execution.stop().ok()
        named = attack(wire, LOSS, **LOSE_ALL, networkInterface=[DEVICE]).begun()
        named.stop().ok()
        execution = attack(wire, LOSS, **LOSE_ALL).begun()
        check("later" not in said(execution.status().ok()), "nothing has come")
        wire.here.run("ip", "link", "add", "late0", "type", "veth", "peer", "name", "late1")
        wire.here.run("ip", "link", "set", "late0", "up")
        contains(said(execution.status().ok()), "came later: late0", "status")
        check("later" not in said(execution.status().ok()), "told again")
        execution.stop().ok()


@test
def foreign():
    """Rules, queues, filters and links of others are the same to the byte after each of them"""
    with Wire(*ALL, setup=FOREIGN) as wire:
        before = wire.here.everything()

        def begun(action, config):
            execution = attack(wire, action, **config).begun()
            check(wire.here.everything() != before, f"{action} changes nothing")
            return execution
        for action, config in EACH:
            execution = begun(action, config)
            execution.stop().ok()
            execution.stop().ok()
            same(wire, before, f"{action}: the network")
            execution = begun(action, config)
            wire.server.kill_all()
            check(wire.here.everything() != before, f"{action}: it ends by itself")
            wire.server.serve()
            wire.server.operator_stop(execution, "the end")
            execution.wait_phase("stopped")
            same(wire, before, f"{action}: the network after SIGKILL")
        # A state directory that was lost: the agent tells what it has, and the id tells the rest.
        executions = [begun(action, config) for action, config in EACH]
        wire.server.kill_all()
        shutil.rmtree(wire.server.state_dir)
        os.mkdir(wire.server.state_dir, 0o700)
        wire.server.serve()
        for execution in executions:
            execution.stop().ok()
        same(wire, before, "the network after a lost state directory")


# Instead of a program of the system: counts, and waits for its end before the call that is asked.
PROGRAM = """#!/bin/sh
read -r last <{folder}/count
echo $((last + 1)) >{folder}/count
read -r at <{folder}/at
if test "$at" = $((last + 1)); then
    echo "$0 $*" >{folder}/now
    exec sleep 600
fi
exec {folder}/real-{name} "$@"
"""


@test
def killed_at_each_program():
    """SIGKILL of everything before each program of start and stop: `serve` undoes all of it"""
    with tempfile.TemporaryDirectory(prefix="ak-net-") as folder:
        def put(name, text):
            path = f"{folder}/{name}"
            with open(path, "w", encoding="ascii") as file:
                file.write(str(text))
            os.chmod(path, 0o755)
            return path
        replaced = {}
        for name in ("nft", "tc", "ip"):
            shutil.copy(os.path.realpath(shutil.which(name)), f"{folder}/real-{name}")
            replaced[name] = put(name, PROGRAM.format(folder=folder, name=name))
        put("count", 0)
        put("at", 0)
        with Wire(*ALL, setup=FOREIGN, replaced=replaced) as wire:
            before = wire.here.everything()
            for (action, config), verb in itertools.product(EACH, ("start", "stop")):
                points = 0
                while killed_before(wire, put, folder, (action, config, verb), points + 1):
                    points += 1
                    with open(f"{folder}/now", encoding="ascii") as file:
                        same(wire, before, f"{action} killed in {verb} before {file.read()}")
                    os.unlink(f"{folder}/now")
                check(points >= 1, f"no program in {verb} of {action}")
                same(wire, before, f"after {verb} of {action}")
                print(f"# {points} programs of {verb} of {action}")


def killed_before(wire, put, folder, handler, number):
    """Kills everything before the program of this number; returns whether there is one."""
    action, config, verb = handler
    execution = attack(wire, action, **config)
    execution.prepare().ok()
    if verb == "stop":
        execution.start().ok()
    put("count", 0)
    put("at", number)
    call = threading.Thread(target=getattr(execution, verb), daemon=True)
    call.start()
    wait_for(lambda: not call.is_alive() or os.path.exists(f"{folder}/now"), "a program")
    put("at", 0)
    if not os.path.exists(f"{folder}/now"):
        execution.stop().ok()
        return False
    wire.server.kill_all()
    wire.server.serve()
    wire.server.operator_stop(execution, "the end")
    execution.wait_phase("stopped")
    return True


@test
def many():
    """A thousand addresses and ports begin within a second"""
    with Wire(LOSS) as wire:
        execution = attack(wire, LOSS, percentage=100, port=["7001"],
                           ip=[f"10.{i // 250}.{i % 250}.1" for i in range(900)],
                           excludeIp=[f"10.77.1.{i}" for i in range(100)])
        execution.prepare().ok()
        begin_s = time.monotonic()
        execution.start().ok()
        check(time.monotonic() - begin_s < 1, f"{time.monotonic() - begin_s} s")
        execution.stop().ok()
        wait_for(lambda: execution.phase() == "stopped", "its end")


try:
    require()
except Skip as reason:
    skip_all(reason)
main(workers=2)
