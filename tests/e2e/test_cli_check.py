#!/usr/bin/env python3
"""check: what is wrong with an installation is found, and nothing is changed."""

import os

from harness import (
    ACTIONKIT, Server, both_ways, check, command, contains, equal, main, test)

EX_USAGE = 64


def verdicts(result):
    """The verdicts of each thing that was checked."""
    found = {}
    for finding in result.json():
        found.setdefault(finding["check"], set()).add(finding["verdict"])
    return found


def look(server, *arguments, status=0, environment=None, **options):
    return command("check", *arguments, server=server, status=status, **options,
                   environment={"ACTIONKIT_SOCKET": server.socket, **(environment or {})})


@test
def all_is_well():
    """A server that runs: all is well, in a pipe, on a terminal and as JSON"""
    with Server() as server:
        execution = server.running()
        found = verdicts(look(server, "--json"))
        for name in ("configuration", "actions", "state directory", "database",
                     "executions", "server", "socket"):
            equal(found[name], {"ok"}, name)
        piped, _ = both_ways("check", "--socket", server.socket, server=server)
        contains(piped.out, "1 active", "executions")
        contains(piped.out, f"pid {server.process.pid}", "server")
        execution.stop().ok()


@test
def nothing_there_yet():
    """Before the first start there are warnings only, and nothing is made"""
    with Server(serve=False) as server:
        found = verdicts(look(server, "--json"))
        equal((found["database"], found["server"], found["socket"]),
              ({"warning"}, {"warning"}, {"warning"}), "verdicts")
        equal(os.listdir(server.state_dir), [], "what is in the state directory")
        missing = os.path.join(server.dir, "missing")
        contains(look(server, "--state-dir", missing).out, "serve will make it", "missing")
        check(not os.path.exists(missing), "it was made")


@test
def times_of_nginx():
    """A read timeout of nginx that is not longer than a handler and a stop is a warning"""
    with Server() as server:
        conf = os.path.join(server.dir, "nginx", "nginx.conf")

        def nginx(file=conf, **environment):
            [finding] = [finding for finding in
                         look(server, "--nginx", file, "--json",
                              environment=environment).json() if finding["check"] == "nginx"]
            return finding["verdict"], finding["detail"]
        equal(nginx(), ("ok", f"{conf}: fastcgi_read_timeout is 120 s"), "as it is")
        verdict, detail = nginx(ACTIONKIT_HANDLER_TIMEOUT="60s")
        equal(verdict, "warning", "60 s and 60 s")
        contains(detail, "fastcgi_read_timeout is 120 s, and must be more than", "detail")
        for text, words in (
                ('fastcgi_pass "unix:{socket}"; # of ours\n', "is 60 s, and must be"),
                ("fastcgi_pass unix:/else; fastcgi_read_timeout 1s;", "passes nothing"),
                ("location /a {{ fastcgi_pass up; }} fastcgi_read_timeout 1m31s;", "is 91 s"),
                ("fastcgi_pass up; fastcgi_read_timeout 500ms;", "is 0 s, and must"),
                ("fastcgi_pass other; fastcgi_read_timeout 1h;", "passes nothing")):
            odd = os.path.join(server.dir, "odd.conf")
            with open(odd, "w", encoding="ascii") as file:
                file.write("http { server { location / { "
                           + text.format(socket=server.socket) +
                           " } } upstream up { server unix:%s fail_timeout=0; } }" % server.socket)
            contains(nginx(odd)[1], words, text)
        contains(nginx(os.path.join(server.dir, "none"))[1], "cannot be read", "no file")


@test
def finds_mistakes():
    """Options, tables, modes and files that are wrong are failures"""
    with Server() as server:
        broken = look(server, status=1, environment={"TEST_BROKEN_TABLE": "1"}).out
        contains(broken, "org.actionkit.test.broken", "table of an action")
        contains(look(server, status=1, environment={"ACTIONKIT_RESPONDERS": "0"}).out,
                 "ACTIONKIT_RESPONDERS=0", "configuration")
        os.chmod(server.state_dir, 0o755)
        os.chmod(server.socket, 0o666)
        found = look(server, status=1).out
        contains(found, f"{server.state_dir}: has mode 0755, it should have 0700",
                 "state directory")
        contains(found, "mode 0666 lets everybody run actions", "socket")
        os.chmod(server.state_dir, 0o700)
        os.chmod(server.socket, 0o660)
        look(server)
        contains(look(server, "--socket", server.log_file, status=1).out, "is not a socket",
                 "socket")
    contains(command("check", "x", status=EX_USAGE).err, "unexpected argument", "mistake")


@test
def finds_failing_executions():
    """Stops that fail are warnings, actions that are missing failures"""
    with Server(stop_retry="60s", unclean=True) as server:
        execution = server.running(stop_trouble="fail", stop_trouble_count=9)
        execution.stop().refused(500)
        contains(look(server).out, f"{execution.id}: cannot be stopped", "warning")
        contains(look(server, program=ACTIONKIT, status=1).out,
                 f"{execution.id}: this program has no action", "failure")


@test
def finds_a_corrupt_database():
    """A database that is damaged is a failure"""
    with Server(unclean=True) as server:
        server.running().stop().ok()
        server.kill_all()
        for name in ("actionkit.db", "actionkit.db-wal"):
            with open(os.path.join(server.state_dir, name), "r+b") as file:
                file.write(b"no database " * 100)
        found = look(server, "--json", status=1)
        check("failed" in verdicts(found)["database"], f"database: {found.out}")


main()
