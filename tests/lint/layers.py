#!/usr/bin/env python3
"""Who may include whom: lib/ in layers, daemon/ only <cpi/...>, an external library in one folder."""
import os
import re
import sys

root = os.environ["CPID_SOURCE"]

# Each folder of lib/ may use itself and those before it.
LAYERS = ["base", "json", "model", "event", "agg", "journey", "window", "alert", "engine"]

# The layer of a public header is the folder of the .c file of its name; these have none of their own.
HEADERS = {
    "text": "base",
    "diag": "base",
    "json": "json",
    "model": "model",
    "spec": "model",
    "outbox": "model",
    "mapping": "model",  # its description is part of a spec; lib/event implements it
    "directory": "event",
    "intake": "event",
    "task": "engine",
}

# External headers, and the one folder that may know them.
EXTERNAL = {
    "yajl/": "lib/json",
    "xxhash.h": "lib/base",
    "libconfig.h": "daemon/config",
    "librdkafka/": "daemon/kafka",
    "microhttpd.h": "daemon/ops",
    "systemd/": "daemon/ops",
}
# Headers that would bring time, files, threads or the environment into lib/.
IMPURE = {"time.h", "sys/time.h", "pthread.h", "threads.h", "unistd.h", "fcntl.h", "signal.h", "locale.h",
          "sys/stat.h", "sys/socket.h", "poll.h", "stdatomic.h", "dirent.h"}

include = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
bad = []


def sources(top):
    for folder, _, names in sorted(os.walk(os.path.join(root, top))):
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                yield os.path.relpath(os.path.join(folder, name), root)


def includes(path):
    with open(os.path.join(root, path), encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            found = include.match(line)
            if found:
                yield f"{path}:{number}", found.group(1), found.group(2)


def layer_of(header):
    if header in HEADERS:
        return HEADERS[header]
    for layer in LAYERS:
        if os.path.exists(os.path.join(root, "lib", layer, header + ".c")):
            return layer
    return None


def check_external(where, path, target):
    for prefix, folder in EXTERNAL.items():
        if target.startswith(prefix) and not path.startswith((folder + "/", "tests/")):
            bad.append(f"{where}: only {folder} may include {target}")


def check_lib(where, own, quote, target):
    top, _, rest = target.partition("/")
    if top == "cpi":
        used = layer_of(rest.removesuffix(".h"))
        if used is None:
            bad.append(f"{where}: name the layer of {target} in tests/lint/layers.py")
            return
    elif quote == '"':
        used = top
        if not rest:
            bad.append(f"{where}: write the folder too: {own}/{target}")
            return
    else:
        if target in IMPURE:
            bad.append(f"{where}: lib/ is pure, {target} is not")
        return
    if used not in LAYERS:
        bad.append(f"{where}: lib/ includes {target} from outside")
    elif own in LAYERS and LAYERS.index(used) > LAYERS.index(own):
        bad.append(f"{where}: {own} may not use {used} ({target}), which stands above it")


for path in sources("lib"):
    folder = path.split("/")[1]
    own = layer_of(os.path.basename(path).removesuffix(".h")) if folder == "include" else folder
    if own not in LAYERS:
        bad.append(f"{path}: no layer is named for it in tests/lint/layers.py")
        continue
    for where, quote, target in includes(path):
        check_external(where, path, target)
        check_lib(where, own, quote, target)

for path in sources("daemon"):
    for where, quote, target in includes(path):
        check_external(where, path, target)
        if target.startswith("cpi/") and quote == '"':
            bad.append(f"{where}: <{target}>, as for any installed header")
        if quote == '"' and target.split("/")[0] in LAYERS and not os.path.exists(
                os.path.join(root, "daemon", target)):
            bad.append(f"{where}: daemon/ may not see {target}, which is private to lib/")

for path in list(sources("lib")) + list(sources("daemon")) + list(sources("tests")):
    for where, _, target in includes(path):
        if target.endswith(".c"):
            bad.append(f"{where}: includes a .c file")

print("\n".join(bad) or "all includes point downwards")
sys.exit(bool(bad))
