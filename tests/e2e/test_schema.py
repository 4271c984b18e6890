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
    ACTIONKIT, CHECK, EFFECT, EVERYTHING, EXAMPLE, EXAMPLE_CHECK, EXTENSION, FLASH, PAUSE,
    TOP_SRCDIR, Execution, Server, Victim, check, contains, equal, main, skip_all, test,
    wait_for)

REFERENCE = os.path.join(TOP_SRCDIR, "../shared/reference")
KITS = {"ACTIONKIT_OPENAPI": "actionkit-openapi.yml",
        "DISCOVERYKIT_OPENAPI": "discoverykit-openapi.yml"}
FILES = {variable: os.environ.get(variable) or os.path.join(REFERENCE, name)
         for variable, name in KITS.items()}
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

for variable, path in FILES.items():
    if jsonschema is None and os.environ.get(variable):
        sys.exit(f"{variable} needs python3-jsonschema and python3-yaml")
    if jsonschema is not None and not os.path.exists(path):
        skip_all(f"no OpenAPI file: set {variable}")
if jsonschema is None:
    skip_all("python3-jsonschema and python3-yaml are not installed")


def read_schemas(path):
    with open(path, encoding="utf-8") as openapi:
        return yaml.safe_load(openapi)["components"]["schemas"]


SCHEMAS, DISCOVERY = (read_schemas(path) for path in FILES.values())
# A slip of the schema: the value of a modification may be any JSON.
for kind in ("SetPropertyValue", "AddValueToListProperty"):
    SCHEMAS[f"ExecutionModification{kind}"]["properties"]["value"] = {}


def exact(schema):
    """Makes a schema refuse members that it does not name, so that no name is misspelt."""
    if isinstance(schema, dict):
        if "properties" in schema and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
        for part in schema.values():
            exact(part)
    elif isinstance(schema, list):
        for part in schema:
            exact(part)


# Those that others are made of by allOf must stay open.
exact({name: schema for name, schema in SCHEMAS.items()
       if not name.startswith("MutatingEndpointReference")})
exact({name: schema for name, schema in DISCOVERY.items()
       if not name.startswith("DescribingEndpointReference")})


def faults_of(value, name, schemas=SCHEMAS):
    """What the schema has against a value."""
    validator = jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}})
    return [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message}"
            for fault in validator.iter_errors(value)]


def valid(reply, name, status=200, schemas=SCHEMAS):
    """The value of a reply that must be a `name` of the schema."""
    equal(reply.status, status, f"status of {reply!r}")
    value = reply.json()
    faults = faults_of(value, name, schemas)
    check(not faults, f"not a {name}: {faults}: {reply!r}")
    if name.endswith("Result"):
        for entry in value.get("messages", []) + value.get("metrics", []):
            stamp = entry.get("timestamp")
            check(stamp and TIMESTAMP.fullmatch(stamp), f"timestamp {stamp!r} of {entry}")
    return value


@test
def the_schema_is_held_against():
    """What is wrong is noticed: a missing, a misspelt, a mistyped and an unknown member"""
    equal(faults_of({"completed": True}, "StatusResult"), [], "faults of what is right")
    for value, name in (({}, "StatusResult"), ({"completed": 1}, "StatusResult"),
                        ({"completed": True, "mesages": []}, "StatusResult"),
                        ({"state": {}, "summary": {"text": "x"}}, "PrepareResult"),
                        ({"completed": True, "error": {"status": "bad", "title": ""}},
                         "StatusResult"), ({"detail": "x"}, "ActionKitError")):
        check(faults_of(value, name), f"{value} is a {name}")


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
        listed = valid(server.get("/actions"), "ActionList")["actions"]
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
    equal(len(parameters["start_trouble"]["options"]), 23, "options")


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


def properties_said(value, schema, said):
    """Notes which properties of which schemas a value has."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        said.setdefault(name, set())
        if isinstance(value, dict):
            said[name] |= set(value)
        properties_said(value, SCHEMAS[name], said)
        return
    for part in schema.get("anyOf", []):
        name = part["$ref"].rsplit("/", 1)[1]
        if not faults_of(value, name):
            properties_said(value, part, said)
    for part in schema.get("allOf", []):
        properties_said(value, part, said)
    if isinstance(value, list):
        for item in value:
            properties_said(item, schema.get("items", {}), said)
    elif isinstance(value, dict):
        for name, part in schema.get("properties", {}).items():
            if name in value:
                properties_said(value[name], part, said)


def check_everything_said(value, name):
    """Whether a value has every property that its schema, and those within, know."""
    said = {}
    properties_said(value, {"$ref": f"#/components/schemas/{name}"}, said)
    for schema, properties in said.items():
        missing = set(SCHEMAS[schema].get("properties", {})) - properties
        check(not missing, f"{schema} never has {missing}")
    return said


def everything(server, description, **config):
    execution = Execution(server, EVERYTHING, {"duration": 60000, **config})

    def call(verb, body, headers=None):
        endpoint = description["metrics"]["query"]["endpoint"] if verb == "query" \
            else description[verb]
        reply = server.request(endpoint["method"], endpoint["path"],
                               {"executionId": execution.id, **body}, headers)
        if reply.status == 200:
            execution.state = reply.json().get("state") or execution.state
        return reply
    execution.call = call
    return execution


@test
def everything_that_can_be_said():
    """An action that sets every field: description, replies, errors"""
    with Server(EXTENSION, stop_retry="200ms") as server:
        description = valid(server.get(f"/{EVERYTHING}"), "ActionDescription")
        said = check_everything_said(description, "ActionDescription")
        for name in ("StateOverTimeWidget", "LogWidget", "MarkdownWidget",
                     "PredefinedWidget", "LineChartWidget", "TargetSelectionTemplate",
                     "ExplicitParameterOption", "ParameterOptionsFromTargetAttribute",
                     "LineChartWidgetGroupMatcherFallback",
                     "LineChartWidgetGroupMatcherKeyEqualsValue",
                     "LineChartWidgetGroupMatcherNotEmpty", "ActionHint"):
            check(name in said, f"there is no {name}")
        types = {parameter["type"] for parameter in description["parameters"]}
        equal(types, set(SCHEMAS["ActionParameter"]["properties"]["type"]["enum"]) -
              {"string[]"}, "types of parameters")

        for trouble in ("none", "prepare", "start", "status", "stop", "query"):
            life = everything(server, description, trouble=trouble)
            results = [valid(life.prepare(), "PrepareResult")]
            if trouble != "prepare":
                results.append(valid(life.start(), "StartResult"))
                results.append(valid(life.status(), "StatusResult"))
            if trouble == "query":
                failed = valid(life.ask(life.config), "ActionKitError", 500)
            else:
                results.append(valid(life.ask(life.config), "QueryMetricsResult"))
                equal(results[-1]["metrics"][0]["timestamp"], "2026-01-01T00:00:00.000Z",
                      "timestamp of the query")
            if trouble == "stop":
                failed = valid(life.stop(), "ActionKitError", 500)
                life.wait_phase("stopped")
            elif trouble != "prepare":
                results.append(valid(life.stop(), "StopResult"))
            if trouble not in ("none", "stop", "query"):
                failed = [result["error"] for result in results if "error" in result][0]
            if trouble != "none":
                equal(failed, {
                    "title": f"{trouble} failed", "status": "failed",
                    "type": "https://example.org/trouble", "detail": "as it was told",
                    "instance": "urn:example:trouble"}, "error")
            for result in results:
                for part in ("messages", "metrics", "artifacts"):
                    check(result.get(part), f"no {part}: {result}")
                for name in ("Messages", "Metrics", "Artifacts"):
                    check_everything_said(result[name.lower()], name)
                check("modifications" in result or "state" not in result and
                      "completed" not in result, f"no modifications: {result}")
        unreadable = everything(server, description, trouble="artifact")
        unreadable.prepare().ok()
        error = valid(unreadable.start(), "StartResult")["error"]
        equal(error["detail"], "/nonexistent: No such file or directory", "detail")
        valid(unreadable.stop(), "StopResult")
        valid(unreadable.prepare(), "ActionKitError", 409)


CONTEXT = {
    "agentPid": 4711, "agentAwsAccountId": "account", "experimentKey": "ADM-1",
    "experimentUri": "http://platform/ADM-1", "executionId": 42,
    "executionUri": "http://platform/ADM-1/42", "restrictedEndpoints": [
        {"name": "platform", "url": "http://platform", "cidr": "10.0.0.0/8",
         "portMin": 80, "portMax": 443}]}


@test
def everything_that_can_be_asked():
    """Context, properties and target reach the action, and people"""
    with Server(EXTENSION) as server:
        description = server.get(f"/{EVERYTHING}").ok()
        life = everything(server, description)
        request = {
            "config": {"duration": 1}, "executionContext": CONTEXT,
            "properties": {"s": "text", "l": ["a", "b"], "o": {"p": [1]}},
            "target": {"name": "host", "attributes": {"host.hostname": ["a"]}}}
        result = valid(life.call("prepare", request), "PrepareResult")
        told = {row["propertyKey"]: row["value"] for row in result["modifications"]}
        for key, value in {
                "endpoint.name": "platform", "endpoint.url": "http://platform",
                "endpoint.cidr": "10.0.0.0/8", "endpoint.ports": 363,
                "experimentKey": "ADM-1", "experimentUri": "http://platform/ADM-1",
                "executionUri": "http://platform/ADM-1/42", "account": "account",
                "agentPid": 4711, "executionId": 42, "target": "host",
                "attribute": "host.hostname", "properties.s": "text",
                "properties.l": "b", "properties.o": '{"p":[1]}', "pair": "v",
                "bitrate": 8192000, "match": 1}.items():
            equal(told[key], value, key)
        row = life.row()
        equal((row["experiment_key"], row["execution_uri"], row["target"]),
              ("ADM-1", "http://platform/ADM-1/42", "host"), "row")
        bad = dict(CONTEXT, restrictedEndpoints=[{"name": "x"}])
        error = valid(life.call("prepare", {**request, "executionContext": bad}),
                      "ActionKitError", 400)
        contains(error["detail"], "executionContext.restrictedEndpoints[0].cidr", "detail")
        valid(life.stop(), "StopResult")


@test
def states_of_other_programs():
    """What a newer program has added survives; what does not fit names both versions"""
    with Server(EXTENSION, stop_retry="1h") as server:
        description = server.get(f"/{EVERYTHING}").ok()
        life = everything(server, description)
        valid(life.prepare(), "PrepareResult")
        row = life.row()
        equal(row["state_version"], 3, "version")
        contains(row["state"], '"json":{"percentage":50,"list":[1.50]}', "state")
        server.write("UPDATE executions SET state_version = 5, state = json_set(state, "
                     "'$.newer', json('{\"a\":[1]}'), '$.inner.newer', 7) WHERE id = ?",
                     life.id)
        for result in (valid(life.start(), "StartResult"),
                       valid(life.status(), "StatusResult")):
            equal(result["state"]["newer"], {"a": [1]}, "newer member")
            equal(result["state"]["inner"]["newer"], 7, "newer member within")
            equal(result["state"]["version"], 5, "version that the handler sees")
        equal(life.row()["state_version"], 5, "version")
        good = life.row()["state"]
        server.write("UPDATE executions SET state_version = 2, "
                     "state = json_set(state, '$.number', 'x') WHERE id = ?", life.id)
        error = valid(life.status(), "ActionKitError", 500)
        equal(error["detail"], "stored state of version 2, and version 3 is known: "
              'state: field "number": must be a whole number', "detail")
        error = valid(life.stop(), "ActionKitError", 500)
        contains(error["detail"], "stored state of version 2", "detail of stop")
        equal(life.row()["state_version"], 2, "version of what could not be read")
        server.write("UPDATE executions SET state = ? WHERE id = ?", good, life.id)
        valid(life.stop(), "StopResult")
        equal(life.row()["state_version"], 3, "version of what was saved")


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
def life_of_a_worker():
    """Every reply of an action with a worker, and its verdict; a secret is in none"""
    with Server(ACTIONKIT) as server:
        execution = Execution(server, EXAMPLE_CHECK,
                              {"duration": 60000, "interval": 10, "token": "vanilla"})
        replies = [valid(execution.prepare(), "PrepareResult"),
                   valid(execution.start(), "StartResult")]

        def told():
            replies.append(valid(execution.status(), "StatusResult"))
            return replies[-1].get("metrics")
        wait_for(told, "metrics of the worker")
        replies.append(valid(execution.stop(), "StopResult"))
        check("error" not in replies[-1], f"a verdict: {replies[-1]}")
        check("vanilla" not in str(replies), "the secret is told")


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
        valid(crashing.status(), "ActionKitError", 500)
        server.kill_all()
        valid(server.get("/"), "ActionKitError", 502)
        server.serve()
        wait_for(lambda: server.get("/").status == 200, "the server")
        running.stop().ok()
        crashing.stop().ok()


DISCOVERY_LISTS = ("discoveries", "targetTypes", "targetAttributes", "targetEnrichmentRules")


def check_discoveries(server):
    """Validates everything that discoveries say; the targets."""
    both = server.get("/").json()
    discoveries = valid(server.get("/discoveries"), "DiscoveryList", 200, DISCOVERY)
    equal(both, {**valid(server.get("/actions"), "ActionList"), **discoveries}, "lists")
    equal(faults_of({name: both[name] for name in DISCOVERY_LISTS}, "DiscoveryList",
                    DISCOVERY), [], "faults")
    for reference in discoveries["targetTypes"]:
        valid(server.get(reference["path"]), "TargetDescription", 200, DISCOVERY)
    for reference in discoveries["targetAttributes"]:
        valid(server.get(reference["path"]), "AttributeDescriptions", 200, DISCOVERY)
    targets = []
    for reference in discoveries["discoveries"]:
        described = valid(server.get(reference["path"]), "DiscoveryDescription", 200,
                          DISCOVERY)
        equal(set(described["discover"]), {"method", "path", "callInterval"}, "members")
        targets += valid(server.get(described["discover"]["path"]), "DiscoveryData", 200,
                         DISCOVERY)["targets"]
    return targets


@test
def discoveries():
    """Everything that discoveries say, and their errors"""
    with Server(ACTIONKIT) as server:
        check(len(check_discoveries(server)) > 1, "no targets")
    with Server(ACTIONKIT, hostname="localhost") as server:
        valid(server.get("/org.actionkit.host/discovery/discovered-targets"),
              "DiscoveryKitError", 500, DISCOVERY)
    check(faults_of({"title": "x", "status": "errored"}, "DiscoveryKitError", DISCOVERY),
          "a status is no fault")
    with Server() as server:
        valid(server.get("/"), "ActionList")


main()
