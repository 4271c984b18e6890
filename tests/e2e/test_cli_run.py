#!/usr/bin/env python3
"""run: an action is driven as an agent does, against this server, the Go SDK's and a fake."""

import base64
import email.parser
import email.policy
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile

from fake import FAKE, Fake
from harness import (
    CHECK, EFFECT, FLASH, TOP_SRCDIR, Command, Server, Skip, check, clean_environment,
    command, contains, equal, main, request, test, wait_for)

PASSED, FAILED, ERRORED, USAGE, INTERRUPTED = 0, 1, 2, 3, 130
BENCH = "org.actionkit.bench"


def run(server, action, *arguments, status=PASSED, **options):
    return command("run", action, *arguments, server=server, status=status, **options)


def in_effects(server):
    return ("--set", f"directory={server.effects}")


# Against this server

@test
def passes():
    """An external action runs for its duration; messages and metrics are shown"""
    with Server() as server:
        done = run(server, EFFECT, "--set", "duration=2s", *in_effects(server))
        for word in ("prepared in", "started with undo value 4711", "stopped with undo",
                     "polls ", "min 1", "passed after"):
            contains(done.out, word, "output")
        check("\033" not in done.out and "\r" not in done.out, f"in a pipe: {done.out!r}")
        row = server.query("SELECT * FROM executions")[0]
        equal((row["phase"], row["stop_by"]), ("stopped", "agent"), "row")
        contains(done.out, row["id"], "its id")
        equal([name for name in os.listdir(server.effects) if name.startswith("effect")],
              [], "effects")


@test
def on_a_terminal():
    """On a terminal there is a line of progress, in colour, and it is cleared"""
    with Server() as server:
        shown = run(server, EFFECT, "--set", "duration=2s", *in_effects(server),
                    terminal=True)
        contains(shown.out, "\r\033[K", "progress")
        check(re.search(r"running, \w+ of 2s", shown.out),
              f"elapsed of duration: {shown.out!r}")
        contains(shown.out, "\033[32mpassed", "colour")
        last = shown.out.rindex("\r\033[K")
        check("▁" in shown.out[last:], f"sparkline after the progress: {shown.out[last:]!r}")


@test
def as_json():
    """--json is one object"""
    with Server() as server:
        end = run(server, CHECK, "--set", "polls=2", "--set", "factor=3",
                  *in_effects(server), "--json").json()
        equal((end["action"], end["outcome"], end["error"]), (CHECK, "passed", None), "end")
        values = {metric["name"]: metric["value"] for metric in end["metrics"]}
        equal(values, {"polls": 2, "answer": 63}, "metrics")
        equal(end["summary"]["text"], "Over after 2 polls", "summary")
        check(any("Linux" in message["message"] for message in end["messages"]), "messages")


@test
def outcomes():
    """A check that says no is 1, a technical error 2, and both are stopped"""
    with Server() as server:
        said = run(server, CHECK, "--set", "end=failed", "--set", "polls=1",
                   *in_effects(server), status=FAILED).out
        contains(said, "failed after", "outcome")
        contains(said, "found what it was told to find", "error")
        said = run(server, CHECK, "--set", "end=fail", "--set", "polls=1",
                   *in_effects(server), status=ERRORED).out
        contains(said, "status was told to fail", "error")
        for trouble in ("prepare", "start"):
            run(server, EFFECT, "--set", f"{trouble}_trouble=fail", *in_effects(server),
                status=ERRORED)
        run(server, EFFECT, "--set", "stop_trouble=fail", "--set", "duration=100ms",
            *in_effects(server), status=ERRORED)
        wait_for(lambda: not server.query("SELECT * FROM active"), "the reaper to stop it")
        said = run(server, FLASH, *in_effects(server)).out
        contains(said, "summary: It flashed", "own endpoints and methods")


@test
def stopped_by_the_extension():
    """An execution that an operator stops has errored, and says why"""
    with Server() as server:
        running = Command("run", EFFECT, "--set", "duration=60s", *in_effects(server),
                          server=server)
        wait_for(lambda: server.query("SELECT * FROM active WHERE phase = 'running'"),
                 "its start")
        command("stop", "--all", "--reason", "enough", server=server)
        contains(running.wait(ERRORED).out, "stopped by extension: operator: enough", "why")


@test
def usage():
    """Mistakes of the command line, of names and of values are 3, and start nothing"""
    with Server() as server:
        where = in_effects(server)
        for arguments, what in (
                ((), "the id of one action"),
                (("org.nobody",), "no such action"),
                ((EFFECT, "--nonsense"), "unknown option"),
                ((EFFECT, "--set", "duration"), "must be NAME=VALUE"),
                ((EFFECT, *where, "--set", "nobody=1"), "no such parameter"),
                ((EFFECT, *where, "--set", "duration=10"), "must be a duration"),
                ((EFFECT, *where, "--set", "stop_ms=1x"), "must be a whole number"),
                ((EFFECT, *where, "--set", "save=maybe"), "must be true or false"),
                ((EFFECT, *where, "--set", "start_point=never"), "not one of its options"),
                ((CHECK, *where, "--set", "polls=0"), "must be at least 1"),
                ((EFFECT,), "directory is required"),
                ((EFFECT, *where, "--file", "duration=/etc/passwd"), "no such file"),
                ((EFFECT, *where, "--set", "directory=" + "x" * 300, "--url", "ftp://x"),
                 "is not a URL of http")):
            failed = command("run", *arguments, server=server, status=USAGE)
            contains(failed.err, what, f"{arguments}")
        # All of them at once; one that is wrong is not missing as well.
        failed = command(
            "run", EFFECT, "--set", "nobody=1", "--set", "duration=10", "--set", "save=maybe",
            "--set", "start_point=never", "--file", "no=/file", server=server, status=USAGE)
        for what in ("--set nobody: the action has no such parameter", "--set duration=10: must",
                     "--set save=maybe: must", "--set start_point=never: is not one",
                     "--file no: the action has no such file",
                     "directory is required: --set directory=VALUE"):
            contains(failed.err, what, "all mistakes")
        equal(len(failed.err.splitlines()), 7, f"lines of {failed.err}")
        equal(server.query("SELECT * FROM events"), [], "events")


@test
def nobody_listens_to_the_result():
    """A result that cannot be printed is no success"""
    with Server() as server:
        for name, arguments, status in (("run", (FLASH, *in_effects(server)), ERRORED),
                                        ("list", (), 1), ("actions", (), 1)):
            with open("/dev/full", "wb") as full:
                done = subprocess.run(
                    [server.program, name, *arguments], stdout=full, stderr=full,
                    env={**clean_environment(), "ACTIONKIT_STATE_DIR": server.state_dir,
                         "ACTIONKIT_URL": f"http://127.0.0.1:{server.port}"})
            equal(done.returncode, status, name)


@test
def no_server():
    """Where nobody listens it is 2"""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    failed = command("run", EFFECT, "--url", f"http://127.0.0.1:{listener.getsockname()[1]}",
                     status=ERRORED, environment={"http_proxy": "http://127.0.0.1:1"})
    listener.close()
    contains(failed.err, "connect", "message")


ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGALRM,
          signal.SIGUSR1, signal.SIGUSR2, signal.SIGIO, signal.SIGXCPU)


def check_stopped_by_agent(server, count):
    rows = server.query("SELECT phase, stop_by FROM executions")
    equal(rows, [{"phase": "stopped", "stop_by": "agent"}] * count, "rows")
    equal([name for name in os.listdir(server.effects) if name.startswith("effect")], [],
          "effects")


@test
def every_signal():
    """Whatever signal ends it, it stops the action first"""
    with Server() as server:
        for count, number in enumerate(ENDING, 1):
            running = Command("run", EFFECT, "--set", "duration=60s", *in_effects(server),
                              server=server)
            wait_for(lambda: "started with" in running.out, "its start")
            running.signal(number)
            contains(running.wait(128 + number).out, "interrupted after", f"end by {number}")
            check_stopped_by_agent(server, count)


def phase_of(server):
    rows = server.query("SELECT phase FROM executions WHERE phase <> 'stopped'")
    return rows[0]["phase"] if rows else None


@test
def in_every_phase():
    """A signal during prepare, start, status and stop: undone by the agent, once"""
    with Server(handler_timeout="20s") as server:
        url = ("run", EFFECT, "--set", "duration=60s", *in_effects(server))
        preparing = Command(*url, "--set", "prepare_trouble=hang", "--set", "prepare_ms=1500",
                            server=server)
        wait_for(lambda: "prepare " in command("status", server=server).out, "prepare()")
        preparing.signal(signal.SIGHUP)
        preparing.wait(128 + signal.SIGHUP)
        for trouble, phase in (("start", "starting"), ("status", "running")):
            running = Command(*url, "--set", f"{trouble}_trouble=hang", "--set",
                              f"{trouble}_ms=1500", server=server)
            wait_for(lambda: phase_of(server) == phase, phase)
            running.signal(signal.SIGHUP)
            running.wait(128 + signal.SIGHUP)
        stopping = Command(*url, "--set", "stop_delay=1500", server=server)
        wait_for(lambda: "started with" in stopping.out, "its start")
        stopping.signal(signal.SIGHUP)
        wait_for(lambda: phase_of(server) == "stopping", "stop()")
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGALRM):
            stopping.signal(number)
        stopping.wait(128 + signal.SIGHUP)
        # Of the one that was interrupted in prepare() there is a row, or none.
        wait_for(lambda: phase_of(server) is None, "the end of all")
        equal([name for name in os.listdir(server.effects) if name.startswith("effect")], [],
              "effects")
        equal({row["stop_by"] for row in server.query("SELECT stop_by FROM executions")},
              {"agent"}, "who has stopped them")


@test
def nobody_reads():
    """The end of who reads the output stops the action: | head -1, and a closed terminal"""
    with Server() as server:
        for more in ((), ("--json",)):
            reading, writing = os.pipe()
            running = subprocess.Popen(
                [server.program, "run", EFFECT, "--url", f"http://127.0.0.1:{server.port}",
                 "--set", "duration=60s", *in_effects(server), *more],
                stdout=writing, env=clean_environment())
            os.close(writing)
            wait_for(lambda: phase_of(server) == "running", "its start")
            os.close(reading)
            equal(running.wait(timeout=60), 128 + signal.SIGPIPE, f"status with {more}")
            check(phase_of(server) is None, "it goes on")
        running = Command("run", EFFECT, "--set", "duration=60s", *in_effects(server),
                          server=server, terminal=True, before=os.setsid)
        wait_for(lambda: phase_of(server) == "running", "its start")
        running.signal(signal.SIGHUP)
        running.wait(128 + signal.SIGHUP)
        check_stopped_by_agent(server, 3)


@test
def no_room_for_the_output():
    """A full disk does not end it early; that something was not told it says at the end"""
    with Server() as server, open("/dev/full", "wb") as full:
        running = subprocess.run(
            [server.program, "run", EFFECT, "--url", f"http://127.0.0.1:{server.port}",
             "--set", "duration=1s", *in_effects(server)], stdout=full, timeout=60,
            env=clean_environment(), check=False)
        equal(running.returncode, ERRORED, "status")
        check_stopped_by_agent(server, 1)


@test
def with_nohup():
    """A signal that was ignored before is ignored"""
    with Server() as server:
        running = Command("run", EFFECT, "--set", "duration=2s", *in_effects(server),
                          server=server,
                          before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        wait_for(lambda: "started with" in running.out, "its start")
        running.signal(signal.SIGHUP)
        contains(running.wait(PASSED).out, "passed after", "outcome")


@test
def interrupted():
    """Ctrl-C stops the action; for the second time it leaves that to the server"""
    with Server(unclean=True) as server:
        running = Command("run", EFFECT, "--set", "duration=60s", *in_effects(server),
                          server=server, terminal=True)
        wait_for(lambda: "started with" in running.out, "its start")
        running.signal(signal.SIGINT)
        contains(running.wait(INTERRUPTED).out, "interrupted", "outcome")
        equal(server.query("SELECT phase, stop_by FROM executions"),
              [{"phase": "stopped", "stop_by": "agent"}], "row")
        running = Command("run", EFFECT, "--set", "duration=60s", "--set",
                          "stop_delay=20000", *in_effects(server), server=server)
        wait_for(lambda: "started with" in running.out, "its start")
        running.signal(signal.SIGINT)
        wait_for(lambda: "interrupted: stopping" in running.out, "the stop")
        running.signal(signal.SIGINT)
        out = running.wait(INTERRUPTED, timeout=10).out
        contains(out, "interrupted again", "message")
        contains(out, "or now: actionkit stop ", "message")


@test
def below_a_base_path():
    """The URL may have a path, and the socket may be one of nginx"""
    with Server(serve=False, base_path="/chaos") as server:
        server.serve(ready=False)
        wait_for(lambda: server.get("/chaos/health/readiness").status == 200, "readiness")
        url = f"http://127.0.0.1:{server.port}/chaos"
        run(server, FLASH, "--url", url, *in_effects(server))
        run(server, FLASH, "--url", url + "/", *in_effects(server))


# Against the Go SDK

class Peer:
    """The Go example server."""

    def __init__(self):
        peer = os.environ.get("ACTIONKIT_PEER") or os.path.join(
            TOP_SRCDIR, "../shared/peer")
        if not shutil.which("go") or not os.path.isdir(peer):
            raise Skip("there is no go, or no ../shared/peer")
        self.dir = tempfile.mkdtemp(prefix="ak-peer-")
        built = subprocess.run(["go", "build", "-o", self.dir, "./server"], cwd=peer,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if built.returncode != 0:
            shutil.rmtree(self.dir)
            raise Skip(f"it does not build: {built.stdout}")

    def __enter__(self):
        for _ in range(10):
            # It takes the next port, too: none of those that connections get.
            self.port = random.randrange(20000, 32000, 2)
            self.process = subprocess.Popen(
                [os.path.join(self.dir, "server"), "-port", str(self.port)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, env=clean_environment())
            wait_for(lambda: self.process.poll() is not None or self.answers(), "the peer")
            if self.process.poll() is None:
                return self
        raise AssertionError("the peer does not run")

    def answers(self):
        try:
            return request(self.port, "GET", "/").status == 200
        except OSError:
            return False

    def __exit__(self, *fault):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.dir)


@test
def against_the_reference():
    """The Go SDK's server gives the same result, with a file and without"""
    with Peer() as peer, Server() as server:
        url = ("--url", f"http://127.0.0.1:{peer.port}")
        theirs = command("run", BENCH, "--set", "duration=2s", *url, "--json").json()
        ours = run(server, EFFECT, "--set", "duration=2s", *in_effects(server),
                   "--json").json()
        for end in (theirs, ours):
            equal((end["outcome"], end["error"]), ("passed", None), "end")
            check("polls" in {metric["name"] for metric in end["metrics"]}, "metrics")
        equal({key: type(value) for key, value in theirs.items() if key != "summary"},
              {key: type(value) for key, value in ours.items() if key != "summary"},
              "shape")
        equal([message["message"] for message in theirs["messages"]
               if message["message"] in ("prepared", "started", "stopped")],
              ["prepared", "started", "stopped"], "messages")
        path = os.path.join(server.dir, "upload.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write("x" * 100000)
        command("run", BENCH, "--set", "duration=1s", "--file", f"file={path}", *url)
        contains(command("run", "org.nobody", *url, status=USAGE).err, "no such action",
                 "unknown action")
        contains(command("run", BENCH, "--set", "duration=x", *url, status=USAGE).err,
                 "must be a duration", "value")
        contains(command("run", BENCH, "--file", f"file={path}.no", *url,
                         status=USAGE).err, "No such file", "file")
        running = Command("run", BENCH, "--set", "duration=60s", *url)
        wait_for(lambda: "started" in running.out, "its start")
        running.signal(signal.SIGINT)
        contains(running.wait(INTERRUPTED).out, "stopped", "outcome")


# Against a fake, for what neither does

@test
def typed_values():
    """Values are sent as agents send them, defaults too; the target as well"""
    with Fake(results={"prepare": {"state": {"secret": 7}}}) as fake:
        values = {"text": "10s", "count": "-3", "share": "50%", "flag": "true",
                  "list": "a,b", "pairs": "k=v,l=w=x", "rate": "10mbit"}
        arguments = [word for name, value in values.items()
                     for word in ("--set", f"{name}={value}")]
        fake.run(*arguments, "--set", 'list=["c,d"]', "--target", "host", "--attr", "a=1",
                 "--attr", "a=2", "--attr", "b=3")
        body = fake.body("prepare")
        equal(body["config"], {
            "duration": 300, "text": "10s", "count": -3, "share": 50, "workers": 0,
            "flag": True, "list": ["a", "b", "c,d"], "other": ["x", "y"],
            "pairs": [{"key": "k", "value": "v"}, {"key": "l", "value": "w=x"}],
            "rate": "10mbit"}, "config")
        equal(body["target"], {"name": "host", "attributes": {"a": ["1", "2"], "b": ["3"]}},
              "target")
        for verb in ("start", "stop"):
            equal(fake.body(verb), {"executionId": body["executionId"],
                                    "state": {"secret": 7}}, verb)
        equal([verb for verb, _, _ in fake.requests], ["prepare", "start", "stop"], "calls")
        for value, what in (("file=x", "use --file"), ("line=x", "has no value"),
                            ("pairs=x", "must be pairs"), ("list=[1]", "list of strings"),
                            ("list=[", "byte"), ("share=5 %", "must be a percentage")):
            contains(fake.run("--set", value, status=USAGE).err, what, value)


@test
def uploads():
    """Files go as multipart/form-data with a part `request`"""
    with Fake() as fake, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "data.bin")
        content = bytes(range(256)) * 500
        with open(path, "wb") as file:
            file.write(content)
        fake.run("--file", f"file={path}")
        _, headers, body = fake.requests[0]
        head = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        parts = {part.get_param("name", header="content-disposition"): part
                 for part in message.iter_parts()}
        equal(sorted(parts), ["file", "request"], "parts")
        equal(parts["file"].get_filename(), "data.bin", "file name")
        equal(parts["file"].get_payload(decode=True), content, "content")
        equal(parts["request"].get_filename(), None, "request is no file")
        config = json.loads(parts["request"].get_payload(decode=True))["config"]
        check("file" not in config and config["duration"] == 300, f"config: {config}")


@test
def shows_modifications():
    """What a reply changes of the properties of the experiment is shown, as it was told"""
    told = [{"type": "set_property_value", "propertyKey": "PLAN", "value": {"a": [1, None]}},
            {"type": "add_value_to_list_property", "propertyKey": "HOSTS", "value": "a\n\033[2J"},
            {"propertyKey": 7}]
    with Fake(results={"start": {"modifications": told}}) as fake:
        shown = fake.run().out
        for words in ('property PLAN is set to {"a":[1,null]}',
                      'property HOSTS gets one more: "a\\n\\u001b[2J"',
                      "property - is set to null"):
            contains(shown, words, "output")
        end = fake.run("--json").json()
        equal((end["modifications"], end["leftOut"]["modifications"]), (told, 0), "JSON")


@test
def keeps_artifacts():
    """Artifacts are saved under harmless names, never outside, never over another"""
    labels = ["report.txt", "report.txt", "../../evil.sh", "/etc/passwd", ".hidden", "..",
              "a b\n\033c.html", "", "x" * 250]
    artifacts = [{"label": label, "data": base64.b64encode(f"{number}".encode()).decode()}
                 for number, label in enumerate(labels)]
    with Fake(results={"stop": {"artifacts": artifacts}}) as fake, \
            tempfile.TemporaryDirectory() as folder:
        inside = os.path.join(folder, "inside")
        os.mkdir(inside)
        os.symlink("/etc/hostname", os.path.join(inside, "evil.sh"))
        fake.run("--artifacts", inside)
        names = sorted(os.listdir(inside))
        equal(names, sorted(["report.txt", "report-2.txt", "evil.sh", "evil-2.sh", "passwd",
                             "hidden", "artifact", "artifact-2", "a_b__c.html", "x" * 112]),
              "names")
        with open(os.path.join(inside, "report-2.txt"), encoding="utf-8") as file:
            equal(file.read(), "1", "content")
        equal(os.listdir(folder), ["inside"], "what is outside")
        contains(fake.run().out, "not kept without --artifacts", "without a directory")
    with Fake(results={"stop": {"artifacts": [{"label": "x", "data": "!!!!"}]}}) as fake, \
            tempfile.TemporaryDirectory() as folder:
        contains(fake.run("--artifacts", folder).out, "is no base64", "message")
        equal(os.listdir(folder), [], "files")


@test
def insists_on_stopping():
    """A stop that is refused for now is asked for again"""
    with Fake(refuse={"stop": 2}) as fake:
        fake.run()
        equal([verb for verb, _, _ in fake.requests][2:], ["stop"] * 3, "calls")
    with Fake(refuse={"start": 1}) as fake:
        contains(fake.run(status=ERRORED).out, "start: HTTP 503: busy", "message")
        equal([verb for verb, _, _ in fake.requests], ["prepare", "start", "stop"], "calls")


@test
def over_a_unix_socket():
    """--unix-socket connects to a socket instead of the URL's host"""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "web.sock")
        with Fake(unix=path) as fake:
            command("run", FAKE, "--url", "http://nowhere.invalid", "--unix-socket", path)
            equal([verb for verb, _, _ in fake.requests], ["prepare", "start", "stop"],
                  "calls")


@test
def distrusts_descriptions():
    """Descriptions that make no sense are refused, not obeyed"""
    for change, status, what in (
            ({"parameters": {"duration": 1}}, PASSED, ""),
            ({"parameters": ["x", None, {"name": "x", "options": 7}]}, PASSED, ""),
            ({"prepare": {"method": "POST", "path": "@127.0.0.1:1/x"}}, ERRORED,
             "is no path"),
            ({"start": "x"}, ERRORED, "no endpoint")):
        with Fake() as fake:
            description = {**fake.description(), "timeControl": "internal", **change}
            fake.description = lambda: description
            contains(fake.run(status=status).out, what, f"{change}")
    for list_of_actions in ([], {"actions": "x"}, {"actions": ["x", None, {"path": "x"}]}):
        with Fake() as fake:
            fake.index = list_of_actions
            done = fake.run(status=None)
            check(done.code in (ERRORED, USAGE), f"exit status {done.code}: {done.err}")
            check(fake.requests == [], f"requests: {fake.requests}")


@test
def messages_cannot_move_the_cursor():
    """What an extension says is shown, not obeyed"""
    message = {"messages": [{"level": "warn", "message": "a\033[2J\nb\u009bc"}]}
    with Fake(results={"start": message}) as fake:
        contains(fake.run().out, "a\\x1b[2J b\\u009bc", "message")


main()
