"""What the end-to-end tests share: servers behind a real nginx, clients, waiting, TAP.

A test file registers functions with @test and calls main(). Every test starts its own
Server: `actionkit serve` and an nginx, in a temporary directory. The build exports
ACTIONKIT (the program), ACTIONKIT_EXTENSION (extension.c), NGINX, top_srcdir and
top_builddir; without them the places of an in-tree build are tried.
"""

import atexit
import concurrent.futures
import contextlib
import fcntl
import http.client
import json
import os
import pty
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import termios
import threading
import time
import traceback
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
TOP_SRCDIR = os.path.abspath(os.environ.get("top_srcdir") or os.path.join(HERE, "../.."))
TOP_BUILDDIR = os.path.abspath(os.environ.get("top_builddir") or TOP_SRCDIR)


def program_path(variable, default):
    return os.path.abspath(
        os.environ.get(variable) or os.path.join(TOP_BUILDDIR, default))


ACTIONKIT = program_path("ACTIONKIT", "actionkit")
EXTENSION = program_path("ACTIONKIT_EXTENSION", "tests/e2e/extension")
NGINX = os.environ.get("NGINX") or shutil.which("nginx") or "/usr/sbin/nginx"

EFFECT = "org.actionkit.test.effect"
SLOW = "org.actionkit.test.slow"
QUIET = "org.actionkit.test.quiet"
FLASH = "org.actionkit.test.flash"
CHECK = "org.actionkit.test.check"
CLAIM = "org.actionkit.test.claim"
EVERYTHING = "org.actionkit.test.everything"
EXAMPLE = "org.actionkit.example"
EXAMPLE_CHECK = "org.actionkit.example-check"
PAUSE = "org.actionkit.pause-process"

EX_CONFIG = 78

# Built with sanitizers or coverage: slower, and with more memory.
INSTRUMENTED = bool(os.environ.get("AK_INSTRUMENT", "").strip())
PATIENCE_S = 60         # longest wait for what must happen, on a loaded machine
POLL_S = 0.02
LEAVE_S = 30            # for the processes of a server to be gone
WORKERS = 4             # tests of one file that run at once
LOG_LINES = 60          # of a log, shown with a failure
SOCKET_PATH_BYTES = 107

# What a crash in extension.c must not leave behind.
resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


# Saying what is wrong

class Skip(Exception):
    """The test cannot run here."""


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def equal(got, want, what):
    if got != want:
        raise AssertionError(f"{what}: got {got!r} instead of {want!r}")


def contains(text, part, what):
    if part not in text:
        raise AssertionError(f"{what}: no {part!r} in {text!r}")


def wait_for(condition, what, timeout=PATIENCE_S):
    """Polls condition() until it is true, and returns its value."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what} (last: {value!r})")
        time.sleep(POLL_S)


def boot_ms():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000000


# Processes, as /proc shows them

def proc_read(pid, name):
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read()
    except OSError:
        return b""


def proc_stat(pid):
    """Fields of /proc/PID/stat from the state (field 3) on; empty if it is gone."""
    return proc_read(pid, "stat").rpartition(b")")[2].split()


def proc_state(pid):
    """T, S, ...; None if it is gone."""
    fields = proc_stat(pid)
    return fields[0].decode() if fields else None


def proc_parent(pid):
    fields = proc_stat(pid)
    return int(fields[1]) if fields else None


def proc_start_time(pid):
    fields = proc_stat(pid)
    return int(fields[19]) if fields else None


def alive(pid):
    return proc_state(pid) not in (None, "Z", "X")


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def kill_at_once(pids):
    """SIGKILL for all, so that none sees another one die."""
    for pid in pids:
        kill(pid, signal.SIGSTOP)
    for pid in pids:
        kill(pid)


def install(path, source="/dev/null", more=""):
    """Puts a program at path, as an installation does: a copy of source, then more.

    Children write it. What we had open for writing ourselves, a process that another test
    starts at that moment would inherit, and the program could not be executed meanwhile.
    """
    script = 'cp "$1" "$2" && cat >>"$2" && chmod 755 "$2" && mv "$2" "$3"'
    subprocess.run(["sh", "-c", script, "install", source, path + ".new", path],
                   input=more, text=True, check=True, timeout=PATIENCE_S)


# HTTP

class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def __repr__(self):
        return f"HTTP {self.status} {self.body[:600]!r}"

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            raise AssertionError(f"not JSON: {self!r}") from None

    def ok(self):
        """The object of a reply that must be a success without an error in it."""
        value = self.json()
        check(self.status == 200 and not value.get("error"), f"no success: {self!r}")
        return value

    def failed(self):
        """The error in a reply that must have one although its status is 200."""
        value = self.json()
        check(self.status == 200 and value.get("error"), f"no error in it: {self!r}")
        return value["error"]

    def refused(self, status, *words):
        """The ActionKitError of a refusal, whose text must name every one of words."""
        equal(self.status, status, f"status of {self!r}")
        kind = self.headers.get("Content-Type", "")
        check(kind.startswith("application/json"), f"Content-Type {kind!r} of {self!r}")
        error = self.json()
        check(isinstance(error, dict) and isinstance(error.get("title"), str) and
              error["title"], f"no title: {self!r}")
        text = f"{error['title']} {error.get('detail') or ''}"
        for word in words:
            check(word in text, f"{word!r} is not named: {self!r}")
        return error


def request(port, method, path, body=None, headers=None, timeout=PATIENCE_S):
    """One request on a connection of its own; body is bytes, text, or JSON to be."""
    headers = dict(headers or {})
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    if body is not None:
        headers.setdefault("Content-Type", "application/json")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        connection.close()


BOUNDARY = "-----boundary"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def form_part(name, data, filename=None):
    """A part of multipart/form-data; filename is text or bytes, data is bytes or text."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'.encode()
    if filename is not None:
        filename = filename if isinstance(filename, bytes) else filename.encode()
        head += b'; filename="' + filename + b'"'
    data = data if isinstance(data, bytes) else data.encode()
    return head + b"\r\n\r\n" + data + b"\r\n"


def form(*parts):
    """A body of multipart/form-data, of what form_part() takes."""
    return b"".join(form_part(*part) for part in parts) + f"--{BOUNDARY}--\r\n".encode()


class Later:
    """A call in a thread of its own; result() waits for it."""

    def __init__(self, function, *arguments, **keywords):
        self.value = self.fault = None
        self.thread = threading.Thread(
            target=self.run, args=(function, arguments, keywords), daemon=True)
        self.thread.start()

    def run(self, function, arguments, keywords):
        try:
            self.value = function(*arguments, **keywords)
        except BaseException as fault:  # handed to whoever asks for the result
            self.fault = fault

    def done(self):
        return not self.thread.is_alive()

    def result(self, timeout=2 * PATIENCE_S):
        self.thread.join(timeout)
        check(self.done(), f"no result within {timeout} s")
        if self.fault:
            raise self.fault
        return self.value


def at_once(functions):
    """Runs all functions in threads that begin together; their results in order."""
    barrier = threading.Barrier(len(functions))

    def begin(function):
        barrier.wait()
        return function()
    calls = [Later(begin, function) for function in functions]
    return [call.result() for call in calls]


# A server

LIVE = set()            # what runs, for the case that the tests are ended
ENDED = []              # not empty once they are


def nginx_files(folder, change, places):
    """Puts nginx's files there: change(name, text) makes of each what is then filled in."""
    templates = os.path.join(TOP_SRCDIR, "nginx")
    for template in os.listdir(templates):
        if not template.endswith(".in"):
            continue
        name = template.removesuffix(".in")
        with open(os.path.join(templates, template), encoding="utf-8") as file:
            text = change(name, file.read())
        for place, value in places.items():
            text = text.replace(place, value)
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)


class Server:
    """`serve` and nginx in a directory of their own.

    Options are keywords: Server(stop_timeout="1s"). With serve=False it is the test that
    calls serve(). unclean says that executions may be left that cannot be stopped. prefix is a
    command that executes the rest of its arguments: unshare and the like.
    """

    def __init__(self, program=None, serve=True, environment=None, unclean=False,
                 nginx_http="", nginx_server=(), nginx_places=None, nginx_names="", before=None,
                 prefix=(), **options):
        self.nginx_http = nginx_http    # more for the http block, as in nginx/*.in
        self.nginx_names = nginx_names  # more names that the server block answers for
        self.nginx_server = nginx_server    # more of our snippets, for the server block
        self.nginx_places = nginx_places or {}  # what else stands for what in snippets
        self.before = before            # runs in the child, before serve is executed
        self.prefix = prefix
        self.program = program or EXTENSION
        self.environment = environment or {}
        self.unclean = unclean
        self.options = {"responders": 4, "log_level": "debug", **options}
        self.process = None
        self.nginx = None
        self.dir = tempfile.mkdtemp(prefix="ak-")
        if len(self.dir) > SOCKET_PATH_BYTES - len("/fcgi.sock"):
            os.rmdir(self.dir)
            self.dir = tempfile.mkdtemp(prefix="ak-", dir="/tmp")
        self.socket = os.path.join(self.dir, "fcgi.sock")
        self.state_dir = os.path.join(self.dir, "state")
        self.database = os.path.join(self.state_dir, "actionkit.db")
        self.effects = os.path.join(self.dir, "effects")
        self.log_file = os.path.join(self.dir, "serve.log")
        os.mkdir(self.state_dir, 0o700)
        os.mkdir(self.effects)
        self.closing = threading.Lock()
        self.diagnostics = []
        LIVE.add(self)
        try:
            check(not ENDED, "the tests are ended")
            self.arrange()
            self.nginx_start()
            if serve:
                self.serve()
        except BaseException as fault:
            self.__exit__(type(fault), fault, None)
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, fault, trace):
        problems = self.close(kill_all=fault is not None)
        if fault is None and problems:
            fault = AssertionError("; ".join(problems))
            problems = []
            fault.diagnostics = self.diagnostics
            raise fault
        if fault is not None:
            fault.diagnostics = getattr(fault, "diagnostics", []) + problems + \
                self.diagnostics
        return False

    # Starting

    def arrange(self):
        """For those that need more: its directories are there, and nothing runs yet."""

    def nginx_start(self):
        run_dir = os.path.join(self.dir, "nginx")
        os.mkdir(run_dir)
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen(511)
        listener.setblocking(False)  # nginx leaves inherited ones as they are
        self.port = listener.getsockname()[1]

        def extend(name, text):
            if name != "nginx.conf":
                return text
            text = text.rstrip().removesuffix("}") + self.nginx_http + "}\n"
            text = text.replace('localhost "";', f'localhost "" {self.nginx_names};')
            include = 'include "@RUN_DIR@/actionkit.conf";'
            return text.replace(include, include + "".join(
                f' include "@RUN_DIR@/{name}";' for name in self.nginx_server))
        nginx_files(run_dir, extend, {
            "@PORT@": str(self.port), "@SOCKET@": self.socket, "@RUN_DIR@": run_dir,
            "@PAGE_DIR@": os.path.join(TOP_SRCDIR, "nginx/page"), **self.nginx_places})
        arguments = [NGINX, "-p", run_dir, "-c", os.path.join(run_dir, "nginx.conf"),
                     "-e", "stderr"]
        if os.geteuid() == 0:
            arguments += ["-g", "user root;"]
        # nginx takes over listeners that are named in NGINX: no race for the port.
        with open(os.path.join(self.dir, "nginx.log"), "wb") as log:
            self.nginx = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=(listener.fileno(),),
                env={**clean_environment(), "NGINX": f"{listener.fileno()};"})
        listener.close()

    def arguments(self):
        result = [*self.prefix, self.program, "serve", "--socket", self.socket,
                  "--state-dir", self.state_dir]
        for name, value in self.options.items():
            result += ["--" + name.replace("_", "-"), str(value)]
        return result

    def spawn(self, arguments):
        """Starts a program whose descendants count as this server's."""
        with open(self.log_file, "ab") as log:
            return subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir,
                preexec_fn=self.before,
                env={**clean_environment(), **self.environment, "AK_TEST": self.dir})

    def serve(self, ready=True):
        self.process = self.spawn(self.arguments())
        if ready:
            self.wait_ready()

    def wait_ready(self):
        def is_ready():
            code = self.process.poll()
            check(code is None, f"serve exited with status {code}")
            check(self.nginx.poll() is None, "nginx exited")
            return self.get("/health/readiness").status == 200
        wait_for(is_ready, "readiness")
        wait_for(self.reaper, "a reaper that holds its lock")

    # Asking

    def request(self, method, path, body=None, headers=None, timeout=PATIENCE_S):
        return request(self.port, method, path, body, headers, timeout)

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def post(self, path, body, headers=None, timeout=PATIENCE_S):
        return self.request("POST", path, body, headers, timeout)

    def effect(self, action=EFFECT, id=None, **knobs):
        """An execution of a test action, not prepared yet."""
        return Effect(self, action, {
            "duration": 60000, "directory": self.effects, **knobs}, id)

    def running(self, action=EFFECT, **knobs):
        """An execution of a test action that has been prepared and started."""
        execution = self.effect(action, **knobs)
        execution.prepare().ok()
        execution.start().ok()
        check(execution.exists(), "no effect after start")
        return execution

    # Looking

    def query(self, sql, *values):
        """Rows of a query, as dictionaries; cannot write."""
        connection = sqlite3.connect(
            f"file:{self.database}?mode=ro", uri=True, timeout=10)
        try:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]
        finally:
            connection.close()

    def write(self, sql, *values):
        """Changes the database as the project does: under the write gate."""
        with self.gate_held():
            connection = sqlite3.connect(self.database, timeout=10)
            try:
                connection.execute("PRAGMA wal_autocheckpoint = 0")
                with connection:
                    connection.execute(sql, values)
            finally:
                connection.close()

    @contextlib.contextmanager
    def gate_held(self):
        """While a neighbour holds the gate that all writers go through."""
        with open(os.path.join(self.state_dir, "gate.lock"), "rb") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            yield

    def operator_stop(self, execution, reason):
        """Asks as an operator that an execution be stopped; None is all of them."""
        self.write("INSERT INTO stop_requests (execution, reason) VALUES (?, ?)",
                   execution.id if execution else None, reason)

    def sqlite3(self, *arguments):
        """Output of the sqlite3 program on the database."""
        return subprocess.run(
            ["sqlite3", self.database, *arguments], check=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S,
            text=True).stdout

    def files_on_disk(self):
        """Paths of all below files/, directories too, without those that are always there."""
        top = os.path.join(self.state_dir, "files")
        return [os.path.join(folder, name) for folder, folders, names in os.walk(top)
                for name in folders + names
                if os.path.join(folder, name) != os.path.join(top, "incoming")]

    def check_files(self):
        """On disk is what has a row, and nothing else; waits for the reaper's sweep."""
        def agree():
            rows = self.query("SELECT * FROM files")
            want = set()
            for row in rows:
                for _ in range(3):      # the file, and the two directories of its own
                    want.add(row["path"])
                    row["path"] = os.path.dirname(row["path"])
            return set(self.files_on_disk()) == want
        wait_for(agree, "files on disk and rows to be the same")

    def log(self):
        with open(self.log_file, encoding="utf-8", errors="replace") as file:
            return file.read()

    # Processes

    def processes(self):
        """Pids of all that lives of this server: what inherited our mark."""
        mark = f"AK_TEST={self.dir}\0".encode()
        return [pid for pid in pids()
                if mark in proc_read(pid, "environ") and alive(pid)]

    def children(self):
        """Pids of the supervisor's children."""
        return [pid for pid in self.processes()
                if proc_parent(pid) == self.process.pid]

    def reaper(self):
        """Pid of the process that holds the reaper's lock; None if there is none."""
        for pid in self.processes():
            if holds_lock(pid, os.path.join(self.state_dir, "reaper.lock")):
                return pid
        return None

    def named(self, *names):
        """Pids of the processes that ps shows by one of these names."""
        return {pid for pid in self.processes()
                if proc_read(pid, "comm").decode().strip() in names}

    def reapers(self):
        """Pids of the reapers, at work or standing by."""
        return self.named("ak-reaper", "ak-standby")

    def standby(self):
        """Pid of the reaper that stands by; None unless there is just one."""
        waiting = self.named("ak-standby")
        return waiting.pop() if len(waiting) == 1 else None

    def responders(self):
        """Pids of the supervisor's children with an open database, the reaper apart."""
        reaper = self.reaper()
        return [pid for pid in self.children()
                if pid != reaper and has_open(pid, self.database)]

    def wait_responders(self):
        """Waits until all responders are there; their pids."""
        count = self.options["responders"]

        def complete():
            found = self.responders()
            return found if len(found) == count else None
        return wait_for(complete, f"{count} responders")

    def signal(self, number):
        self.process.send_signal(number)

    def wait_exit(self, timeout=PATIENCE_S):
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"no exit within {timeout} s") from None

    def kill_supervisor(self):
        kill(self.process.pid)
        self.process.wait()

    def kill_all(self):
        """SIGKILL for the supervisor and everything else, as if at the same moment."""
        stopped = set()
        while not stopped.issuperset(found := self.processes()):
            for pid in found:
                kill(pid, signal.SIGSTOP)   # so that none sees another die
            stopped.update(found)
        for pid in stopped:
            kill(pid)
        self.process.wait()
        # One without an environment any more may still have files open.
        wait_for(lambda: not any(map(alive, stopped)), "the end of all processes")

    def wait_gone(self, timeout=PATIENCE_S):
        wait_for(lambda: not self.processes(), "the end of all processes", timeout)

    # Ending

    def close(self, kill_all=True):
        """Ends everything; returns what was wrong, and keeps the logs as diagnostics."""
        with self.closing:      # a signal may come while a test ends by itself
            problems = self.end(kill_all) if self in LIVE else []
            LIVE.discard(self)
        return problems

    def end(self, kill_all):
        problems = []
        if not kill_all and not self.unclean:
            problems += self.leave()
        if self.process and self.process.poll() is None:
            kill(self.process.pid)
            self.process.wait()
        end = time.monotonic() + LEAVE_S
        while self.processes() and time.monotonic() < end:
            for pid in self.processes():
                kill(pid)
            time.sleep(POLL_S)
        if self.nginx:
            self.nginx.terminate()
            try:
                self.nginx.wait(LEAVE_S)
            except subprocess.TimeoutExpired:
                self.nginx.kill()
                self.nginx.wait()
                problems.append("nginx did not leave")
        self.diagnostics = tail(os.path.join(self.dir, "nginx.log")) + tail(self.log_file)
        for line in self.log().splitlines() if os.path.exists(self.log_file) else []:
            if "Sanitizer" in line or "runtime error:" in line:
                problems.append(f"in the log: {line}")
        while os.path.exists(self.dir) and time.monotonic() < end:
            shutil.rmtree(self.dir, ignore_errors=True)
        if os.path.exists(self.dir):
            problems.append(f"{self.dir} cannot be removed")
        return problems

    def leave(self):
        """The end as an operator brings it about: TERM, and nothing is left."""
        problems = []
        if self.process and self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                code = self.process.wait(LEAVE_S)
                if code != 0:
                    problems.append(f"serve exited with status {code}")
            except subprocess.TimeoutExpired:
                problems.append("serve did not leave")
        for pid in self.processes():    # a guard
            kill(pid, signal.SIGTERM)
        end = time.monotonic() + LEAVE_S
        while self.processes() and time.monotonic() < end:
            time.sleep(POLL_S)
        for pid in self.processes():
            line = proc_read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace")
            problems.append(f"left over: {pid} {line}")
        return problems


@contextlib.contextmanager
def small_disk(size):
    """A directory for the state on a disk of its own, with so many bytes."""
    directory = tempfile.mkdtemp(prefix="ak-disk-")
    try:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700",
                           "tmpfs", directory], check=False, capture_output=True).returncode:
            raise Skip("nothing can be mounted here")
        try:
            yield directory
        finally:
            subprocess.run(["umount", "-l", directory], check=False)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def fill(directory):
    """Writes until nothing more fits."""
    with open(os.path.join(directory, "filler"), "wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while file.write(b"x" * size):
                    pass


def signals_are_clean(server, of):
    """What some code has executed, a sleep, has no signal blocked or ignored; ends it."""
    wait_for(lambda: server.named("sleep"), f"what {of} has executed")
    [pid] = server.named("sleep")
    status = dict(line.split(":\t") for line in
                  proc_read(pid, "status").decode().splitlines() if line.startswith("Sig"))
    # Without those of libc, which posix_spawn(3) has ignored.
    equal({name: int(status[name], 16) & 0x7fffffff for name in ("SigBlk", "SigIgn", "SigCgt")},
          {"SigBlk": 0, "SigIgn": 0, "SigCgt": 0}, of)
    kill(pid, signal.SIGTERM)
    wait_for(lambda: not server.named("sleep"), f"the end of what {of} has executed")


@contextlib.contextmanager
def server_on(directory, program=None, ready=True, **options):
    """A server with its state in a directory that is there."""
    with Server(program, serve=False, **options) as server:
        server.state_dir = directory
        server.database = os.path.join(directory, "actionkit.db")
        server.serve(ready)
        yield server


def clean_environment():
    """Ours without what would change the programs that we start, options of this machine too."""
    ours = ("ACTIONKIT", "STEADYBIT", "NGINX", "AK_TEST", "TEST_")
    return {"ACTIONKIT_OPTIONS": "/dev/null", **{
        name: value for name, value in os.environ.items() if not name.startswith(ours)}}


def open_files(pid):
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return
    for name in names:
        try:
            yield name, os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue


def has_open(pid, path):
    return any(target == path for name, target in open_files(pid))


def holds_lock(pid, path):
    return any(target == path and b"FLOCK" in proc_read(pid, f"fdinfo/{name}")
               for name, target in open_files(pid))


def tail(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return []
    return [f"--- {os.path.basename(path)}"] + lines[-LOG_LINES:]


# As somebody else

NOBODY = 65534
SOME_GROUP = 4711       # nobody is in it but by as_nobody()


def as_nobody(*groups, umask=0o022):
    """For a child: makes it a user without rights, in these groups besides its own."""
    if os.geteuid() != 0:
        raise Skip("another user can be had as root only")

    def become():
        os.setgroups(groups)
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        os.umask(umask)
    return become


def nobodys_server(*groups, umask=0o022, **options):
    """A server that is to run as a user without rights; serve() is to be called."""
    server = Server(serve=False, before=as_nobody(*groups, umask=umask), **options)
    install(os.path.join(server.dir, "program"), server.program)
    server.program = os.path.join(server.dir, "program")
    for path in (server.dir, server.state_dir, server.effects):
        os.chown(path, NOBODY, NOBODY)
    os.chmod(server.dir, 0o755)
    return server


# The command line, through a pipe and through a terminal

class Command:
    """A run of the program: through pipes, or with everything on a pseudo terminal.

    Given a server, its state directory and its URL are in the environment.
    """

    def __init__(self, *arguments, server=None, program=None, terminal=False,
                 environment=None, before=None, columns=200):
        self.arguments = arguments
        self.master = None
        variables = {**clean_environment(), "LC_ALL": "C.UTF-8", "TERM": "xterm",
                     **(environment or {})}
        if server:
            variables.setdefault("ACTIONKIT_STATE_DIR", server.state_dir)
            variables.setdefault("ACTIONKIT_URL", f"http://127.0.0.1:{server.port}")
        options = {"stdin": subprocess.DEVNULL, "env": variables, "preexec_fn": before}
        if terminal:
            try:
                self.master, slave = pty.openpty()
            except OSError:
                raise Skip("there is no pseudo terminal") from None
            termios.tcsetwinsize(slave, (50, columns))
            options.update(stdin=slave, stdout=slave, stderr=slave)
        else:
            options.update(stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        program = program or (server.program if server else EXTENSION)
        self.process = subprocess.Popen([program, *map(str, arguments)], **options)
        if terminal:
            os.close(slave)
        self.chunks = {"out": b"", "err": b""}
        self.readers = [Later(self.read, name, descriptor) for name, descriptor in (
            [("out", self.master)] if terminal else
            [("out", self.process.stdout.fileno()), ("err", self.process.stderr.fileno())])]

    def read(self, name, descriptor):
        while True:
            try:
                chunk = os.read(descriptor, 65536)
            except OSError:     # of a terminal whose other side is closed
                return
            if not chunk:
                return
            self.chunks[name] += chunk

    @property
    def out(self):
        return self.chunks["out"].decode(errors="replace").replace("\r\n", "\n")

    @property
    def err(self):
        return self.chunks["err"].decode(errors="replace")

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, status=None, timeout=PATIENCE_S):
        """Waits for its end; checks its exit status unless that is None."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(
                f"{self.arguments}: no end within {timeout} s: {self.out} {self.err}"
            ) from None
        for reader in self.readers:
            reader.result()
        if self.master is not None:
            os.close(self.master)
        else:
            self.process.stdout.close()
            self.process.stderr.close()
        said = f"{self.out} {self.err}"
        check("Sanitizer" not in said and "runtime error:" not in said, said)
        if status is not None and code != status:
            raise AssertionError(f"{self.arguments}: exit status {code} instead of "
                                 f"{status}: {said}")
        self.code = code
        return self

    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            raise AssertionError(f"{self.arguments}: not JSON: {self.out!r}") from None


def command(*arguments, status=0, **options):
    """Runs the program to its end."""
    return Command(*arguments, **options).wait(status)


def both_ways(*arguments, status=0, **options):
    """Runs it through a pipe and on a terminal; colours and movement only on the latter."""
    piped = command(*arguments, status=status, **options)
    check("\033" not in piped.out + piped.err, f"escape in a pipe: {piped.out!r}")
    check("\r" not in piped.chunks["out"].decode(), f"progress in a pipe: {piped.out!r}")
    shown = command(*arguments, status=status, terminal=True, **options)
    check("\033[" in shown.out, f"no colour on a terminal: {shown.out!r}")
    return piped, shown


# An execution, as an agent sees it

class Execution:
    """Keeps the state of the replies, and sends it along, as an agent does."""

    def __init__(self, server, action, config=None, id=None):
        self.server = server
        self.action = action
        self.config = config or {}
        self.id = id or str(uuid.uuid4())
        self.state = None
        self.paths = {}

    def call(self, verb, body, headers=None, timeout=PATIENCE_S):
        path = self.paths.get(verb, f"/{self.action}/{verb}")
        reply = self.server.post(path, {"executionId": self.id, **body}, headers, timeout)
        if reply.status == 200:
            state = reply.json().get("state")
            self.state = state if state is not None else self.state
        return reply

    def prepare(self, headers=None, **config):
        self.config.update(config)
        return self.call("prepare", {
            "config": self.config, "properties": {},
            "target": {"name": "test", "attributes": {"host.hostname": [os.uname().nodename]}},
        }, headers)

    def upload(self, *parts):
        """Prepares with files: parts are what form_part() takes; the request comes last."""
        path = self.paths.get("prepare", f"/{self.action}/prepare")
        reply = self.server.request(
            "POST", path, form(*parts, ("request", self.request_part())), FORM)
        if reply.status == 200:
            self.state = reply.json().get("state")
        return reply

    def request_part(self):
        return json.dumps({"executionId": self.id, "config": self.config})

    def files(self):
        """Its rows of files, by parameter."""
        return {row["parameter"]: row for row in self.server.query(
            "SELECT * FROM files WHERE execution = ?", self.id)}

    def start(self, headers=None):
        return self.call("start", {"state": self.state}, headers)

    def status(self, headers=None):
        return self.call("status", {"state": self.state}, headers)

    def stop(self, headers=None):
        return self.call("stop", {"state": self.state}, headers)

    def begun(self):
        """Itself, prepared and started."""
        self.prepare().ok()
        self.start().ok()
        return self

    def life(self):
        """The calls of a whole life, in order."""
        return self.prepare, self.start, self.status, self.stop

    def ask(self, config=None, headers=None):
        return self.call("query", {
            "config": config or {}, "timestamp": "2026-01-01T00:00:00Z"}, headers)

    def row(self):
        """Its row in the database; None if there is none."""
        rows = self.server.query("SELECT * FROM executions WHERE id = ?", self.id)
        return rows[0] if rows else None

    def phase(self):
        row = self.row()
        return row and row["phase"]

    def wait_phase(self, phase, timeout=PATIENCE_S):
        return wait_for(
            lambda: self.phase() == phase and self.row(), f"phase {phase}", timeout)

    def events(self):
        return self.server.query(
            "SELECT * FROM events WHERE execution = ? ORDER BY id", self.id)


# What runs of an execution that is started, then stopped.
IN_ORDER = [("start", "begin"), ("start", "effect"), ("start", "end"),
            ("stop", "begin"), ("stop", "end")]


class Note:
    """A line of the log that extension.c writes."""

    def __init__(self, line):
        ms, pid, self.execution, self.handler, self.edge, value = line.split()
        self.ms = int(ms)
        self.pid = int(pid)
        self.value = int(value)

    def __repr__(self):
        return f"{self.ms} {self.pid} {self.handler} {self.edge} {self.value}"


def texts(*replies):
    """What the messages of replies say, in order."""
    return [message["message"] for reply in replies for message in reply.get("messages") or []]


def said(*replies):
    """The same as one text."""
    return " ".join(texts(*replies))


class Effect(Execution):
    """An execution of extension.c."""

    def exists(self):
        """Whether its effect is there."""
        return os.path.exists(os.path.join(self.server.effects, f"effect-{self.id}"))

    def notes(self, handler=None, edge=None):
        """What its handlers have written, in order."""
        try:
            with open(os.path.join(self.server.effects, "log"), encoding="utf-8") as file:
                lines = file.read().splitlines()
        except FileNotFoundError:
            return []
        return [note for note in map(Note, lines) if note.execution == self.id and
                handler in (None, note.handler) and edge in (None, note.edge)]

    def edges(self, *handlers):
        """Begins and ends of some of its handlers, in order."""
        return [(note.handler, note.edge) for note in self.notes()
                if note.handler in handlers]

    def undo_values(self):
        """The undo value that each call of stop() got."""
        return [note.value for note in self.notes("stop", "begin")]

    def wait_note(self, handler, edge, timeout=PATIENCE_S):
        """Waits for a line of the log; the first such."""
        return wait_for(lambda: self.notes(handler, edge),
                        f"{handler} {edge}", timeout)[0]

    def heal(self):
        """Ends the troubles of all stop() of this server."""
        with open(os.path.join(self.server.effects, "healed"), "w", encoding="utf-8"):
            pass


def stopped_by_extension(reason):
    """What status says of an execution that the server has stopped."""
    return {"title": f"Action was stopped by extension: {reason}", "status": "errored"}


def check_start_died(reply, how="was killed: SIGKILL"):
    """The answer to a start whose process died, and how."""
    equal(reply.failed(), {**stopped_by_extension("responder died while starting"),
                           "detail": f"start() {how}"}, "error of start")


def check_stopped_by_extension(execution, reason):
    """Row, status and stop must tell the same story."""
    row = execution.wait_phase("stopped")
    equal((row["stop_by"], row["stop_reason"]), ("extension", reason), "row")
    status = execution.status().json()
    equal(status["completed"], True, "completed")
    equal(status["error"], stopped_by_extension(reason), "error of status")
    equal(execution.stop().failed()["title"],
          f"Action was stopped by extension: {reason}", "error of stop")


class Victim:
    """A real process to do things to."""

    def __init__(self, program="sleep", *arguments):
        self.process = subprocess.Popen([program, *(arguments or ("600",))])
        self.pid = self.process.pid
        LIVE.add(self)

    def __enter__(self):
        wait_for(lambda: self.state() == "S", "the victim to sleep")
        return self

    def __exit__(self, *fault):
        self.close()

    def close(self):
        LIVE.discard(self)
        self.process.kill()
        self.process.wait()

    def state(self):
        return proc_state(self.pid)

    def wait_state(self, state, timeout=PATIENCE_S):
        wait_for(lambda: self.state() == state, f"state {state} of the victim", timeout)


def paused(server, victim, duration=600000):
    """An execution of the real action, at work: its victim stands still."""
    execution = Execution(server, PAUSE, {"duration": duration, "pid": victim.pid}).begun()
    victim.wait_state("T")
    return execution


# Running tests

TESTS = []


def test(function):
    """Registers a test; its first line of documentation is its name in the output."""
    TESTS.append(function)
    return function


def title(function):
    lines = (function.__doc__ or "").strip().splitlines()
    text = f"{function.__name__}: {lines[0].rstrip('.')}" if lines else function.__name__
    return text.replace("#", "\\#")


def run(function):
    """Runs a test; returns whether it passed, a directive, and diagnostics."""
    begin = time.monotonic()
    try:
        function()
    except Skip as reason:
        return True, f" # SKIP {reason}", []
    except BaseException as fault:
        lines = "".join(traceback.format_exception(
            type(fault), fault, fault.__traceback__)).splitlines()
        return False, "", lines + list(getattr(fault, "diagnostics", []))
    return True, "", [f"{time.monotonic() - begin:.1f} s"]


def end_all():
    ENDED.append(True)
    for thing in list(LIVE):
        thing.close()


def main(workers=WORKERS):
    """Runs the tests named on the command line, or all, and exits."""
    names = sys.argv[1:]
    unknown = set(names) - {function.__name__ for function in TESTS}
    if unknown:
        sys.exit(f"no such test: {', '.join(sorted(unknown))}")
    chosen = [function for function in TESTS if not names or function.__name__ in names]
    atexit.register(end_all)
    # What is ignored, as by a shell that runs us in the background, programs would inherit.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, lambda *_: os._exit(end_all() or 1))
    print(f"1..{len(chosen)}", flush=True)
    good = True
    with concurrent.futures.ThreadPoolExecutor(max_workers=workers) as pool:
        futures = [pool.submit(run, function) for function in chosen]
        for number, (function, future) in enumerate(zip(chosen, futures), 1):
            passed, directive, diagnostics = future.result()
            good = good and passed
            result = "ok" if passed else "not ok"
            print(f"{result} {number} - {title(function)}{directive}")
            for line in diagnostics:
                print(f"# {line}")
            sys.stdout.flush()
    sys.exit(0 if good else 1)


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)
