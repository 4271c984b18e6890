#!/usr/bin/env python3
"""Files from URLs: only where the operator allows it, within limits, and the deadline."""

import http.server
import os
import threading
import time

from harness import (
    Later, Server, alive, check, contains, equal, kill, main, pids, proc_parent,
    proc_read, test, wait_for)

HANG_S = 60


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers by path; what it is asked for is noted."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        path, _, query = self.path.partition("?")
        what = path.rsplit("/", 1)[-1]
        if "to" in what:
            return self.answer(302, b"not the file", {"Location": query})
        if what == "hang":
            self.server.over.wait(HANG_S)
            return None
        if what == "drip":
            self.answer(200, b"x", {"Content-Length": "1000000"})
            self.server.over.wait(HANG_S)
            return None
        if what == "endless":
            self.send_response(200)
            self.end_headers()
            try:
                while not self.server.over.is_set():
                    self.wfile.write(b"x" * 65536)
            except OSError:
                pass
            return None
        if what == "short":
            return self.answer(200, b"x", {"Content-Length": "1000"})
        if what == "gone":
            return self.answer(404, b"no such thing")
        if what == "nothing":
            return self.answer(304, b"")
        return self.answer(200, self.server.content)

    def answer(self, status, data, headers=None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


class Site:
    """A web server on loopback."""

    def __init__(self):
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.http.daemon_threads = True
        self.http.asked = []
        self.http.content = os.urandom(100000)
        self.http.over = threading.Event()
        self.asked = self.http.asked
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *fault):
        self.http.over.set()
        self.http.shutdown()
        self.http.server_close()


def nothing_left(server):
    equal(server.query("SELECT * FROM files"), [], "rows")
    equal(server.files_on_disk(), [], "on disk")


def downloads(server):
    return [pid for pid in pids() if proc_read(pid, "comm") == b"ak-download\n" and
            proc_parent(pid) in server.processes()]


@test
def allowed():
    """A URL below an allowed prefix becomes a file, through redirects too"""
    with Site() as site, Server(allow_file_url=f"{site.url}/ok/") as server:
        for path, name in (("/ok/a.json", "a.json"), ("/ok/a%20b.json?x=y.exe", "a b.json"),
                           ("/ok/x/to.json?/ok/to.json?b", None),
                           (f"/ok/to.json?{site.url}/ok/b", None)):
            if name is None:
                name = "to.json"
            execution = server.effect(data=site.url + path)
            execution.prepare().ok()
            row = execution.files()["data"]
            equal((row["original_name"], row["size"]), (name, len(site.http.content)), path)
            with open(row["path"], "rb") as file:
                equal(file.read() == site.http.content, True, "content")
            execution.start().ok()
            execution.stop().ok()
            nothing_left(server)
        # Without a name it has that of the parameter; a part wins.
        execution = server.effect(file=f"{site.url}/ok/")
        execution.prepare().ok()
        equal(execution.files()["file"]["original_name"], "file", "name")
        execution.stop().ok()
        count = len(site.asked)
        execution = server.effect(file=f"{site.url}/ok/")
        execution.upload(("file", b"x", "a")).ok()
        execution.stop().ok()
        equal(len(site.asked), count, "downloads")
        nothing_left(server)


@test
def not_allowed():
    """Any other URL is refused before anything is asked, also as a redirect"""
    with Site() as site, Site() as other, Server(
            environment={"ACTIONKIT_ALLOW_FILE_URL":
                         f"{site.url}/ok https://a.example"}) as server:
        for url in (f"{site.url}/", f"{site.url}/okay", f"{site.url}/ok/../secret",
                    f"{site.url}/ok/%2e%2e/secret", f"{site.url}/ok%2f..%2fsecret",
                    f"{other.url}/ok/a", "https://a.example.evil/a", "http://a.example/a",
                    f"{site.url}/ok/..;/secret", f"{site.url}/ok/%252e%252e/secret",
                    "http://", "http:///x"):
            server.effect(file=url).prepare().refused(422, "file", url)
        # Nobody is told what only the sender may know.
        for url, shown in (
                (f"http://u:hush@127.0.0.1:{site.http.server_port}/ok/a", "http://127.0.0.1"),
                ("https://hush@127.0.0.1/", "https://127.0.0.1"),
                ("https://127.0.0.1/b?X-Amz-Signature=hush#hush", "https://127.0.0.1/b"),
                (f"{site.url}/okay?hush", f"{site.url}/okay"),
                (f"{site.url}/ok/gone?hush", f"{site.url}/ok/gone")):
            reply = server.effect(file=url).prepare()
            reply.refused(422, "file", shown)
            check(b"hush" not in reply.body, f"{url}: {reply}")
        check("hush" not in server.log(), "a secret is in the log")
        site.asked.clear()
        equal((site.asked, other.asked), ([], []), "what was asked for")
        for target in (f"{other.url}/ok/a", "/secret", "../secret", "//127.0.0.1:1/ok/a",
                       "file:///etc/passwd", "/ok/%2e%2e/secret"):
            server.effect(file=f"{site.url}/ok/to?{target}").prepare().refused(422, "file")
        equal(other.asked, [], "what was asked of the other")
        equal([path for path in site.asked if "/to?" not in path], [], "what was asked")
        # A file type is looked at before that.
        server.effect(data=f"{site.url}/ok/a.txt").prepare().refused(422, ".json, .tar.gz")
        server.effect(data="ftp://a.example/a.json").prepare().refused(422, "data", "http")
        nothing_left(server)
    with Server() as server:
        server.effect(file="http://127.0.0.1:1/x").prepare().refused(
            422, "not allowed", "--allow-file-url")


@test
def failures():
    """What cannot be had is refused with its reason; limits hold; nothing is left"""
    with Site() as site, Server(allow_file_url=site.url, max_file="1MiB") as server:
        def refused(path, status, *words):
            server.effect(file=site.url + path).prepare().refused(status, "file", *words)
            nothing_left(server)
        refused("/gone", 422, "404")
        refused("/nothing", 422, "there is no file")
        refused("/short", 422, "")
        refused("/to?/to?/to", 422, "")
        refused("/loop-to?/loop-to?", 422, "")
        refused("/endless", 413, "1048576", "--max-file")
        server.effect(file="http://127.0.0.1:1/x").prepare().refused(422, "not allowed")
    with Server(allow_file_url="http://127.0.0.1:1") as server:
        server.effect(file="http://127.0.0.1:1/x").prepare().refused(422, "file", "connect")
        nothing_left(server)


@test
def redirects_end():
    """A chain of redirects has an end"""
    with Site() as site, Server(allow_file_url=site.url) as server:
        site.http.RequestHandlerClass = type("Loop", (Answers,), {
            "do_GET": lambda self: (self.server.asked.append(self.path),
                                    self.answer(302, b"", {"Location": "/again"}))})
        server.effect(file=f"{site.url}/x").prepare().refused(422, "redirects")
        equal(len(site.asked), 6, "requests")
        nothing_left(server)


@test
def slow():
    """A server that hangs costs no more than the deadline; a killed responder, its child"""
    with Site() as site, Server(allow_file_url=site.url, handler_timeout="2s") as server:
        for path in ("/hang", "/drip"):
            began = time.monotonic()
            reply = server.effect(file=site.url + path).prepare()
            reply.refused(422, "file")
            contains(str(reply.body), "time", "reason")
            check(time.monotonic() - began < 20, f"{path} takes too long")
            nothing_left(server)
            equal(downloads(server), [], "children")
        reply = server.effect(file=f"{site.url}/hang").prepare({"Request-Timeout": "0.5"})
        reply.refused(422, "file")
    with Site() as site, Server(allow_file_url=site.url) as server:
        call = Later(server.effect(file=f"{site.url}/drip").prepare)
        child = wait_for(lambda: downloads(server), "a download")[0]
        kill(proc_parent(child))
        # nginx has it tried again, which takes too long, too.
        equal(call.result().status, 422, "status")
        wait_for(lambda: not alive(child), "the end of the child")
        wait_for(lambda: not server.files_on_disk(), "the sweep")
        # One that is killed alone is a failure.
        call = Later(server.effect(file=f"{site.url}/drip").prepare)
        kill(wait_for(lambda: downloads(server), "a download")[0])
        call.result().refused(500, "download died")
        nothing_left(server)


if __name__ == "__main__":
    main()
