#!/usr/bin/env python3
"""run against an extension that means harm: bounded in memory and time, and nothing is obeyed."""

import json
import os
import re
import resource
import signal
import subprocess
import tempfile
import threading
import time

from fake import FAKE, Fake
from harness import (
    EXTENSION, FLASH, PATIENCE_S, Command, Server, check, command, contains, equal, main,
    test, wait_for)

PASSED, ERRORED, USAGE = 0, 2, 3
MEMORY_MIB = 400
STATUS = {"method": "post", "path": "/fake/status", "callInterval": "100ms"}
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f"
                    "\ufeff\U000e0000-\U000e007f]")


def little_memory():
    """For a child: what would take more than it should fails at once."""
    size = MEMORY_MIB * 1024 * 1024
    # Sanitizers need more, for shadows.
    if not os.environ.get("AK_INSTRUMENT"):
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


def hostile(results, *arguments, code=PASSED, timeout=20, **changes):
    """A run against a fake of such a description, with little memory; its Command."""
    with Fake(results=results, **changes) as fake:
        began = time.monotonic()
        done = Command("run", FAKE, "--url", fake.url, *arguments,
                       before=little_memory).wait(code, timeout=timeout)
        done.took_s = time.monotonic() - began
        return done


def metrics(*values):
    """The text of metrics with these values, which are JSON."""
    return b'{"metrics": [%s]}' % b",".join(
        b'{"name": "m", "metric": {}, "timestamp": "", "value": %s}' % value
        for value in values)


@test
def numbers():
    """Whatever a metric, an interval or a duration says, it is shown, clamped or left out"""
    cases = {
        (b"-1e308", b"1e308", b"0"): "min -1e+308 max 1e+308 last 0",
        (b"-1.7976931348623157e308", b"1.7976931348623157e308"): "min -1.79769e+308",
        (b"5e-324", b"0"): "min 0 max 4.94066e-324",
        (b"-0", b"-0.0"): "min 0 max 0 last 0",
        (b"9223372036854775807", b"-9223372036854775808"): "max 9.22337e+18",
        (b"1", b"1e999", b"-1e999", b'"7"', b"null", b"true", b"{}", b"[]"):
            "m ▁ min 1 max 1 last 1\nleft out: 7 values of metrics",
    }
    for values, said in cases.items():
        done = hostile({"start": metrics(*values)})
        contains(done.out, said, f"{values}")
        end = hostile({"start": metrics(*values)}, "--json").json()
        equal(len(end["metrics"]), len(values), "metrics in JSON")
    for interval, said in (("9223372036854775807ms", "is too long: once an hour"),
                           ("9223372036854775807h", "is no duration: every 5 s"),
                           ("-1s", "is no duration"), ("0s", "passed"), ("", "is no duration"),
                           ("\u202e1s\x1b[2J", "\\u202e1s\\x1b[2J is no duration")):
        done = hostile({}, status={**STATUS, "callInterval": interval})
        contains(done.out, said, f"callInterval {interval!r}")
    forever = [{"name": "duration", "type": "duration",
                "defaultValue": "9223372036854775807ms"}]
    done = hostile({}, "--timeout", "300ms", code=ERRORED, parameters=forever)
    contains(done.out, "not over within 300ms (--timeout)", "a duration without end")


@test
def floods():
    """Messages, metrics, series, artifacts and labels without end: memory and time are bounded"""
    many = {
        "messages": b'{"messages": [%s]}' % b",".join(
            [b'{"level": "info", "message": "0123456789"}'] * 30000),
        "series": b'{"metrics": [%s]}' % b",".join(
            b'{"name": "%d", "value": 1}' % number for number in range(30000)),
        "values": metrics(*[b"1"] * 15000),
        "artifacts": b'{"artifacts": [%s]}' % b",".join(
            [b'{"label": "a", "data": ""}'] * 30000),
        "long": b'{"messages": [{"level": "%s", "message": "%s"}], "summary": {"text": "%s"}, '
                b'"metrics": [{"name": "%s", "value": 1}]}' % ((b"x" * 8000000,) * 4),
    }
    said = {"messages": "left out: 29000 messages", "series": "left out: 29000 values of metrics",
            "values": "last 1", "artifacts": "left out: 29000 artifacts",
            "long": "(7991808 bytes more)"}
    for name, body in many.items():
        done = hostile({"start": body})
        contains(done.out[-20000:] + done.out[:20000], said[name], name)
        check(len(done.out) < 3000000, f"{name}: {len(done.out)} bytes are printed")
        check(done.took_s < 10, f"{name}: {done.took_s} s")

    end = hostile({"status": many["messages"]}, "--json", "--timeout", "4s", code=ERRORED,
                  status=STATUS, parameters=[]).json()
    check(0 < len(end["messages"]) < 70000, f"kept: {len(end['messages'])}")
    check(end["leftOut"]["messages"] > 0, f"left out: {end['leftOut']}")


def raw(head, *chunks, pause_s=0.0, forever=False):
    """A handler's answer, as bytes on the connection, one after another."""
    def answer(handler):
        try:
            handler.wfile.write(head)
            while True:
                for chunk in chunks:
                    handler.wfile.write(chunk)
                    handler.wfile.flush()
                    time.sleep(pause_s)
                if not forever:
                    break
        except OSError:
            pass
        handler.close_connection = True
    return answer


OK = b"HTTP/1.1 200 OK\r\n"


@test
def replies_without_end():
    """A body, headers, or lines of 100 Continue that do not end are given up, and told"""
    for answer, said in (
            (raw(OK + b"\r\n", b" " * 1000000, forever=True), "a reply of more than 64 MiB"),
            (raw(OK, b"X: " + b"x" * 1000 + b"\r\n", forever=True), "more than 256 KiB of headers"),
            (raw(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, forever=True),
             "more than 256 KiB of headers"),
            (raw(OK + b"\r\n", b"[" * 100000), "nested more than"),
            (raw(OK + b"Content-Length: 99999999999999999999\r\n\r\n"), "prepare"),
            (raw(OK + b"Content-Encoding: gzip\r\n\r\n", b"\x1f\x8b\x08\0\0\0\0\0\0\x03x"),
             "prepare"),
            (raw(OK + b"\r\n", b'{"x": [' + b"{}," * 10000000 + b"{}]}"),
             "more than 100000 values"),
            (b'{"error": "text"}', "an error without a title: text"),
            (b'{"error": {"title": 7}}', "an error without a title"),
            (b'{"error": [], "messages": {}, "metrics": 7}', "an error without a title"),
            (b"[1]", "is not a JSON object"), (b"", "the text ends"),
            (b'{"messages": [{"message": "\xff"}]}', "is not UTF-8"),
            (raw(b"\0" * 1000), "prepare"), (raw(b""), "prepare")):
        done = hostile({"prepare": answer}, code=ERRORED)
        contains(done.out, said, "message")
        check(done.took_s < 15, f"{said}: {done.took_s} s")


@test
def drips():
    """A reply of some bytes a second holds nobody: TERM, --timeout and --stop-timeout end it"""
    drip = raw(OK + b"Content-Length: 1000000\r\n\r\n", b" ", pause_s=0.2, forever=True)
    done = hostile({"start": drip}, "--timeout", "1s", code=ERRORED)
    contains(done.out, "not over within 1s (--timeout)", "--timeout")
    check(done.took_s < 5, f"--timeout: {done.took_s} s")
    done = hostile({"stop": drip}, "--stop-timeout", "1s", code=ERRORED)
    contains(done.out, "stop: not over within 1s (--stop-timeout)", "--stop-timeout")
    contains(done.out, "left: the server stops it when it misses its heartbeat", "what is left")
    check(done.took_s < 5, f"--stop-timeout: {done.took_s} s")
    with Fake(results={"start": drip, "stop": drip}) as fake:
        running = Command("run", FAKE, "--url", fake.url, "--stop-timeout", "1s")
        wait_for(lambda: "start" in [verb for verb, _, _ in fake.requests], "start")
        began = time.monotonic()
        running.signal(signal.SIGTERM)
        running.wait(ERRORED)
        check(time.monotonic() - began < 5, f"TERM: {time.monotonic() - began} s")
    with Fake() as fake:
        fake.description = lambda: drip
        failed = fake.run("--timeout", "1s", status=ERRORED)
        contains(failed.err, "not found within the time of --timeout", "describe")
        asked = threading.Event()
        fake.description = lambda: lambda handler: asked.set() or drip(handler)
        running = Command("run", FAKE, "--url", fake.url)
        check(asked.wait(PATIENCE_S), "nothing is asked")
        running.signal(signal.SIGTERM)
        running.wait(128 + signal.SIGTERM, timeout=10)


@test
def injections():
    """Methods and paths of a description cannot bring headers, hosts or other methods along"""
    for change, said in (
            ({"method": "POST / HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET"}, "is no method"),
            ({"method": "POST\r\nX-Evil: 1"}, "\"POST  X-Evil".replace("  ", "\\x0d ")),
            ({"method": "HEAD"}, "is no method"), ({"method": "CONNECT"}, "is no method"),
            ({"method": ""}, "is no method"), ({"method": "\u202e"}, "\\u202e"),
            ({"path": "/x HTTP/1.1\r\nX-Evil: 1"}, "is no path"),
            ({"path": "/x\r\nX-Evil: 1"}, "is no path"), ({"path": "/\t"}, "is no path"),
            ({"path": "http://127.0.0.1:1/"}, "is no path"), ({"path": ""}, "is no path"),
            ({"path": "/" + "x" * 9000}, "is no path")):
        with Fake(start={"method": "POST", "path": "/fake/start", **change}) as fake:
            done = fake.run(status=ERRORED)
            contains(done.out, said, f"{change}")
            equal([verb for verb, _, _ in fake.requests], ["prepare", "stop"], "calls")
            check(not any("X-Evil" in str(headers) for _, headers, _ in fake.requests), "header")
    with Fake(start={"method": "put", "path": "/fake/start"}) as fake:
        fake.run()
        equal([verb for verb, _, _ in fake.requests], ["prepare", "start", "stop"], "calls")


EVIL = "e\u202ev\u009bi\x1b[2J\u200bl\ufeff\U000e0041\u2028\x7f"


@test
def nothing_unseen():
    """Every text of an extension is cleaned: on a terminal, in a pipe, in errors, in JSON"""
    error = {"title": EVIL, "detail": EVIL, "status": "errored"}
    said = {
        "messages": [{"level": EVIL, "message": EVIL}, {"level": EVIL * 100, "message": None}],
        "metrics": [{"name": EVIL, "value": 1, "metric": {EVIL: EVIL, "x": [EVIL]}}],
        "artifacts": [{"label": EVIL, "data": "AAAA"}, {"label": EVIL, "data": EVIL}],
        "summary": {"text": EVIL, "level": EVIL}, "error": error}
    refusal = raw(b"HTTP/1.1 500 " + EVIL.encode() + b"\r\n\r\n", json.dumps(error).encode())
    for results in ({"start": said}, {"start": refusal}, {"status": said}):
        with Fake(results=results, **({"status": STATUS} if "status" in results else {})) as fake, \
                tempfile.TemporaryDirectory() as folder:
            for arguments in ((), ("--json",), ("--artifacts", folder)):
                done = fake.run(*arguments, status=ERRORED)
                check(not UNSEEN.search(done.out + done.err), f"{done.out!r} {done.err!r}")
                contains(done.out, "e\\u202ev\\u009bi", "what is said of it")
                shown = fake.run(*arguments, status=ERRORED, terminal=True)
                plain = re.sub("\r|\033\\[[0-9;]*[mK]", "", shown.out)
                check(not UNSEEN.search(plain), f"on a terminal: {plain!r}")
            for name in os.listdir(folder):
                check(not UNSEEN.search(name), f"artifact {name!r}")
    with Fake(id=EVIL) as fake:
        fake.index = {"actions": [{"path": "/" + EVIL}, {"path": "/fake"}]}
        for name in (FAKE, EVIL):
            done = fake.run(status=None) if name == FAKE else command(
                "run", EVIL, "--url", fake.url, status=None)
            check(not UNSEEN.search(done.out + done.err), f"{done.out!r} {done.err!r}")


@test
def all_values():
    """All that is wrong with values is told at once, and nothing is prepared"""
    needed = [{"name": name, "type": "string", "required": True} for name in ("one", "two")]
    count = {"name": "count", "type": "integer"}
    with Fake(parameters=[*needed, count]) as fake:
        said = fake.run("--set", "count=x", "--set", "nobody=1", "--file", "one=/x",
                        status=USAGE).err
        for word in ("--set count=x: must be a whole number", "--set nobody:", "--file one:"):
            contains(said, word, "values")
        said = fake.run(status=USAGE).err
        for word in ("one is required: --set one=VALUE", "two is required"):
            contains(said, word, "what is missing")
        equal(fake.requests, [], "calls")


# Values that are not on the command line

@test
def values_from_files():
    """--set name=@FILE and name=- : the value is not among the arguments, nor in a message"""
    with tempfile.TemporaryDirectory() as folder, Fake() as fake:
        def write(name, content):
            path = os.path.join(folder, name)
            with open(path, "wb") as file:
                file.write(content)
            return path
        secret = write("secret", "sécret\nof two lines\n".encode())
        fake.run("--set", f"text=@{secret}", "--set", "area=@@home", "--set", "list=a,b",
                 "--set", f"count=@{write('number', b'17')}")
        config = fake.body("prepare")["config"]
        equal((config["text"], config["area"], config["count"]),
              ("sécret\nof two lines", "@home", 17), "values")
        fake.requests.clear()
        done = subprocess.run(
            [EXTENSION, "run", FAKE, "--url", fake.url, "--set", "text=-"],
            input=b"from stdin\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=PATIENCE_S, check=False)
        equal(done.returncode, PASSED, f"{done.stdout}")
        equal(fake.body("prepare")["config"]["text"], "from stdin", "standard input")
        fake.requests.clear()
        for arguments, said in (
                ((f"text=@{folder}/none",), "No such file"), ((f"text=@{folder}",), "directory"),
                ((f"text=@{write('zero', b'a' + bytes(1) + b'b')}",), "is no text in UTF-8"),
                ((f"text=@{write('latin', bytes([0xe4]))}",), "is no text in UTF-8"),
                ((f"text=@{write('large', b'x' * (5 * 1024 * 1024))}",), "more than 4 MiB"),
                ((f"count=@{secret}",), "must be a whole number"),
                ((f"duration=@{secret}",), "must be a duration"),
                ((f"flag=@{secret}",), "must be true or false"),
                ((f"pairs=@{secret}",), "must be pairs"),
                (("text=-", "area=-"), "standard input has one value only")):
            failed = fake.run(*(word for value in arguments for word in ("--set", value)),
                              status=USAGE)
            contains(failed.err, said, f"{arguments}")
            check("cret\nof" not in failed.err and "of two lines" not in failed.err,
                  f"the value is told: {failed.err}")
        equal(fake.requests, [], "calls")


# TLS

def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, timeout=PATIENCE_S,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_certificates(folder):
    """ca.pem, and server.pem and client.pem of it with their keys; other.pem of nobody."""
    for name in ("ca", "other"):
        openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    for name in ("server", "client"):
        with open(os.path.join(folder, f"{name}.ext"), "w", encoding="utf-8") as file:
            file.write("subjectAltName = IP:127.0.0.1\n")
        openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey",
                "ca.key", "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext",
                "-out", f"{name}.pem")
    openssl(folder, "rsa", "-aes128", "-passout", "pass:x", "-in", "client.key", "-out",
            "locked.key")


class Tls(Server):
    """nginx in front of the server with TLS, which wants a certificate of the client's."""

    def arrange(self):
        make_certificates(self.dir)
        self.tls = os.path.join(self.dir, "tls.sock")
        self.nginx_http = f"""
    server {{
        listen unix:{self.tls} ssl;
        ssl_certificate {self.dir}/server.pem;
        ssl_certificate_key {self.dir}/server.key;
        ssl_client_certificate {self.dir}/ca.pem;
        ssl_verify_client on;
        include {self.dir}/nginx/actionkit.conf;
    }}
"""


@test
def mutual_tls():
    """--cacert, --cert and --key, against nginx that wants a certificate"""
    with Tls() as server:
        def run(*options, status=PASSED):
            words = []
            for option in options:
                name, value = option.split("=")
                words += [f"--{name}", os.path.join(server.dir, value)]
            return command("run", FLASH, "--url", "https://127.0.0.1", "--unix-socket",
                           server.tls, "--set", f"directory={server.effects}", *words,
                           server=server, status=status)
        ours = ("cacert=ca.pem", "cert=client.pem")
        run(*ours, "key=client.key")
        with open(os.path.join(server.dir, "both.pem"), "wb") as both:
            for name in ("client.pem", "client.key"):
                with open(os.path.join(server.dir, name), "rb") as file:
                    both.write(file.read())
        run("cacert=ca.pem", "cert=both.pem")
        contains(command("discover", "org.nobody", "--url", "https://127.0.0.1", "--unix-socket",
                         server.tls, "--cacert", os.path.join(server.dir, "ca.pem"), "--cert",
                         os.path.join(server.dir, "both.pem"), server=server, status=1).err,
                 "org.nobody: there is no such discovery", "discover")
        contains(run(status=ERRORED).err, "certificate", "nobody is trusted")
        contains(run("cacert=other.pem", "cert=client.pem", "key=client.key",
                     status=ERRORED).err, "certificate", "another is trusted")
        contains(run("cacert=ca.pem", status=ERRORED).err, "400", "without a certificate")
        for wrong in ("other.key", "locked.key", "ca.pem"):
            contains(run(*ours, f"key={wrong}", status=ERRORED).err, "key", wrong)
        contains(run(*ours, "key=none", status=USAGE).err, "--key", "no file")
        contains(run("cacert=none", status=USAGE).err, "--cacert", "no file")
        contains(run("cacert=ca.pem", "key=client.key", status=USAGE).err,
                 "--key", "a key without a certificate")


main()
