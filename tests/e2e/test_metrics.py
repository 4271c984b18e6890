#!/usr/bin/env python3
"""GET /metrics: what is counted is what happened, and it is seen through its own snippet alone."""

import os
import re
import shutil
import signal
import subprocess

from harness import (
    CHECK, EFFECT, FLASH, PATIENCE_S, TOP_SRCDIR, Execution, Server, Skip, boot_ms, check, contains,
    equal, kill, main, test, wait_for)

SNIPPET = ("actionkit-metrics.conf",)
TYPE = "text/plain; version=0.0.4; charset=utf-8"
SAMPLE = re.compile(r"^(actionkit_[a-z_]+)(?:\{(.*)\})? (\S+)$")
SERIES_MAX = 1000
MANY = 1100
BALLAST_BYTES = 4 * 1024 * 1024


def metrics_server(**options):
    return Server(nginx_server=SNIPPET, **options)


def scrape(server):
    """The samples by name and labels, as they are written."""
    reply = server.get("/metrics")
    equal((reply.status, reply.headers["Content-Type"]), (200, TYPE), "the reply")
    samples = {}
    for line in reply.body.decode().splitlines():
        if line.startswith("#"):
            continue
        found = SAMPLE.match(line)
        check(found, f"no sample: {line!r}")
        name = found[1] + ("{" + found[2] + "}" if found[2] else "")
        check(name not in samples, f"twice: {name}")
        samples[name] = float(found[3])
    return samples


def grown(before, after, name):
    return after.get(name, 0) - before.get(name, 0)


def check_grown(server, before, **wanted):
    """By how much counters have grown; the keys are parts of WANTED's names."""
    after = scrape(server)
    for key, growth in wanted.items():
        equal(grown(before, after, NAMES[key]), growth, f"growth of {NAMES[key]}")
    return after


NAMES = {
    "prepares": 'actionkit_requests_total{verb="prepare",status="200"}',
    "refused": 'actionkit_requests_total{verb="prepare",status="400"}',
    "polls": 'actionkit_requests_total{verb="status",status="200"}',
    "timed": 'actionkit_request_duration_seconds_count{verb="status"}',
    "failed_stops": 'actionkit_requests_total{verb="stop",status="500"}',
    "unknown": 'actionkit_requests_total{verb="other",status="404"}',
    "starts": 'actionkit_starts_total{result="succeeded"}',
    "start_failures": 'actionkit_starts_total{result="failed"}',
    "by_agent": 'actionkit_stops_total{by="agent"}',
    "by_action": 'actionkit_stops_total{by="action"}',
    "by_extension": 'actionkit_stops_total{by="extension"}',
    "by_operator": 'actionkit_stops_total{by="operator"}',
    "stop_failures": "actionkit_stop_failures_total",
    "heartbeats": "actionkit_heartbeats_missed_total",
}


@test
def counts_what_happens():
    """Each call, start, stop, failure and missed heartbeat is counted once, for who it was"""
    with metrics_server(stop_retry="50ms") as server:
        before = scrape(server)
        execution = server.running()
        for _ in range(3):
            execution.status().ok()
        execution.stop().ok()
        before = check_grown(server, before, prepares=1, polls=3, timed=3, starts=1, by_agent=1,
                             by_operator=0, by_action=0, by_extension=0, stop_failures=0)

        flash = server.effect(FLASH)
        description = server.get(f"/{FLASH}").json()
        for verb in ("prepare", "start"):
            flash.state = server.request(
                description[verb]["method"], description[verb]["path"],
                {"executionId": flash.id, "config": flash.config, "state": flash.state},
            ).ok().get("state")
        failing = server.effect(start_trouble="fail")
        failing.prepare().ok()
        failing.start()
        failing.stop().ok()
        server.post(f"/{EFFECT}/prepare", "{").refused(400)
        server.get("/nothing").refused(404)
        before = check_grown(server, before, prepares=2, refused=1, unknown=1, starts=1,
                             start_failures=1, by_action=1, by_agent=1)

        stubborn = server.running(stop_trouble="fail", stop_trouble_count=1)
        stubborn.stop()
        stubborn.wait_phase("stopped")
        before = check_grown(server, before, failed_stops=1, stop_failures=1, by_agent=1)

        unwanted, silent = server.running(), server.running()
        server.operator_stop(unwanted, "incident")
        unwanted.wait_phase("stopped")
        server.write("UPDATE executions SET due_at = ? WHERE id = ?", boot_ms(), silent.id)
        silent.wait_phase("stopped")
        before = check_grown(server, before, by_operator=1, by_extension=1, heartbeats=1,
                             by_agent=0)


@test
def shows_what_is():
    """Gauges of executions, processes and space; counters go on over deaths, HUP and restarts"""
    with metrics_server(responders=3) as server:
        execution = server.running()
        check_one = Execution(server, CHECK, {"directory": server.effects})
        check_one.prepare().ok()
        check_one.start()
        wait_for(lambda: server.standby(), "a standby")
        wait_for(lambda: scrape(server)["actionkit_executions_active"] == 2, "the reaper's count")
        now = scrape(server)
        equal(now[f'actionkit_executions{{action="{EFFECT}",phase="running"}}'], 1, "effects")
        equal(now[f'actionkit_executions{{action="{CHECK}",phase="running"}}'], 1, "checks")
        equal((now["actionkit_standbys"], now["actionkit_draining"],
               now["actionkit_executions_failing"], now["actionkit_database_readable"]),
              (1, 0, 0, 1), "the server")
        equal(now["actionkit_ballast_bytes"], BALLAST_BYTES, "ballast")
        check(now["actionkit_database_bytes"] > 0 and now["actionkit_free_bytes"] > 0, "no space")
        check(0 <= now["actionkit_reaper_beat_age_seconds"] < PATIENCE_S, "the beat")
        wait_for(lambda: {scrape(server)[f'actionkit_responders{{mode="{mode}"}}']
                          for mode in ("busy", "idle")} == {1, 2}, "one busy, two idle")
        equal(now['actionkit_request_duration_seconds_bucket{verb="start",le="+Inf"}'], 2,
              "buckets")

        kill(server.responders()[0])
        server.wait_responders()
        server.signal(signal.SIGHUP)
        wait_for(lambda: "generation 2" in server.log(), "the new generation")
        later = scrape(server)
        server.signal(signal.SIGQUIT)
        server.wait_exit()
        server.serve()
        last = scrape(server)
        for name in (NAMES["prepares"], NAMES["starts"]):
            equal((later[name], last[name]), (now[name], now[name]), name)
        execution.stop().ok()


def promtool(*arguments, text=None):
    """Its exit status, and what it says."""
    if not shutil.which("promtool"):
        check(not os.environ.get("ACTIONKIT_DEMAND_PROMTOOL"), "there is no promtool")
        raise Skip("there is no promtool")
    done = subprocess.run(["promtool", "check", *arguments], input=text, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S)
    return done.returncode, done.stdout


@test
def promtool_approves():
    """promtool check metrics finds nothing to say, neither of names nor of values"""
    with metrics_server() as server:
        server.running().stop().ok()
        text = server.get("/metrics").body
        equal(promtool("metrics", text=text), (0, b""), "promtool")
        # So it looks.
        code, _ = promtool("metrics", text=text.replace(b"_total", b"_sum"))
        check(code != 0, "promtool accepts anything")


@test
def documented():
    """All metrics are in the manual, and alerts, which are rules about metrics that there are"""
    with open(os.path.join(TOP_SRCDIR, "docs/operate.md"), encoding="utf-8") as file:
        manual = file.read()
    path = os.path.join(TOP_SRCDIR, "packaging/actionkit.rules.yml")
    with open(path, encoding="utf-8") as file:
        rules = file.read()
    with metrics_server() as server:
        names = re.findall("^# TYPE actionkit_([a-z_]+) ", server.get("/metrics").body.decode(),
                           re.M)
    for name in names:
        contains(manual, f"`{name}`", "the manual")
    for name in re.findall("actionkit_([a-z_]+)", rules):
        check(name in names, f"an alert is about {name}")
    equal(re.findall(r"^\| `(Actionkit\w+)` \| (\w+) \|", manual, re.M),
          re.findall(r"- alert: (\w+)\n.*?severity: (\w+)", rules, re.S), "alerts of the manual")
    code, said = promtool("rules", path)
    equal(code, 0, f"promtool: {said}")


@test
def bounded():
    """At most 1000 series of actions, whatever the database has; labels cannot forge lines"""
    with metrics_server(unclean=True) as server:
        template = server.running()
        server.write(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            "INSERT INTO executions (id, action, action_version, phase, state, created_at, "
            "changed_at, due_at) SELECT printf('%08d-0000-4000-8000-000000000000', i), "
            "'a\"b\\' || char(10) || i, '1', 'running', '{}', created_at, changed_at, due_at "
            "FROM n, executions WHERE id = ?", MANY, template.id)
        reply = server.get("/metrics")
        lines = [line for line in reply.body.decode().splitlines()
                 if line.startswith("actionkit_executions{")]
        equal(len(lines), SERIES_MAX, "series")
        contains("\n".join(lines), 'action="a\\"b\\\\\\n1",phase="running"} 1', "a label")
        wait_for(lambda: scrape_value(server, "actionkit_executions_active") == MANY + 1,
                 "all of them in the sum")
        server.write("DELETE FROM executions WHERE action LIKE 'a\"%'")
        template.stop().ok()


def scrape_value(server, name):
    lines = server.get("/metrics").body.decode().splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(name + " "))


@test
def reached_by_its_snippet_alone():
    """Not by the agent's location, whatever a client sends; and it reads only"""
    forged = {name: "metrics" for name in (
        "ACTIONKIT_PART", "Actionkit-Part", "ACTIONKIT-PART", "HTTP_ACTIONKIT_PART",
        "FCGI_ACTIONKIT_PART")}
    with Server() as server:
        for path in ("/metrics", "/metrics/", "//metrics", "/metrics?ACTIONKIT_PART=metrics"):
            server.get(path, forged).refused(404)
        server.get("/actions", forged).ok()
    with metrics_server() as server:
        for method in ("POST", "PUT", "DELETE"):
            reply = server.request(method, "/metrics", "{}")
            reply.refused(405, "GET, HEAD")
            equal(reply.headers["Allow"], "GET, HEAD", "Allow")
        head = server.request("HEAD", "/metrics")
        equal((head.status, head.body), (200, b""), "HEAD")
        server.get("/metrics/").refused(404)
        # The snippet's location has nothing else.
        server.get("/actions", forged).ok()


@test
def without_a_database():
    """Where the database cannot be read the rest is told, and that it is so"""
    with Server(serve=False, nginx_server=SNIPPET, unclean=True) as server:
        with open(server.database, "wb") as file:
            file.write(b"no database" * 1000)
        server.serve(ready=False)
        wait_for(lambda: server.get("/health/liveness").status == 200, "liveness")
        now = scrape(server)
        equal(now["actionkit_database_readable"], 0, "readable")
        check("actionkit_free_bytes" in now and "actionkit_workers" not in now, "the rest")


if __name__ == "__main__":
    main()
