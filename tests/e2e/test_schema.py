#!/usr/bin/env python3
"""Every reply is what the OpenAPI schema of ActionKit says."""

import os
import re
import sys
import uuid

SYSTEM_PYTHON = "/usr/bin/python3"      # that the packages of the system are for

try:
    import jsonschema
    import yaml
except ImportError:
    if os.path.exists(SYSTEM_PYTHON) and not os.environ.get("AK_TEST_SYSTEM_PYTHON"):
        os.environ["AK_TEST_SYSTEM_PYTHON"] = "1"
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv])
    jsonschema = yaml = None

from harness import (
    ACTIONKIT, CHECK, EFFECT, EXAMPLE, EXTENSION, FLASH, PAUSE, TOP_SRCDIR, Execution,
    Server, Victim, check, equal, main, skip_all, test, wait_for)

OPENAPI = os.environ.get("ACTIONKIT_OPENAPI") or os.path.join(
    TOP_SRCDIR, "../shared/reference/actionkit-openapi.yml")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

if jsonschema is None:
    skip_all("python3-jsonschema and python3-yaml are not installed")
if not os.path.exists(OPENAPI):
    skip_all("no OpenAPI file: set ACTIONKIT_OPENAPI")
with open(OPENAPI, encoding="utf-8") as openapi:
    DOCUMENT = yaml.safe_load(openapi)


def valid(reply, name, status=200):
    """The value of a reply that must be a `name` of the schema."""
    equal(reply.status, status, f"status of {reply!r}")
    value = reply.json()
    validator = jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}"},
        resolver=jsonschema.RefResolver("", DOCUMENT))
    faults = [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message}"
              for fault in validator.iter_errors(value)]
    check(not faults, f"not a {name}: {faults}: {reply!r}")
    if name.endswith("Result"):
        for entry in value.get("messages", []) + value.get("metrics", []):
            stamp = entry.get("timestamp")
            check(stamp and TIMESTAMP.fullmatch(stamp), f"timestamp of {entry}")
    return value


def sample(parameter):
    """A value of a parameter as an agent sends it."""
    kind, text = parameter["type"], parameter.get("defaultValue")
    if kind == "duration":
        return 60000
    if kind in ("integer", "percentage", "stressng-workers"):
        return int(text.rstrip("%")) if text else parameter.get("minValue", 1)
    if kind == "boolean":
        return text == "true"
    if kind in ("string_array", "string[]"):
        return ["a", "b"] if not parameter.get("options") else \
            [parameter["options"][0]["value"]]
    if kind == "key_value":
        return [{"key": "a", "value": "b"}]
    if text:
        return text
    if parameter.get("options"):
        return parameter["options"][0]["value"]
    return {"url": "http://127.0.0.1/", "bitrate": "1024kbit", "regex": "a.*"}.get(
        kind, "text")


def config_of(description):
    never_sent = ("separator", "header", "target-selection", "file")
    return {parameter["name"]: sample(parameter)
            for parameter in description["parameters"]
            if parameter["type"] not in never_sent}


def check_descriptions(program):
    """Validates the list and every description; descriptions by id."""
    descriptions = {}
    with Server(program) as server:
        listed = valid(server.get("/"), "ActionList")["actions"]
        for row in listed:
            description = valid(server.get(row["path"]), "ActionDescription")
            descriptions[description["id"]] = description
            for verb in ("prepare", "start"):
                check(verb in description, f"{description['id']} has no {verb}")
            names = [parameter["name"] for parameter in description["parameters"]]
            equal(len(names), len(set(names)), f"parameter names of {description['id']}")
    return descriptions


@test
def descriptions_of_the_program():
    """List and descriptions of the actions that come with the program"""
    descriptions = check_descriptions(ACTIONKIT)
    check({EXAMPLE, PAUSE} <= set(descriptions), f"actions: {set(descriptions)}")


@test
def descriptions_of_the_extension():
    """List and descriptions of an extension, with what is filled in"""
    descriptions = check_descriptions(EXTENSION)
    effect = descriptions[EFFECT]
    equal(effect["status"]["callInterval"], "1s", "callInterval")
    equal(effect["stop"], {"method": "POST", "path": f"/{EFFECT}/stop"}, "stop")
    quiet = descriptions["org.actionkit.test.quiet"]
    equal(quiet["status"]["callInterval"], "15s", "callInterval of what has no status()")
    claim = descriptions["org.actionkit.test.claim"]
    equal((claim["kind"], claim["status"]["callInterval"]), ("load_test", "15s"), "claim")
    flash = descriptions[FLASH]
    equal(flash["prepare"], {"method": "PUT", "path": "/flash/get-ready"}, "prepare")
    equal(flash["start"], {"method": "DELETE", "path": f"/{FLASH}/start"}, "start")
    check("stop" not in flash and "status" not in flash, f"flash: {flash}")
    query = descriptions[CHECK]["metrics"]["query"]
    equal(query["endpoint"], {"method": "POST", "path": f"/{CHECK}/query",
                              "callInterval": "1s"}, "query")
    equal(query["parameters"][0]["name"], "factor", "parameter of query")
    check("stop" not in descriptions[CHECK], "check has a stop")
    parameters = {row["name"]: row for row in effect["parameters"]}
    equal(parameters["duration"]["type"], "duration", "type")
    equal(parameters["duration"]["required"], True, "required")
    equal(parameters["duration"]["defaultValue"], "60s", "defaultValue")
    equal(len(parameters["start_trouble"]["options"]), 7, "options")


@test
def life_of_the_example():
    """Every reply in the life of the example action"""
    with Server(ACTIONKIT) as server:
        description = server.get(f"/{EXAMPLE}").ok()
        execution = Execution(server, EXAMPLE, config_of(description))
        for verb in ("prepare", "start", "status", "stop"):
            if verb in description:
                execution.paths[verb] = description[verb]["path"]
        prepared = valid(execution.prepare(), "PrepareResult")
        check("error" not in prepared, f"prepare: {prepared}")
        equal(prepared["messages"][-1]["level"], "info", "last message of prepare")
        check("Linux" in prepared["messages"][-1]["message"], "uname is not in prepare")
        check("error" not in valid(execution.start(), "StartResult"), "start")
        before = execution.state
        status = valid(execution.status(), "StatusResult")
        check("error" not in status, f"status: {status}")
        equal(execution.state, before, "state after status")
        valid(execution.status(), "StatusResult")
        if "metrics" in description:
            query = description["metrics"]["query"]
            execution.paths["query"] = query["endpoint"]["path"]
            reply = execution.ask(config_of(query))
            check(valid(reply, "QueryMetricsResult").get("metrics"), f"query: {reply!r}")
        check("error" not in valid(execution.stop(), "StopResult"), "stop")
        equal(valid(execution.status(), "StatusResult")["completed"], True, "completed")


@test
def life_of_pause_process():
    """Every reply in the life of pause-process"""
    with Server(ACTIONKIT) as server, Victim() as victim:
        execution = Execution(server, PAUSE, {"duration": 60000, "pid": victim.pid})
        valid(execution.prepare(), "PrepareResult")
        check("error" not in valid(execution.start(), "StartResult"), "start")
        valid(execution.status(), "StatusResult")
        valid(execution.stop(), "StopResult")
        refused = Execution(server, PAUSE, {"duration": 60000, "pid": os.getpid()})
        check(valid(refused.prepare(), "PrepareResult").get("error"), "no error")


@test
def lives_of_the_extension():
    """Every reply in lives that go well, and in lives that go wrong"""
    with Server(stop_retry="200ms") as server:
        for knobs in ({}, {"prepare_trouble": "fail"}, {"start_trouble": "fail"},
                      {"start_trouble": "failed"}, {"status_trouble": "fail"},
                      {"status_trouble": "failed"}, {"status_trouble": "complete"}):
            execution = server.effect(**knobs)
            valid(execution.prepare(), "PrepareResult")
            if "prepare_trouble" in knobs:
                continue
            valid(execution.start(), "StartResult")
            valid(execution.start(), "StartResult")
            valid(execution.status(), "StatusResult")
            valid(execution.stop(), "StopResult")
            valid(execution.stop(), "StopResult")
            valid(execution.status(), "StatusResult")
        execution = server.running(stop_trouble="fail")
        valid(execution.stop(), "ActionKitError", 500)
        valid(execution.status(), "StatusResult")
        execution.wait_phase("stopped")
        valid(execution.stop(), "StopResult")
        execution = server.running()
        server.operator_stop(execution, "schema")
        execution.wait_phase("stopped")
        check(valid(execution.start(), "StartResult")["error"], "no error in start")
        check(valid(execution.status(), "StatusResult")["error"], "no error in status")
        check(valid(execution.stop(), "StopResult")["error"], "no error in stop")
        checking = Execution(server, CHECK, {"directory": server.effects, "polls": 2})
        valid(checking.prepare(), "PrepareResult")
        valid(checking.start(), "StartResult")
        valid(checking.ask(), "QueryMetricsResult")
        valid(checking.status(), "StatusResult")
        last = valid(checking.status(), "StatusResult")
        equal(last["summary"], {"text": "Over after 2 polls", "level": "warning"},
              "summary")
        equal(last["metrics"][0]["metric"], {"what": "polls"}, "labels")
        valid(checking.ask({"trouble": "fail"}), "ActionKitError", 500)
        identity = str(uuid.uuid4())
        valid(server.request("PUT", "/flash/get-ready", {
            "executionId": identity, "config": {"directory": server.effects}}),
            "PrepareResult")
        flashed = valid(server.request(
            "DELETE", f"/{FLASH}/start", {"executionId": identity}), "StartResult")
        equal(flashed["summary"], {"text": "It flashed", "level": "info"}, "summary")


@test
def errors():
    """Refusals are an ActionKitError, nginx's own too"""
    with Server(max_body="64KiB") as server:
        start = f"/{EFFECT}/start"
        running = server.running()
        for status, reply in {
                400: server.post(start, "{"),
                404: server.get("/nothing"),
                405: server.get(start),
                409: running.prepare(),
                413: server.post(start, "x" * 70000),
                414: server.get("/" + "a" * 40000),
                415: server.post(start, "{}", {"Content-Type": "text/plain"}),
                422: server.effect(duration="soon").prepare()}.items():
            valid(reply, "ActionKitError", status)
        crashing = server.running(status_trouble="crash")
        valid(crashing.status(), "ActionKitError", 502)
        server.kill_all()
        valid(server.get("/"), "ActionKitError", 502)
        server.serve()
        wait_for(lambda: server.get("/").status == 200, "the server")
        running.stop().ok()
        crashing.stop().ok()


main()
