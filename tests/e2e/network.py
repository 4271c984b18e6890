"""Two networks with a wire between them: a server acts on the one, probes see it from the other."""

import contextlib
import json
import os
import shutil
import subprocess
import sys

from harness import ACTIONKIT, Server, Skip, Victim, check, proc_read, wait_for

HERE = ("10.77.0.1", "fd77::1")
THERE = ("10.77.0.2", "fd77::2")
DEVICE = "wire0"

# A peer: answers datagrams and connections on any port that it is told, with what it got.
PEER = """
import socket, sys, threading
def udp(s):
    while True:
        data, sender = s.recvfrom(2048)
        s.sendto(data, sender)
def talk(c):
    try:
        while data := c.recv(65536):
            c.sendall(data)
    except OSError:
        pass
def tcp(s):
    while True:
        threading.Thread(target=talk, args=(s.accept()[0],), daemon=True).start()
for port in map(int, sys.argv[1:]):
    for kind, serve in ((socket.SOCK_DGRAM, udp), (socket.SOCK_STREAM, tcp)):
        s = socket.socket(socket.AF_INET6, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        s.bind(("::", port))
        if kind == socket.SOCK_STREAM:
            s.listen(100)
        threading.Thread(target=serve, args=(s,), daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
"""

# A probe: {"address", "port", "count", "kind"} on standard input, what came of it as JSON.
PROBE = """
import json, select, socket, sys, time
asked = json.loads(sys.stdin.readline())
family = socket.AF_INET6 if ":" in asked["address"] else socket.AF_INET
there = (asked["address"], asked["port"])
def datagrams():
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.connect(there)
    s.setblocking(False)
    sent, times = {}, []
    def take(wait_s):
        while select.select([s], [], [], wait_s)[0]:
            try:
                number = int(s.recv(2048)[:8])
            except OSError:
                return
            times.append(1000 * (time.monotonic() - sent[number]))
            if len(times) == asked["count"]:
                return
    for number in range(asked["count"]):
        sent[number] = time.monotonic()
        try:
            s.send((b"%08d" % number).ljust(asked.get("size", 8), b"x"))
        except OSError:
            pass
        take(asked.get("pace", 0))
    end = time.monotonic() + asked.get("wait", 0.5)
    while len(times) < asked["count"] and (left := end - time.monotonic()) > 0:
        take(min(left, 0.05))
    return {"arrived": len(times), "mean_ms": sum(times) / len(times) if times else None}
def connection():
    s = socket.socket(family)
    s.settimeout(asked.get("wait", 0.5))
    begin = time.monotonic()
    try:
        s.connect(there)
        connected = time.monotonic()
        s.sendall(b"x")
        s.recv(1)
    except OSError as fault:
        return {"error": type(fault).__name__}
    return {"connect_ms": 1000 * (connected - begin),
            "answer_ms": 1000 * (time.monotonic() - connected)}
def stream():
    s = socket.socket(family)
    s.connect(there)
    sent = got = 0
    begin = time.monotonic()
    s.setblocking(False)
    while got < asked["count"]:
        r, w, _ = select.select([s], [s] if sent < asked["count"] else [], [], 30)
        if w:
            sent += s.send(b"x" * min(65536, asked["count"] - sent))
        if r:
            got += len(s.recv(1 << 20))
    return {"bits": asked["count"] * 8 / (time.monotonic() - begin)}
def talk():
    # One connection: a word for each line that comes, until the end of the input.
    s = socket.socket(family)
    s.connect(there)
    print("connected", flush=True)
    for number, line in enumerate(sys.stdin):
        begin = time.monotonic()
        s.settimeout(float(line))
        word = bytes([number % 256])    # what was lost before comes back before it
        try:
            s.sendall(word)
            while not s.recv(4096).endswith(word):
                pass
            print(1000 * (time.monotonic() - begin), flush=True)
        except OSError as fault:
            print(type(fault).__name__, flush=True)
if asked["kind"] == "talk":
    talk()
    sys.exit()
json.dump({"datagrams": datagrams, "connection": connection, "stream": stream}[asked["kind"]](),
          sys.stdout)
"""


def require():
    """Skips the tests where there can be no such networks."""
    if os.geteuid() != 0 or not all(shutil.which(name) for name in ("nft", "tc", "ip")):
        raise Skip("needs root, nft, tc and ip")
    if subprocess.run(["unshare", "-n", "nft", "-f", "-"], check=False, capture_output=True,
                      input=b"table netdev t {\nchain c {\ntype filter hook egress "
                            b"devices = { lo } priority 0;\n}\n}\n").returncode:
        raise Skip("nothing can be done at egress here")


class Connection:
    """One of TCP that stays: what comes of it when it is used, again and again."""

    def __init__(self, net, address, port):
        self.process = subprocess.Popen([*net.enter, sys.executable, "-c", PROBE], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.say(json.dumps({"kind": "talk", "address": address, "port": port}))
        check(self.process.stdout.readline() == "connected\n", "no connection")

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def answer(self, wait=0.3):
        """Milliseconds to the answer, or the name of what has happened instead."""
        self.say(str(wait))
        said = self.process.stdout.readline().strip()
        return said if said[:1].isalpha() else float(said)

    def __enter__(self):
        return self

    def __exit__(self, *fault):
        self.process.kill()
        self.process.communicate()


class Net:
    """A network of its own, as long as its holder lives."""

    def __init__(self):
        self.holder = Victim("unshare", "-n", "sleep", "600")
        wait_for(lambda: proc_read(self.holder.pid, "comm").strip() == b"sleep", "a network")
        self.enter = ["nsenter", "-t", str(self.holder.pid), "-n"]

    def run(self, *command, text=None):
        done = subprocess.run([*self.enter, *command], check=False, capture_output=True,
                              text=True, input=text)
        check(done.returncode == 0, f"{command}: {done.stderr}")
        return done.stdout

    def close(self):
        self.holder.close()

    def connect(self, device, addresses, other, other_device, other_addresses):
        """A wire to another net; addresses are with their lengths."""
        self.run("ip", "link", "add", device, "type", "veth", "peer", "name", other_device)
        self.run("ip", "link", "set", other_device, "netns", str(other.holder.pid))
        for net, name, own in ((self, device, addresses), (other, other_device, other_addresses)):
            for address in own:
                net.run("ip", "addr", "add", address, "dev", name,
                        *(["nodad"] if ":" in address else []))
            for link in (name, "lo"):
                net.run("ip", "link", "set", link, "up")

    def peer(self, closers, ports):
        """One that answers at these ports, until the stack is closed."""
        peer = subprocess.Popen([*self.enter, sys.executable, "-c", PEER, *map(str, ports)],
                                stdout=subprocess.PIPE)
        closers.callback(lambda: (peer.kill(), peer.wait()))
        check(peer.stdout.readline() == b"ready\n", "no peer")

    def everything(self):
        """All that can be seen of its rules, queues, filters and links, without counters."""
        links = [link["ifname"] for link in json.loads(self.run("ip", "-j", "link"))]
        seen = [self.run("nft", "list", "ruleset"), self.run("ip", "-j", "link"),
                self.run("tc", "-j", "qdisc"), self.run("ip", "-j", "route"),
                self.run("ip", "-j", "rule")]
        for link in links:
            for side in ("egress", "ingress"):
                seen.append(self.run("sh", "-c", f"tc -j filter show dev {link} {side} || :"))
        return "\n".join(seen)


# What /sys shows is of the network in which it was mounted.
IN_SYS = ["unshare", "-m", "--propagation", "private", "sh", "-ec",
          'mount -t sysfs sys /sys; exec "$@"', "sh"]
WIRE = f'''ip link add {DEVICE} type veth peer name wire1
ip link set {DEVICE} up
ip link set wire1 up
exec "$@"'''


class NetServer(Server):
    """A server in a network of its own, which lasts as long as one of its processes."""

    def __init__(self, action, **options):
        super().__init__(ACTIONKIT, enable_action=action, prefix=[
            "unshare", "-n", *IN_SYS, "sh", "-ec", WIRE, "sh"], **options)

    def left(self):
        """Tables, devices and filters that are there, as lines."""
        script = (f"nft list tables; ip -o link show type ifb; "
                  f"tc filter show dev {DEVICE} egress; tc qdisc show dev {DEVICE} clsact")
        return subprocess.run(["nsenter", "-t", str(self.process.pid), "-n", "sh", "-c", script],
                              check=False, capture_output=True, text=True).stdout.splitlines()


class Wire:
    """The two networks; here has the server, and each can ask the other.

    setup are commands that are run here before; replaced has programs for the server instead of
    those of the system.
    """

    def __init__(self, *actions, ports=(7001, 7002), setup=(), replaced=None, **options):
        self.closers = contextlib.ExitStack()
        try:
            self.here, self.there = Net(), Net()
            self.closers.callback(self.here.close)
            self.closers.callback(self.there.close)
            self.here.connect(DEVICE, (f"{HERE[0]}/24", f"{HERE[1]}/64"), self.there, "wire1",
                              (f"{THERE[0]}/24", f"{THERE[1]}/64"))
            for command in setup:
                self.here.run("sh", "-ec", command)
            for net in (self.here, self.there):
                net.peer(self.closers, ports)
            self.server = self.closers.enter_context(Server(
                ACTIONKIT, prefix=[*self.here.enter, *IN_SYS, *self.binding(replaced or {})],
                environment={"ACTIONKIT_ENABLE_ACTION": ",".join(actions)}, **options))
        except BaseException:
            self.closers.close()
            raise

    @staticmethod
    def binding(replaced):
        """A command that mounts files over others, and executes the rest."""
        mounts = [f"mount --bind {file} {os.path.realpath(shutil.which(name))}"
                  for name, file in replaced.items()]
        return ["sh", "-ec", "\n".join([*mounts, 'exec "$@"']), "sh"]

    def __enter__(self):
        return self

    def __exit__(self, *fault):
        return self.closers.__exit__(*fault)

    def probe(self, kind, address=THERE[0], port=7001, net=None, **more):
        asked = {"kind": kind, "address": address, "port": port, "count": 100, **more}
        return json.loads((net or self.here).run(sys.executable, "-c", PROBE,
                                                 text=json.dumps(asked)))

    def arrived(self, address=THERE[0], port=7001, count=100, **more):
        """How many of so many datagrams come back."""
        return self.probe("datagrams", address, port, count=count, **more)["arrived"]
