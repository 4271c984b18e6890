#!/usr/bin/env python3
"""How fast it is, as ratios against what runs beside it: `make bench`.

A server with the action of action.c, a bare libfcgi (echo.c) as the ceiling and, where
BENCH_PEER names the program of another ActionKit server with the same action (called with
-port N), that one too, take turns behind the same nginx on kept connections. Where that program
keeps its executions in a directory if it is told to (-keep DIRECTORY), BENCH_PEER_KEEPS=1 has it
run a second time for lives, as the durable peer. peer/ has such a program, on the Go SDK. Prints a
table and the ratios, and writes all figures as JSON.

BENCH_SECONDS (2) of one turn, BENCH_ROUNDS (3) of turns, of which the median counts,
BENCH_CONNECTIONS (1 4 16 64), BENCH_PARTS (all of them), BENCH_JSON (bench.json) and the
sizes below may be set.
"""

import contextlib
import fcntl
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../e2e"))

import harness  # noqa: E402
from harness import Later, Server, check, equal, proc_read, wait_for  # noqa: E402

PEER = os.environ.get("BENCH_PEER")
PEER_KEEPS = os.environ.get("BENCH_PEER_KEEPS", "") not in ("", "0")
SECONDS = int(os.environ.get("BENCH_SECONDS", "2"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
CONNECTIONS = [int(n) for n in os.environ.get("BENCH_CONNECTIONS", "1 4 16 64").split()]
JSON_FILE = os.environ.get("BENCH_JSON", "bench.json")
HISTORY = int(os.environ.get("BENCH_HISTORY", "100000"))
POLLED = int(os.environ.get("BENCH_POLLED", "5000"))
POLLED_SECONDS = int(os.environ.get("BENCH_POLLED_SECONDS", "20"))
FAIR_CONNECTIONS = 64
FAIR_SECONDS = int(os.environ.get("BENCH_FAIR_SECONDS", "60"))
UPLOAD = int(os.environ.get("BENCH_UPLOAD", str(2**30)))
WORKERS = int(os.environ.get("BENCH_WORKERS", "64"))
WORKERS_SECONDS = int(os.environ.get("BENCH_WORKERS_SECONDS", "20"))
STOPPED = int(os.environ.get("BENCH_STOPPED", "1000"))

RESPONDERS = 8
ECHO_PROCESSES_MORE = 40        # than connections: nginx keeps some per worker
NGINX_KEEPALIVE = 16            # of echo and peer, per worker
AT = 16 if 16 in CONNECTIONS else CONNECTIONS[-1]   # connections of single figures
POLLERS = 8
FEW = 4                         # agents that start many executions
START_S = 120                   # for all of them to be started
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

BIN = os.path.join(harness.TOP_BUILDDIR, "tests/bench")
WRK = shutil.which("wrk")
PATH = "/org.actionkit.bench"
WORKER_PATH = "/org.actionkit.bench-worker"


def say(text=""):
    print(text, flush=True)


def median(values):
    return statistics.median(values)


# What is measured

def cpu_s(pids):
    """Processor time that processes and their ended children have taken."""
    total = 0
    for pid in pids:
        fields = proc_read(pid, "stat").decode().rpartition(")")[2].split()
        total += sum(int(fields[i]) for i in (11, 12, 13, 14)) if fields else 0
    return total / TICKS_PER_S


def pss_kib(pids):
    return sum(int(re.search(rb"^Pss:\s+(\d+)", proc_read(pid, "smaps_rollup"),
                             re.M).group(1)) for pid in pids)


def peak_kib(pid):
    return int(re.search(rb"^VmHWM:\s+(\d+)", proc_read(pid, "status"), re.M).group(1))


def free_port():
    """One of those that connections do not get; the peer takes the next one, too."""
    while True:
        port = random.randrange(20000, 32000, 2)
        with socket.socket() as listener:
            if listener.connect_ex(("127.0.0.1", port)) != 0:
                return port


class Side:
    """One of those who take turns."""

    def __init__(self, name, port, pids, nginx_pids, path=PATH):
        self.name, self.port, self.path = name, port, path
        self.pids, self.nginx_pids = pids, nginx_pids

    def load(self, *arguments):
        arguments = [str(argument) for argument in (self.port, *arguments)]
        result = subprocess.run([os.path.join(BIN, "load"), *arguments], check=False,
                                stdout=subprocess.PIPE, text=True)
        check(result.returncode == 0, f"{self.name}: load {arguments} failed")
        figures = json.loads(result.stdout)
        check(figures.get("failed", 0) == 0, f"{self.name}: calls failed: {figures}")
        return figures

    def cpu_s(self):
        return cpu_s(self.pids() + self.nginx_pids)

    def running(self):
        """The body of a status call of an execution that has been started."""
        execution = str(uuid.uuid4())
        state = {}
        for verb in ("prepare", "start"):
            reply = harness.request(self.port, "POST", f"{self.path}/{verb}", {
                "executionId": execution, "config": {"duration": 30000}, "state": state})
            check(reply.status == 200, f"{self.name}: {verb}: {reply}")
            state = reply.json().get("state", state)
        return {"executionId": execution, "state": state}

    def status(self, body, connections, seconds=SECONDS):
        """Requests per second, percentiles in ms, processor time per request in us."""
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write(f"wrk.method = 'POST'\nwrk.body = [[{json.dumps(body)}]]\n"
                         "wrk.headers['Content-Type'] = 'application/json'\n")
            script.flush()
            before = self.cpu_s()
            text = subprocess.run(
                [WRK, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
                 "--timeout", "10s", "-s", script.name,
                 f"http://127.0.0.1:{self.port}{self.path}/status"],
                check=True, stdout=subprocess.PIPE, text=True).stdout
            used = self.cpu_s() - before
        check("Non-2xx" not in text, f"{self.name}: {text}")
        check("Socket errors" not in text, f"{self.name}: {text}")
        requests = int(re.search(r"(\d+) requests in", text).group(1))
        return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
                "p50": milliseconds(re.search(r"^\s+50%\s+(\S+)", text, re.M).group(1)),
                "p99": milliseconds(re.search(r"^\s+99%\s+(\S+)", text, re.M).group(1)),
                "cpu": used / requests * 1e6}

    def lives(self, connections):
        before = self.cpu_s()
        figures = self.load("lives", connections, SECONDS)
        used = self.cpu_s() - before
        life = figures["life"]
        return {"rate": life["count"] / figures["seconds"],
                "p50": life["p50"] / 1000, "p99": life["p99"] / 1000,
                "cpu": used / life["count"] * 1e6}


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


# Those who take turns

def nginx_server(port, upstream, server, location):
    return (f"\tupstream {upstream} {{ server {server}; keepalive {NGINX_KEEPALIVE}; }}\n"
            f"\tserver {{ listen 127.0.0.1:{port}; location / {{ {location} }} }}\n")


def fastcgi_location():
    """Our own, but for where it goes."""
    path = os.path.join(harness.TOP_SRCDIR, "nginx/actionkit-location.conf.in")
    with open(path, encoding="utf-8") as file:
        wanted = [line for line in file if re.match(r"(fastcgi|client)_", line)]
    return "".join(wanted) + "client_max_body_size 4104m; fastcgi_pass echo;"


class Field:
    """Our server with its nginx, and the others behind the same."""

    def __init__(self, stack, peer=PEER):
        self.directory = stack.enter_context(tempfile.TemporaryDirectory())
        self.echo_socket = os.path.join(self.directory, "echo.sock")
        echo_port = free_port()
        http = nginx_server(echo_port, "echo", f"unix:{self.echo_socket}",
                            fastcgi_location())
        peers = {}      # by upstream: its port, and that of nginx
        for upstream in ("peer", "durable")[:1 + PEER_KEEPS] if peer else ():
            peers[upstream] = direct, port = free_port(), free_port()
            http += nginx_server(
                port, upstream, f"127.0.0.1:{direct}",
                f"client_max_body_size 2g; proxy_pass http://{upstream}; "
                "proxy_http_version 1.1; proxy_set_header Connection '';")
        self.server = stack.enter_context(new_server(nginx_http=http))
        nginx = nginx_pids(self.server)
        self.ours = Side("actionkit", self.server.port, self.server.processes, nginx)
        self.echo_program = self.start(stack, [
            os.path.join(BIN, "echo"), self.echo_socket,
            str(max(CONNECTIONS) + ECHO_PROCESSES_MORE)])
        echo = self.echo_program.pid
        self.echo = Side("libfcgi echo", echo_port, lambda: [echo] + children(echo), nginx)
        wait_for(lambda: os.path.exists(self.echo_socket), "echo")
        self.peer = self.durable = None
        if "peer" in peers:
            self.peer = self.start_peer(stack, "peer", [peer], *peers["peer"], nginx)
        if "durable" in peers:
            kept = os.path.join(self.directory, "kept")
            os.mkdir(kept)
            self.durable = self.start_peer(stack, "durable peer", [peer, "-keep", kept],
                                           *peers["durable"], nginx)

    def start_peer(self, stack, name, arguments, direct, port, nginx):
        program = self.start(stack, [*arguments, "-port", str(direct)])
        wait_for(lambda: harness.request(port, "GET", PATH).status == 200, name)
        return Side(name, port, lambda: [program.pid], nginx)

    def start(self, stack, arguments):
        program = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # The Go SDK is quiet then, and leaves no files behind.
            env={**os.environ, "STEADYBIT_LOG_LEVEL": "WARN", "TMPDIR": self.directory})

        def end():
            program.kill()
            program.wait()
        stack.callback(end)
        return program


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def new_server(**more):
    return Server(program=os.path.join(BIN, "action"), responders=RESPONDERS,
                  log_level="warn", unclean=True, **more)


def nginx_pids(server):
    wait_for(lambda: children(server.nginx.pid), "workers of nginx")
    return [server.nginx.pid] + children(server.nginx.pid)


# The parts

def turns(sides, measure):
    """All sides in turn, as often as there are rounds; the medians."""
    rounds = {side.name: [] for side in sides}
    for _ in range(ROUNDS):
        for side in sides:
            rounds[side.name].append(measure(side))
    return {name: {figure: median([one[figure] for one in many]) for figure in many[0]}
            for name, many in rounds.items()}


def table(title, figures, unit):
    say(f"\n{title:<34}{unit + '/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'CPU us':>9}")
    for connections, sides in figures.items():
        for name, one in sides.items():
            say(f"  {connections:>3} connections  {name:<15}{one['rate']:>10.0f}"
                f"{one['p50']:>9.2f}{one['p99']:>9.2f}{one['cpu']:>9.0f}")


def status_part(field):
    if WRK is None:
        say("\nstatus is not measured: there is no wrk")
        return {}
    sides = [side for side in (field.ours, field.echo, field.peer) if side]
    bodies = {side.name: side.running() for side in (field.ours, field.peer) if side}
    bodies[field.echo.name] = bodies[field.ours.name]
    figures = {n: turns(sides, lambda side, n=n: side.status(bodies[side.name], n))
               for n in CONNECTIONS}
    table("status", figures, "requests")
    return figures


class Beside(threading.Thread):
    """Does something beside a measurement, until self.over."""

    def __init__(self):
        super().__init__(daemon=True)
        self.over = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *fault):
        self.over.set()
        self.join()


class GateWatch(Beside):
    """Enters the write gate again and again: its longest wait is the longest hold, or more."""

    PAUSE_S = 0.002

    def __init__(self, server):
        super().__init__()
        self.path = os.path.join(server.state_dir, "gate.lock")
        self.longest_s = 0

    def run(self):
        gate = os.open(self.path, os.O_RDWR)
        while not self.over.wait(self.PAUSE_S):
            began = time.monotonic()
            fcntl.flock(gate, fcntl.LOCK_EX)
            fcntl.flock(gate, fcntl.LOCK_UN)
            self.longest_s = max(self.longest_s, time.monotonic() - began)
        os.close(gate)


def lives_part(field):
    sides = [side for side in (field.ours, field.peer, field.durable) if side]
    figures = {n: turns(sides, lambda side, n=n: side.lives(n)) for n in CONNECTIONS}
    table("prepare, start, status, stop", figures, "lives")
    with GateWatch(field.server) as watch:
        field.ours.lives(AT)
    figures["gate_ms"] = watch.longest_s * 1000
    say(f"  longest wait at the write gate, {AT} connections: {figures['gate_ms']:.1f} ms")
    return figures


def idle_part(field):
    figures = {"actionkit": pss_kib(field.server.processes())}
    if field.peer:
        figures["peer"] = pss_kib(field.peer.pids())
    say("\nmemory at rest (PSS): " + ", ".join(
        f"{name} {kib / 1024:.1f} MiB" for name, kib in figures.items()))
    return figures


def history_part(_):
    """status with and without a history, in turn."""
    if WRK is None:
        return {}
    with contextlib.ExitStack() as stack:
        sides = []
        for name in ("empty", "history"):
            server = stack.enter_context(new_server())
            sides.append(Side(name, server.port, server.processes, nginx_pids(server)))
        fill_history(server)
        bodies = {side.name: side.running() for side in sides}
        figures = turns(sides, lambda side: side.status(bodies[side.name], AT))
    table(f"status, {HISTORY} rows of history", {AT: figures}, "requests")
    return figures


class Scrape(Beside):
    """Asks for the metrics once a second, as a Prometheus in a hurry does."""

    EVERY_S = 1

    def __init__(self, port):
        super().__init__()
        self.port = port
        self.statuses = set()

    def run(self):
        while not self.over.is_set():
            self.statuses.add(harness.request(self.port, "GET", "/metrics").status)
            self.over.wait(self.EVERY_S)

    def __exit__(self, *fault):
        super().__exit__(*fault)
        check(self.statuses == {200}, f"metrics: {self.statuses}")


def scraped_part(_):
    """status of one server, in turn with and without somebody who asks for its metrics."""
    if WRK is None:
        return {}
    with new_server(nginx_server=("actionkit-metrics.conf",)) as server:
        sides = [Side(name, server.port, server.processes, nginx_pids(server))
                 for name in ("alone", "scraped")]
        body = sides[0].running()

        def measure_side(side):
            if side.name == "alone":
                return side.status(body, AT)
            with Scrape(server.port):
                return side.status(body, AT)
        figures = turns(sides, measure_side)
    table("status, metrics each second", {AT: figures}, "requests")
    return figures


def fill_history(server):
    server.write(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        "INSERT INTO executions (id, action, action_version, phase, state, created_at, "
        "changed_at, due_at, stop_by, stop_reason) "
        "SELECT printf('%08x-0000-4000-8000-%012x', i * 2654435761 % 4294967296, i), "
        "'org.actionkit.bench', '1.0.0', 'stopped', "
        "'{\"duration\":30000,\"step\":\"stopped\",\"polls\":0}', "
        "CAST(strftime('%s') AS INTEGER) * 1000, CAST(strftime('%s') AS INTEGER) * 1000, "
        "0, 'agent', 'stop' FROM n", HISTORY)


def active(server):
    return server.query("SELECT count(*) AS n FROM active")[0]["n"]


def polled_part(_):
    """Many active executions that are all polled: what the reaper takes of a core."""
    with new_server() as server:
        side = Side("actionkit", server.port, server.processes, nginx_pids(server))
        reaper = [server.reaper()]
        load = Later(side.load, "poll", POLLERS, POLLED_SECONDS, POLLED)
        wait_for(lambda: load.done() or active(server) >= POLLED, "executions", START_S)
        used, began = cpu_s(reaper), time.monotonic()
        figures = load.result(POLLED_SECONDS + START_S)
        took = time.monotonic() - began
        result = {"executions": active(server),
                  "rate": figures["status"]["count"] / figures["seconds"],
                  "p50": figures["status"]["p50"] / 1000,
                  "p99": figures["status"]["p99"] / 1000,
                  "reaper": (cpu_s(reaper) - used) / took}
        server.kill_all()
    say(f"\n{result['executions']} active executions: {result['rate']:.0f} polls/s, "
        f"p99 {result['p99']:.2f} ms, the reaper takes {result['reaper']:.2%} of a core")
    return result


def stop_all_part(_):
    with new_server() as server:
        side = Side("actionkit", server.port, server.processes, [])
        side.load("start", FEW, STOPPED)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        server.wait_exit()
        took = time.monotonic() - began
        equal(active(server), 0, "executions that are left")
    say(f"\nstop-all of {STOPPED} active executions: {took:.2f} s")
    return {"executions": STOPPED, "seconds": took}


def workers_part(_):
    """Workers that have nothing to do: what they take, and what a status call costs with one."""
    with new_server(workers=WORKERS) as server:
        nginx = nginx_pids(server)
        without = Side("no worker", server.port, server.processes, nginx)
        worker = Side("a worker", server.port, server.processes, nginx, WORKER_PATH)
        bodies = {side.name: side.running() for side in (without, worker)}
        began = time.monotonic()
        for _ in range(WORKERS - 1):
            worker.running()
        result = {"workers": WORKERS,
                  "start_ms": (time.monotonic() - began) / max(WORKERS - 1, 1) * 1000}
        wait_for(lambda: len(server.named("ak-worker")) == len(server.named("ak-work")) ==
                 WORKERS, "keepers and bodies")
        keepers, bodies_of = server.named("ak-worker"), server.named("ak-work")
        result["pss_kib"] = pss_kib(keepers | bodies_of) / WORKERS
        used, began = cpu_s(keepers), time.monotonic()
        for _ in range(WORKERS_SECONDS):    # nobody else asks: they must not be stopped for it
            harness.request(server.port, "POST", f"{WORKER_PATH}/status", bodies["a worker"])
            time.sleep(1)                   # the time is what is measured
        result["keepers"] = (cpu_s(keepers) - used) / (time.monotonic() - began)
        if WRK is not None:
            result["status"] = turns(
                (without, worker), lambda side: side.status(bodies[side.name], AT))
        server.kill_all()
    say(f"\n{WORKERS} workers that wait: started in {result['start_ms']:.1f} ms each, "
        f"{result['pss_kib'] / 1024:.2f} MiB each (PSS), the keepers take "
        f"{result['keepers']:.2%} of a core")
    if WRK is not None:
        table("status", {AT: result["status"]}, "requests")
    return result


def fair_part(field):
    """More agents than responders, on connections that are kept: how long one waits."""
    figures = field.ours.load("status", FAIR_CONNECTIONS, FAIR_SECONDS)["status"]
    result = {"connections": FAIR_CONNECTIONS, "seconds": FAIR_SECONDS,
              "requests": figures["count"], "p99": figures["p99"] / 1000,
              "max": figures["max"] / 1000}
    say(f"\n{FAIR_CONNECTIONS} connections, {RESPONDERS} responders: none of "
        f"{figures['count']} requests in {FAIR_SECONDS} s failed, p99 {result['p99']:.1f} ms, "
        f"the longest took {result['max']:.1f} ms")
    return result


def upload_part(field):
    """A large file, with the peak of the memory of who takes it."""
    figures = {}
    for side in (field.ours, field.peer):
        if side is None:
            continue
        before = max(peak_kib(pid) for pid in side.pids())
        seconds = side.load("upload", UPLOAD)["seconds"]
        peak = max(peak_kib(pid) for pid in side.pids())
        figures[side.name] = {"seconds": seconds, "grown_kib": peak - before}
        say(f"\nupload of {UPLOAD / 2**20:.0f} MiB, {side.name}: {seconds:.1f} s, "
            f"peak memory + {(peak - before) / 1024:.1f} MiB")
    return figures


PARTS = {"idle": idle_part, "status": status_part, "lives": lives_part,
         "history": history_part, "scraped": scraped_part, "polled": polled_part,
         "stop-all": stop_all_part, "workers": workers_part, "fair": fair_part,
         "upload": upload_part}


def ratios(figures):
    """What of the figures must not depend on the machine."""
    result = {}

    def compare(name, part, other, figure, more):
        sides = figures.get(part, {}).get(AT, {})
        if other in sides:
            result[name] = sides["actionkit"][figure] / sides[other][figure]
            say(f"  {name:<52}{result[name]:>6.2f}   {more}")

    say(f"\nratios at {AT} connections")
    compare("status requests/s to the peer's", "status", "peer", "rate", "more is better")
    compare("status p99 to the peer's", "status", "peer", "p99", "less is better")
    compare("status CPU to the peer's", "status", "peer", "cpu", "less is better")
    compare("status requests/s to bare libfcgi's", "status", "libfcgi echo", "rate",
            "1 is the ceiling")
    compare("lives/s to the peer's, which keeps all in memory", "lives", "peer", "rate",
            "more is better")
    compare("lives/s to the durable peer's, a file and a sync a call", "lives",
            "durable peer", "rate", "more is better")
    upload = figures.get("upload", {})
    if "peer" in upload:
        result["time of the upload to the peer's"] = ratio = \
            upload["actionkit"]["seconds"] / upload["peer"]["seconds"]
        say(f"  {'time of the upload to the peer':<52}{ratio:>6.2f}   less is better")
    workers = figures.get("workers", {}).get("status")
    if workers:
        name = "status CPU with a worker to without"
        result[name] = workers["a worker"]["cpu"] / workers["no worker"]["cpu"]
        say(f"  {name:<52}{result[name]:>6.2f}   less is better")
    history = figures.get("history")
    if history:
        name = f"status requests/s with {HISTORY} rows of history"
        result[name] = history["history"]["rate"] / history["empty"]["rate"]
        say(f"  {name:<52}{result[name]:>6.2f}   1 is as without")
    scraped = figures.get("scraped")
    if scraped:
        name = "status requests/s with metrics each second"
        result[name] = scraped["scraped"]["rate"] / scraped["alone"]["rate"]
        say(f"  {name:<52}{result[name]:>6.2f}   1 is as without")
    return result


def measure(names):
    figures = {"cpus": os.cpu_count(), "seconds": SECONDS, "rounds": ROUNDS}
    with contextlib.ExitStack() as stack:
        field = Field(stack)
        for name in names:
            figures[name] = PARTS[name](field)
        figures["ratios"] = ratios(figures)
    return figures


def main():
    names = os.environ.get("BENCH_PARTS", "").split() or list(PARTS)
    unknown = set(names) - set(PARTS)
    if unknown:
        sys.exit(f"no such part: {', '.join(sorted(unknown))}; there are: {' '.join(PARTS)}")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(1))
    try:
        figures = measure(names)
    finally:
        harness.end_all()
    with open(JSON_FILE, "w", encoding="utf-8") as file:
        json.dump(figures, file, indent=1)
        file.write("\n")
    say(f"\nwritten to {JSON_FILE}")


if __name__ == "__main__":
    main()
