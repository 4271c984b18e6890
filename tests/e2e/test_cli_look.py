#!/usr/bin/env python3
"""list, show, status, actions and describe: what people and programs get to see."""

import contextlib
import json
import os
import re
import sqlite3
import uuid

from harness import (
    ACTIONKIT, CHECK, CLAIM, EFFECT, EXAMPLE, SOME_GROUP, Command, Later, Server, alive,
    as_nobody, both_ways, check, command, contains, equal, install, kill, main, test,
    wait_for)

EX_USAGE = 64
FAILED = "stop was told to fail"
SUBCOMMANDS = ("run", "list", "show", "stop", "status", "actions", "describe", "check",
               "recover")


def claiming(server, resource):
    """An execution that holds a resource."""
    execution = server.effect(action=CLAIM, resource=resource)
    execution.prepare().ok()
    execution.start().ok()
    return execution


@test
def help_and_mistakes():
    """Each has --help; a wrong command line is refused by name"""
    overview = command("--help").out
    for name in SUBCOMMANDS:
        check(re.search(rf"^  {name} ", overview, re.M), f"{name} is not in {overview}")
        text = command(name, "--help").out
        contains(text, f"usage: extension {name}", "help")
        contains(text, "Exit status", "help")
        contains(text, "--json", "help")
        for arguments, what in ((("--nonsense",), "--nonsense: unknown option"),
                                (("-x",), "-x: unknown option"),
                                (("--json=1",), "--json: takes no value")):
            status = 3 if name == "run" else EX_USAGE
            contains(command(name, *arguments, status=status).err, what, "mistake")
    contains(command("list", "--state-dir", status=EX_USAGE).err,
             "--state-dir: needs a value", "mistake")
    contains(command("list", "x", status=EX_USAGE).err, "unexpected argument", "mistake")
    contains(command("show", status=EX_USAGE).err, "the id of one execution", "mistake")
    contains(command("nonsense", status=EX_USAGE).err, "no such subcommand", "mistake")


@test
def what_actions_refuse():
    """What an action refused is a warning in the log, and has a column of its own"""
    with Server() as server:
        def logged(verb, execution, text):
            lines = [line for line in server.log().splitlines()
                     if f" {verb} {EFFECT} {execution.id}: 200 " in line]
            check(lines and " WARN " in lines[-1] and lines[-1].endswith(f": {text}"),
                  f"{verb}: {lines}")

        prepared = server.effect(prepare_trouble="fail")
        prepared.prepare().failed()
        logged("prepare", prepared, "prepare was told to fail")
        started = server.effect(start_trouble="fail")
        started.prepare().ok()
        started.start().failed()
        logged("start", started, "start was told to fail")
        started.stop().ok()
        looked = server.running(status_trouble="failed")
        looked.status().failed()
        logged("status", looked, "status found what it was told to find")
        writes = server.query("SELECT count(*) AS n FROM events")[0]["n"]
        looked.status().failed()
        equal(server.query("SELECT count(*) AS n FROM events")[0]["n"], writes, "events")
        for execution, text in ((started, "start was told to fail"),
                                (looked, "status found what it was told to find")):
            equal(execution.row()["error"], text, "column")
            contains(command("list", "--all", server=server).out, text, "list")
            contains(command("show", execution.id, server=server).out, text, "show")
        contains(server.sqlite3("select error from history"), "start was told to fail",
                 "history")
        contains(server.sqlite3("select error from active"), "status found", "active")
        quiet = server.running()
        quiet.status().ok()
        quiet.stop().ok()
        equal([line for line in server.log().splitlines()
               if quiet.id in line and " WARN " in line], [], "warnings of what is well")


@test
def list_active_and_all():
    """list shows what is not stopped, with --all also what is"""
    with Server() as server:
        first = server.running()
        second = claiming(server, "lamp")
        first.stop().ok()
        piped, shown = both_ways("list", server=server)
        lines = piped.out.splitlines()
        equal(lines[0].split(), ["ID", "ACTION", "PHASE", "AGE", "TARGET", "NOTE", "ERROR"],
              "header")
        equal(len(lines), 2, f"lines of {piped.out}")
        equal(lines[1].split()[:3], [second.id, CLAIM, "running"], "row")
        contains(shown.out, second.id, "on a terminal")
        contains(command("list", "--all", server=server).out, first.id, "--all")
        rows = command("list", "--all", "--json", server=server).json()
        equal([(row["id"], row["phase"], row["known"]) for row in rows],
              [(first.id, "stopped", True), (second.id, "running", True)], "JSON")
        check("due_at" in rows[1] and "due_at" not in rows[0], f"due_at: {rows}")
        narrow = command("list", server=server, terminal=True, columns=60).out
        for line in re.sub("\033\\[[0-9]*m", "", narrow).splitlines():
            check(len(line) <= 60, f"too wide: {line!r}")


def screen(*arguments, columns, **options):
    """Lines of a terminal of that width, without colours; none may be longer."""
    out = re.sub("\033\\[[0-9;]*m", "", command(
        *arguments, terminal=True, columns=columns, **options).out)
    for line in out.splitlines():
        check(len(line) <= columns, f"wider than {columns}: {line!r}")
    return out.splitlines()


@test
def columns_give_way():
    """No value is cut on a narrow terminal: ids are shortened, then columns go below the row"""
    with Server(stop_retry="60s", unclean=True) as server:
        failing = server.running(stop_trouble="fail", stop_trouble_count=9)
        failing.stop().refused(500)
        age = r"(\d+ms|\d+s|\d+m\d+s)"
        wide = screen("list", columns=400, server=server)
        check(re.search(rf"^{failing.id}  {EFFECT}  stopping  {age}  test ",
                        wide[1]), f"wide: {wide}")
        middle = screen("list", columns=80, server=server)
        check(re.fullmatch(rf"{failing.id[:8]}  {EFFECT}  stopping  {age} .*", middle[1]),
              f"80 columns: {middle}")
        check(re.fullmatch(r"ID +ACTION +PHASE +AGE +TARGET +ERROR", middle[0]),
              f"header: {middle}")
        contains(" ".join(line.strip() for line in middle[2:]), f"NOTE  {FAILED}", "below")
        for columns in (60, 40, 20, 10, 1):
            out = command("list", terminal=True, columns=columns, server=server).out
            said = " ".join(re.sub("\033\\[[0-9;]*m", "", out).split())
            letters = said.replace(" ", "")
            for value in (failing.id[:8], EFFECT, FAILED.replace(" ", "")):
                contains(letters, value, f"{columns} columns")
            check(re.search(rf"(^| ){age}( |$)", said), f"age in {columns} columns: {said}")
        screen("status", columns=60, server=server)
        screen("show", failing.id, columns=400, server=server)


@test
def shortened_ids():
    """The beginning of an id is enough where no other begins so, in any case, without dashes"""
    with Server() as server:
        ids = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002",
               "ABCDEF01-2345-4789-abcd-ef0123456789")
        for number in ids:
            server.effect(id=number).begun()
        rows = command("list", "--json", server=server).json()
        equal([row["short_id"] for row in rows], [ids[0], ids[1], "abcdef01"], "short ids")
        for beginning in ("abcd", "ABCDEF01", "abcdef01-", "abcdef012345", "ABCDEF01-2345-4",
                          ids[2], ids[2].replace("-", "")):
            found = command("show", beginning, "--json", server=server).json()
            equal(found["execution"]["id"], ids[2].lower(), beginning)
        said = command("show", "00000000", server=server, status=1).err
        for word in ("more than one execution begins so", ids[0], ids[1]):
            contains(said, word, "not unique")
        for wrong in ("abc", "abcd--", "abcx", ids[2] + "0", "abcd%", ""):
            contains(command("show", wrong, server=server, status=EX_USAGE).err,
                     "is not the id of an execution", wrong)
        contains(command("show", "abce", server=server, status=1).err, "no such execution",
                 "unknown")
        for number in ids:
            command("stop", number if number < "1" else number[:6], server=server)
        equal(server.query("SELECT count(*) AS n FROM active"), [{"n": 0}], "active")
        command("show", "abcd", server=server)


@test
def what_is_seen_is_there():
    """Controls and characters that are not seen are escaped, on a terminal, in pipes and JSON"""
    unseen = "a\u202eb\u009bc\u200b\u2028\u00ad\ufeff\U000e0041\x7f\x1b[2Jd"
    with Server() as server:
        execution = claiming(server, unseen)
        for out in (both_ways("show", execution.id, server=server)):
            for escape in ("\\u202e", "\\u009b", "\\u200b", "\\u2028", "\\u00ad", "\\ufeff",
                           "\\udb40\\udc41", "\\x7f", "\\x1b[2J"):
                contains(out.out, escape, "show")
            check(not re.search("[\u0080-\u009f\u00ad\u200b-\u200f\u2028-\u202e\ufeff\x7f"
                                "\U000e0000-\U000e007f]", out.out), f"raw: {out.out!r}")
        shown = command("show", execution.id, "--json", server=server)
        check(shown.out.isascii(), f"JSON: {shown.out!r}")
        equal(shown.json()["claims"][0]["resource"], unseen, "resource")
        latin = command("list", server=server, terminal=True,
                        environment={"LC_ALL": "C"})
        check(latin.out.isascii(), "beyond ASCII on another terminal")
        wrong = command("stop", "\u202e\x1b[2J", status=EX_USAGE).err
        contains(wrong, "\\u202e\\x1b[2J: is not the id", "an error")


@test
def list_watches():
    """list --watch goes on, and prints again when something has changed"""
    with Server() as server:
        watcher = Command("list", "--watch", server=server)
        wait_for(lambda: "ID" in watcher.out, "the first list")
        execution = server.running()
        wait_for(lambda: execution.id in watcher.out, "the execution to be shown")
        kill(watcher.process.pid)
        watcher.wait()
        screen = Command("list", "--watch", server=server, terminal=True)
        wait_for(lambda: screen.out.count("\033[H\033[J") >= 2, "two screens")
        kill(screen.process.pid)
        screen.wait()
        execution.stop().ok()


@test
def shows_everything():
    """show has phase, state, results, claims and the timeline, and escapes what it prints"""
    with Server(stop_retry="60s", unclean=True) as server:
        claim = claiming(server, "lamp\033[31m")
        piped, shown = both_ways("show", claim.id.upper(), server=server)
        for text in (piped.out, shown.out):
            contains(text, "lamp\\x1b[31m", "claim")
            for word in ("running", "prepared", "starting", "start_result", "claims"):
                contains(text, word, "show")
        found = command("show", claim.id, "--json", server=server).json()
        equal(found["execution"]["state"]["resource"], "lamp\033[31m", "state")
        equal([row["resource"] for row in found["claims"]], ["lamp\033[31m"], "claims")
        equal([event["phase"] for event in found["events"]],
              ["prepared", "starting", "running"], "events")
        check(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", found["execution"]["created_at"]),
              f"created_at: {found['execution']}")
        effect = server.running(stop_trouble="fail", stop_trouble_count=9)
        effect.stop().refused(500)
        contains(command("show", effect.id, server=server).out, FAILED, "last_error")
        contains(command("list", server=server).out, FAILED, "note")
        contains(command("show", uuid.uuid4(), server=server, status=1).err,
                 "no such execution", "unknown id")


@test
def another_program():
    """Executions of actions that the program does not have are marked"""
    with Server() as server:
        execution = server.running()
        contains(command("list", server=server, program=ACTIONKIT).out,
                 "not in this program", "list")
        row = command("list", "--json", server=server, program=ACTIONKIT).json()[0]
        equal((row["id"], row["known"]), (execution.id, False), "row")


@test
def no_database():
    """Without a database they say so"""
    with Server(serve=False) as server:
        for arguments in (("list",), ("show", uuid.uuid4()), ("status",)):
            failed = command(*arguments, server=server, status=1)
            contains(failed.err, server.state_dir, "message")
        equal(os.listdir(server.state_dir), [], "what is in the state directory")


@test
def what_is_wrong_with_a_state_directory():
    """Each says what is wrong with it, once, and what to do"""
    with Server(serve=False) as server:
        def database(name):
            os.mkdir(os.path.join(server.dir, name))
            return os.path.join(server.dir, name, "actionkit.db")
        for name, content in (("empty", ""), ("text", "no database at all, but a text")):
            with open(database(name), "w", encoding="utf-8") as file:
                file.write(content)
        with contextlib.closing(sqlite3.connect(database("older"))) as older:
            older.execute("PRAGMA user_version = 3")
        os.mkdir(database("folder"))
        os.mkdir(os.path.join(server.dir, "nothing"))
        for name, words in (
                ("missing", "is not there: no server has used this state directory"),
                ("nothing", "is not there: no server has used this state directory"),
                ("empty", "it is empty; `actionkit serve` makes a database of it"),
                ("text", "file is not a database"), ("folder", "is not a file"),
                ("older", "an older actionkit has used it; if its server runs, use its program")):
            for subcommand in (("list",), ("show", "abcd"), ("stop", "--all")):
                said = command(*subcommand, "--state-dir", os.path.join(server.dir, name),
                               status=1).err
                equal(said.count(words), 1, f"{subcommand} of {name}: {said}")
                check("(" not in said, f"twice: {said}")


@test
def status_of_processes():
    """status shows the processes and what they are at, and who is gone"""
    with Server(responders=3) as server:
        found = command("status", "--json", server=server).json()
        equal(found["supervisor"], server.process.pid, "supervisor")
        equal(found["reaper"], {**found["reaper"], "pid": server.reaper(), "alive": True},
              "reaper")
        equal(sorted(one["pid"] for one in found["responders"]),
              sorted(server.wait_responders()), "responders")
        both_ways("status", server=server)
        both_ways("status", server=server, program=ACTIONKIT)
        reaper = server.reaper()
        server.kill_all()
        wait_for(lambda: not alive(reaper), "the end of the reaper")
        piped, _ = both_ways("status", server=server, status=1)
        contains(piped.out, "no server uses this state directory", "status")
        contains(piped.out, "gone", "the reaper")


@test
def status_of_requests():
    """status names the request that a responder is at, with its deadline"""
    with Server() as server:
        execution = server.effect(start_trouble="hang", start_ms=3000)
        execution.prepare().ok()
        call = Later(execution.start)
        execution.wait_note("start", "begin")
        found = command("status", "--json", server=server).json()
        busy = [one for one in found["responders"] if one["mode"] == "busy"]
        equal(len(busy), 1, f"busy ones of {found}")
        contains(busy[0]["what"], execution.id, "what")
        check(0 < busy[0]["deadline_in_ms"] <= 30000, f"deadline: {busy}")
        contains(command("status", server=server).out, execution.id, "table")
        call.result().ok()
        execution.stop().ok()


@test
def lists_actions():
    """actions and describe show what is compiled in, without a server"""
    piped, shown = both_ways("actions", program=ACTIONKIT)
    contains(piped.out, EXAMPLE, "actions")
    contains(shown.out, EXAMPLE, "actions")
    found = command("actions", "--json", program=ACTIONKIT).json()
    check(EXAMPLE in [one["id"] for one in found], f"JSON: {found}")
    piped, _ = both_ways("describe", EXAMPLE, program=ACTIONKIT)
    for word in ("brightness", "percentage", "Values of failIn", "/prepare",
                 "org.actionkit.lamp", 'lamp.dimmable="true"', "blast radius   percentage 50",
                 "template       By room: lamp.room",
                 "Brightness          line_chart       example_lamp_ratio",
                 "com.steadybit.widget.predefined.HttpCheck"):
        contains(piped.out, word, "describe")
    written = command("describe", "--markdown", program=ACTIONKIT).out
    for words in ('Targets: `org.actionkit.lamp`, quantity `none`, blast radius `percentage` 50',
                  'Templates: By room `lamp.room=""`, By name',
                  "Brightness (`line_chart` of `example_lamp_ratio`), What the lamp says (`log`"):
        contains(written, words, "describe --markdown")
    contains(command("describe", "org.nobody", status=1).err, "org.nobody", "unknown")
    check("polls" in command("describe", CHECK).out, "another program's actions")


@test
def describes_as_served():
    """describe --json is what the server serves"""
    with Server(serve=False, base_path="/chaos") as server:
        server.serve(ready=False)
        wait_for(lambda: server.get("/chaos/health/readiness").status == 200, "readiness")
        served = server.get(f"/chaos/{EFFECT}").json()
        found = command("describe", EFFECT, "--json", "--base-path", "/chaos")
        equal(found.json(), served, "description")
        contains(command("describe", EFFECT, "--base-path", "x", status=EX_USAGE).err,
                 'must start with "/"', "base path")


@test
def group_member_reads():
    """A member of --state-group can look, while the server writes; who is none is told so"""
    with Server(serve=False, state_group=SOME_GROUP) as server:
        os.chmod(server.dir, 0o755)
        program = os.path.join(server.dir, "program")   # where everybody can execute it
        install(program, server.program)
        member, stranger = as_nobody(SOME_GROUP), as_nobody()
        server.serve()

        def look(*arguments, before=member, **keywords):
            return command(*arguments, server=server, program=program, before=before,
                           **keywords)
        execution = server.running()
        for arguments in (("list",), ("show", execution.id), ("status",)):
            said = look(*arguments, before=stranger, status=1).err
            contains(said, "only the service's user may look, and the group that "
                     "`serve --state-group` names", f"{arguments}")
        for _ in range(5):
            server.running().stop().ok()
            contains(look("list").out, execution.id, "list")
        contains(look("show", execution.id).out, "running", "show")
        equal(json.loads(look("status", "--json").out)["serving"], True, "serving")
        before = {name: os.stat(os.path.join(server.state_dir, name)).st_uid
                  for name in os.listdir(server.state_dir)}
        server.kill_all()
        contains(look("list").out, execution.id, "list without a server")
        after = {name: os.stat(os.path.join(server.state_dir, name)).st_uid
                 for name in os.listdir(server.state_dir)}
        equal(after, before, "files and owners")
        del server.options["state_group"]
        server.serve()
        for arguments in (("list",), ("status",)):
            contains(look(*arguments, status=1).err, "permission denied", f"{arguments}")
        execution.stop().ok()
        look("actions")
        look("describe", EFFECT)


main()
