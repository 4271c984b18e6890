#!/usr/bin/env python3
"""Wrong requests: the status, and a JSON body that names the fault, whoever makes it."""

import contextlib
import gzip
import json
import re
import signal
import socket
import uuid

from harness import (
    CHECK, EFFECT, FLASH, FORM, INSTRUMENTED, Reply, Server, boot_ms, check, contains, equal, form,
    main, proc_read, test, wait_for)

PREPARE, START, STATUS, STOP = (
    f"/{EFFECT}/{verb}" for verb in ("prepare", "start", "status", "stop"))
NIL = "00000000-0000-0000-0000-000000000000"


class Cases:
    """Many small cases in one test: all are tried, and all faults told."""

    def __init__(self):
        self.faults = []

    @contextlib.contextmanager
    def case(self, name):
        try:
            yield
        except AssertionError as fault:
            self.faults.append(f"{name}: {fault}")

    def over(self):
        check(not self.faults, "\n".join(self.faults))


def untouched(server):
    """What is refused leaves no row, and the server serves on."""
    equal(server.query("SELECT id FROM executions"), [], "rows of refused requests")
    server.running().stop().ok()


def new_id():
    return str(uuid.uuid4())


def deep(depth):
    return '{"a":' * depth + "1" + "}" * depth


def send_raw(server, data):
    """Sends bytes, and reads until the connection is closed."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(data)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def raw(server, data):
    """Sends bytes that have one reply."""
    head, _, body = send_raw(server, data).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    return Reply(int(lines[0].split()[1]), headers, body)


@test
def malformed_bodies():
    """Malformed JSON and members that are missing or invalid: 400 with their names"""
    identity = new_id()

    def with_member(text):
        """A good body with one more member, as it stands."""
        start = f'{{"executionId":"{identity}",'.encode()
        return start + (text if isinstance(text, bytes) else text.encode()) + b"}"

    named = ("executionId",)
    bodies = {
        "empty": (b"", ()),
        "not JSON": (b"{", ()),
        "a word": (b"hello", ()),
        "trailing text": (b"{} x", ()),
        "two objects": (b"{}{}", ()),
        "trailing brace": (b"{}}", ()),
        "an array": (b"[]", ()),
        "null": (b"null", ()),
        "a string": (b'"x"', ()),
        "single quotes": (with_member("'a':1"), ()),
        "trailing comma": (with_member('"a":1,'), ()),
        "comment": (with_member('"a":1/* */'), ()),
        "invalid UTF-8": (with_member(b'"a":"\xc3\x28"'), ()),
        "overlong UTF-8": (with_member(b'"a":"\xc0\xaf"'), ()),
        "surrogate in UTF-8": (with_member(b'"a":"\xed\xa0\x80"'), ()),
        "lone surrogate": (with_member('"a":"\\ud800"'), ()),
        "NUL in a name": (with_member('"a\\u0000b":1'), ()),
        "control character": (with_member('"a":"\n"'), ()),
        "NaN": (with_member('"state":{"a":NaN}'), ()),
        "Infinity": (with_member('"state":{"a":-Infinity}'), ()),
        "integer beyond 64 bit": (with_member('"state":{"a":9223372036854775808}'), ()),
        "nested 1000 deep": (with_member('"state":' + deep(1000)), ()),
        "nested 33 deep": (with_member('"state":' + deep(33)), ()),
        "no executionId": ({"state": {}}, named),
        "executionId is null": ({"executionId": None}, named),
        "executionId is a number": ({"executionId": 7}, named),
        "executionId is no UUID": ({"executionId": "x"}, named),
        "executionId is too long": ({"executionId": identity + "0"}, named),
        "executionId in braces": ({"executionId": "{" + identity + "}"}, named),
        "nil UUID": ({"executionId": NIL}, named),
        "state is a string": ({"executionId": identity, "state": "x"}, ("state",)),
        "state is an array": ({"executionId": identity, "state": []}, ("state",)),
    }
    cases = Cases()
    with Server() as server:
        for name, (body, words) in bodies.items():
            for path in (START, STATUS, STOP):
                with cases.case(f"{name} to {path}"):
                    server.post(path, body).refused(400, *words)
        for name, body, word in (
                ("config is a string", with_member('"config":"x"'), "config"),
                ("config is an array", with_member('"config":[]'), "config"),
                ("target is a string",
                 with_member('"config":{"directory":"/"},"target":"x"'), "target"),
                ("no executionId", {"config": {}}, "executionId"),
                ("NaN", with_member('"config":{"duration":NaN}'), "")):
            with cases.case(f"{name} to prepare"):
                server.post(PREPARE, body).refused(400, word)
        cases.over()
        untouched(server)


def peak_memory(pid):
    return int(re.search(rb"VmHWM:\s*(\d+) kB", proc_read(pid, "status"))[1]) * 1024


@test
def many_values():
    """What has more values than --max-values is refused, and what has less takes little memory"""
    body = 4 * 1024 * 1024 - 200
    cases = Cases()
    with Server(responders=1) as server:
        server.running().stop().ok()
        responder = server.wait_responders()[0]

        def values(text, count=None):
            """An array of so many of a value, or as many as a body may have."""
            return "[" + ",".join([text] * (count or body // (len(text) + 1))) + "]"

        for text, member, path in (
                ("{}", "x", PREPARE), ("[]", "config", PREPARE), ("0", "state", START),
                ("0.5", "state", STATUS), ('""', "state", STOP), ('{"":0}', "x", STOP),
                ('{"a":{}}', "target", PREPARE), ("[[[]]]", "x", STATUS),
                ('{"a":"b"}', "x", START)):
            with cases.case(text):
                begin = peak_memory(responder)
                server.post(path, f'{{"executionId":"{new_id()}","{member}":{values(text)}}}'
                            ).refused(413, "--max-values", "100000")
                # Whatever is taken is just below the limit.
                few = values(text, 99990 // (1 + text.count("[") + text.count(":") +
                                             text.count("{")))
                execution = server.effect()
                server.post(PREPARE, f'{{"executionId":"{execution.id}","config":'
                            f'{json.dumps(execution.config)},"x":{few}}}').ok()
                execution.stop().ok()
                grown = peak_memory(responder) - begin
                # Sanitizers keep what was freed.
                check(INSTRUMENTED or grown < 10 * body, f"memory grew by {grown} bytes")
        cases.over()
        # A state that somebody has written is read within the same bound.
        execution = server.running()
        state = execution.row()["state"]
        forged = f'{{"x":{values("{}")}}}'
        server.write("UPDATE executions SET state = ? WHERE id = ?", forged, execution.id)
        begin = peak_memory(responder)
        contains(execution.stop().json()["detail"], "more than 100000 values", "stop")
        check(peak_memory(responder) - begin < 10 * body, "memory for a state")
        server.write("UPDATE executions SET state = ? WHERE id = ?", state, execution.id)
        execution.wait_phase("stopped")
        equal(server.responders(), [responder], "responder")
        print(f"# at most {peak_memory(responder) // 1024} KiB")
    with Server(max_values=1000) as server:
        server.post(STOP, f'{{"x":[{"1," * 997}1]}}').refused(400, "executionId")
        server.post(STOP, f'{{"x":[{"1," * 998}1]}}').refused(413, "1000 values")


@test
def twice():
    """A member that is there twice in one object is refused by its name, wherever it is"""
    identity = new_id()
    cases = Cases()
    with Server() as server:
        for text in ('"executionId":"{0}","executionId":"{1}"', '"config":{{}},"config":{{}}',
                     '"config":{{"duration":1,"duration":1}}', '"x":[{{"y":{{}},"\\u0079":{{}}}}]',
                     '"config":null,"config":{{"directory":"/tmp"}}'):
            sent = "{" + text.format(identity, new_id()) + "}"
            for path in (PREPARE, START, STATUS, STOP):
                with cases.case(f"{sent} to {path}"):
                    name = re.findall(r'"(\w+)":', sent.replace("\\u0079", "y"))[-1]
                    name = "config" if "null" in sent else name
                    server.post(path, sent).refused(400, f'"{name}" is there twice')
        cases.over()
        server.request("POST", PREPARE, form(("request", '{"a":1,"a":1}')), FORM).refused(
            400, '"a" is there twice')
        untouched(server)


@test
def what_may_be_left_out():
    """config and state may be absent or null, and members nobody knows are ignored"""
    with Server() as server:
        for state in ({}, {"state": None}):
            execution = server.effect()
            execution.call("prepare", {"config": execution.config, "target": None,
                                       "fromTheFuture": {"a": 1}}).ok()
            execution.call("start", state).ok()
            execution.call("status", state).ok()
            execution.call("stop", state).ok()
        known = server.running()
        known.prepare().refused(409)
        known.stop().ok()
        server.effect().call("prepare", {"config": None}).refused(422, "directory")
        server.effect().call("prepare", {}).refused(422, "directory")


@test
def forms_of_clients():
    """Encodings that are not understood are named; null is as absent; "true" is a boolean"""
    cases = Cases()
    with Server() as server:
        text = json.dumps({"executionId": new_id(), "config": {}})
        for encoding in ("gzip", "GZIP", "deflate", "br", "identity, gzip"):
            for path in (PREPARE, START, STATUS, STOP):
                with cases.case(f"{encoding} to {path}"):
                    server.post(path, gzip.compress(text.encode()), {
                        "Content-Encoding": encoding}).refused(415, "Content-Encoding", encoding)
        for charset, word in (("utf-8-sig", "BOM"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"),
                              ("utf-16-be", "UTF-16"), ("utf-32", "UTF-32")):
            for path in (PREPARE, STOP):
                with cases.case(f"{charset} to {path}"):
                    server.post(path, text.encode(charset)).refused(400, word)
        cases.over()
        untouched(server)
        endpoint = {"cidr": "192.0.2.0/24", "portMin": 1, "portMax": 2}
        for more in ({}, {"name": None, "url": None}, {"name": "a", "url": None}):
            execution = server.effect(save="true", undo_value=None)
            state = execution.call("prepare", {
                "config": execution.config, "properties": None, "target": None,
                "executionContext": {
                    "agentPid": None, "experimentKey": None, "experimentUri": None,
                    "restrictedEndpoints": [{**endpoint, **more}]}},
                {"Content-Encoding": "identity"}).ok()["state"]
            equal(state["save"], True, "a boolean as text")
            execution.stop().ok()


@test
def broken_tables():
    """A config that breaks the parameter table: 422 that names every fault"""
    good = {"directory": "/tmp", "duration": 1000}
    configs = {
        "a word as duration": ({"duration": "soon"}, ("duration",)),
        "negative duration": ({"duration": -1}, ("duration",)),
        "fraction of a duration": ({"duration": 1.5}, ("duration",)),
        "duration as boolean": ({"duration": True}, ("duration",)),
        "number as directory": ({"directory": 7}, ("directory",)),
        "no directory": ({"directory": None}, ("directory",)),
        "no such option": ({"start_trouble": "earthquake"}, ("start_trouble",)),
        "text as integer": ({"start_ms": "12abc"}, ("start_ms",)),
        "fraction as integer": ({"start_ms": 1.5}, ("start_ms",)),
        "text as boolean": ({"save": "perhaps"}, ("save",)),
        "several": ({"duration": "soon", "directory": None, "save": 7, "undo_value": []},
                    ("duration", "directory", "save", "undo_value")),
    }
    cases = Cases()
    with Server() as server:
        for name, (config, words) in configs.items():
            with cases.case(name):
                server.post(PREPARE, {
                    "executionId": new_id(), "config": {**good, **config}}
                ).refused(422, *words)
        with cases.case("over its maximum"):
            server.post(f"/{CHECK}/prepare", {
                "executionId": new_id(),
                "config": {"directory": "/tmp", "polls": 1000001}}).refused(422, "polls")
        with cases.case("under its minimum"):
            server.post(f"/{CHECK}/prepare", {
                "executionId": new_id(),
                "config": {"directory": "/tmp", "polls": 0}}).refused(422, "polls")
        cases.over()
        untouched(server)
        # What agents send: text with units, decimal text for integers, null for defaults.
        execution = server.effect(duration="1m30s", start_ms="12", save=None)
        state = execution.prepare().ok()["state"]
        equal((state["start_ms"], state["save"]), (12, True), "state")
        execution.stop().ok()


@test
def paths():
    """404 for a path that is none, 405 with Allow for a method that is none"""
    cases = Cases()
    with Server() as server:
        for path in ("/no/such/path", f"/{EFFECT}/", f"/{EFFECT}/nothing", f"/{EFFECT}x",
                     f"/{FLASH}/prepare", f"/{FLASH}/stop", f"/{CHECK}/stop",
                     f"/{EFFECT}/query", "/health", "/health/nothing"):
            for method in ("GET", "POST"):
                with cases.case(f"{method} {path}"):
                    server.request(method, path, {} if method == "POST" else None
                                   ).refused(404, path)
        for method, path, allow in (
                ("GET", START, {"POST"}), ("PUT", START, {"POST"}),
                ("DELETE", STOP, {"POST"}), ("PATCH", STATUS, {"POST"}),
                ("POST", "/", {"GET", "HEAD"}), ("DELETE", "/actions", {"GET", "HEAD"}),
                ("POST", f"/{EFFECT}", {"GET", "HEAD"}),
                ("POST", "/flash/get-ready", {"PUT"}),
                ("POST", f"/{FLASH}/start", {"DELETE"}),
                ("POST", "/health/liveness", {"GET", "HEAD"})):
            with cases.case(f"{method} {path}"):
                reply = server.request(method, path, {} if method != "GET" else None)
                reply.refused(405)
                got = {word.strip() for word in reply.headers["Allow"].split(",")}
                equal(got, allow, "Allow")
        cases.over()


@test
def content_types():
    """415 for what is no JSON; charset and suffixes are no fault"""
    cases = Cases()
    with Server() as server:
        for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded",
                     "application/jsonx", "json"):
            for path in (PREPARE, START, STATUS, STOP):
                with cases.case(f"{kind} to {path}"):
                    server.post(path, "{}", {"Content-Type": kind}).refused(415, kind)
        cases.over()
        execution = server.effect()
        for kind in ("application/json; charset=utf-8", "Application/JSON"):
            execution.call("prepare", {"config": execution.config}, {"Content-Type": kind}
                           ).ok()
        execution.stop().ok()


@test
def sizes():
    """413 for a body over --max-body or over nginx's limit; one below is taken"""
    with Server(max_body="64KiB") as server:
        execution = server.effect()
        body = {"executionId": execution.id, "config": execution.config, "x": ""}
        room = 65536 - len(json.dumps(body))
        server.post(PREPARE, {**body, "x": "y" * (room + 1)}).refused(413)
        equal(execution.row(), None, "row")
        server.post(PREPARE, {**body, "x": "y" * room}).ok()
        execution.stop().ok()
        head = (f"POST {PREPARE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                "Content-Type: application/json\r\nContent-Length: 1000000000000\r\n\r\n")
        raw(server, head.encode()).refused(413)


@test
def chunked_bodies():
    """A body of unknown length is taken"""
    with Server() as server:
        execution = server.effect()
        body = json.dumps(
            {"executionId": execution.id, "config": execution.config}).encode()
        head = (f"POST {PREPARE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
        raw(server, head.encode() + chunks).ok()
        execution.stop().ok()


@test
def made_by_nginx():
    """What nginx refuses itself is JSON, too: 400, 413, 414, 494, 502"""
    cases = Cases()
    with Server() as server:
        with cases.case("414"):
            server.get("/" + "a" * 40000).refused(414)
        with cases.case("494, told as 400 or 431"):
            reply = server.get("/", {"X-Long": "a" * 40000})
            reply.refused(reply.status if reply.status in (431, 494) else 400)
        with cases.case("400"):
            raw(server, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").refused(400)
        cases.over()
        server.signal(signal.SIGTERM)
        equal(server.wait_exit(), 0, "exit status")
        for method, path, body in (("GET", "/", None), ("POST", START, {}),
                                   ("GET", "/health/readiness", None)):
            with cases.case(f"{method} {path} while nobody serves"):
                server.request(method, path, body).refused(502)
        cases.over()


@test
def origins():
    """What a web page sends is refused, unless its origin is allowed; agents send none"""
    allowed = ("https://ops.example", "http://127.0.0.1:8080", "http://[::1]:8080")
    refused = ("http://evil.example", "null", "https://ops.example:444", "http://ops.example",
               "https://ops.example.evil.example", "https://ops.example/", "https://xops.example",
               "http://127.0.0.1:8085", "\xff" * 300)
    cases = Cases()
    with Server(environment={"ACTIONKIT_ALLOW_ORIGIN": ",".join(allowed)}) as server:
        for origin in refused:
            headers = {"Origin": origin}
            execution = server.effect()
            with cases.case(origin):
                server.request("POST", PREPARE, form(("request", execution.request_part())),
                               {**FORM, **headers}).refused(403, "Origin", "--allow-origin")
                execution.prepare(headers).refused(403, "Origin", origin.strip("\xff"))
                server.request("OPTIONS", PREPARE, None, headers).refused(403)
                server.get("/", headers).refused(403)
                server.get("/health/readiness", headers).refused(403)
        cases.over()
        untouched(server)
        for origin in (*allowed, "HTTPS://OPS.EXAMPLE"):
            for call in server.effect().life():
                call({"Origin": origin}).ok()
        server.get("/", {"Origin": ""}).ok()
    with Server() as server:
        server.effect().prepare({"Origin": allowed[0]}).refused(403, allowed[0])
        untouched(server)


@test
def hints():
    """What a client sends as a hint is never why a call is refused, least of all stop"""
    odd = ("0", "-1", "soon", "1s", "1,5", "nan", "inf", "1e400", "'", "\"", "a" * 300, "\xff",
           "*/*", "gzip;q=nonsense", "00-0-0-0")
    names = ("Request-Timeout", "X-Request-Timeout", "Request-Id", "X-Request-Id", "Traceparent",
             "Tracestate", "Accept", "Accept-Encoding", "Accept-Language", "If-None-Match",
             "User-Agent", "Referer", "Cookie", "Expect-CT", "X-Forwarded-For")
    cases = Cases()
    with Server() as server:
        for name in names:
            for value in odd:
                with cases.case(f"{name}: {value}"):
                    execution = server.effect()
                    execution.prepare({name: value}).ok()
                    execution.start({name: value}).ok()
                    execution.status({name: value}).ok()
                    execution.stop({name: value}).ok()
                    equal(execution.phase(), "stopped", "phase")
        cases.over()


@test
def request_timeouts():
    """Request-Timeout shortens a handler's time; what cannot be read as one is no hint"""
    with Server() as server:
        execution = server.running(status_trouble="hang", status_ms=20000)
        for header in ("Request-Timeout", "X-Request-Timeout"):
            begin = boot_ms()
            execution.status({header: "0.5"}).refused(500, "was over its 500ms")
            took = boot_ms() - begin
            check(500 <= took < 10000, f"{header}: killed after {took} ms")
        execution.stop({"Request-Timeout": "10"}).ok()


@test
def health():
    """Liveness and readiness: 200, with HEAD too"""
    with Server() as server:
        for path in ("/health/liveness", "/health/readiness"):
            equal(server.get(path).status, 200, path)
            reply = server.request("HEAD", path)
            equal((reply.status, reply.body), (200, b""), f"HEAD {path}")


@test
def head_and_etag():
    """HEAD works where GET does; ETag and 304 as HTTP demands"""
    cases = Cases()
    with Server() as server:
        server.wait_responders()
        tags = set()
        for path in ("/", "/actions", f"/{EFFECT}", f"/{CHECK}"):
            got, head = server.get(path), server.request("HEAD", path)
            with cases.case(path):
                got.ok()
                equal((head.status, head.body), (200, b""), "HEAD")
                equal(head.headers["Content-Type"], got.headers["Content-Type"],
                      "Content-Type of HEAD")
                equal(got.headers["Content-Length"], str(len(got.body)), "Content-Length")
                equal(head.headers["Content-Length"], str(len(got.body)),
                      "Content-Length of HEAD")
                tag = got.headers["ETag"]
                check(len(tag) > 2 and tag[0] == tag[-1] == '"', f"ETag {tag}")
                for _ in range(20):     # of all responders
                    equal(server.get(path).headers["ETag"], tag, "ETag repeated")
                tags.add(tag)
                for match in (tag, tag[1:-1], "W/" + tag, f'"other", {tag}', "*"):
                    reply = server.get(path, {"If-None-Match": match})
                    equal((reply.status, reply.body), (304, b""), f"match {match}")
                    equal(reply.headers["ETag"], tag, "ETag of 304")
                for match in ('"other"', "other", tag[:-2] + '"', f'"x{tag[1:]}'):
                    reply = server.get(path, {"If-None-Match": match})
                    equal(reply.status, 200, f"match {match}")
        cases.over()
        equal(len(tags), 1, "revisions")
        before = tags.pop()
    with Server() as server:
        equal(server.get("/").headers["ETag"], before, "ETag of the same program")
    with Server(enable_action=EFFECT) as server:
        check(server.get("/").headers["ETag"] != before, "ETag of another set of actions")


@test
def request_ids():
    """Request-Id comes back or is made, and is in the lines of the log"""
    with Server() as server:
        identity = "test-4711-" + new_id()
        reply = server.get("/", {"Request-Id": identity})
        equal(reply.headers["Request-Id"], identity, "Request-Id")
        made = [server.get("/").headers["Request-Id"] for _ in range(2)]
        check(made[0] and made[0] != made[1], f"made: {made}")
        reply = server.post(START, "{", {"Request-Id": identity + "-bad"})
        reply.refused(400)
        equal(reply.headers["Request-Id"], identity + "-bad", "Request-Id of an error")
        execution = server.running(stop_trouble="fail")
        execution.stop({"Request-Id": identity + "-stop"}).refused(500)
        wait_for(lambda: identity + "-stop" in server.log(), "its line in the log")
        odd = server.get("/", {"Request-Id": "a b\x7f" + "c" * 5000})
        check(odd.status in (200, 400), f"{odd!r}")
        execution.heal()
        execution.wait_phase("stopped")


@test
def no_line_of_the_log_is_forged():
    """What a client sends does not break the lines of the log"""
    with Server() as server:
        server.post(START, {"executionId": "x\n2026-01-01T00:00:00.000Z ERROR forged"})
        server.get("/%0a2026-01-01T00:00:00.000Z%20ERROR%20forged")
        server.get("/")
        lines = server.log().splitlines()
        check(not any(line.startswith("2026-01-01") for line in lines), "a forged line")


@test
def encodings():
    """nginx compresses for those who ask"""
    with Server() as server:
        plain = server.get(f"/{EFFECT}")
        reply = server.get(f"/{EFFECT}", {"Accept-Encoding": "gzip"})
        equal(reply.headers["Content-Encoding"], "gzip", "Content-Encoding")
        equal(gzip.decompress(reply.body), plain.body, "body")
        equal(plain.headers["Content-Encoding"], None, "Content-Encoding unasked")


@test
def base_path():
    """All paths carry the base path, those in the replies too"""
    with Server(serve=False, base_path="/chaos") as server:
        server.serve(ready=False)
        wait_for(lambda: server.get("/chaos/health/readiness").status == 200, "readiness")
        listed = server.get("/chaos/").ok()["actions"]
        check({"method": "GET", "path": f"/chaos/{EFFECT}"} in listed, f"{listed}")
        equal(server.get("/chaos").ok()["actions"], listed, "without the slash")
        description = server.get(f"/chaos/{EFFECT}").ok()
        equal(description["start"]["path"], f"/chaos{START}", "path of start")
        flash = server.get(f"/chaos/{FLASH}").ok()
        equal(flash["prepare"]["path"], "/chaos/flash/get-ready", "path of prepare")
        execution = server.effect()
        execution.paths = {verb: description[verb]["path"]
                           for verb in ("prepare", "start", "status", "stop")}
        for call in execution.life():
            call().ok()
        # As a client has it that puts the described path behind the URL that was registered.
        equal(server.get("/chaos/chaos/").ok()["actions"], listed, "list, twice")
        equal(server.get("/chaos/chaos").ok()["actions"], listed, "list, without the slash")
        equal(server.get(f"/chaos/chaos/{EFFECT}").ok(), description, "description, twice")
        execution = server.effect()
        execution.paths = {verb: f"/chaos{description[verb]['path']}"
                           for verb in ("prepare", "start", "status", "stop")}
        for call in execution.life():
            call().ok()
        server.get(f"/chaos/chaos{START}").refused(405, START)
        for path in ("/chaos/chaosx", f"/chaos/chaosx{START}", "/chaos/nope"):
            server.post(path, {}).refused(404, path.removeprefix("/chaos"))
        for path in ("/", f"/{EFFECT}", START, "/chaosx", f"/chaosx{START}"):
            server.post(path, {}).refused(404)


@test
def refusals_name_the_execution_phase():
    """409 says in words what the execution is at"""
    with Server() as server:
        execution = server.running()
        error = execution.prepare().refused(409)
        contains(f"{error['title']} {error.get('detail')}", "running", "error")
        execution.stop().ok()
        error = execution.start().refused(409)
        contains(f"{error['title']} {error.get('detail')}", "stopped", "error")


@test
def pipelined_requests():
    """Two requests in one packet are two requests; a body is never taken for a request"""
    with Server() as server:
        forged = f"GET /{EFFECT} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        first = (f"POST {START} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
                 f"Content-Length: {len(forged)}\r\n\r\n{forged}")
        second = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        answer = send_raw(server, (first + second).encode())
        equal(answer.count(b"HTTP/1.1 "), 2, "replies")
        contains(answer, b"HTTP/1.1 415", "replies")
        contains(answer, b'"actions"', "replies")


main()
