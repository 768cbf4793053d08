#!/usr/bin/env python3
"""The golden runner itself, with a program that writes what it is told: a runner that cannot find a
difference would make every golden case worthless."""
import os
import subprocess
import sys
import tempfile
import unittest

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run")
PROGRAM = """#!/bin/sh
while [ "$1" != -o ]; do shift; done
cp came-out "$2/indicators.ndjson"
cp came-out "$2/facts.ndjson"
exit $(cat code 2>/dev/null || echo 0)
"""
LINES = '{"indicator":"a","entity":{"kind":"rep","id":"x"},"n":2}\n{"indicator":"b","n":3}\n'


class Runner(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.mkdir(os.path.join(self.folder, "expected"))
        self.write("program", PROGRAM)
        os.chmod(os.path.join(self.folder, "program"), 0o755)
        self.write("came-out", LINES)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as out:
            out.write(text)

    def run_case(self, *options):
        done = subprocess.run([sys.executable, RUN, *options, self.folder], capture_output=True, text=True,
                              env=os.environ | {"CPID": os.path.join(self.folder, "program")}, check=False)
        return done.returncode, done.stdout

    def test_equal_bytes_pass(self):
        self.write("expected/indicators.ndjson", LINES)
        self.assertEqual(self.run_case(), (0, ""))

    def test_a_changed_member_is_named(self):
        self.write("expected/indicators.ndjson", LINES.replace('"n":2', '"n":1'))
        code, text = self.run_case()
        self.assertEqual(code, 1)
        self.assertIn("- n: 1\n    + n: 2", text)

    def test_a_missing_and_an_extra_line_fail(self):
        self.write("expected/indicators.ndjson", LINES + '{"indicator":"c"}\n')
        self.assertEqual(self.run_case()[0], 1)
        self.write("expected/indicators.ndjson", LINES.split("\n", maxsplit=1)[0] + "\n")
        self.assertEqual(self.run_case()[0], 1)

    def test_named_members_count_and_others_do_not(self):
        self.write("expected/indicators.members.ndjson", '// by hand\n{"entity":{"id":"x"},"n":2}\n{"n":3}\n')
        self.assertEqual(self.run_case(), (0, ""))
        self.write("expected/indicators.members.ndjson", '{"n":2,"absent":null}\n{"n":3}\n')
        self.assertEqual(self.run_case()[0], 1)
        self.write("expected/indicators.members.ndjson", '{"n":2}\n')
        self.assertEqual(self.run_case()[0], 1)

    def test_facts_may_come_in_any_order_but_each_once(self):
        self.write("expected/facts.members.ndjson", '{"n":3}\n{"n":2}\n')
        self.assertEqual(self.run_case(), (0, ""))
        for wrong in ('{"n":3}\n{"n":3}\n', '{"n":3}\n', '{"n":3}\n{"n":2}\n{"n":2}\n', '{"n":3}\n{"n":4}\n'):
            self.write("expected/facts.members.ndjson", wrong)
            self.assertEqual(self.run_case()[0], 1)
        os.remove(os.path.join(self.folder, "expected/facts.members.ndjson"))
        self.write("expected/indicators.members.ndjson", '{"n":3}\n{"n":2}\n')
        self.assertEqual(self.run_case()[0], 1)

    def test_the_exit_code_counts(self):
        self.write("expected/indicators.ndjson", LINES)
        self.write("code", "65")
        self.assertEqual(self.run_case()[0], 1)
        self.write("expected/exit", "65\n")
        self.assertEqual(self.run_case()[0], 0)

    def test_nothing_expected_fails(self):
        self.assertEqual(self.run_case()[0], 1)

    def test_update_writes_what_came_out(self):
        self.assertEqual(self.run_case("--update")[0], 0)
        with open(os.path.join(self.folder, "expected", "indicators.ndjson"), encoding="utf-8") as text:
            self.assertEqual(text.read(), LINES)


if __name__ == "__main__":
    unittest.main()
