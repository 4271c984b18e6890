#!/usr/bin/env python3
"""Workers: the long-running body of an execution, what it tells, and how it ends."""

import contextlib
import os
import random
import signal
import sys

from harness import (EXTENSION, PATIENCE_S, Effect, Server, Skip, alive, boot_ms, check, command,
                     contains, equal, holds_lock, install, kill, kill_at_once, main, pids,
                     proc_read, proc_stat, proc_state, signals_are_clean, test, wait_for)

LABOUR = "org.actionkit.test.labour"
MEMORY_BYTES = 64 * 1024 * 1024
TELL_SECONDS = int(os.environ.get("TELL_SECONDS", "4"))


class Labour(Effect):
    """An execution with a worker."""

    def worker(self):
        """Its row of workers; None if there is none."""
        rows = self.server.query("SELECT * FROM workers WHERE execution = ?", self.id)
        return rows[0] if rows else None

    def wait_ended(self, timeout=PATIENCE_S):
        """Waits for the end of its worker; the row."""
        return wait_for(lambda: (self.worker() or {}).get("ended") and self.worker(),
                        "the end of the worker", timeout)

    def rounds(self):
        try:
            return os.path.getsize(os.path.join(self.server.effects, f"work-{self.id}"))
        except FileNotFoundError:
            return 0

    def wait_rounds(self, count):
        wait_for(lambda: self.rounds() >= count, f"{count} rounds")

    def keeper(self):
        return self.worker()["pid"]

    def body(self):
        """Pid of the process that runs work(): a child of the keeper."""
        found = self.members("ak-work")
        return found.pop() if found else None

    def members(self, *names):
        """Pids of all that lives of the worker's session, by one of these names or all."""
        session = self.worker()["pid"]
        return {pid for pid in pids() if proc_stat(pid)[3:4] == [str(session).encode()] and
                alive(pid) and
                (not names or proc_read(pid, "comm").decode().strip() in names)}

    def still(self):
        """Nothing of it lives, and nothing goes on."""
        equal(self.members(), set(), "members of its session")
        rounds = self.rounds()
        equal(self.rounds(), rounds, "rounds")

    def poll(self):
        """Status until it says completed; all replies."""
        replies = []

        def completed():
            replies.append(self.status().json())
            return replies[-1]["completed"]
        wait_for(completed, "completed")
        return replies


def labour(server, **knobs):
    """An execution that works."""
    execution = Labour(server, LABOUR, {"duration": 60000, "directory": server.effects, **knobs})
    execution.prepare().ok()
    execution.start().ok()
    return execution


def numbers(replies):
    """The numbers of the metrics in some replies, in order."""
    return [int(metric["metric"]["number"]) for reply in replies
            for metric in reply.get("metrics", [])]


def texts(reply):
    return [message["message"] for message in reply.get("messages", [])]


@test
def life():
    """It works after start, tells with the status, is ended before stop(), and tells the rest"""
    with Server() as server:
        execution = labour(server)
        execution.wait_rounds(5)
        replies = [execution.status().ok()]
        equal(replies[0]["completed"], False, "completed")
        contains(texts(replies[0]), "Working", "messages")
        execution.wait_rounds(execution.rounds() + 5)
        replies += [execution.status().ok(), execution.stop().ok()]
        said = numbers(replies)
        equal(said, list(range(len(said))), "metrics")
        equal(len(said), execution.rounds(), "metrics and rounds")
        contains(texts(replies[-1]), "Worked", "messages of stop")
        equal(texts(replies[-1])[-1], "Stopped", "the last of them")
        equal(execution.edges("start", "work", "stop"),
              [("start", "begin"), ("start", "end"), ("work", "begin"), ("work", "end"),
               ("stop", "begin"), ("stop", "end")], "order")
        equal(execution.notes("stop", "begin")[0].value, execution.rounds(),
              "the state that stop() got")
        equal(execution.worker()["ended"], "completed", "end")
        execution.still()
        check(not execution.exists(), "the effect is still there")


@test
def ends_by_itself():
    """How it ended is told when nothing else is left to be told, and again if that is lost"""
    for trouble, how, error in (
            ("return", "completed", None),
            ("fail", "errored", ("work() was told to fail", "errored")),
            ("failed", "failed", ("work() found what it was told to find", "failed"))):
        with Server() as server:
            execution = labour(server, trouble=trouble)
            equal(execution.wait_ended()["ended"], how, "row")
            replies = execution.poll()
            said = replies[-1].get("error")
            equal(said and (said["title"], said["status"]), error, f"error of {trouble}")
            equal(execution.status().json()["completed"], True, "completed again")
            equal(numbers(replies), [0, 1, 2], "metrics")
            stopped = execution.stop().json()
            said = stopped.get("error")
            equal(said and (said["title"], said["status"]), error, "error of stop")
            check(not execution.exists(), "the effect is still there")


@test
def dies():
    """One that dies is noted with how, its last words are told, and stop() undoes"""
    for trouble, title, signal_number, words in (
            ("abort", "The worker was killed by signal 6", 6, "about to abort"),
            ("exit", "The worker exited with status 7", None, None)):
        with Server() as server:
            execution = labour(server, trouble=trouble)
            row = execution.wait_ended()
            equal((row["ended"], row["signal"]), ("died", signal_number), "row")
            error = execution.poll()[-1]["error"]
            equal((error["title"], error["status"]), (title, "errored"), "error")
            contains(error.get("detail", ""), words or "", "detail")
            equal(execution.stop().failed()["title"], title, "error of stop")
            check(not execution.exists(), "the effect is still there")
            execution.still()


@contextlib.contextmanager
def little_memory(pid):
    """Puts a process into a cgroup that has little."""
    root = "/sys/fs/cgroup/memory"
    path = os.path.join(root, f"ak-test-{pid}")
    try:
        os.mkdir(path)
    except OSError as fault:
        raise Skip(f"memory cannot be limited: {fault}") from None
    try:
        for name, value in (("memory.limit_in_bytes", MEMORY_BYTES), ("cgroup.procs", pid)):
            with open(os.path.join(path, name), "w", encoding="ascii") as file:
                file.write(str(value))
        yield
    finally:
        wait_for(lambda: not alive(pid), "the end of who has little memory")
        wait_for(lambda: not os.path.exists(path) or not remove(path), "the end of its cgroup")


def remove(path):
    """Whether a cgroup cannot be removed yet."""
    try:
        os.rmdir(path)
    except OSError:
        return True
    return False


@test
def killed():
    """By whom it was killed is told: by a signal, or by the kernel for want of memory"""
    # One after the other: without cgroups of version 2 the kernel counts for the whole machine.
    with Server() as server:
        execution = labour(server, trouble="kill")
        row = execution.wait_ended()
        equal((row["ended"], row["signal"], row["oom"]), ("died", 9, 0), "row")
        equal(execution.poll()[-1]["error"]["title"], "The worker was killed by signal 9",
              "error")
        execution.stop()
        check(not execution.exists(), "the effect is still there")
    with Server() as server:
        execution = labour(server, trouble="eat", trouble_round=50)
        with little_memory(wait_for(execution.body, "the body")):
            row = execution.wait_ended()
        equal((row["ended"], row["signal"], row["oom"]), ("died", 9, 1), "row")
        equal(execution.poll()[-1]["error"]["title"],
              "The worker was killed for want of memory", "error")
        execution.stop()
        check(not execution.exists(), "the effect is still there")


@test
def stubborn():
    """One that does not end when it is told to is killed, with all that it has begun"""
    for trouble in ("stubborn", "child", "session", "closed", "grandchild"):
        with Server(stop_timeout="3s") as server:
            execution = labour(server, trouble=trouble)
            execution.wait_rounds(3)
            if trouble != "stubborn":
                execution.wait_rounds(5)
            everyone = set(server.processes())
            since = boot_ms()
            execution.stop().ok()
            check(boot_ms() - since < 5000, "stop took too long")
            equal({pid for pid in server.processes() if pid in everyone and
                   b"work" in proc_read(pid, "comm")}, set(), f"left of {trouble}")
            execution.still()
            check(not execution.exists(), "the effect is still there")


@test
def ends_and_leaves_a_child():
    """What work() has forked does not outlive it"""
    with Server() as server:
        execution = labour(server, trouble="child_return")
        equal(execution.wait_ended()["ended"], "completed", "end")
        wait_for(lambda: not execution.members() and not server.named("ak-work"),
                 "the end of the child")
        execution.stop().ok()


@test
def spawned_is_clean():
    """What work() executes without fork() has no signal blocked or ignored"""
    with Server() as server:
        execution = labour(server, trouble="spawn")
        signals_are_clean(server, "work()")
        execution.stop().ok()


@test
def keeper_killed():
    """The body dies with its keeper; what that has begun is killed by the stop"""
    for trouble in ("", "child", "session", "grandchild"):
        with Server(stop_timeout="3s") as server:
            execution = labour(server, trouble=trouble)
            execution.wait_rounds(5)
            kill(execution.keeper())
            wait_for(lambda: execution.rounds() and not alive(execution.keeper()),
                     "the end of the keeper")
            if not trouble:
                equal(execution.wait_ended()["ended"], "died", "row")
                equal(execution.poll()[-1]["error"]["title"], "The worker died", "error")
            reply = execution.stop()
            check(reply.status == 200, f"{reply!r}")
            equal(server.named("ak-work", "ak-worker"), set(), f"left of {trouble}")
            check(not execution.exists(), "the effect is still there")


@test
def stopped_by_signal():
    """A keeper, or a body, that stands still is killed"""
    for which in ("keeper", "body"):
        with Server(stop_timeout="3s") as server:
            execution = labour(server)
            execution.wait_rounds(5)
            kill(getattr(execution, which)(), signal.SIGSTOP)
            execution.stop().ok()
            execution.still()


@test
def lost_replies():
    """A reply that is lost is told again, and nothing twice to who has it"""
    with Server() as server:
        execution = labour(server, pause=5, metrics=10)
        kept = []
        for turn in range(60):
            state = execution.state
            reply = execution.status().ok()
            if turn % 3 == 0:
                execution.state = state     # as if it had not come
            else:
                kept.append(reply)
        kept.append(execution.stop().ok())
        said = numbers(kept)
        equal(said, list(range(10 * execution.rounds())), "metrics")


@test
def thousand_metrics_a_second():
    """1000 metrics a second, and a third of the replies is lost: none twice, none missing"""
    chance = random.Random(TELL_SECONDS)
    with Server() as server:
        execution = labour(server, pause=9, metrics=11)
        began, kept, lost = boot_ms(), [], 0
        while boot_ms() - began < 1000 * TELL_SECONDS:
            state = execution.state
            reply = execution.status().ok()
            if chance.randrange(3) == 0:
                execution.state = state
                lost += 1
            else:
                kept.append(reply)
        took_s = (boot_ms() - began) / 1000
        kept.append(execution.stop().ok())
        said = numbers(kept)
        equal(said, list(range(11 * execution.rounds())), "metrics")
        check(len(said) > 700 * took_s, f"only {len(said)} metrics in {took_s} s")
        check(lost > 0, "no reply was lost")
        print(f"# {len(said)} metrics in {took_s:.1f} s, {len(kept)} replies, and {lost} lost")


@test
def without_the_member():
    """Who does not send the state back gets nothing twice"""
    with Server() as server:
        execution = labour(server, pause=5, metrics=10)
        replies = []
        while execution.rounds() < 50:
            replies.append(server.post(f"/{LABOUR}/status",
                                       {"executionId": execution.id, "state": {}}).ok())
        execution.state = {}
        replies.append(execution.stop().ok())
        said = numbers(replies)
        equal(said, list(range(10 * execution.rounds())), "metrics")


@test
def state_is_the_workers():
    """What status() changes is dropped; the reply has what the worker saved"""
    with Server() as server:
        execution = labour(server, meddles=True)
        execution.wait_rounds(3)
        state = execution.status().ok()["state"]
        check(state["rounds"] >= 3, f"rounds: {state}")
        execution.stop().ok()
        equal(execution.notes("stop", "begin")[0].value, execution.rounds(), "state of stop()")


@test
def verdict():
    """stop() may say that the action has failed although it has stopped; it is told again"""
    with Server() as server:
        execution = labour(server, verdict=True)
        execution.wait_rounds(3)
        error = execution.stop().failed()
        contains(error["title"], "rounds", "verdict")
        equal(error["status"], "failed", "status")
        equal(execution.phase(), "stopped", "phase")
        equal(execution.stop().failed(), error, "the same again")


@test
def too_many():
    """More than --workers are refused, and nothing of them is left"""
    with Server(workers=2) as server:
        first, second = labour(server), labour(server)
        third = Labour(server, LABOUR, {"duration": 60000, "directory": server.effects})
        third.prepare().ok()
        third.start().refused(503, "--workers")
        check(not third.exists(), "its start ran")
        first.stop().ok()
        third.start().ok()
        for execution in (second, third):
            execution.stop().ok()


@test
def start_fails():
    """No worker begins where start() fails"""
    with Server() as server:
        execution = Labour(server, LABOUR, {"duration": 60000, "directory": server.effects,
                                            "trouble": "start"})
        execution.prepare().ok()
        execution.start().failed()
        equal(execution.worker(), None, "row")
        execution.stop().ok()
        equal(execution.notes("work"), [], "calls of work()")


@test
def server_dies():
    """The worker outlives responders, reapers and supervisor; the next server goes on"""
    with Server() as server:
        execution = labour(server)
        execution.wait_rounds(3)
        servers = server.processes()
        kill_at_once([pid for pid in servers if pid not in execution.members()])
        server.process.wait()
        execution.wait_rounds(execution.rounds() + 5)
        server.serve()
        replies = [execution.status().ok(), execution.stop().ok()]
        equal(numbers(replies), list(range(execution.rounds())), "metrics")
        execution.still()


@test
def upgrade():
    """HUP with another program: a worker goes on with its own; the new server stops it"""
    with Server(serve=False) as server:
        server.program = os.path.join(server.dir, "program")
        install(server.program, EXTENSION)
        server.serve()
        execution = labour(server)
        execution.wait_rounds(3)
        everyone = execution.members()
        before = server.wait_responders()
        install(server.program, EXTENSION, "another build")
        server.signal(signal.SIGHUP)
        wait_for(lambda: len(server.responders()) == 4 and
                 not set(server.responders()) & set(before), "the new responders")
        replies = [execution.status().ok()]
        execution.wait_rounds(execution.rounds() + 5)
        equal(execution.members(), everyone, "the worker's processes")
        replies.append(execution.stop().ok())
        equal(numbers(replies), list(range(execution.rounds())), "metrics")
        execution.still()


@test
def all_dies():
    """Killed with its server, it has died, and its effect is undone"""
    with Server() as server:
        execution = labour(server, trouble="session")
        execution.wait_rounds(5)
        server.kill_all()
        server.serve()
        equal(execution.wait_ended()["ended"], "died", "row")
        equal(execution.poll()[-1]["error"]["title"], "The worker died", "error")
        execution.stop()
        check(not execution.exists(), "the effect is still there")


@test
def no_server():
    """Where no server comes back in the grace period, it ends by itself"""
    with Server(grace="1s") as server:
        execution = labour(server)
        execution.wait_rounds(3)
        kill_at_once([pid for pid in server.processes() if pid not in execution.members()])
        server.process.wait()
        row = execution.wait_ended(timeout=30)
        equal(row["ended"], "died", "row")
        contains(row["error"], "no server", "error")
        wait_for(lambda: not execution.members(), "its end")
        server.serve()
        execution.stop()
        check(not execution.exists(), "the effect is still there")


@test
def recover():
    """actionkit recover ends workers, too"""
    with Server() as server:
        execution = labour(server, trouble="session")
        execution.wait_rounds(5)
        kill_at_once([pid for pid in server.processes() if pid not in execution.members() and
                      proc_read(pid, "comm").strip() != b"ak-work"])
        server.process.wait()
        command("recover", server=server)
        equal(execution.phase(), "stopped", "phase")
        check(not execution.exists(), "the effect is still there")
        equal(server.processes(), [], "what lives")


@test
def database_lost():
    """Where the database is lost a stop still ends the worker, by its byte"""
    with Server(unclean=True) as server:
        execution = labour(server)
        execution.wait_rounds(3)
        keeper = execution.keeper()
        kill_at_once([pid for pid in server.processes() if pid not in execution.members()])
        server.process.wait()
        for suffix in ("", "-wal", "-shm"):
            os.unlink(server.database + suffix)
        server.serve(ready=False)
        wait_for(lambda: server.get("/health/liveness").status == 200, "the server")
        execution.stop()
        check(not alive(keeper), "the worker lives")
        check(not execution.exists(), "the effect is still there")


@test
def stopped_in_a_commit():
    """A body that stands still in a transaction is killed, so that others can commit"""
    with Server(stop_timeout="20s") as server:
        execution = labour(server, pause=1, metrics=100)
        execution.wait_rounds(3)
        gate = os.path.join(server.state_dir, "gate.lock")

        def caught():
            body = execution.body()
            kill(body, signal.SIGSTOP)
            wait_for(lambda: proc_state(body) == "T", "the body to stand still")
            if holds_lock(body, gate):
                return True
            kill(body, signal.SIGCONT)
            return False
        wait_for(caught, "a body that stands still in a transaction")
        other = wait_for(lambda: (life := server.effect()).prepare().status == 200 and life,
                         "a commit of others", timeout=30)
        other.start().ok()
        contains(server.log(), "a worker that stands still in a transaction is killed", "log")
        equal(execution.wait_ended()["signal"], 9, "signal")
        execution.stop()
        check(not execution.exists(), "the effect is still there")
        execution.still()


@test
def other_boot():
    """A worker of another boot has died with the machine"""
    with Server() as server:
        execution = labour(server)
        execution.wait_rounds(3)
        server.kill_all()
        server.write("UPDATE workers SET boot_id = 'another'")
        server.serve()
        error = execution.poll()[-1]["error"]
        equal((error["title"], error["detail"]),
              ("The worker died", "the machine was restarted"), "error")
        execution.stop()
        check(not execution.exists(), "the effect is still there")


@test
def gate_is_held():
    """What is told while nobody can commit waits, and beyond 1 MiB is counted"""
    rounds, metrics = 120, 200
    with Server() as server:
        execution = labour(server, pause=5, metrics=metrics, progress=False, trouble="return",
                           trouble_round=rounds)
        execution.wait_rounds(3)
        with server.gate_held():
            execution.wait_rounds(rounds)
            contains(server.log(), "told waits", "log")
        execution.wait_ended()
        lost = execution.worker()["lost"]
        check(lost > 0, "nothing is lost")
        replies = execution.poll()
        contains([text for reply in replies for text in texts(reply)],
                 f"{lost} messages, metrics and files of the worker were lost: "
                 "it told more than could be kept", "messages")
        said = numbers(replies)
        equal(said, sorted(set(said)), "metrics")
        # A message may be among what was lost.
        check(rounds * metrics - lost <= len(said) <= rounds * metrics - lost + 1,
              f"{len(said)} told, {lost} lost")
        execution.stop().ok()


@test
def ends_while_the_gate_is_held():
    """How it ended is written as soon as that is possible"""
    for trouble, how in (("return", "completed"), ("kill", "died")):
        with Server() as server:
            execution = labour(server, trouble=trouble, trouble_round=20,
                               progress=False)
            with server.gate_held():
                wait_for(lambda: execution.rounds() >= 20 or "waits" in server.log() or
                         not execution.body(), "its last round")
                equal(execution.worker()["ended"], None, "row")
            equal(execution.wait_ended()["ended"], how, "row")
            execution.stop()
            check(not execution.exists(), "the effect is still there")


@contextlib.contextmanager
def delegated_cgroup():
    """A cgroup as systemd makes one for a service with Delegate=yes."""
    with open("/proc/self/mountinfo", encoding="ascii") as file:
        mounts = [line.split()[4] for line in file if " - cgroup2 " in line]
    if not mounts:
        raise Skip("there are no cgroups of version 2")
    path = os.path.join(mounts[0], f"ak-test-{os.getpid()}")
    try:
        os.mkdir(path)
        os.setxattr(path, "trusted.delegate", b"1")
    except OSError as fault:
        raise Skip(f"no cgroup can be made: {fault}") from None
    try:
        yield path
    finally:
        wait_for(lambda: not cgroup_has(path), "the end of all in the cgroup")
        for name in os.listdir(path):
            if os.path.isdir(os.path.join(path, name)):
                os.rmdir(os.path.join(path, name))
        os.rmdir(path)


def cgroup_has(path):
    with open(os.path.join(path, "cgroup.procs"), encoding="ascii") as file:
        return file.read().split()


@test
def nobody_escapes_from_a_cgroup():
    """Where the service's cgroup may be divided, even who hides from everything is killed"""
    with delegated_cgroup() as path:
        def enter():
            with open(os.path.join(path, "cgroup.procs"), "w", encoding="ascii") as file:
                file.write("0")
        for victim in (None, "keeper", "body"):
            with Server(before=enter, stop_timeout="3s") as server:
                execution = labour(server, trouble="escape")
                execution.wait_rounds(5)
                own = execution.worker()["cgroup"]
                equal(own, f"{path}/ak-{execution.id}", "its cgroup")
                everyone = cgroup_has(own)
                equal(len(everyone), 2, "body and who hides")
                if victim:
                    kill(getattr(execution, victim)())
                execution.stop()
                equal(execution.phase(), "stopped", "phase")
                check(not any(alive(int(pid)) for pid in everyone), "somebody lives")
                check(not os.path.exists(own), "the cgroup is left")
                check(not execution.exists(), "the effect is still there")


@test
def told_to_operators():
    """The views say in words what works, and what it told last"""
    with Server() as server:
        execution = labour(server)
        execution.wait_rounds(3)
        wait_for(lambda: execution.worker()["told"], "what it told")
        row, = server.query("SELECT * FROM active WHERE id = ?", execution.id)
        contains(row["what"], f"works in process {execution.keeper()} since", "active")
        equal(row["worker_told"], "Working", "what it told last")
        words = f"works in process {execution.keeper()} since"
        shown = command("show", execution.id, server=server).out
        contains(shown, words, "show")
        contains(shown, "told Working", "show")
        one, = command("status", "--json", server=server).json()["workers"]
        equal((one["execution"], one["told"]), (execution.id, "Working"), "status --json")
        contains(command("status", server=server).out, words, "status")
        execution.stop().ok()
        contains(command("show", execution.id, server=server).out, "its worker completed",
                 "show")
        equal(command("status", "--json", server=server).json()["workers"], [], "status")
        row, = server.query("SELECT * FROM history WHERE id = ?", execution.id)
        contains(row["worker"], "its worker completed", "history")


@test
def told_to_who_runs_it():
    """actionkit run tells what a worker tells"""
    with Server() as server:
        shown = command("run", LABOUR, "--set", f"directory={server.effects}",
                        "--set", "duration=2s", "--set", "trouble=return", server=server).out
        for word in ("Working", "Worked", "Stopped"):
            contains(shown, word, "run")


main()
