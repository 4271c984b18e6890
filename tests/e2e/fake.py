"""A fake extension in Python, for what neither this server nor the Go SDK's does."""

import http.server
import json
import socketserver
import threading

from harness import command

FAKE = "org.example.fake"
EVERY_TYPE = [
    {"name": "duration", "type": "duration", "defaultValue": "300ms"},
    {"name": "text", "type": "string"}, {"name": "area", "type": "textarea"},
    {"name": "count", "type": "integer"}, {"name": "share", "type": "percentage"},
    {"name": "workers", "type": "stressng-workers", "defaultValue": "0"},
    {"name": "flag", "type": "boolean"}, {"name": "list", "type": "string_array"},
    {"name": "other", "type": "string[]", "defaultValue": "[\"x\", \"y\"]"},
    {"name": "pairs", "type": "key_value"}, {"name": "rate", "type": "bitrate"},
    {"name": "file", "type": "file"}, {"name": "line", "type": "separator"},
]


class Fake:
    """An extension that keeps what it is asked, and answers as the test says.

    A result is the object of a reply, or its bytes, or a function of the handler that answers.
    """

    def __init__(self, results=None, refuse=None, unix=None, **changes):
        self.changes = changes          # of the description
        self.requests = []
        self.index = {"actions": [{"method": "GET", "path": "/fake"}]}
        self.results = results or {}
        self.refuse = dict(refuse or {})    # how often an endpoint says 503
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, status, value, headers=()):
                body = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                for name, text in headers:
                    self.send_header(name, text)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                value = fake.index if self.path == "/" else fake.description()
                if callable(value):
                    value(self)
                else:
                    self.answer(200, value)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                verb = self.path.rpartition("/")[2]
                fake.requests.append((verb, self.headers, body))
                if fake.refuse.get(verb, 0) > 0:
                    fake.refuse[verb] -= 1
                    self.answer(503, {"title": "busy"}, [("Retry-After", "1")])
                elif callable(fake.results.get(verb)):
                    fake.results[verb](self)
                else:
                    self.answer(200, fake.results.get(verb, {}))

            do_PUT = do_POST

            def log_message(self, *_):
                pass

            def address_string(self):
                return "fake"

        if unix:
            self.server = socketserver.ThreadingUnixStreamServer(unix, Handler)
        else:
            self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.server.daemon_threads = True

    def description(self):
        return {"id": FAKE, "label": "Fake", "timeControl": "external",
                "kind": "attack", "version": "1", "description": "",
                "parameters": [{"label": one["name"], **one} for one in EVERY_TYPE],
                **{verb: {"method": "post", "path": f"/fake/{verb}"}
                   for verb in ("prepare", "start", "stop")}, **self.changes}

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *fault):
        self.server.shutdown()
        self.server.server_close()

    def run(self, *arguments, status=0, **options):
        return command("run", FAKE, "--url", self.url, *arguments, status=status, **options)

    def body(self, verb):
        return json.loads(next(body for name, _, body in self.requests if name == verb))
