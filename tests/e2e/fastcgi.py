"""What the end-to-end tests say on the socket themselves, in the place of nginx."""

import socket
import struct
import time

from harness import PATIENCE_S, check, equal

# Types of records
BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, DATA, GET_VALUES = 1, 2, 3, 4, 5, 6, 8, 9
RESPONDER = 1
KEEP_CONNECTION = 1


def record(kind, content, request=1, version=1, padding=0):
    return struct.pack(">BBHHBx", version, kind, request, len(content), padding) + content + \
        bytes(padding)


def begin(role=RESPONDER, **more):
    return record(BEGIN, struct.pack(">HB5x", role, KEEP_CONNECTION), **more)


def name_value(name, value):
    def length(text):
        return struct.pack(">I", len(text) | 1 << 31)
    return length(name) + length(value) + name + value


def parameters(method, path, length=0, content_type=b"application/json"):
    return b"".join(name_value(*pair) for pair in (
        (b"REQUEST_METHOD", method), (b"DOCUMENT_URI", path),
        (b"CONTENT_TYPE", content_type), (b"CONTENT_LENGTH", str(length).encode())))


def fastcgi_request(method, path, body=b"", content_type=b"application/json"):
    return (begin() + record(PARAMS, parameters(method, path, len(body), content_type)) +
            record(PARAMS, b"") + (record(STDIN, body) if body else b"") +
            record(STDIN, b""))


class Connection:
    """As nginx has it: one that is kept."""

    def __init__(self, server):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(server.socket)

    def read(self, length):
        data = b""
        while len(data) < length:
            part = self.socket.recv(length - len(data))
            check(part, "the connection was closed in the middle of a reply")
            data += part
        return data

    def ask(self, *arguments, **keywords):
        """The status of the reply."""
        self.socket.sendall(fastcgi_request(*arguments, **keywords))
        return self.answer()

    def answer(self):
        output = b""
        while True:
            kind, length, padding = struct.unpack(">xBxxHBx", self.read(8))
            content = self.read(length + padding)[:length]
            if kind == END:
                return int(output.split(b"\r\n")[0].split()[1])
            if kind == STDOUT:
                output += content

    def wait_closed(self):
        """Until the other end has closed it, without another word; how long that took."""
        began = time.monotonic()
        try:
            equal(self.socket.recv(1), b"", "what comes before the end of the connection")
        except ConnectionResetError:
            pass    # what we sent was not read
        return time.monotonic() - began
