#!/usr/bin/env python3
"""Notes and counters of a coverage build; in other builds there are no such paths.

Counts are read with gcov, from the two archives alone. Those of the extension need its own
notes, which its author has.
"""

import glob
import io
import json
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time

from harness import (
    ACTIONKIT, EXTENSION, PATIENCE_S, TOP_BUILDDIR, TOP_SRCDIR, Later, Server, Skip, check,
    contains, equal, install, kill, main, test, wait_for)

META, COUNTERS = "/coverage/meta", "/coverage/counters"
BUSY_MS = 6000          # longer than a request for counters waits for others
OWN_NOTES = "tests/e2e"

COUNTED = "--coverage" in os.environ.get("AK_INSTRUMENT", "").split()
GCOV = os.environ.get("GCOV", "gcov")


def tool(name):
    if not shutil.which(name):
        raise Skip(f"there is no {name}")
    return name


def archive(reply):
    equal((reply.status, reply.headers["Content-Type"]),
          (200, "application/octet-stream"), "reply")
    equal(int(reply.headers["Content-Length"]), len(reply.body), "length")
    return tarfile.open(fileobj=io.BytesIO(reply.body))


def line_of(source, text):
    """The number of the only line that has this text."""
    with open(os.path.join(TOP_SRCDIR, source), encoding="utf-8") as file:
        found = [number for number, line in enumerate(file, 1) if text in line]
    equal(len(found), 1, f"lines of {source} with {text!r}")
    return found[0]


class Counters:
    """What a server has counted so far: both archives, unpacked into one directory."""

    def __init__(self, server, own_notes=False):
        self.dir = tempfile.mkdtemp(prefix="counters-", dir=server.dir)
        for path in (META, COUNTERS):
            with archive(server.get(path)) as tar:
                tar.extractall(self.dir)
        if own_notes:
            self.add_own_notes()

    def add_own_notes(self):
        for notes in glob.glob(os.path.join(TOP_BUILDDIR, OWN_NOTES, "*.gcno")):
            name = os.path.basename(notes)[:-len(".gcno")]
            # What is a library of its own, to be preloaded, is not in the program.
            if not os.path.exists(notes[:-len("gcno")] + "lo"):
                shutil.copy(notes, self.path(f"/{OWN_NOTES}/{name}.gcda")[:-len("da")] + "no")

    def path(self, suffix):
        found = [os.path.join(folder, name) for folder, _, names in os.walk(self.dir)
                 for name in names if os.path.join(folder, name).endswith(suffix)]
        equal(len(found), 1, f"files {suffix}")
        return found[0]

    def lines(self, source):
        """Counts by line."""
        stem = os.path.splitext(os.path.basename(source))[0]
        folder = os.path.dirname(source)
        prefix = {"core": "/.libs/libcore_la-", "fcgi": "/.libs/libfcgi_server_la-"}.get(
            folder.split("/")[0], "/")
        output = subprocess.run(
            [tool(GCOV), "--json-format", "--stdout",
             self.path(f"{folder}{prefix}{stem}.gcda")],
            check=True, capture_output=True, timeout=PATIENCE_S, cwd=self.dir).stdout
        counts = {}
        for file in json.loads(output)["files"]:
            if file["file"].endswith(source):
                for line in file["lines"]:
                    number = line["line_number"]
                    counts[number] = counts.get(number, 0) + line["count"]
        return counts

    def count(self, source, text):
        """How often the line with this text has run."""
        return self.lines(source)[line_of(source, text)]

    def requests(self):
        return self.count("fcgi/http/responder.c", "responder->slot->requests++;")

    def liveness(self):
        return self.count("fcgi/http/health.c", '"status", "alive"')


def ask(server, times):
    for _ in range(times):
        equal(server.get("/health/liveness").status, 200, "liveness")


def failing_stop(server):
    """An execution whose stop() fails for the agent, then for a stopper, then succeeds."""
    execution = server.running(stop_trouble="fail", stop_trouble_count=2)
    execution.stop().refused(500)
    execution.wait_phase("stopped")
    return execution


def no_such_paths():
    """Without counting there are no endpoints for it"""
    with Server() as server:
        for path in (META, COUNTERS):
            server.get(path).refused(404, path)


def two_archives():
    """Both are archives of the same names; GET and HEAD only"""
    with Server(ACTIONKIT) as server:
        with archive(server.get(META)) as meta, archive(server.get(COUNTERS)) as counters:
            notes, counted = meta.getnames(), counters.getnames()
        check(all(name.endswith(".gcno") for name in notes), f"notes: {notes}")
        check(all(name.endswith(".gcda") for name in counted), f"counters: {counted}")
        equal({name[:-len("da")] + "no" for name in counted} - set(notes), set(),
              "counters without notes")
        contains(" ".join(notes), "/actions/example.gcno", "notes")
        for path in (META, COUNTERS):
            head = server.request("HEAD", path)
            equal((head.status, head.body), (200, b""), "HEAD")
            refusal = server.post(path, {})
            refusal.refused(405, path)
            equal(refusal.headers["Allow"], "GET, HEAD", "Allow")


def every_process():
    """Supervisor, responders, reaper, stoppers and the action: each run is counted once"""
    with Server(stop_retry="100ms") as server:
        execution = failing_stop(server)
        stops = len(execution.notes("stop", "begin"))
        equal(stops, 3, "calls of stop()")
        before = Counters(server, own_notes=True)
        equal(before.count("tests/e2e/extension.c", 'call, s->directory, "stop", "begin"'),
              stops, "calls of stop()")
        equal(before.count("tests/e2e/extension.c", "sleep_ms(s->stop_delay);"), 1,
              "stop() that succeeded")
        equal(before.count("tests/e2e/extension.c", '"Failed to name \\"healed\\""'), 0,
              "a fault that did not happen")
        equal(before.count("core/reaper/stopper.c", 'process_name("stopper");'), 2, "stoppers")

        ask(server, 20)
        after = Counters(server)
        for source, call in (("core/reaper/reaper.c", "failed = do_round("),
                             ("fcgi/server/supervisor.c",
                              "shutdown_advance(&supervisor->shutdown);")):
            check(after.count(source, call) > before.count(source, call) > 0,
                  f"rounds of {source}")
        equal(after.liveness() - before.liveness(), 20, "requests for liveness")
        # The counters before, and the notes now.
        equal(after.requests() - before.requests(), 22, "requests")
        equal(after.count("core/reaper/stopper.c", 'process_name("stopper");'), 2,
              "stoppers, once more")


def at_the_end():
    """What was counted is complete when the server has ended, and goes on with the next"""
    with Server() as server:
        ask(server, 5)
        server.signal(signal.SIGTERM)
        equal(server.wait_exit(), 0, "exit status")
        server.wait_gone()
        server.serve()
        counters = Counters(server)
        equal(counters.liveness(), 5, "requests for liveness")
        equal(counters.count("fcgi/http/responder.c", "slot->mode = SLOT_LEAVING;"),
              server.options["responders"], "responders that have left")
        # The standby leaves as one that waits, or gets the lock for a moment before.
        check(counters.count("core/reaper/reaper.c", 'log_info("leaving");') in (1, 2), "reapers")
        equal(counters.count("fcgi/server/supervisor.c", "socket_close(&supervisor.sockets"), 1,
              "supervisors")


def a_reload():
    """HUP: the same program goes on counting, another one has counters of its own"""
    with tempfile.TemporaryDirectory(prefix="ak-") as folder:
        program = os.path.join(folder, "program")
        install(program, EXTENSION)
        with Server(program) as server:
            ask(server, 3)

            def reload():
                seen = server.log().count("serving on")
                server.signal(signal.SIGHUP)
                wait_for(lambda: server.log().count("serving on") > seen, "the reload")
            wait_for(lambda: "serving on" in server.log(), "the start")
            reload()
            ask(server, 3)
            counters = Counters(server)
            equal(counters.liveness(), 6, "requests for liveness")
            # It may have been of another build.
            equal(counters.count("fcgi/server/serve.c", 'log_info("configuration ok");'), 0,
                  "tests of a program")
            install(program, EXTENSION, "another build")
            reload()
            # Older responders may still have answered the last ones.
            server.wait_responders()
            ask(server, 2)
            equal(Counters(server).liveness(), 2, "those of the new program")
            check("profiling" not in server.log(), server.log())


def who_is_killed():
    """A process that is killed costs its own latest counts, and nobody waits for it"""
    with Server() as server:
        ask(server, 10)
        before = Counters(server).liveness()
        equal(before, 10, "requests for liveness")
        kill(server.responders()[0])
        kill(server.reaper())
        equal(Counters(server).liveness(), before, "after the kill")
        server.wait_responders()


def who_is_busy():
    """Who is at a request is not waited for without limit; the log says so"""
    with Server() as server:
        execution = server.running(status_trouble="hang", status_ms=BUSY_MS)
        status = Later(execution.status)
        execution.wait_note("status", "begin")
        begin = time.monotonic()
        equal(server.get(COUNTERS).status, 200, "status")
        check(not status.done(), "the other request is over")
        check(time.monotonic() - begin < BUSY_MS / 1000, "too slow")
        contains(server.log(), "lack the latest of 1 process", "log")
        status.result().ok()
        execution.stop().ok()


def at_once():
    """Two that ask at the same time do not wait for each other"""
    with Server() as server:
        begin = time.monotonic()
        replies = [Later(server.get, COUNTERS) for _ in range(4)]
        for reply in replies:
            archive(reply.result()).close()
        check("lack the latest" not in server.log(),
              f"{time.monotonic() - begin} s: {server.log()}")


def prefix():
    """GCOV_PREFIX is respected: then the counters are not served"""
    with tempfile.TemporaryDirectory(prefix="ak-") as folder:
        with Server(environment={"GCOV_PREFIX": folder}) as server:
            server.get(COUNTERS).refused(404, "GCOV_PREFIX", folder)
            archive(server.get(META)).close()
            check(not os.path.exists(os.path.join(server.state_dir, "coverage")),
                  "a directory for counters")
        found = [name for _, _, names in os.walk(folder) for name in names]
        contains(" ".join(found), "responder.gcda", "files")


def with_lcov():
    """lcov reads them, as docs/develop.md says"""
    with Server(stop_retry="100ms") as server:
        failing_stop(server)
        folder = Counters(server, own_notes=True).dir
        subprocess.run([tool("lcov"), "--quiet", "--capture", "--directory", folder,
                        "--output-file", f"{folder}/coverage.info"], check=True,
                       capture_output=True, timeout=PATIENCE_S, cwd=TOP_BUILDDIR)
        with open(f"{folder}/coverage.info", encoding="utf-8") as file:
            info = file.read()
    begin = info.index("/core/reaper/stopper.c\n")
    record = info[begin:info.index("end_of_record", begin)]
    line = line_of("core/reaper/stopper.c", 'process_name("stopper");')
    contains(record.splitlines(), f"DA:{line},2", "record of the stopper")


def with_gcovr():
    """gcovr reads them, as docs/develop.md says"""
    with Server(stop_retry="100ms") as server:
        failing_stop(server)
        output = subprocess.run(
            [tool("gcovr"), "--root", TOP_SRCDIR, "--object-directory", TOP_BUILDDIR,
             "--json", "-", Counters(server).dir],
            check=True, capture_output=True, timeout=PATIENCE_S, cwd=TOP_BUILDDIR).stdout
    line = line_of("core/reaper/stopper.c", 'process_name("stopper");')
    equal([entry["count"] for file in json.loads(output)["files"]
           if os.path.normpath(f"{TOP_SRCDIR}/{file['file']}") ==
           os.path.normpath(f"{TOP_SRCDIR}/core/reaper/stopper.c") for entry in file["lines"]
           if entry["line_number"] == line], [2], "stoppers")


for function in ((two_archives, every_process, at_the_end, a_reload, who_is_killed,
                  who_is_busy, at_once, prefix, with_lcov, with_gcovr)
                 if COUNTED else (no_such_paths,)):
    test(function)

if __name__ == "__main__":
    main()
