#!/usr/bin/env python3
"""The snippets for nginx: who is let in, what may be how large, prefixes, and nginx/run.sh."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

from harness import (
    ACTIONKIT, BOUNDARY, EFFECT, EXTENSION, FORM, NGINX, PATIENCE_S, TOP_SRCDIR, Reply, Server,
    check, clean_environment, contains, equal, main, request, test, wait_for)

RUN_SH = os.path.join(TOP_SRCDIR, "nginx/run.sh")
START = f"/{EFFECT}/start"
EX_USAGE = 64
# What nginx stored of a body that nobody wants, once.
LARGE_BYTES = 300 * 1000 * 1000

# Another server block of the same nginx. Its sockets are not inherited: there is no race for a
# name in our own directory.
MORE = """
	server {{
		listen "unix:@RUN_DIR@/more.sock";
		{listen}
		{body}
	}}
"""

LOCATION = """
		location {prefix}/ {{
			fastcgi_pass {upstream};
			fastcgi_param ACTIONKIT_BASE_PATH "{prefix}";
			include "@RUN_DIR@/actionkit-location.conf";
			location ~ /prepare$ {{
				fastcgi_pass {upstream};
				client_max_body_size 4104m;
			}}
		}}
"""


def ask(address, data, family=socket.AF_UNIX, source=None):
    """Sends bytes to an address, and reads one reply."""
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE_S)
        if source:
            connection.bind(source)
        connection.connect(address)
        connection.sendall(data)
        file = connection.makefile("rb")
        status = int(file.readline().split()[1])
        headers = {}
        while line := file.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name] = value
        return Reply(status, headers, file.read(int(headers["Content-Length"])))


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


def more(server):
    return os.path.join(server.dir, "nginx/more.sock")


def free_port(family, address):
    with socket.socket(family) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


@test
def who_is_let_in():
    """Unix sockets, 127.0.0.1 and [::1] are let in, and nobody else"""
    port = free_port(socket.AF_INET6, "::1")
    http = MORE.format(listen=f"listen [::1]:{port};",
                       body='include "@RUN_DIR@/actionkit.conf";')
    with Server(nginx_http=http) as server:
        ask(more(server), get("/")).ok()
        ask(("::1", port), get("/"), socket.AF_INET6).ok()
        ask(("127.0.0.1", server.port), get("/"), socket.AF_INET).ok()
        ask(("127.0.0.1", server.port), get("/"), socket.AF_INET,
            ("127.0.0.2", 0)).refused(403, "address")


@test
def other_hosts():
    """A Host that is not ours, as DNS rebinding has it, is answered with nothing"""
    with Server() as server:
        for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1.evil.example",
                     "localhost.evil.example", "192.0.2.1"):
            for path in ("/", f"/{EFFECT}"):
                server.get(path, {"Host": host}).refused(421, "Host")
        for host in ("localhost", "127.0.0.1", "LOCALHOST", f"localhost:{server.port}"):
            server.get(f"/{EFFECT}", {"Host": host}).ok()
        # A client of HTTP/1.0, such as a load balancer's look, may have none.
        ask(("127.0.0.1", server.port), b"GET / HTTP/1.0\r\n\r\n", socket.AF_INET).ok()


@test
def large_bodies():
    """A large body is refused before it comes, but for a prepare"""
    with Server() as server:
        for method, path in (("POST", "/nope"), ("POST", START), ("PUT", "/"),
                             ("POST", f"/{EFFECT}/prepare/"), ("GET", "/health/liveness")):
            head = (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
                    "Content-Type: application/json\r\n"
                    f"Content-Length: {LARGE_BYTES}\r\n\r\n").encode()
            ask(("127.0.0.1", server.port), head, socket.AF_INET).refused(413, "nginx")
        # Of such a one nginx learns the length on the way.
        head = (f"POST /nope HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                "Transfer-Encoding: chunked\r\n\r\n").encode()
        chunk = b"80000\r\n" + b"x" * 0x80000 + b"\r\n"
        ask(("127.0.0.1", server.port), head + 11 * chunk, socket.AF_INET).refused(413)
        execution = server.effect()
        data = b"x" * 6 * 1024 * 1024
        execution.upload(("file", data, "a")).ok()
        equal(execution.state["file_size"], len(data), "size of a file")
        execution.stop().ok()


@test
def two_prefixes():
    """Two extensions in one server block, each below its prefix, with errors as JSON"""
    body = 'include "@RUN_DIR@/actionkit-errors.conf";' + "".join(
        LOCATION.format(prefix=prefix, upstream=upstream)
        for prefix, upstream in (("/chaos", "actionkit"), ("/other", "nobody")))
    http = 'upstream nobody { server "unix:@RUN_DIR@/nobody.sock"; }' + \
        MORE.format(listen="", body=body)
    with Server(nginx_http=http) as server:
        listed = ask(more(server), get("/chaos/")).ok()["actions"]
        contains([row["path"] for row in listed], f"/chaos/{EFFECT}", "paths")
        ask(more(server), get(f"/chaos/{EFFECT}")).ok()
        ask(more(server), get("/other/")).refused(502, "extension does not run")
        head = (f"POST /chaos/nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LARGE_BYTES}"
                "\r\n\r\n").encode()
        ask(more(server), head).refused(413, "nginx")
        form = (f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n".encode() +
                b"x" * 6 * 1024 * 1024 + f"\r\n--{BOUNDARY}--\r\n".encode())
        head = (f"POST /chaos/{EFFECT}/prepare HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                f"{FORM['Content-Type']}\r\nContent-Length: {len(form)}\r\n\r\n").encode()
        ask(more(server), head + form).refused(400, "no part request")


@test
def run_in_odd_directories():
    """nginx/run.sh serves in a directory whatever its name has in it, and ends with status 0"""
    top = tempfile.mkdtemp(prefix="ak-")
    try:
        for number, name in enumerate((
                "a b", "a&b", "a$b$", 'a"b"', "a|b", "a\\b\\n", "a[b]*?", "a'b;{}#", "-a")):
            port = free_port(socket.AF_INET, "127.0.0.1")
            folder = os.path.join(top, str(number))
            os.mkdir(folder)
            with open(os.path.join(folder, "log"), "wb") as log:
                run = subprocess.Popen(
                    [RUN_SH], cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    env={**clean_environment(), "ACTIONKIT": ACTIONKIT, "NGINX": NGINX,
                         "PORT": str(port), "RUN_DIR": name})
            try:
                def said():
                    with open(os.path.join(folder, "log"), encoding="utf-8") as file:
                        text = file.read()
                    if run.poll() is not None:
                        raise AssertionError(f"{name}: ended with {run.returncode}: {text}")
                    return text
                wait_for(lambda: "Ready on" in said(), f"readiness in {name!r}")
                request(port, "GET", "/").ok()
                equal(os.path.exists(os.path.join(folder, name, "state/actionkit.db")), True,
                      f"the database in {name!r}")
            finally:
                run.send_signal(signal.SIGTERM)
                equal(run.wait(PATIENCE_S), 0, f"exit status in {name!r}")
    finally:
        shutil.rmtree(top, ignore_errors=True)


def fill(*options, **environment):
    """Exit status, and what is printed."""
    done = subprocess.run([EXTENSION, "nginx", *options], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, timeout=PATIENCE_S,
                          env={**clean_environment(), **environment})
    return done.returncode, done.stdout


def printed(*options):
    code, text = fill(*options)
    equal(code, 0, f"exit status: {text}")
    return text


@test
def served():
    """What `nginx` prints serves an extension: at the root, and below a prefix"""
    # The snippets that it includes are those of this nginx.
    def of(prefix, name):
        options = ("--socket", "/run/the.sock", "--prefix", prefix, "--name", name)
        return [re.sub(r'include ".*/', 'include "@RUN_DIR@/',
                       printed(*options, "--block", block).replace("/run/the.sock", "@SOCKET@"))
                for block in ("http", "server")]
    for prefix, base in (("/chaos", "/chaos"), ("/", "")):
        upstream, location = of(prefix, "an-other.1")
        with Server(nginx_http=upstream + MORE.format(listen="", body=location)) as server:
            listed = ask(more(server), get(f"{base}/")).ok()["actions"]
            contains([row["path"] for row in listed], f"{base}/{EFFECT}", "paths")
            ask(more(server), get(f"{base}/{EFFECT}")).ok()
            head = (f"POST {base}/nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000000"
                    "\r\n\r\n").encode()
            ask(more(server), head).refused(413, "nginx")


@test
def filled_in():
    """It is the snippet, with the socket on each line; both parts are what each alone is"""
    text = printed("--socket", "/run/x/fcgi.sock", "--prefix", "/x", "--name", "x")
    lines = [line for line in text.splitlines() if "unix:" in line]
    equal(set(lines), {'\tserver "unix:/run/x/fcgi.sock" max_fails=0;'}, "the servers")
    check(len(lines) > 8, f"{len(lines)} servers")
    check("@" not in text and "actionkit;" not in text, f"not filled in: {text}")
    equal(printed("--socket", "/run/x/fcgi.sock", "--prefix", "/x", "--name", "x",
                  "--block", "http") + "\n" +
          printed("--socket", "/run/x/fcgi.sock", "--prefix", "/x", "--name", "x",
                  "--block", "server"), text, "both parts")
    code, text = fill(ACTIONKIT_SOCKET="/run/of-the-environment.sock")
    equal(code, 0, f"exit status: {text}")
    contains(text, "unix:/run/of-the-environment.sock", "the output")


@test
def refused_values():
    """What would mean something else to nginx is refused, by its option"""
    for option, values in {
            "--socket": ('/run/a"b', "/run/$a", "/run/a;b", "/" + "x" * 200),
            "--prefix": ("chaos", "/a b", "/chaos/", "/../x"),
            "--name": ("", "a b", "a;b", "x" * 65), "--block": ("both", "")}.items():
        for value in values:
            code, text = fill(option, value)
            equal(code, EX_USAGE, f"exit status of {option} {value!r}: {text}")
            contains(text, option, f"{option} {value!r}")


main()
