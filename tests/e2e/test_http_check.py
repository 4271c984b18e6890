#!/usr/bin/env python3
"""The actions that measure HTTP servers, against servers that answer as they are told."""

import contextlib
import gzip
import http.server
import os
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse

from harness import (ACTIONKIT, NGINX, Execution, Server, at_once, check, contains, equal, main,
                     test, wait_for)

PERIODIC = "org.actionkit.http-check-periodic"
FIXED = "org.actionkit.http-check-fixed"
BANDWIDTH = "org.actionkit.http-bandwidth"
REQUIRED = {"method": "GET", "successRate": 100, "statusCode": "200-299"}
MBIT = 125000
STOP_S = 1
RATES_S = 3


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as the query says: status, body, gzip, wait, cut, to, rate; keeps what was asked."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        length = int(self.headers.get("Content-Length") or 0)
        self.server.seen.append((self.command, self.path, self.headers.items(),
                                 self.rfile.read(length)))
        if "wait" in query:
            self.server.released.wait(float(query["wait"]))
        body = query.get("body", "").encode()
        if "size" in query:
            body = b"x" * int(query["size"])
        self.send_response(int(query.get("status", 200)))
        if "gzip" in query:
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        if "to" in query:
            self.send_header("Location", query["to"])
        self.send_header("Content-Length", str(len(body) + int(query.get("cut", 0))))
        self.end_headers()
        if self.command != "HEAD":
            self.write(body, int(query.get("rate", 0)))
        self.close_connection = "cut" in query

    def write(self, body, rate):
        """All at once, or so many bytes a second."""
        step = max(1, rate // 20 if rate else len(body))
        with contextlib.suppress(ConnectionError):
            for at in range(0, len(body), step):
                self.wfile.write(body[at:at + step])
                if rate:
                    self.server.released.wait(1 / 20)

    do_GET = do_POST = do_PUT = do_PATCH = do_HEAD = do_DELETE = answer

    def log_message(self, *_):
        pass


class Site(http.server.ThreadingHTTPServer):
    """A server with such handlers, until the end of the block."""

    request_queue_size = 128
    daemon_threads = True

    def __init__(self):
        self.seen = []
        self.released = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *fault):
        self.released.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, *_):
        pass


def fixed(server, url, count=1, duration=5000, **config):
    return Execution(server, FIXED, {**REQUIRED, "url": url, "numberOfRequests": count,
                                     "duration": duration, **config})


def periodic(server, url, rate, duration=60000, **config):
    return Execution(server, PERIODIC, {**REQUIRED, "url": url, "requestsPerSecond": rate,
                                        "duration": duration, **config})


def followed(execution):
    """Until it is completed; its metrics."""
    metrics = []

    def completed():
        reply = execution.status().json()
        metrics.extend(reply.get("metrics") or [])
        return reply["completed"]
    wait_for(completed, "completed")
    return metrics


def result(execution):
    """Its metrics; the summary and the error of its stop, None if it has none."""
    metrics = followed(execution.begun())
    reply = execution.stop().json()
    metrics += reply.get("metrics") or []
    return metrics, reply["summary"]["text"], reply.get("error")


def closed_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


GOOD = None
ANSWERS = [
    # path, config, labels that are not good, or GOOD
    ("?body=x", {}, GOOD),
    ("?status=204", {}, GOOD),
    ("?status=300", {}, ["expected_http_status"]),
    ("?status=404", {}, ["expected_http_status"]),
    ("?status=404", {"statusCode": "200-299; 404"}, GOOD),
    ("?status=404", {"statusCode": " 400 - 499 "}, GOOD),
    ("?status=599", {"statusCode": "599"}, GOOD),
    ("?status=500", {"statusCode": "error;200"}, ["expected_http_status"]),
    ("?body=hello+world", {"responsesContains": "lo wo"}, GOOD),
    ("?body=aabaabaaab", {"responsesContains": "aabaaab"}, GOOD),
    ("?body=hello", {"responsesContains": "world"}, ["response_constraints_fulfilled"]),
    ("?body=", {"responsesContains": "x"}, ["response_constraints_fulfilled"]),
    ("?body=hello&gzip=1", {"responsesContains": "hello"}, GOOD),
    ("?body=hello&gzip=1", {"responsesContains": "hello",
                            "headers": [{"key": "accept-encoding", "value": "gzip"}]},
     ["response_constraints_fulfilled"]),
    ("?body=hello", {"responsesContains": "hello", "method": "HEAD"},
     ["response_constraints_fulfilled"]),
    ("?body=hello&cut=5", {"responsesContains": "hello"}, ["response_constraints_fulfilled"]),
    ("?size=2000000&body=", {"responsesContains": "x" * 60000}, GOOD),
    ("?wait=0.2", {"responseTimeMode": "LONGER_THAN", "responseTime": 150}, GOOD),
    ("?wait=0.2", {"responseTimeMode": "SHORTER_THAN", "responseTime": 150},
     ["response_time_constraints_fulfilled"]),
    ("?wait=0", {"responseTimeMode": "LONGER_THAN", "responseTime": 5000},
     ["response_time_constraints_fulfilled"]),
    ("?wait=0", {"responseTimeMode": "SHORTER_THAN", "responseTime": 5000}, GOOD),
    ("?wait=0", {"responseTimeMode": None, "responseTime": None, "maxConcurrent": None}, GOOD),
    ("?status=302&to=/%3Fstatus=201", {}, ["expected_http_status"]),
    ("?status=302&to=/%3Fstatus=201", {"followRedirects": True, "statusCode": "201"}, GOOD),
    ("?status=302&body=hello&to=/%3Fbody=x", {"followRedirects": True,
                                              "responsesContains": "hello"},
     ["response_constraints_fulfilled"]),
    ("?status=302&to=file:///etc/passwd", {"followRedirects": True}, ["error"]),
    ("?status=302&to=/%3Fstatus=302%26to=/", {"followRedirects": True}, GOOD),
    ("?wait=60", {"readTimeout": 100}, ["error"]),
    ("?wait=60", {"readTimeout": 100, "statusCode": "error"}, GOOD),
    ("?rate=20&size=100", {"readTimeout": 300}, ["error"]),
]


@test
def answers():
    """A table of answers, and how each is judged, told and concluded"""
    with Server(ACTIONKIT) as server, Site() as site:
        def one(path, config, bad):
            what = f"{path} {config}"
            metrics, summary, error = result(fixed(server, site.url + path, **config))
            equal(len(metrics), 1, f"metrics of {what}")
            labels = metrics[0]["metric"]
            equal(metrics[0]["name"], "response_time", what)
            equal(labels["url"], site.url, what)
            wrong = [name for name, value in labels.items()
                     if value == "false" or name == "error"]
            if bad != ["error"]:
                wrong = [name for name in wrong if name != "error"]
            else:
                wrong = [name for name in wrong if name != "expected_http_status"]
            if not (bad is GOOD and "error" in str(config)):
                equal(wrong, bad or [], f"labels of {what}: {labels}")
            equal(summary, f"{int(not bad)} of 1 answers were as required "
                  f"({0 if bad else 100}.00 %)", what)
            equal(error and error["status"], "failed" if bad else None, what)
        rows = list(ANSWERS)
        while rows:
            at_once([lambda row=row: one(*row) for row in rows[:10]])
            del rows[:10]


@test
def requests():
    """What is sent: method, body as it is, headers as given, nothing that nobody asked for"""
    with Server(ACTIONKIT) as server, Site() as site:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"):
            del site.seen[:]
            result(fixed(server, site.url.replace("//", "//user:secret@"), method=method,
                         body="sz\u00e4ne\n", headers=[
                             {"key": "Host", "value": "some.example"},
                             {"key": "X-Twice", "value": "1"}, {"key": "X-Twice", "value": "2"},
                             {"key": "X-Empty", "value": ""}]))
            [(command, _, headers, body)] = site.seen
            equal(command, method, "method")
            equal(body, b"" if method == "HEAD" else "sz\u00e4ne\n".encode(), f"body of {method}")
            for header in (("Host", "some.example"), ("X-Twice", "1"), ("X-Twice", "2"),
                           ("X-Empty", ""), ("Accept-Encoding", "gzip"),
                           ("Authorization", "Basic dXNlcjpzZWNyZXQ=")):
                check(header in headers, f"{method}: no {header} in {headers}")
            names = [name.lower() for name, _ in headers]
            for name in ("content-type", "expect"):
                check(name not in names, f"{method}: {name} in {headers}")


def unlike(secrets, texts):
    """None of the secrets is in one of the texts, which are there."""
    for what, text in texts.items():
        check(text, f"there is no {what}")
        for secret in secrets:
            check(secret not in text, f"{secret} is in the {what}: {text}")


@test
def secrets():
    """User, password, query, fragment and headers are sent, and told neither to agent nor log"""
    words = ("aUser", "aWord", "aKey", "aMark", "aToken")
    with Server(ACTIONKIT) as server, Site() as site:
        def url(base, query):
            return f"{base.replace('//', '//aUser:aWord@')}a/path?key=aKey{query}#aMark"

        def told(execution):
            """All that the agent hears of it, and the URL of its metrics."""
            execution.begun()
            metrics = []

            def seen():
                metrics.extend(execution.status().json().get("metrics") or [])
                return metrics
            wait_for(seen, "metrics")
            text = f"{execution.state} {metrics} {execution.stop().json()}"
            return text, {metric["metric"]["url"] for metric in metrics}

        def one(action, base, query, **config):
            text, urls = told(Execution(server, action, {
                **REQUIRED, "url": url(base, query), "duration": 5000,
                "headers": [{"key": "Token", "value": "aToken"}], **config}))
            equal(urls, {f"{base}a/path"}, f"url of {action} {query}")
            unlike(words, {f"replies of {action} {query}": text})

        silent = f"http://127.0.0.1:{closed_port()}/"
        at_once([lambda row=row: one(row[0], *row[1:3], **row[3]) for row in (
            (FIXED, site.url, "&body=x", {"numberOfRequests": 1}),
            (FIXED, site.url, "&status=500", {"numberOfRequests": 1, "failEarly": True}),
            (FIXED, silent, "", {"numberOfRequests": 1}),
            (FIXED, site.url, "&status=302&to=/%3Fkey=aKey",
             {"numberOfRequests": 1, "followRedirects": True}),
            (PERIODIC, site.url, "", {"requestsPerSecond": 10}),
            (BANDWIDTH, site.url, "&size=100000", {"maxConcurrent": 1, "minBandwidth": "1bit"}),
            (BANDWIDTH, silent, "", {"maxConcurrent": 1, "minBandwidth": "1bit"}))])
        check(any("key=aKey" in path and ("Token", "aToken") in headers
                  for _, path, headers, _ in site.seen), "they were not sent")
        # What cannot be requested does not say more.
        refused = [Execution(server, action, {
            **REQUIRED, "url": wrong, "duration": 5000, "numberOfRequests": 1,
            "requestsPerSecond": 1, "maxConcurrent": 1, "minBandwidth": "1bit"}).prepare()
            for action in (FIXED, BANDWIDTH)
            for wrong in (url("ftp://127.0.0.1/", ""), url("http://[::g]/", ""),
                          url("http://127.0.0.1:99999/", ""), "aUser:aWord@?aKey")]
        unlike(words, {"log": server.log(),
                       "refusals": " ".join(reply.failed()["title"] for reply in refused)})


@test
def refused():
    """What cannot be requested is refused by its name"""
    with Server(ACTIONKIT) as server:
        for config, words in (
                ({"url": "file:///etc/passwd"}, "only http: and https: are"),
                ({"url": "http://"}, "url: cannot be read"),
                ({"statusCode": "2xx"}, 'statusCode: "2xx" is not understood'),
                ({"statusCode": "99"}, "statusCode"), ({"statusCode": "600"}, "statusCode"),
                ({"statusCode": "300-200"}, "statusCode"), ({"statusCode": ";"}, "statusCode"),
                ({"numberOfRequests": 5001}, "more than one per millisecond"),
                ({"headers": [{"key": "A", "value": "b\r\nC: d"}]}, "line feeds"),
                ({"headers": [{"key": "A b", "value": "c"}]}, "no name of a header"),
                ({"body": "x" * 65530, "headers": [{"key": "A", "value": "b" * 100}]},
                 "more than 65536 bytes")):
            execution = fixed(server, **{"url": "http://127.0.0.1:1/", **config})
            contains(execution.prepare().failed()["title"], words, str(config))
        for config, words in (
                ({}, "minBandwidth or maxBandwidth"),
                ({"minBandwidth": "2mbit", "maxBandwidth": "1mbit"}, "minBandwidth: 2mbit")):
            execution = Execution(server, BANDWIDTH, {
                "url": "http://127.0.0.1:1/", "maxConcurrent": 1, "duration": 1000,
                "successRate": 100, **config})
            contains(execution.prepare().failed()["title"], words, str(config))


@contextlib.contextmanager
def fast_site():
    """An nginx that counts what it is asked: its URL, and a function with the count."""
    with tempfile.TemporaryDirectory(prefix="ak-site-") as folder:
        port = closed_port()
        with open(os.path.join(folder, "nginx.conf"), "w", encoding="ascii") as file:
            file.write(f"""daemon off; pid {folder}/pid; error_log {folder}/error;
events {{ worker_connections 1024; }}
http {{ access_log {folder}/log; server {{ listen 127.0.0.1:{port} backlog=1024;
location / {{ return 200 "hello"; }} }} }}
""")
        nginx = subprocess.Popen([NGINX, "-c", os.path.join(folder, "nginx.conf"),
                                  "-p", folder, "-e", "stderr"], stderr=subprocess.DEVNULL)

        def count():
            with open(os.path.join(folder, "log"), "rb") as log:
                return log.read().count(b"\n")
        try:
            wait_for(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, "nginx")
            yield f"http://127.0.0.1:{port}/", count
        finally:
            nginx.send_signal(signal.SIGTERM)
            nginx.wait()


@test
def rates():
    """1, 100 and 1000 requests a second, as the server counts them, within 1 percent"""
    def one(rate):
        with Server(ACTIONKIT) as server, fast_site() as (url, count):
            execution = periodic(server, url, rate, maxConcurrent=50).begun()
            wait_for(lambda: count() > 0, "the first")

            def is_right():
                begin_s, begin = time.monotonic(), count()
                time.sleep(RATES_S)
                asked, took_s = count() - begin, time.monotonic() - begin_s
                # One more or less may fall on either end.
                return abs(asked - rate * took_s) <= max(1.5, rate * took_s / 100)
            # What else this machine does may be in the way of both of them for a while.
            wait_for(is_right, f"{rate} requests a second within 1 percent")
            contains(execution.stop().json()["summary"]["text"], "100.00 %", "summary")
    at_once([lambda rate=rate: one(rate) for rate in (1, 100, 1000)])


@test
def too_slow():
    """A server that is slower than the rate: what is missed, and what is not sent, is told"""
    with Server(ACTIONKIT) as server, Site() as site:
        execution = periodic(server, site.url + "?wait=0.4", 20, maxConcurrent=2).begun()
        wait_for(lambda: execution.status().ok() and execution.state["missed"] > 5, "missed ones")
        reply = execution.stop().ok()
        contains(reply["summary"]["text"], "missed: too many were under way", "summary")
        equal(reply["summary"]["level"], "warning", "level")
        state = execution.state
        check(state["due"] >= state["success"] + state["missed"], f"counters {state}")
        _, summary, error = result(fixed(server, site.url + "?wait=0.4", 10, 1000,
                                         maxConcurrent=1))
        contains(summary, "2 of 2 answers were as required (100.00 %), 7 not sent in time, "
                          "1 cancelled at the end", "summary")
        equal(error, None, "error")


@test
def hanging():
    """A stop does not wait for requests that hang, and these are on neither side"""
    with Server(ACTIONKIT) as server, Site() as site:
        execution = periodic(server, site.url + "?wait=50", 10, readTimeout=60000).begun()
        wait_for(lambda: len(site.seen) > 2, "requests")
        begin_s = time.monotonic()
        reply = execution.stop()
        check(time.monotonic() - begin_s < STOP_S, "the stop waited")
        equal(reply.failed()["title"], "No request was answered", "title")
        contains(reply.json()["summary"]["text"], "cancelled at the end", "summary")
        equal(execution.stop().json()["error"]["title"], "No request was answered", "again")


@test
def unanswered():
    """No server, a certificate that nobody knows, a port that is closed; and that it is expected"""
    with Server(ACTIONKIT) as server, tempfile.TemporaryDirectory() as folder, Site() as site:
        refused_url = f"http://127.0.0.1:{closed_port()}/"
        metrics, _, error = result(fixed(server, refused_url))
        contains(metrics[0]["metric"]["error"], "connect", "label")
        equal(error["title"], "The success rate was 0.00 % (0 of 1), 100 % are required", "title")
        equal(result(fixed(server, refused_url, statusCode="error"))[2], None, "error")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
                        "-subj", "/CN=nobody.example", "-keyout", f"{folder}/key",
                        "-out", f"{folder}/cert"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/cert", f"{folder}/key")
        site.socket = context.wrap_socket(site.socket, server_side=True,
                                          do_handshake_on_connect=False)
        url = site.url.replace("http:", "https:")
        contains(result(fixed(server, url))[0][0]["metric"]["error"], "certificate", "label")
        equal(result(fixed(server, url, insecureSkipVerify=True))[2], None, "error")


@test
def rates_of_success():
    """The rate that is required: met, not met, shown with what is cut off, and lost early"""
    with Server(ACTIONKIT) as server, Site() as site:
        good = {"count": 0}

        def answer(handler):
            good["count"] += 1
            handler.path = "/" if good["count"] % 7 else "/?status=500"
            Handler.answer(handler)
        site.RequestHandlerClass = type("Seventh", (Handler,), {"do_GET": answer})
        for rate, fails in ((85, False), (86, True)):
            good["count"] = 0
            _, summary, error = result(fixed(server, site.url, 7, 700, successRate=rate,
                                             maxConcurrent=3))
            contains(summary, "6 of 7 answers were as required (85.71 %)", "summary")
            equal(bool(error), fails, f"verdict at {rate}")
        good["count"] = 6
        execution = periodic(server, site.url, 100, 100000, failEarly=True,
                                   successRate=100).begun()
        wait_for(lambda: execution.status().json()["completed"], "the end")
        contains(execution.stop().failed()["title"], "can no longer be reached: 1 of 10000",
                 "title")


@test
def survives():
    """Killed with everything: it asks nobody any more, and has errored"""
    with Server(ACTIONKIT) as server, Site() as site:
        execution = periodic(server, site.url, 100).begun()
        wait_for(lambda: len(site.seen) > 5, "requests")
        server.kill_all()
        count = len(site.seen)
        server.serve()
        wait_for(lambda: execution.status().json()["completed"], "completed")
        check(len(site.seen) <= count + 1, "it goes on")
        equal(execution.stop().failed()["title"], "The worker died", "title")
        never = fixed(server, site.url)
        never.prepare().ok()
        never.stop().ok()


def measured(server, url, seconds, **config):
    """A bandwidth check of so many seconds: its metrics, and its stop."""
    execution = Execution(server, BANDWIDTH, {
        "url": url, "maxConcurrent": 2, "duration": 60000, "successRate": 100, **config}).begun()
    metrics = []

    def seen():
        metrics.extend(execution.status().json().get("metrics") or [])
        return len(metrics) >= seconds
    wait_for(seen, "metrics")
    reply = execution.stop().json()
    return metrics[:seconds], reply


@test
def bandwidth():
    """Downloads at a rate that the server gives: as told, within bounds and outside of them"""
    with Server(ACTIONKIT) as server, Site() as site:
        url = f"{site.url}?rate={MBIT}&size={8 * MBIT}"     # 1 Mbit/s for each connection

        def one(bounds, good):
            metrics, reply = measured(server, url, 2, **bounds)
            for metric in metrics[1:]:
                check(1 < metric["value"] < 2.3, f"{metric}")
                equal(metric["metric"]["within_threshold"], str(good).lower(), f"{bounds}")
            equal(bool(reply.get("error")), not good, f"{bounds}: {reply}")

        def stall():
            """No pass of a minimum, and neither are errors of a maximum."""
            metrics, reply = measured(server, f"{site.url}?wait=50", 1, minBandwidth="1bit")
            equal(metrics[0]["value"], 0, "bandwidth of a stall")
            contains(reply["error"]["title"], "within its bounds in 0 of 1 seconds", "title")

        def errors():
            metrics, reply = measured(server, f"http://127.0.0.1:{closed_port()}/", 1,
                                      maxBandwidth="1mbit")
            equal(metrics[0]["metric"]["within_threshold"], "false", "of errors")
            contains(reply["error"]["title"], "Nothing was downloaded", "title")
            check(int(metrics[0]["metric"]["error_count"]) < 20, f"it spins: {metrics}")

        def other_answers():
            metrics, _ = measured(server, f"{site.url}?status=503&body=x", 1,
                                  minBandwidth="1kbit")
            contains(metrics[0]["metric"]["http_status"], "503 (", "answers")
            equal(metrics[0]["metric"]["expected_http_status"], "false", "answers")
        at_once([lambda: one({"minBandwidth": "1mbit", "maxBandwidth": "2500kbit"}, True),
                 lambda: one({"minBandwidth": "3mbit"}, False),
                 lambda: one({"maxBandwidth": "1mbit"}, False), stall, errors, other_answers])


main()
