#!/usr/bin/env python3
"""make.py SOURCE RESULT: the files that mutants.txt names, with all faults built in and none on, below
RESULT, and table.h. A fault whose line is gone is left out of the copies; the table says so, and the
test fails."""
import os
import sys

source, result = sys.argv[1:3]
mutants = []
with open(os.path.join(source, "tests/sim/mutants/mutants.txt")) as lines:
    for line in lines:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "says":
            mutants.append({"says": rest.strip(), "seed": 0})
        elif word in ("file", "old", "new", "seed"):
            mutants[-1][word] = rest.strip()

texts = {}
for number, mutant in enumerate(mutants, 1):
    path = mutant["file"]
    if path not in texts:
        with open(os.path.join(source, path)) as file:
            texts[path] = file.read()
    mutant["there"] = texts[path].count(mutant["old"]) == 1
    if mutant["there"]:
        fault = mutant["new"].replace("MUTANT", f"(sim_mutant == {number})")
        texts[path] = texts[path].replace(mutant["old"], fault)
for path, text in texts.items():
    target = os.path.join(result, path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "w") as file:
        file.write(f"extern int sim_mutant;\n#line 1 \"{path}\"\n{text}")
with open(os.path.join(result, "table.h"), "w") as file:
    file.write("static const struct {\n    const char *file, *says;\n    unsigned seed;\n    int there;\n} mutants[] = {\n")
    for mutant in mutants:
        file.write(f'    {{ "{mutant["file"]}", "{mutant["says"]}", {mutant["seed"]}, {int(mutant["there"])} }},\n')
    file.write("};\n")
