#!/usr/bin/env python3
"""Discoveries behind nginx, the one of this host, and `actionkit discover`."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from harness import (
    ACTIONKIT, INSTRUMENTED, PATIENCE_S, Server, Skip, at_once, check, command, contains, equal,
    main, proc_stat, test, wait_for)

HOST, OTHER_HOST = "org.actionkit.host", "com.steadybit.extension_host.host"
THINGS = "/test.things/discovery/discovered-targets"
LISTS = ("discoveries", "targetTypes", "targetAttributes", "targetEnrichmentRules")
MANY, MANY_MS, MANY_TIMES = 10000, 100, 10


class Things(Server):
    """A server whose discovery finds what say() says."""

    def __init__(self, *lines, **options):
        self.folder = tempfile.TemporaryDirectory(prefix="ak-")
        self.script = os.path.join(self.folder.name, "discovery")
        self.say(*lines)
        environment = {"TEST_DISCOVERY": self.script, **options.pop("environment", {})}
        super().__init__(environment=environment, **options)

    def __exit__(self, *fault):
        result = super().__exit__(*fault)
        self.folder.cleanup()
        return result

    def say(self, *lines):
        with open(f"{self.script}.new", "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
        os.rename(f"{self.script}.new", self.script)

    def find(self, **headers):
        return self.get(THINGS, headers)


def command_of_actionkit(*arguments, **options):
    return command(*arguments, program=ACTIONKIT, **options)


def targets(reply):
    equal(reply.status, 200, f"status of {reply!r}")
    return reply.json()["targets"]


def failed(reply, *words, status=500):
    """A DiscoveryKitError, which is no ActionKitError: it has no status."""
    equal(reply.status, status, f"status of {reply!r}")
    error = reply.json()
    check("status" not in error, f"status in {error}")
    check(set(error) <= {"title", "detail", "type", "instance"}, f"members of {error}")
    for word in words:
        contains(f"{error['title']}: {error['detail']}", word, "error")
    return error


@test
def lists():
    """Both lists in one, and each alone; all paths are there, to look only"""
    with Things("target a") as server:
        both = server.get("/").json()
        equal(sorted(both), sorted(("actions", *LISTS)), "members")
        equal(server.get("/actions").json(), {"actions": both["actions"]}, "actions")
        equal(server.get("/discoveries").json(), {name: both[name] for name in LISTS},
              "discoveries")
        equal(both["targetEnrichmentRules"], [], "rules")
        paths = [reference["path"] for name in LISTS for reference in both[name]]
        equal(len(paths), 3, f"paths: {paths}")
        for path in ("/", "/discoveries", *paths, THINGS):
            reply = server.get(path)
            equal(reply.status, 200, f"status of {path}")
            head = server.request("HEAD", path)
            equal((head.status, head.body, head.headers["ETag"], head.headers["Content-Length"]),
                  (200, b"", reply.headers["ETag"], str(len(reply.body))), f"HEAD of {path}")
            server.request("POST", path, b"{}").refused(405, "allows GET, HEAD only")
        description = server.get(both["discoveries"][0]["path"]).json()
        equal(description, {"id": "test.things", "discover": {
            "method": "GET", "path": THINGS, "callInterval": "30s"}}, "description")
        equal(server.get("/discovery/attributes").json(), {"attributes": []}, "attributes")


@test
def without_discoveries():
    """A program without discoveries has neither their paths nor their lists"""
    with Server() as server:
        equal(sorted(server.get("/").json()), ["actions"], "members")
        equal(server.get("/").body, server.get("/actions").body, "list")
        for path in ("/discoveries", "/discovery/attributes", THINGS):
            server.get(path).refused(404, "no such path")


@test
def base_path():
    """Below a base path all paths begin with it"""
    with Things("target a", serve=False, base_path="/chaos") as server:
        server.serve(ready=False)
        wait_for(lambda: server.get("/chaos/health/readiness").status == 200, "readiness")
        index = server.get("/chaos/").json()
        equal(index["discoveries"][0]["path"], "/chaos/test.things/discovery", "path")
        description = server.get(index["discoveries"][0]["path"]).json()
        equal(description["discover"]["path"], f"/chaos{THINGS}", "path")
        equal(len(targets(server.get(f"/chaos{THINGS}"))), 1, "targets")
        shown = command("discover", "--url", f"http://127.0.0.1:{server.port}/chaos")
        equal(shown.out, "a  test.thing every 30s\n", "found over HTTP")


@test
def etags():
    """304 while nothing has changed, whatever its order; 200 after a change"""
    with Things("target b", "pair k=2", "pair k=1", "target a") as server:
        first = server.find()
        tag = first.headers["ETag"]
        server.say("target a", "target b", "pair k=1", "pair k=2", "pair k=1")
        again = server.find(**{"If-None-Match": tag})
        equal((again.status, again.body, again.headers["ETag"]), (304, b"", tag), "again")
        equal(server.find().body, first.body, "bytes")
        server.say("target a")
        changed = server.find(**{"If-None-Match": tag})
        equal([entry["id"] for entry in targets(changed)], ["a"], "targets")
        check(changed.headers["ETag"] != tag, "the tag is the same")
        index = server.get("/").headers["ETag"]
        check(index != tag, "the tag of the index")
        equal(server.get("/discoveries", {"If-None-Match": index}).status, 304, "index")


@test
def the_same_of_all():
    """64 replies of 8 responders are the same bytes"""
    with Things("target b", "pair k=2", "pair k=1", "target a", responders=8) as server:
        replies = at_once([server.find] * 64)
        equal({(reply.status, reply.body, reply.headers["ETag"]) for reply in replies},
              {(200, replies[0].body, replies[0].headers["ETag"])}, "replies")


@test
def failures():
    """What fails says why, and is logged once; nothing found is no failure"""
    with Things("fail the lamps are out") as server:
        failed(server.find(), "Discovery failed", "the lamps are out")
        for _ in range(8):
            failed(server.find(), "the lamps are out")
        equal(server.log().count("WARN"), 1, "warnings")
        server.say("target a", "target a")
        failed(server.find(), "two targets have the id a")
        equal(server.log().count("WARN"), 2, "warnings")
        server.say()
        equal(targets(server.find()), [], "targets")
        contains(server.log(), "discovery test.things succeeds", "log")
        server.say("target a", "pair steadybit.group=x")
        failed(server.find(), "steadybit.group is the agent's own")
        os.unlink(server.script)
        failed(server.find(), "Failed to open the file of the test", "No such file")


@test
def crash():
    """A crash costs a responder, no more than two, and the next request is answered"""
    with Things("crash") as server:
        server.wait_responders()
        before = set(server.responders())
        failed(server.find(), "discover() ended the process that ran it")
        check(len(before - set(server.responders())) <= 2, "more than two were lost")
        server.say("target a")
        equal(len(targets(server.find())), 1, "targets")


@test
def meddles_with_descriptors():
    """discover() that closes what is the server's has failed, and its process ends"""
    with Things("target a", "close_lock") as server:
        before = set(server.wait_responders())
        failed(server.find(), "discover() has closed or replaced what is the server's: "
               "executions.lock")
        wait_for(lambda: set(server.wait_responders()) != before, "the end of its process")
        server.say("target a", "fork_return")
        equal(len(targets(server.find())), 1, "targets")
        wait_for(lambda: "discover() of test.things, came back in a process that it forked"
                 in server.log(), "the end of its child")


@test
def hang():
    """It is killed at --handler-timeout, or when the request says"""
    with Things("sleep 600000", handler_timeout="300ms") as server:
        failed(server.find(), "killed because it took too long")
    with Things("sleep 600000") as server:
        began = time.monotonic()
        failed(server.find(**{"Request-Timeout": "0.3"}), "killed because it took too long")
        check(time.monotonic() - began < PATIENCE_S / 2, "it took too long")


@test
def without_database():
    """It is answered while the database is lost, and touches nothing of it"""
    with Things("target a") as server:
        reapers = server.reapers()
        for pid in reapers:     # they would put it back
            os.kill(pid, signal.SIGSTOP)
        before = os.stat(server.database).st_mtime_ns
        equal(len(targets(server.find())), 1, "targets")
        equal(os.stat(server.database).st_mtime_ns, before, "time of the database")
        for suffix in ("", "-wal", "-shm"):
            os.rename(server.database + suffix, f"{server.database}{suffix}.away")
        equal(len(targets(server.find())), 1, "targets without a database")
        for suffix in ("", "-wal", "-shm"):
            os.rename(f"{server.database}{suffix}.away", server.database + suffix)
        for pid in reapers:
            os.kill(pid, signal.SIGCONT)


@test
def while_draining():
    """It is answered while the server stops its executions"""
    with Things("target a") as server:
        execution = server.running(stop_trouble="hang", stop_ms=1500)
        server.signal(signal.SIGTERM)
        execution.wait_note("stop", "begin")
        server.effect().prepare().refused(503)
        equal(len(targets(server.find())), 1, "targets")
        equal(server.wait_exit(), 0, "status")


@test
def group_and_excludes():
    """--discovery-group and --exclude-attribute, also by the names of extension-host"""
    with Things("target a", "pair k=1", "pair xy=2", "pair host.hostname=3",
                discovery_group="g", exclude_attribute="x*") as server:
        equal(targets(server.find())[0]["attributes"],
              {"host.hostname": ["3"], "k": ["1"], "steadybit.group": ["g"]}, "attributes")
    names = {"STEADYBIT_EXTENSION_DISCOVERY_GROUP": "h",
             "STEADYBIT_EXTENSION_DISCOVERY_ATTRIBUTES_EXCLUDES_HOST": "k,x*"}
    with Things("target a", "pair k=1", "pair xy=2", environment=names) as server:
        equal(targets(server.find())[0]["attributes"], {"steadybit.group": ["h"]},
              "attributes")
    for value, words in (("host.hostname", "cannot be excluded"), ("host*", "cannot be"),
                         ("*", "cannot be"), ("a*b", "at its end only")):
        refused = command("serve", "--exclude-attribute", value, "--test", status=78)
        contains(refused.err, words, "refusal")


@test
def filters():
    """What would filter targets, and cannot, is refused: serve does not begin"""
    for name in ("EXCLUDE_QUERY", "INCLUDE_QUERY", "EXCLUDE_QUERY_FILE"):
        variable = f"STEADYBIT_EXTENSION_DISCOVERY_{name}"
        refused = command_of_actionkit("serve", "--test", status=78,
                          environment={variable: "host.hostname=\"a\""})
        contains(refused.err, f"{variable}: there is no query language", "refusal")
        command_of_actionkit("serve", "--test", environment={variable: ""})
    refused = command_of_actionkit("serve", "--test", "--host-type", "x", status=78)
    contains(refused.err, f"must be {HOST} or {OTHER_HOST}", "refusal")
    command_of_actionkit("serve", "--test", "--discover-host", "maybe", status=78)


def host_of(server, kind=HOST):
    found = targets(server.get("/org.actionkit.host/discovery/discovered-targets"))
    equal([entry["targetType"] for entry in found], [kind], "types")
    return found[0]


@test
def this_host():
    """This host is found under its name, with what the system says of it"""
    with Server(program=ACTIONKIT) as server:
        host = host_of(server)
        name = socket.gethostname()
        equal((host["id"], host["label"], host["attributes"]["host.hostname"]),
              (name, name, [name]), "name")
        equal(host["attributes"]["host.nic"],
              sorted(nic for nic in os.listdir("/sys/class/net")
                     if not nic.startswith(("veth", "ifb"))), "interfaces")
        check("host.domainname" in host["attributes"], f"no domain: {host}")
        told = {entry["attribute"]: entry["label"]
                for entry in server.get("/discovery/attributes").json()["attributes"]}
        check(set(host["attributes"]) <= set(told), f"labels: {told}")
        equal(told["host.nic"], {"one": "NIC", "other": "NICs"}, "label")


@test
def host_types():
    """--host-type renames the type in discovery and actions; no hides the discovery"""
    path = f"/{OTHER_HOST}/discovery/target-description"
    with Server(program=ACTIONKIT, host_type=OTHER_HOST, hostname="web-1",
                domainname="web-1.example.com") as server:
        host = host_of(server, OTHER_HOST)
        equal(host["id"], "web-1", "id")
        equal(host["attributes"]["host.domainname"], ["web-1.example.com"], "domain")
        described = server.get(path).json()
        equal((described["id"], described["label"]), (
            OTHER_HOST, {"one": "Linux Host", "other": "Linux Hosts"}), "type")
        server.get(f"/{HOST}/discovery/target-description").refused(404)
    with Server(program=ACTIONKIT) as server:
        described = server.get(f"/{HOST}/discovery/target-description").json()
        equal(described["label"]["one"], "Linux Host (actionkit)", "label")
        server.get(path).refused(404)
    with Server(program=ACTIONKIT, discover_host="no") as server:
        listed = server.get("/").json()
        check(HOST not in json.dumps(listed), f"the host is listed: {listed}")
        check("host." not in server.get("/discovery/attributes").body.decode(), "attributes")
        server.get("/org.actionkit.host/discovery/discovered-targets").refused(404)


@test
def nameless():
    """A machine without a name of its own is not told"""
    with Server(program=ACTIONKIT, hostname="localhost") as server:
        failed(server.get("/org.actionkit.host/discovery/discovered-targets"),
               "this machine has no name of its own: set --hostname")


NETWORK = """set -e
ip link set lo up
{setup}
exec "$0" discover org.actionkit.host --hostname web-1 --json
"""


def in_network(setup):
    """The attributes of this host, in a network namespace of its own."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"):
        raise Skip("a network namespace needs root, unshare and ip")
    done = subprocess.run(["unshare", "-n", "sh", "-c", NETWORK.format(setup=setup), ACTIONKIT],
                          capture_output=True, text=True, timeout=PATIENCE_S)
    if "Unknown device type" in done.stderr or "not supported" in done.stderr:
        raise Skip(f"this kernel has no such interface: {done.stderr.strip()}")
    equal(done.returncode, 0, f"status; {done.stderr}")
    return json.loads(done.stdout)["targets"][0]["attributes"]


@test
def no_network():
    """Without an interface that is up there are no addresses, and no error"""
    found = in_network("")
    check("host.ipv4" not in found and "host.ipv6" not in found, f"addresses in {found}")
    equal(found["host.nic"], ["lo"], "interfaces")


# The kernels of test machines have taps where they have nothing else.
ETH9 = "ip tuntap add dev eth9 mode tap; ip link set eth9 up\n"


@test
def addresses():
    """Those that others reach: no loopback, link-local, or what is down"""
    found = in_network(ETH9 + """
ip addr add 192.0.2.9/24 dev eth9; ip addr add 169.254.1.1/16 dev eth9
ip -6 addr add 2001:db8::9/64 dev eth9 nodad; ip -6 addr add fe80::9/64 dev eth9 nodad
ip tuntap add dev down9 mode tap; ip addr add 192.0.2.10/24 dev down9
ip addr add 127.0.0.9/8 dev lo""")
    equal((found["host.ipv4"], found["host.ipv6"]), (["192.0.2.9"], ["2001:db8::9"]),
          "addresses")
    equal(found["host.nic"], ["down9", "eth9", "lo"], "interfaces")


@test
def veth():
    """The interfaces of containers are not told of"""
    found = in_network("""
ip link add veth9 type veth peer name veth10
ip addr add 192.0.2.11/24 dev veth9; ip link set veth9 up; ip link set veth10 up""")
    check("host.ipv4" not in found, f"addresses in {found}")
    equal(found["host.nic"], ["lo"], "interfaces")


@test
def bridges():
    """The addresses of a bridge are told when something from outside is at it"""
    setup = ETH9 + """
ip link add br9 type bridge; ip addr add 172.17.0.1/16 dev br9; ip link set br9 up
ip link set eth9 master br9"""
    found = in_network(setup)
    check("host.ipv4" not in found, f"addresses in {found}")
    equal(found["host.nic"], ["br9", "eth9", "lo"], "interfaces")
    # Of another kind than those that containers and virtual machines have.
    found = in_network(f"{setup}\nip link add other9 type ifb; ip link set other9 master br9")
    equal(found["host.ipv4"], ["172.17.0.1"], "addresses")


@test
def ifb():
    """The interface of a network attack does not change the target"""
    found = in_network("ip link add ifb9 type ifb; ip addr add 192.0.2.9/24 dev ifb9; "
                       "ip link set ifb9 up")
    equal(found["host.nic"], ["lo"], "interfaces")
    check("host.ipv4" not in found, f"addresses in {found}")


@test
def the_command():
    """actionkit discover: a table and --json, here and over HTTP as the agent"""
    with Things("target b", "pair k=2", "pair k=1", "target a") as server:
        environment = {"TEST_DISCOVERY": server.script}
        url = f"http://127.0.0.1:{server.port}"
        wire = server.find().body.decode()
        for source in ((), ("--url", url)):
            shown = command("discover", *source, environment=environment)
            equal(shown.out, "a  test.thing every 30s\nb  test.thing every 30s\n  k  1, 2\n",
                  f"table of {source}")
            shown = command("discover", "test.things", "--json", *source,
                            environment=environment)
            equal(shown.out, f"{wire}\n", f"JSON of {source}")
            server.say("fail the lamps are out")
            shown = command("discover", *source, status=1, environment=environment)
            contains(shown.err, "the lamps are out", f"error of {source}")
            server.say("target b", "pair k=2", "pair k=1", "target a")
            shown = command("discover", "test.no", *source, status=1,
                            environment=environment)
            contains(shown.err, "test.no: there is no such discovery", f"error of {source}")
    shown = command("discover", status=1)
    contains(shown.err, "there are no discoveries", "error")
    shown = command_of_actionkit("discover", "--url", url, status=1)
    contains(shown.err, "discover: ", "error without a server")
    command_of_actionkit("discover", "a", "b", status=64)
    command_of_actionkit("discover", "--hostname", status=64)


def warnings(result):
    return "\n".join(finding["detail"] for finding in result.json()
                     if finding["check"] == "discoveries" and finding["verdict"] == "warning")


@test
def the_check():
    """actionkit check runs discoveries, and says what is wrong with them"""
    found = command_of_actionkit("check", "--json", "--state-dir", "/nonexistent",
                                 environment={"ACTIONKIT_HOSTNAME": "web-1"})
    equal(warnings(found), "", "warnings")
    contains(found.out, "2, which find 4 targets", "discoveries")
    found = command_of_actionkit("check", "--json", "--state-dir", "/nonexistent",
                                 environment={"ACTIONKIT_HOSTNAME": "localhost"})
    contains(warnings(found), "this machine has no name of its own", "warnings")
    found = command_of_actionkit("check", "--json", "--state-dir", "/nonexistent",
                                 environment={"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    contains(warnings(found), "this is a container", "warnings")


REGISTERED = """set -e
mount -t tmpfs tmpfs /etc
mkdir -p /etc/steadybit/extensions.d
cd /etc/steadybit/extensions.d
echo 'url: http://127.0.0.1:8085' >extension-actionkit.yaml
echo 'types: [ACTION]' >>extension-actionkit.yaml
echo 'url: http://127.0.0.1:8085' >steadybit-extension-host.yaml
exec "$0" check --json --state-dir /nonexistent
"""


@test
def registrations():
    """check looks at what the agent knows: extension-host, and us without DISCOVERY"""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        raise Skip("a mount namespace needs root and unshare")
    environment = {**os.environ, "ACTIONKIT_HOST_TYPE": OTHER_HOST,
                   "ACTIONKIT_HOSTNAME": "web-1"}
    done = subprocess.run(["unshare", "-m", "sh", "-c", REGISTERED, ACTIONKIT], text=True,
                          capture_output=True, timeout=PATIENCE_S, env=environment)
    equal(done.returncode, 0, f"status; {done.stderr}")
    found = "\n".join(finding["detail"] for finding in json.loads(done.stdout))
    contains(found, "extension-host tells of this host, too, under the same type", "findings")
    contains(found, "extension-actionkit.yaml: without DISCOVERY among its types", "findings")


@test
def types_of_actions():
    """The type that the environment says is that of the command, too"""
    shown = command_of_actionkit("discover", "--json", "org.actionkit.host", "--hostname", "web-1",
                    environment={"ACTIONKIT_HOST_TYPE": OTHER_HOST})
    equal(json.loads(shown.out)["targets"][0]["targetType"], OTHER_HOST, "type")


@test
def many():
    """10 000 targets take less than 100 ms of a processor, and one more fails"""
    with Things(f"many {MANY}") as server:
        before = cpu_ms(server)
        for _ in range(MANY_TIMES):
            equal(len(targets(server.find())), MANY, "targets")
        # Not the time on the wall, which others have their part in.
        took = (cpu_ms(server) - before) / MANY_TIMES
        check(took < MANY_MS or INSTRUMENTED, f"it took {took:.0f} ms")
        sizes = [resident(pid) for pid in server.responders()]
        check(max(sizes) < 256 << 20, f"responders have {sizes} bytes")
        server.say(f"many {MANY + 1}")
        failed(server.find(), "more than 10000 targets were discovered")


def cpu_ms(server):
    """What all responders have used of a processor."""
    ticks = sum(int(field) for pid in server.responders() for field in proc_stat(pid)[11:13])
    return ticks * 1000 / os.sysconf("SC_CLK_TCK")


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1)) << 10


main()
