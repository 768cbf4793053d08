#!/usr/bin/env python3
"""Everything that the golden cases and conf/examples put out fits conf/schema; and the schemas are not empty
words: each member is described, is seen in some output, and a record that was changed anywhere does not fit.

    outputs.py          CPID is the program"""
import copy
import importlib.util
import json
import os
import shlex
import subprocess
import sys
import tempfile
from importlib.machinery import SourceFileLoader

try:
    import jsonschema
except ImportError:
    print("SKIP: no python3-jsonschema to validate outputs with")
    sys.exit(1 if os.environ.get("CI") else 77)

source = os.path.abspath(os.environ.get("CPID_SOURCE", "."))
cpid = os.path.abspath(os.environ["CPID"])
TOPICS = ["indicators", "revisions", "alerts", "facts", "dead-letters"]
SHOWN = 20
bad = []


def complain(text):
    bad.append(text)


def load(topic):
    with open(os.path.join(source, "conf", "schema", f"{topic}.schema.json"), encoding="utf-8") as file:
        return json.load(file)


def golden():
    loader = SourceFileLoader("golden_run", os.path.join(source, "tests", "golden", "run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("golden_run", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


# ---- What is validated

def replays():
    """(name, folder to run in, arguments of replay)"""
    run = golden()
    base = os.path.join(source, "tests", "golden")
    for group in sorted(os.listdir(base)):
        for case in sorted(os.listdir(os.path.join(base, group))) if os.path.isdir(os.path.join(base, group)) else []:
            folder = os.path.join(base, group, case)
            if not os.path.exists(os.path.join(folder, "cpid.conf")):
                continue
            arguments = ["-c", "cpid.conf", *run.inputs(folder)]
            if os.path.exists(os.path.join(folder, "args")):
                with open(os.path.join(folder, "args"), encoding="utf-8") as text:
                    arguments += shlex.split(text.read(), comments=True)
            yield f"{group}/{case}", folder, arguments
    yield "examples", os.path.join(source, "conf", "examples"), [
        "-c", "zendesk.conf", "-i", "zendesk.events=tickets.ndjson", "--until", "2026-03-09"]
    with tempfile.NamedTemporaryFile() as file:         # what would be no fine file to keep
        file.write(b'{"id": "' + 600 * 1024 * b"x" + b"\n")
        file.write(b'{"id": "\xff\xfe"}\n')
        file.write(b'{"topic":"desk","partition":1,"offset":2,"key":"k","payload":"{"}\n')
        file.flush()
        yield "schema", os.path.join(source, "tests", "schema", "case"), [
            "-c", "cpid.conf", "-i", "desk=in.desk.ndjson", "-i", f"desk={file.name}", "--until", "2026-03-03"]


def outputs():
    """(topic, where, record) of every line."""
    for name, folder, arguments in replays():
        with tempfile.TemporaryDirectory() as out:
            subprocess.run([cpid, "replay", *arguments, "-o", out], cwd=folder, stdin=subprocess.DEVNULL,
                           capture_output=True, check=False)
            for topic in TOPICS:
                path = os.path.join(out, f"{topic}.ndjson")
                if os.path.exists(path):
                    with open(path, encoding="utf-8") as lines:
                        for number, line in enumerate(lines, 1):
                            yield topic, f"{name} {topic}:{number}", json.loads(line)


# ---- What a schema says about itself

def resolved(schema, part):
    while "$ref" in part:
        target = schema
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        part = {**target, **{key: value for key, value in part.items() if key != "$ref"}}
    return part


def members(schema, part, path=""):
    """(path, name or pattern, the member's schema) of every member that objects in it may have."""
    part = resolved(schema, part)
    for kind in ("properties", "patternProperties"):
        for name, inner in part.get(kind, {}).items():
            yield f"{path}/{name}", kind, resolved(schema, inner)
            yield from members(schema, inner, f"{path}/{name}")


def check_words(topic, schema):
    for path, _, inner in members(schema, schema):
        if len(inner.get("description", "")) < 8:
            complain(f"{topic}{path}: is not described")
    for part in [schema, *(inner for _, _, inner in members(schema, schema))]:
        if part.get("type") == "object" and "additionalProperties" not in part:
            complain(f"{topic}: an object takes any member: {part.get('description', '')[:60]}")


def check_shared(schemas):
    """What several schemas define has to be the same in all."""
    for a in TOPICS:
        for b in TOPICS:
            for name in set(schemas[a].get("$defs", {})) & set(schemas[b].get("$defs", {})):
                if schemas[a]["$defs"][name] != schemas[b]["$defs"][name]:
                    complain(f"$defs/{name} differs between {a} and {b}")
    update, revision = (dict(schemas[topic]["properties"]) for topic in ("indicators", "revisions"))
    figure = schemas["alerts"]["properties"]["cpid"]["properties"]
    for name in update:
        if name not in ("update", "revision") and update[name] != revision.get(name):
            complain(f"{name} differs between indicators and revisions")
        if name in figure and name not in ("definition", "entity") and figure[name] != update[name]:
            complain(f"{name} differs between indicators and alerts/cpid")
    if set(update) != set(revision):
        complain("indicators and revisions have different members")


# ---- Records that were changed

def shape(value):
    """What a record looks like without its values: one of each shape is changed."""
    if isinstance(value, dict):
        return tuple((key, shape(inner)) for key, inner in value.items())
    if isinstance(value, list):
        return ("list", len(value) > 0)
    return value if value in ("firing", "resolved", "counted", "excluded", "pending", "open", "share") \
        else type(value).__name__


def places(value, path=()):
    """Paths of all members and elements."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield path + (key,)
        yield from places(inner, path + (key,))


def parent(record, path):
    for key in path[:-1]:
        record = record[key]
    return record


def changed(record, required):
    """(what was done, the record): none of them fits. `required` are the members that may not be missing."""
    for path in places(record):
        may_be_true = isinstance(record_at(record, path), bool) or path[-1] == "target_met"
        for wrong in ({"no": "object"}, ["no", {"array": 1}], "no" if may_be_true else True):
            other = copy.deepcopy(record)
            parent(other, path)[path[-1]] = wrong
            yield f"{path} is {wrong}", other
        if isinstance(record_at(record, path), dict):
            other = copy.deepcopy(record)
            parent(other, path)[path[-1]]["no such member"] = 1
            yield f"{path} has one more", other
        if isinstance(record_at(record, path), str) and path[-1] in ("time", "known", "startsAt", "endsAt", "start",
                                                                     "end", "window_end", "watermark", "opened"):
            other = copy.deepcopy(record)
            parent(other, path)[path[-1]] = record_at(record, path).replace(".000Z", "Z").replace("Z", "+01:00")
            yield f"{path} is no time of ours", other
    for name in required:
        other = copy.deepcopy(record)
        del other[name]
        yield f"{name} is missing", other
    other = copy.deepcopy(record)
    other["no_such_member"] = 1
    yield "one more member", other


def record_at(record, path):
    return parent(record, path)[path[-1]]


def check_changes(topic, validator, required, shapes):
    count = 0
    for where, record in shapes:
        for what, other in changed(record, required):
            count += 1
            if validator.is_valid(other):
                complain(f"{topic}: changed, and still fits: {where}: {what}")
    return count


# ---- All of it

schemas = {topic: load(topic) for topic in TOPICS}
validators, seen, shapes, lines = {}, {topic: set() for topic in TOPICS}, {topic: {} for topic in TOPICS}, {}
for topic, schema in schemas.items():
    jsonschema.Draft202012Validator.check_schema(schema)
    validators[topic] = jsonschema.Draft202012Validator(schema)
    check_words(topic, schema)
check_shared(schemas)

for topic, where, record in outputs():
    lines[topic] = lines.get(topic, 0) + 1
    for error in validators[topic].iter_errors(record):
        complain(f"{where}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")
    shapes[topic].setdefault(shape(record), (where, record))
    for path in places(record):
        seen[topic].add("/".join(map(str, path)))

changes = 0
for topic, schema in schemas.items():
    if not lines.get(topic):
        complain(f"{topic}: nothing was put out")
    for path, kind, _ in members(schema, schema):
        if kind == "properties" and path[1:] not in seen[topic]:
            complain(f"{topic}{path}: no output has it")
    some = sorted(shapes[topic].values(), key=lambda one: one[0])
    changes += check_changes(topic, validators[topic], schema["required"], some)
    print(f"{topic}: {lines.get(topic, 0)} records, {len(some)} shapes")

print(f"{changes} changed records")
for line in bad[:SHOWN]:
    print(line)
if len(bad) > SHOWN:
    print(f"... and {len(bad) - SHOWN} more")
sys.exit(1 if bad else 0)
