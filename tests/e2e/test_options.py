#!/usr/bin/env python3
"""Options, environment and exit statuses of the program."""

import grp
import os
import signal
import stat
import subprocess

from harness import (
    ACTIONKIT, EFFECT, EX_CONFIG, EXAMPLE, EXTENSION, PATIENCE_S, PAUSE, SLOW, Server,
    alive, check, clean_environment, command, contains, equal, install, main, test, wait_for)

EX_USAGE = 64
OPTIONS = [
    "socket", "socket-group", "state-group", "state-dir", "responders", "base-path",
    "handler-timeout", "stop-timeout", "body-timeout", "request-timeout", "shutdown-timeout",
    "grace", "never-started", "stop-retry", "retention", "max-body", "max-values", "max-file",
    "max-files",
    "max-upload", "keep-free", "memory-reserve", "workers", "allow-file-url", "allow-origin",
    "enable-action", "log-level", "log-format", "options",
]


class Directories:
    """A place for servers that are not to come up."""

    def __enter__(self):
        self.server = Server(serve=False)
        return self

    def __exit__(self, *fault):
        return self.server.__exit__(*fault)

    def run(self, *arguments, program=EXTENSION, **environment):
        """Runs a program to its end; exit status, stdout, stderr."""
        done = subprocess.run(
            [program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=PATIENCE_S, text=True, check=False,
            env={**clean_environment(), "AK_TEST": self.server.dir,
                 "ACTIONKIT_SOCKET": self.server.socket,
                 "ACTIONKIT_STATE_DIR": self.server.state_dir, **environment})
        return done.returncode, done.stdout, done.stderr

    def refused(self, *arguments, words=(), **environment):
        """serve must refuse, with EX_CONFIG, and name every one of words."""
        code, output, text = self.run("serve", *arguments, **environment)
        equal(code, EX_CONFIG, f"exit status of serve {arguments} {environment}: {text}")
        equal(output, "", "stdout")
        for word in words:
            contains(text, word, f"serve {arguments} {environment}")


@test
def bad_options():
    """A bad option is refused by its name, with exit status 78"""
    with Directories() as place:
        for name, values in {
                "responders": ("0", "-1", "many", "1.5", "129", ""),
                "handler-timeout": ("soon", "-1s", "", "10", "1y"),
                "stop-timeout": ("soon",), "body-timeout": ("soon",),
                "request-timeout": ("soon", "0"),
                "shutdown-timeout": ("soon",), "grace": ("soon",),
                "never-started": ("soon",), "stop-retry": ("soon",),
                "retention": ("soon",), "max-body": ("much", "-1", "4 MiB x"),
                "max-values": ("many", "0", "999"),
                "max-file": ("much",), "max-files": ("many", "65"), "max-upload": ("much",),
                "keep-free": ("much",), "memory-reserve": ("much",), "workers": ("many",),
                "allow-file-url": ("ftp://a.example", "a.example"),
                "allow-origin": ("null", "*", "a.example", "https://", "https://a.example/",
                                 "https://a.example:443", "http://a.example:80", "https://:1",
                                 "ftp://a.example", "https://a.example:", ""),
                "base-path": ("chaos", "/chaos/", "/a b"),
                "socket": ("", "/" + "x" * 108, "/no/such/directory/socket"),
                "state-dir": ("", "/dev/null/x"),
                "socket-group": ("no-such-group",),
                "enable-action": ("org.example.unknown",),
                "log-level": ("loud",), "log-format": ("xml",)}.items():
            for value in values:
                word = value if name in ("socket", "state-dir") and value else name
                place.refused(f"--{name}", value, words=(word,))
        place.refused("--no-such-option", "1", words=("no-such-option",))
        place.refused("--grace", words=("grace",))
        place.refused("argument", words=("argument",))


@test
def bad_environment():
    """A bad variable is refused by its name, with exit status 78"""
    with Directories() as place:
        for name, value in {"RESPONDERS": "many", "GRACE": "soon", "BASE_PATH": "chaos",
                            "ENABLE_ACTION": "org.example.unknown",
                            "LOG_LEVEL": "loud"}.items():
            variable = f"ACTIONKIT_{name}"
            place.refused(words=(variable,), **{variable: value})
        place.refused(words=("STEADYBIT_LOG_LEVEL",), STEADYBIT_LOG_LEVEL="loud")
        place.refused(words=("ACTIONKIT_LOG_FORMAT",), ACTIONKIT_LOG_FORMAT="xml")


def options_file(server, *lines):
    """Writes the options file of a server; its path."""
    path = os.path.join(server.dir, "actionkit.conf")
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    os.rename(path + ".new", path)
    return path


@test
def bad_file():
    """All mistakes of an options file are told at once, with their lines; by check, too"""
    with Directories() as place:
        path = options_file(place.server, "# of this host", "responders many", "grace 1s",
                            "  frobnicate", "max-file 1XB", "grace 2s")
        words = (f"{path}:2: responders many: must be a number",
                 f"{path}:4: frobnicate: unknown option", f"{path}:5: max-file 1XB: ",
                 f"{path}:6: grace 2s: was said in line 3", "ACTIONKIT_WORKERS=x: ")
        place.refused("--options", path, words=words, ACTIONKIT_WORKERS="x")
        place.refused("--test", words=words, ACTIONKIT_WORKERS="x", ACTIONKIT_OPTIONS=path)
        code, text, _ = place.run("check", "--options", path, ACTIONKIT_WORKERS="x")
        equal(code, 1, f"exit status of check: {text}")
        for word in words:
            contains(text, word, "check")
        place.refused("--options", path + "x", words=(path + "x: No such file",))
        # Who looks is not kept from it.
        code, text, errors = place.run("list", "--all", ACTIONKIT_OPTIONS=path)
        check("responders" not in errors, f"list: {text}{errors}")


def log_of(server, text):
    """Waits for a line of the log; how often it is there."""
    wait_for(lambda: text in server.log(), f"{text} in the log")
    return server.log().count(text)


@test
def file_and_reload():
    """HUP reads the options file again; a mistake changes nothing; what is fixed is said"""
    with Server(serve=False) as server:
        path = options_file(server, f"state-dir {server.state_dir}", "responders 2", "grace 9s",
                            f"socket {server.socket}", "log-level debug")
        server.arguments = lambda: [server.program, "serve", "--options", path]
        server.serve()
        wait_for(lambda: len(server.responders()) == 2, "two responders")
        execution = server.running()
        listed = command("list", server=server, environment={"ACTIONKIT_OPTIONS": path,
                                                              "ACTIONKIT_STATE_DIR": ""})
        contains(listed.out, execution.id[:8], "list, by the file")

        before = sorted(server.responders())
        options_file(server, f"state-dir {server.state_dir}", "responders 3x", "grce 9s")
        server.signal(signal.SIGHUP)
        log_of(server, f"{path}:3: grce: unknown option")
        log_of(server, f"{path}:2: responders 3x: must be a number")
        log_of(server, "does not pass its test (status 78")
        equal(sorted(server.responders()), before, "responders after a mistake")

        options_file(server, f"state-dir {server.dir}/other", "responders 3",
                     f"socket {server.socket}", "log-level debug")
        for round_ in range(2):
            server.signal(signal.SIGHUP)
            wait_for(lambda before=before: len(server.responders()) == 3 and
                     not set(before) & set(server.responders()), "three new responders")
            before = server.responders()
            wait_for(lambda count=round_ + 1: server.log().count(
                "state-dir: needs a restart: ") == count, "what needs a restart")
        check(not os.path.exists(f"{server.dir}/other"), "the other state directory is there")
        equal(execution.status().ok()["completed"], False, "completed")
        execution.stop().ok()


@test
def edited_between_test_and_start():
    """A file that becomes wrong between the test and the new program ends no server"""
    with Server(serve=False) as server:
        path = options_file(server, "responders 2")
        program, arguments = os.path.join(server.dir, "program"), server.arguments
        install(program, server.program)
        server.program = program
        server.options = {}
        server.arguments = lambda: [*arguments(), "--options", path]
        server.serve()
        execution = server.running()
        wait_for(lambda: len(server.responders()) == 2, "two responders")
        old = server.responders()
        install(program, more=f'#!/bin/sh\n[ "$2" = --test ] || echo "responders x" >{path}\n'
                f'exec {EXTENSION} "$@"\n')
        server.signal(signal.SIGHUP)
        log_of(server, f"{path}:1: responders x: must be a number")
        wait_for(lambda: not any(map(alive, old)), "the old responders to leave")
        server.wait_ready()
        execution.stop().ok()


@test
def good_options():
    """Both forms of an option, units, lists, variables of other systems"""
    with Directories() as place:
        for arguments in (("--grace", "1m30s"), ("--grace=1m30s",),
                          ("--max-body", "1MiB"),
                          ("--enable-action", EFFECT, "--enable-action", SLOW)):
            code, _, text = place.run("serve", "--test", *arguments)
            equal(code, 0, f"exit status of --test {arguments}: {text}")
        code, _, text = place.run("serve", "--test", ACTIONKIT_LOG_LEVEL="info",
                                  STEADYBIT_LOG_LEVEL="WARN", STEADYBIT_LOG_FORMAT="JSON")
        equal(code, 0, f"log variables: {text}")
        # What extension-kit takes.
        for level in ("fatal", "PANIC", "disabled", "trace"):
            code, _, text = place.run("serve", "--test", STEADYBIT_LOG_LEVEL=level,
                                      STEADYBIT_LOG_FORMAT="console")
            equal(code, 0, f"level {level}, format console: {text}")


@test
def abbreviations():
    """The beginning of an option's name is enough in every subcommand, if no other has it"""
    with Directories() as place:
        for arguments in (("--tes",), ("--te", "--gra", "1m30s"), ("--grac=1m", "--test", "--")):
            code, _, text = place.run("serve", *arguments)
            equal(code, 0, f"exit status of serve {arguments}: {text}")
            contains(text, "configuration ok", f"serve {arguments}")
        place.refused("--sock", "/x", words=("--sock: more than one option begins so",))
        equal(place.run("actions", "--js"), place.run("actions", "--json"), "actions --js")
        code, text, errors = place.run("serve", "--hel", "--frobnicate")
        equal((code, errors), (0, ""), "serve --hel")
        contains(text, "--state-dir DIR", "serve --hel")


@test
def all_mistakes():
    """All that is wrong with options is told at once, not only the first"""
    with Directories() as place:
        place.refused("--grace", "soon", "--nonsense", "--responders", "many", "--max-body",
                      words=("--grace soon", "--nonsense: unknown option", "--responders many",
                             "--max-body: needs a value"))
        place.refused("--responders", "0", "x", words=(
            "ACTIONKIT_GRACE=soon", "ACTIONKIT_RETENTION=later", "--responders 0",
            "x: unexpected argument"), ACTIONKIT_GRACE="soon", ACTIONKIT_RETENTION="later")
        for arguments, status, words in (
                (("list", "--nonsense", "-x", "--state-dir"), EX_USAGE,
                 ("--nonsense: unknown option", "-x: unknown option",
                  "--state-dir: needs a value")),
                (("stop", "--timeout", "soon", "--nonsense", "x"), EX_USAGE,
                 ("--timeout soon: must be a duration", "--nonsense")),
                (("stop", "--all", "--abandon", "x", "--reason", "x" * 600), EX_USAGE,
                 ("--abandon is for one", "--reason: at most", "the id of one execution")),
                (("run", "--set", "x", "--nonsense", "--timeout", "soon", "--attr", "=x"), 3,
                 ("x: must be NAME=VALUE", "--nonsense", "--timeout soon",
                  "=x: must be NAME=VALUE")),
                (("recover", "--nonsense", "--timeout", "soon"), EX_USAGE,
                 ("--nonsense", "--timeout soon"))):
            code, output, text = place.run(*arguments)
            equal((code, output), (status, ""), f"{arguments}: {text}")
            for word in words:
                contains(text, word, f"{arguments}")
            equal(text.count("--help` says what there is"), 1, f"hints of {arguments}")


@test
def same_words():
    """serve and the other subcommands say the same of the same mistake"""
    with Directories() as place:
        for arguments, words in (
                (("--frobnicate",), "--frobnicate: unknown option"),
                (("--frobnicate=1",), "--frobnicate: unknown option"),
                (("-x",), "-x: unknown option"),
                (("--help=1",), "--help: takes no value"),
                (("--state-di",), "--state-dir: needs a value"),
                (("x", "--state-dir", "/y"), "x: unexpected argument"),
                (("--", "--help"), "--help: unexpected argument")):
            place.refused(*arguments, words=(f" {words}\n",))
            code, output, text = place.run("list", *arguments)
            equal((code, output), (EX_USAGE, ""), f"list {arguments}: {text}")
            contains(text, f" {words}\n", f"list {arguments}")


@test
def test_only():
    """--test checks, and neither serves nor creates anything"""
    with Directories() as place:
        code, _, text = place.run("serve", "--test")
        equal(code, 0, f"exit status: {text}")
        equal(os.listdir(place.server.state_dir), [], "state directory")
        check(not os.path.exists(place.server.socket), "the socket is there")


@test
def environment():
    """Options as environment variables"""
    variables = {"ACTIONKIT_RESPONDERS": "3", "ACTIONKIT_BASE_PATH": "/chaos",
                 "ACTIONKIT_LOG_FORMAT": "json", "ACTIONKIT_NEVER_STARTED": "1s",
                 "ACTIONKIT_ENABLE_ACTION": EFFECT}
    with Server(serve=False, environment=variables) as server:
        server.options = {}
        server.serve(ready=False)
        wait_for(lambda: server.get("/chaos/health/readiness").status == 200, "readiness")
        wait_for(lambda: len(server.responders()) == 3, "three responders")
        equal([row["path"] for row in server.get("/chaos/").ok()["actions"]],
              [f"/chaos/{EFFECT}"], "actions")
        execution = server.effect()
        execution.paths["prepare"] = f"/chaos/{EFFECT}/prepare"
        execution.prepare().ok()
        equal(execution.wait_phase("stopped")["stop_reason"], "never started", "reason")
        check(server.log().startswith("{"), "the log is no JSON")


@test
def log_levels():
    """--log-level and STEADYBIT_LOG_LEVEL say what is logged"""
    def lines(environment, **options):
        with Server(environment=environment, serve=False) as server:
            server.options = {"responders": 2, **options}
            server.serve()
            server.running().stop().ok()
            return server.log().splitlines()
    error = {"STEADYBIT_LOG_LEVEL": "ERROR"}
    equal(lines(error), [], "lines at level error")
    check(lines(error, log_level="info"), "no line at level info, by option")
    check(lines({**error, "ACTIONKIT_LOG_LEVEL": "info"}), "no line at level info")


@test
def enabled_actions():
    """Only enabled actions are offered; the others can still be stopped"""
    with Server() as server:
        kept, lost = server.running(), server.running(SLOW)
        server.kill_all()
        server.options["enable_action"] = EFFECT
        server.serve()
        equal([row["path"] for row in server.get("/").ok()["actions"]], [f"/{EFFECT}"],
              "actions")
        server.get(f"/{SLOW}").refused(404)
        server.effect(SLOW).prepare().refused(404)
        lost.stop().ok()
        check(not lost.exists(), "the effect is still there")
        kept.stop().ok()


@test
def help_and_version():
    """--help and --version, with exit status 0"""
    with Directories() as place:
        for program in (ACTIONKIT, EXTENSION):
            code, text, errors = place.run("--version", program=program)
            equal((code, errors), (0, ""), "--version")
            check(any(character.isdigit() for character in text), f"--version: {text!r}")
            code, text, errors = place.run("--help", program=program)
            equal((code, errors), (0, ""), "--help")
            contains(text, "serve", "--help")
        code, text, errors = place.run("serve", "--help")
        equal((code, errors), (0, ""), "serve --help")
        for name in OPTIONS:
            contains(text, f"--{name}", "serve --help")
        contains(text, "ACTIONKIT_", "serve --help")


@test
def subcommands():
    """No subcommand, or one that is none: exit status 64"""
    with Directories() as place:
        for arguments in ((), ("fly",), ("--no-such-option",)):
            code, output, text = place.run(*arguments)
            equal((code, output), (EX_USAGE, ""), f"actionkit {arguments}: {text}")
            word = arguments[0] if arguments else "serve"
            contains(text, word, f"actionkit {arguments}")


@test
def broken_action_table():
    """A bad action table: every mistake at once, by name, exit status 78"""
    with Directories() as place:
        for arguments in ((), ("--test",)):
            place.refused(*arguments, TEST_BROKEN_TABLE="1", words=(
                "org.actionkit.test.broken", "label", "duration", "start", "twice",
                "unlabelled"))


def refused_beside(server, state_dir, socket, word):
    """A second server must be refused with a message that has the word."""
    done = subprocess.run(
        [EXTENSION, "serve", "--state-dir", state_dir, "--socket", socket],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
        timeout=PATIENCE_S, env={**clean_environment(), "AK_TEST": server.dir})
    equal(done.returncode, EX_CONFIG, f"exit status: {done.stderr}")
    contains(done.stderr, word, "stderr")


@test
def second_server():
    """A second server on the same state directory is refused, the first one serves on"""
    with Server() as server:
        execution = server.running()
        other = os.path.join(server.dir, "other.sock")
        for socket in (other, server.socket):
            refused_beside(server, server.state_dir, socket, server.state_dir)
        check(not os.path.exists(other), "the socket of the second one is there")
        execution.status().ok()
        execution.stop().ok()


@test
def second_server_same_socket():
    """A second server on the same socket is refused, the first one serves on"""
    with Server() as server:
        elsewhere = os.path.join(server.dir, "elsewhere")
        refused_beside(server, elsewhere, server.socket, server.socket)
        server.running().stop().ok()


@test
def stale_socket():
    """A socket that a dead server left is replaced; a file that is none is kept"""
    with Server() as server:
        server.kill_all()
        check(os.path.exists(server.socket), "no socket is left")
        server.serve()
        server.running().stop().ok()
    with Directories() as place:
        with open(place.server.socket, "w", encoding="utf-8") as file:
            file.write("precious")
        place.refused(words=(place.server.socket,))
        with open(place.server.socket, encoding="utf-8") as file:
            equal(file.read(), "precious", "the file")


@test
def modes():
    """Socket 0660 of its group; state directory 0700, database 0600, made if not there"""
    group = grp.getgrgid(os.getgroups()[0] if os.getgroups() else os.getgid()).gr_name
    with Server(serve=False, socket_group=group) as server:
        os.rmdir(server.state_dir)
        server.serve()

        def mode(path):
            return oct(stat.S_IMODE(os.stat(path).st_mode))
        equal(mode(server.socket), "0o660", "socket")
        equal(os.stat(server.socket).st_gid, grp.getgrnam(group).gr_gid, "group")
        equal(mode(server.state_dir), "0o700", "state directory")
        equal(mode(server.database), "0o600", "database")
        server.running().stop().ok()


@test
def builtin_actions():
    """The program offers the actions and discoveries of actions.def"""
    with Server(ACTIONKIT) as server:
        listed = {row["path"] for row in server.get("/").ok()["actions"]}
        check({f"/{EXAMPLE}", f"/{PAUSE}"} <= listed, f"actions: {listed}")
        listed = {row["path"] for row in server.get("/").ok()["discoveries"]}
        check({"/org.actionkit.host/discovery", f"/{EXAMPLE}.lamps/discovery"} <= listed,
              f"discoveries: {listed}")


main()
