#!/usr/bin/env python3
"""A report, never a failure: sizes of files and functions, and what is over the marks set for them."""
import os
import statistics

root = os.environ.get("CPID_SOURCE", ".")
FILE_LINES = {"lib": 600, "daemon": 600, "tests": 800}
FUNCTION_LINES = 80
PARAMETERS = 5


def sources(top):
    for folder, _, names in sorted(os.walk(os.path.join(root, top))):
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                yield os.path.relpath(os.path.join(folder, name), root)


def functions(lines):
    """(line of the name, name, lines from brace to brace, parameters), by the braces in column 0."""
    head, start = [], None
    for number, line in enumerate(lines, 1):
        if line.startswith("{") and head:
            start = number
        elif line.startswith("}") and start:
            text = " ".join(head)
            names = text.split("(")[0].split()
            inside = text[text.find("(") + 1:text.rfind(")")]
            count = 0 if inside.strip() in ("", "void") else inside.count(",") + 1
            if "(" in text and names:
                yield start - len(head), names[-1].lstrip("*"), number - start + 1, count
            head, start = [], None
        elif start is None:
            head = [] if not line.strip() or line.rstrip().endswith((";", "*/", "}")) else head + [line.strip()]


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


for top, limit in FILE_LINES.items():
    lengths, over = [], []
    files = {}
    for path in sources(top):
        with open(os.path.join(root, path), encoding="utf-8") as text:
            lines = text.read().splitlines()
        files[path] = len(lines)
        if len(lines) > limit:
            over.append(f"  {path}: {len(lines)} lines, at most {limit} wanted")
        if not path.endswith(".c"):
            continue
        for line, name, length, parameters in functions(lines):
            lengths.append(length)
            if length > FUNCTION_LINES:
                over.append(f"  {path}:{line}: {name} has {length} lines, at most {FUNCTION_LINES} wanted")
            if parameters > PARAMETERS and top != "tests":
                over.append(f"  {path}:{line}: {name} has {parameters} parameters, at most {PARAMETERS} wanted")
    if not lengths:
        continue
    print(f"{top}: {len(files)} files, {sum(files.values())} lines (median {statistics.median(files.values()):.0f}, "
          f"longest {max(files.values())}); {len(lengths)} functions (median {statistics.median(lengths):.0f}, "
          f"p95 {quantile(lengths, 0.95)}, longest {max(lengths)})")
    print("\n".join(over) or "  nothing over the marks")
