#!/usr/bin/env python3
"""Files of executions: whoever dies, and however it ends, none is left, and none is missing."""

import base64
import fcntl
import os
import signal
import socket
import struct

from harness import (
    EFFECT, EXTENSION, FORM, Later, Server, alive, check, command, equal, form, kill, main,
    test, wait_for)

SIOCOUTQ = 0x5411       # bytes that the other side has not read yet
FCGI_BEGIN, FCGI_PARAMS, FCGI_STDIN = 1, 4, 5
RECORD_BYTES = 32768
MOMENTS = 20
TEXT = base64.b64encode(b"a file").decode()


def record(kind, data):
    return struct.pack("!BBHHBx", 1, kind, 1, len(data), 0) + data


class Cut:
    """A prepare whose body stops coming: FastCGI as nginx speaks it, at our pace."""

    def __init__(self, server, body, sent):
        parameters = {"REQUEST_METHOD": "POST", "DOCUMENT_URI": f"/{EFFECT}/prepare",
                      "CONTENT_TYPE": FORM["Content-Type"], "CONTENT_LENGTH": str(len(body))}
        pairs = b"".join(struct.pack("!BB", len(name), len(value)) + (name + value).encode()
                         for name, value in parameters.items())
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(server.socket)
        self.socket.sendall(record(FCGI_BEGIN, struct.pack("!HB5x", 1, 0)) +
                            record(FCGI_PARAMS, pairs) + record(FCGI_PARAMS, b""))
        for at in range(0, sent, RECORD_BYTES):
            self.socket.sendall(record(FCGI_STDIN, body[at:min(at + RECORD_BYTES, sent)]))

    def is_read(self):
        queued = struct.pack("i", 0)
        return fcntl.ioctl(self.socket, SIOCOUTQ, queued) == queued


def nothing_left(server):
    """At once, or with the reaper's next look."""
    server.check_files()
    equal(server.query("SELECT * FROM files"), [], "rows")


@test
def killed_in_an_upload():
    """SIGKILL of responders at 20 moments of an upload: files have rows, and rows files"""
    with Server(responders=MOMENTS + 2) as server:
        kept = [server.effect() for _ in range(3)]
        for execution in kept:
            execution.upload(("file", os.urandom(50000), "kept")).ok()
        execution = server.effect()
        body = form(("file", os.urandom(200000), "a"), ("request", execution.request_part()),
                    ("data", os.urandom(100000), "b.json"))
        cuts = [Cut(server, body, len(body) * moment // MOMENTS)
                for moment in range(MOMENTS)]
        wait_for(lambda: all(cut.is_read() for cut in cuts), "the responders to read")
        # Who sends nothing more gives way to others, where no responder is free at once.
        wait_for(lambda: len(os.listdir(os.path.join(
            server.state_dir, "files", "incoming"))) >= MOMENTS // 2, "files on their way")
        for pid in server.responders():
            kill(pid)
        server.check_files()
        equal(sorted(row["execution"] for row in server.query("SELECT * FROM files")),
              sorted(execution.id for execution in kept), "rows")
        equal(execution.row(), None, "a row")
        for execution in kept:
            execution.start().ok()
            execution.stop().ok()
        nothing_left(server)


@test
def killed_in_prepare():
    """A responder that dies in prepare(), an agent that repeats it, a supervisor's death"""
    with Server(handler_timeout="30s", responders=6) as server:
        for trouble in ("crash", "kill"):
            execution = server.effect(prepare_trouble=trouble)
            equal(execution.upload(("file", b"x", "a")).status, 500, trouble)
            nothing_left(server)
            execution.config["prepare_trouble"] = "none"
            execution.upload(("file", b"xy", "a")).ok()
            server.check_files()
            execution.stop().ok()
            nothing_left(server)
        execution = server.effect(prepare_trouble="hang")
        call = Later(execution.upload, ("file", b"x", "a"))
        pid = execution.wait_note("prepare", "begin").pid
        # Somebody is at it: nothing is swept.
        check(os.path.exists(os.path.join(server.state_dir, "files", execution.id)), "files")
        server.signal(signal.SIGUSR1)
        kill(pid)
        # nginx has sent it again.
        again = wait_for(lambda: execution.notes("prepare", "begin")[1:], "another try")
        kill(again[0].pid)
        equal(call.result().status, 500, "prepare")
        nothing_left(server)
        execution = server.effect()
        execution.upload(("file", b"x", "a")).ok()
        broken = Later(server.effect(prepare_trouble="hang").upload, ("file", b"x", "a"))
        wait_for(lambda: len(server.files_on_disk()) == 6, "two files")
        server.kill_all()
        broken.result()
        server.serve()
        server.check_files()
        equal(list(execution.files()), ["file"], "of the other")
        execution.stop().ok()
        nothing_left(server)


@test
def failed_prepares():
    """A prepare that fails, is refused, or is too late leaves no file"""
    with Server() as server:
        execution = server.effect(prepare_trouble="fail")
        execution.upload(("file", b"x", "a")).failed()
        equal(server.files_on_disk(), [], "after a failure")
        execution.config["prepare_trouble"] = "none"
        execution.upload(("file", b"x", "a")).ok()
        # One that fails after one that did not takes its files along.
        execution.config["prepare_trouble"] = "fail"
        execution.upload(("file", b"xy", "b")).failed()
        equal((server.files_on_disk(), execution.row()), ([], None), "after another")
        execution.config["prepare_trouble"] = "none"
        execution.upload(("file", b"x", "a")).ok()
        execution.start().ok()
        execution.upload(("file", b"xy", "b")).refused(409)
        equal(execution.files()["file"]["size"], 1, "files of what runs")
        server.check_files()
        execution.stop().ok()
        execution.upload(("file", b"xy", "b")).refused(409)
        equal(server.files_on_disk(), [], "after the stop")


@test
def replaced_prepares():
    """A prepare that is repeated replaces the files, too"""
    with Server() as server:
        execution = server.effect()

        def is_now(names):
            equal({name: row["original_name"] for name, row in execution.files().items()},
                  names, "rows")
            equal(len(server.files_on_disk()), 2 * len(names) + (1 if names else 0), "disk")
            server.check_files()
        execution.upload(("file", b"x", "a"), ("data", b"y", "b.json")).ok()
        is_now({"file": "a", "data": "b.json"})
        execution.upload(("file", b"z", "c")).ok()
        is_now({"file": "c"})
        equal(execution.state["data"], "", "path of what is gone")
        execution.config["data"] = TEXT
        execution.prepare().ok()
        is_now({"data": "data"})
        execution.config["data"] = None
        execution.prepare().ok()
        is_now({})
        execution.prepare().ok()
        execution.upload(("file", b"z", "d")).ok()
        is_now({"file": "d"})
        # A stop that an operator wants is not forgotten with the row.
        os.kill(server.reaper(), signal.SIGSTOP)
        server.write("UPDATE executions SET stop_by = 'extension', stop_reason = 'x', "
                     "due_at = 0")
        execution.upload(("file", b"z", "e")).refused(409, "to be stopped")
        os.kill(server.reaper(), signal.SIGCONT)
        execution.wait_phase("stopped")
        nothing_left(server)


@test
def every_stop():
    """Files go with a stop by agent, operator, heartbeat, signal, and a start that died"""
    with Server(never_started="1s", stop_retry="100ms") as server:
        execution = server.effect(file=TEXT)
        execution.prepare().ok()
        execution.wait_phase("stopped")
        nothing_left(server)
    with Server(stop_retry="100ms") as server:
        def running(**knobs):
            execution = server.effect(file=TEXT, **knobs)
            execution.prepare().ok()
            reply = execution.start()
            return execution, reply
        execution, _ = running()
        execution.stop().ok()
        equal(server.files_on_disk(), [], "at once")
        execution.stop().ok()
        execution, _ = running()
        server.operator_stop(execution, "x")
        execution.wait_phase("stopped")
        nothing_left(server)
        execution, reply = running(start_trouble="kill")
        check(reply.failed(), "start")
        execution.wait_phase("stopped")
        nothing_left(server)
        execution, _ = running()
        server.write("UPDATE executions SET due_at = 1 WHERE id = ?", execution.id)
        row = execution.wait_phase("stopped")
        equal(row["stop_reason"], "heartbeat timeout", "reason")
        nothing_left(server)
        # A stop that fails keeps them: stop() may need them.
        execution, _ = running(stop_trouble="fail", stop_trouble_count=2)
        execution.stop()
        check(execution.files() and server.files_on_disk() or
              execution.phase() == "stopped", "files while the stop fails")
        execution.wait_phase("stopped")
        equal(len(execution.notes("stop", "end")), 1, "a stop() that found its file")
        nothing_left(server)
        execution, _ = running(stop_trouble="kill")
        execution.stop().ok()
        execution.wait_phase("stopped")
        nothing_left(server)
        execution, _ = running()
        server.signal(signal.SIGUSR1)
        execution.wait_phase("stopped")
        nothing_left(server)
        execution, _ = running()
        server.signal(signal.SIGTERM)
        server.wait_exit()
        equal(server.query("SELECT * FROM files"), [], "rows after TERM")
        equal(server.files_on_disk(), [], "files after TERM")


@test
def without_a_supervisor():
    """The guard stops what has files, and removes those of requests that nobody reads"""
    with Server(grace="100ms", unclean=True) as server:
        execution = server.effect(file=TEXT)
        execution.prepare().ok()
        body = form(("file", os.urandom(100000), "a"))
        cut = Cut(server, body, len(body) // 2)
        wait_for(lambda: os.listdir(os.path.join(server.state_dir, "files", "incoming")),
                 "a file on its way")
        wait_for(cut.is_read, "the responder to read")
        server.kill_supervisor()
        server.wait_gone()
        equal(execution.phase(), "stopped", "phase")
        equal(server.files_on_disk(), [], "on disk")


@test
def left_behind():
    """What died between a commit and the removal is swept; recover and abandon remove"""
    with Server(stop_retry="1h", unclean=True) as server:
        top = os.path.join(server.state_dir, "files")
        execution = server.effect(file=TEXT)
        execution.prepare().ok()
        execution.stop().ok()
        # As if whoever stopped it had died before it removed them.
        os.makedirs(os.path.join(top, execution.id, "file", "a"))
        server.check_files()
        failing = server.effect(file=TEXT, stop_trouble="fail", stop_trouble_count=100)
        failing.prepare().ok()
        failing.start().ok()
        failing.stop()
        server.check_files()
        command("stop", failing.id, "--abandon", "--reason", "x", server=server)
        equal((failing.files(), server.files_on_disk()), ({}, []), "after it is given up")
        # What nobody knows is left alone, and links lead nowhere.
        os.mkdir(os.path.join(top, "somebody's"))
        os.symlink(server.effects, os.path.join(top, failing.id))
        wait_for(lambda: not os.path.islink(os.path.join(top, failing.id)), "its end")
        check(os.listdir(server.effects), "what the link led to is gone")
        equal(os.listdir(os.path.join(top, "somebody's")), [], "somebody's")
        os.rmdir(os.path.join(top, "somebody's"))

        execution = server.effect(file=TEXT)
        execution.prepare().ok()
        server.kill_all()
        os.makedirs(os.path.join(top, "incoming", "dead", "file"))
        os.makedirs(os.path.join(top, "11111111-1111-4111-8111-111111111111", "file"))
        command("recover", server=server, program=EXTENSION)
        equal(execution.phase(), "stopped", "phase")
        equal(server.files_on_disk(), [], "files after recover")
        equal(server.query("SELECT * FROM files"), [], "rows after recover")


@test
def retention():
    """History is removed, and nothing of its files was left until then"""
    with Server(retention="1h") as server:
        executions = [server.effect(file=TEXT) for _ in range(2)]
        for execution in executions:
            execution.prepare().ok()
            execution.start().ok()
            execution.stop().ok()
        old, fresh = executions
        # As if it had been stopped an hour earlier.
        server.write("UPDATE executions SET changed_at = changed_at - 3600000 WHERE id = ?",
                     old.id)
        # The reaper looks once a minute, and when it begins.
        reaper = server.reaper()
        kill(reaper)
        wait_for(lambda: not alive(reaper), "the end of the reaper")
        wait_for(lambda: old.row() is None, "the end of the row")
        equal(fresh.phase(), "stopped", "phase of what is within its retention")
        nothing_left(server)


if __name__ == "__main__":
    main()
