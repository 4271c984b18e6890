#!/usr/bin/env python3
"""completion: bash completes subcommands, options, actions and ids."""

import shutil
import subprocess

from harness import (
    EFFECT, EXTENSION, PATIENCE_S, Server, check, clean_environment, command, contains,
    equal, main, skip_all, test)

EX_USAGE = 64


def complete(*words, server=None):
    """What bash offers for the last of the words."""
    script = command("completion", "bash").out + (
        'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _extension "$1"\n'
        'printf "%s\\n" "${COMPREPLY[@]}"\n')
    environment = {**clean_environment(),
                   "ACTIONKIT_STATE_DIR": server.state_dir if server else "/nonexistent"}
    done = subprocess.run(
        ["bash", "-u", "-c", script, "bash", EXTENSION, *words], env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S)
    equal(done.stderr, "", "complaints of bash")
    return done.stdout.split()


@test
def subcommands():
    """The first word is a subcommand"""
    offered = complete("")
    for line in command("--help").out.split("Subcommands:\n")[1].splitlines():
        if line.startswith("  "):
            check(line.split()[0] in offered, f"{line} is not in {offered}")
    equal(complete("de"), ["describe"], "de")


@test
def options():
    """Options are those of the subcommand; values that are paths are completed"""
    equal(complete("list", "--a"), ["--all"], "list --a")
    equal(sorted(complete("stop", "--a")), ["--abandon", "--all"], "stop --a")
    equal(complete("serve", "--resp"), ["--responders"], "serve --resp")
    for name in ("run", "list", "show", "stop", "serve", "check", "recover"):
        check("--help" in complete(name, "--"), f"{name} --help")
    equal(complete("list", "--state-dir", "/etc/pass"), [], "a file for a directory")
    check("/etc/passwd" in complete("run", "--unix-socket", "/etc/pass"), "a path")


@test
def operands():
    """Actions and ids come from the program itself"""
    check(EFFECT in complete("describe", "org"), "an action of describe")
    check(EFFECT in complete("run", ""), "an action of run")
    with Server() as server:
        execution = server.running()
        equal(complete("show", execution.id[:4], server=server), [execution.id], "id")
        equal(complete("stop", "", server=server), [execution.id], "id")
        execution.stop().ok()
    equal(complete("show", ""), [], "ids without a database")


@test
def mistakes():
    """Other shells are not known"""
    contains(command("completion", "fish", status=EX_USAGE).err, "only bash", "message")
    contains(command("completion", "--help").out, "source <(", "help")


@test
def pipe_and_terminal():
    """A terminal gets the same script, without colours in it"""
    equal(command("completion", terminal=True).out, command("completion", "bash").out,
          "script")


if not shutil.which("bash"):
    skip_all("there is no bash")
main()
