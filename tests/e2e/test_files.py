#!/usr/bin/env python3
"""Files: uploads of every size, names, limits, what is malformed, base64."""

import base64
import hashlib
import http.client
import json
import os
import re
import subprocess
import tempfile

from harness import (
    ACTIONKIT, BOUNDARY, CLAIM, EFFECT, EXAMPLE, FORM, PATIENCE_S, Reply, Server, at_once,
    boot_ms, check, command, contains, equal, form, form_part, main, proc_read, server_on,
    small_disk, test, wait_for)

PREPARE = f"/{EFFECT}/prepare"
MIB = 1024 * 1024
# A GiB takes its time: the whole is for special occasions.
BIG_BYTES = (1024 if os.environ.get("FILES_DEPTH") == "full" else 256) * MIB
BIG_TIMEOUT_S = 10 * PATIENCE_S
MEMORY_BYTES = 4 * MIB
DISK_BYTES = 24 * MIB


def content_of(execution, parameter="file"):
    """What is on disk, where row and state say; checks modes and the way there."""
    row = execution.files()[parameter]
    equal(row["path"], execution.state[parameter], "path in the state")
    contains(row["path"], f"/state/files/{execution.id}/{parameter}/", "path")
    for path, mode in ((row["path"], 0o600), (os.path.dirname(row["path"]), 0o700),
                       (os.path.dirname(os.path.dirname(row["path"])), 0o700)):
        equal(os.stat(path).st_mode & 0o7777, mode, f"mode of {path}")
    with open(row["path"], "rb") as file:
        data = file.read()
    equal(row["size"], len(data), "size in the row")
    return data


def nothing_left(server):
    equal(server.query("SELECT * FROM files"), [], "rows")
    equal(server.files_on_disk(), [], "on disk")


@test
def sizes():
    """Uploads of 0, 1, 8191 to 8193 and more bytes arrive as they are, and go with stop"""
    with Server() as server:
        for size in (0, 1, 8191, 8192, 8193, 65536, MIB + 1):
            data = os.urandom(size)
            execution = server.effect()
            execution.upload(("file", data, "data.bin")).ok()
            equal(content_of(execution), data, f"{size} bytes")
            equal(execution.state["file_size"], size, "size in the handler")
            equal(execution.state["file_name"], "data.bin", "name in the handler")
            check("incoming" not in json.dumps(execution.state), "a path of its way here")
            execution.start().ok()
            equal(content_of(execution), data, f"{size} bytes after start")
            execution.stop().ok()
            nothing_left(server)


@test
def curl_uploads():
    """curl -F, with the request before, between and after the files, chunked too"""
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "data.json")
        with open(path, "wb") as file:
            file.write(b"{}")
        for place in range(3):
            execution = server.effect()
            arguments = [["-F", f"file=@{path};filename=x"], ["-F", f"data=@{path}"]]
            arguments.insert(place, ["-F", f"request={execution.request_part()}"])
            if place == 2:
                arguments.append(["-H", "Transfer-Encoding: chunked"])
            subprocess.run(["curl", "-sSf", "-o", "/dev/null", *sum(arguments, []),
                            f"http://127.0.0.1:{server.port}{PREPARE}"], check=True,
                           timeout=PATIENCE_S)
            equal({name: (row["original_name"], row["size"])
                   for name, row in execution.files().items()},
                  {"file": ("x", 2), "data": ("data.json", 2)}, "rows")
            execution.stop().ok()
        nothing_left(server)


def pattern(size):
    """The same bytes for the same size, in pieces, and never the same piece twice."""
    block = bytes(range(256)) * 256
    for number in range(size // len(block)):
        yield number.to_bytes(8, "big") + block[8:]


def peak_memory(pid):
    return int(re.search(rb"VmHWM:\s*(\d+) kB", proc_read(pid, "status"))[1]) * 1024


def stream(server, execution, size):
    """Uploads the pattern without holding it in memory."""
    head = form_part("request", execution.request_part()) + \
        form_part("file", b"", "big.bin")[:-2]
    foot = f"\r\n--{BOUNDARY}--\r\n".encode()
    connection = http.client.HTTPConnection("127.0.0.1", server.port,
                                            timeout=BIG_TIMEOUT_S)
    connection.putrequest("POST", PREPARE)
    connection.putheader("Content-Type", FORM["Content-Type"])
    connection.putheader("Content-Length", str(len(head) + size + len(foot)))
    connection.endheaders(head)
    for piece in pattern(size):
        connection.send(piece)
    connection.send(foot)
    response = connection.getresponse()
    reply = Reply(response.status, response.headers, response.read())
    connection.close()
    return reply


@test
def big_upload():
    """A file of hundreds of MiB: the same bytes, and less than 4 MiB more memory"""
    with Server(responders=1, body_timeout="5m") as server:
        warm = server.effect()
        warm.upload(("file", os.urandom(100000), "small")).ok()
        warm.stop().ok()
        responder = server.wait_responders()[0]
        before = peak_memory(responder)
        execution = server.effect()
        began_ms = boot_ms()
        stream(server, execution, BIG_BYTES).ok()
        took_ms = boot_ms() - began_ms
        equal(server.responders(), [responder], "responder")
        grown = peak_memory(responder) - before
        check(grown < MEMORY_BYTES, f"memory grew by {grown} bytes")
        row = execution.files()["file"]
        equal(row["size"], BIG_BYTES, "size")
        want, got = hashlib.sha256(), hashlib.sha256()
        for piece in pattern(BIG_BYTES):
            want.update(piece)
        with open(row["path"], "rb") as file:
            while piece := file.read(MIB):
                got.update(piece)
        equal(got.hexdigest(), want.hexdigest(), "hash")
        execution.stop().ok()
        nothing_left(server)
        print(f"# {BIG_BYTES // MIB} MiB in {took_ms} ms, peak memory +{grown // 1024} KiB")


@test
def names():
    """Names that lead elsewhere, or are nothing, do no harm; the original is kept"""
    kept = {"../../../../etc/passwd": "passwd", "/etc/passwd": "passwd",
            "C:\\dir\\a.txt": "a.txt", "a b;c.txt": "a_b_c.txt", ".hidden": "hidden",
            "-rf": "rf", "...x": "x", "data.json": "data.json", "---": "file",
            "x" * 300 + ".json": None, "\u00fcber.txt": "__ber.txt"}
    with Server() as server:
        for name, want in kept.items():
            execution = server.effect()
            execution.upload(("file", b"x", name)).ok()
            equal(content_of(execution), b"x", name)
            row = execution.files()["file"]
            if want:
                equal(os.path.basename(row["path"]), want, f"name for {name!r}")
            check(len(os.path.basename(row["path"])) < 256, "length")
            check(row["path"].endswith(".json") or "json" not in name, row["path"])
            equal(row["original_name"], name.replace("\\\\", "\\"), "original name")
            execution.stop().ok()
        execution = server.effect()
        execution.upload(("file", b"x", b"\xff\xfe.txt")).ok()
        equal(execution.files()["file"]["original_name"], "\ufffd\ufffd.txt", "repaired")
        equal(os.path.basename(execution.state["file"]), "__.txt", "not UTF-8")
        execution.stop().ok()
        for name in ("", ".", "..", "....", "a/..", "a/", "/", b"a\0b"):
            server.effect().upload(("file", b"x", name)).refused(400)
        nothing_left(server)
        # filename* says more than filename, and is enough alone.
        for more in ("", '; filename="a.txt"'):
            execution = server.effect()
            body = form(("file", b"x", "@"), ("request", execution.request_part()))
            server.request("POST", PREPARE, body.replace(
                b'; filename="@"', f"{more}; filename*=UTF-8''sz%C3%A4ne.json".encode()),
                FORM).ok()
            row = execution.files()["file"]
            equal(row["original_name"], "sz\u00e4ne.json", "original name")
            equal(os.path.basename(row["path"]), "sz__ne.json", "name on disk")
            execution.stop().ok()
        # One name for two parameters.
        execution = server.effect()
        execution.upload(("file", b"1", "a.json"), ("data", b"22", "a.json")).ok()
        equal((content_of(execution), content_of(execution, "data")), (b"1", b"22"), "both")
        execution.stop().ok()
        nothing_left(server)


@test
def file_types():
    """A name that is not accepted is refused with all other faults, and what would be"""
    with Server() as server:
        for name in ("a.txt", "json", ".json", "a.json.exe", "a.gz"):
            execution = server.effect(undo_value="x")
            execution.upload(("data", b"x", name)).refused(
                422, "data", ".json, .tar.gz", "undo_value: must be a whole number")
        nothing_left(server)
        for name in ("a.json", "a.JSON", "a.tar.gz"):
            execution = server.effect()
            execution.upload(("data", b"x", name)).ok()
            execution.stop().ok()


@test
def malformed():
    """What is no upload is refused with 400 and its fault, and leaves nothing"""
    with Server() as server:
        def refused(body, *words, status=400, headers=None):
            server.request("POST", PREPARE, body, headers or FORM).refused(status, *words)
            nothing_left(server)
        execution = server.effect()
        request = ("request", execution.request_part())
        file = ("file", os.urandom(100000), "a")
        good = form(file, request)
        execution.upload(("nothing", b"x", "a")).refused(400, '"nothing"', "type file")
        execution.upload(("directory", b"x", "a")).refused(400, '"directory"', "type file")
        execution.upload(file, file).refused(400, "file", "second")
        execution.upload(file, request).refused(400, "request", "second")
        nothing_left(server)
        refused(form(("file", b"x"), request), "file", "no file name")
        refused(form(file), "no part request")
        refused(form(), "")
        refused(b"", "")
        refused(good.replace(b"-----boundary", b"-----other"), "")
        refused(good[:-10], "ends inside")
        refused(good[:5000], "ends inside")
        refused(form(file, ("request", "{")), "byte")
        refused(form(file, ("request", "[]")), "object")
        refused(form(file, ("request", "{}")), "executionId")
        refused(form(*[(f"p{number}", b"") for number in range(10000)], request), "parts")
        refused(good, status=415, headers={"Content-Type": "multipart/form-data"})
        refused(good, status=415, headers={
            "Content-Type": FORM["Content-Type"].replace("form-data", "mixed")})
        for verb in ("start", "status", "stop"):
            reply = server.request("POST", f"/{EFFECT}/{verb}", good, FORM)
            reply.refused(415, "application/json")
        # What is no file and not the request does not matter, and a part wins.
        execution.config["file"] = "!"
        execution.upload(("file", b"new", "a"), ("more", b"x")).ok()
        equal(content_of(execution), b"new", "content")
        execution.stop().ok()
        server.request("POST", f"/{CLAIM}/prepare", form(
            ("file", b"", "a"), ("request", "{}")), FORM).refused(400, "type file")


@test
def limits():
    """Over a limit: 413 that names parameter and limit; nothing left"""
    with Server(max_file="64KiB", max_files=1, max_upload="96KiB", max_body="4KiB",
                responders=1) as server:
        execution = server.effect()
        execution.upload(("file", b"x" * 65537, "a")).refused(
            413, "file", "65536", "--max-file")
        execution.upload(("file", b"x", "a"), ("data", b"x", "a.json")).refused(
            413, "data", "1 files", "--max-files")
        server.request("POST", PREPARE, form(("request", "x" * 4097)), FORM).refused(
            413, "request", "4096", "--max-body")
        execution.upload(("file", b"x" * MIB, "a")).refused(413, "--max-file")
        nothing_left(server)
        execution.upload(("file", b"x" * 65536, "a")).ok()
        execution.stop().ok()
        nothing_left(server)
    with Server(max_upload="96KiB") as server:
        execution = server.effect()
        execution.upload(("file", b"x" * 65536, "a"),
                         ("data", b"x" * 32769, "a.json")).refused(
            413, "data", "98304", "--max-upload")
        server.request("POST", PREPARE, b"x" * 16 * MIB, FORM).refused(413, "--max-upload")
        nothing_left(server)
        execution.upload(("file", b"x" * 65536, "a"), ("data", b"x" * 32768, "a.json")).ok()
        execution.stop().ok()


@test
def base64_text():
    """A file as base64 text of the config, as older agents send it"""
    with Server(max_file="1000") as server:
        for data in (b"", b"x", bytes(range(256)), b"x" * 1000):
            execution = server.effect(file=base64.b64encode(data).decode())
            execution.prepare().ok()
            equal(content_of(execution), data, "content")
            equal(execution.files()["file"]["original_name"], "file", "name")
            execution.start().ok()
            execution.stop().ok()
            nothing_left(server)
        # With the line breaks of MIME, and of what people paste.
        data = bytes(range(256))
        for text in (base64.encodebytes(data).decode(), "\r\n".join(
                base64.b64encode(data).decode()), base64.b64encode(data).decode() + "\n"):
            execution = server.effect(file=text)
            execution.prepare().ok()
            equal(content_of(execution), data, "content with line breaks")
            execution.stop().ok()
        for text in ("x", "eA=", "eA===", "e A=", "eA==eA==", "=eA=", "\u00e4\u00e4"):
            server.effect(file=text).prepare().refused(422, "file", "base64")
        for value in (7, True, [], {}, {"name": "a"}, {"path": "/etc/passwd", "name": "a"}):
            server.effect(file=value).prepare().refused(422, "file")
        server.effect(file=base64.b64encode(b"x" * 1001).decode()).prepare().refused(
            413, "file", "1000")
        nothing_left(server)
        execution = server.effect(file=None)
        execution.prepare().ok()
        equal((execution.state["file"], execution.state["file_size"]), ("", 0), "no file")
        execution.stop().ok()


@test
def disk_full():
    """A full disk, and one that would be: 507 as JSON, nothing left, and it works again"""
    with small_disk(DISK_BYTES) as directory, server_on(directory, keep_free=0) as server:
        filler = os.path.join(directory, "filler")
        with open(filler, "wb") as file:
            file.write(b"x" * (DISK_BYTES - 12 * MIB))
        execution = server.effect()
        # Free space is looked at beforehand ...
        execution.upload(("file", b"x" * 16 * MIB, "a")).refused(507, "free")
        nothing_left(server)
        # ... and base64 and others find out on their way.
        space = os.statvfs(directory).f_bavail * os.statvfs(directory).f_frsize
        with open(os.path.join(directory, "more"), "wb") as file:
            file.write(b"x" * (space - MIB))
        execution.config["file"] = base64.b64encode(b"x" * 2 * MIB).decode()
        execution.prepare().refused(507, "file", "No space left")
        nothing_left(server)
        os.remove(os.path.join(directory, "more"))
        # Both find enough, and there is not enough for both.
        replies = at_once([lambda: server.effect().upload(("file", b"x" * 7 * MIB, "a"))] * 2)
        check(507 in [reply.status for reply in replies], f"{replies}")
        for reply in replies:
            if reply.status == 200:
                server.operator_stop(None, "over")
            else:
                reply.refused(507, "file" if "left on device" in str(reply.body) else "free")
        wait_for(lambda: not server.files_on_disk(), "the end of the files")
        os.remove(filler)
        execution.prepare().ok()
        execution.stop().ok()
        nothing_left(server)
    with small_disk(DISK_BYTES) as directory, \
            server_on(directory, ready=False, keep_free="64MiB") as server:
        wait_for(lambda: server.get("/health/liveness").status == 200, "liveness")
        server.effect().upload(("file", b"x", "a")).refused(507, "67108864", "--keep-free")
        server.effect(file="eA==").prepare().refused(507, "--keep-free")
        nothing_left(server)


@test
def seen_by_operators():
    """show lists the files, the view and list --json count them; the example has one"""
    with Server(ACTIONKIT) as server, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "scene.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write("[1,2]")
        run = command("run", EXAMPLE, "--set", "duration=300ms", "--file", f"scene={path}",
                      server=server)
        contains(run.out, "scene.json", "what the example says")
        nothing_left(server)
    with Server() as server:
        execution = server.effect()
        execution.upload(("file", b"123", "a b.txt")).ok()
        shown = command("show", execution.id, "--json", server=server).json()["files"]
        equal([{key: value for key, value in row.items() if key != "path"} for row in shown],
              [{"parameter": "file", "original_name": "a b.txt", "size": 3}], "show --json")
        contains(command("show", execution.id, server=server).out, "a b.txt", "show")
        equal(server.query("SELECT files FROM active")[0]["files"], 1, "view active")
        equal(command("list", "--json", server=server).json()[0]["files"], 1, "list --json")
        execution.stop().ok()


if __name__ == "__main__":
    main()
