#!/usr/bin/env python3
"""The socket's door: whatever is sent there, no process ends, and nobody is held up by it."""

import contextlib
import fcntl
import itertools
import random
import struct
import termios
import time

from fastcgi import (
    ABORT, BEGIN, Connection, DATA, GET_VALUES, PARAMS, STDIN, begin, fastcgi_request,
    name_value, parameters, record)
from harness import Later, PATIENCE_S, Server, check, equal, main, test, wait_for

RESPONDERS = 4
CROWD = 100
# What 100 others that stall may cost, one after the other: a moment each.
OUTAGE_MAX_S = 10
BIG = 2**31 - 1
GOOD_PATH = b"/nothing"
GOOD_STATUS = 404
GOOD = parameters(b"POST", GOOD_PATH, 5)
BODY = b"12345"
LENGTHS = struct.pack(">I", BIG | 1 << 31)
NAMES = b"".join(name_value(b"FCGI_MPXS_CONNS", b"") for _ in range(30))


def request_with(first=begin(), params=record(PARAMS, GOOD), last=record(PARAMS, b""),
                 body=record(STDIN, BODY), end=record(STDIN, b"")):
    return first + params + last + body + end


MANAGEMENT = {
    "GET_VALUES with 30 names": record(GET_VALUES, NAMES, request=0),
    "GET_VALUES": record(GET_VALUES, name_value(b"FCGI_MAX_CONNS", b""), request=0),
    "GET_VALUES without a name": record(GET_VALUES, b"", request=0),
    "unknown type": record(99, b"x" * 8, request=0),
    "unknown type of a request": record(99, b"x" * 8),
    "DATA": record(DATA, b"x" * 8),
    "a second request": begin(request=2),
    "the same again": begin(),
    "PARAMS of another": record(PARAMS, name_value(b"A", b"B"), request=2),
    "STDIN of another": record(STDIN, b"x", request=2),
    "the web server gives up": record(ABORT, b""),
    "version 0": record(PARAMS, b"", version=0),
    "version 2": record(STDIN, b"", version=2),
}
# What is none, whatever may come behind it.
FIRST = {
    **{name: data for name, data in MANAGEMENT.items() if name != "the same again"},
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "TLS": bytes.fromhex("1603010200010001fc0303") + bytes(range(200)),
    "zeros": bytes(64),
    "STDIN first": record(STDIN, BODY),
    "request 0": begin(request=0),
    "authorizer": begin(role=2),
    "filter": begin(role=3),
    "role 0": begin(role=0),
    "BEGIN_REQUEST of 7 bytes": record(BEGIN, b"\0\1\1\0\0\0\0"),
    "BEGIN_REQUEST of 9 bytes": record(BEGIN, b"\0\1\1\0\0\0\0\0\0"),
    "BEGIN_REQUEST of none": record(BEGIN, b""),
}
PARAMETERS = {
    "lengths that sum to 0": LENGTHS + LENGTHS,
    "a name above INT_MAX": LENGTHS + b"\1x",
    "a value above INT_MAX": b"\1" + LENGTHS + b"x",
    "a sum of 2 GiB": struct.pack(">II", 1 << 30 | 1 << 31, 1 << 30 | 1 << 31),
    "a value longer than what comes": b"\1\5A1234",
    "a name without a value": b"\1",
    "a length that is cut off": b"\x80\0",
    "a NUL in a name": name_value(b"A\0B", b"1"),
    "a NUL in a value": name_value(b"A", b"1\0"),
}


def table():
    """Names and bytes of what must not be answered."""
    for name, data in FIRST.items():
        yield name, data + request_with()
    for name, data in MANAGEMENT.items():
        yield f"{name}, behind BEGIN_REQUEST", request_with(first=begin() + data)
        yield f"{name}, behind PARAMS", request_with(params=record(PARAMS, GOOD) + data)
        if name != "STDIN of another":
            yield f"{name}, before STDIN", request_with(last=record(PARAMS, b"") + data)
        yield f"{name}, behind STDIN", request_with(body=record(STDIN, BODY) + data)
    for name, data in PARAMETERS.items():
        yield name, request_with(params=record(PARAMS, GOOD + data))
        yield f"{name}, alone", request_with(params=record(PARAMS, data))
    yield "PARAMS of 200 KiB", request_with(params=record(
        PARAMS, name_value(b"A", b"x" * 50000)) * 4)
    yield "STDIN without an end of PARAMS", request_with(last=b"")


@contextlib.contextmanager
def unharmed(server):
    """All responders are the same afterwards, and each request is answered."""
    before = sorted(server.wait_responders())
    yield
    equal(server.get("/").status, 200, "status afterwards")
    equal(sorted(server.responders()), before, "responders")


def send(connection, data):
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.socket.sendall(data)


@test
def what_is_no_request():
    """Records that no web server sends: the connection ends, unanswered; no process does"""
    with Server(responders=RESPONDERS) as server, unharmed(server):
        rows = 0
        for name, data in table():
            for kept in (False, True):
                connection = Connection(server)
                if kept:
                    equal(connection.ask(b"GET", b"/"), 200, f"{name}: status before")
                send(connection, data)
                try:
                    connection.wait_closed()
                except AssertionError as fault:
                    raise AssertionError(f"{name}, kept: {kept}: {fault}") from None
                rows += 1
        print(f"# {rows} rows")
        check("not a web server's request: a record of type 9 where 1 is due" in server.log(),
              "GET_VALUES is not in the log")


@test
def cut_off():
    """A request that ends anywhere, and noise: no process ends"""
    good = request_with()
    noise = random.Random(7)
    with Server(responders=RESPONDERS) as server, unharmed(server):
        for length in range(len(good)):
            connection = Connection(server)
            send(connection, good[:length])
            connection.socket.close()
        for _ in range(300):
            connection = Connection(server)
            data = bytearray(good)
            for _ in range(noise.randrange(1, 6)):
                data[noise.randrange(len(data))] = noise.randrange(256)
            send(connection, bytes(data))
            connection.socket.close()
        for what in ("during: ", "killing"):
            check(what not in server.log(), f"{what!r} is in the log")


@test
def odd_but_right():
    """Records of one byte, with padding, with any id, cut anywhere: it is a request"""
    def in_pieces(kind, data, **more):
        return b"".join(record(kind, bytes([byte]), **more) for byte in data)
    with Server(responders=1) as server, unharmed(server):
        connection = Connection(server)
        for more in ({}, {"padding": 255}, {"request": 65535}, {"request": 256, "padding": 7}):
            data = begin(**more) + in_pieces(PARAMS, GOOD, **more) + \
                record(PARAMS, b"", **more) + in_pieces(STDIN, BODY, **more) + \
                record(STDIN, b"", **more)
            connection.socket.sendall(data)
            equal(connection.answer(), GOOD_STATUS, f"status with {more}")
        for byte in request_with():
            connection.socket.sendall(bytes([byte]))
        equal(connection.answer(), GOOD_STATUS, "status of one byte after the other")
        short = b"\x0e\4REQUEST_METHODPOST\x0c\x08DOCUMENT_URI/nothing\0\0\1\0A"
        connection.socket.sendall(request_with(params=record(PARAMS, short)))
        equal(connection.answer(), GOOD_STATUS, "status with short lengths")
        many = GOOD + b"".join(name_value(b"HTTP_X_%d" % i, b"y" * 80) for i in range(1000))
        connection.socket.sendall(request_with(
            params=record(PARAMS, many[:60000]) + record(PARAMS, many[60000:])))
        equal(connection.answer(), GOOD_STATUS, "status with 1000 headers")


def crowd(server, data):
    """Many that send this, and nothing more."""
    connections = [Connection(server) for _ in range(CROWD)]
    for connection in connections:
        send(connection, data)
    return connections


def trickle(connection, over):
    """A request that comes for ever, one byte after the other."""
    with contextlib.suppress(OSError):
        connection.socket.sendall(begin())
        for byte in itertools.cycle(record(PARAMS, name_value(b"A", b"B"))):
            if over:
                return
            connection.socket.sendall(bytes([byte]))
            time.sleep(0.01)


@test
def stalls_hold_up_nobody():
    """Crowds that send nothing, half a request, or a byte now and then: others are served"""
    half_body = begin() + record(PARAMS, parameters(b"POST", GOOD_PATH, 9)) + \
        record(PARAMS, b"") + record(STDIN, BODY)
    kinds = {"nothing": b"", "half a header": b"\1\1\0", "BEGIN_REQUEST": begin(),
             "half of PARAMS": begin() + record(PARAMS, GOOD)[:20], "half a body": half_body}
    with Server(responders=RESPONDERS) as server, unharmed(server):
        for name, data in kinds.items():
            connections = crowd(server, data)
            waits = []
            for _ in range(10):
                began = time.monotonic()
                equal(server.get("/").status, 200, f"status beside {name}")
                waits.append(time.monotonic() - began)
            print(f"# {CROWD} that send {name}: longest wait {max(waits):.2f} s")
            check(max(waits) < OUTAGE_MAX_S, f"{name}: waits: {waits}")
            del connections
        over = []
        tricklers = [Later(trickle, Connection(server), over) for _ in range(2 * RESPONDERS)]
        waits = []
        for _ in range(20):
            began = time.monotonic()
            equal(Connection(server).ask(b"GET", b"/"), 200, "status beside tricklers")
            waits.append(time.monotonic() - began)
        over.append(True)
        for trickler in tricklers:
            trickler.result()
        print(f"# {2 * RESPONDERS} that trickle: longest wait {max(waits):.2f} s")
        check(max(waits) < OUTAGE_MAX_S, f"tricklers: waits: {waits}")


@test
def who_takes_too_long():
    """With nobody else: --body-timeout ends a pause, --request-timeout all of them together"""
    with Server(responders=1, body_timeout="1s", request_timeout="2s") as server, \
            unharmed(server):
        for data in (b"", begin(), begin() + record(PARAMS, GOOD) + record(PARAMS, b"")):
            connection = Connection(server)
            send(connection, data)
            took = connection.wait_closed()
            check(0.5 < took < 30, f"closed after {took} s")
        connection = Connection(server)
        began = time.monotonic()
        over = []
        trickler = Later(trickle, connection, over)
        connection.wait_closed()
        took = time.monotonic() - began
        over.append(True)
        trickler.result()
        check(1 < took < 30, f"closed after {took} s")
        check("(--request-timeout)" in server.log(), "the log does not say why")


def unread(connection):
    return struct.unpack("i", fcntl.ioctl(connection.socket, termios.FIONREAD, b"\0" * 4))[0]


@test
def who_takes_no_reply():
    """Replies that nobody reads fill the socket: the process goes on after --body-timeout"""
    with Server(responders=1, body_timeout="1s") as server, unharmed(server):
        connection = Connection(server)
        length = asked = 0
        while asked < 10000:
            try:
                connection.socket.sendall(fastcgi_request(b"GET", b"/"))
            except BrokenPipeError:
                break
            asked += 1
            before, length = length, None

            def more():
                nonlocal length
                length = unread(connection)
                return length > before or "a request is given up" in server.log()
            wait_for(more, "a reply, or the end", PATIENCE_S)
        check(0 < asked < 10000, f"{asked} replies were sent for nobody")


if __name__ == "__main__":
    main(workers=2)
