#!/usr/bin/env python3
"""Upgrades and mistakes: what cannot serve never replaces what does, and never leaves nobody.

The programs are those of the crash tests: the second one has a migration more.
"""

import contextlib
import fcntl
import os
import re
import shlex
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../crash"))

from crash import ACTION, ACTION_NEXT, started  # noqa: E402
from harness import (  # noqa: E402
    ACTIONKIT, EX_CONFIG, EXTENSION, PATIENCE_S, TOP_SRCDIR, Server, Victim, alive, check,
    clean_environment, command, contains, equal, install, kill, main, nobodys_server, paused,
    proc_read, server_on, small_disk, test, wait_for)

EX_USAGE = 64
DISK_BYTES = 24 * 1024 * 1024
UNIT = "packaging/actionkit.service.in"
REFUSED = "the program does not pass its test"


def replaceable(program, **options):
    """A server that is not started yet, whose program can be replaced."""
    server = Server(program, serve=False, **options)
    server.program = os.path.join(server.dir, "program")
    install(server.program, program)
    return server


def told(server, *texts):
    """What the log says, once it has all of texts."""
    wait_for(lambda: all(text in server.log() for text in texts), f"{texts} in the log")


def hup_refused(server, *reasons):
    """HUP: the log says why not, and all processes go on."""
    before, refusals = sorted(server.responders()), server.log().count(REFUSED)
    server.signal(signal.SIGHUP)
    wait_for(lambda: server.log().count(REFUSED) > refusals, "a refusal in the log")
    for reason in reasons:
        contains(server.log(), reason, "log")
    equal(sorted(server.responders()), before, "responders")
    equal(server.get("/health/readiness").status, 200, "readiness")


def hup_taken(server):
    """HUP: the program is replaced."""
    old = server.wait_responders()
    server.signal(signal.SIGHUP)
    wait_for(lambda: not any(map(alive, old)), "the old responders to leave")
    server.wait_ready()


def schema(server):
    return server.query("PRAGMA user_version")[0]["user_version"]


def goes_on(server, execution):
    """An execution is at work still, and can be stopped."""
    equal(execution.status().ok()["completed"], False, "completed")
    equal(len(execution.effects()), 1, "effects")
    execution.stop().ok()
    equal(execution.effects(), [], "effects")


# HUP

@test
def older_program():
    """HUP with an older program: the newer one goes on, and says what to do"""
    with replaceable(ACTION_NEXT) as server:
        server.serve()
        execution = started(server)
        install(server.program, ACTION)
        hup_refused(server, "a newer actionkit has used it",
                    f"{server.database}: actionkit.db has schema version {schema(server)}, "
                    f"this program knows {schema(server) - 1}", "send SIGHUP again")
        goes_on(server, execution)
        install(server.program, ACTION_NEXT, "another build")
        hup_taken(server)


@test
def migration_that_fails():
    """HUP with a program whose migration fails on this database: nothing is changed"""
    with replaceable(ACTION) as server:
        server.serve()
        execution, version = started(server), schema(server)
        server.write("ALTER TABLE executions ADD COLUMN next INTEGER")
        install(server.program, ACTION_NEXT)
        hup_refused(server, "migration", "duplicate column name: next")
        equal(schema(server), version, "schema")
        server.write("ALTER TABLE executions DROP COLUMN next")
        hup_taken(server)
        equal(schema(server), version + 1, "schema")
        goes_on(server, execution)


@test
def test_changes_nothing():
    """serve --test with a migration to be made changes nothing, and holds up no writer"""
    with Server(ACTION) as server:
        version = schema(server)
        # The reaper makes its first file a moment after the others.
        wait_for(lambda: os.path.exists(os.path.join(server.state_dir, "ballast")), "the ballast")
        before = {name: os.stat(os.path.join(server.state_dir, name)).st_ino
                  for name in os.listdir(server.state_dir)}
        command("serve", "--test", program=ACTION_NEXT, server=server,
                environment={"ACTIONKIT_SOCKET": server.socket})
        equal(schema(server), version, "schema")
        equal({name: os.stat(os.path.join(server.state_dir, name)).st_ino
               for name in os.listdir(server.state_dir)}, before, "files")
        goes_on(server, started(server))


@test
def test_before_the_first_start():
    """serve --test where nothing was ever served: tables and options alone, by whomever"""
    with Server(ACTION, serve=False) as server:
        os.rmdir(server.state_dir)
        command("serve", "--test", server=server)
        check(not os.path.exists(server.state_dir), "it was made")


@test
def gate_is_held():
    """HUP while somebody holds the write gate: refused, as a migration could not be made"""
    with replaceable(ACTION) as server:
        server.serve()
        with open(os.path.join(server.state_dir, "gate.lock"), "rb+") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            refusals = server.log().count(REFUSED)
            server.signal(signal.SIGHUP)
            wait_for(lambda: server.log().count(REFUSED) > refusals, "a refusal in the log")
            contains(server.log(), "the write gate did not open in time", "log")
        hup_taken(server)


@test
def no_rights():
    """HUP where the state directory, a file of it or the socket's place cannot be written"""
    with nobodys_server() as server:
        server.serve()
        execution = server.running()
        os.chmod(server.state_dir, 0o500)
        hup_refused(server, f"state-dir {server.state_dir}: cannot be written: Permission denied")
        os.chmod(server.state_dir, 0o700)
        path = os.path.join(server.state_dir, "executions.lock")
        os.chown(path, 0, 0)
        hup_refused(server, f"{path}: cannot be written: Permission denied; it must belong to "
                    "user 65534, with mode 0600")
        os.chown(path, 65534, 65534)
        # What is inherited is not opened again.
        os.chown(server.dir, 0, 0)
        hup_taken(server)
        code = subprocess.run(
            server.arguments() + ["--test"], preexec_fn=server.before, capture_output=True,
            text=True, check=False, env=clean_environment())
        equal(code.returncode, EX_CONFIG, "exit status")
        contains(code.stderr, f"socket {server.socket}: nothing can be made in {server.dir}",
                 "message")
        os.chown(server.dir, 65534, 65534)
        execution.stop().ok()


@test
def no_space():
    """HUP on a full disk: refused, with how much a start may need"""
    with small_disk(DISK_BYTES) as directory, \
            server_on(directory, EXTENSION, keep_free=0) as server:
        execution = server.running()
        filler = os.path.join(directory, "filler")
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"x" * 65536):
                pass
        before = sorted(server.responders())
        server.signal(signal.SIGHUP)
        told(server, "the disk is full: ", REFUSED)
        equal(sorted(server.responders()), before, "responders")
        os.unlink(filler)
        hup_taken(server)
        execution.stop().ok()


@test
def option_that_is_not_known():
    """HUP with a program that does not know an option: the other one goes on"""
    with replaceable(EXTENSION, max_files=3) as server:
        server.serve()
        execution = server.running()
        install(server.program, more='#!/bin/sh\nfor option; do case $option in --max-files) '
                'echo "--max-files: unknown option" >&2; exit 78;; esac; done\n')
        hup_refused(server, "--max-files: unknown option", "status 78")
        execution.stop().ok()


@test
def passes_and_cannot_serve():
    """A program that passes its test and then cannot serve: the one before is gone back to"""
    with replaceable(ACTION_NEXT) as server:
        server.serve()
        execution = started(server)
        program = os.stat(f"/proc/{server.process.pid}/exe").st_ino
        for _ in range(2):
            install(server.program, more=f'#!/bin/sh\n[ "$2" = --test ] || exec {ACTION} "$@"\n')
            old = server.wait_responders()
            server.signal(signal.SIGHUP)
            wait_for(lambda old=old: not any(map(alive, old)), "the old responders to leave")
            server.wait_ready()
            equal(os.stat(f"/proc/{server.process.pid}/exe").st_ino, program, "program")
        contains(server.log(), "is of a newer actionkit, by 1 schema versions", "log")
        contains(server.log(), "going back to the program before", "log")
        equal(proc_read(server.process.pid, "comm").decode().strip(), "program", "its name")
        equal(execution.status().ok()["completed"], False, "completed")
        install(server.program, ACTION_NEXT, "another build")
        hup_taken(server)
        check(os.stat(f"/proc/{server.process.pid}/exe").st_ino != program, "the old program")
        goes_on(server, execution)


# What does not start

@test
def newer_schema_at_the_start():
    """An older program that is started leaves with 78, and the guard of the newer one stays"""
    with replaceable(ACTION_NEXT, grace="3s") as server:
        server.serve()
        execution = started(server)
        server.signal(signal.SIGQUIT)
        equal(server.wait_exit(), 0, "exit status")
        guards = server.reapers()
        install(server.program, ACTION)
        server.serve(ready=False)
        equal(server.wait_exit(), EX_CONFIG, "exit status")
        contains(server.log(), "what is active (1): put it back and start it", "log")
        check(guards <= server.reapers(), "the guard has left")
        equal(execution.wait_phase("stopped")["stop_reason"], "supervisor gone", "reason")
        equal(execution.effects(), [], "effects")


@test
def quit_and_a_typo():
    """QUIT, then a start with an unknown option: the guard undoes after the grace"""
    with Server(ACTIONKIT, grace="2s") as server, Victim() as victim:
        paused(server, victim)
        server.signal(signal.SIGQUIT)
        equal(server.wait_exit(), 0, "exit status")
        guards = server.reapers()
        server.options["frobnicate"] = "1"
        server.serve(ready=False)
        equal(server.wait_exit(), EX_CONFIG, "exit status")
        check(guards <= server.reapers(), "the guard has left")
        victim.wait_state("S")


@test
def migration_that_cannot_be_made():
    """A start whose migration cannot be made leaves with 1: who guards can use the database"""
    with replaceable(ACTION, grace="30s") as server:
        server.serve()
        execution = started(server)
        server.signal(signal.SIGQUIT)
        server.wait_exit()
        guards = server.reapers()
        install(server.program, ACTION_NEXT)
        with open(os.path.join(server.state_dir, "gate.lock"), "rb+") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            server.serve(ready=False)
            equal(server.wait_exit(), 1, "exit status")
        contains(server.log(), "migration: ", "log")
        equal(server.reapers(), guards, "who guards")
        server.serve()
        goes_on(server, execution)


# What systemd runs after the end

def unit_command(server, name):
    """The words of a command line in the unit, for this server."""
    with open(os.path.join(TOP_SRCDIR, UNIT), encoding="utf-8") as file:
        line = re.search(rf"^{name}=-?(.*)$", file.read(), re.M).group(1)
    words = shlex.split(line)
    equal(words[0], "@bindir@/actionkit", "program")
    return [server.program, *words[1:]]


def stop_post(server, result, code, status, **environment):
    """Runs the unit's ExecStopPost as systemd does; its exit status and what it says."""
    done = subprocess.run(
        unit_command(server, "ExecStopPost"), text=True, check=False, timeout=PATIENCE_S,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**clean_environment(), "SERVICE_RESULT": result, "EXIT_CODE": code,
             "EXIT_STATUS": status, "ACTIONKIT_STATE_DIR": server.state_dir, **environment})
    return done.returncode, done.stdout


@contextlib.contextmanager
def orphaned(program, **options):
    """An execution at work, and no process of the server."""
    with replaceable(program, **options) as server:
        server.serve()
        execution = started(server)
        server.kill_all()
        yield server, execution


@test
def stop_post_undoes():
    """The server left with an error, and nobody is there: everything is undone"""
    with orphaned(ACTION) as (server, execution):
        code, said = stop_post(server, "exit-code", "exited", "78")
        equal(code, 0, f"exit status: {said}")
        equal(execution.effects(), [], "effects")
        equal(execution.row()["stop_reason"], "operator: recover", "reason")


@test
def stop_post_of_a_clean_end():
    """The server left as it should, or was killed and is started again: nothing is touched"""
    with orphaned(ACTION) as (server, execution):
        for end in (("success", "exited", "0"), ("signal", "killed", "KILL")):
            code, said = stop_post(server, *end)
            equal(code, 0, f"exit status: {said}")
        equal(len(execution.effects()), 1, "effects")
        for end in (("timeout", "killed", "KILL"), ("core-dump", "dumped", "SEGV")):
            code, said = stop_post(server, *end)
            equal((code, execution.effects()), (0, []), f"after {end}: {said}")


@test
def stop_post_with_a_typo():
    """What is wrong in the environment does not keep it from undoing"""
    with orphaned(ACTION) as (server, execution):
        code, said = stop_post(server, "exit-code", "exited", "78", ACTIONKIT_RESPONDERS="many",
                               ACTIONKIT_STOP_TIMEOUT="soon", ACTIONKIT_LOG_LEVEL="loud")
        equal(code, 0, f"exit status: {said}")
        contains(said, "ERROR recover", "level")
        for name in ("RESPONDERS=many", "STOP_TIMEOUT=soon", "LOG_LEVEL=loud"):
            contains(said, f"ACTIONKIT_{name}", "what is said")
        equal(execution.effects(), [], "effects")


@test
def stop_post_of_an_older_program():
    """A database that is too new: an error that says which program can undo"""
    with orphaned(ACTION_NEXT) as (server, execution):
        install(server.program, ACTION)
        code, said = stop_post(server, "exit-code", "exited", "78")
        equal(code, 1, f"exit status: {said}")
        contains(said, "ERROR recover", "level")
        contains(said, "is of a newer actionkit, by 1 schema versions: this program cannot undo "
                 "what is active (1); put the newer one back and start it", "what is said")
        equal(len(execution.effects()), 1, "effects")
        contains(command("recover", server=server, status=1).err, "newer actionkit", "by hand")
        install(server.program, ACTION_NEXT)
        equal(stop_post(server, "exit-code", "exited", "78")[0], 0, "exit status")
        equal(execution.effects(), [], "effects")
        install(server.program, ACTION)
        code, said = stop_post(server, "exit-code", "exited", "78")
        equal(code, 0, f"exit status, with nothing active: {said}")


@test
def stop_post_of_a_newer_program():
    """A database that is older is brought to its schema, and everything is undone"""
    with orphaned(ACTION) as (server, execution):
        version = schema(server)
        install(server.program, ACTION_NEXT)
        code, said = stop_post(server, "exit-code", "exited", "78")
        equal(code, 0, f"exit status: {said}")
        equal(execution.effects(), [], "effects")
        equal(schema(server), version + 1, "schema")


@test
def stop_post_beside_others():
    """Where a reaper or another server is alive it leaves all to it, and that is no error"""
    with replaceable(ACTION, grace="60s") as server:
        server.serve()
        execution = started(server)
        code, said = stop_post(server, "exit-code", "exited", "78")
        equal(code, 0, f"exit status beside a server: {said}")
        server.kill_supervisor()
        code, said = stop_post(server, "exit-code", "exited", "78")
        equal(code, 0, f"exit status beside a guard: {said}")
        contains(said, "the reaper of a server is alive", "what is said")
        equal(len(execution.effects()), 1, "effects")
        for guard in server.reapers():
            kill(guard)
        server.wait_gone()
        stop_post(server, "exit-code", "exited", "78")
        equal(execution.effects(), [], "effects")


@test
def stop_post_without_a_database():
    """Where nothing was ever served there is nothing to do; by hand it is refused"""
    with Server(ACTION, serve=False) as server:
        equal(stop_post(server, "exit-code", "exited", "78")[0], 0, "exit status")
        equal(os.listdir(server.state_dir), [], "what is in the state directory")
        contains(command("recover", "--if-failed", server=server, status=EX_USAGE).err,
                 "SERVICE_RESULT is not set", "by hand")


@test
def unit_keeps_the_guard():
    """The unit leaves the reapers alone, and starts the server again without end"""
    with open(os.path.join(TOP_SRCDIR, UNIT), encoding="utf-8") as file:
        lines = file.read().splitlines()
    for line in ("KillMode=process", "Restart=always", "StartLimitIntervalSec=0"):
        check(line in lines, f"the unit has no {line}")


main()
